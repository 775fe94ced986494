"""Arrays and labels: one wording for each refusal, with what was expected and what to do."""

from __future__ import annotations

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
