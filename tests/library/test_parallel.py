"""Work shared among threads: in order, whole, the same for any number of them, and over in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cs231n_lib import _parallel as parallel


def libraries():
    return parallel._blas().lib_controllers


def test_work_is_cut_by_size_and_comes_back_in_order(three_threads):
    assert parallel.in_threads(list, 7) == [[i] for i in range(7)]
    assert parallel.in_threads(list, 20)[3:5] == [[9, 10, 11], [12, 13]]
    assert len(parallel.in_threads(list, 20)) == parallel.MOST_PARTS
    assert parallel.in_threads(list, 1) == [[0]]
    assert parallel.in_threads(list, 0) == []
    assert parallel.in_threads(list, 7, bytes_each=1) == [[0, 1, 2, 3, 4, 5, 6]]
    assert parallel.in_threads(list, 7, parts=3) == [[0, 1, 2], [3, 4], [5, 6]]
    # Work within work is done by the thread that asks.
    inner = parallel.in_threads(lambda part: parallel.in_threads(list, 2), 3)
    assert inner == [[[0], [1]]] * 3


def test_work_is_done_by_several_threads_with_one_thread_of_blas(three_threads):
    together, seen = threading.Barrier(3), set()

    def work(part):
        together.wait(timeout=300)
        seen.add(threading.current_thread().name.partition("_0")[0])
        return [library.num_threads for library in libraries()]

    assert parallel.in_threads(work, 3) == [[1]] * 3
    assert seen >= {"MainThread", "cs231n_lib"} or len(seen) == 2
    assert [library.num_threads for library in libraries()] == [3]


def test_results_are_passed_on_in_the_order_of_the_parts(three_threads):
    """Even when the first part is the last to be done."""
    later, taken = threading.Event(), []

    def work(part):
        if part.start == 0:
            assert later.wait(timeout=300)
        elif part.start == 2:
            later.set()
        return part.start

    assert parallel.in_threads(work, 3, done=taken.append) == [None] * 3
    assert taken == [0, 1, 2]


def test_an_error_stops_the_work_and_leaves_all_as_it_was(three_threads):
    begun = []

    def work(part):
        begun.append(part.start)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        parallel.in_threads(work, 8)
    assert len(begun) <= 3
    assert [library.num_threads for library in libraries()] == [3]
    assert parallel.in_threads(list, 3) == [[0], [1], [2]]


def test_a_second_user_waits_for_the_first(three_threads):
    running, most = [], []

    def work(part):
        running.append(part)
        most.append(len(running))
        time.sleep(0.001)
        running.remove(part)
        return part.start

    with ThreadPoolExecutor(4) as users:
        found = list(users.map(lambda _: parallel.in_threads(work, 6), range(8)))
    assert found == [list(range(6))] * 8
    assert max(most) <= 3
    assert [library.num_threads for library in libraries()] == [3]


def test_threads_share_the_rows_of_a_product(rng, monkeypatch, three_threads):
    a, b = rng.standard_normal((301, 90)), rng.standard_normal((90, 80))
    parts = []

    def recorded(work, count, bytes_each):
        return in_threads(lambda part: parts.append(part) or work(part), count, bytes_each)

    in_threads = parallel.in_threads
    monkeypatch.setattr(parallel, "in_threads", recorded)
    np.testing.assert_allclose(parallel.matmul(a.T, a), a.T @ a, rtol=1e-12)
    np.testing.assert_allclose(parallel.matmul(a, b), a @ b, rtol=1e-12)
    assert sum(map(len, parts)) == 90 + 301
    assert len(parts) > 8
    before = len(parts)
    assert parallel.matmul(a[:3], b).shape == (3, 80)
    assert len(parts) == before, "threads for a small product"


NUMBERS = """
import hashlib, json, os, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import cs231n_lib as cs

rng = np.random.default_rng
net = cs.ConvNet((3, 32, 32), [16, 32], hidden_dim=128, rng=rng(0))
flat = cs.FullyConnectedNet([200, 100], normalization="batchnorm", keep_prob=0.5, rng=rng(0))
X, y = rng(1).standard_normal((64, 3, 32, 32)).astype(np.float32), rng(2).integers(10, size=64)
W = 1e-3 * rng(3).standard_normal((3072, 10)).astype(np.float32)
big = rng(4).standard_normal((1200, 3072)).astype(np.float32)
labels = rng(5).integers(10, size=1200)

def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()

