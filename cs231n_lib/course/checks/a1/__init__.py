"""Assignment 1: nearest neighbours.

One file an exercise; ``distances`` is what three of them share.
No file here imports the numeric library, or another assignment.
"""

from cs231n_lib.course.checks.a1 import (
    compute_distances_l1,
    compute_distances_no_loops,
    compute_distances_one_loop,
    compute_distances_two_loops,
    cross_validate,
    distances,
    predict_labels,
)

__all__ = [
    "compute_distances_l1",
    "compute_distances_no_loops",
    "compute_distances_one_loop",
    "compute_distances_two_loops",
    "cross_validate",
    "distances",
    "predict_labels",
]
