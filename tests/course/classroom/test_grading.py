"""A grading run: what is kept is read no more often than it has to be, and logged once."""

from collections import Counter

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.grading import start
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.judge.store import Results
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.classroom.platforms.test_platforms import Counting
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
