"""The same results from a real Dask scheduler and workers in processes of their own."""

import importlib.util
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.batch import grade_all
from cs231n_lib.course.judge.pools.cluster import grade_one
from cs231n_lib.course.judge.pools.local import LocalPool
from cs231n_lib.course.judge.result import Fault
from cs231n_lib.course.judge.store import Results, version
from cs231n_lib.course.limits import JUDGE_MEMORY
from tests.course.judge.test_grading import scores, some
from tests.course.notebooks import submission
from tests.ports import free_ports

pytestmark = [
    pytest.mark.usefixtures("needs_walls"),
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("distributed") is None, reason="the extra 'cluster' is missing"
    ),
    pytest.mark.filterwarnings("default"),  # of Dask's own event loops, as they are torn down
]
ROOT = checkout.root()
#: Seconds for what takes as long as the machine is busy: far more than it ever should.
PATIENCE = 600.0


class Cluster:
    """A scheduler and workers, started by the documented commands."""

    def __init__(self):
        [self.port] = free_ports(1)
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", str(self.port),
                                    "--no-dashboard")  # fmt: skip
        self.workers = [self.add_worker(), self.add_worker()]

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def wait_for_scheduler(self):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                assert time.monotonic() < until, "the scheduler does not come up"
                assert self.scheduler.poll() is None, "the scheduler is gone"
                time.sleep(0.05)

    def add_worker(self):
        return self.start("worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny")

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster():
    cluster = Cluster()
    try:
        cluster.wait_for_scheduler()
        yield cluster
    finally:
        cluster.stop()


def open_pool(settings, cluster):
    from cs231n_lib.course.judge.pools.cluster import ClusterPool

    pool = ClusterPool(settings, cluster.address)
    pool.client.wait_for_workers(2, timeout=PATIENCE)
    return pool


@pytest.fixture(scope="module")
def expected(needs_walls, settings, master, tmp_path_factory):
    """The results of sixteen submissions, of judges on this machine."""
    pool = LocalPool(settings, processes=2)
    return scores(grade_all(some(16), master, pool, Results(tmp_path_factory.mktemp("here")), 5))


@pytest.fixture(autouse=True)
def few_ahead(monkeypatch):
    """Let the pool refill the cluster within these few submissions."""
    from cs231n_lib.course.judge.pools import cluster

    monkeypatch.setattr(cluster, "AHEAD", 6)


def test_a_cluster_gives_the_results_of_this_machine_and_survives_a_lost_worker(
    expected, cluster, settings, master, tmp_path
):
    pool = open_pool(settings, cluster)
    done = []

    def kill_a_worker(result):
        done.append(result)
        if len(done) == 3:
            os.kill(cluster.workers[0].pid, signal.SIGKILL)

    try:
        graded = grade_all(some(16), master, pool, Results(tmp_path), 5, progress=kill_a_worker)
        assert len(done) == 16
        assert scores(graded) == expected
    finally:
        pool.client.close()


def grade_in_a_thread(settings, connection):
    """Grade as a Dask worker does; tell the points, and the memory that the judge may have."""
    import resource
    import threading

    from cs231n_lib.course.judge.pools import cluster

    replies = []

    def grade():
        replies.append(cluster.grade_one(settings, submission(), 5, version()))

    thread = threading.Thread(target=grade)
    thread.start()
    thread.join()
    judge = cluster._judge(settings).process.pid
    memory = resource.prlimit(judge, resource.RLIMIT_AS)[0]
    tests = json.loads(replies[0])["tests"]
    connection.send((sum(t["score"] for t in tests), memory, judge != os.getpid()))


def test_a_judge_on_a_cluster_is_bounded_like_one_here_also_below_a_daemon(settings):
    """Dask's nannies start workers as daemons, which may have no children by default."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    daemon = context.Process(target=grade_in_a_thread, args=(settings, theirs), daemon=True)
    daemon.start()
    assert ours.poll(PATIENCE), "no word from the daemon"
    score, memory, apart = ours.recv()
    daemon.join()
    assert (score, apart) == (4.0, True)
    assert JUDGE_MEMORY < memory < JUDGE_MEMORY + 2**34


def test_a_lost_scheduler_loses_no_result(expected, cluster, settings, master, tmp_path):
    data = some(16)
    pool = open_pool(settings, cluster)
    results = Results(tmp_path)
    kept = []

    def kill_the_scheduler(result):
        kept.append(result)
        if len(kept) == 4:
            cluster.scheduler.kill()

    graded = grade_all(data, master, pool, results, 5, progress=kill_the_scheduler)
    pool.client.close(timeout=1)
    lost = [s for s, r in graded.items() if not hasattr(r, "outcome")]
    assert len(list(results.folder.glob("*.json"))) == len(data) - len(lost)
    again = grade_all(data, master, LocalPool(settings, processes=2), results, 5)
    assert scores(again) == expected


def test_a_scheduler_that_is_not_there_is_told_in_words(settings, monkeypatch):
    from cs231n_lib.course.judge.pools import cluster
    from cs231n_lib.course.judge.pools.cluster import ClusterPool

    monkeypatch.setattr(cluster, "SCHEDULER_SECONDS", 1.0)
    [port] = free_ports(1)
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        ClusterPool(settings, f"tcp://127.0.0.1:{port}")


def told(settings, cluster, monkeypatch, job, silence):
    """Return what is said of three submissions whose jobs on the cluster are ``job``."""
    from cs231n_lib.course.judge.pools import cluster as pools_cluster

    monkeypatch.setattr(pools_cluster, "grade_one", job)
    with open_pool(settings, cluster) as pool:
        monkeypatch.setattr(pool, "silence", silence)
        return dict(pool.grade(some(3), 5))


def test_a_worker_that_lies_has_no_result_and_runs_nothing_here(
    settings, cluster, monkeypatch, tmp_path
):
    """Jobs that stand for what a worker sends that has been taken over."""
    one = submission()
    real = grade_one(settings, one, 5, version())
    here, mark = os.getpid(), str(tmp_path / "run-here")

    class Runs:
        def __reduce__(self):
            return eval, (f"__import__('os').getpid() == {here} and open({mark!r}, 'w') or 'x'",)

    def another(settings, data, seed, expected):
        return real if data != one else real.replace('"seed": 5', '"seed": 6')

    def nothing(*_):
        return None

    def runs(*_):
        return Runs()

    def silent(*_):
        import time  # where it runs

        time.sleep(3600)

    def fails(*_):
        raise ValueError("\x1b[2J")

    def says(*_):
        return "no result: \x1b[2J\n" + "x" * 10_000

    for job, reason in (
        (another, "a worker sent the result of another "),
        (nothing, "a worker sent no text but NoneType"),
        (runs, "a worker sent no result"),
        (fails, r"the cluster gave up on it \(error\)"),
        (says, r"\\x1b\[2J x"),
        (silent, "no worker of the cluster answered within 2 seconds"),
    ):
        patience = 2.0 if job is silent else PATIENCE
        found = told(settings, cluster, monkeypatch, job, patience)
        assert len(found) == 3
        for fault in found.values():
            assert isinstance(fault, Fault), fault
            assert re.match(reason, fault.reason), fault.reason
            assert len(fault.reason) <= 500
    assert not os.path.exists(mark)


def test_a_worker_of_another_version_says_so(settings):
    reply = grade_one(settings, submission(), 5, "another")
    assert reply == "no result: this worker has another version of the course package; update it"
