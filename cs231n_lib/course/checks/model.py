"""What checks of a class with ``params`` and ``loss`` share, whatever its layers are."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import verdict
from cs231n_lib.course.checks.exercise import general
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
