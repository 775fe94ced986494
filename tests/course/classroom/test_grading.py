"""A grading run: what is kept is read no more often than it has to be, and logged once."""

import contextlib
from collections import Counter

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.gradebook import gradebook
from cs231n_lib.course.classroom.grading import cell_changes, start
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.judge.store import Results
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.conftest import make_course
from tests.course.notebooks import submission

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
