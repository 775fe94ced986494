"""A busy machine costs nobody a point: what is charged is what the worker used, not the clock.

``python -m tests.grader.loaded`` is the long run.
"""

import contextlib
import io
import os
import signal
import threading

import pytest

from cs231n_lib.course.inside import protocol
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.line import InfrastructureError, Line, WorkerError
from cs231n_lib.course.judge.pools import Settings, local
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.limits import Deadline
from tests.course import notebooks
from tests.course.notebooks import submission
from tests.grader.loaded import grade_loaded


@pytest.mark.usefixtures("needs_walls")
def test_right_answers_get_all_points_on_a_busy_machine_that_stops_and_goes(library):
    master = notebooks.to_bytes(notebooks.notebook(settings={"limits": {"call": 2.0}}))
    data = {name: submission(extra=[f"# {name}"]) for name in ("anne", "bob")}
    # Where fonts and shared libraries are known already: to find them takes seconds.
    settings = Settings(master, "tiny", str(library.parent))
    found, _, stops = grade_loaded(settings, data, busy=3, judges=2)
    assert {name: getattr(r, "score", r) for name, r in found.items()} == dict.fromkeys(data, 4.0)
    assert stops


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


def test_what_the_judge_computes_for_a_call_is_charged_also_when_it_fails():
    spent = [0.0]
    deadline = Deadline(wall=100, call=10, processor=lambda: spent[0])
    call = deadline.for_call()
    with contextlib.suppress(KeyError), call.charged_for_work():
        spent[0] += 4
        raise KeyError
    assert (call.left(), deadline.left()) == (6, 96)


@pytest.mark.usefixtures("needs_walls")
def test_a_worker_that_is_stopped_is_no_students_fault(make_sandbox, master, monkeypatch):
    monkeypatch.setattr("cs231n_lib.course.limits.GRACE_SECONDS", 1.0)
    monkeypatch.setattr("cs231n_lib.course.limits.BUSY", 0.1)
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


def test_an_answer_that_comes_while_the_line_is_cut_is_blamed_on_its_own_call():
    deadline = Deadline(wall=2.0, call=1.0)

    class Late(io.BytesIO):
        def read(self, size=-1):
            deadline.charge(3.0)
            assert line.watch.ended.wait(60.0)
            return super().read(size)

    answer = Late(protocol.encode({"ok": 1}))
    line = Line(answer, io.BytesIO(), cut=lambda: None, end=lambda wait: "")
    with pytest.raises(WorkerError, match="time limit"):
        line.exchange({"op": "len"}, deadline)
    assert line.dead
    line.watch.join(60.0)
    assert not line.watch.is_alive()


@pytest.mark.parametrize(
    ("error", "told"), [(MemoryError, WorkerError), (RuntimeError, InfrastructureError)]
)
def test_who_cannot_look_at_a_worker_any_more_ends_it(error, told):
    class Blind:
        used = staticmethod(lambda: 0.0)

        def states(self):
            raise error

    cut = threading.Event()

    class Waits(io.BytesIO):
        def read(self, size=-1):
            assert cut.wait(60.0)
            return b""

    line = Line(Waits(), io.BytesIO(), cut.set, lambda wait: "", Blind())
    with pytest.raises(told):
        line.exchange({"op": "len"}, Deadline(wall=100.0, call=10.0))
    assert line.dead
