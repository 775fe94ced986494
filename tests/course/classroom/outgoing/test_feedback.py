"""Feedback arrives: by nbgrader's own commands, and in the archives that platforms take back."""

import getpass
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.database import open_gradebook
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.outgoing import pages
from cs231n_lib.course.classroom.term import archive
from cs231n_lib.course.errors import UserError
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.classroom.platforms.test_platforms import (
    CANVAS_FILES,
    MOODLE_FILES,
    download,
    grade_without_judge,
)
from tests.course.conftest import make_course
from tests.course.notebooks import submission

#: nbgrader misspells an argument to a class of its own, and leaves a file to be closed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Passing unrecognized arguments"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def course(tmp_path, gradebook_template):
    return make_course(tmp_path / "course", gradebook_template)


def test_nbgraders_own_commands_bring_our_pages_to_the_student(course, tmp_path, monkeypatch):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.default.submit import ExchangeSubmit

    exchange, student = tmp_path / "exchange", tmp_path / "student"
    config = course.root / "nbgrader_config.py"
    config.write_text(
        config.read_text()
        + f"\nc.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(tmp_path / 'cache')!r}\n"
        f"c.Exchange.assignment_dir = {str(student)!r}\n"
        'c.Exchange.timezone = "America/New_York"\n'
    )
    course = Course(course.root)
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    (course.root / "exercises" / "a1").mkdir(parents=True)
    shutil.copy(course.source / "a1" / "a1.ipynb", course.root / "exercises" / "a1")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert NbGraderAPI(config=course.config).release_assignment("a1")["success"]
    (student / "a1").mkdir(parents=True)
    (student / "a1" / "a1.ipynb").write_bytes(submission(mean="def mean(x):\n    return 2"))
    monkeypatch.chdir(student)
    theirs = course.config.copy()
    theirs.CourseDirectory.assignment_id = "a1"
    folder = CourseDirectory(config=theirs)
    ExchangeSubmit(
        coursedir=folder, authenticator=Authenticator(config=theirs), config=theirs
    ).start()

    inbound = exchange / "cs231n_lib" / "inbound"
    assert collect(course, "a1", [inbound]).complete
    me = getpass.getuser()
    assert [s.student for s in submissions(course, "a1")] == [me]
    grade_without_judge(course, done=False)
    with Gradebook(course, "a1") as book:
        book.override(me, "why", 1.5)
    with open_gradebook(course) as found:
        found.find_comment("why", "a1", "a1", me).manual_comment = "And at <night>?"
        found.db.commit()
    pages.write_feedback(course, "a1")
    released = NbGraderAPI(config=course.config).release_feedback("a1")
    assert released["success"], released
    theirs = course.config.copy()
    api = NbGraderAPI(config=theirs)
    # Whoever fetches has another account; who looks into the course's own folder finds it shut.
    (page,) = exchange.rglob("*.html")
    assert page.stat().st_mode & stat.S_IROTH
    assert not course.feedback.stat().st_mode & stat.S_IRWXO
    fetched = api.fetch_feedback("a1", me)
    assert fetched["success"], fetched
    (page,) = student.rglob("a1.html")
    assert page.read_bytes() == (course.feedback / me / "a1" / "a1.html").read_bytes()
    text = page.read_text()
    assert "And at &lt;night&gt;?" in text
    assert "1.5 of 2 points" in text
    assert "In the gradebook: 4.5 of 6" in text


def test_release_works_for_those_who_did_not_come_by_the_exchange(course, tmp_path, monkeypatch):
    from nbgrader.apps import NbGraderAPI

    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    path = course.submitted / "stock" / "a1" / "a1.ipynb"  # by nbgrader, before there were secrets
    path.parent.mkdir(parents=True)
    path.write_bytes(submission())
    grade_without_judge(course)
    assert pages.write_feedback(course, "a1")[0] == 4
    monkeypatch.setenv("HOME", str(tmp_path))
    config = course.config.copy()
    config.Exchange.root = str(exchange)
    released = NbGraderAPI(config=config).release_feedback("a1")
    assert released["success"], released
    assert len(list((exchange / "cs231n_lib" / "feedback").glob("*.html"))) == 4


@pytest.mark.parametrize(
    ("form", "files", "names"),
    [
        ("canvas", CANVAS_FILES, ["doeanne_1234_88001_a1-feedback.html",
                                  "doeanne_LATE_1235_88002_a1-1-feedback.html",
                                  "roebob_1236_88003_a1-feedback.html"]),
        ("moodle", MOODLE_FILES, ["Anne Doe_4711_assignsubmission_file_/a1-feedback.html",
                                  "Bob van der Roe_4712_assignsubmission_file_/a1-feedback.html"]),
        ("moodle", ["Anne Doe_4711_assignsubmission_file_a1.ipynb"],
         ["Anne Doe_4711_assignsubmission_file_/a1-feedback.html"]),
    ],
)  # fmt: skip
def test_pages_are_packed_as_the_platform_takes_them_back(course, tmp_path, form, files, names):
    collect(course, "a1", [download(tmp_path, files)])
    collect(course, "a1", [make_zip(tmp_path / "x.zip", {"zoe/a1.ipynb": submission()})])
    grade_without_judge(course)
    pages.write_feedback(course, "a1")
    left_out = pages.pack_feedback(course, "a1", form, tmp_path / "feedback.zip")
    assert left_out == ["zoe"]
    with zipfile.ZipFile(tmp_path / "feedback.zip") as packed:
        assert sorted(packed.namelist()) == sorted(names)
        for name in packed.namelist():
            assert packed.read(name).startswith(b"<!DOCTYPE html>")


