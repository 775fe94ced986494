"""However a run ends, running again ends in the same bytes as one run that nobody disturbed."""

import contextlib
import gc
import itertools
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path

import pytest
import sqlalchemy

from cs231n_lib.course import exclusive
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.grading import start
from cs231n_lib.course.classroom.granting import extend, override, set_due, take_roster
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.outgoing import pages
from cs231n_lib.course.classroom.outgoing.export import export
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.classroom.term import archive
from cs231n_lib.course.errors import UserError
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.conftest import make_course
from tests.course.notebooks import submission

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
#: Where files lie in memory, and how much of it has to be free.
MEMORY, ROOM = Path("/dev/shm"), 2**28
POINTS = {"kill": 30, "full": 12, "interrupt": 12}
#: What tells of the run and not of the class.
OWN = ("log.jsonl", "lock", "a1.html", "report.html", "term.zip")


def work(course, source, out):
    """Collect, grade, export and give feedback."""
    collect(course, "a1", [source])
    run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
    run.write()
    assert not run.faults
    export(course, "a1", "csv", out / "grades.csv", partial=True)
    export(course, "a1", "gradescope", out / "g", partial=True)
    pages.write_feedback(course, "a1")
    pages.pack_feedback(course, "a1", "canvas", out / "feedback.zip")
    pages.write_report(course, "a1", out / "report.html")


def grant(course, source, out):
    """Set a date, extend it for one, take the class list with late days, change a grade."""
    set_due(course, "a1", "2026-03-01 17:00")
    extend(course, "a1", "canvas-1", 2)
    lines = ("student,first_name,last_name,email,late_days", "canvas-1,Anne,Doe,,1", "o'neil,,,,",
             "dave,Dave,Dee,dave@example.edu,")  # fmt: skip
    (out / "roster.csv").write_text("\n".join(lines))
    take_roster(course, out / "roster.csv", True)
    override(course, "a1", "canvas-2", "why", 1.5, "agreed")


def end_the_term(course, source, out):
    """Archive and clear; a run that was cut off after the last step has left nothing to do."""
    if [p for p in course.state.rglob("*") if p.is_file() and p.name != "lock"]:
        archive(course, out / "term.zip", clear=True)


TASKS = {"road": work, "grants": grant, "term": end_the_term}


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory):
    """Return a function that makes a folder: in memory, if there is room.

    A process that dies loses nothing that it has written, be it on a disk or not, but for a disk
    each commit waits.
    """
    if not (MEMORY.is_mount() and shutil.disk_usage(MEMORY).free > ROOM):
        yield lambda: tmp_path_factory.mktemp("undisturbed")
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        numbers = itertools.count()

        def make():
            folder = Path(name, str(next(numbers)))
            folder.mkdir()
            return folder

        yield make


@pytest.fixture
def folder(new_folder):
    """A folder of the test's own."""
    made = new_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def place(new_folder):
    """Where one run after the other is: the statements of a gradebook there are compiled."""
    return new_folder() / "run"


@pytest.fixture(scope="module")
def template(new_folder, place, gradebook_template):
    """A course whose secret and seed are drawn, so that two runs may end in the same bytes."""
    course = make_course(new_folder() / "course", gradebook_template)
    (course.state / "secret").write_text("x" * 64)
    digest = read_master(course.master("a1"), "a1").digest
    course._write_run("a1", digest, 231, finished=False)
    files = {
        f"s{n}_{n}_{n + 50}_a1.ipynb": submission(mean=f"def mean(x):\n    return {n % 4}")
        for n in range(1, 5)
    }
    files |= {"s8_8_80_a1.pdf": b"%PDF", "dave@example.edu/a1.ipynb": submission()}
    source = make_zip(course.root.parent / "download.zip", files)
    # Every run below is one of a copy of this process: what is loaded here, none loads again.
    warm = copy((course, source), place)
    for task in TASKS.values():
        task(*warm)
    gc.collect()
    gc.freeze()  # collecting garbage, each of them would write in all that it shares with us
    yield course, source
    gc.unfreeze()


@pytest.fixture(scope="module")
def templates(template, new_folder):
    """The course in which each task begins."""
    course, source, out = copy(template, new_folder())
    code, told = in_a_child(lambda: work(course, source, out))
    assert code == 0, told
    graded = (course, source)
    return {"road": template, "grants": graded, "term": graded}


def copy(template, root):
    course, source = template
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    shutil.copytree(course.root, root / "course")
    (root / "out").mkdir()
    return Course(root / "course"), source, root / "out"


