"""Image classification from scratch: linear classifiers, backpropagation and ConvNets.

The names below are what the chapters use. Each lives in the module it is imported from, and
more lives there: ``from cs231n_lib import neighbors`` is as good a way in.
"""

from cs231n_lib.backend import array_namespace, as_float, asarray_like, gpu_is_available, to_host

__version__ = "0.1.0"

# One import line a module above, in alphabetical order; its names below, sorted.
__all__ = [
    "array_namespace",
    "as_float",
    "asarray_like",
    "gpu_is_available",
    "to_host",
]
