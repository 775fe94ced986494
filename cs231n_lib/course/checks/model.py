"""Checks of a network that students write: a class with ``params`` and ``loss``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.comparison import relative_error
from cs231n_lib.course.checks.exercise import Exercise, Regimes
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

OVERFLOW = Mistake(
    "no_max_subtraction", "large scores overflow in exp: subtract the largest score of each row "
    "first, as softmax_loss does.", {"shift": False},
)  # fmt: skip
#: What any network may get wrong, by the dials of `softmax_loss` and of the network itself.
MISTAKES = (
    Mistake("relu_on_scores", "the scores pass a ReLU; they should not.", {"relu_last": True}),
    Mistake("biases_missing", "the biases are not added.", {"bias": False}),
    Mistake("half_reg_in_loss", "the loss uses half of the penalty; the convention here is "
            "reg * sum(W*W).", {"loss_reg": 0.5}),
    Mistake("reg_missing_in_loss", "the penalty is missing in the loss.", {"loss_reg": 0.0}),
    Mistake("half_reg_in_gradient", "the gradient of the penalty is reg * W; that of "
            "reg * sum(W*W) is 2 * reg * W.", {"grad_reg": 1.0}),
    OVERFLOW,
    Mistake("log_of_p", "p is right, but underflows to 0 where a score is far below the largest, "
            "and log(0) is infinite: use s_y - max - log(sum(exp)), as softmax_loss does.",
            {"of_p": True}),
    Mistake("averaged_twice", "the gradients are divided by N twice.", {"over": "N"}),
    Mistake("gradient_not_averaged", "the gradients equal the right ones times N: they are "
            "not averaged.", {"over": "0"}),
)  # fmt: skip
BIASES_NOT_ZERO = Diagnosis("biases_not_zero", "biases start at 0; only weights are random.")
WEIGHT_SCALE = Diagnosis("weight_scale", "start from weight_scale * normal random numbers.")
PARAMETER_DTYPE = Diagnosis("parameter_dtype", "parameters have the dtype that __init__ is given.")
OLD_PARAMETERS = Diagnosis(
    "old_parameters", "other values in `params` change nothing: the layers keep copies, or the "
    "arrays they were made with. Read self.params in each call.",
)  # fmt: skip


def softmax_loss(
    scores: np.ndarray,
    y: np.ndarray,
    *,
    over: str = "1",
    shift: bool = True,
    of_p: bool = False,
    eps: float = 0.0,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the softmax loss of scores (N, C), its gradient, and log p; the rest are dials."""
    N = len(scores)
    rows = np.arange(N)
    shifted = scores - shift * scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_of = np.log(np.exp(log_p) + eps) if eps or of_p else log_p
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    return -log_of[rows, y].mean(), dscores / {"1": N, "N": N * N, "0": 1}[over], log_p


def _far_scores() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return scores (N, C) far apart, fixed, and labels: each way to overflow fails in its own.

    Other slips show elsewhere: none is negative, for a ReLU, and where there are two rows their
    losses are 0, for a mean.
    """
    first, second = np.array([0]), np.array([1, 1])
    return {
        "scores 0 and 2000": (np.array([[0.0, 2000.0]]), first),
        "rows up to 200 and 1000": (np.array([[100.0, 200.0], [900.0, 1000.0]]), second),
        "scores 2000 and 2001": (np.array([[2000.0, 2001.0]]), first),
    }


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
                kind = general("transposed" if found == shape[::-1] else "shape")
                kind = (causes or {}).get((name, found), kind)
                raise CheckFailed(f"{name} should be {shape}, but is {found}.", kind)
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
            problem = next(iter(regimes.values()))
            if failure.diagnosis is None and self._keeps_old_parameters(Net, problem):
                raise CheckFailed(failure.message, OLD_PARAMETERS, failure.error_size) from None
            raise

    def large(self, Net: Callable[..., Any]) -> None:
        """Require the right loss, and finite gradients, where scores are far apart."""
        problems: dict[str, tuple[Any, ...]] = {}
        for name, (scores, y) in _far_scores().items():
            X, *parameters = self.far(scores)
            problems[name] = (X, y, 0.0, *parameters)
        self.compare(Net, problems, ("loss",))
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
        after = self._params(model)
        for name, value in zip(self.names, parameters, strict=True):
            if not np.array_equal(after[name], value):
                raise CheckFailed(f"`loss` changes params['{name}'].", general("input_changed"))
        _, grads = self._loss_and_grads(result)
        dtypes = {str(getattr(g, "dtype", type(g).__name__)) for g in grads.values()}
        if dtypes != {"float32"}:
            raise CheckFailed(f"float32 gave gradients of {', '.join(dtypes)}.", general("dtype"))

    def _params(self, model: Any) -> dict[str, Any]:
        try:
            params = model.params
        except (AttributeError, verdict.StudentError):
            raise CheckFailed("the network has no attribute `params`.") from None
        if not isinstance(params, dict) or set(params) != set(self.names):
            keys = ", ".join(self.names)
            raise CheckFailed(f"`params` should be a dictionary with the keys {keys}.")
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
        if not isinstance(grads, dict) or not set(self.names) <= set(grads):
            raise CheckFailed(f"`grads` should be a dictionary with {', '.join(self.names)}.")
        return loss, {name: grads[name] for name in self.names}

    def _keeps_old_parameters(self, Net: Callable[..., Any], problem: tuple[Any, ...]) -> bool:
        """Whether the scores of one model stay the same when its parameters are replaced."""
        X, _, reg, *parameters = problem
        model = self._model(Net, X, reg, tuple(parameters))
        before = calling.call(_loss_of(model), X)
        model.params = {n: 2 * p + 1 for n, p in zip(self.names, parameters, strict=True)}
        return relative_error(calling.call(_loss_of(model), X), before) == 0.0


def _loss_of(model: Any) -> Any:
    try:
        return model.loss
    except (AttributeError, verdict.StudentError):
        raise CheckFailed("the network has no method `loss`.") from None


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        kind = "no_return" if result is None else "shape"
        raise CheckFailed("with labels, `loss` should return (loss, grads).", general(kind))
    return result[0], result[1]
