"""One wording for each refusal: what was wrong, what was expected, what to do."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from cs231n_lib.backend import Array, array_namespace, float_dtype


def check_labels(y: Array, num_examples: int, num_classes: int | None = None) -> int:
    """Reject labels that do not name a class; a GPU would wrap a wrong index silently.

    Parameters
    ----------
    y : integer array of shape (N,)
        Class labels.
    num_examples : int
        N, the number of labels there have to be.
    num_classes : int, optional
        C. Labels run from 0 to C - 1. Default: the largest label plus 1.

    Returns
    -------
    int
        C.

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
    check_label_form(y, (num_examples,))
    return check_label_values(y, num_classes)


def check_label_form(y: Array, shape: tuple[int, ...]) -> None:
    """Require integer labels of a shape; their values are not looked at."""
    xp = array_namespace(y)
    if not xp.isdtype(y.dtype, "integral"):
        raise TypeError(f"labels must be integers, got {y.dtype}; convert with y.astype('int64')")
    if y.shape != shape:
        raise ValueError(
            f"expected one label an example, shape {shape}, got shape {tuple(y.shape)}"
        )


def check_label_values(y: Array, num_classes: int | None = None) -> int:
    """Require integer labels of any shape to lie in 0..C - 1; return C, see `check_labels`."""
    xp = array_namespace(y)
    if 0 in y.shape:
        return num_classes or 1
    if num_classes is not None and xp.all((y >= 0) & (y < num_classes)):
        return num_classes
    low, high = int(xp.min(y)), int(xp.max(y))
    if num_classes is None and low >= 0:
        return high + 1
    expected = f"0..{num_classes - 1} ({num_classes} classes)" if num_classes else "0, 1, 2, ..."
    raise ValueError(f"labels must lie in {expected}, got values from {low} to {high}")


def check_float_array(name: str, x: Array, axes: str) -> None:
    """Require a floating-point array with the given axes, written like ``"N, C, H, W"``.

    Raises
    ------
    TypeError
        If it is not an array of float32 or float64 (see `backend.float_dtype`).
    ValueError
        If the number of axes differs or one of them, but for the batch N, is empty.

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
    if 0 in x.shape[axes.startswith("N") :]:  # a batch may hold no example
        raise ValueError(f"{name} must not be empty, got shape {tuple(x.shape)}")


def check_upstream(dout: Array, shape: tuple[int, ...], like: Array) -> None:
    """Reject an upstream gradient that is not of the output's shape, dtype and library.

    Raises
    ------
    TypeError
        If its dtype or library is not that of `like`.
    ValueError
        If its shape is not `shape`.

    Examples
    --------
    >>> import numpy as np
    >>> check_upstream(np.ones(3), (2,), np.ones(3))
    Traceback (most recent call last):
    ...
    ValueError: dout must have the shape of the output, (2,), got (3,)
    """
    float_dtype(dout, like)
    if tuple(dout.shape) != tuple(shape):
        raise ValueError(
            f"dout must have the shape of the output, {tuple(shape)}, got {tuple(dout.shape)}"
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
    TypeError
        If it is no dictionary.
    ValueError
        If a key is missing or unknown.

    Examples
    --------
    >>> check_param("conv_param", {"stride": 1, "pad": 2}, ("stride", "pad"), {"floor": False})
    (1, 2, False)
    """
    optional = optional or {}
    if not isinstance(param, Mapping):
        raise TypeError(f"{name} must be a dictionary, got {type(param).__name__}")
    if not set(required) <= set(param) <= set(required) | set(optional):
        more = f" and may have {list(optional)}" if optional else ""
        raise ValueError(f"{name} must have the keys {list(required)}{more}, got {list(param)}")
    return tuple(param[key] for key in required) + tuple(
        param.get(key, default) for key, default in optional.items()
    )


def is_training(mode: str) -> bool:
    """Read the mode of a layer that behaves differently in training and at test time.

    Examples
    --------
    >>> is_training("test")
    False
    """
    if mode not in ("train", "test"):
        raise ValueError(f"mode must be 'train' or 'test', got {mode!r}")
    return mode == "train"


def check_number(name: str, value: float, least: float = 0.0, most: float = math.inf) -> float:
    """Require a finite number from `least` to `most`; return it as a Python float.

    A NumPy float64 would turn float32 arrays into float64.

    Examples
    --------
    >>> check_number("eps", -1)
    Traceback (most recent call last):
    ...
    ValueError: eps must be a finite number, 0 or more, got -1
    """
    value = _real(name, value)
    if not least <= value <= most or math.isinf(value):
        limit = "or more" if most == math.inf else f"to {most:g}"
        raise ValueError(f"{name} must be a finite number, {least:g} {limit}, got {value:g}")
    return value


def check_positive(name: str, value: float) -> float:
    """Require a finite number above 0; return it as a Python float."""
    value = _real(name, value)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive finite number, got {value:g}")
    return value


def check_fraction(name: str, value: float) -> float:
    """Require a number from 0 to below 1; return it as a Python float."""
    value = _real(name, value)
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value:g}")
    return value


def _real(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None


def check_count(name: str, value: int, most: int | None = None, what: str = "") -> int:
    """Require a whole number, 1 or more, and at most `most` (which is `what`); return an int.

    Examples
    --------
    >>> check_count("k", 5, 4, "the number of training rows")
    Traceback (most recent call last):
    ...
    ValueError: k must be at least 1 and at most 4 (the number of training rows), got 5
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    count = operator.index(value)
    if count < 1 or (most is not None and count > most):
        limit = "" if most is None else f" and at most {most} ({what})"
        raise ValueError(f"{name} must be at least 1{limit}, got {count}")
    return count


def check_generator(name: str, rng: Any) -> None:
    """Require a Generator of NumPy: everything random here comes from one that is given."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name} needs rng=numpy.random.default_rng(seed), got {type(rng).__name__}"
        )
