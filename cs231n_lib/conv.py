"""Convolution, forward and backward: by loops, by columns, and by the fastest way that fits.

All algorithms compute the same function and share one cache, ``(x, w, b, conv_param)``: nothing
but the inputs is kept between the passes, so any backward can follow any forward.
As everywhere in the field the filter is not flipped: "convolution" is cross-correlation.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.backend import array_namespace, device
from cs231n_lib.conv_blocked import conv_backward_blocked, conv_forward_blocked
from cs231n_lib.conv_geometry import (
    check_dout,
    col2im,
    conv_output_size,
    im2col,
    output_shape,
    pad_images,
)
from cs231n_lib.conv_winograd import SIZES, conv_backward_winograd, conv_forward_winograd

__all__ = [
    "ALGORITHMS",
    "choose_algorithm",
    "col2im",
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
    "conv_output_size",
    "im2col",
]

Array = Any
Cache = tuple[Array, Array, Array, dict]


def conv_forward_naive(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[Array, Cache]:
    """Convolve as the definition reads: one inner product for each output value.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images.
    w : array (F, C, HH, WW)
        Filters, of the dtype of `x`.
    b : array (F,)
        Biases, of the dtype of `x`.
    conv_param : dict
        ``{"stride": int, "pad": int}`` in pixels.

    Returns
    -------
    out : array (N, F, OH, OW)
        ``out[n, f, i, j] = sum(window(n, i, j) * w[f]) + b[f]``, of the dtype of `x`.
    cache : tuple
        ``(x, w, b, conv_param)`` for the backward pass.

    Raises
    ------
    TypeError, ValueError
        See `output_shape`.

    Notes
    -----
    Lecture section "Convolutional networks". Loops in Python: for teaching and for tests.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> w, b = np.ones((1, 1, 2, 2)), np.array([10.0])
    >>> out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    >>> out[0, 0]
    array([[18., 22.],
           [30., 34.]])
    """
    xp = array_namespace(x, w, b)
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    stride, HH, WW = conv_param["stride"], w.shape[2], w.shape[3]
    padded = pad_images(x, conv_param["pad"])
    out = xp.empty((N, F, OH, OW), dtype=x.dtype, device=device(x))
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                top, left = i * stride, j * stride
                window = padded[n, :, top : top + HH, left : left + WW]
                for f in range(F):
                    out[n, f, i, j] = xp.sum(window * w[f, ...]) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Go back through a convolution: every output value sends its gradient to what made it.

    Parameters
    ----------
    dout : array (N, F, OH, OW)
        Gradient of the loss with respect to the output.
    cache : tuple
        What the forward pass returned.

    Returns
    -------
    dx : array (N, C, H, W)
    dw : array (F, C, HH, WW)
    db : array (F,)
        Gradients of the loss with respect to `x`, `w` and `b`.

    Raises
    ------
    TypeError, ValueError
        If `dout` does not match the output (see `check_dout`).

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1)
    >>> out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    >>> dx, dw, db = conv_backward_naive(np.ones_like(out), cache)
    >>> dx[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> db
    array([4.])
    """
    x, w, b, conv_param = cache
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    check_dout(dout, x, (N, F, OH, OW))
    xp = array_namespace(dout, x)
    stride, pad = conv_param["stride"], conv_param["pad"]
    (H, W), (HH, WW) = x.shape[2:], w.shape[2:]
    padded = pad_images(x, pad)
    dpadded, dw, db = xp.zeros_like(padded), xp.zeros_like(w), xp.zeros_like(b)
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                rows = slice(i * stride, i * stride + HH)
                columns = slice(j * stride, j * stride + WW)
                for f in range(F):
                    upstream = dout[n, f, i, j]
                    dpadded[n, :, rows, columns] += upstream * w[f, ...]
                    dw[f, ...] += upstream * padded[n, :, rows, columns]
                    db[f] += upstream
    return dpadded[:, :, pad : pad + H, pad : pad + W], dw, db