def test_a_file_name_that_is_no_text_keeps_nobody_elses_feedback_back(course, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    odd = os.fsdecode(os.fsencode(folder) + b"/doeanne_1234_88001_\xff.ipynb")
    try:
        Path(odd).write_bytes(submission())
    except OSError:
        pytest.skip("file names are text here")
    (folder / "roebob_1236_88003_a1.ipynb").write_bytes(submission(mean="2"))
    collect(course, "a1", [folder])
    grade_without_judge(course)
    assert pages.write_feedback(course, "a1")[0] == 2
    left_out = pages.pack_feedback(course, "a1", "canvas", tmp_path / "feedback.zip")
    assert left_out == ["canvas-1234"]


def ended(course):
    """Return what is left of a term in its course's folder."""
    left = {p.relative_to(course.root).as_posix() for p in course.root.rglob("*") if p.is_file()}
    return left - {"nbgrader_config.py", "solutions/a1/a1.ipynb", ".nbgrader/lock"}


def test_a_clearing_that_was_cut_short_goes_on_but_forgets_nothing_new(
    course, tmp_path, monkeypatch
):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    grade_without_judge(course)
    output, removed, unlink = tmp_path / "term.zip", [], Path.unlink

    def cut(path, missing_ok=False):
        if course.state in path.parents and path.suffix != ".part":
            if len(removed) == 5:
                raise KeyboardInterrupt
            removed.append(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", cut)
    with pytest.raises(KeyboardInterrupt):
        archive(course, output, clear=True)
    monkeypatch.undo()
    packed = output.read_bytes()
    assert len(ended(course)) > 5
    (course.state / "terms.json").write_text("{}")
    with pytest.raises(UserError, match="there already"):
        archive(course, output, clear=True)
    (course.state / "terms.json").unlink()
    (left, *_) = course.received("a1").glob("*/*.file")
    before = left.read_bytes()
    left.write_bytes(before[:-1] + b"!")
    with pytest.raises(UserError, match="there already"):
        archive(course, output, clear=True)
    left.write_bytes(before)
    archive(course, output, clear=True)
    assert (ended(course), output.read_bytes()) == (set(), packed)


def test_a_term_ends_in_the_folders_that_nbgrader_has_by_default_too(course, tmp_path):
    config = course.root / "nbgrader_config.py"
    text = config.read_text()
    for name in ("submitted", "autograded", "feedback"):
        text = text.replace(f'".nbgrader/{name}"', f'"{name}"')
    config.write_text(text.replace("{STATE / 'gradebook.db'}", "{ROOT / 'gradebook.db'}"))
    (course.state / "gradebook.db").rename(course.root / "gradebook.db")
    course = Course(course.root)
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    grade_without_judge(course)
    pages.write_feedback(course, "a1")
    with pytest.raises(UserError, match="in the folder that is to be archived"):
        archive(course, course.feedback / "term.zip")
    archive(course, tmp_path / "term.zip", clear=True)
    assert ended(course) == set()
    assert stat.S_IMODE((tmp_path / "term.zip").stat().st_mode) == 0o600


def test_a_term_goes_into_an_archive_and_the_next_begins_empty(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    grade_without_judge(course)
    course.checks("a1").parent.mkdir()
    course.checks("a1").write_text("# the references of an assignment of one's own\n")
    before = {p.relative_to(course.root) for p in course.root.rglob("*") if p.is_file()}
    with pytest.raises(UserError, match="in the folder that is to be archived"):
        archive(course, course.state / "term.zip")
    assert archive(course, tmp_path / "term.zip", clear=True) == len(before) - 1  # the lock
    with pytest.raises(UserError, match="there already"):
        archive(course, tmp_path / "term.zip")
    left = {p.relative_to(course.root).as_posix() for p in course.root.rglob("*") if p.is_file()}
    assert left == {
        "nbgrader_config.py", "solutions/a1/a1.ipynb", "checks/a1.py", ".nbgrader/lock",
    }  # fmt: skip
    with pytest.raises(UserError, match="nothing to archive"):
        archive(course, tmp_path / "next.zip")
    assert submissions(course, "a1") == []
    assert collect(course, "a1", [download(tmp_path, CANVAS_FILES)]).complete
    old = tmp_path / "old"
    with zipfile.ZipFile(tmp_path / "term.zip") as packed:
        packed.extractall(old)
    (old / ".nbgrader" / "lock").touch()
    assert {p.relative_to(old) for p in old.rglob("*") if p.is_file()} == before
    assert len(submissions(Course(old), "a1")) == 3


def test_an_archive_that_cannot_be_written_clears_nothing(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        archive(course, tmp_path / "file" / "term.zip", clear=True)
    assert len(submissions(course, "a1")) == 3
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]
