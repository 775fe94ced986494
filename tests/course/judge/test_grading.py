"""Many submissions: once each, the same for any number of judges, whatever is killed."""

import json
import multiprocessing
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.judge import store
from cs231n_lib.course.judge.batch import OnDemand, grade_all
from cs231n_lib.course.judge.pools import local
from cs231n_lib.course.judge.pools.local import LocalPool
from cs231n_lib.course.judge.result import Fault
from cs231n_lib.course.judge.store import Results
from tests.course import notebooks
from tests.course.notebooks import submission
from tests.grader.processes import children, judges

pytestmark = pytest.mark.usefixtures("needs_walls")
MASTER = notebooks.to_bytes(notebooks.notebook())


def some(count):
    """Return ``count`` different submissions, some right and some wrong."""
    wrong = (
        "def mean(x):\n    return 0",
        "def mean(x):\n    raise ValueError",
        "import os; os._exit(1)",
    )
    found = {}
    for n in range(count):
        answer = wrong[n % 4] if n % 4 < 3 else notebooks.ANSWERS["mean"]
        found[f"student{n}"] = submission(mean=f"{answer}\n# {n}")
    return found


def scores(graded):
    return {student: result.to_dict() for student, result in graded.items()}


@pytest.fixture(scope="module")
def pool(settings):
    """Judges who stay from one test to the next; how many are at work, each test says."""
    with LocalPool(settings) as pool:
        yield pool


def test_the_results_are_the_same_for_one_two_and_three_judges(pool, master, tmp_path):
    found = []
    for count in (1, 2, 3):
        results, pool.processes = Results(tmp_path / str(count)), count
        found.append(scores(grade_all(some(8), master, pool, results, 5)))
    assert len(pool.idle) == 3
    assert found[0] == found[1] == found[2]
    assert {s["outcome"] for s in found[0].values()} == {"graded"}


def test_what_has_a_result_is_not_graded_again(pool, master, tmp_path):
    class Refuses:
        def grade(self, submissions, seed):
            assert not submissions, "graded twice"
            return iter(())

    results, pool.processes = Results(tmp_path), 1
    first = grade_all(some(3), master, pool, results, 5)
    assert grade_all(some(3), master, Refuses(), results, 6) == first
    with pytest.raises(AssertionError, match="twice"):
        grade_all(some(3), master, Refuses(), results, 6, again=True)


def test_judges_stay_up_within_a_with_and_go_after_it(settings, master, tmp_path):
    with LocalPool(settings, processes=1) as pool:
        grade_all({"a": submission()}, master, pool, Results(tmp_path / "a"), 1)
        (judge_,) = pool.idle
        pid = judge_.process.pid
        grade_all({"a": submission()}, master, pool, Results(tmp_path / "b"), 1)
        assert pool.idle[0].process.pid == pid
    assert not Path(f"/proc/{pid}").exists()


def test_equal_submissions_are_graded_once(pool, master, tmp_path):
    same = {"a": submission(), "b": submission()}
    done, pool.processes = [], 2
    grade_all(same, master, pool, Results(tmp_path), 1, progress=done.append)
    assert len(done) == 1


def test_submissions_and_results_stay_on_disk_until_they_are_needed(pool, master, tmp_path):
    data, reads, ahead = some(10), [], []

    def read(name):
        reads.append(name)
        return data[name]

    lazy, pool.processes = OnDemand({name: name for name in data}, read), 2
    graded = grade_all(
        lazy, master, pool, Results(tmp_path), 5,
        progress=lambda _: ahead.append(len(reads) - 10 - len(ahead)),
    )  # fmt: skip
    # Two are being graded, two wait for the writer, and one has just been given to it.
    assert max(ahead) <= 5, "read more than the judges were at"
    assert graded["student1"] == graded["student1"]
    assert graded["student1"] is not graded["student1"], "results are kept in memory"


def test_a_file_that_changes_while_it_is_graded_gets_no_grade(pool, master, tmp_path):
    contents = iter([submission(), submission(mean="def mean(x):\n    return 0")])
    lazy = OnDemand({"anne": None}, lambda _: next(contents))
    results, pool.processes = Results(tmp_path), 1
    graded = grade_all(lazy, master, pool, results, 5)
    assert "was changed" in graded["anne"].reason
    assert not list(results.folder.glob("*"))


