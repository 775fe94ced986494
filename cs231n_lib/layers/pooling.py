"""Max and average pooling over windows that may overlap.

Windows are visited tap by tap in row-major order, as in `geometry`. Max pooling remembers
for each output which tap won (the first one when several are equal) and sends the gradient there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib._checks import check_dout, check_float_array, check_param
from cs231n_lib._parallel import blocks, in_threads
from cs231n_lib.backend import Array, array_namespace, device
from cs231n_lib.layers.geometry import conv_output_size, taps


def _windows(x: Array, pool_param: dict) -> tuple[tuple[int, ...], list[tuple[slice, slice]]]:
    """Check the arguments; return the output's shape and the slices of the window's taps."""
    check_float_array("x", x, "N, C, H, W")
    height, width, stride = check_param(
        "pool_param", pool_param, ("pool_height", "pool_width", "stride")
    )
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, height, stride), conv_output_size(W, width, stride)
    return (N, C, OH, OW), taps(height, width, stride, OH, OW)


def max_pool_forward(x: Array, pool_param: dict) -> tuple[Array, tuple]:
    """Keep the largest value of every window.

    Parameters
    ----------
    x : array (N, C, H, W)
        Any floating dtype.
    pool_param : dict
        ``{"pool_height": int, "pool_width": int, "stride": int}`` in pixels.

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
    shape, slices = _windows(x, pool_param)
    out = xp.empty(shape, dtype=x.dtype, device=device(x))
    index_dtype = xp.uint8 if len(slices) <= 256 else xp.int32
    winner = xp.empty(shape, dtype=index_dtype, device=device(x))

    def work(images: slice) -> None:
        best, first = _first_maximum(x[images, ...], slices, index_dtype)
        out[images, ...], winner[images, ...] = best, first

    _in_blocks(work, x)
    return out, (x, winner, pool_param)


def _first_maximum(
    x: Array, slices: list[tuple[slice, slice]], index_dtype: Any
) -> tuple[Array, Array]:
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
    """Call `work` on slices of the batch: cache-sized, on threads, for NumPy; else on all of it."""
    if not isinstance(x, np.ndarray):
        return work(slice(0, x.shape[0]))
    bytes_each = x[0].nbytes

    def part_by_part(part: range) -> None:
        for images in blocks(part, bytes_each):
            work(images)

    in_threads(part_by_part, x.shape[0], bytes_each)


def max_pool_backward(dout: Array, cache: tuple) -> Array:
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
        A pixel that won several overlapping windows gets the sum. The others get `dout` times
        0, so that a gradient of infinity or NaN shows in its whole window.

    Raises
    ------
    TypeError, ValueError
        If `dout` does not match the output.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[[1.0, 2.0, 9.0, 2.0, 1.0]]]])
    >>> out, cache = max_pool_forward(x, {"pool_height": 1, "pool_width": 3, "stride": 2})
    >>> max_pool_backward(np.array([[[[1.0, 10.0]]]]), cache)[0, 0]
    array([[ 0.,  0., 11.,  0.,  0.]])
    """
    x, winner, pool_param = cache
    xp = array_namespace(dout, x)
    shape, slices = _windows(x, pool_param)
    check_dout(dout, x, shape)
    dx = xp.empty_like(x)
    height, width, stride = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    overlap = stride < max(height, width)

    def work(images: slice) -> None:
        upstream, won, target = dout[images, ...], winner[images, ...], dx[images, ...]
        if overlap or stride > min(height, width):
            target[...] = 0
        for tap, (rows, columns) in enumerate(slices):
            share = upstream * xp.astype(won == tap, x.dtype)
            if overlap:
                target[:, :, rows, columns] += share
            else:
                target[:, :, rows, columns] = share

    _in_blocks(work, x)
    return dx


def avg_pool_forward(x: Array, pool_param: dict) -> tuple[Array, tuple]:
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
    shape, slices = _windows(x, pool_param)
    out = xp.zeros(shape, dtype=x.dtype, device=device(x))
    for rows, columns in slices:
        out += x[:, :, rows, columns]
    out /= len(slices)
    return out, (x, pool_param)


def avg_pool_backward(dout: Array, cache: tuple) -> Array:
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
    x, pool_param = cache
    xp = array_namespace(dout, x)
    shape, slices = _windows(x, pool_param)
    check_dout(dout, x, shape)
    dx = xp.zeros_like(x)
    share = dout / len(slices)
    for rows, columns in slices:
        dx[:, :, rows, columns] += share
    return dx
