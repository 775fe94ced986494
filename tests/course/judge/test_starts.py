"""Walls and workers that do not come up, or go down with their judge, end in a fault in time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n_lib.course import checkout, limits
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.line import InfrastructureError, Line
from cs231n_lib.course.judge.walls import bubblewrap
from tests.course.notebooks import submission
from tests.grader.processes import descendants

SOON = 0.5


@pytest.fixture
def hurried(monkeypatch):
    """Let nothing wait longer than a moment."""
    monkeypatch.setattr(limits, "START_SECONDS", SOON)
    monkeypatch.setattr(bubblewrap, "START_SECONDS", SOON)


def stop(pid):
    os.kill(pid, signal.SIGSTOP)


@pytest.mark.usefixtures("needs_walls")
def test_walls_that_are_stopped_before_they_stand_are_a_fault(make_sandbox, hurried, monkeypatch):
    walls, popen, started = make_sandbox(), subprocess.Popen, []

    def stopped(command, **options):
        if "bwrap" in command[0]:  # one that stops itself: no signal of ours could come too late
            command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 19)"]
            started.append(popen(command, **options))
            return started[-1]
        return popen(command, **options)

    monkeypatch.setattr(bubblewrap.subprocess, "Popen", stopped)
    with pytest.raises(InfrastructureError, match=r"start: it was not ready after 0\.5"):
        walls.worker()
    assert [process.poll() for process in started] == [-signal.SIGKILL]
    with pytest.raises(ProcessLookupError):
        os.killpg(started[0].pid, 0)


@pytest.mark.usefixtures("needs_walls")
def test_a_parent_of_workers_that_is_stopped_is_a_fault_and_replaced(make_sandbox, monkeypatch):
    walls = make_sandbox()
    walls.worker().close()
    before = walls.process
    with monkeypatch.context() as patch:
        patch.setattr(bubblewrap, "START_SECONDS", SOON)
        walls.control.settimeout(SOON)  # as it would have been set at the start
        for pid in descendants(before.pid):
            stop(pid)
        with pytest.raises(InfrastructureError, match="sandbox"):
            walls.worker()
    walls.worker().close()
    assert walls.process is not before


@pytest.mark.usefixtures("needs_walls")
def test_a_worker_that_is_stopped_with_its_parent_is_no_students_fault(
    make_sandbox, master, monkeypatch
):
    monkeypatch.setattr(limits, "GRACE_SECONDS", SOON)
    monkeypatch.setattr(limits, "BUSY", 0.0)
    walls = make_sandbox()

    def stopped(patience):
        line = walls.worker(patience)
        for pid in descendants(walls.process.pid):  # the worker is one of them
            stop(pid)
        walls.control.settimeout(SOON)
        return line

    with pytest.raises(InfrastructureError, match="too busy"):
        Grader(master, stopped, walls.limits).grade(submission(), 1)


def test_a_worker_that_never_says_a_word_is_waited_for_as_long_as_walls_are(hurried):
    read, write = os.pipe()
    ours, theirs = os.fdopen(read, "rb"), os.fdopen(write, "wb")
    line = Line(ours, theirs, theirs.close, lambda wait: "", threads=0)
    line.meter = type("Idle", (), {"used": lambda self: 0.0, "states": lambda self: ["T"]})()
    deadline = limits.StartDeadline(patience=2.0)
    assert deadline.backstop() == 2 * SOON
    with pytest.raises(InfrastructureError, match="no result after 1 seconds"):
        line.exchange(None, deadline)


@pytest.mark.usefixtures("needs_walls")
def test_a_python_that_may_not_be_read_is_told_in_words(make_sandbox, monkeypatch):
    def closed(*_):
        raise PermissionError(13, "Permission denied", "/closed/bin/python")

    monkeypatch.setattr(bubblewrap, "see", closed)
    with pytest.raises(InfrastructureError, match="may not read this Python"):
        make_sandbox().worker()


@pytest.mark.usefixtures("needs_walls")
def test_an_interpreter_that_is_called_by_a_crooked_path_is_found(tmp_path):
    folder = Path(sys.executable).parent
    crooked = folder / ".." / folder.name / Path(sys.executable).name
    script = f"""
from pathlib import Path
from cs231n_lib.course.limits import Limits
from cs231n_lib.course.judge.walls.bubblewrap import Sandbox
from cs231n_lib.course.judge.walls.library import build_library

walls = Sandbox(build_library(Path({str(tmp_path)!r}), ()), Limits())
walls.worker().close()
walls.stop()
"""
    done = subprocess.run(
        [str(crooked), "-c", script], cwd=checkout.root(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