def conv_forward_im2col(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[Array, Cache]:
    """Convolve by one matrix product for each image: filters (rows) times windows (columns).

    Parameters, returns and errors as in `conv_forward_naive`. The columns take HH * WW / S**2
    times the memory of `x` while the call lasts.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> w, b = np.ones((1, 1, 2, 2)), np.array([10.0])
    >>> conv_forward_im2col(x, w, b, {"stride": 1, "pad": 0})[0][0, 0]
    array([[18., 22.],
           [30., 34.]])
    """
    xp = array_namespace(x, w, b)
    shape = output_shape(x, w, b, conv_param)
    cols = im2col(x, w.shape[2], w.shape[3], **conv_param)
    out = xp.matmul(xp.reshape(w, (w.shape[0], -1)), cols)
    out += b[:, None]
    return xp.reshape(out, shape), (x, w, b, conv_param)


def conv_backward_im2col(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Go back through the matrix product, then fold the columns' gradient by `col2im`.

    Parameters, returns and errors as in `conv_backward_naive`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1)
    >>> out, cache = conv_forward_im2col(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_im2col(np.ones_like(out), cache)[1][0, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    x, w, b, conv_param = cache
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    check_dout(dout, x, (N, F, OH, OW))
    xp = array_namespace(dout, x)
    cols = im2col(x, w.shape[2], w.shape[3], **conv_param)
    flat = xp.reshape(dout, (N, F, OH * OW))
    filters = xp.reshape(w, (F, -1))
    dw = xp.sum(xp.matmul(flat, xp.matrix_transpose(cols)), axis=0)
    dcols = xp.matmul(xp.matrix_transpose(filters), flat)
    dx = col2im(dcols, x.shape, w.shape[2], w.shape[3], **conv_param)
    return dx, xp.reshape(dw, w.shape), xp.sum(flat, axis=(0, 2))


def choose_algorithm(x: Array, w: Array, conv_param: dict) -> str:
    """Name the algorithm that `conv_forward` and `conv_backward` use for this input.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images.
    w : array (F, C, HH, WW)
        Filters.
    conv_param : dict
        ``{"stride": int, "pad": int}``.

    Returns
    -------
    str
        A key of `ALGORITHMS`: ``"im2col"`` on any library but NumPy. On NumPy ``"winograd"`` for
        3x3 and 5x5 filters at stride 1 with at least `WINOGRAD_CHANNELS` channels in and out
        (below, its transforms cost more than they save), else ``"blocked"``.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.ones((1, 64, 8, 8)), np.ones((64, 64, 3, 3))
    >>> choose_algorithm(x, w, {"stride": 1, "pad": 1})
    'winograd'
    >>> choose_algorithm(x, w, {"stride": 2, "pad": 1})
    'blocked'
    """
    if not isinstance(x, np.ndarray):
        return "im2col"
    few = min(w.shape[:2]) < WINOGRAD_CHANNELS
    square = w.shape[2] == w.shape[3] and w.shape[2] in SIZES
    return "winograd" if square and conv_param["stride"] == 1 and not few else "blocked"


def conv_forward(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[Array, Cache]:
    """Convolve by the best algorithm for this input (see `choose_algorithm`).

    Parameters, returns and errors as in `conv_forward_naive`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> out.shape
    (2, 4, 8, 8)
    """
    output_shape(x, w, b, conv_param)
    forward, _ = ALGORITHMS[choose_algorithm(x, w, conv_param)]
    return forward(x, w, b, conv_param)


def conv_backward(
    dout: Array, cache: Cache, need_dx: bool = True
) -> tuple[Array | None, Array, Array]:
    """Go back through a convolution by the best algorithm for this input.

    Parameters, returns and errors as in `conv_backward_naive`, and:

    Parameters
    ----------
    need_dx : bool
        False for a first layer, behind which there is nothing to learn: dx is None, and on NumPy
        the time for it is saved.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> [d.shape for d in conv_backward(out, cache)]
    [(2, 3, 8, 8), (4, 3, 3, 3), (4,)]
    """
    x, w, _, conv_param = cache
    _, backward = ALGORITHMS[choose_algorithm(x, w, conv_param)]
    if need_dx:
        return backward(dout, cache)
    if isinstance(x, np.ndarray):
        return conv_backward_blocked(dout, cache, need_dx=False)
    return None, *backward(dout, cache)[1:]


WINOGRAD_CHANNELS = 16

ALGORITHMS: dict[str, tuple[Callable, Callable]] = {
    "naive": (conv_forward_naive, conv_backward_naive),
    "im2col": (conv_forward_im2col, conv_backward_im2col),
    "blocked": (conv_forward_blocked, conv_backward_blocked),
    "winograd": (conv_forward_winograd, conv_backward_winograd),
}
