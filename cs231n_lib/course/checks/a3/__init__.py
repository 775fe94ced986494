"""Assignment 3: backpropagation and a two-layer network."""

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
