"""Compare a student's function with a reference that can also make the usual mistakes.

A reference has *dials*, keyword arguments that turn one rule of the exercise wrong.  When a
result is not the right one, the dials are tried one by one (then in pairs); a mistake is named
only if it reproduces the student's results in every regime, also in those where it does no harm.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.calling import real
from cs231n_lib.course.checks.imitations import Imitations, Shelf, keep
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

Regimes = Mapping[str, tuple[Any, ...]]
#: What a function answered, by the names of its results, or how it failed; and to which arguments.
Trial = tuple[dict[str, Any] | CheckFailed, tuple[Any, ...]]
#: Allowed error relative to the largest expected value, by the precision of the inputs.
TOLERANCE = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 2e-3}
GENERAL = {
    "no_return": "the function returns None; is `return` missing?",
    "shape": "the result has the wrong shape.",
    "transposed": "the result is transposed: rows and columns are swapped.",
    "nan": "there are NaNs or infinities where the right result is finite.",
    "zeros": "the result is 0 everywhere: was it ever filled, or is all of it cut off at 0?",
    "sign": "the result is the right one with the opposite sign.",
    "kind": "text, complex numbers and objects are no results, whatever they stand for.",
    "dtype": "float32 inputs should give a float32 result; an array created without `dtype=` "
    "is float64.",
    "input_changed": "an argument was changed in place; work on a copy, the caller needs it.",
    "read_only": "the result cannot be written to: it is a view; return a copy.",
    "not_an_ndarray": "return a plain ndarray: for an np.matrix, `*` is the matrix product and "
    "sums keep two axes, so that other functions fail on it.",
    "not_vectorised": "the number of Python steps grows with the data: a Python loop (also "
    "one hidden in a comprehension, `map` or `np.vectorize`) is at work.",
}

#: What a gradient means that is off by as much as numerical differentiation is.
NUMERICAL = Diagnosis(
    "numerical_gradient",
    "the gradient is near the right one but not exact: it looks like numerical differentiation. "
    "Derive it by hand.",
)


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its name, a sentence about it, and the dials that reproduce it."""

    id: str
    sentence: str
    dials: Mapping[str, Any]

    @property
    def diagnosis(self) -> Diagnosis:
        """What the author of the mistake is told."""
        return Diagnosis(self.id, self.sentence)


def general(name: str) -> Diagnosis:
    """Return the diagnosis ``name`` of those that fit every exercise."""
    return Diagnosis(name, GENERAL[name])


