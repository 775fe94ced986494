"""An exercise: what a function that students write is to return, and the check of it."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.comparison import looks, structure
from cs231n_lib.course.checks.diagnosing import Trial, diagnose
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.reference import Answer, Reference, named
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

Regimes = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Exercise(Reference):
    """One function that students write.

    Parameters
    ----------
    reference, results, mistakes, error, factors, keyed
        As a `Reference` has them.
    measure : str
        How the size of an error is told.
    probes : callable, optional
        ``probes() -> regimes`` that tell the mistakes apart: tried in addition, for the diagnosis
        alone, where a result is wrong.
    forward : Exercise, optional
        Of a gradient: what it is the gradient of.
    nan_cause : callable, optional
        ``nan_cause(function) -> Diagnosis or None``: what makes a function give NaNs, or
        infinities, where a call of it shows that.
    may_change : tuple of type
        Kinds of arguments that may be changed, as a dictionary of running averages is.
    """

    measure: str = "relative error {size:.1e}, allowed {allowed:.0e}"
    probes: Callable[[], Regimes] = dict
    forward: "Exercise | None" = None
    nan_cause: Callable[[Callable[..., Any]], Diagnosis | None] = lambda function: None
    may_change: tuple[type, ...] = ()

    def check(
        self,
        function: Callable[..., Any],
        regimes: Regimes,
        parts: tuple[str, ...] | None = None,
        tolerance: float | None = None,
        show: bool = False,
        nan: Diagnosis | None = None,
        near: Diagnosis | None = None,
    ) -> None:
        """Require the right result in every regime.

        Parameters
        ----------
        function : callable
            The student's function, or a proxy of it.
        regimes : mapping
            ``description -> arguments``.  The description is shown, the arguments are not.
        parts : tuple of str, optional
            Which of the results to compare; all by default.
        tolerance : float, optional
            A larger one than the calibrated one.
        show : bool
            Whether to print expected and found values: for visible tests only.

        nan : Diagnosis, optional
            What NaNs mean in these regimes, if no known mistake explains them.
        near : Diagnosis, optional
            What an error below 1e-3 means, likewise.

        Raises
        ------
        CheckFailed
            For the first regime with a wrong result, with a diagnosis from all of them.
        """
        parts = parts or self.results
        with calling.watching() as seen:
            trials = self._trials(function, regimes)
        changed = any(not isinstance(argument, self.may_change) for argument in seen)
        for name, (answer, args) in zip(regimes, trials, strict=True):
            failure = self._failure(answer, args, parts, tolerance, show)
            if failure is None:
                continue
            if failure.diagnosis is verdict.NOT_IMPLEMENTED:
                raise failure
            diagnosis = failure.diagnosis
            # A wrong form has its own cause; wrong numbers and exceptions come of the change.
            if changed and (diagnosis is None or failure.error_size is not None):
                diagnosis = general("input_changed")
            if diagnosis == general("nan"):
                diagnosis = self.nan_cause(function) or nan or diagnosis
            if near is not None and failure.error_size is not None and failure.error_size < 1e-3:
                diagnosis = near
            trials += self._trials(function, self.probes())
            # That an argument changes is known, that two mistakes meet is a guess.
            known = diagnose(self, trials, parts, pairs=not changed)
            raise CheckFailed(
                f"{name}: {failure.message}", known or diagnosis, failure.error_size,
                failure.details,
            )  # fmt: skip

    def probe(self, function: Callable[..., Any]) -> None:
        """Require the right result where the mistakes are told apart."""
        self.check(function, self.probes())

    def _trials(self, function: Callable[..., Any], regimes: Regimes) -> list[Trial]:
        """Return what the function answers in each regime."""
        trials: list[Trial] = []
        for args in regimes.values():
            try:
                result = calling.call(function, *_copies(args))
                trials.append((named(result, self.results, self.keyed), args))
            except CheckFailed as raised:
                trials.append((raised, args))
        return trials

    def _failure(
        self,
        answer: Answer,
        args: tuple[Any, ...],
        parts: tuple[str, ...],
        tolerance: float | None,
        show: bool,
    ) -> CheckFailed | None:
        if isinstance(answer, CheckFailed):
            return answer
        right = self.expected(args)
        assert right is not None
        for part in parts:
            got, want = answer[part], right[part]
            failure = structure(part, got, want, args)
            if failure is not None:
                return failure
            size, allowed = self.error(got, want, args), self.allowed(args, tolerance)
            if not size <= allowed:
                told = self.measure.format(size=size, allowed=allowed)
                message = f"`{part}` is wrong: {told}."
                if show:
                    message += f"\nExpected:\n{np.asarray(want)}\nFound:\n{np.asarray(got)}"
                return CheckFailed(message, looks(got, want), size)
        return None


def _copies(args: tuple[Any, ...]) -> list[Any]:
    return [a.copy(order="K") if isinstance(a, np.ndarray) else copy.deepcopy(a) for a in args]
