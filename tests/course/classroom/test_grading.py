"""A grading run: what is kept is read no more often than it has to be, and logged once."""

import contextlib
import os
from collections import Counter
from datetime import UTC, datetime

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.gradebook import gradebook
from cs231n_lib.course.classroom.grading import cell_changes, start
from cs231n_lib.course.classroom.granting import override, set_due
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.outgoing.export import export
from cs231n_lib.course.classroom.outgoing.pages import write_feedback
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.store import Results
from cs231n_lib.course.text import student_id
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.classroom.platforms.test_platforms import grade_without_judge
from tests.course.conftest import make_course
from tests.course.notebooks import notebook, submission, to_bytes

STUDENTS = ("s1", "s2", "s3")


def test_a_kept_result_is_read_to_compare_and_to_write_and_logged_once(
    tmp_path, gradebook_template, monkeypatch
):
    course = make_course(tmp_path / "course", gradebook_template)
    files = {
        f"{s}/a1.ipynb": submission(mean=f"def mean(x):\n    return {n}")
        for n, s in enumerate(STUDENTS, 1)
    }
    collect(course, "a1", [make_zip(tmp_path / "download.zip", files)])
    reads = Counter()
    plain = Results.read
    monkeypatch.setattr(Results, "read", lambda self, key: reads.update([key]) or plain(self, key))

    def grade():
        """Return how often each student's result was read for changes, and for writing."""
        reads.clear()
        run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
        assert not run.faults
        started = reads.copy()
        run.changes()
        compared = reads - started
        run.write()
        assert [row.student for row in run.rows] == list(STUDENTS)
        return compared, reads - started - compared

    grade()
    compared, written = grade()
    assert sorted(compared.values()) == sorted(written.values()) == [1, 1, 1]
    lines = [line["student"] for line in course.read_log() if line["event"] == "grade"]
    assert sorted(lines) == list(STUDENTS)


