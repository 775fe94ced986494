"""Max and average pooling over windows that may overlap.

Windows are visited tap by tap in row-major order, as in `geometry`. Max pooling remembers
for each output which tap won (the first one when several are equal) and sends the gradient there.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from cs231n_lib._arguments import check_count, check_flag, check_param, check_whole, normalise
from cs231n_lib._checks import check_float_array, check_upstream
from cs231n_lib._parallel import block_length, blocks, in_threads, num_threads, part_length
from cs231n_lib.backend import A, Array, array_namespace, asarray_like, device
from cs231n_lib.layers.cached import check_fit, read_cache
from cs231n_lib.layers.geometry import conv_output_size, taps
from cs231n_lib.layers.layer import REUSED, Arrays, Layer, Memory, Reader, Shape, as_image
from cs231n_lib.layers.masking import where_kept


@dataclass(frozen=True)
class _Windows:
    """Where the windows lie, in images with a frame of `pad` pixels."""

    out: tuple[int, ...]  # (N, C, OH, OW)
    size: tuple[int, int]
    taps: list[tuple[slice, slice]]
    pad: int
    overlap: bool
    gaps: bool  # whether some pixels lie in no window

    def room(self, x: A, value: float) -> A:
        """Return an array of the size of `x` with its frame, filled with `value`."""
        N, C, H, W = x.shape
        shape = (N, C, H + 2 * self.pad, W + 2 * self.pad)
        return array_namespace(x).full(shape, value, dtype=x.dtype, device=device(x))

    def frame(self, x: A, value: float) -> A:
        """Return `x` with the frame filled with `value`; without a frame, `x` itself."""
        if not self.pad:
            return x
        framed = self.room(x, value)
        self.inside(framed)[...] = x
        return framed

    def gather(self, framed: Array) -> Array:
        """Return the pixels of each window along a last axis: few launches, and more memory."""
        xp = array_namespace(framed)
        N, C, OH, OW = self.out
        height, width = self.size
        down = np.concatenate([np.r_[rows] for rows, _ in self.taps[::width]])
        across = np.concatenate([np.r_[columns] for _, columns in self.taps[:width]])
        framed = xp.take(framed, asarray_like(down, framed), axis=2)
        framed = xp.take(framed, asarray_like(across, framed), axis=3)
        grid = xp.reshape(framed, (N, C, height, OH, width, OW))
        return xp.reshape(xp.permute_dims(grid, (0, 1, 3, 5, 2, 4)), (N, C, OH, OW, -1))

    def scatter(self, shares: Array, like: Array) -> Any:
        """Add what `gather` returned back onto its pixels, in images such as `like`."""
        xp = array_namespace(shares)
        N, C, OH, OW = self.out
        height, width = self.size
        if not (self.overlap or self.gaps or self.pad):
            grid = xp.reshape(shares, (N, C, OH, OW, height, width))
            return xp.reshape(xp.permute_dims(grid, (0, 1, 2, 4, 3, 5)), like.shape)
        framed = self.room(like, 0)
        for number, (rows, columns) in enumerate(self.taps):
            pixels = framed[:, :, rows, columns]
            pixels += shares[..., number]  # written through: on a device this is one launch
        return xp.asarray(self.inside(framed), copy=True) if self.pad else framed

    def inside(self, framed: A) -> A:
        """Return what is not frame."""
        _, _, height, width = framed.shape
        return framed[:, :, self.pad : height - self.pad, self.pad : width - self.pad]


def _windows(x: Array, pool_param: dict) -> _Windows:
    check_float_array("x", x, "N, C, H, W")
    height, width, stride, pad, floor = check_param(
        "pool_param",
        pool_param,
        ("pool_height", "pool_width", "stride"),
        {"pad": 0, "floor": False},
    )
    height, width = check_count("pool_height", height), check_count("pool_width", width)
    stride, pad = check_count("stride", stride), check_whole("pad", pad, 0)
    N, C, H, W = x.shape
    OH = conv_output_size(H, height, stride, pad, floor=floor)
    OW = conv_output_size(W, width, stride, pad, floor=floor)
    if 2 * pad > min(height, width):
        raise ValueError(f"pad must be at most half of the window, got {pad} for {height}x{width}")
    covered = (stride * (OH - 1) + height, stride * (OW - 1) + width)
    return _Windows(
        (N, C, OH, OW),
        (height, width),
        taps(height, width, stride, OH, OW),
        pad,
        overlap=stride < max(height, width),
        gaps=stride > min(height, width) or covered != (H + 2 * pad, W + 2 * pad),
    )


def max_pool_forward(x: A, pool_param: dict) -> tuple[A, tuple]:
    """Keep the largest value of every window.

    Parameters
    ----------
    x : array (N, C, H, W)
        Any floating dtype.
    pool_param : dict
        ``{"pool_height": int, "pool_width": int, "stride": int}`` in pixels. If wanted also
        ``"pad"``, a frame that never wins (and counts as zeros in an average), at most half of the
        window wide; and ``"floor": True``, which drops an incomplete last window.

    Returns
    -------
    out : array (N, C, OH, OW)
        Same dtype as `x`; NaN where the window holds a NaN.
    cache : tuple
        ``(x, winner, pool_param)``; `winner` (N, C, OH, OW) is the row-major index, inside its
        window, of the first maximum.

    Raises
    ------
    TypeError, ValueError
        If `x` is not a 4-D floating array, `pool_param` has other keys, or the windows do not
        fit (see `conv_output_size`).

    Notes
    -----
    Lecture section "Convolutional networks": F=2, S=2, or F=3, S=2 with overlap.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[[1.0, 2.0, 5.0, 5.0], [4.0, 3.0, 5.0, 0.0]]]])
    >>> out, cache = max_pool_forward(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    >>> out[0, 0]
    array([[4., 5.]])
    >>> cache[1][0, 0]
    array([[2, 0]], dtype=uint8)
    """
    xp = array_namespace(x)
    windows = _windows(x, pool_param)
    index_dtype = xp.uint8 if len(windows.taps) <= 256 else xp.int32
    if not isinstance(x, np.ndarray):
        values = windows.gather(windows.frame(x, -xp.inf))
        winner = xp.astype(xp.argmax(values, axis=-1), index_dtype)
        return xp.max(values, axis=-1), (x, winner, pool_param)
    out = xp.empty(windows.out, dtype=x.dtype, device=device(x))
    winner = xp.empty(windows.out, dtype=index_dtype, device=device(x))

    def work(images: slice) -> None:
        framed = windows.frame(x[images, ...], -xp.inf)
        best, first = _first_maximum(framed, windows.taps, index_dtype)
        if xp.isnan(xp.max(best)):  # is larger than nothing, and wins all the same
            first = xp.astype(xp.argmax(windows.gather(framed), axis=-1), index_dtype)
        out[images, ...], winner[images, ...] = best, first

    _in_blocks(work, x)
    return out, (x, winner, pool_param)


def _first_maximum(x: A, slices: list[tuple[slice, slice]], index_dtype: Any) -> tuple[A, A]:
    xp = array_namespace(x)
    best = xp.asarray(x[:, :, *slices[0]], copy=True)
    winner = xp.zeros(best.shape, dtype=index_dtype, device=device(x))
    for tap, (rows, columns) in enumerate(slices[1:], start=1):
        window = xp.asarray(x[:, :, rows, columns], copy=True)  # read twice, so gather it once
        # A later tap that is better has the larger index: no need to choose element by element.
        winner = xp.maximum(winner, xp.astype(window > best, index_dtype) * tap)
        best = xp.maximum(best, window)
    return best, winner


def _in_blocks(work: Callable[[slice], None], x: Array) -> None:
    """Call `work` on slices of the batch, cache-sized and on threads."""
    bytes_each = x.dtype.itemsize * math.prod(x.shape[1:])

    def part_by_part(part: range) -> None:
        for images in blocks(part, bytes_each, longest=part_length(x.shape[0], bytes_each)):
            work(images)

    in_threads(part_by_part, x.shape[0], bytes_each)


def max_pool_backward(dout: A, cache: tuple) -> A:
    """Send the gradient of every window to the pixel that won it.

    Parameters
    ----------
    dout : array (N, C, OH, OW)
        Gradient of the loss with respect to the output.
    cache : tuple
        What `max_pool_forward` returned.

    Returns
    -------
    array (N, C, H, W)
        A pixel that won several overlapping windows gets the sum. The others get 0, even if
        `dout` is infinite or NaN.

    Raises
    ------
    TypeError, ValueError
        If `dout` does not match the output, or `cache` is another one.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[[1.0, 2.0, 9.0, 2.0, 1.0]]]])
    >>> out, cache = max_pool_forward(x, {"pool_height": 1, "pool_width": 3, "stride": 2})
    >>> max_pool_backward(np.array([[[[1.0, 10.0]]]]), cache)[0, 0]
    array([[ 0.,  0., 11.,  0.,  0.]])
    """
    forward = "max_pool_forward"
    x, winner, pool_param = read_cache(cache, forward, x=4, winner=4, pool_param=Mapping)
    xp = array_namespace(x, winner)
    windows = _windows(x, pool_param)
    check_fit(forward, "winner", winner, windows.out)
    check_upstream(dout, windows.out, x)
    if not isinstance(x, np.ndarray):
        tap = xp.arange(len(windows.taps), dtype=winner.dtype, device=device(x))
        return windows.scatter(xp.where(winner[..., None] == tap, dout[..., None], 0.0), x)
    dx = xp.empty_like(x)

    def work(images: slice) -> None:
        upstream, won, target = dout[images, ...], winner[images, ...], dx[images, ...]
        framed = windows.room(target, 0) if windows.pad else target
        if windows.overlap or windows.gaps:
            framed[...] = 0
        for tap, (rows, columns) in enumerate(windows.taps):
            share = where_kept(won == tap, upstream)
            if windows.overlap:
                framed[:, :, rows, columns] += share
            else:
                framed[:, :, rows, columns] = share
        if windows.pad:
            target[...] = windows.inside(framed)

    _in_blocks(work, x)
    return dx


def avg_pool_forward(x: A, pool_param: dict) -> tuple[A, tuple]:
    """Average every window.

    Parameters and errors as in `max_pool_forward`.

    Returns
    -------
    out : array (N, C, OH, OW)
        Same dtype as `x`.
    cache : tuple
        ``(x, pool_param)``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[[1.0, 2.0, 5.0, 5.0], [4.0, 3.0, 5.0, 1.0]]]])
    >>> avg_pool_forward(x, {"pool_height": 2, "pool_width": 2, "stride": 2})[0][0, 0]
    array([[2.5, 4. ]])
    """
    xp = array_namespace(x)
    windows = _windows(x, pool_param)
    framed = windows.frame(x, 0)
    out = xp.zeros(windows.out, dtype=x.dtype, device=device(x))
    for rows, columns in windows.taps:
        out += framed[:, :, rows, columns]
    out /= len(windows.taps)
    return out, (x, pool_param)


def avg_pool_backward(dout: A, cache: tuple) -> A:
    """Share the gradient of every window equally among its pixels.

    Parameters, returns and errors as in `max_pool_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones((1, 1, 1, 3))
    >>> out, cache = avg_pool_forward(x, {"pool_height": 1, "pool_width": 2, "stride": 1})
    >>> avg_pool_backward(np.array([[[[2.0, 4.0]]]]), cache)[0, 0]
    array([[1., 3., 2.]])
    """
    x, pool_param = read_cache(cache, "avg_pool_forward", x=4, pool_param=Mapping)
    xp = array_namespace(x)
    windows = _windows(x, pool_param)
    check_upstream(dout, windows.out, x)
    framed = windows.room(x, 0)
    share = dout / len(windows.taps)
    for rows, columns in windows.taps:
        framed[:, :, rows, columns] += share
    return xp.asarray(windows.inside(framed), copy=True) if windows.pad else framed


@dataclass(frozen=True)
class Pool(Layer):
    """Max or average pooling over windows of `size` x `size`.

    Parameters
    ----------
    size, stride, pad : int
        In pixels.
    floor : bool
        Drop an incomplete last window; see `conv_output_size`.
    average : bool
        Average, as `avg_pool_forward`, in place of the maximum, as `max_pool_forward`.
    """

    size: int
    stride: int
    pad: int = 0
    floor: bool = False
    average: bool = False

    example: ClassVar = "POOL2"

    def __post_init__(self) -> None:
        """Check what no shape of an input can make right."""
        normalise(self, check_count, "size", "stride")
        normalise(self, check_whole, "pad")
        normalise(self, check_flag, "floor", "average")
        conv_output_size(self.size, self.size, self.stride, self.pad, floor=True)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        C, H, W = as_image(shape)
        geometry = (self.size, self.stride, self.pad)
        OH, OW = (conv_output_size(edge, *geometry, floor=self.floor) for edge in (H, W))
        return C, OH, OW

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, tuple, dict[str, Array]]:
        """Pool; see `Layer.forward`."""
        run = avg_pool_forward if self.average else max_pool_forward
        return *run(x, self._param()), {}

    def backward(
        self, dout: Array, cache: tuple, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        run = avg_pool_backward if self.average else max_pool_backward
        return run(dout, cache), {}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        C, H, W = as_image(shape)
        count, dx = batch * math.prod(self.output_shape(shape)), batch * C * H * W * itemsize
        frame = C * (H + 2 * self.pad) * (W + 2 * self.pad) * itemsize * (self.pad > 0)
        out = count * itemsize
        if self.average:
            frames = batch * frame
            return Memory(forward=out + frames, backward=dx + out + frames, dx=dx)
        bytes_each = dx // batch
        threads = num_threads(batch, bytes_each)
        images = block_length(part_length(batch, bytes_each), bytes_each)
        block = images * count // batch
        copies = 2 if block * itemsize >= REUSED else 3
        return Memory(
            forward=out + count + threads * (block * (3 * itemsize + 4) + images * frame),
            backward=dx + threads * (block * (copies * itemsize + 1) + images * frame),
            dx=dx,
            kept=count,  # a byte for each output: which pixel won
        )

    def _param(self) -> dict[str, Any]:
        return {
            "pool_height": self.size,
            "pool_width": self.size,
            "stride": self.stride,
            "pad": self.pad,
            "floor": self.floor,
        }

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read ``f``, then ``sN`` if wanted."""
        size = reader.number("the window size")
        return cls(size, reader.option("s", "the stride", default=size, least=1))
