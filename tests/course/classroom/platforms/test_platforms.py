"""From a platform's download to the right student, and back to a file that the platform reads."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.names import student_id
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.grading import Run, start
from cs231n_lib.course.classroom.granting import take_roster
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.numbers import number_of
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.outgoing import export
from cs231n_lib.course.classroom.platforms.canvas import Canvas
from cs231n_lib.course.classroom.platforms.sheets import read_table
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.errors import UserError
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip, packed, reasons
from tests.course.conftest import make_course
from tests.course.notebooks import submission

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
    return [s.student for s in submissions(course, "a1")]


def grade_without_judge(course, done=True):
    """Grade everybody: n points for the n-th student; write answers are graded too if ``done``."""
    run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
    assert isinstance(run, Run)
    run.write()
    assert not run.faults
    if done:
        finish_by_hand(course)


def finish_by_hand(course, points=0.0):
    """Grade every written answer by hand."""
    with Gradebook(course, "a1") as book:
        for found in submissions(course, "a1"):
            book.override(found.student, "why", points)


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


def test_canvas_files_find_their_students_by_number_not_by_name(course, tmp_path):
    report = collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    assert report.complete
    assert students(course) == ["adoe", "adoe2", "broe@example.edu"]


def test_without_the_sheet_two_students_of_one_name_stay_two(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    assert students(course) == ["canvas-1234", "canvas-1235", "canvas-1236"]


def test_a_sheet_that_comes_later_joins_number_and_login_and_doubles_nobody(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES)])
    grade_without_judge(course, done=False)
    finish_by_hand(course, points=1.5)
    collect(course, "a1", [sheet(tmp_path, CANVAS)])
    assert students(course) == ["adoe", "adoe2", "broe@example.edu"]
    now = standing(course, "a1")
    assert sorted(now.grades) == ["adoe", "adoe2", "broe@example.edu"]
    assert [g.score for g in now.grades.values()] == [1.5, 2.5, 4.5]
    assert {p.name for p in course.submitted.iterdir()} == set(now.grades)
    assert [g.student for g in now.missing] == ["8f2a"]


def test_a_sheet_that_is_corrected_doubles_nobody_and_loses_no_grade(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    grade_without_judge(course, done=False)
    finish_by_hand(course, points=1.5)
    before = standing(course, "a1").grades
    collect(course, "a1", [sheet(tmp_path, CANVAS.replace(",adoe,", ",anne.doe,"))])
    assert students(course) == ["adoe2", "anne.doe", "broe@example.edu"]
    for _ in range(2):  # the second time, all has been graded again
        now = standing(course, "a1")
        assert now.grades["anne.doe"].score == before["adoe"].score
        assert not any(g.needs_hand for g in now.grades.values())
        assert [g.student for g in now.missing] == ["8f2a"]
        grade_without_judge(course, done=False)


def test_a_login_of_two_numbers_is_neithers(course, tmp_path):
    twice = CANVAS.replace(",broe@example.edu,", ",ADOE,")
    report = collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, twice)])
    assert students(course) == ["adoe2", "canvas-1234", "canvas-1236"]
    assert [where for where, reason in report.notes if "another number" in reason] == [
        "canvas-1234", "canvas-1236",
    ]  # fmt: skip


BLIND = """\
Identifier,Status,Grade,"Maximum grade","Grade can be changed","Last modified (submission)",\
"Last modified (grade)","Feedback comments"
"Participant 4711","Submitted for grading - ",,6.00,Yes,"Monday",-,
"Participant 4712","Submitted for grading - ",,6.00,Yes,"Monday",-,
"""


@pytest.mark.parametrize("status", ["Status", "Statut", "Estado", "Stato"])
def test_where_moodle_hides_names_none_is_made_up(course, tmp_path, status):
    files = [f"Participant {n}_{n}_assignsubmission_file_/a1.ipynb" for n in (4711, 4712)]
    told = sheet(tmp_path, BLIND.replace("Status", status))
    collect(course, "a1", [download(tmp_path, files), told])
    grade_without_judge(course)
    grades = standing(course, "a1").grades.values()
    assert [g.full_name for g in grades] == ["moodle-4711", "moodle-4712"]
    done = export.export(course, "a1", "moodle", tmp_path / "out.csv")
    assert [row[2] for row in rows_of(done.path)] == ["Grade", "0.0", "1.0"]


@pytest.mark.parametrize("change", [
    lambda data: data, lambda data: b"\xef\xbb\xbf" + data, lambda data: data.rstrip(b"\n"),
    lambda data: data.replace(b"\n", b"\r\n"), lambda data: b"sep=,\n" + data,
    lambda data: data.replace(b"Anne Doe", b"=A\nDoe"), lambda data: data.replace(b"Cleo", b"+1"),
    lambda data: ("\ufeff" + data.decode()).encode("utf-16-be"),
])  # fmt: skip
def test_moodles_sheet_goes_back_byte_for_byte_but_for_the_grades(course, tmp_path, change):
    path = tmp_path / "grades.csv"
    path.write_bytes(change(MOODLE.encode()))
    collect(course, "a1", [path, download(tmp_path, MOODLE_FILES)])
    grade_without_judge(course)
    done = export.export(course, "a1", "moodle", tmp_path / "out.csv")
    went = done.path.read_bytes()
    wide = b"\0" if went[:1] == b"\xfe" else b""
    for grade in (b"0.0", b"1.0"):
        mark, cell = (b"".join(wide + bytes([c]) for c in s) for s in (b",6.00", grade + b",6.00"))
        went = went.replace(cell, mark, 1)
    assert went == path.read_bytes()


@pytest.mark.parametrize(
    ("outer", "name"),
    [
        ("doeanne_1234_88001_a1.ipynb", "doeanne_1234_88001_a1-feedback.html"),
        ("doeanne_LATE_1234_88001_text.html", "doeanne_LATE_1234_88001_text.html-feedback.html"),
        ("anon_Ab12C_88001_a1.zip", "anon_Ab12C_88001_a1-feedback.html"),
        ("doeanne_1234_text.html", None),
        ("doeanne_LATE_1234_link.html", None),
        ("anne", None),
    ],
)
def test_canvas_takes_feedback_back_where_there_is_an_attachment(outer, name):
    assert Canvas().feedback_name(outer, "a1") == name


def test_grades_go_back_to_canvas_under_its_own_header_and_numbers(course, tmp_path):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    grade_without_judge(course)
    column = "Assignment 1 (241017)"
    done = export.export(course, "a1", "canvas", tmp_path / "out.csv", column)
    header, *rows = rows_of(done.path)
    assert header == rows_of(sheet(tmp_path, CANVAS))[0][:6]
    assert {row[1]: (row[0], row[3], float(row[5])) for row in rows} == {
        "1234": ("Doe, Anne", "adoe", 0),
        "1235": ("Doe, Anne", "adoe2", 1),
        "1236": ("Roe, Bob", "broe@example.edu", 3),
    }
    assert not done.left_out
    assert [g.student for g in done.missing] == ["8f2a"]


@pytest.mark.parametrize(("form", "text", "files", "column"), [
    ("canvas", CANVAS, CANVAS_FILES, "Assignment 1 (241017)"), ("moodle", MOODLE, MOODLE_FILES, ""),
])  # fmt: skip
def test_who_is_not_in_the_sheet_that_came_last_is_told(
    course, tmp_path, form, text, files, column
):
    """A sheet of one section: grades of the others have no way back in it."""
    collect(course, "a1", [sheet(tmp_path, text), download(tmp_path, files)])
    grade_without_judge(course)
    last = "broe@example.edu" if form == "canvas" else "bob@example.edu"
    assert not export.export(course, "a1", form, tmp_path / "all.csv", column).left_out
    lines = text.splitlines(keepends=True)
    section = "".join(line for line in lines if last not in line)
    collect(course, "a1", [sheet(tmp_path, section)])
    done = export.export(course, "a1", form, tmp_path / "section.csv", column)
    assert list(done.left_out) == [last]
    assert "no line of theirs" in done.left_out[last]


@pytest.mark.parametrize("column", ["", "Assignment 1", "a1", "Assignment 1 (999)"])
def test_no_column_of_canvas_is_made_by_accident(course, tmp_path, column):
    collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, CANVAS)])
    grade_without_judge(course)
    with pytest.raises(UserError, match=r"'Assignment 1 \(241017\)'"):
        export.export(course, "a1", "canvas", tmp_path / "out.csv", column)
    assert not (tmp_path / "out.csv").exists()


OTHER_SHEETS = {
    "semicolons": CANVAS.replace(",", ";").replace("Doe; Anne", "Doe, Anne"),
    "two names": CANVAS.replace("Student,ID", "LastName,FirstName,ID").replace(
        '"Doe, Anne"', "Doe,Anne").replace('"Roe, Bob"', "Roe,Bob").replace(
        '"Student, Test"', "Student,Test").replace(",,,,,Manual", ",,,,,,Manual").replace(
        "    Points Possible,", "    Points Possible,,"),
    "other order": "Section,SIS Login ID,ID,Assignment 1 (241017),Student\n" + "".join(
        f"CS 101,{login},{number},,{name}\n"
        for number, login, name in (
            ("1234", "adoe", '"Doe, Anne"'), ("1235", "adoe2", '"Doe, Anne"'),
            ("1236", "broe@example.edu", '"Roe, Bob"'),
        )),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_SHEETS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_canvas_sheets_in_other_dialects_come_and_go(course, tmp_path, kind, encoding):
    path = tmp_path / "grades.csv"
    path.write_text(OTHER_SHEETS[kind].replace("Roe", "Röe"), encoding)
    collect(course, "a1", [download(tmp_path, CANVAS_FILES), path])
    assert students(course) == ["adoe", "adoe2", "broe@example.edu"]
    if encoding == "utf-8":
        return
    grade_without_judge(course)
    done = export.export(course, "a1", "canvas", tmp_path / "out.csv", "Assignment 1 (241017)")
    came, went = read_table(path), read_table(done.path)
    assert (went.delimiter, went.encoding) == (came.delimiter, came.encoding)
    assert [h for h in came.header if h in went.header] == went.header
    place = went.column("Assignment 1 (241017)")
    assert [row[place].strip() for _, row in went.rows] == ["0.0", "1.0", "3.0"]


def test_moodle_folders_find_their_students(course, tmp_path):
    collect(course, "a1", [sheet(tmp_path, MOODLE), download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["anne@example.edu", "bob@example.edu"]


GERMAN = MOODLE.replace("Identifier", "ID").replace("Full name", "Vollständiger Name").replace(
    "Email address", "E-Mail-Adresse").replace("Maximum grade", "Bestwertung").replace(
    "Grade can", "Darf").replace(",Grade,", ",Bewertung,").replace("Participant", "Teilnehmer/in"
    ).replace("6.00", '"6,00"')  # fmt: skip
CHINESE = MOODLE.replace("Identifier", "标识号").replace("Full name", "姓名").replace(
    "Email address", "电子邮件").replace("Maximum grade", "最高分").replace(
    ",Grade,", ",分数,").replace("Participant", "参与者")  # fmt: skip


@pytest.mark.parametrize("text", [MOODLE, GERMAN, CHINESE], ids=["en", "de", "zh"])
def test_grades_go_back_to_moodle_in_the_sheet_that_came(course, tmp_path, text):
    collect(course, "a1", [sheet(tmp_path, text), download(tmp_path, MOODLE_FILES)])
    path = tmp_path / "dan" / "a1.ipynb"
    path.parent.mkdir()
    path.write_bytes(submission())
    collect(course, "a1", [path], "dan")
    grade_without_judge(course)
    done = export.export(course, "a1", "moodle", tmp_path / "out.csv")
    before, after = rows_of(sheet(tmp_path, text)), rows_of(done.path)
    assert after[0] == before[0]
    changed = [
        (i, j) for i, row in enumerate(before) for j, cell in enumerate(row) if after[i][j] != cell
    ]
    assert changed == [(1, 4), (2, 4)]
    assert [after[1][4], after[2][4]] == (["0", "1"] if text is GERMAN else ["0.0", "1.0"])
    assert list(done.left_out) == ["dan"]
    assert [g.student for g in done.missing] == ["cleo@example.edu"]


def test_moodle_numbers_are_kept_per_assignment_and_without_a_sheet_too(course, tmp_path):
    collect(course, "a1", [download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["moodle-4711", "moodle-4712"]
    assert number_of(course, "a1", "moodle") == {"moodle-4711": "4711", "moodle-4712": "4712"}
    assert number_of(course, "a2", "moodle") == {}


def enrol(course, *lines):
    """Read a class list, as `cs231n roster` does."""
    path = course.root / "roster.csv"
    path.write_text("\n".join(["student,email", *lines]))
    return take_roster(course, path)


def test_a_moodle_sheet_with_addresses_alone_finds_the_students_of_the_roster(course, tmp_path):
    enrol(course, "adoe,Anne@example.edu", "o'neil,bob@example.edu")
    collect(course, "a1", [sheet(tmp_path, MOODLE), download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["adoe", student_id("o'neil")]
    grade_without_judge(course)
    done = export.export(course, "a1", "moodle", tmp_path / "out.csv")
    assert [row[4] for row in rows_of(done.path)[1:]] == ["0.0", "1.0", ""]
    assert [g.student for g in done.missing] == ["cleo@example.edu"]


def test_an_address_that_two_students_of_the_roster_share_is_neithers(course, tmp_path):
    enrol(course, "adoe,anne@example.edu", "anna,anne@example.edu")
    collect(course, "a1", [sheet(tmp_path, MOODLE), download(tmp_path, MOODLE_FILES)])
    assert students(course) == ["anne@example.edu", "bob@example.edu"]


def test_a_moodle_sheet_without_anybody_is_not_written(course, tmp_path):
    collect(course, "a1", [download(tmp_path, ["anne/a1.ipynb"])])
    grade_without_judge(course)
    with pytest.raises(UserError, match="grading worksheet"):
        export.export(course, "a1", "moodle", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("is_packed", [True, False])
def test_gradescope_says_whose_and_when_and_a_group_hands_in_for_all(course, tmp_path, is_packed):
    path = download(tmp_path, GRADESCOPE_FILES,
                    **{"assignment_9_export/submission_metadata.yml": GRADESCOPE})  # fmt: skip
    if not is_packed:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path / "unpacked")
        path = tmp_path / "unpacked"
    report = collect(course, "a1", [path])
    assert report.complete
    assert report.counts == {"accepted": 2, "known": 0, "set aside": 1, "refused": 0}
    assert students(course) == ["adoe", "bob@example.edu", "cleo@example.edu"]
    times = {s.student: s.received for s in submissions(course, "a1")}
    assert times["adoe"] == datetime(2026, 2, 3, 10, 11, 12, 123456, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "a: [", "*x", "!!python/name:os.system", "- 1",
                                  "submission_1: 7", "!ruby/object:X\n  a: 1", ""])  # fmt: skip
def test_gradescope_folders_whose_owner_is_not_told_are_refused(course, tmp_path, text):
    extra = {} if text is None else {"assignment_9_export/submission_metadata.yml": text}
    report = collect(course, "a1", [download(tmp_path, GRADESCOPE_FILES, **extra)])
    assert not report.of("accepted")
    assert len(report.of("refused")) == 2
    assert all("whose is it" in reason for reason in reasons(report))
    assert sum(report.counts.values()) == 2 + len(extra)


@pytest.mark.parametrize(
    ("told", "login"),
    [("0123", "0123"), ("1e5", "1e5"), ("12:30", "12:30"), ("on", "on"), ("2026-01-01",) * 2,
     ("[x]", "anne@example.edu"), ("~", "anne@example.edu"), ("", "anne@example.edu")],
)  # fmt: skip
def test_an_id_of_gradescope_is_the_very_text_that_stands_there(course, tmp_path, told, login):
    told = GRADESCOPE.replace("'adoe'", told)
    path = download(tmp_path, ["submission_31415/a1.ipynb"], **{"submission_metadata.yml": told})
    assert collect(course, "a1", [path]).complete
    assert students(course) == [student_id(login)]


@pytest.mark.parametrize("when", ["9999-12-31 23:59:59 -14:00", "0001-01-01 00:00:00 +14:00",
    "1969-07-20 20:17:00 Z", "2107-01-01 00:00:00 Z", "soon", "[]"])  # fmt: skip
def test_a_time_of_gradescope_that_cannot_be_true_stops_nobody(course, tmp_path, when):
    told = GRADESCOPE.replace("2026-02-03 10:11:12.123456000 Z", when)
    path = download(tmp_path, GRADESCOPE_FILES,
                    **{"assignment_9_export/submission_metadata.yml": told})  # fmt: skip
    assert collect(course, "a1", [path]).complete
    assert students(course) == ["adoe", "bob@example.edu", "cleo@example.edu"]


def test_a_students_id_in_metadata_is_checked_like_any_other(course, tmp_path):
    evil = GRADESCOPE.replace("'adoe'", "'../../evil'")
    path = download(tmp_path, GRADESCOPE_FILES, **{"submission_metadata.yml": evil})
    report = collect(course, "a1", [path])
    assert not report.of("accepted")
    path = download(tmp_path, ["submission_31415/a1.ipynb"], **{"submission_metadata.yml": evil})
    report = collect(course, "a1", [path])
    assert "cannot be a student's id" in reasons(report)[0]
    assert not list(tmp_path.rglob("*evil*"))


def test_gradescope_reads_what_is_written_for_it_and_gets_what_counts(course, tmp_path):
    """The fields and types that Gradescope's autograder specification asks for."""
    collect(course, "a1", [download(tmp_path, ["anne/a1.ipynb", "bob/a1.ipynb"])])
    grade_without_judge(course)
    with Gradebook(course, "a1") as book:
        book.override("bob", "why", 2)
        book.override("bob", "mean-random", 1)
    done = export.export(course, "a1", "gradescope", tmp_path / "g")
    content = json.loads((done.path / "bob" / "results.json").read_text())
    assert content["score"] == sum(t["score"] for t in content["tests"]) == 4
    assert content["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
    assert content["output_format"] == content["test_output_format"] == "text"
    for test in content["tests"]:
        assert test["status"] in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"]
        assert isinstance(test["name"], str)
        assert isinstance(test["output"], str)


def test_unfinished_grades_are_refused_unless_insisted_on(course, tmp_path):
    collect(course, "a1", [download(tmp_path, ["anne/a1.ipynb", "bob/a1.ipynb"])])
    grade_without_judge(course, done=False)
    for form in export.FORMATS:
        with pytest.raises(UserError, match="2 students have answers that nobody has graded"):
            export.export(course, "a1", form, tmp_path / "out")
    done = export.export(course, "a1", "csv", tmp_path / "out.csv", partial=True)
    assert done.unfinished == ["anne", "bob"]
    assert [row[6] for row in rows_of(done.path)[1:]] == ["True", "True"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,email\nanne,\n", "cs231n roster"),
        ("", "is empty"),
        ("\xff", "its columns are others"),
        ("a\0b", "is not text"),
    ],
)
def test_another_sheet_is_refused_before_anything_is_taken(course, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        collect(course, "a1", [download(tmp_path, CANVAS_FILES), sheet(tmp_path, text)])
    assert not students(course)


def test_a_workbook_is_asked_for_as_text(course, tmp_path):
    path = tmp_path / "grades.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(UserError, match="save the sheet as CSV"):
        collect(course, "a1", [path])


INSIDE = (
    "x_1236_1_a1.ipynb", "Bob Roe_4712_assignsubmission_file_/a1.ipynb",
    "broe@example.edu/a1/a1.ipynb",
    "broe@example.edu+a1+2026-11-01 00:00:00.000000 UTC+x/a1.ipynb", "submission_31416/a1.ipynb",
    "inbound/broe@example.edu+a1+2026-11-01 00:00:00.000000 UTC/a1.ipynb", "submission/a1.ipynb",
)  # fmt: skip


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize(
    "outer",
    ["doeanne_1234_88001_mine.zip", "Anne Doe_4711_assignsubmission_file_/mine.zip",
     "Anne Doe_4711_assignsubmission_file_/", "submission_31415/", "adoe/", "adoe.zip", "adoe/x/",
     "inbound/adoe+a1+2026-02-03 10:11:12.000000 UTC+abc/"],
)  # fmt: skip
def test_nothing_that_a_student_packs_is_anybody_elses(course, tmp_path, outer, inside):
    """The victim's own hand-in, and its time, stay what they were."""
    forged = GRADESCOPE.replace("adoe", "broe@example.edu")
    theirs = {
        inside: submission(mean="def mean(x):\n    return 0"),
        "submission_metadata.yml": forged,
    }
    files = {"roebob_1236_88003_a1.ipynb": submission(), "submission_metadata.yml": GRADESCOPE}
    if outer.endswith(".zip"):
        files[outer] = packed(theirs, 1)
    else:
        files |= {outer + name: data for name, data in theirs.items()}
    report = collect(course, "a1", [make_zip(tmp_path / "all.zip", files), sheet(tmp_path, CANVAS)])
    found = {s.student: s for s in submissions(course, "a1")}
    assert found["broe@example.edu"].path.read_bytes() == submission()
    assert set(found) <= {"broe@example.edu", "adoe", "moodle-4711"}
    assert sum(report.counts.values()) == len(files)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("evil_2_1236_88003_a1.ipynb", None),  # read as two, and neither name is in the sheet
        ("doeanne_1234_1236_88003_a1.ipynb", "adoe"),
        ("doeanne_1234_88001_2026_11_a1.ipynb", "adoe"),
        ("roebob_1236_88003_a1.ipynb", "broe@example.edu"),
    ],
)
def test_a_name_that_can_be_read_as_two_is_told_apart_by_the_sheet(course, tmp_path, name, owner):
    archive = make_zip(tmp_path / "all.zip", {name: submission()})
    report = collect(course, "a1", [archive])
    assert students(course) == (["canvas-1236"] if name.startswith("roebob") else [])
    report = collect(course, "a1", [archive, sheet(tmp_path, CANVAS)])
    assert students(course) == ([owner] if owner else [])
    assert report.complete == (owner is not None)