def steps():
    found = []
    for model, data in ((net, X), (flat, X)):
        model.rng = rng(7)
        loss, grads = model.loss(data, y)
        found.append((float(loss).hex(), digest(*(grads[name] for name in sorted(grads)))))
    for stride, K, C in ((1, 3, 3), (2, 3, 16), (1, 5, 16), (1, 1, 64)):
        x = rng(8).standard_normal((40, C, 33, 33)).astype(np.float32)
        w, b = rng(9).standard_normal((24, C, K, K)).astype(np.float32), np.zeros(24, np.float32)
        out, cache = cs.conv_forward(x, w, b, {"stride": stride, "pad": K // 2})
        found.append(digest(out, *cs.conv_backward(out, cache)))
    by_columns = {"stride": 1, "pad": 1, "algorithm": "im2col"}
    w, b = rng(9).standard_normal((24, 16, 3, 3)).astype(np.float32), np.zeros(24, np.float32)
    out, cache = cs.conv_forward(x[:8, :16], w, b, by_columns)
    found.append(digest(out))
    found += map(digest, cs.conv_backward(out, cache))
    for loss in (cs.svm_loss_vectorized, cs.softmax_loss_vectorized):
        value, dW = loss(W, big, labels, 0.1)
        found.append((float(value).hex(), digest(dW)))
    found.append(digest(*cs.nearest(big[:200], big, 5)))
    found.append(digest(cs.compute_distances_no_loops(big[:64, :784], big[:1000, :784])))
    linear = cs.Softmax()
    linear.W = rng(6).standard_normal((9999, 10)).astype(np.float32)
    found.append(digest(linear.scores(rng(7).standard_normal((100, 9999)).astype(np.float32))))
    return found

def train(path, epochs):
    # Go on from a checkpoint of another process, if there is one.
    model = cs.ConvNet((3, 32, 32), [16], hidden_dim=16, rng=rng(0))
    data = {"X_train": X, "y_train": y, "X_val": X[:9], "y_val": y[:9]}
    solver = cs.Solver(model, data, optimiser=cs.Adam(1e-3), num_epochs=epochs, batch_size=20,
                       rng=rng(1), checkpoint=path, progress=False)
    if os.path.exists(path):
        solver.load_checkpoint(path)
    solver.train()
    return digest(*(model.params[name] for name in sorted(model.params)))

alone = steps()
if "busy" in sys.argv:
    with ThreadPoolExecutor(3) as others:
        jobs = [others.submit(cs.svm_loss_vectorized, W, big, labels, 0.1) for _ in range(12)]
        beside = steps()
        [job.result() for job in jobs]
    assert json.dumps(beside) == json.dumps(alone), "other threads change the numbers"
path, epochs = sys.argv[1:3]
print(json.dumps([*alone, train(path, int(epochs))]))
"""


def numbers(threads, *arguments):
    """Return what a process finds in which BLAS has this many threads."""
    done = subprocess.run(
        [sys.executable, "-c", NUMBERS, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_numbers_do_not_depend_on_threads(tmp_path):
    """Losses, gradients, convolutions and neighbours, in processes with 1, 2 and 4 threads.

    Training as well, whether it goes on with other threads or not.
    """
    one = numbers(1, tmp_path / "whole.npz", 2)
    *first, halfway = numbers(2, tmp_path / "parts.npz", 1, "busy")
    assert (first, halfway != one[-1]) == (one[:-1], True)
    assert numbers(4, tmp_path / "parts.npz", 2) == one


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_starts_threads_of_its_own(three_threads):
    together = threading.Barrier(3)  # so that there are three threads
    assert sorted(parallel.in_threads(lambda part: together.wait(), 3)) == [0, 1, 2]
    child = os.fork()
    if child == 0:  # no pytest below this line
        signal.alarm(300)  # the death of a child that hangs
        os._exit(0 if parallel.in_threads(list, 3) == [[0], [1], [2]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_forked_in_the_middle_of_work_begins_anew(three_threads):
    """The child inherits neither the turn of a thread that it has not, nor BLAS's limit."""

    def work(part):
        if part.start:
            return 0
        child = os.fork()
        if child == 0:
            signal.alarm(300)
            threads = [library.num_threads for library in libraries()]
            fine = threads == [3] and parallel.in_threads(list, 3) == [[0], [1], [2]]
            os._exit(0 if fine else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    with ThreadPoolExecutor(1) as other:
        assert other.submit(parallel.in_threads, work, 3).result() == [0, 0, 0]
    assert parallel.in_threads(work, 3) == [0, 0, 0]


def test_without_a_known_blas_one_thread_does_all(monkeypatch):
    class Controller:
        lib_controllers = ()

    monkeypatch.setattr(parallel, "_blas", Controller)
    assert parallel.in_threads(list, 3) == [[0], [1], [2]]
    assert parallel.num_threads(100, 2**21) == 1
