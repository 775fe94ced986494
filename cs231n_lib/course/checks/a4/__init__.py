"""Assignment 4: the layers of a ConvNet."""

from cs231n_lib.course.checks.a4 import batchnorm, conv, dropout, im2col, network, pool

__all__ = ["batchnorm", "conv", "dropout", "im2col", "network", "pool"]