def inventory(root):
    """Return the bytes of every file, and of the gradebook what it says."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and path.name not in OWN and not path.name.startswith("gradebook.db"):
            if name.startswith("course/") and "/judge/" not in name:
                assert path.suffix != ".part", f"{name} was left behind"
            if path.suffix != ".part":
                found[name] = path.read_bytes()
    if not any(n.startswith("course/.nbgrader/judge/") for n in found):  # the term is over
        with zipfile.ZipFile(root / "out" / "term.zip") as archived:
            return found | {n: archived.read(n) for n in archived.namelist()}
    run = json.loads(found["course/.nbgrader/judge/a1/run.json"])
    found["course/.nbgrader/judge/a1/run.json"] = run["master"]
    course = Course(root / "course")
    now = standing(course, "a1")
    found["grades"] = now.grades
    html = course.feedback.glob("*/a1/a1.html")
    return found | {str(p.relative_to(root)): p.read_bytes() for p in html}


@contextlib.contextmanager
def disturbed(how, count, seen):
    """Make the ``count``-th step that changes files the last one."""
    state = {"on": True, "n": 0}

    def watch(event, arguments):
        if not state["on"] or not _changes(event, arguments):
            return
        state["n"] += 1
        seen.append(event)
        if state["n"] == count or (how == "full" and count and state["n"] > count):
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "interrupt":
                raise KeyboardInterrupt
            if how == "full" and event == "open":
                raise OSError(28, "No space left on device", str(arguments[0]))

    def watch_gradebook(connection, cursor, statement, *_):
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            watch("sql", (statement,))

    sys.addaudithook(watch)
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", watch_gradebook)
    try:
        yield
    finally:
        state["on"] = False


def _changes(event, arguments):
    if event == "open":
        return isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR) != 0
    return event in ("sql", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree")


def in_a_child(task):
    """Run ``task`` in a copy of this process; return how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code, told = 1, ""
        try:
            os.close(reader)
            told = str(task())
            code = 0
        except KeyboardInterrupt:
            code = 130
        except (UserError, OSError) as error:
            code, told = 2, str(error)
        except BaseException:
            told = traceback.format_exc()
        os.write(writer, told.encode()[:60_000])
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told


@pytest.fixture(scope="module")
def undisturbed(templates, new_folder):
    """What each task ends in if nobody disturbs it, and how many steps it takes."""
    found = {}
    for name, task in TASKS.items():
        root = new_folder()
        course, source, out = copy(templates[name], root)

        def count(task=task, course=course, source=source, out=out):
            seen = []
            with disturbed("", 0, seen):
                task(course, source, out)
            return len(seen)

        code, told = in_a_child(count)
        assert code == 0, told
        found[name] = inventory(root), int(told)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("how", POINTS)
@pytest.mark.parametrize("name", TASKS)
def test_running_again_ends_as_if_nothing_had_happened(
    name, how, templates, undisturbed, place, rng
):
    (expected, steps), task = undisturbed[name], TASKS[name]
    ends = {"kill": {-signal.SIGKILL}, "full": {0, 2}, "interrupt": {130}}
    assert steps > {"road": 150, "grants": 20, "term": 30}[name]
    points = rng.choice(steps, min(POINTS[how], steps), replace=False) + 1
    for count in sorted(points):
        course, source, out = copy(templates[name], place)

        def cut(course=course, source=source, out=out, count=count):
            with disturbed(how, count, []):
                task(course, source, out)

        code, told = in_a_child(cut)
        assert code in ends[how], (count, code, told)
        code, told = in_a_child(lambda c=course, s=source, o=out: task(c, s, o))
        assert code == 0, (count, told)
        found = inventory(place)
        assert found.keys() == expected.keys(), count
        assert [n for n in expected if found[n] != expected[n]] == [], count


def test_a_gradebook_that_cannot_grow_is_told_and_written_later(template, undisturbed, folder):
    course, source, out = copy(template, folder)

    def task():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = (course.state / "gradebook.db").stat().st_size // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        work(course, source, out)

    code, told = in_a_child(task)
    assert code == 2, told
    assert "gradebook" in told
    code, told = in_a_child(lambda: work(course, source, out))
    assert code == 0, told
    assert inventory(folder) == undisturbed["road"][0]


def test_two_at_once_end_as_one(template, undisturbed, folder):
    course, source, out = copy(template, folder)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(course, source, out)
                code = 0
            except BaseException:
                traceback.print_exc()
            os._exit(code)
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0, 0]
    assert inventory(folder) == undisturbed["road"][0]


def test_who_waits_too_long_is_told_why(template, folder, monkeypatch):
    monkeypatch.setattr(exclusive, "LOCK_SECONDS", 0.0)
    course, source, _ = copy(template, folder)
    with course.writing(), pytest.raises(UserError, match="another command has been writing"):
        collect(course, "a1", [source])
    assert not course.received("a1").exists()


def test_publishing_from_what_is_new_alone_would_be_seen(template, folder, monkeypatch):
    """The comparison notices a student who is kept and not laid out."""
    from cs231n_lib.course.classroom.incoming import received

    course, source, _ = copy(template, folder)
    monkeypatch.setattr(received, "publish", lambda *_: None)
    collect(course, "a1", [source])
    monkeypatch.undo()
    assert received.submissions(course, "a1") == []
    collect(course, "a1", [source])
    with zipfile.ZipFile(source) as download:
        assert len(received.submissions(course, "a1")) == len(download.namelist())
    with Gradebook(course, "a1") as book:
        assert book.missing([]) == []
