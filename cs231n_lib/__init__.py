"""Image classification from scratch: linear classifiers, backpropagation and ConvNets.

The names below are what the chapters use. Each lives in the module it is imported from, and
more lives there: ``from cs231n_lib import neighbors`` is as good a way in.
"""

from cs231n_lib.accounting import account
from cs231n_lib.backend import array_namespace, as_float, asarray_like, gpu_is_available, to_host
from cs231n_lib.builder import build
from cs231n_lib.conv import col2im, conv_backward, conv_forward, conv_output_size, im2col
from cs231n_lib.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)

__version__ = "0.1.0"

# One import line a module above, in alphabetical order; its names below, sorted.
__all__ = [
    "account",
    "array_namespace",
    "as_float",
    "asarray_like",
    "avg_pool_backward",
    "avg_pool_forward",
    "build",
    "col2im",
    "conv_backward",
    "conv_forward",
    "conv_output_size",
    "gpu_is_available",
    "im2col",
    "max_pool_backward",
    "max_pool_forward",
    "to_host",
]
