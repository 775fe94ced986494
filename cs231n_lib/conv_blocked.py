"""Convolution by columns that never leave the cache: `im2col` a few rows at a time (NumPy).

The columns of a whole batch are HH * WW times as large as the images; writing them to memory and
reading them back costs more than the products. Here a thread owns some images and builds, uses
and forgets the columns of a few output rows. Channels come first, ``(C, tap, image, row,
column)``, so that each block is one matrix product and nothing is transposed.
"""

from typing import Any

import numpy as np

from cs231n_lib.conv_geometry import check_dout, output_shape, taps
from cs231n_lib.parallel import Workspace, blocks, in_threads

Cache = tuple[np.ndarray, np.ndarray, np.ndarray, dict]

# A matrix product with fewer columns than this runs well below the speed of the machine.
LEAST_COLUMNS = 512


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


def fill_columns(cols: np.ndarray, padded: np.ndarray, slices: list[tuple[slice, slice]]) -> None:
    """Copy the windows of `padded` (n, C, ., .) into `cols` (C, taps, n, rows, columns).

    Examples
    --------
    >>> cols = np.empty((1, 2, 1, 1, 2))
    >>> fill_columns(cols, np.arange(3.0).reshape(1, 1, 1, 3), taps(1, 2, 1, 1, 2))
    >>> cols[0, :, 0, 0]
    array([[0., 1.],
           [1., 2.]])
    """
    for tap, (rows, columns) in enumerate(slices):
        cols[:, tap] = padded[:, :, rows, columns].swapaxes(0, 1)


def fold_columns(cols: np.ndarray, padded: np.ndarray, slices: list[tuple[slice, slice]]) -> None:
    """Add `cols` (C, taps, n, rows, columns) to the windows of `padded`: the adjoint.

    Examples
    --------
    >>> padded = np.zeros((1, 1, 1, 3))
    >>> fold_columns(np.ones((1, 2, 1, 1, 2)), padded, taps(1, 2, 1, 1, 2))
    >>> padded[0, 0]
    array([[1., 2., 1.]])
    """
    for tap, (rows, columns) in enumerate(slices):
        padded[:, :, rows, columns] += cols[:, tap].swapaxes(0, 1)


def conv_forward_blocked(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Convolve block by block.

    Parameters, returns and errors as in `conv_forward_naive`, for NumPy arrays only.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> w, b = np.ones((1, 1, 2, 2)), np.array([10.0])
    >>> conv_forward_blocked(x, w, b, {"stride": 1, "pad": 0})[0][0, 0]
    array([[18., 22.],
           [30., 34.]])
    """
    require_numpy(x, w, b)
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    stride, pad = conv_param["stride"], conv_param["pad"]
    (C, H, W), (HH, WW) = x.shape[1:], w.shape[2:]
    filters = w.reshape(F, -1)
    row_bytes = sum(filters.shape) * OW * x.itemsize  # of columns and product
    least = -(-LEAST_COLUMNS // OW)
    out = np.empty((N, F, OH, OW), x.dtype)

    def work(part: range) -> None:
        space = Workspace(x.dtype)
        for images in blocks(part, OH * row_bytes):
            n = images.stop - images.start
            padded = space.take("padded", (n, C, H + 2 * pad, W + 2 * pad))
            padded[:, :, pad : pad + H, pad : pad + W] = x[images]
            for rows in blocks(range(OH), n * row_bytes, least):
                r = rows.stop - rows.start
                cols = space.take("cols", (C, HH * WW, n, r, OW))
                fill_columns(cols, padded[:, :, stride * rows.start :], taps(HH, WW, stride, r, OW))
                product = space.take("product", (F, n, r, OW))
                np.matmul(filters, cols.reshape(C * HH * WW, -1), out=product.reshape(F, -1))
                np.add(product.swapaxes(0, 1), b[:, None, None], out=out[images, :, rows])

    in_threads(work, N, OH * row_bytes)
    return out, (x, w, b, conv_param)


def conv_backward_blocked(
    dout: np.ndarray, cache: Cache
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go back block by block; each thread adds up its own `dw` and `db`.

    Parameters, returns and errors as in `conv_backward_naive`, for NumPy arrays only.

    Examples
    --------
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1)
    >>> out, cache = conv_forward_blocked(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_blocked(np.ones_like(out), cache)[1][0, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    x, w, b, conv_param = cache
    require_numpy(dout, x, w, b)
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    check_dout(dout, x, (N, F, OH, OW))
    stride, pad = conv_param["stride"], conv_param["pad"]
    (C, H, W), (HH, WW) = x.shape[1:], w.shape[2:]
    filters = w.reshape(F, -1)
    row_bytes = sum(filters.shape) * OW * x.itemsize  # of columns and product
    least = -(-LEAST_COLUMNS // OW)
    dx = np.empty(x.shape, x.dtype)

    def work(part: range) -> tuple[np.ndarray, np.ndarray]:
        space = Workspace(x.dtype)
        dw, db = np.zeros_like(filters), np.zeros_like(b)
        for images in blocks(part, OH * row_bytes):
            n = images.stop - images.start
            inside = (slice(None), slice(None), slice(pad, pad + H), slice(pad, pad + W))
            padded = space.take("padded", (n, C, H + 2 * pad, W + 2 * pad))
            padded[inside] = x[images]
            dpadded = space.take("dpadded", padded.shape)
            dpadded.fill(0)
            for rows in blocks(range(OH), n * row_bytes, least):
                r = rows.stop - rows.start
                slices = taps(HH, WW, stride, r, OW)
                cols = space.take("cols", (C, HH * WW, n, r, OW))
                flat = cols.reshape(C * HH * WW, -1)
                fill_columns(cols, padded[:, :, stride * rows.start :], slices)
                upstream = space.take("upstream", (F, n, r, OW))
                upstream[...] = dout[images, :, rows].swapaxes(0, 1)
                d = upstream.reshape(F, -1)
                dw += d @ flat.T
                db += d.sum(axis=1)
                np.matmul(filters.T, d, out=flat)
                fold_columns(cols, dpadded[:, :, stride * rows.start :], slices)
            dx[images] = dpadded[inside]
        return dw, db

    dws, dbs = zip(*in_threads(work, N, OH * row_bytes), strict=True)
    return dx, np.sum(dws, axis=0).reshape(w.shape), np.sum(dbs, axis=0)
