"""From a platform's download to the right student, and back to a file that the platform reads."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.classroom import export, platforms
from cs231n_lib.course.classroom.collect import _Refused, _student, collect
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.judge.store import Results, key, version
from tests.course.classroom.test_collect import make_zip
from tests.course.conftest import make_course
from tests.course.notebooks import TESTS, submission

#: What Canvas exports (Grades > Export > Export Entire Gradebook).
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Assignment 1 (241017),Current Score,Final Score
,,,,,Manual Posting,(read only),(read only)
    Points Possible,,,,,6,(read only),(read only)
"Doe, Anne",1234,S001,adoe,CS 101,,,
"Doe, Anne",1235,S002,adoe2,CS 101,,,
"Roe, Bob",1236,S003,broe@example.edu,CS 101,,,
"Student, Test",1299,,8f2a,CS 101,,,
"""
CANVAS_FILES = (
    "doeanne_1234_88001_a1.ipynb",
    "doeanne_LATE_1235_88002_a1-1.ipynb",
    "roebob_1236_88003_a1.ipynb",
)
#: What Moodle gives as "Download grading worksheet".
MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 4711","Anne Doe",anne@example.edu,"Submitted for grading - ",,6.00,Yes,\
"Monday, 2 February 2026, 10:11 AM",-,
"Participant 4712","Bob van der Roe",bob@example.edu,"Submitted for grading - ",,6.00,Yes,\
"Monday, 2 February 2026, 10:12 AM",-,
"Participant 4713","Cleo Poe",cleo@example.edu,"No submission - ",,6.00,Yes,-,-,
"""
MOODLE_FILES = (
    "Anne Doe_4711_assignsubmission_file_/a1.ipynb",
    "Bob van der Roe_4712_assignsubmission_file_/a1.ipynb",
)
#: What lies in a Gradescope export (Review Grades > Export Submissions).
GRADESCOPE = """\
---
submission_31415:
  :submitters:
  - :name: Anne Doe
    :sid: 'adoe'
    :email: anne@example.edu
  :created_at: 2026-02-03 10:11:12.123456000 Z
  :score: 3.0
  :status: processed
  :history:
  - :id: 31410
    :created_at: 2026-02-02 10:11:12.000000000 Z
    :score: 1.0
submission_31416:
  :submitters:
  - :name: Bob Roe
    :sid:
    :email: bob@example.edu
  - :name: Cleo Poe
    :sid:
    :email: cleo@example.edu
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-02-03 10:11:12 Z
  :status: processed
