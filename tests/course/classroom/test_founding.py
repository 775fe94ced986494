"""A course of one's own: begun in an empty folder, and used from anywhere below it."""

import os
from datetime import datetime

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.founding import add, begin
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.gradebook.lateness import Terms
from cs231n_lib.course.classroom.incoming.roster import enrolled
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError


def test_a_course_has_what_was_asked_for(tmp_path):
    course = begin(tmp_path / "vision", assignments=("a1", "a3"))
    assert course.assignments() == ["a1", "a3"]
    assert course.config.CourseDirectory.course_id == "vision"
    assert course.db_url.endswith(f"{tmp_path}/vision/.nbgrader/gradebook.db")


def test_a_course_has_all_of_ours_by_default(tmp_path):
    assert begin(tmp_path / "vision", name="cs-231n").assignments() == assignments()
    assert len(assignments()) == 5


@pytest.mark.parametrize(
    ("name", "assignments", "message"),
    [
        ('x"; import os', None, "cannot be the name"),
        ("../x", None, "cannot be the name"),
        ("", ("a1", "a9"), "no assignment a9; ours: a1"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(tmp_path, name, assignments, message):
    with pytest.raises(UserError, match=message):
        begin(tmp_path / "vision", name, assignments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        begin(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        begin(tmp_path / "notes.txt", name="notes")
    with pytest.raises(UserError, match=r"cannot write .*/vision: .*; name a place that there is"):
        begin(tmp_path / "notes.txt" / "vision")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_copy_that_is_cut_short_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cs231n_lib.course.classroom.founding.settled", full)
    with pytest.raises(UserError, match="No space"):
        begin(tmp_path / "vision")
    assert list(tmp_path.iterdir()) == []


def test_a_course_is_found_from_below(tmp_path, monkeypatch):
    course = begin(tmp_path / "vision", assignments=("a1",))
    below = course.root / "solutions" / "a1"
    monkeypatch.chdir(below)
    assert Course.find() == Course.find(below) == Course.find(course.root) == course
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"cs231n course new FOLDER"):
        Course.find()


def test_the_commands_say_what_comes_next(tmp_path):
    run = CliRunner().invoke
    made = run(app, ["course", "new", str(tmp_path / "v"), "--assignments", "a1, a2"])
    assert made.exit_code == 0, made.output
    assert "a1, a2" in made.output
    released = run(app, ["release", "a1", "--course", str(tmp_path / "v")])
    assert released.exit_code == 0, released.output
    assert os.listdir(tmp_path / "v" / "exercises") == ["a1"]


ROSTER = "student,first_name,last_name,email,late_days\nanne,Anne,A,anne@example.org,2\nbob,,,,\n"


def test_dates_and_class_list_come_with_the_course(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    made = CliRunner().invoke(
        app,
        ["course", "new", str(tmp_path / "v"), "--assignments", "a1,a2", "--zone", "Europe/Zurich",
         "--due", "a1=2027-03-01 17:00", "--due", "a2=2027-04-01",
         "--roster", str(tmp_path / "roster.csv")],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    course = Course(tmp_path / "v")
    with Gradebook(course, "a1") as book:
        due = book.due_dates()
    assert due["a1"] == datetime(2027, 3, 1, 16)
    assert due["a2"] == datetime(2027, 4, 1, 21, 59, 59)
    assert enrolled(course) == {"anne", "bob"}
    assert Terms.read(course).late_days == {"anne": 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--due", "a1"], "ASSIGNMENT=DATE"),
        (["--due", "a1=soon"], "'soon' is no date"),
        (["--due", "a2=2027-03-01"], "a date for a2"),
        (["--zone", "Mars/Olympus"], "no time zone"),
        (["--roster", "roster.csv"], "line 3: 'anne' stands there twice"),
        (["--roster", "none.csv"], "none.csv"),
    ],
)
def test_what_cannot_be_read_leaves_no_course(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roster.csv").write_text("student\nanne\nanne\n")
    made = CliRunner().invoke(app, ["course", "new", "v", "--assignments", "a1", *options])
    assert made.exit_code != 0
    assert message in f"{made.output} {made.exception}"
    assert [path.name for path in tmp_path.iterdir()] == ["roster.csv"]


def test_one_more_assignment_joins_a_course(tmp_path):
    course = begin(tmp_path / "v", assignments=())
    assert course.assignments() == []
    bare = CliRunner().invoke(app, ["course", "new", str(tmp_path / "w"), "--assignments", "none"])
    assert "Next: " in bare.output
    assert bare.output.rstrip().endswith("cs231n course exercise a6")
    added = CliRunner().invoke(app, ["course", "add", "a2", "--course", str(course.root)])
    assert added.exit_code == 0, added.output
    assert course.assignments() == ["a2"]
    with pytest.raises(UserError, match="there already"):
        add(course, "a2")
    with pytest.raises(UserError, match="no assignment a9"):
        add(course, "a9")
    assert sorted(p.name for p in (course.root / "solutions").iterdir()) == ["a2"]