def test_what_a_collecting_that_was_killed_has_kept_is_graded(
    tmp_path, gradebook_template, monkeypatch
):
    course = make_course(tmp_path / "course", gradebook_template)
    download = make_zip(tmp_path / "download.zip", {"s1/a1.ipynb": submission()})

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(received, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            collect(course, "a1", [download])
    run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
    run.write()
    assert [row.student for row in run.rows] == ["s1"]


def test_the_gradebook_is_closed_while_judges_work_and_a_person_thinks(
    tmp_path, gradebook_template, monkeypatch
):
    course = make_course(tmp_path / "course", gradebook_template)
    collect(course, "a1", [make_zip(tmp_path / "download.zip", {"s1/a1.ipynb": submission()})])
    plain, opened, told = gradebook.open_gradebook, set(), []

    @contextlib.contextmanager
    def counted(course):
        with plain(course) as book:
            opened.add(book)
            yield book
        opened.discard(book)

    monkeypatch.setattr(gradebook, "open_gradebook", counted)

    class Judges(Counting):
        def grade(self, submissions, seed):
            told.append(len(opened))
            return super().grade(submissions, seed)

    cell_changes(course, "a1")
    run = start(course, "a1", Judges(read_master(course.master("a1"), "a1")))
    assert told == [0] * len(told) != []
    run.changes()
    assert not opened
    run.write()
    assert not opened


def test_the_same_bytes_handed_in_again_later_count_from_then_everywhere(
    tmp_path, gradebook_template
):
    course = make_course(tmp_path / "course", gradebook_template)
    path, times = tmp_path / "anne.ipynb", (1_770_000_000, 1_770_200_000)
    path.write_bytes(submission(mean="return 2"))
    set_due(course, "a1", f"{datetime.fromtimestamp(times[0] + 60, UTC):%Y-%m-%d %H:%M}")
    for time in times:
        os.utime(path, (time, time))
        collect(course, "a1", [path])
        if time == times[0]:
            grade_without_judge(course)
        grade = standing(course, "a1").grades["anne"]
        assert grade.handed_in.replace(tzinfo=UTC).timestamp() == time
        assert (grade.lateness.seconds > 0) == (time == times[1])


@pytest.mark.parametrize("later", ["graded", "collected", "not-graded"])
def test_a_run_does_not_write_over_the_grade_of_a_later_hand_in(
    tmp_path, gradebook_template, later
):
    course = make_course(tmp_path / "course", gradebook_template)
    path, pool = tmp_path / "anne.ipynb", Counting(read_master(course.master("a1"), "a1"))

    def hand_in(time, points, name):
        path.write_bytes(submission(mean=f"return {points}"))
        os.utime(path, (time, time))
        collect(course, "a1", [path], name)

    hand_in(1_770_000_000, 3, "anne")
    hand_in(1_770_000_000, 1, "bela")
    slow = start(course, "a1", pool)
    hand_in(1_770_000_100, 2, "anne")
    if later == "graded":
        start(course, "a1", pool).write()
    if later == "not-graded":
        path.write_bytes(b"%PDF")
        collect(course, "a1", [path], "carl")
    changes = slow.changes()
    slow.write()
    assert not changes
    assert list(slow.faults) == ["anne"]
    assert [row.student for row in slow.rows] == ["bela"]
    run = start(course, "a1", pool)
    run.write()
    assert not run.faults
    scores = {
        s: sum(c.auto or 0 for c in g.cells) for s, g in standing(course, "a1").grades.items()
    }
    assert (scores["anne"], scores["bela"]) == (3.0, 1.0)


@pytest.mark.parametrize(
    "left", [{}, {"again": True}, {"again": True, "student": "anne"}], ids=["new", "again", "alone"]
)
def test_results_whose_grades_are_not_written_are_seen_by_their_own_run_alone(
    tmp_path, gradebook_template, left
):
    course = make_course(tmp_path / "course", gradebook_template)
    path, pool = tmp_path / "anne.ipynb", Counting(read_master(course.master("a1"), "a1"))

    def seen():
        """What feedback shows beside what: the seed and points of a result, the grade's points."""
        there = standing(course, "a1")
        return {
            who: (r.seed, r.score, sum(c.auto or 0 for c in there.grades[who].cells))
            for who, r in there.results.items()
        }

    def hand_in(time, points):
        path.write_bytes(submission(mean=f"return {points}"))
        os.utime(path, (time, time))
        collect(course, "a1", [path])

    hand_in(1_770_000_000, 1)
    first = start(course, "a1", pool)
    first.write()
    if not left:
        hand_in(1_770_000_100, 3)
    declined = start(course, "a1", pool, **left)
    assert declined.results["anne"].seed == declined.seed != first.seed
    if left:
        assert seen() == {"anne": (first.seed, 1.0, 1.0)}
    else:
        with pytest.raises(UserError, match="has not been graded yet"):
            seen()
    if not left:
        alone = start(course, "a1", pool, student="anne")
        assert alone.results["anne"].seed == alone.seed != declined.seed
    goes_on = start(course, "a1", pool)
    if "student" not in left:
        assert goes_on.seed == declined.seed
    goes_on.write()
    points = 1.0 if left else 4.0  # of the first test, of the first three
    assert seen() == {"anne": (goes_on.results["anne"].seed, points, points)}
    assert not [*course.judge("a1").glob(f"drafts/{goes_on.seed}")]


def test_a_run_is_not_written_into_an_assignment_that_was_changed_meanwhile(
    tmp_path, gradebook_template
):
    course = make_course(tmp_path / "course", gradebook_template)
    collect(course, "a1", [make_zip(tmp_path / "all.zip", {"anne/a1.ipynb": submission()})])
    run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
    master = course.source / "a1" / "a1.ipynb"
    master.write_bytes(master.read_bytes() + b"\n")
    with pytest.raises(UserError, match="changed while it was graded"):
        run.write()
    with pytest.raises(UserError, match="has not been graded yet"):
        standing(course, "a1")


def test_points_by_hand_that_are_more_than_there_are_by_now_ask_for_another_look(
    tmp_path, gradebook_template
):
    course = make_course(tmp_path / "course", gradebook_template)
    data = submission(mean="return 0")
    collect(course, "a1", [make_zip(tmp_path / "all.zip", {"anne/a1.ipynb": data})])
    grade_without_judge(course)
    override(course, "a1", "anne", "double-random", 2.0, "agreed")
    content = notebook()
    for each in content["cells"]:
        if each["id"] == "double-random":
            each["metadata"]["nbgrader"]["points"] = 1
    (course.source / "a1" / "a1.ipynb").write_bytes(to_bytes(content))
    grade_without_judge(course, done=False)
    assert standing(course, "a1").grades["anne"].needs_hand == ("double-random",)
    override(course, "a1", "anne", "double-random", 1.0, "agreed")
    grade_without_judge(course, done=False)
    assert not standing(course, "a1").grades["anne"].needs_hand


@pytest.mark.parametrize("named", ["O'Brien", " o'brien", student_id("O'Brien")])
def test_a_student_is_named_by_login_or_id(tmp_path, gradebook_template, named):
    course = make_course(tmp_path / "course", gradebook_template)
    path = tmp_path / "some.ipynb"
    for login in ("O'Brien", "anne"):
        path.write_bytes(submission(mean=f"return '{login}'"))
        collect(course, "a1", [path], login)
    grade_without_judge(course)
    master = read_master(course.master("a1"), "a1")
    assert list(start(course, "a1", Counting(master), student=named).results) == [
        student_id("O'Brien")
    ]
    assert write_feedback(course, "a1", named)[0] == 1
    done = export(course, "a1", "csv", tmp_path / "one.csv", student=named)
    assert done.path.read_text("utf-8-sig").count("O'Brien") == 1
    assert "anne" not in done.path.read_text("utf-8-sig")
    with pytest.raises(UserError, match="'nobody' has not handed in"):
        export(course, "a1", "csv", student="nobody")
