"""Assignment 2: losses of linear classifiers, and their training.

One file an exercise; ``losses``, ``svm``, ``softmax`` and ``linear_model`` are what several share.
No file here imports the numeric library, or another assignment.
"""

from cs231n_lib.course.checks.a2 import (
    linear_classifier,
    linear_model,
    losses,
    softmax,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm,
    svm_loss_naive,
    svm_loss_vectorized,
    tune,
)

__all__ = [
    "linear_classifier",
    "linear_model",
    "losses",
    "softmax",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "svm",
    "svm_loss_naive",
    "svm_loss_vectorized",
    "tune",
]
