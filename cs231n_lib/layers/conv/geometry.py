"""What a convolution is about: which images, which filters, which windows.

A `Geometry` is made once, at the door; with it come the checks. An algorithm gets it in place of
the parameter dictionary and trusts it, and so does the way back, which finds it in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib._arguments import check_count, check_param, check_whole
from cs231n_lib._checks import check_float_array
from cs231n_lib.backend import Array, array_namespace, float_dtype
from cs231n_lib.layers.cached import check_fit, read_cache
from cs231n_lib.layers.geometry import conv_output_size


@dataclass(frozen=True)
class Geometry:
    """The shapes of a convolution, checked.

    Attributes
    ----------
    images : tuple of int
        (N, C, H, W).
    filters : tuple of int
        (F, C, HH, WW).
    stride, pad : int
        In pixels, as in `conv_output_size`.
    out : tuple of int
        Number of windows OH down and OW across.
    is_numpy : bool
        Whether the arrays lie in NumPy's memory.
    algorithm : str or None
        The algorithm that was asked for by name.
    """

    images: tuple[int, int, int, int]
    filters: tuple[int, int, int, int]
    stride: int
    pad: int
    out: tuple[int, int]
    is_numpy: bool = True
    algorithm: str | None = None

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """(N, F, OH, OW)."""
        return self.images[0], self.filters[0], *self.out


ConvParam = dict[str, Any] | Geometry
Cache = tuple[Any, Any, Any, ConvParam]  # x, w, b, and what they were convolved by


def geometry_of(x: Array, w: Array, b: Array, conv_param: ConvParam) -> Geometry:
    """Check the arguments of a convolution; a `Geometry` in place of `conv_param` is trusted.

    Raises
    ------
    TypeError
        If the arrays are of different libraries, not floating point or of different dtypes.
    ValueError
        If shapes disagree, `conv_param` has other keys than ``stride``, ``pad`` and, if wanted,
        ``floor`` and ``algorithm``, or the geometry is illegal (see `conv_output_size`).

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 3, 8, 8)), np.ones((4, 2, 3, 3)), np.ones(4)
    >>> geometry_of(x, w, b, {"stride": 1, "pad": 1})
    Traceback (most recent call last):
    ...
    ValueError: x has 3 channels but each filter in w has 2
    """
    if isinstance(conv_param, Geometry):
        return conv_param
    array_namespace(x, w, b)
    check_float_array("x", x, "N, C, H, W")
    check_float_array("w", w, "F, C, HH, WW")
    check_float_array("b", b, "F")
    float_dtype(x, w, b)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels but each filter in w has {w.shape[1]}")
    if b.shape[0] != w.shape[0]:
        raise ValueError(f"w has {w.shape[0]} filters but b has {b.shape[0]} biases")
    return lay_out(tuple(x.shape), tuple(w.shape), conv_param, isinstance(x, np.ndarray))


def read_conv_cache(cache: Cache) -> tuple[Any, Any, Any, Geometry]:
    """Return x, w, b and the geometry that a convolution has kept for the way back.

    Raises
    ------
    TypeError, ValueError
        If it is no cache of a convolution, or its arrays do not go together (see `geometry_of`).

    Examples
    --------
    >>> read_conv_cache((np.ones(2), np.ones(2)))
    Traceback (most recent call last):
    ...
    TypeError: expected the cache that conv_forward returned, a tuple (x, w, b, conv_param), got \
tuple of 2
    """
    forward = "conv_forward"
    x, w, b, conv_param = read_cache(cache, forward, x=4, w=4, b=1, conv_param=(Mapping, Geometry))
    geometry = geometry_of(x, w, b, conv_param)
    if conv_param is geometry:  # was trusted: whether it is that of these arrays is another matter
        check_fit(forward, "x", x, geometry.images)
        check_fit(forward, "w", w, geometry.filters)
        check_fit(forward, "b", b, geometry.filters[:1])
        float_dtype(x, w, b)
    return x, w, b, geometry


def lay_out(
    images: tuple[int, ...], filters: tuple[int, ...], conv_param: dict, is_numpy: bool = True
) -> Geometry:
    """Work out the windows of filters (F, C, HH, WW) on images (N, C, H, W).

    Examples
    --------
    >>> lay_out((1, 3, 8, 6), (4, 3, 3, 3), {"stride": 1, "pad": 1}).out
    (8, 6)
    """
    stride, pad, floor, algorithm = check_param(
        "conv_param", conv_param, ("stride", "pad"), {"floor": False, "algorithm": None}
    )
    stride, pad = check_count("stride", stride), check_whole("pad", pad, 0)
    (N, C, H, W), (F, _, HH, WW) = images, filters
    OH, OW = (
        conv_output_size(edge, window, stride, pad, floor=floor)
        for edge, window in ((H, HH), (W, WW))
    )
    return Geometry((N, C, H, W), (F, C, HH, WW), stride, pad, (OH, OW), is_numpy, algorithm)


def require_blocks(x: Any) -> None:
    """Reject images that cannot be cut into blocks in host memory.

    Raises
    ------
    TypeError
        If `x` is not a NumPy array.
    ValueError
        If it holds no image.

    Examples
    --------
    >>> require_blocks(np.ones(2))
    """
    if not isinstance(x, np.ndarray):
        raise TypeError(
            f"this algorithm works on NumPy arrays, got {type(x).__name__}; conv_forward and "
            "conv_backward pick one that works for every library"
        )
    if not len(x):
        raise ValueError(
            "this algorithm needs at least one image, got none; conv_forward and conv_backward "
            "pick one that needs none"
        )