@pytest.fixture(scope="module")
def undisturbed(pool, master, tmp_path_factory):
    """The results of thirty submissions, of judges whom nothing struck."""
    pool.processes = 2
    return scores(grade_all(some(30), master, pool, Results(tmp_path_factory.mktemp("a")), 5))


def kill_one(number, spared):
    """Kill a judge or a sandbox of this process's; return whether there was one."""
    found = [pid for pid in judges() if pid not in spared]
    try:
        victims = found if number % 4 == 0 else [w for p in found for w in children(p)]
        os.kill(random.choice(victims), signal.SIGKILL)
    except (OSError, IndexError):
        return False
    return True


@pytest.mark.slow
def test_killed_judges_are_replaced_and_change_nothing(
    undisturbed, settings, master, tmp_path, monkeypatch
):
    """Kill judges and sandboxes at random moments between and within submissions."""
    others = set(judges())  # they wait for other tests, and are not to be struck in place of ours
    pool = LocalPool(settings, processes=2)
    monkeypatch.setattr(local, "ATTEMPTS", 20)
    kills, done = [], []

    def strike(result):
        done.append(result)
        time.sleep(random.uniform(0, 0.05))
        kills.append(kill_one(len(kills), others))

    graded = grade_all(some(30), master, pool, Results(tmp_path), 5, progress=strike)
    assert scores(graded) == undisturbed
    assert len(done) == 30
    assert sum(kills) >= 5  # a judge is there at each fourth strike, a sandbox by chance


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(undisturbed, settings, master, tmp_path):
    """Kill the whole grading process, five times, and let the next one go on."""
    data = some(24)
    script = tmp_path / "grade.py"
    script.write_text(f"""
from pathlib import Path
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge.batch import grade_all
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.pools.local import LocalPool
from cs231n_lib.course.judge.store import Results
from tests.course.judge.test_grading import MASTER, some

if __name__ == "__main__":
    pool = LocalPool(Settings(MASTER, "tiny", {settings.folder!r}), processes=2)
    grade_all(some(24), read_master(MASTER, "tiny"), pool, Results(Path({str(tmp_path)!r}, "b")), 5)
""")
    folder = tmp_path / "b" / "results"
    graded_at = {}
    for attempt in range(6):
        process = subprocess.Popen([sys.executable, str(script)], cwd=checkout.root())
        if attempt < 5:
            have = len(graded_at)
            until = time.monotonic() + 60
            while time.monotonic() < until and len(list(folder.glob("*.json"))) < have + 3:
                time.sleep(0.01)
            process.kill()
        process.wait()
        for path in folder.glob("*.json"):
            before = graded_at.setdefault(path.name, path.stat().st_mtime_ns)
            assert before == path.stat().st_mtime_ns, "graded twice"
    assert len(graded_at) == len(data)
    results = Results(tmp_path / "b")
    found = {s: results.get(store.key(d, master)).to_dict() for s, d in data.items()}
    assert found == {s: undisturbed[s] for s in data}


def test_a_judge_that_cannot_work_is_a_fault_and_no_result(settings, master, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no bubblewrap for the judges
    graded = grade_all(
        {"a": submission()}, master, LocalPool(settings, processes=1), Results(tmp_path), 1
    )
    assert isinstance(graded["a"], Fault)
    assert not list(tmp_path.glob("results/*"))
    assert json.dumps(graded["a"].reason)


@pytest.mark.parametrize("error", [OSError("no room"), RuntimeError("no main")], ids=repr)
def test_judges_that_cannot_be_started_hold_up_nobody(settings, monkeypatch, error):
    def refused(self):
        raise error

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refused)
    pool = LocalPool(settings, processes=2)
    found = queue.SimpleQueue()
    asking = threading.Thread(
        target=lambda: found.put(dict(pool.grade({"a": b"1", "b": b"2"}, 1))), daemon=True
    )
    asking.start()
    told = found.get(timeout=60)
    assert told.keys() == {"a", "b"}
    assert all(isinstance(fault, Fault) for fault in told.values())
