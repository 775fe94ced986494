"""Convolution by columns: one matrix product for each image, on every array library.

`im2col` and `col2im` move data by K x K strided slices, one for each filter tap. There is no
scatter and no stride trick, so they are deterministic and run on every array namespace.
"""

from cs231n_lib._arguments import check_count, check_whole
from cs231n_lib._checks import check_float_array, check_upstream
from cs231n_lib._parallel import matmul_each
from cs231n_lib.backend import A, array_namespace, device
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.geometry import Cache, ConvParam, geometry_of, read_conv_cache
from cs231n_lib.layers.geometry import conv_output_size, pad_images, taps


def im2col(
    x: A, height: int, width: int, stride: int = 1, pad: int = 0, *, floor: bool = False
) -> A:
    """Lay out every window of every image as a column.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images, any floating dtype.
    height, width : int
        Size of the window, in pixels.
    stride, pad, floor
        As in `conv_output_size`.

    Returns
    -------
    array (N, C * height * width, OH * OW)
        Columns in the order of the flattened filters: channel, row, column. Same dtype.

    Raises
    ------
    TypeError, ValueError
        For a bad array or an illegal geometry (see `conv_output_size`).

    Notes
    -----
    K. Chellapilla, S. Puri, P. Simard, "High Performance Convolutional Neural Networks for
    Document Processing", 2006.

    Examples
    --------
    >>> import numpy as np
    >>> im2col(np.arange(6.0).reshape(1, 1, 2, 3), 2, 2)[0]
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    """
    xp = array_namespace(x)
    check_float_array("x", x, "N, C, H, W")
    height, width = check_count("height", height), check_count("width", width)
    stride, pad = check_count("stride", stride), check_whole("pad", pad, 0)
    N, C, H, W = x.shape
    OH = conv_output_size(H, height, stride, pad, floor=floor)
    OW = conv_output_size(W, width, stride, pad, floor=floor)
    padded = pad_images(x, pad) if pad else x
    cols = xp.empty((N, C, height * width, OH, OW), dtype=x.dtype, device=device(x))
    for tap, (rows, columns) in enumerate(taps(height, width, stride, OH, OW)):
        cols[:, :, tap, :, :] = padded[:, :, rows, columns]
    return xp.reshape(cols, (N, C * height * width, OH * OW))


def col2im(
    cols: A,
    shape: tuple[int, int, int, int],
    height: int,
    width: int,
    stride: int = 1,
    pad: int = 0,
    *,
    floor: bool = False,
) -> A:
    """Add every column back onto the pixels it came from: the adjoint of `im2col`.

    Parameters
    ----------
    cols : array (N, C * height * width, OH * OW)
        Columns as `im2col` makes them.
    shape : tuple (N, C, H, W)
        Shape of the images.
    height, width, stride, pad, floor
        As in `im2col`.

    Returns
    -------
    array (N, C, H, W)
        A pixel that lies in several windows is the sum of them. Same dtype as `cols`.

    Raises
    ------
    TypeError, ValueError
        If `cols` does not have the shape that `im2col` gives for `shape`, or the geometry is
        illegal.

    Examples
    --------
    >>> import numpy as np
    >>> col2im(np.ones((1, 4, 2)), (1, 1, 2, 3), 2, 2)[0, 0]
    array([[1., 2., 1.],
           [1., 2., 1.]])
    """
    xp = array_namespace(cols)
    check_float_array("cols", cols, "N, C*height*width, OH*OW")
    height, width = check_count("height", height), check_count("width", width)
    stride, pad = check_count("stride", stride), check_whole("pad", pad, 0)
    if not isinstance(shape, tuple | list) or len(shape) != 4:
        raise ValueError(f"shape must be that of the images, (N, C, H, W), got {shape!r:.80}")
    N, C, H, W = (check_whole("each length in shape", length, 0) for length in shape)
    OH = conv_output_size(H, height, stride, pad, floor=floor)
    OW = conv_output_size(W, width, stride, pad, floor=floor)
    if tuple(cols.shape) != (N, C * height * width, OH * OW):
        raise ValueError(
            f"cols must have shape {(N, C * height * width, OH * OW)} for images of shape "
            f"{tuple(shape)}, got {tuple(cols.shape)}"
        )
    cols = xp.reshape(cols, (N, C, height * width, OH, OW))
    padded = xp.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype, device=device(cols))
    for tap, (rows, columns) in enumerate(taps(height, width, stride, OH, OW)):
        padded[:, :, rows, columns] += cols[:, :, tap, :, :]
    return padded[:, :, pad : pad + H, pad : pad + W]


def conv_forward_im2col(x: A, w: A, b: A, conv_param: ConvParam) -> tuple[A, Cache]:
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
    geometry = geometry_of(x, w, b, conv_param)
    xp = array_namespace(x)
    cols = im2col(x, w.shape[2], w.shape[3], geometry.stride, geometry.pad, floor=True)
    out = matmul_each(xp.reshape(w, (w.shape[0], -1)), cols)
    out += b[:, None]
    return xp.reshape(out, geometry.output_shape), (x, w, b, geometry)


def conv_backward_im2col(dout: A, cache: Cache, need_dx: bool = True) -> tuple[A | None, A, A]:
    """Go back through the matrix product, then fold the columns' gradient by `col2im`.

    Parameters, returns and errors as in `conv_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1)
    >>> out, cache = conv_forward_im2col(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_im2col(np.ones_like(out), cache)[1][0, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    x, w, _, geometry = read_conv_cache(cache)
    N, F, OH, OW = geometry.output_shape
    check_upstream(dout, geometry.output_shape, x)
    xp = array_namespace(x)
    layout = (w.shape[2], w.shape[3], geometry.stride, geometry.pad)
    cols = im2col(x, *layout, floor=True)
    flat = xp.reshape(dout, (N, F, OH * OW))
    filters = xp.reshape(w, (F, -1))
    dw = xp.sum(matmul_each(flat, xp.matrix_transpose(cols)), axis=0)
    dx = None
    if need_dx:
        dcols = matmul_each(xp.matrix_transpose(filters), flat)
        dx = col2im(dcols, x.shape, *layout, floor=True)
    return dx, xp.reshape(dw, w.shape), xp.sum(flat, axis=(0, 2))


def _suits(geometry: object) -> bool:
    return True


COLUMNS = Algorithm("im2col", _suits, conv_forward_im2col, conv_backward_im2col, skips_dx=True)
