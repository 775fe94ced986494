"""Convolution, forward and backward: by loops, by columns, and by the fastest way that fits.

All algorithms compute the same function and share one cache, ``(x, w, b, geometry)``: nothing
but the inputs is kept between the passes, so any backward can follow any forward.
As everywhere in the field the filter is not flipped: "convolution" is cross-correlation.

This is the door: callers come in here, are checked once, and one algorithm is chosen for them. An
algorithm is one file beside it and one name in `PREFERENCE`; none of them chooses another. On NumPy
`winograd` takes 3 x 3 and 5 x 5 filters at stride 1 between many channels and `blocked` the rest;
other libraries take `columns`; `naive` is what tests and readers hold them against.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from cs231n_lib._arguments import check_count, check_flag, check_whole, normalise
from cs231n_lib.backend import A, Array, array_namespace, device
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.blocked import BLOCKED, conv_backward_blocked, conv_forward_blocked
from cs231n_lib.layers.conv.columns import COLUMNS, conv_backward_im2col, conv_forward_im2col
from cs231n_lib.layers.conv.geometry import (
    Cache,
    ConvParam,
    Geometry,
    geometry_of,
    lay_out,
    read_conv_cache,
)
from cs231n_lib.layers.conv.naive import NAIVE, conv_backward_naive, conv_forward_naive
from cs231n_lib.layers.conv.winograd import (
    WINOGRAD,
    conv_backward_winograd,
    conv_forward_winograd,
)
from cs231n_lib.layers.geometry import conv_output_size
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Reader, Shape, as_image

__all__ = [
    "ALGORITHMS",
    "PREFERENCE",
    "Conv",
    "choose_algorithm",
    "conv_backward",
    "conv_backward_blocked",
    "conv_backward_im2col",
    "conv_backward_naive",
    "conv_backward_winograd",
    "conv_forward",
    "conv_forward_blocked",
    "conv_forward_im2col",
    "conv_forward_naive",
    "conv_forward_winograd",
]

# The first that suits is taken.
PREFERENCE = (WINOGRAD, BLOCKED, COLUMNS, NAIVE)

ALGORITHMS: dict[str, tuple[Callable, Callable]] = {
    algorithm.name: (algorithm.forward, algorithm.backward) for algorithm in reversed(PREFERENCE)
}


def choose_algorithm(geometry: Geometry, need_dx: bool = True) -> Algorithm:
    """Return the algorithm that `conv_forward` and `conv_backward` use.

    Parameters
    ----------
    geometry : Geometry
        See `geometry_of`.
    need_dx : bool
        False where an algorithm is preferred that saves the time for dx.

    Returns
    -------
    Algorithm
        The one that is asked for by name, else columns on any library but NumPy and for a batch
        of no images. On NumPy
        Winograd's for 3x3 and 5x5 filters at stride 1 with at least 16 channels in and out (below,
        its transforms cost more than they save), else blocks.

    Raises
    ------
    ValueError
        If no algorithm has the name that is asked for.

    Examples
    --------
    >>> choose_algorithm(lay_out((1, 64, 8, 8), (64, 64, 3, 3), {"stride": 1, "pad": 1})).name
    'winograd'
    >>> choose_algorithm(lay_out((1, 64, 9, 9), (64, 64, 3, 3), {"stride": 2, "pad": 1})).name
    'blocked'
    """
    if geometry.algorithm is not None:
        for algorithm in PREFERENCE:
            if algorithm.name == geometry.algorithm:
                return algorithm
        names = ", ".join(ALGORITHMS)
        raise ValueError(f"no algorithm is called {geometry.algorithm!r}; there are {names}")
    suitable = [algorithm for algorithm in PREFERENCE if algorithm.suits(geometry)]
    return next((a for a in suitable if need_dx or a.skips_dx), suitable[0])


def conv_forward(x: A, w: A, b: A, conv_param: ConvParam) -> tuple[A, Cache]:
    """Convolve by the best algorithm for this input (see `choose_algorithm`).

    Parameters, returns and errors as in `conv_forward_naive`. ``"algorithm"`` in `conv_param`, a
    key of `ALGORITHMS`, chooses another: Winograd's, the default for many channels, lets very
    large pixels, infinity and NaN disturb their neighbours (see `conv_forward_winograd`).

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> out.shape
    (2, 4, 8, 8)
    """
    geometry = geometry_of(x, w, b, conv_param)
    return choose_algorithm(geometry).forward(x, w, b, geometry)


def conv_backward(dout: A, cache: Cache, need_dx: bool = True) -> tuple[A | None, A, A]:
    """Go back through a convolution by the best algorithm for this input.

    Parameters, returns and errors as in `conv_backward_naive`, and:

    Parameters
    ----------
    need_dx : bool
        False for a first layer, behind which there is nothing to learn: dx is None, and the time
        for it is saved.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> [d.shape for d in conv_backward(out, cache)]
    [(2, 3, 8, 8), (4, 3, 3, 3), (4,)]
    """
    x, w, b, geometry = read_conv_cache(cache)
    algorithm = choose_algorithm(geometry, check_flag("need_dx", need_dx))
    if algorithm.skips_dx:
        return algorithm.backward(dout, (x, w, b, geometry), need_dx)
    dx, dw, db = algorithm.backward(dout, (x, w, b, geometry))
    return dx if need_dx else None, dw, db


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution with `filters` filters of `size` x `size`, as `conv_forward`.

    Parameters
    ----------
    filters, size, stride, pad : int
        Number of filters; the rest in pixels.
    bias : bool
        Whether each filter has a bias.
    floor : bool
        Drop an incomplete last window; see `conv_output_size`.
    algorithm : str or None
        A key of `ALGORITHMS`; None for the best one, see `conv_forward`.

    Examples
    --------
    >>> Conv(64, 7, stride=2, pad=3, floor=True).output_shape((3, 224, 224))
    (64, 112, 112)
    """

    filters: int
    size: int
    stride: int = 1
    pad: int = 0
    bias: bool = True
    floor: bool = False
    algorithm: str | None = None

    weights: ClassVar = ("W",)
    example: ClassVar = "CONV3-64"

    def __post_init__(self) -> None:
        """Check what no shape of an input can make right."""
        normalise(self, check_count, "filters", "size", "stride")
        normalise(self, check_whole, "pad")
        normalise(self, check_flag, "bias", "floor")
        conv_output_size(self.size, self.size, self.stride, self.pad, floor=True)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        _, H, W = as_image(shape)
        geometry = (self.size, self.stride, self.pad)
        OH, OW = (conv_output_size(edge, *geometry, floor=self.floor) for edge in (H, W))
        return self.filters, OH, OW

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        weights = {"W": (self.filters, shape[0], self.size, self.size)}
        return weights | ({"b": (self.filters,)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        window = shape[0] * self.size**2
        return math.prod(self.output_shape(shape)) * window

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Convolve; see `Layer.forward`."""
        w = params["W"]
        xp = array_namespace(w)
        b = params["b"] if self.bias else xp.zeros(w.shape[0], dtype=w.dtype, device=device(w))
        return *conv_forward(x, w, b, self._param()), {}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        dx, dw, db = conv_backward(dout, cache, need_dx)
        return dx, {"W": dw, "b": db} if self.bias else {"W": dw}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates: the algorithms know their workspaces."""
        parameters = self.parameters(shape)
        geometry = lay_out((batch, *shape), parameters["W"], self._param())
        forward, backward = (choose_algorithm(geometry, need) for need in (True, need_dx))
        if forward.workspace is None or backward.workspace is None:
            raise ValueError(f"the memory of the algorithm {self.algorithm!r} cannot be predicted")
        out = itemsize * math.prod(geometry.output_shape)
        dx = itemsize * math.prod(geometry.images) * need_dx
        return Memory(
            forward=out + forward.workspace(geometry, itemsize, False, True),
            # What the gradients are added up in is workspace, and larger than they are.
            backward=dx + backward.workspace(geometry, itemsize, True, need_dx),
            dx=dx,
        )

    def _param(self) -> dict[str, Any]:
        return {
            "stride": self.stride,
            "pad": self.pad,
            "floor": self.floor,
            "algorithm": self.algorithm,
        }

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read ``f-k``, then ``sN`` and ``pN`` if wanted; the default pad keeps the size."""
        size = reader.number("the filter size")
        reader.expect("-", "expected - and the number of filters")
        filters = reader.number("the number of filters")
        stride = reader.option("s", "the stride", default=1, least=1)
        if size % 2 == 0 and not reader.comes_next("p"):
            raise reader.error(f"no padding keeps the size with an even filter ({size}): say p0")
        return cls(filters, size, stride, reader.option("p", "the pad", (size - 1) // 2, least=0))
