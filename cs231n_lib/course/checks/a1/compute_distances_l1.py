"""`compute_distances_l1`: the sum of absolute differences, and what is taken for it."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.a1.distances import ONLY, distances, probes
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


def _l1(X: np.ndarray, X_train: np.ndarray, *, signed: int = 0, **dials: Any) -> np.ndarray:
    if signed == 3:
        return np.sum(np.abs(X_train)[None] - np.abs(X)[:, None].astype(np.float64), axis=2)
    if signed:
        total = np.sum(X[:, None].astype(np.float64) - X_train[None], axis=2)
        return np.abs(total) if signed == 2 else signed * total
    return distances(X, X_train, **{"power": 1, **dials})


_L1 = (
    Mistake("l2_for_l1", "this is the L2 distance; L1 sums the absolute differences.",
            {"power": 2}),
    Mistake("squares_for_absolutes", "the differences are squared; L1 takes absolute values.",
            {"power": 2, "root": False}),
    Mistake("mean_for_sum", "the differences are averaged over the D numbers; sum them.",
            {"mean": True}),
    Mistake("no_absolute_value", "the differences are summed with their signs and cancel; take "
            "absolute values first.", {"signed": 1}),
    Mistake("no_absolute_value", "the differences are summed with their signs and cancel; take "
            "absolute values first.", {"signed": -1}),
    Mistake("absolute_of_sum", "the absolute value is taken of the sum; take it of every "
            "difference, then sum.", {"signed": 2}),
    Mistake("absolutes_subtracted", "the absolute values of both points are subtracted; take that "
            "of the difference.", {"signed": 3}),
    Mistake("largest_for_sum", "this is the largest difference, not the sum.", {"largest": True}),
    *ONLY,
)  # fmt: skip
exercise = Exercise(_l1, ("dists",), _L1, probes=probes)
