"""Winograd's convolution on tiles of 6x6 pixels: few products where the definition takes many.

A tile gives 4 x 4 outputs of a 3x3 filter, or 2 x 2 of a 5x5 filter. The definition multiplies
144 (100) times for them, this algorithm 36 times: once for each pixel of the tile. The rest of it
is linear, so every transform is a matrix product, and the way back is the same products
transposed, in reverse. For 3x3 filters:

    tiles d (36 numbers)   ->  V = BB d                  BB = kron(B, B), 36 x 36
    filter g (9 numbers)   ->  U = GG g                  GG = kron(G, G), 36 x 9
    for each of the 36:        M = U V                   sums over channels, the real work
    output (16 numbers)    <-  Y = AA M                  AA = kron(A, A), 16 x 36
"""

from dataclasses import replace
from functools import cache

import numpy as np

from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import (
    InOrder,
    PerThread,
    Workspace,
    blocks,
    in_threads,
    matmul,
    part_length,
)
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.geometry import (
    Cache,
    ConvParam,
    Geometry,
    geometry_of,
    read_conv_cache,
    require_blocks,
)
from cs231n_lib.layers.conv.windows import Windows, windows_of

TILE = 6
SIZES = (3, 5)
LEAST_CHANNELS = 16  # in or out; with fewer the transforms cost more than they save
# Where the polynomials are evaluated, and at infinity: of the sets tried this one loses least by
# rounding.
POINTS = (0, 1, -1, 2, -0.5)


