"""One wording for each refusal: what was wrong, what was expected, what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cs231n_lib.backend import Array, array_namespace, float_dtype


def check_labels(y: Array, num_examples: int, num_classes: int) -> None:
    """Reject labels that do not name a class; a GPU would wrap a wrong index silently.

    Parameters
    ----------
    y : integer array of shape (N,)
        Class labels.
    num_examples : int
        N, the number of labels there have to be.
    num_classes : int
        C. Labels run from 0 to C - 1.

    Raises
    ------
    TypeError
        If the labels are not integers.
    ValueError
        If their shape is not (N,), or one is negative or C and more.

    Examples
    --------
    >>> import numpy as np
    >>> check_labels(np.array([0, 3]), 2, 3)
    Traceback (most recent call last):
    ...
    ValueError: labels must lie in 0..2 (3 classes), got values from 0 to 3
    """
    xp = array_namespace(y)
    if not xp.isdtype(y.dtype, "integral"):
        raise TypeError(f"labels must be integers, got {y.dtype}; convert with y.astype('int64')")
    if y.shape != (num_examples,):
        raise ValueError(
            f"expected one label an example, shape ({num_examples},), got shape {tuple(y.shape)}"
        )
    if not xp.all((y >= 0) & (y < num_classes)):
        raise ValueError(
            f"labels must lie in 0..{num_classes - 1} ({num_classes} classes), "
            f"got values from {int(xp.min(y))} to {int(xp.max(y))}"
        )


def check_float_array(name: str, x: Array, axes: str) -> None:
    """Require a floating-point array with the given axes, written like ``"N, C, H, W"``.

    Raises
    ------
    TypeError
        If it is not an array of float32 or float64 (see `backend.float_dtype`).
    ValueError
        If the number of axes differs or one of them is empty.

    Examples
    --------
    >>> import numpy as np
    >>> check_float_array("x", np.zeros((2, 3)), "N, C, H, W")
    Traceback (most recent call last):
    ...
    ValueError: x must have shape (N, C, H, W), got (2, 3)
    """
    float_dtype(x)
    if x.ndim != axes.count(",") + 1:
        raise ValueError(f"{name} must have shape ({axes}), got {tuple(x.shape)}")
    if 0 in x.shape:
        raise ValueError(f"{name} must not be empty, got shape {tuple(x.shape)}")


def check_upstream(dout: Array, shape: tuple[int, ...], like: Array) -> None:
    """Reject an upstream gradient that is not of the output's shape, dtype and library.

    Examples
    --------
    >>> import numpy as np
    >>> check_upstream(np.ones(3), (2,), np.ones(3))
    Traceback (most recent call last):
    ...
    ValueError: expected dout of shape (2,), that of the layer's output, got (3,)
    """
    float_dtype(dout, like)
    if dout.shape != shape:
        raise ValueError(
            f"expected dout of shape {tuple(shape)}, that of the layer's output, "
            f"got {tuple(dout.shape)}"
        )


def check_dout(dout: Array, x: Array, shape: tuple[int, ...]) -> None:
    """Require that the upstream gradient `dout` matches the output in shape, dtype and library.

    Raises
    ------
    TypeError
        If its dtype is not that of `x`, or its library differs.
    ValueError
        If its shape is not `shape`.

    Examples
    --------
    >>> import numpy as np
    >>> check_dout(np.zeros((1, 2)), np.zeros((1, 4)), (1, 3))
    Traceback (most recent call last):
    ...
    ValueError: dout must have the shape of the output, (1, 3), got (1, 2)
    """
    float_dtype(dout, x)
    if tuple(dout.shape) != shape:
        raise ValueError(
            f"dout must have the shape of the output, {shape}, got {tuple(dout.shape)}"
        )


def check_param(
    name: str,
    param: Mapping[str, Any],
    required: tuple[str, ...],
    optional: Mapping[str, Any] | None = None,
) -> tuple[Any, ...]:
    """Return the values of a parameter dictionary: the `required` ones, then the `optional` ones.

    Raises
    ------
    ValueError
        If a key is missing or unknown.

    Examples
    --------
    >>> check_param("conv_param", {"stride": 1, "pad": 2}, ("stride", "pad"), {"floor": False})
    (1, 2, False)
    """
    optional = optional or {}
    if not set(required) <= set(param) <= set(required) | set(optional):
        more = f" and may have {list(optional)}" if optional else ""
        raise ValueError(f"{name} must have the keys {list(required)}{more}, got {list(param)}")
    return tuple(param[key] for key in required) + tuple(
        param.get(key, default) for key, default in optional.items()
    )


def is_training(param: dict[str, Any]) -> bool:
    """Read ``param["mode"]`` of a layer that behaves differently in training and at test time.

    Examples
    --------
    >>> is_training({"mode": "test"})
    False
    """
    if param["mode"] not in ("train", "test"):
        raise ValueError(f"mode must be 'train' or 'test', got {param['mode']!r}")
    return bool(param["mode"] == "train")


def check_positive(name: str, value: float) -> float:
    # A NumPy float64 would turn float32 parameters into float64: keep Python floats only.
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive finite number, got {value}")
    return float(value)


def check_fraction(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
    return float(value)


def check_count(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, got {value}")
    return int(value)
