"""`compute_distances_no_loops` again, where the data live: points that go wrong in rounding."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.a1.distances import l2_exercise

exercise = l2_exercise


def points(
    rng: np.random.Generator, N: int, M: int, D: int, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """Return random test and training points."""
    return rng.normal(size=(N, D)).astype(dtype), rng.normal(size=(M, D)).astype(dtype)


def twins(rng: np.random.Generator, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Return points that are training points too: there rounding goes below 0."""
    X = (255 * rng.random((60, 80))).astype(dtype)
    return X[20:], X