def cook_toom(points: tuple[float, ...], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return B, G and A: ``A @ (G @ g * (B @ d))`` slides the filter `g` along the tile `d`.

    Parameters
    ----------
    points : tuple of float
        Different numbers, one less than the tile is long.
    size : int
        Length of the filter.

    Returns
    -------
    B : array (tile, tile)
    G : array (tile, size)
    A : array (tile + 1 - size, tile)

    Notes
    -----
    Two polynomials are multiplied by their values at the points and at infinity; transposed, that
    is a correlation. A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks",
    CVPR 2016, where the matrices are called B^T, G and A^T.

    Examples
    --------
    >>> B, G, A = cook_toom((0, 1, -1), 3)
    >>> A @ (G @ [1, 10, 100] * (B @ [1, 2, 3, 4]))
    array([321., 432.])
    """
    at, tile = np.array(points, float), len(points) + 1
    B, G, A = np.zeros((tile, tile)), np.zeros((tile, size)), np.zeros((tile + 1 - size, tile))
    for k, point in enumerate(at):
        others = np.delete(at, k)
        B[k, :-1] = np.poly(others)[::-1]
        G[k] = point ** np.arange(size) / np.prod(point - others)
    B[-1], G[-1, -1] = np.poly(at)[::-1], 1
    A[:, :-1] = at ** np.arange(len(A))[:, None]
    A[-1, -1] = 1
    return B, G, A


@cache
def _transforms(size: int, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    return tuple(np.kron(m, m).astype(dtype) for m in cook_toom(POINTS, size))


def applies(geometry: Geometry) -> bool:
    """Tell whether there are transforms for these filters and this stride."""
    height, width = geometry.filters[2:]
    return height == width and height in SIZES and geometry.stride == 1


def tiles_of(geometry: Geometry) -> Windows:
    """Return the tiles that cover the output: windows of 6x6 pixels, 7 - K apart.

    Raises
    ------
    ValueError
        If the algorithm does not apply to these filters and this stride.

    Examples
    --------
    >>> from cs231n_lib.layers.conv.geometry import lay_out
    >>> tiles_of(lay_out((1, 3, 8, 7), (4, 3, 3, 3), {"stride": 1, "pad": 0})).out
    (2, 2)
    """
    if not applies(geometry):
        height, width = geometry.filters[2:]
        raise ValueError(
            "Winograd's algorithm needs 3x3 or 5x5 filters and stride 1, got filters "
            f"{height}x{width} and stride {geometry.stride}; use conv_forward"
        )
    outputs, size = windows_of(geometry), geometry.filters[2]
    step = TILE + 1 - size
    down, across = (-(-edge // step) for edge in outputs.out)
    return replace(outputs, window=(TILE, TILE), stride=step, out=(down, across))


def conv_forward_winograd(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: ConvParam
) -> tuple[np.ndarray, Cache]:
    """Convolve 3x3 (5x5) filters at stride 1 with 4 (2.78) times fewer multiplications.

    Parameters, returns and errors as in `conv_forward_naive`, for NumPy arrays only, filters of
    3x3 or 5x5 and stride 1. In float32 the error is up to ten times that of the other algorithms:
    2e-6 of the largest output with 32 channels, 6e-6 with 512. That is the largest of the same
    tile: all outputs of a tile (4 x 4, or 2 x 2) are made from all of its 6 x 6 pixels. So a NaN,
    an infinity or a pixel far larger than the others spoils outputs whose windows do not see it,
    up to five pixels away. Name another algorithm where pixels are of very different size.

    Notes
    -----
    A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.

    Examples
    --------
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> w, b = np.ones((1, 1, 3, 3)), np.array([0.5])
    >>> conv_forward_winograd(x, w, b, {"stride": 1, "pad": 0})[0][0, 0]
    array([[45.5, 54.5],
           [81.5, 90.5]])
    """
    geometry = geometry_of(x, w, b, conv_param)
    require_blocks(x)
    N, F, OH, OW = geometry.output_shape
    tiles = tiles_of(geometry)
    C, down, step = tiles.channels, tiles.out[0], tiles.stride
    BB, GG, AA = _transforms(w.shape[2], x.dtype)
    U = _transform_filters(w, GG)
    row_bytes = tiles.taps * tiles.columns * C * x.itemsize
    out = np.empty((N, F, OH, OW), x.dtype)
    spaces, longest = PerThread(lambda: Workspace(x.dtype)), part_length(N, down * row_bytes)

    def work(part: range) -> None:
        space = spaces.mine()
        for images in blocks(part, down * row_bytes, longest=longest):
            n = images.stop - images.start
            phases = tiles.split(x[images], space)
            for rows in blocks(range(down), n * row_bytes):
                cols = tiles.gather(phases, n, rows, space)
                T = cols.shape[2]
                V = np.matmul(BB, cols, out=space.take("V", cols.shape))
                M = np.matmul(U, V.swapaxes(0, 1), out=space.take("M", (tiles.taps, F, T)))
                M[TILE + 1] += b[:, None]  # the product at the points (1, 1) goes to all outputs
                target = out[images, :, step * rows.start : step * rows.stop]
                by_tile, by_row = _outputs(tiles, target.shape, space)
                Y = space.take("Y", by_tile.shape)
                np.matmul(AA, M.swapaxes(0, 1), out=Y.reshape(F, -1, T))
                for j in range(step):
                    by_tile[:, :, j] = Y[:, :, j]
                target[...] = by_row

    in_threads(work, N, down * row_bytes)
    return out, (x, w, b, geometry)


def _transform_filters(w: np.ndarray, GG: np.ndarray) -> np.ndarray:
    F, C = w.shape[:2]
    return matmul(GG, w.reshape(F * C, -1).T).reshape(-1, F, C)


def conv_backward_winograd(
    dout: np.ndarray, cache: Cache
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go back through the transforms: the chain rule for four matrix products.

    Parameters, returns and errors as in `conv_backward_naive`, under the same limits as
    `conv_forward_winograd`.

    Examples
    --------
    >>> x, w, b = np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), np.zeros(1)
    >>> out, cache = conv_forward_winograd(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_winograd(np.ones_like(out), cache)[0][0, 0]
    array([[1., 2., 2., 1.],
           [2., 4., 4., 2.],
           [2., 4., 4., 2.],
           [1., 2., 2., 1.]])
    """
    x, w, b, geometry = read_conv_cache(cache)
    require_blocks(x)
    N, F, _, _ = geometry.output_shape
    check_upstream(dout, geometry.output_shape, x)
    tiles = tiles_of(geometry)
    C, down, step = tiles.channels, tiles.out[0], tiles.stride
    BB, GG, AA = _transforms(w.shape[2], x.dtype)
    U = _transform_filters(w, GG)
    row_bytes = tiles.taps * tiles.columns * C * x.itemsize
    dx = np.empty(x.shape, x.dtype)

    spaces, total = PerThread(lambda: Workspace(x.dtype)), InOrder()
    longest = part_length(N, down * row_bytes)

    def work(part: range) -> tuple[np.ndarray, np.ndarray]:
        space = spaces.mine()
        dU, product, db = np.zeros_like(U), np.empty_like(U), np.zeros_like(b)
        for images in blocks(part, down * row_bytes, longest=longest):
            n = images.stop - images.start
            phases = tiles.split(x[images], space)
            dphases = space.take("dphases", phases.shape)
            dphases.fill(0)
            for rows in blocks(range(down), n * row_bytes):
                cols = tiles.gather(phases, n, rows, space)
                V = np.matmul(BB, cols, out=space.take("V", cols.shape))
                source = dout[images, :, step * rows.start : step * rows.stop]
                by_tile, by_row = _outputs(tiles, source.shape, space)
                by_tile[...] = 0  # outputs of tiles that reach beyond the last row and column
                by_row[...] = source
                dY = space.take("dY", by_tile.shape)
                dY[...] = by_tile
                dM = space.take("dM", (F, tiles.taps, cols.shape[2]))
                np.matmul(AA.T, dY.reshape(F, step**2, -1), out=dM)
                db += np.sum(dM[:, TILE + 1], axis=1)
                np.matmul(dM.swapaxes(0, 1), V.transpose(1, 2, 0), out=product)
                dU += product
                np.matmul(U.swapaxes(1, 2), dM.swapaxes(0, 1), out=V.swapaxes(0, 1))
                np.matmul(BB.T, V, out=cols)
                tiles.scatter(cols, dphases, n, rows)
            tiles.merge(dphases, dx[images], space)
        return dU, db

    in_threads(work, N, down * row_bytes, done=total.add)
    dU, db = total.sums
    dw = matmul(dU.reshape(tiles.taps, -1).T, GG)
    return dx, dw.reshape(w.shape), db


def _outputs(
    tiles: Windows, shape: tuple[int, ...], space: Workspace
) -> tuple[np.ndarray, np.ndarray]:
    """Return memory for some rows of outputs (n, F, h, w), seen tile by tile and row by row."""
    n, F, height, width = shape
    down, step = -(-height // tiles.stride), tiles.stride
    grid = space.take("outputs", (F, down, step, n, tiles.columns, step))
    by_row = grid.reshape(F, down * step, n, -1)[:, :height, :, :width]
    return grid.transpose(0, 2, 5, 1, 3, 4), by_row.transpose(2, 0, 1, 3)


def workspace(geometry: Geometry, itemsize: int, backward: bool, need_dx: bool) -> int:
    """Return the bytes of the workspaces of all threads, as they are laid out above."""
    tiles, (F, C) = tiles_of(geometry), geometry.filters[:2]
    row_bytes = tiles.taps * tiles.columns * C * itemsize
    threads, n, r = tiles.block_sizes(geometry.images[0], row_bytes)
    T, U = r * n * tiles.columns, tiles.taps * C * F
    block = T * (tiles.taps * (2 * C + F) + 2 * tiles.stride**2 * F) + 2 * U * backward
    sums = U * (backward and n < geometry.images[0])  # over parts
    return itemsize * (U + sums + threads * (tiles.values(n, backward) + block))


def _suits(geometry: Geometry) -> bool:
    many = min(geometry.filters[:2]) >= LEAST_CHANNELS
    return geometry.images[0] > 0 and geometry.is_numpy and applies(geometry) and many


WINOGRAD = Algorithm("winograd", _suits, conv_forward_winograd, conv_backward_winograd, workspace)
