"""Assignment 3: backpropagation and a two-layer network."""

from cs231n_lib.course.checks.a3 import layers, network

__all__ = ["layers", "network"]
