"""Spread work on NumPy arrays over threads and cache-sized blocks.

NumPy lets go of the interpreter lock while it copies and multiplies, so threads that each own a
part of the batch keep all cores busy with the copies as well as with the products. BLAS is told
to use one thread meanwhile; two layers of threads would fight for the same cores. So does one
after the other: a thread of OpenBLAS spins for some 25 ms when its product is done. Products that
stand between convolutions are therefore shared out here as well, by `matmul`.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")

# What one thread works on at a time: little enough for the cache, and enough that threads seldom
# meet at the interpreter lock, which they hold between two calls of NumPy.
BLOCK_BYTES = 2**21

_busy = threading.Lock()


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="cs231n_lib")


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_pool.cache_clear)


def num_threads(count: int, bytes_each: int) -> int:
    """Return how many threads `in_threads` uses when nobody else does.

    Examples
    --------
    >>> num_threads(1, BLOCK_BYTES), num_threads(100, 1)
    (1, 1)
    """
    if count * bytes_each < BLOCK_BYTES:
        return 1
    libraries = _blas().lib_controllers
    return min(count, max((library.num_threads for library in libraries), default=1))


def in_threads(
    work: Callable[[range], Result], count: int, bytes_each: int = BLOCK_BYTES
) -> list[Result]:
    """Share ``range(count)`` out among threads, one contiguous part for each.

    Parameters
    ----------
    work : callable
        Called with a non-empty part of ``range(count)``; parts must not depend on each other.
    count : int
        Number of items, for instance images in a batch.
    bytes_each : int
        Memory that the work on one item goes through. What fits into `BLOCK_BYTES` altogether
        is done here and now: threads would take longer to start.

    Returns
    -------
    list
        What `work` returned for each part, in order. There are as many parts as BLAS has
        threads (``OMP_NUM_THREADS`` limits both), and one if the threads are busy already.

    Notes
    -----
    The threads are kept for the next call. A forked process, which has none of them, starts its
    own.

    Examples
    --------
    >>> sum(in_threads(sum, 10))
    45
    """
    workers = num_threads(count, bytes_each)
    if workers < 2 or not _busy.acquire(blocking=False):
        return [work(range(count))]
    try:
        edges = [count * k // workers for k in range(workers + 1)]
        own, *others = (range(a, b) for a, b in pairwise(edges))
        with _blas().limit(limits=1):
            # Each thread gets a copy of our context: numpy.errstate holds there as it does here.
            futures = [_pool(workers - 1).submit(copy_context().run, work, part) for part in others]
            try:
                first = work(own)
            finally:
                wait(futures)  # all of them, before an error leaves this function
            return [first, *(future.result() for future in futures)]
    finally:
        _busy.release()


def matmul(a: Any, b: Any) -> Any:
    """Multiply two matrices, the rows of the first shared out among the threads.

    Parameters
    ----------
    a : array (N, K)
    b : array (K, M)

    Returns
    -------
    array (N, M)
        ``a @ b``; for any array library but NumPy, exactly that.

    Examples
    --------
    >>> matmul(np.ones((1, 2)), np.ones((2, 1)))
    array([[2.]])
    """
    if not isinstance(a, np.ndarray) or num_threads(len(a), b.nbytes) < 2:
        return a @ b
    out = np.empty((len(a), b.shape[1]), np.result_type(a, b))

    def work(rows: range) -> None:
        part = slice(rows.start, rows.stop)
        np.matmul(a[part], b, out=out[part])

    in_threads(work, len(a), b.nbytes)
    return out


def blocks(part: range, bytes_each: int, least: int = 1) -> Iterator[slice]:
    """Cut `part` into slices whose workspace fits into `BLOCK_BYTES`, or of the length `least`.

    Examples
    --------
    >>> list(blocks(range(1, 6), BLOCK_BYTES // 2))
    [slice(1, 3, None), slice(3, 5, None), slice(5, 6, None)]
    """
    step = block_length(len(part), bytes_each, least)
    for start in range(part.start, part.stop, step):
        yield slice(start, min(start + step, part.stop))


def block_length(count: int, bytes_each: int, least: int = 1) -> int:
    """Return the length of the longest slice that `blocks` cuts from `count` items.

    Examples
    --------
    >>> block_length(5, 10 * BLOCK_BYTES), block_length(5, 1), block_length(5, BLOCK_BYTES, 3)
    (1, 5, 3)
    """
    parts = -(-count // max(least, BLOCK_BYTES // bytes_each))
    return -(-count // parts)


def by_rows(work: Callable[..., Any], *arrays: Any) -> Any:
    """Call `work` on the arrays, or on cache-sized blocks of their rows where that is faster.

    Several steps on a large array go through memory once for each step; on blocks that fit into
    the cache, once altogether, and in threads.

    Parameters
    ----------
    work : callable
        Takes arrays of equal length and returns one array or a tuple of arrays of that length,
        whose rows depend on the same rows of its arguments and on nothing else.
    *arrays : array
        Of equal length. Arrays that are not NumPy's are passed on as they are.

    Returns
    -------
    array or tuple of array
        What ``work(*arrays)`` returns.

    Examples
    --------
    >>> by_rows(np.add, np.arange(3), np.ones(3))
    array([1., 2., 3.])
    """
    if not isinstance(arrays[0], np.ndarray) or arrays[0].nbytes <= BLOCK_BYTES:
        return work(*arrays)
    num, row_bytes = len(arrays[0]), sum(a.nbytes for a in arrays) // len(arrays[0])
    first = work(*(a[:1] for a in arrays))
    like = first if isinstance(first, tuple) else (first,)
    outs = tuple(np.empty((num, *a.shape[1:]), a.dtype) for a in like)

    def part(rows: range) -> None:
        for block in blocks(rows, row_bytes):
            results = work(*(a[block] for a in arrays))
            for out, result in zip(outs, results if len(outs) > 1 else (results,), strict=True):
                out[block] = result

    in_threads(part, num, row_bytes)
    return outs if isinstance(first, tuple) else outs[0]


def by_rows_bytes(array_bytes: int, batch: int, *, reads: int, whole: float, each: float) -> int:
    """Return the bytes that `by_rows` needs beside its results.

    A small array is worked on at once, with `whole` temporaries of its size. A larger one goes
    in blocks of `reads` arrays, with `each` temporaries a block; where it matters, the results of
    the block before are among them.

    Examples
    --------
    >>> by_rows_bytes(100, 10, reads=1, whole=2, each=3)
    200
    """
    if array_bytes <= BLOCK_BYTES:
        return round(whole * array_bytes)
    row_bytes = array_bytes // batch
    threads = num_threads(batch, reads * row_bytes)
    rows = block_length(-(-batch // threads), reads * row_bytes)
    return round(each * threads * rows * row_bytes)


class Workspace:
    """Memory that one thread uses again for each block, so that it stays in the cache.

    Examples
    --------
    >>> space = Workspace(np.float32)
    >>> first, second = space.take("V", (2, 3)), space.take("V", (1, 2))
    >>> np.shares_memory(first, second), second.shape
    (True, (1, 2))
    """

    def __init__(self, dtype: np.dtype | type) -> None:
        self.dtype = dtype
        self.buffers: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the buffer called `name` as an array of this shape, with what it held last."""
        size = math.prod(shape)
        if name not in self.buffers or self.buffers[name].size < size:
            self.buffers[name] = np.empty(size, self.dtype)
        return self.buffers[name][:size].reshape(shape)