def precision(args: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the coarsest float dtype among the arrays in ``args``; float64 if there is none."""
    dtypes = [a.dtype for a in args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    return min(dtypes, key=lambda dtype: dtype.itemsize, default=np.dtype(np.float64))


def like(args: tuple[Any, ...], *values: Any) -> Any:
    """Return float64 results of a reference in the dtype that NumPy would make of ``args``."""
    dtype = np.result_type(*(a for a in args if isinstance(a, np.ndarray)))
    cast = tuple(np.asarray(value).astype(dtype) for value in values)
    return cast[0] if len(cast) == 1 else cast


def relative_error(got: Any, want: Any) -> float:
    """Return the largest difference relative to the largest expected value; inf if hopeless.

    Non-finite expected values (a reference that makes a mistake may give them) have to be met
    by non-finite ones.
    """
    try:
        got, want = real(got).astype(np.float64), np.asarray(want, dtype=np.float64)
    except (TypeError, ValueError):
        return np.inf
    finite = np.isfinite(want)
    if got.shape != want.shape or np.any(np.isfinite(got) != finite):
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(float(np.abs(want[finite]).max()), 1e-8)
    return float(np.abs(got[finite] - want[finite]).max()) / scale


def _parts(result: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if len(names) == 1:
        return {names[0]: result}
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        expected = f"the {len(names)} values ({', '.join(names)})"
        found = "None" if result is None else f"a {type(result).__name__}"
        kind = general("no_return" if result is None else "shape")
        raise CheckFailed(f"the function should return {expected}, but returned {found}.", kind)
    return dict(zip(names, result, strict=True))


@dataclass(frozen=True)
class Exercise:
    """One function that students write.

    Parameters
    ----------
    reference : callable
        ``reference(*args, **dials)``; without dials it gives the right result.
    results : tuple of str
        Names of the values returned.
    mistakes : tuple of Mistake
        The catalogue, most likely first.
    error : callable
        ``error(got, want, args) -> float``: how wrong, relative; :func:`relative_error` suits
        most functions.
    factors : mapping
        ``name -> (sentence, args -> number)``: factors that are forgotten or applied twice.
    measure : str
        How the size of an error is told.
    probes : callable, optional
        ``probes() -> regimes`` that tell the mistakes apart: tried in addition, for the diagnosis
        alone, where a result is wrong.
    forward : Exercise, optional
        Of a gradient: what it is the gradient of.
    """

    reference: Callable[..., Any]
    results: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    error: Callable[[Any, Any, tuple[Any, ...]], float] = field(
        default=lambda got, want, args: relative_error(got, want)
    )
    factors: Mapping[str, tuple[str, Callable[..., float]]] = field(default_factory=dict)
    measure: str = "relative error {size:.1e}, allowed {allowed:.0e}"
    probes: Callable[[], Regimes] = dict
    forward: "Exercise | None" = None
    _kept: Imitations = field(default_factory=Imitations, init=False, repr=False, compare=False)

    def expected(self, args: tuple[Any, ...], **dials: Any) -> dict[str, Any] | None:
        """Return the named results of the reference; None where its dials make it fail."""
        with np.errstate(all="ignore"):
            try:
                return _parts(self.reference(*args, **dials), self.results)
            except (IndexError, ValueError, ZeroDivisionError, KeyError):
                if not dials:
                    raise
                return None

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
        trials, changed = self._trials(function, regimes)
        for name, (answer, args) in zip(regimes, trials, strict=True):
            failure = self._failure(answer, args, parts, tolerance, show)
            if failure is None:
                continue
            if failure.diagnosis is verdict.NOT_IMPLEMENTED:
                raise failure
            diagnosis = general("input_changed") if changed else failure.diagnosis
            if nan is not None and diagnosis == general("nan"):
                diagnosis = nan
            if near is not None and failure.error_size is not None and failure.error_size < 1e-3:
                diagnosis = near
            raise CheckFailed(
                f"{name}: {failure.message}",
                self._diagnose(trials + self._trials(function, self.probes())[0], parts)
                or diagnosis,
                failure.error_size,
                failure.details,
            )

    def probe(self, function: Callable[..., Any]) -> None:
        """Require the right result where the mistakes are told apart."""
        self.check(function, self.probes())

    def _trials(self, function: Callable[..., Any], regimes: Regimes) -> tuple[list[Trial], bool]:
        """Return what the function answers in each regime, and whether it changes arguments."""
        trials: list[Trial] = []
        changed = False
        for args in regimes.values():
            try:
                result, facts = calling.observe(function, *_copies(args))
                # What one of our own does with its copies is no act of the student's.
                changed |= bool(facts["changed"]) and not _ours(function)
                trials.append((_parts(result, self.results), args))
            except CheckFailed as raised:
                trials.append((raised, args))
        return trials, changed

    def _allowed(self, args: tuple[Any, ...], tolerance: float | None = None) -> float:
        return max(tolerance or 0.0, TOLERANCE[precision(args)])

    def _failure(
        self,
        answer: dict[str, Any] | CheckFailed,
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
            failure = _structure(part, got, want)
            if failure is not None:
                return failure
            size, allowed = self.error(got, want, args), self._allowed(args, tolerance)
            if not size <= allowed:
                told = self.measure.format(size=size, allowed=allowed)
                message = f"`{part}` is wrong: {told}."
                if show:
                    message += f"\nExpected:\n{np.asarray(want)}\nFound:\n{np.asarray(got)}"
                return CheckFailed(message, _looks(got, want), size)
        return None

    def _agree(
        self,
        answer: dict[str, Any] | CheckFailed,
        imitation: dict[str, Any] | None,
        args: tuple[Any, ...],
        parts: tuple[str, ...],
    ) -> bool:
        if isinstance(answer, CheckFailed) or imitation is None:
            return isinstance(answer, CheckFailed) and imitation is None
        allowed = self._allowed(args)
        return all(
            _structure(p, answer[p], imitation[p]) is None
            and self.error(answer[p], imitation[p], args) <= allowed
            for p in parts
        )

    def _diagnose(self, trials: list[Trial], parts: tuple[str, ...]) -> Diagnosis | None:
        """Return the only mistake, or pair, whose imitation agrees with all the answers."""
        shelves = [self._kept.shelf(args) for _, args in trials]

        def agrees(*mistakes: Mistake) -> bool:
            return all(
                self._agree(answer, self._imitation(args, mistakes, shelf), args, parts)
                for (answer, args), shelf in zip(trials, shelves, strict=True)
            )

        if not any(_evidence(answer, parts) for answer, _ in trials):
            return None
        singles = {m.id: m.diagnosis for m in reversed(self.mistakes) if agrees(m)}
        if singles:
            return next(iter(singles.values())) if len(singles) == 1 else None
        scaled = self._scaled(trials, parts)
        if scaled is not None:
            return scaled
        if all(_says_little(answer, parts) for answer, _ in trials):
            return None
        pairs = {
            f"{one.id}+{two.id}": f"{one.sentence} And: {two.sentence}"
            for one, two in combinations(self.mistakes, 2)
            if one.id != two.id and not set(one.dials) & set(two.dials) and agrees(one, two)
        }
        return Diagnosis(*next(iter(pairs.items()))) if len(pairs) == 1 else None

    def _imitation(
        self, args: tuple[Any, ...], mistakes: tuple[Mistake, ...], shelf: Shelf
    ) -> dict[str, Any] | None:
        """Return the results of the reference with these mistakes in it."""
        by = tuple(map(id, mistakes))
        if by in shelf:
            return shelf[by]
        results = self.expected(args, **{k: v for m in mistakes for k, v in m.dials.items()})
        keep(shelf, by, results)
        return results

    def _scaled(self, trials: list[Trial], parts: tuple[str, ...]) -> Diagnosis | None:
        """Recognise the right result times a factor: -1, or one of the exercise's own."""
        signs = {"sign": (GENERAL["sign"], lambda *args: -1.0)}
        for name, (sentence, factor) in {**signs, **self.factors}.items():
            for part in parts:
                if all(self._times(answer, part, factor, args) for answer, args in trials):
                    return Diagnosis(name, sentence)
        return None

    def _times(self, answer: Any, part: str, factor: Any, args: tuple[Any, ...]) -> bool:
        right = self.expected(args)
        if isinstance(answer, CheckFailed) or right is None:
            return False
        return relative_error(answer[part], np.asarray(right[part]) * factor(*args)) < 1e-3


def _looks(got: Any, want: Any) -> Diagnosis | None:
    """Return what is to be seen of a wrong result at a glance, if anything is."""
    got = np.asarray(got, dtype=np.float64)
    if not np.all(np.isfinite(got)):
        return general("nan")
    return general("zeros") if got.size > 1 and not np.any(got) and np.any(want) else None


def _says_little(answer: dict[str, Any] | CheckFailed, parts: tuple[str, ...]) -> bool:
    """Whether ``answer`` is nothing but zeros, which many pairs of mistakes would give."""
    return isinstance(answer, CheckFailed) or not any(np.any(answer[part]) for part in parts)


def _evidence(answer: dict[str, Any] | CheckFailed, parts: tuple[str, ...]) -> bool:
    """Whether ``answer`` holds a number, or nothing: NaNs and exceptions tell little apart."""
    if isinstance(answer, CheckFailed):
        return False
    for part in parts:
        try:
            values = np.asarray(answer[part], dtype=np.float64)
            if values.size == 0 or np.any(np.isfinite(values)):
                return True
        except (TypeError, ValueError):
            continue
    return False


def _copies(args: tuple[Any, ...]) -> list[Any]:
    return [a.copy(order="K") if isinstance(a, np.ndarray) else copy.deepcopy(a) for a in args]


def _ours(function: Callable[..., Any]) -> bool:
    return str(getattr(function, "__module__", "")).startswith(str(__package__))


def _structure(part: str, got: Any, want: Any) -> CheckFailed | None:
    """Return a failure if ``got`` cannot be compared with ``want`` number by number."""
    if got is None:
        return CheckFailed(f"`{part}` is None.", general("no_return"))
    try:
        found = real(got)
    except (TypeError, ValueError):
        kind = getattr(got, "dtype", None) or type(got).__name__
        return CheckFailed(f"`{part}` is not an array of real numbers: {kind}.", general("kind"))
    shape = np.shape(want)
    if found.shape != shape:
        kind = "transposed" if found.shape == shape[::-1] else "shape"
        return CheckFailed(
            f"`{part}` should have the shape {shape}, but has {found.shape}.", general(kind)
        )
    return None
