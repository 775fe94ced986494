"""A busy machine costs nobody a point: what is charged is what the worker used, not the clock."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.limits import Deadline
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.pools import Settings, local
from cs231n_lib.course.judge.result import Fault, Result
from tests.course import notebooks
from tests.course.judge.test_grading import children
from tests.course.notebooks import submission

#: Processes that compete for the cores; more for the run that is on record.
BUSY = int(os.environ.get("CS231N_BUSY", "3"))
SUBMISSIONS = int(os.environ.get("CS231N_SLOW_SUBMISSIONS", "2"))


@contextlib.contextmanager
def crowd(count):
    """Have ``count`` processes that do nothing but compute."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@contextlib.contextmanager
def interruptions():
    """Stop the judges, now this one and now that, and let them go on."""
    done = threading.Event()
    moments = np.random.default_rng(7)

    def interrupt():
        while not done.is_set():
            family = [pid for pid in children(os.getpid()) if _is_a_judge(pid)]
            chosen = moments.choice(family) if family else None
            with contextlib.suppress(ProcessLookupError):
                if chosen is not None:
                    os.kill(int(chosen), signal.SIGSTOP)
            time.sleep(moments.uniform(0.05, 0.4))
            with contextlib.suppress(ProcessLookupError):
                if chosen is not None:
                    os.kill(int(chosen), signal.SIGCONT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _is_a_judge(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"spawn_main" in file.read()
    return False


@pytest.mark.usefixtures("needs_walls")
def test_right_answers_get_all_points_on_a_busy_machine_that_stops_and_goes(tmp_path):
    master = notebooks.to_bytes(notebooks.notebook(settings={"limits": {"call": 2.0}}))
    data = {f"student{n}": submission(extra=[f"# {n}"]) for n in range(SUBMISSIONS)}
    pool = local.LocalPool(Settings(master, "tiny", str(tmp_path)), 2)
    with crowd(BUSY), interruptions():
        found = dict(pool.grade(data, 5))
    assert {name: getattr(r, "score", r) for name, r in found.items()} == dict.fromkeys(data, 4.0)


def test_what_the_clock_ends_is_nobodys_fault_and_what_code_uses_is(make_sandbox, master):
    """A deadline that is charged nothing runs into the backstop; one that is, does not."""
    now = [0.0]
    deadline = Deadline(wall=100, call=10, clock=lambda: now[0])
    call = deadline.for_call()
    now[0] = call.backstop() + 1
    assert call.late
    assert not call.over
    call.charge(10)
    assert call.over
    assert deadline.left() == 90


@pytest.mark.usefixtures("needs_walls")
def test_a_worker_that_is_stopped_is_no_students_fault(make_sandbox, master, monkeypatch):
    monkeypatch.setattr("cs231n_lib.course.judge.limits.GRACE_SECONDS", 1.0)
    monkeypatch.setattr("cs231n_lib.course.judge.limits.BUSY", 0.1)
    walls = make_sandbox(call=2.0, wall=4.0)

    def stopped(patience):
        line = walls.worker(10.0)
        os.kill(int(line.meter.tasks.parent.name), signal.SIGSTOP)
        return line

    with pytest.raises(InfrastructureError, match="too busy"):
        Grader(master, stopped, walls.limits).grade(submission(), 1)


@pytest.mark.usefixtures("needs_walls")
def test_a_worker_that_is_killed_from_outside_is_no_students_fault(make_sandbox, master):
    walls = make_sandbox()

    def doomed(patience):
        line = walls.worker(patience)
        os.kill(int(line.meter.tasks.parent.name), signal.SIGKILL)
        return line

    with pytest.raises(InfrastructureError, match="killed from outside"):
        Grader(master, doomed, walls.limits).grade(submission(), 1)


@pytest.mark.usefixtures("needs_walls")
def test_an_assignments_own_cell_that_fails_is_no_students_fault(make_sandbox, master):
    from dataclasses import replace

    walls = make_sandbox()
    broken = replace(master, imports=["import there_is_none"])
    with pytest.raises(InfrastructureError, match="assignment's own"):
        Grader(broken, walls.worker, walls.limits).grade(submission(), 1)


def test_faults_are_tried_again_with_patience_and_fewer_judges(monkeypatch, tmp_path):
    master = notebooks.to_bytes(notebooks.notebook())
    pool = local.LocalPool(Settings(master, "tiny", str(tmp_path)), processes=4)
    seen = []

    def one_round(submissions, keys, seed, judges, patience):
        seen.append((list(keys), judges, patience))
        for key in keys:
            good = key == "a" or patience == 2
            yield key, Result("graded", seed, "", "") if good else Fault("busy")

    monkeypatch.setattr(pool, "_round", one_round)
    found = dict(pool.grade({"a": b"", "b": b""}, 1))
    assert seen == [(["a", "b"], 4, 1), (["b"], 2, 2)]
    assert {r.outcome for r in found.values()} == {"graded"}
