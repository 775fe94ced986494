"""Assignment 2: losses of linear classifiers, and their training."""

from cs231n_lib.course.checks.a2 import losses, training

__all__ = ["losses", "training"]
