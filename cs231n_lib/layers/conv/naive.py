"""Convolution by loops, as the definition reads: for teaching and as the reference in tests."""

from cs231n_lib._checks import check_upstream
from cs231n_lib.backend import A, array_namespace, device
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.geometry import Cache, ConvParam, geometry_of, read_conv_cache
from cs231n_lib.layers.geometry import pad_images


def conv_forward_naive(x: A, w: A, b: A, conv_param: ConvParam) -> tuple[A, Cache]:
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
        ``{"stride": int, "pad": int}`` in pixels. If wanted also ``"floor": True``, which drops an
        incomplete last window (see `conv_output_size`), and ``"algorithm"``, a key of
        `ALGORITHMS` that `conv_forward` and `conv_backward` are to use.

    Returns
    -------
    out : array (N, F, OH, OW)
        ``out[n, f, i, j] = sum(window(n, i, j) * w[f]) + b[f]``, of the dtype of `x`.
    cache : tuple
        ``(x, w, b, geometry)`` for the backward pass, which also takes ``(x, w, b, conv_param)``.

    Raises
    ------
    TypeError, ValueError
        See `geometry_of`.

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
    geometry = geometry_of(x, w, b, conv_param)
    xp = array_namespace(x)
    N, F, OH, OW = geometry.output_shape
    stride, HH, WW = geometry.stride, w.shape[2], w.shape[3]
    padded = pad_images(x, geometry.pad)
    out = xp.empty((N, F, OH, OW), dtype=x.dtype, device=device(x))
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                top, left = i * stride, j * stride
                window = padded[n, :, top : top + HH, left : left + WW]
                for f in range(F):
                    out[n, f, i, j] = xp.sum(window * w[f, ...]) + b[f]
    return out, (x, w, b, geometry)


def conv_backward_naive(dout: A, cache: Cache) -> tuple[A, A, A]:
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
        If `dout` does not match the output (see `check_upstream`).

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
    x, w, b, geometry = read_conv_cache(cache)
    N, F, OH, OW = geometry.output_shape
    check_upstream(dout, geometry.output_shape, x)
    xp = array_namespace(x)
    stride, pad = geometry.stride, geometry.pad
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


def _suits(geometry: object) -> bool:
    return False  # to be asked for by name only


NAIVE = Algorithm("naive", _suits, conv_forward_naive, conv_backward_naive)
