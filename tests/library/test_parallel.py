"""Work shared among threads: in order, whole, and over before an error leaves."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from cs231n_lib import _parallel as parallel


def test_work_is_shared_among_threads_in_order(three_threads):
    assert parallel.in_threads(list, 7) == [[0, 1], [2, 3], [4, 5, 6]]
    assert parallel.in_threads(list, 1) == [[0]]
    # A thread that asks again, or a second user, works alone.
    assert parallel.in_threads(lambda part: parallel.in_threads(list, 2), 3) == [[[0, 1]]] * 3
    with pytest.raises(ZeroDivisionError):
        parallel.in_threads(lambda part: 1 // 0, 3)
    assert parallel.in_threads(list, 3) == [[0], [1], [2]]  # the lock was released


def test_threads_share_the_rows_of_a_product(rng, monkeypatch, three_threads):
    a, b = rng.standard_normal((301, 90)), rng.standard_normal((90, 80))
    parts = []

    def recorded(work, count, bytes_each):
        return in_threads(lambda part: parts.append(part) or work(part), count, bytes_each)

    in_threads = parallel.in_threads
    monkeypatch.setattr(parallel, "in_threads", recorded)
    np.testing.assert_allclose(parallel.matmul(a.T, a), a.T @ a, rtol=1e-12)
    np.testing.assert_allclose(parallel.matmul(a, b), a @ b, rtol=1e-12)
    assert sorted(map(len, parts)) == [30, 30, 30, 100, 100, 101]
    assert parallel.matmul(a[:3], b).shape == (3, 80)
    assert len(parts) == 6, "threads for a small product"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_starts_threads_of_its_own(three_threads):
    together = threading.Barrier(3)  # so that there are three threads
    assert sorted(parallel.in_threads(lambda part: together.wait(), 3)) == [0, 1, 2]
    child = os.fork()
    if child == 0:  # no pytest below this line
        signal.alarm(10)  # the death of a child that hangs
        os._exit(0 if parallel.in_threads(list, 3) == [[0], [1], [2]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_without_a_known_blas_the_work_is_done_in_one_part(monkeypatch):
    class Controller:
        lib_controllers = ()

    monkeypatch.setattr(parallel, "_blas", Controller)
    assert parallel.in_threads(list, 3) == [[0, 1, 2]]