"""
GRADESCOPE_FILES = (
    "assignment_9_export/submission_31415/a1.ipynb",
    "assignment_9_export/submission_31416/a1.ipynb",
)


@pytest.fixture
def course(tmp_path, gradebook_template):
    return make_course(tmp_path / "course", gradebook_template)


def download(tmp_path, names, **extra):
    files = {name: submission(mean=f"def mean(x):\n    return {n}") for n, name in enumerate(names)}
    return make_zip(tmp_path / "download.zip", files | extra)


def sheet(tmp_path, text):
    path = tmp_path / "grades.csv"
    path.write_text(text, "utf-8-sig")
    return path


def students(course):
    return [s.student for s in course.submissions("a1")]


def grade_without_judge(course):
    """Put a result for everybody where the judge would: n points for the n-th student."""
    from cs231n_lib.course.classroom.gradebook import Gradebook
    from cs231n_lib.course.classroom.grading import kept_results

    master = read_master(course.master("a1"), "a1")
    for n, found in enumerate(course.submissions("a1")):
        data = found.path.read_bytes()
        result = Result("graded", 1, master.digest, "", version())
        result.tests = [
            Outcome(t, t, points, points if i < n else 0.0)
            for i, (t, (points, _)) in enumerate(TESTS.items())
        ]
        Results(course.judge("a1")).put(key(data, master), result)
    received = {s.student: s.received for s in course.submissions("a1")}
    Gradebook(course, "a1").write(kept_results(course, "a1"), received)


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


def test_canvas_files_find_their_students_by_number_not_by_name(course, tmp_path):
    report = collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    assert not report.refused
    assert students(course) == ["adoe", "adoe2", "broe@example.edu"]


def test_without_the_sheet_two_students_of_one_name_stay_two(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    assert students(course) == ["canvas-1234", "canvas-1235", "canvas-1236"]


def test_grades_go_back_to_canvas_under_its_own_numbers(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    grade_without_judge(course)
    path, left_out = export.export(
        course, "a1", "canvas", tmp_path / "out.csv", "Assignment 1 (241017)"
    )
    header, points, *rows = rows_of(path)
    assert header == rows_of(sheet(tmp_path, CANVAS))[0][:6]
    assert (points[0].strip(), float(points[5])) == ("Points Possible", 6)
    mine = {row[1]: (row[0], row[3], float(row[5])) for row in rows}
    assert mine["1234"] == ("Doe, Anne", "adoe", 0)
    assert mine["1235"] == ("Doe, Anne", "adoe2", 1)
    assert mine["1236"] == ("Roe, Bob", "broe@example.edu", 3)
    assert not left_out


def test_moodle_folders_find_their_students(course, tmp_path):
    collect(course, "a1", [sheet(tmp_path, MOODLE), download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["anne@example.edu", "bob@example.edu"]


def test_grades_go_back_to_moodle_with_the_columns_that_it_demands(course, tmp_path):
    """Moodle refuses a sheet without these three columns, and reads the number at the end."""
    collect(course, "a1", [sheet(tmp_path, MOODLE), download(tmp_path, MOODLE_FILES)])
    path = tmp_path / "dan" / "a1.ipynb"
    path.parent.mkdir()
    path.write_bytes(submission())
    collect(course, "a1", [path], "dan")
    grade_without_judge(course)
    path, left_out = export.export(course, "a1", "moodle", tmp_path / "out.csv")
    header, *rows = rows_of(path)
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header)
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert {r["Identifier"]: float(r["Grade"]) for r in table} == {
        "Participant 4711": 0, "Participant 4712": 1,
    }  # fmt: skip
    assert table[1]["Full name"] == "Roe, Bob van der"
    now = datetime.strptime(table[0]["Last modified (grade)"], "%Y-%m-%d %H:%M:%S UTC")
    assert abs((datetime.now(UTC) - now.replace(tzinfo=UTC)).total_seconds()) < 60
    assert left_out == ["dan"]


def test_moodle_numbers_are_kept_per_assignment_and_without_a_sheet_too(course, tmp_path):
    collect(course, "a1", [download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["moodle-4711", "moodle-4712"]
    assert platforms.number_of(course, "a1", "moodle") == {
        "moodle-4711": "4711", "moodle-4712": "4712",
    }  # fmt: skip
    assert platforms.number_of(course, "a2", "moodle") == {}


def test_a_moodle_sheet_without_anybody_is_not_written(course, tmp_path):
    collect(course, "a1", [download(tmp_path, ["anne/a1.ipynb"])])
    grade_without_judge(course)
    with pytest.raises(UserError, match="grading worksheet"):
        export.export(course, "a1", "moodle", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("packed", [True, False])
def test_gradescope_says_whose_and_when_and_a_group_hands_in_for_all(course, tmp_path, packed):
    path = download(tmp_path, GRADESCOPE_FILES,
                    **{"assignment_9_export/submission_metadata.yml": GRADESCOPE})  # fmt: skip
    if not packed:
        import zipfile

        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path / "unpacked")
        path = tmp_path / "unpacked"
    report = collect(course, "a1", [path])
    assert not report.refused
    assert students(course) == ["adoe", "bob@example.edu", "cleo@example.edu"]
    times = {s.student: s.received for s in course.submissions("a1")}
    assert times["adoe"] == datetime(2026, 2, 3, 10, 11, 12, tzinfo=UTC)


def test_a_gradescope_folder_without_its_metadata_is_refused_not_guessed(course, tmp_path):
    report = collect(course, "a1", [download(tmp_path, GRADESCOPE_FILES)])
    assert not report.accepted
    assert "collect the whole export" in report.refused[0][1]


def test_gradescope_reads_what_is_written_for_it(course, tmp_path):
    """The fields and types that Gradescope's autograder specification asks for."""
    collect(course, "a1", [download(tmp_path, ["anne/a1.ipynb", "bob/a1.ipynb"])])
    grade_without_judge(course)
    folder, _ = export.export(course, "a1", "gradescope", tmp_path / "g")
    content = json.loads((folder / "bob" / "results.json").read_text())
    assert content["score"] == sum(t["score"] for t in content["tests"]) == 1
    assert content["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
    for test in content["tests"]:
        assert test["status"] in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"]
        assert isinstance(test["name"], str)
        assert isinstance(test["output"], str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,email\nanne,\n", "cs231n roster"),
        ("", "its columns are others"),
        ("\xff", "its columns are others"),
    ],
)
def test_another_sheet_is_refused_before_anything_is_taken(course, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, text)])
    assert not students(course)


@pytest.mark.parametrize("text", ["a: [", "*x", "!!python/name:os.system"])
def test_broken_metadata_is_told_in_words(course, tmp_path, text):
    path = download(tmp_path, GRADESCOPE_FILES, **{"x/submission_metadata.yml": text})
    with pytest.raises(UserError, match="of the Gradescope export is broken"):
        collect(course, "a1", [path])


@pytest.mark.parametrize("text", ["- 1", "submission_1: 7", "!ruby/object:X\n  a: 1", ""])
def test_odd_metadata_names_nobody_and_runs_nothing(course, tmp_path, text):
    path = download(tmp_path, GRADESCOPE_FILES, **{"x/submission_metadata.yml": text})
    assert not collect(course, "a1", [path]).accepted


def test_a_students_id_in_metadata_is_checked_like_any_other(course, tmp_path):
    evil = GRADESCOPE.replace("'adoe'", "'../../evil'")
    path = download(tmp_path, GRADESCOPE_FILES, **{"x/submission_metadata.yml": evil})
    report = collect(course, "a1", [path])
    assert "cannot be a student's id" in report.refused[0][1]
    assert not list(tmp_path.rglob("*evil*"))
    with pytest.raises(_Refused):
        _student("../../evil")
