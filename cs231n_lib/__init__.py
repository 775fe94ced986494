"""Image classification from scratch: linear classifiers, backpropagation and ConvNets.

The names below are what the chapters use. Each lives in the module it is imported from, and
more lives there: ``from cs231n_lib import neighbors`` is as good a way in.
"""

from cs231n_lib.accounting import account
from cs231n_lib.backend import array_namespace, as_float, asarray_like, gpu_is_available, to_host
from cs231n_lib.builder import build
from cs231n_lib.conv import col2im, conv_backward, conv_forward, conv_output_size, im2col
from cs231n_lib.gradcheck import (
    check_gradient,
    check_projection,
    find_kinks,
    numerical_gradient,
    relative_error,
    tolerance,
)
from cs231n_lib.neighbors import (
    KNearestNeighbor,
    compute_distances_no_loops,
    compute_distances_one_loop,
    compute_distances_two_loops,
    cross_validate,
    majority_vote,
    nearest,
)
from cs231n_lib.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)

__version__ = "0.1.0"

# One import line a module above, in alphabetical order; its names below, sorted.
__all__ = [
    "KNearestNeighbor",
    "account",
    "array_namespace",
    "as_float",
    "asarray_like",
    "avg_pool_backward",
    "avg_pool_forward",
    "build",
    "check_gradient",
    "check_projection",
    "col2im",
    "compute_distances_no_loops",
    "compute_distances_one_loop",
    "compute_distances_two_loops",
    "conv_backward",
    "conv_forward",
    "conv_output_size",
    "cross_validate",
    "find_kinks",
    "gpu_is_available",
    "im2col",
    "majority_vote",
    "max_pool_backward",
    "max_pool_forward",
    "nearest",
    "numerical_gradient",
    "relative_error",
    "to_host",
    "tolerance",
]
