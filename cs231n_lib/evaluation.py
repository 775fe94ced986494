"""How far an accuracy can be trusted: its standard error, alone and beside another one's.

A test set is a sample, so what is measured on it scatters. Both functions take truth values, one
for each example: ``y_pred == y``.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

__all__ = ["paired_difference", "standard_error"]


def standard_error(correct: Any) -> float:
    """Return the standard error of an accuracy measured on independent examples.

    Parameters
    ----------
    correct : array_like of bool, shape (N,)
        Whether each example was labelled correctly.

    Returns
    -------
    float
        ``sqrt(a * (1 - a) / N)`` for an accuracy ``a``: the standard deviation of a binomial
        count, divided by N. It is 0 if all or none are correct, where it says little.

    Raises
    ------
    ValueError
        If there are no examples, or the values are no truth values.

    Examples
    --------
    >>> round(standard_error(np.repeat([True, False], [80, 20])), 3)
    0.04
    """
    accuracy = float(_truth_values(correct, "correct").mean())
    return sqrt(accuracy * (1 - accuracy) / len(correct))


def paired_difference(correct: Any, correct_other: Any) -> tuple[float, float]:
    """Return by how much one accuracy exceeds another on the same examples, and its error.

    Parameters
    ----------
    correct, correct_other : array_like of bool, shape (N,)
        For each example, whether either classifier labelled it correctly.

    Returns
    -------
    difference : float
        Accuracy of the first minus accuracy of the second.
    error : float
        Standard error of the difference. Examples on which both are right, or both wrong, do
        not add to it, so it is smaller than that of two separate test sets if the two tend to
        be right on the same examples.

    Raises
    ------
    ValueError
        If there are no examples, the lengths differ, or the values are no truth values.

    Examples
    --------
    >>> one, other = np.array([1, 1, 1, 0], dtype=bool), np.array([1, 1, 0, 0], dtype=bool)
    >>> paired_difference(one, other)[0]
    0.25
    """
    one = _truth_values(correct, "correct")
    other = _truth_values(correct_other, "correct_other")
    if one.shape != other.shape:
        raise ValueError(f"expected the same examples twice, not {len(one)} and {len(other)}")
    difference = one.astype(float) - other
    return float(difference.mean()), float(difference.std() / sqrt(len(one)))


def _truth_values(values: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        raise ValueError(f"{name} must be a row of truth values (y_pred == y)") from None
    if array.dtype != bool or array.ndim != 1 or len(array) == 0:
        raise ValueError(
            f"{name} must be a row of one or more truth values (y_pred == y), not {array.dtype} "
            f"of shape {array.shape}"
        )
    return array
