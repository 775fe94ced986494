"""The search behind :func:`cs231n_lib.neighbors.nearest`: screen in blocks, then settle exactly.

For every block of the distance matrix we know *keys* (smaller is nearer) up to an error. Rows that
are surely not among the k nearest are dropped at once; the few that remain are recomputed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_compat
import numpy as np

from cs231n_lib._parallel import BLOCK_BYTES, in_threads, num_threads, slices
from cs231n_lib.backend import Array, array_namespace, device

KeyMaker = Callable[[Array], tuple[Array, Array]]
QUERY_ROWS = 2048  # test rows handled at a time: long enough to reuse a converted training block
BLOCK_KEYS = 2**21  # keys in a block: 8 MiB in float32, which a last-level cache holds
BLOCK_TRAIN = 2**24  # elements of the training rows in a block: bounds their converted copy
GROUPS = 64  # groups a row of keys is divided into to find a first threshold
CACHE_BYTES = 2**18  # temporaries of this size stay in a core's own cache
PAIR_BYTES = 2**20  # and of this size keep threads from meeting at the interpreter lock
DEVICE_BYTES = 2**27  # temporaries of this size fill a GPU and fit its memory


def nearest_rows(
    X: Array, X_train: Array, k: int, metric: str, chunk: int | None
) -> tuple[Any, Any]:
    """Do the work of ``nearest`` on checked arrays: both uint8, both float32 or both float64."""
    xp = array_namespace(X, X_train)
    dtype = xp.float64 if X.dtype == xp.uint8 else X.dtype
    if X.shape[0] == 0:
        return tuple(xp.zeros((0, k), dtype=d, device=device(X)) for d in (xp.int64, dtype))

    chunks = slices(range(X.shape[0]), chunk or QUERY_ROWS)
    parts = [_nearest_of_chunk(X[rows, :], X_train, k, metric) for rows in chunks]
    indices, distances = (xp.concat(list(column), axis=0) for column in zip(*parts, strict=True))
    return indices, xp.astype(distances, dtype, copy=False)


def _nearest_of_chunk(X: Array, X_train: Array, k: int, metric: str) -> tuple[Array, Array]:
    xp = array_namespace(X)
    make_keys = (_l1_keys if metric == "l1" else _l2_keys)(X)
    step = min(max(BLOCK_KEYS // X.shape[0], 64), max(BLOCK_TRAIN // X.shape[1], 64))

    def screen(part: range) -> tuple[Array, list[tuple[Array, Array, Array]]]:
        kept: list[tuple[Array, Array, Array]] = []  # row, column, lowest value its key can have
        best: Any = None  # (rows, k): upper bounds of the k smallest keys so far
        for rows in slices(part, step):
            keys, error = make_keys(X_train[rows, :])
            best = _k_smallest_bounds(best, keys, error, k)
            # A key counts if, in its favour, it could be below the worst of the k best.
            flat = xp.nonzero(xp.reshape(keys <= best[:, -1:] + error, (-1,)))[0]
            row, column = flat // keys.shape[1], flat % keys.shape[1]
            lowest = xp.take(xp.reshape(keys, (-1,)), flat) - xp.take(error[:, 0], row)
            kept.append((row, column + rows.start, lowest))
        return best, kept

    # Threads share the training rows, so that a matrix product packs each of them once.
    screened = _in_threads(screen, X_train.shape[0], X)
    best = _k_smallest(xp.concat([found for found, _ in screened], axis=1), k)
    kept = [block for _, blocks in screened for block in blocks]
    row, column, lowest = (xp.concat(list(field)) for field in zip(*kept, strict=True))
    still = xp.nonzero(lowest <= xp.take(best[:, -1], row))[0]
    row, column = xp.take(row, still), xp.take(column, still)
    if metric == "l1":
        distance = xp.take(lowest, still)
    else:
        distance = xp.sqrt(_squared_differences(X, X_train, row, column))
    # Two stable sorts: by row, then distance, then (they come in this order) training index.
    order = xp.argsort(distance, stable=True)
    order = xp.take(order, xp.argsort(xp.take(row, order), stable=True))
    queries = xp.arange(X.shape[0], dtype=row.dtype, device=device(X))
    first = xp.searchsorted(xp.take(row, order), queries)
    ranks = first[:, None] + xp.arange(k, dtype=first.dtype, device=device(X))[None, :]
    chosen = xp.take(order, xp.reshape(ranks, (-1,)))
    shape = (X.shape[0], k)
    return xp.reshape(xp.take(column, chosen), shape), xp.reshape(xp.take(distance, chosen), shape)


def _k_smallest_bounds(best: Array | None, keys: Array, error: Array, k: int) -> Array:
    """Return upper bounds (rows, k), ascending, of the k smallest keys seen so far.

    The minima of disjoint groups are themselves keys, so the k-th smallest minimum is never below
    the k-th smallest key. Looking at groups first leaves little to sort.
    """
    xp = array_namespace(keys)
    rows, columns = keys.shape
    groups = min(columns, max(GROUPS, 8 * k))
    size = columns // groups
    minima = xp.min(xp.reshape(keys[:, : groups * size], (rows, size, groups)), axis=1) + error
    if best is not None:
        minima = xp.concat([best, minima], axis=1)
    elif groups < k:
        none = xp.full((rows, k - groups), xp.inf, dtype=keys.dtype, device=device(keys))
        minima = xp.concat([minima, none], axis=1)
    return _k_smallest(minima, k)


def _k_smallest(values: Any, k: int) -> Any:
    """Return the k smallest values of each row, the largest of them last."""
    xp = array_namespace(values)
    if array_api_compat.is_numpy_namespace(xp):  # the array API has no partition
        return np.ascontiguousarray(np.partition(values, k - 1, axis=1)[:, :k])
    return xp.sort(values, axis=1)[:, :k]


def _in_threads(work: Callable[[range], Any], count: int, x: Array) -> list[Any]:
    """Share ``range(count)`` out among threads for NumPy; a device has its own."""
    if array_api_compat.is_numpy_namespace(array_namespace(x)):
        # What is found does not depend on the parts, and a product packs its columns once a part.
        return in_threads(work, count, parts=num_threads(count, BLOCK_BYTES))
    return [work(range(count))]


def _l2_keys(X: Array) -> KeyMaker:
    """Keys ``|t|^2 / 2 - x.t``: half the squared distance, but for a constant of the test row.

    The bound of the error is that of a dot product of D rounded terms (Higham, "Accuracy and
    Stability of Numerical Algorithms", section 3.1) doubled, which also covers the norms, the
    subtraction, and the rounding of the differences in the recomputation.
    """
    xp = array_namespace(X)
    X = _centred(X)
    finfo = xp.finfo(X.dtype)
    norms = xp.sqrt(2 * _half_squares(X, "X"))
    unit = (X.shape[1] + 8) * float(finfo.eps) / 2
    tiny = X.shape[1] * float(finfo.smallest_normal)
    minus_X = -X

    def make_keys(X_train: Array) -> tuple[Array, Array]:
        X_train = _centred(X_train)
        half_squares = _half_squares(X_train, "X_train")
        keys = minus_X @ xp.permute_dims(X_train, (1, 0))
        keys += half_squares[None, :]
        reach = norms + xp.sqrt(2 * xp.max(half_squares))
        return keys, (unit * reach * reach + tiny)[:, None]

    return make_keys


def _centred(X: Array) -> Array:
    """Shift pixels to -128 .. 127: distances stay, norms and with them the error shrink."""
    xp = array_namespace(X)
    return xp.astype(X, xp.float32) - 128 if X.dtype == xp.uint8 else X


def _half_squares(X: Array, name: str) -> Array:
    xp = array_namespace(X)
    with np.errstate(over="ignore", invalid="ignore"):
        half_squares = xp.vecdot(X, X) / 2
        # The squared distance of two rows is at most twice the sum of their squares.
        _check_finite(8 * half_squares, X, name, "squared distances")
    return half_squares


def _squared_differences(X: Array, X_train: Array, row: Array, column: Array) -> Array:
    """Return float64 ``sum((X[row] - X_train[column])**2)`` for each pair, without cancellation."""
    xp = array_namespace(X)
    dtype = xp.float64 if X.dtype == xp.float64 else xp.float32  # holds each uint8 difference too

    def block(pairs: slice) -> Array:
        x = xp.astype(xp.take(X, row[pairs], axis=0), dtype, copy=False)
        t = xp.astype(xp.take(X_train, column[pairs], axis=0), dtype, copy=False)
        difference = xp.astype(x - t, xp.float64, copy=False)
        return xp.vecdot(difference, difference)

    in_cache = PAIR_BYTES if array_api_compat.is_numpy_namespace(xp) else DEVICE_BYTES
    pairs = list(slices(range(row.shape[0]), max(in_cache // (X.shape[1] * 8), 1)))
    shares = _in_threads(lambda part: [block(pairs[i]) for i in part], len(pairs), X)
    return xp.concat([found for share in shares for found in share])


def _l1_keys(X: Array) -> KeyMaker:
    """Keys that are the distances themselves, without an error to speak of."""
    xp = array_namespace(X)
    _check_l1(X, "X")
    none = xp.zeros((X.shape[0], 1), dtype=xp.float64, device=device(X))

    def make_keys(X_train: Array) -> tuple[Array, Array]:
        _check_l1(X_train, "X_train")
        on_host = array_api_compat.is_numpy_namespace(xp)
        return (_l1_numpy if on_host else _l1_broadcast)(X, X_train), none

    return make_keys


def _check_l1(X: Array, name: str) -> None:
    xp = array_namespace(X)
    if X.dtype == xp.uint8:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        # The distance of two rows is at most the sum of their lengths.
        _check_finite(2 * xp.sum(xp.abs(X), axis=1), X, name, "distances")


def _check_finite(bounds: Array, X: Array, name: str, what: str) -> None:
    xp = array_namespace(bounds)
    if not bool(xp.all(xp.isfinite(bounds))):
        raise ValueError(
            f"expected finite values in {name} such that {what} fit {X.dtype}; "
            "remove NaN and infinity, or scale the rows down"
        )


def _l1_numpy(X: Any, X_train: Any) -> np.ndarray:
    """All L1 distances, a few training rows that fit the cache at a time."""
    pixels = X.dtype == np.uint8
    distances = np.empty((len(X), len(X_train)))

    for rows in slices(range(len(X_train)), max(CACHE_BYTES // (X.shape[1] * X.itemsize), 1)):
        t = X_train[rows]
        buffer = np.empty(t.shape, t.dtype)
        for i, x in enumerate(X):
            if pixels:  # one pass over bytes: |x - t| = 2 max(x, t) - x - t
                np.maximum(t, x, out=buffer)
                distances[i, rows] = buffer.sum(axis=1, dtype=np.uint32)
            else:
                np.abs(np.subtract(t, x, out=buffer), out=buffer)
                distances[i, rows] = buffer.sum(axis=1)
    if pixels:
        distances *= 2
        distances -= X_train.sum(axis=1, dtype=np.int64)
        distances -= X.sum(axis=1, dtype=np.int64)[:, None]
    return distances


def _l1_broadcast(X: Array, X_train: Array) -> Any:
    """All L1 distances in any array library, by one broadcast a block."""
    xp = array_namespace(X)
    dtype = xp.int16 if X.dtype == xp.uint8 else X.dtype
    total = xp.int64 if X.dtype == xp.uint8 else X.dtype
    X = xp.astype(X, dtype, copy=False)

    def block(rows: slice) -> Array:
        t = xp.astype(X_train[rows, :], dtype, copy=False)
        return xp.sum(xp.abs(X[:, None, :] - t[None, :, :]), axis=2, dtype=total)

    rows = max(DEVICE_BYTES // (X.shape[0] * X.shape[1] * 8), 1)
    parts = [block(part) for part in slices(range(X_train.shape[0]), rows)]
    return xp.astype(xp.concat(parts, axis=1), xp.float64)
