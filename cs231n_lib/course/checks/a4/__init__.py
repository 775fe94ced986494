"""Assignment 4: the layers of a ConvNet.

One file an exercise; a later one builds on the right answers of those before it.
No file here imports the numeric library, or another assignment.
"""

from cs231n_lib.course.checks.a4 import (
    batchnorm,
    conv,
    conv_output_size,
    dropout,
    im2col,
    max_pool,
    three_layer_conv_net,
)

__all__ = [
    "batchnorm",
    "conv",
    "conv_output_size",
    "dropout",
    "im2col",
    "max_pool",
    "three_layer_conv_net",
]
