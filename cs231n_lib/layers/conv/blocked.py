"""Convolution by columns that never leave the cache: `im2col` a few rows at a time (NumPy).

The columns of a whole batch are HH * WW times as large as the images; writing them to memory and
reading them back costs more than the products. Here a thread owns some images and builds, uses
and forgets the columns of a few output rows. Channels come first, ``(C, tap, row, image,
column)``, so that each block is one matrix product. How the columns are made of long pieces of
memory is told in `windows`.
"""

import math

import numpy as np

from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import InOrder, PerThread, Workspace, blocks, in_threads, part_length
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.geometry import (
    Cache,
    ConvParam,
    Geometry,
    geometry_of,
    read_conv_cache,
    require_blocks,
)
from cs231n_lib.layers.conv.windows import windows_of

# A matrix product with fewer columns than this runs well below the speed of the machine.
LEAST_COLUMNS = 512


def conv_forward_blocked(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
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
    geometry = geometry_of(x, w, b, conv_param)
    require_blocks(x)
    N, F, OH, OW = geometry.output_shape
    windows = windows_of(geometry)
    filters = w.reshape(F, -1)
    row_bytes = sum(filters.shape) * windows.columns * x.itemsize  # of columns and product
    least = -(-LEAST_COLUMNS // windows.columns)
    out = np.empty((N, F, OH, OW), x.dtype)
    spaces, longest = PerThread(lambda: Workspace(x.dtype)), part_length(N, OH * row_bytes)

    def work(part: range) -> None:
        space = spaces.mine()
        for images in blocks(part, OH * row_bytes, longest=longest):
            n = images.stop - images.start
            phases = windows.split(x[images], space)
            for rows in blocks(range(OH), n * row_bytes, least):
                cols = windows.gather(phases, n, rows, space)
                flat = cols.reshape(filters.shape[1], -1)
                if windows.in_order(n):
                    product = out[images.start, :, rows].reshape(F, -1)
                else:
                    product = space.take("product", (F, flat.shape[1]))
                np.matmul(filters, flat, out=product)
                product += b[:, None]
                if not windows.in_order(n):
                    grid = product.reshape(F, -1, n, windows.columns)[..., :OW]
                    out[images, :, rows] = grid.transpose(2, 0, 1, 3)

    in_threads(work, N, OH * row_bytes)
    return out, (x, w, b, geometry)


def conv_backward_blocked(
    dout: np.ndarray, cache: Cache, need_dx: bool = True
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Go back block by block; each part has its own `dw` and `db`, which are added up in order.

    Parameters, returns and errors as in `conv_backward`, for NumPy arrays only.

    Examples
    --------
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1)
    >>> out, cache = conv_forward_blocked(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_blocked(np.ones_like(out), cache)[1][0, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    x, w, b, geometry = read_conv_cache(cache)
    require_blocks(x)
    N, F, OH, OW = geometry.output_shape
    check_upstream(dout, geometry.output_shape, x)
    windows = windows_of(geometry)
    filters = w.reshape(F, -1)
    row_bytes = sum(filters.shape) * windows.columns * x.itemsize  # of columns and product
    least = -(-LEAST_COLUMNS // windows.columns)
    dx = np.empty(x.shape, x.dtype) if need_dx else None

    spaces, total = PerThread(lambda: Workspace(x.dtype)), InOrder()
    longest = part_length(N, OH * row_bytes)

    def work(part: range) -> tuple[np.ndarray, np.ndarray]:
        space = spaces.mine()
        dw, db = np.zeros_like(filters.T), np.zeros_like(b)
        for images in blocks(part, OH * row_bytes, longest=longest):
            n = images.stop - images.start
            phases = windows.split(x[images], space)
            dphases = space.take("dphases", phases.shape) if need_dx else None
            if dphases is not None:
                dphases.fill(0)
            for rows in blocks(range(OH), n * row_bytes, least):
                cols = windows.gather(phases, n, rows, space)
                flat = cols.reshape(filters.shape[1], -1)
                if windows.in_order(n):
                    d = dout[images.start, :, rows].reshape(F, -1)
                else:
                    upstream = space.take(
                        "upstream", (F, rows.stop - rows.start, n, windows.columns)
                    )
                    upstream[..., OW:] = 0
                    upstream[..., :OW] = dout[images, :, rows].transpose(1, 2, 0, 3)
                    d = upstream.reshape(F, -1)
                dw += flat @ d.T
                db += d.sum(axis=1)
                if dphases is not None:
                    dcols = space.take("cols", cols.shape)
                    np.matmul(filters.T, d, out=dcols.reshape(flat.shape))
                    windows.scatter(dcols, dphases, n, rows)
            if dx is not None and dphases is not None:
                windows.merge(dphases, dx[images], space)
        return dw, db

    in_threads(work, N, OH * row_bytes, done=total.add)
    dw, db = total.sums
    return dx, dw.T.reshape(w.shape), db


def workspace(geometry: Geometry, itemsize: int, backward: bool, need_dx: bool) -> int:
    """Return the bytes of the workspaces of all threads, as they are laid out above."""
    windows, F, K = windows_of(geometry), geometry.filters[0], math.prod(geometry.filters[1:])
    row_bytes = (F + K) * windows.columns * itemsize
    least = -(-LEAST_COLUMNS // windows.columns)
    threads, n, r = windows.block_sizes(geometry.images[0], row_bytes, least)
    T = r * n * windows.columns
    values = T * F * (not windows.in_order(n))  # the products, or the upstream gradient
    values += T * K if backward and need_dx else T * K * (windows.taps > 1)  # one tap: a view
    values += windows.values(n, backward and need_dx)
    if backward:
        values += 2 * K * F  # the gradient of the filters in this part, and one product more
    sums = K * F * (backward and n < geometry.images[0])  # over parts
    return itemsize * (threads * values + sums)


def _suits(geometry: Geometry) -> bool:
    return geometry.images[0] > 0 and geometry.is_numpy


BLOCKED = Algorithm(
    "blocked", _suits, conv_forward_blocked, conv_backward_blocked, workspace, skips_dx=True
)
