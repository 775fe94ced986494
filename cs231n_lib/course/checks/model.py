"""Checks of a network that students write: a class with ``params`` and ``loss``."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.attributes import attribute
from cs231n_lib.course.checks.comparison import (
    form,
    kind_of,
    misshapen,
    relative_error,
    sides,
)
from cs231n_lib.course.checks.exercise import Exercise, Regimes
from cs231n_lib.course.checks.keys import require_keys
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.scores import LOG_OF_P, OVERFLOW, far_scores
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

BIASES_NOT_ZERO = Diagnosis("biases_not_zero", "biases start at 0; only weights are random.")
WEIGHT_SCALE = Diagnosis("weight_scale", "start from weight_scale * normal random numbers.")
PARAMETER_DTYPE = Diagnosis("parameter_dtype", "parameters have the dtype that __init__ is given.")
OLD_PARAMETERS = Diagnosis(
    "old_parameters", "other values in `params` change nothing: the layers keep copies, or the "
    "arrays they were made with. Read self.params in each call.",
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """What the networks of students are asked for, whatever their layers are.

    A problem is ``(X, y, reg, *parameters)``, the parameters in the order of their names.

    Parameters
    ----------
    exercise : Exercise
        ``reference(*problem)`` gives scores, loss, and the gradients of the parameters; the names
        of the gradients are the keys of ``params``.
    build : callable
        ``build(Net, X, reg, *parameters)`` calls the student's class for arrays of such shapes.
    far : callable
        ``far(scores)`` returns ``(X, *parameters)`` that have these scores (N, C).
    """

    exercise: Exercise
    build: Callable[..., Any]
    far: Callable[[np.ndarray], tuple[np.ndarray, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return self.exercise.results[2:]

    def start(
        self,
        model: Any,
        shapes: Mapping[str, tuple[int, ...]],
        scale: float,
        dtype: str | None = None,
        causes: Mapping[tuple[str, tuple[int, ...]], Diagnosis] | None = None,
    ) -> None:
        """Require parameters of the right shapes: small random weights, biases 0.

        Parameters
        ----------
        model : object
            The student's, new.
        shapes : mapping
            The name of each parameter and its shape.
        scale : float
            The standard deviation of the weights.
        dtype : str, optional
            That of all parameters, if it matters.
        causes : mapping, optional
            What it means where the parameter of a name has a wrong shape, by name and shape.

        Raises
        ------
        CheckFailed
            For the first parameter that is otherwise.
        """
        params = self._params(model)
        for name, shape in shapes.items():
            value = calling.numbers(params[name], f"params['{name}']")
            found = value.shape
            if found != shape:
                kind = (causes or {}).get((name, found), misshapen(found, shape))
                raise CheckFailed(f"{name} should be {shape}, but is {sides(found)}.", kind)
            if name[0] == "b" and value.any():
                raise CheckFailed(f"{name} should start at 0.", BIASES_NOT_ZERO)
            if name[0] == "W" and not 0.6 < float(value.std()) / scale < 1.6:
                raise CheckFailed(
                    f"the standard deviation of {name} should be about weight_scale.", WEIGHT_SCALE
                )
            kept = np.asarray(params[name]).dtype
            if dtype is not None and kept != np.dtype(dtype):
                raise CheckFailed(f"{name} should be {dtype}, but is {kept}.", PARAMETER_DTYPE)

    def compare(
        self, Net: Callable[..., Any], regimes: Regimes, parts: tuple[str, ...], **options: Any
    ) -> None:
        """Require the named parts: the scores without labels, else loss and gradients."""
        nothing = [0.0] * len(self.names)

        def run(X: Any, y: Any, reg: float, *parameters: Any) -> tuple[Any, ...]:
            model = self._model(Net, X, reg, parameters)
            if parts == ("scores",):
                return (calling.call(_loss_of(model), X), 0.0, *nothing)
            result = calling.call(_loss_of(model), X, y)
            if parts == ("loss",):
                return (0.0, _pair(result)[0], *nothing)
            loss, grads = self._loss_and_grads(result)
            return (0.0, loss, *grads.values())

        try:
            self.exercise.check(run, regimes, parts=parts, **options)
        except CheckFailed as failure:
            if failure.diagnosis is not None:
                raise
            causes = (self._cause(Net, problem) for problem in regimes.values())
            cause = None
            with contextlib.suppress(CheckFailed):  # what fails there too has failed already
                cause = next(filter(None, causes), None)
            raise CheckFailed(failure.message, cause, failure.error_size, failure.details) from None

    def large(self, Net: Callable[..., Any]) -> None:
        """Require the right loss, and finite gradients, where scores are far apart."""
        problems: dict[str, tuple[Any, ...]] = {}
        for name, (scores, y) in far_scores().items():
            X, *parameters = self.far(scores)
            problems[name] = (X, y, 0.0, *parameters)
        high = next(iter(problems))
        self.compare(Net, {high: problems[high]}, ("loss",), nan=OVERFLOW.diagnosis)
        self.compare(Net, problems, ("loss",), nan=LOG_OF_P.diagnosis)
        for name, (X, y, reg, *parameters) in problems.items():
            result = calling.call(_loss_of(self._model(Net, X, reg, tuple(parameters))), X, y)
            for key, grad in self._loss_and_grads(result)[1].items():
                if not np.all(np.isfinite(calling.numbers(grad, f"grads['{key}']"))):
                    message = f"{name}: the gradient of {key} is not finite."
                    raise CheckFailed(message, OVERFLOW.diagnosis)

    def keeps(self, Net: Callable[..., Any], X: Any, y: Any, reg: float, *parameters: Any) -> None:
        """Require float32 gradients for float32, and that ``loss`` leaves X, y and params alone."""
        model = self._model(Net, X, reg, parameters)
        result, facts = calling.observe(_loss_of(model), X, y)
        if facts["changed"]:
            raise CheckFailed("`loss` changes X or y.", general("input_changed"))
        name = self._changed(model, parameters)
        if name is not None:
            raise CheckFailed(f"`loss` changes params['{name}'].", general("input_changed"))
        _, grads = self._loss_and_grads(result)
        dtypes = {kind_of(g) for g in grads.values()}
        if dtypes != {"float32"}:
            raise CheckFailed(f"float32 gave gradients of {', '.join(dtypes)}.", general("dtype"))

    def _params(self, model: Any) -> dict[str, Any]:
        params = attribute(model, "params", "the network")
        require_keys(params, self.names, "`params`")
        return params

    def _model(
        self, Net: Callable[..., Any], X: Any, reg: float, parameters: tuple[Any, ...]
    ) -> Any:
        """Return a model of the student's with copies of these parameters."""
        model = self.build(Net, X, reg, *parameters)
        try:
            model.params = {n: p.copy() for n, p in zip(self.names, parameters, strict=True)}
        except (AttributeError, verdict.StudentError) as error:
            raise CheckFailed(f"`params` cannot be replaced: {error}") from None
        return model

    def _loss_and_grads(self, result: Any) -> tuple[Any, dict[str, Any]]:
        loss, grads = _pair(result)
        require_keys(grads, self.names, "`grads`", more=True)
        return loss, {name: grads[name] for name in self.names}

    def _changed(self, model: Any, parameters: tuple[Any, ...]) -> str | None:
        """Return the name of a parameter that is no longer what it was."""
        after = self._params(model)
        pairs = zip(self.names, parameters, strict=True)
        return next((n for n, value in pairs if not np.array_equal(after[n], value)), None)

    def _cause(self, Net: Callable[..., Any], problem: tuple[Any, ...]) -> Diagnosis | None:
        """Return what one model does with its parameters that makes numbers wrong."""
        X, y, reg, *parameters = problem
        model = self._model(Net, X, reg, tuple(parameters))
        before = calling.call(_loss_of(model), X)
        calling.call(_loss_of(model), X, y)
        if self._changed(model, tuple(parameters)) is not None:
            return general("input_changed")
        model.params = {n: 2 * p + 1 for n, p in zip(self.names, parameters, strict=True)}
        same = relative_error(calling.call(_loss_of(model), X), before) == 0.0
        return OLD_PARAMETERS if same else None


def _loss_of(model: Any) -> Any:
    return attribute(model, "loss", "the network")


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed("with labels, `loss` should return (loss, grads).", form(result))
    return result[0], result[1]
