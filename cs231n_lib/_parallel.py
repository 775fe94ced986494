"""Spread work on NumPy arrays over threads and cache-sized blocks.

NumPy lets go of the interpreter lock while it copies and multiplies, so threads that each own a
part of the batch keep all cores busy with the copies as well as with the products. BLAS is told
to use one thread meanwhile; two layers of threads would fight for the same cores. So does one
after the other: a thread of OpenBLAS spins for some 25 ms when its product is done. Products that
stand between convolutions are therefore shared out here as well, by `matmul`.

The parts are cut by size, whatever the number of threads, and sums over parts are formed in their
order. So the bits of a result depend on the data alone: not on the machine's cores, on
``OMP_NUM_THREADS`` or on what other threads do. (Another BLAS, or the same one on another kind of
processor, does round in other ways.)
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from itertools import count as count_up
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")

# What one thread works on at a time: little enough for the cache, and enough that threads seldom
# meet at the interpreter lock, which they hold between two calls of NumPy.
BLOCK_BYTES = 2**21

# The most parts that work is cut into: more threads than this have nothing to do.
MOST_PARTS = 8

# Up to this many multiplications OpenBLAS uses one thread whatever it may.
SMALL_PRODUCT = 2**18

NAME = "cs231n_lib"  # of our threads

_turn: Any = threading.RLock()  # held by the thread whose work is shared out
_limited: list[tuple[Any, int]] = []  # libraries told to use one thread, and how many they had


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix=NAME)


def _after_fork() -> None:
    """Begin anew in a forked process: it has none of our threads, and nobody to end their work."""
    global _turn
    _turn = threading.RLock()
    _pool.cache_clear()
    _unlimit()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)


def _unlimit() -> None:
    """Give the libraries their threads back; to be called as often as one likes."""
    for library, threads in _limited:
        library.set_num_threads(threads)
    _limited.clear()


def num_parts(count: int, bytes_each: int) -> int:
    """Return how many parts `in_threads` cuts ``range(count)`` into.

    Examples
    --------
    >>> num_parts(1, BLOCK_BYTES), num_parts(100, 1), num_parts(100, BLOCK_BYTES)
    (1, 1, 8)
    """
    blocks = count * bytes_each // BLOCK_BYTES
    return min(count, MOST_PARTS, max(2, blocks)) if blocks else 1


def part_length(count: int, bytes_each: int) -> int:
    """Return the length of the longest part that `in_threads` cuts from ``range(count)``.

    Examples
    --------
    >>> part_length(17, BLOCK_BYTES)
    3
    """
    return -(-count // num_parts(count, bytes_each))


def num_threads(count: int, bytes_each: int) -> int:
    """Return how many threads `in_threads` uses when nobody else does.

    Examples
    --------
    >>> num_threads(1, BLOCK_BYTES), num_threads(100, 1)
    (1, 1)
    """
    threads = max((library.num_threads for library in _blas().lib_controllers), default=1)
    return min(num_parts(count, bytes_each), threads)


def in_threads(
    work: Callable[[range], Result],
    count: int,
    bytes_each: int = BLOCK_BYTES,
    *,
    parts: int | None = None,
    done: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Share ``range(count)`` out among threads, one contiguous part after the other.

    Parameters
    ----------
    work : callable
        Called with a non-empty part of ``range(count)``; parts must not depend on each other.
    count : int
        Number of items, for instance images in a batch.
    bytes_each : int
        Memory that the work on one item goes through. What fits into `BLOCK_BYTES` altogether
        is done here and now, in one part: threads would take longer to start.
    parts : int, optional
        Number of parts. By default it depends on the size of the work alone, so that results are
        the same on every machine; give it only where they do not depend on the parts.
    done : callable, optional
        Takes the result of each part as soon as those before it are there too, in the order of
        the parts, one at a time. Nothing is returned then.

    Returns
    -------
    list
        What `work` returned for each part, in order.

    Notes
    -----
    As many threads work as BLAS has (``OMP_NUM_THREADS`` limits both). One thread has its work
    shared out at a time; another one that comes meanwhile waits. Work within work is done by the
    thread that asks for it. The threads are kept for the next call. A forked process, which has
    none of them, starts its own.

    Examples
    --------
    >>> sum(in_threads(sum, 10))
    45
    """
    if not count:
        return []
    cuts = num_parts(count, bytes_each) if parts is None else min(parts, count)
    # The longer parts come first: the workspaces that they need are large enough for the others.
    edges = [k * (count // cuts) + min(k, count % cuts) for k in range(cuts + 1)]
    task = _Task(work, [range(a, b) for a, b in pairwise(edges)], done)
    if _turn._is_owned() or threading.current_thread().name.startswith(NAME):
        task.run()
        return task.results
    try:
        with _turn:
            task.run_in_threads()
    finally:
        while _turn._is_owned():  # an interrupt (Ctrl-C) may come on the way out of `with`
            _turn.release()
    return task.results


class _Task:
    """Parts of one piece of work, taken one after the other by whoever is free."""

    def __init__(
        self,
        work: Callable[[range], Any],
        parts: list[range],
        done: Callable[[Any], None] | None,
    ) -> None:
        self.work, self.parts, self.done = work, parts, done
        self.results: list[Any] = []
        self.waiting: dict[int, Any] = {}  # results whose predecessors are not there yet
        self.numbers = count_up()  # one step of it cannot be divided between threads
        self.stopped = False
        self.turn = threading.Lock()

    def run(self) -> None:
        """Take parts until none is left."""
        try:
            while not self.stopped and (number := next(self.numbers)) < len(self.parts):
                self._hand_in(number, self.work(self.parts[number]))
        except BaseException:
            self.stopped = True  # nobody shall begin another part
            raise

    def _hand_in(self, number: int, result: Any) -> None:
        """Pass on what is complete up to here; keep what is early."""
        with self.turn:
            self.waiting[number] = result
            while len(self.results) in self.waiting:
                ready = self.waiting.pop(len(self.results))
                if self.done is None:
                    self.results.append(ready)
                else:
                    self.results.append(None)
                    self.done(ready)

    def run_in_threads(self) -> None:
        """Take parts together with the threads of the pool, while BLAS has one."""
        try:
            try:
                self._run_with_helpers()
            finally:
                _unlimit()
        finally:  # again: an interrupt may have come in the line above
            _unlimit()

    def _run_with_helpers(self) -> None:
        libraries = [(library, library.num_threads) for library in _blas().lib_controllers]
        threads = min(len(self.parts), max((n for _, n in libraries), default=1))
        _limited.extend(libraries)
        for library, _ in libraries:
            library.set_num_threads(1)
        helpers: list[Future] = []
        try:
            for _ in range(threads - 1):
                # Each thread gets a copy of our context: numpy.errstate holds there as here.
                helpers.append(_pool(threads - 1).submit(copy_context().run, self.run))
            self.run()
        finally:
            self.stopped = True
            wait(helpers)  # all of them, before an error leaves this function
        for helper in helpers:
            helper.result()


class PerThread:
    """One object for each thread that asks, made when it does, for as long as this one lives.

    Examples
    --------
    >>> spaces = PerThread(list)
    >>> spaces.mine() is spaces.mine()
    True
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.made: dict[int, Any] = {}

    def mine(self) -> Any:
        """Return the object of the thread that asks."""
        me = threading.get_ident()
        if me not in self.made:
            self.made[me] = self.make()
        return self.made[me]


class InOrder:
    """A sum of tuples of arrays, formed in the order in which they are added.

    Examples
    --------
    >>> total = InOrder()
    >>> for part in ((np.ones(2), 1.0), (np.ones(2), 2.0)):
    ...     total.add(part)
    >>> total.sums
    [array([2., 2.]), 3.0]
    """

    def __init__(self) -> None:
        self.sums: list[Any] = []

    def add(self, terms: tuple[Any, ...]) -> None:
        """Add one more tuple; the arrays of the first one become the sums."""
        if not self.sums:
            self.sums = list(terms)
            return
        for place, term in enumerate(terms):
            self.sums[place] += term


def matmul(a: Any, b: Any, *, by_columns: bool = False) -> Any:
    """Multiply two matrices, the rows of the first shared out among the threads.

    BLAS itself would round in other ways with other numbers of threads.

    Parameters
    ----------
    a : array (N, K)
    b : array (K, M)
    by_columns : bool
        Share out the columns of the second instead: each thread goes through all of the other
        matrix, which had better be the smaller one.

    Returns
    -------
    array (N, M)
        ``a @ b``; for any array library but NumPy, exactly that.

    Examples
    --------
    >>> matmul(np.ones((1, 2)), np.ones((2, 1)))
    array([[2.]])
    """
    if not isinstance(a, np.ndarray) or a.size * b.shape[1] <= SMALL_PRODUCT:
        return a @ b
    out = np.empty((len(a), b.shape[1]), np.result_type(a, b))

    def work(numbers: range) -> None:
        part = slice(numbers.start, numbers.stop)
        if by_columns:
            np.matmul(a, b[:, part], out=out[:, part])
        else:
            np.matmul(a[part], b, out=out[part])

    in_threads(work, *((b.shape[1], a.nbytes) if by_columns else (len(a), b.nbytes)))
    return out


def matmul_each(a: Any, b: Any) -> Any:
    """Multiply a matrix, or each of N, with each of N others, which are shared out among threads.

    Parameters
    ----------
    a : array (L, K) or (N, L, K)
    b : array (N, K, M)

    Returns
    -------
    array (N, L, M)
        ``a @ b``; for any array library but NumPy, exactly that.

    Examples
    --------
    >>> matmul_each(np.ones((1, 2)), np.ones((3, 2, 1))).ravel()
    array([2., 2., 2.])
    """
    if not isinstance(b, np.ndarray):
        return a @ b
    out = np.empty((len(b), a.shape[-2], b.shape[-1]), np.result_type(a, b))

    def work(numbers: range) -> None:
        part = slice(numbers.start, numbers.stop)
        np.matmul(a if a.ndim == 2 else a[part], b[part], out=out[part])

    in_threads(work, len(b), b[:1].nbytes)
    return out


def blocks(
    part: range, bytes_each: int, least: int = 1, longest: int | None = None
) -> Iterator[slice]:
    """Cut `part` into slices whose workspace fits into `BLOCK_BYTES`, or of the length `least`.

    Where parts differ in length, all are cut as the `longest` of them, so that no slice of a later
    part needs more room than the first.

    Examples
    --------
    >>> list(blocks(range(1, 6), BLOCK_BYTES // 2))
    [slice(1, 3, None), slice(3, 5, None), slice(5, 6, None)]
    """
    return slices(part, block_length(longest or len(part), bytes_each, least))


def slices(part: range, step: int) -> Iterator[slice]:
    """Cut `part` into slices of the length `step`, the last of which may be shorter.

    Examples
    --------
    >>> list(slices(range(1, 6), 2))
    [slice(1, 3, None), slice(3, 5, None), slice(5, 6, None)]
    """
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
        for block in blocks(rows, row_bytes, longest=part_length(num, row_bytes)):
            results = work(*(a[block] for a in arrays))
            parts = results if isinstance(first, tuple) else (results,)
            for out, result in zip(outs, parts, strict=True):
                out[block] = result

    in_threads(part, num, row_bytes)
    return outs if isinstance(first, tuple) else outs[0]


def by_rows_bytes(
    array_bytes: int, batch: int, *, reads: int, whole: float, each: float, results: int
) -> int:
    """Return the bytes that `by_rows` needs beside its results.

    A small array is worked on at once, with `whole` temporaries of its size. A larger one goes
    in blocks of `reads` arrays, with `each` temporaries a block, results included, and beside them
    the `results` of the block before, if a part has more than one.

    Examples
    --------
    >>> by_rows_bytes(100, 10, reads=1, whole=2, each=3, results=1)
    200
    """
    if array_bytes <= BLOCK_BYTES:
        return round(whole * array_bytes)
    row_bytes = array_bytes // batch
    part = part_length(batch, reads * row_bytes)
    rows = block_length(part, reads * row_bytes)
    arrays = each + results * (rows < part)
    return round(arrays * num_threads(batch, reads * row_bytes) * rows * row_bytes)


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
