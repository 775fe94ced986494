"""What checks of a class with ``params`` and ``loss`` share, whatever its layers are."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed


def params_of(model: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the dictionary ``params`` of a student's model, which has exactly these keys."""
    try:
        params = model.params
    except (AttributeError, verdict.StudentError):
        raise CheckFailed("the network has no attribute `params`.") from None
    if not isinstance(params, dict) or set(params) != set(names):
        raise CheckFailed(f"`params` should be a dictionary with the keys {', '.join(names)}.")
    return params


def put_params(model: Any, names: tuple[str, ...], parameters: tuple[Any, ...]) -> None:
    """Give a student's model copies of these parameters."""
    params = {n: p.copy() for n, p in zip(names, parameters, strict=True)}
    try:
        model.params = params
    except (AttributeError, verdict.StudentError) as error:
        raise CheckFailed(f"`params` cannot be replaced: {error}") from None


def loss_of(model: Any) -> Any:
    """Return the method ``loss`` of a student's model."""
    try:
        return model.loss
    except (AttributeError, verdict.StudentError):
        raise CheckFailed("the network has no method `loss`.") from None


def require_same_params(
    after: dict[str, Any], names: tuple[str, ...], before: tuple[Any, ...]
) -> None:
    """Require that ``loss`` left the parameters as they were."""
    for name, value in zip(names, before, strict=True):
        if not np.array_equal(after[name], value):
            raise CheckFailed(f"`loss` changes params['{name}'].", general("input_changed"))


def require_finite(result: Any, where: str, names: tuple[str, ...]) -> None:
    """Require gradients that are numbers: no infinity, no NaN."""
    grads = result[1] if isinstance(result, (tuple, list)) and len(result) == 2 else None
    if not isinstance(grads, dict):
        kind = general("no_return" if result is None else "shape")
        raise CheckFailed("with labels, `loss` should return (loss, grads).", kind)
    for name in names:
        values = calling.numbers(grads.get(name), f"grads['{name}']")
        if not np.all(np.isfinite(values)):
            raise CheckFailed(f"{where}: the gradient of {name} is not finite.",
                              LARGE[0].diagnosis)  # fmt: skip


def far_scores() -> dict[str, tuple[np.ndarray, np.ndarray]]:
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


#: What overflows or underflows in a softmax loss of one's own.
LARGE = (
    Mistake("no_max_subtraction", "large scores overflow in exp: subtract the largest score of "
            "each row first, as softmax_loss does.", {"shift": False}),
    Mistake("log_of_p", "p is right, but underflows to 0 where a score is far below the largest, "
            "and log(0) is infinite: use s_y - max - log(sum(exp)), as softmax_loss does.",
            {"of_p": True}),
)  # fmt: skip
#: The loss averages over the batch once, and so do the gradients.
AVERAGED = (
    Mistake("averaged_twice", "the gradients are divided by N twice.", {"over": "N"}),
    Mistake("gradient_not_averaged", "the gradients equal the right ones times N: they are "
            "not averaged.", {"over": "0"}),
)  # fmt: skip
