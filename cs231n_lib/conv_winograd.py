"""Winograd's convolution F(2x2, KxK): few products where the definition takes many (NumPy).

A tile of K + 1 by K + 1 pixels gives 2 x 2 outputs. The definition multiplies 4 K**2 times for
them, this algorithm (K + 1)**2 times: 16 for 36 with 3 x 3 filters, 36 for 100 with 5 x 5. The
rest of it is linear, so every transform is a matrix product, and the way back is the same
products transposed, in reverse. For K = 3:

    tiles d (16 numbers)  ->  V = BB d                   BB = kron(B, B), 16 x 16
    filter g (9 numbers)  ->  U = GG g                   GG = kron(G, G), 16 x 9
    for each of the 16:       M = U V                    sums over channels, the real work
    output (4 numbers)    <-  Y = AA M                   AA = kron(A, A), 4 x 16
"""

from dataclasses import replace
from functools import cache

import numpy as np

from cs231n_lib.conv_blocked import Cache, require_numpy
from cs231n_lib.conv_geometry import check_dout, output_shape
from cs231n_lib.conv_phases import Windows, windows_of
from cs231n_lib.parallel import Workspace, blocks, in_threads

STEP = 2  # a tile gives STEP**2 outputs
# Where the polynomials are evaluated, and at infinity. The more points, the more is lost by
# rounding: of the sets tried for K = 5 this one loses least.
POINTS = {3: (0, 1, -1), 5: (0, 1, -1, 2, -0.5)}


