"""Assignment 3: backpropagation and a two-layer network.

One file an exercise; a later one builds on the right answers of those before it.
No file here imports the numeric library, or another assignment.
"""

from cs231n_lib.course.checks.a3 import (
    affine,
    eval_numerical_gradient,
    graph_gradients,
    relu,
    sigmoid,
    two_layer_net,
)

__all__ = [
    "affine",
    "eval_numerical_gradient",
    "graph_gradients",
    "relu",
    "sigmoid",
    "two_layer_net",
]
