"""What every algorithm of a convolution asks before it starts."""

from typing import Any

import numpy as np

from cs231n_lib._checks import check_float_array, check_param
from cs231n_lib.backend import Array, array_namespace, float_dtype
from cs231n_lib.layers.geometry import conv_output_size

Cache = tuple[Array, Array, Array, dict]


def output_shape(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[int, int, int, int]:
    """Check the arguments of a convolution and return the shape (N, F, OH, OW) of its output.

    Raises
    ------
    TypeError
        If the arrays are of different libraries, not floating point or of different dtypes.
    ValueError
        If shapes disagree, `conv_param` has other keys than ``stride`` and ``pad``, or the
        geometry is illegal (see `conv_output_size`).

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 3, 8, 8)), np.ones((4, 2, 3, 3)), np.ones(4)
    >>> output_shape(x, w, b, {"stride": 1, "pad": 1})
    Traceback (most recent call last):
    ...
    ValueError: x has 3 channels but each filter in w has 2
    """
    array_namespace(x, w, b)
    check_float_array("x", x, "N, C, H, W")
    check_float_array("w", w, "F, C, HH, WW")
    check_float_array("b", b, "F")
    float_dtype(x, w, b)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels but each filter in w has {w.shape[1]}")
    if b.shape[0] != w.shape[0]:
        raise ValueError(f"w has {w.shape[0]} filters but b has {b.shape[0]} biases")
    stride, pad = check_param("conv_param", conv_param, ("stride", "pad"))
    OH = conv_output_size(x.shape[2], w.shape[2], stride, pad)
    OW = conv_output_size(x.shape[3], w.shape[3], stride, pad)
    return x.shape[0], w.shape[0], OH, OW


def require_numpy(*arrays: Any) -> None:
    """Reject arrays that do not lie in host memory.

    Raises
    ------
    TypeError
        If one of `arrays` is not a NumPy array.

    Examples
    --------
    >>> require_numpy(np.ones(2))
    """
    for x in arrays:
        if not isinstance(x, np.ndarray):
            raise TypeError(
                f"this algorithm works on NumPy arrays, got {type(x).__name__}; conv_forward and "
                "conv_backward pick one that works for every library"
            )