def cook_toom(points: tuple[float, ...], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return B, G and A of F(2, size): ``A @ (G @ g * (B @ d))`` slides `g` along `d` twice.

    Parameters
    ----------
    points : tuple of float
        As many different numbers as the filter is long.
    size : int
        Length of the filter.

    Returns
    -------
    B : array (size + 1, size + 1)
    G : array (size + 1, size)
    A : array (2, size + 1)

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
    at = np.array(points, float)
    B, G = np.zeros((size + 1, size + 1)), np.zeros((size + 1, size))
    for k, point in enumerate(at):
        others = np.delete(at, k)
        B[k, :-1] = np.poly(others)[::-1]
        G[k] = point ** np.arange(size) / np.prod(point - others)
    B[-1], G[-1, -1] = np.poly(at)[::-1], 1
    return B, G, np.array([[*np.ones(size), 0], [*at, 1]])


@cache
def _transforms(size: int, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    return tuple(np.kron(m, m).astype(dtype) for m in cook_toom(POINTS[size], size))


def tiles_of(x: np.ndarray, w: np.ndarray, conv_param: dict) -> Windows:
    """Return the tiles that cover the output: windows of K + 1 pixels at stride 2.

    Raises
    ------
    ValueError
        If F(2x2, KxK) does not apply to these filters and this stride.

    Examples
    --------
    >>> x, w = np.ones((1, 3, 8, 7)), np.ones((4, 3, 3, 3))
    >>> tiles_of(x, w, {"stride": 1, "pad": 0}).out
    (3, 3)
    """
    outputs, size = windows_of(x, w, conv_param), w.shape[2]
    if w.shape[3] != size or size not in POINTS or outputs.stride != 1:
        raise ValueError(
            "Winograd F(2x2, KxK) needs 3x3 or 5x5 filters and stride 1, got filters "
            f"{size}x{w.shape[3]} and stride {outputs.stride}; use conv_forward"
        )
    down, across = (-(-edge // STEP) for edge in outputs.out)
    return replace(outputs, window=(size + 1, size + 1), stride=STEP, out=(down, across))


def conv_forward_winograd(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Convolve 3x3 (5x5) filters at stride 1 with 2.25 (2.78) times fewer multiplications.

    Parameters, returns and errors as in `conv_forward_naive`, for NumPy arrays only, filters of
    3x3 or 5x5 and stride 1. In float32 the error is about that of the other algorithms for 3x3
    filters, and some ten times larger for 5x5, about 2e-6 of the largest output.

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
    require_numpy(x, w, b)
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    tiles, K = tiles_of(x, w, conv_param), w.shape[2]
    C, down = tiles.channels, tiles.out[0]
    BB, GG, AA = _transforms(K, x.dtype)
    U = _transform_filters(w, GG)
    row_bytes = tiles.taps * tiles.columns * C * x.itemsize
    out = np.empty((N, F, OH, OW), x.dtype)

    def work(part: range) -> None:
        space = Workspace(x.dtype)
        for images in blocks(part, down * row_bytes):
            n = images.stop - images.start
            phases = tiles.split(x[images], space)
            for rows in blocks(range(down), n * row_bytes):
                cols = tiles.gather(phases, n, rows, space)
                T = cols.shape[2]
                V = np.matmul(BB, cols, out=space.take("V", cols.shape))
                M = np.matmul(U, V.swapaxes(0, 1), out=space.take("M", (tiles.taps, F, T)))
                M[K + 2] += b[:, None]  # the product at the points (1, 1) goes to all outputs
                Y = np.matmul(AA, M.swapaxes(0, 1), out=space.take("Y", (F, STEP**2, T)))
                pairs = space.take("pairs", (F, STEP, T, STEP))
                for j in range(STEP):
                    pairs[..., j] = Y[:, j::STEP]
                for i in range(STEP):
                    target = out[images, :, STEP * rows.start + i : STEP * rows.stop : STEP]
                    grid = pairs[:, i].reshape(F, -1, n, STEP * tiles.columns)
                    target[...] = grid[:, : target.shape[2], :, :OW].transpose(2, 0, 1, 3)

    in_threads(work, N, down * row_bytes)
    return out, (x, w, b, conv_param)


def _transform_filters(w: np.ndarray, GG: np.ndarray) -> np.ndarray:
    F, C = w.shape[:2]
    return np.ascontiguousarray((w.reshape(F * C, -1) @ GG.T).T).reshape(-1, F, C)


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
    x, w, b, conv_param = cache
    require_numpy(dout, x, w, b)
    N, F, OH, OW = output_shape(x, w, b, conv_param)
    check_dout(dout, x, (N, F, OH, OW))
    tiles = tiles_of(x, w, conv_param)
    C, down = tiles.channels, tiles.out[0]
    BB, GG, AA = _transforms(w.shape[2], x.dtype)
    U = _transform_filters(w, GG)
    row_bytes = tiles.taps * tiles.columns * C * x.itemsize
    dx = np.empty(x.shape, x.dtype)

    def work(part: range) -> tuple[np.ndarray, np.ndarray]:
        space = Workspace(x.dtype)
        dU, product, db = np.zeros_like(U), np.empty_like(U), np.zeros_like(b)
        for images in blocks(part, down * row_bytes):
            n = images.stop - images.start
            phases = tiles.split(x[images], space)
            dphases = space.take("dphases", phases.shape)
            dphases.fill(0)
            for rows in blocks(range(down), n * row_bytes):
                cols = tiles.gather(phases, n, rows, space)
                V = np.matmul(BB, cols, out=space.take("V", cols.shape))
                dY = space.take("dY", (F, STEP, STEP, rows.stop - rows.start, n, tiles.columns))
                _gather(dY, dout[images], rows)
                flat = dY.reshape(F, STEP**2, -1)
                db += np.sum(flat, axis=(1, 2))
                dM = space.take("dM", (F, tiles.taps, cols.shape[2]))
                np.matmul(AA.T, flat, out=dM)
                np.matmul(dM.swapaxes(0, 1), V.transpose(1, 2, 0), out=product)
                dU += product
                np.matmul(U.swapaxes(1, 2), dM.swapaxes(0, 1), out=V.swapaxes(0, 1))
                np.matmul(BB.T, V, out=cols)
                tiles.scatter(cols, dphases, n, rows)
            tiles.merge(dphases, dx[images], space)
        return dU, db

    dUs, dbs = zip(*in_threads(work, N, down * row_bytes), strict=True)
    dw = (GG.T @ np.sum(dUs, axis=0).reshape(tiles.taps, -1)).T.reshape(w.shape)
    return dx, np.ascontiguousarray(dw), np.sum(dbs, axis=0)


def _gather(dY: np.ndarray, dout: np.ndarray, rows: slice) -> None:
    dY.fill(0)  # the columns that were dropped
    for i in range(STEP):
        for j in range(STEP):
            source = dout[:, :, STEP * rows.start + i : STEP * rows.stop : STEP, j::STEP]
            target = dY[:, i, j, : source.shape[2], :, : source.shape[3]]
            target[...] = source.transpose(1, 2, 0, 3)
