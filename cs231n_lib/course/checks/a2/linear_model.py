"""Linear classifiers as objects, for training and for tuning them: what is read of one."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import attributes
from cs231n_lib.course.checks.verdict import Diagnosis

NO_MODEL = Diagnosis("no_model", "an object of the class is asked for, with all its methods.")


def attribute(model: Any, name: str) -> Any:
    """Return an attribute of a student's model, or say that it has none."""
    return attributes.attribute(model, name, "the model", NO_MODEL)


def highest_score(X: np.ndarray, W: np.ndarray, *, by: str = "argmax") -> np.ndarray:
    """Return the class of the highest score for each row of ``X``; ``by`` is a dial."""
    scores = X @ W
    return {"argmax": scores.argmax(axis=1), "argmin": scores.argmin(axis=1),
            "max": scores.max(axis=1), "abs": np.abs(scores).argmax(axis=1)}[by]  # fmt: skip


def clouds(rng: np.random.Generator, N: int, C: int) -> tuple[np.ndarray, np.ndarray]:
    """Return N points around the C corners of a cross in C dimensions, and their classes."""
    y = np.arange(N) % C
    rng.shuffle(y)
    return 4 * np.eye(C)[y] + 0.4 * rng.normal(size=(N, C)), y
