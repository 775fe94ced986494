"""Winograd's convolution F(2x2, 3x3): 16 products where the definition takes 36 (NumPy).

A 4x4 tile of the image gives a 2x2 tile of the output. All of the algorithm is linear, so every
transform is a matrix product, and the way back is the same products transposed, in reverse:

    tiles d (16 numbers)  ->  V = BB d                   BB = kron(B, B), 16 x 16
    filter g (9 numbers)  ->  U = GG g                   GG = kron(G, G), 16 x 9
    for each of the 16:       M = U V                    sums over channels, the real work
    output (4 numbers)    <-  Y = AA M                   AA = kron(A, A), 4 x 16
"""

import numpy as np

from cs231n_lib.conv_blocked import Cache, fill_columns, fold_columns, require_numpy
from cs231n_lib.conv_geometry import check_dout, output_shape, taps
from cs231n_lib.parallel import Workspace, blocks, in_threads

# The transforms of the paper's section 4.1 (there written B^T, G and A^T).
B = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
A = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
TILE, STEP = 4, 2  # a tile has TILE**2 pixels in and gives STEP**2 out


def _transforms(dtype: np.dtype) -> list[np.ndarray]:
    return [np.kron(matrix, matrix).astype(dtype) for matrix in (B, G, A)]


def _shape(x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict) -> tuple[int, ...]:
    """Check that F(2x2, 3x3) applies; return the shape of the output."""
    require_numpy(x, w, b)
    shape = output_shape(x, w, b, conv_param)
    if w.shape[2:] != (3, 3) or conv_param["stride"] != 1:
        raise ValueError(
            "Winograd F(2x2, 3x3) needs 3x3 filters and stride 1, got filters "
            f"{w.shape[2]}x{w.shape[3]} and stride {conv_param['stride']}; use conv_forward"
        )
    return shape


def conv_forward_winograd(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, Cache]:
    """Convolve 3x3 filters at stride 1 with 2.25 times fewer multiplications.

    Parameters, returns and errors as in `conv_forward_naive`, for NumPy arrays only, filters of
    3x3 and stride 1. In float32 the error is about that of the other algorithms (the transforms
    hold only 0, 1, 1/2 and 1/4).

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
    N, F, OH, OW = _shape(x, w, b, conv_param)
    pad, (C, H, W) = conv_param["pad"], x.shape[1:]
    down, across = -(-OH // STEP), -(-OW // STEP)
    BB, GG, AA = _transforms(x.dtype)
    U = np.ascontiguousarray((w.reshape(F * C, 9) @ GG.T).T).reshape(-1, F, C)
    row_bytes = TILE**2 * across * C * x.itemsize
    out = np.empty((N, F, OH, OW), x.dtype)

    def work(part: range) -> None:
        space = Workspace(x.dtype)
        for images in blocks(part, down * row_bytes):
            n = images.stop - images.start
            padded = space.take("padded", (n, C, STEP * down + 2, STEP * across + 2))
            padded[:, :, pad : pad + H, pad : pad + W] = x[images]
            for rows in blocks(range(down), n * row_bytes):
                r = rows.stop - rows.start
                T = n * r * across
                cols = space.take("cols", (C, TILE**2, n, r, across))
                fill_columns(
                    cols, padded[:, :, STEP * rows.start :], taps(TILE, TILE, STEP, r, across)
                )
                V = np.matmul(BB, cols.reshape(C, -1, T), out=space.take("V", (C, TILE**2, T)))
                M = np.matmul(U, V.swapaxes(0, 1), out=space.take("M", (TILE**2, F, T)))
                Y = np.matmul(AA, M.swapaxes(0, 1), out=space.take("Y", (F, STEP**2, T)))
                _scatter(Y.reshape(F, STEP, STEP, n, r, across), b, out[images], rows)

    in_threads(work, N, down * row_bytes)
    return out, (x, w, b, conv_param)


def _scatter(Y: np.ndarray, b: np.ndarray, out: np.ndarray, rows: slice) -> None:
    for i in range(STEP):
        for j in range(STEP):
            target = out[:, :, STEP * rows.start + i : STEP * rows.stop : STEP, j::STEP]
            source = Y[:, i, j, :, : target.shape[2], : target.shape[3]].swapaxes(0, 1)
            np.add(source, b[:, None, None], out=target)


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
    N, F, OH, OW = _shape(x, w, b, conv_param)
    require_numpy(dout)
    check_dout(dout, x, (N, F, OH, OW))
    pad, (C, H, W) = conv_param["pad"], x.shape[1:]
    down, across = -(-OH // STEP), -(-OW // STEP)
    BB, GG, AA = _transforms(x.dtype)
    U = np.ascontiguousarray((w.reshape(F * C, 9) @ GG.T).T).reshape(-1, F, C)
    row_bytes = TILE**2 * across * C * x.itemsize
    dx = np.empty(x.shape, x.dtype)

    def work(part: range) -> np.ndarray:
        space = Workspace(x.dtype)
        dU, product = np.zeros_like(U), np.empty_like(U)
        for images in blocks(part, down * row_bytes):
            n = images.stop - images.start
            inside = (slice(None), slice(None), slice(pad, pad + H), slice(pad, pad + W))
            padded = space.take("padded", (n, C, STEP * down + 2, STEP * across + 2))
            padded[inside] = x[images]
            dpadded = space.take("dpadded", padded.shape)
            dpadded.fill(0)
            for rows in blocks(range(down), n * row_bytes):
                r = rows.stop - rows.start
                T, slices = n * r * across, taps(TILE, TILE, STEP, r, across)
                cols = space.take("cols", (C, TILE**2, n, r, across))
                flat = cols.reshape(C, TILE**2, T)
                fill_columns(cols, padded[:, :, STEP * rows.start :], slices)
                V = np.matmul(BB, flat, out=space.take("V", flat.shape))
                dY = space.take("dY", (F, STEP, STEP, n, r, across))
                _gather(dY, dout[images], rows)
                dM = space.take("dM", (F, TILE**2, T))
                np.matmul(AA.T, dY.reshape(F, -1, T), out=dM)
                np.matmul(dM.swapaxes(0, 1), V.transpose(1, 2, 0), out=product)
                dU += product
                np.matmul(U.swapaxes(1, 2), dM.swapaxes(0, 1), out=V.swapaxes(0, 1))
                np.matmul(BB.T, V, out=flat)
                fold_columns(cols, dpadded[:, :, STEP * rows.start :], slices)
            dx[images] = dpadded[inside]
        return dU

    dU = np.sum(in_threads(work, N, down * row_bytes), axis=0)
    dw = (GG.T @ dU.reshape(TILE**2, -1)).T.reshape(w.shape)
    return dx, np.ascontiguousarray(dw), dout.sum(axis=(0, 2, 3))


def _gather(dY: np.ndarray, dout: np.ndarray, rows: slice) -> None:
    for i in range(STEP):
        for j in range(STEP):
            source = dout[:, :, STEP * rows.start + i : STEP * rows.stop : STEP, j::STEP]
            target = dY[:, i, j].swapaxes(0, 1)
            target[...] = 0
            target[:, :, : source.shape[2], : source.shape[3]] = source
