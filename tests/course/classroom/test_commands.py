"""From the hand-in to the feedback, by the commands themselves and by nbgrader's own eyes."""

import csv
import io
import json
import re
import shutil
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.grade import CellGrade, Grade
from cs231n_lib.course.classroom.outgoing import pages
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import CellReport, Result
from tests.course import notebooks
from tests.course.notebooks import STUB, notebook, submission, to_bytes

ROOT = checkout.root()
EVIL = "<script>alert(1)</script>"


def master_source():
    """Return the tiny assignment as an nbgrader source."""
    solved = {
        name: source.replace("    return", "    ### BEGIN SOLUTION\n    return")
        + "\n    ### END SOLUTION"
        for name, source in notebooks.ANSWERS.items()
    }
    return to_bytes(notebook(solved, written="### BEGIN SOLUTION\nBecause.\n### END SOLUTION"))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "solutions" / "tiny").mkdir(parents=True)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    (root / "solutions" / "tiny" / "tiny.ipynb").write_bytes(master_source())
    return Course(root)


def run(course, *arguments, status=0, keys=""):
    words = [*arguments, "--course", str(course.root)]
    done = CliRunner().invoke(app, words, input=keys)
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def hand_in(course, student, data, name="tiny.ipynb"):
    path = course.root / "in" / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def grades(course):
    return standing(course, "tiny").grades


@pytest.fixture(scope="module")
def once(course, needs_walls):
    """The course, with what was handed in graded."""
    hand_in(course, "bob", submission(mean=f'def mean(x):\n    raise ValueError("{EVIL}")'))
    loud = "print('printed by anne')\n" + notebooks.ANSWERS["mean"]
    hand_in(course, "anne", submission(mean=loud))
    hand_in(course, "eve", submission(mean="1 / 0"))
    hand_in(course, "cleo", to_bytes(notebook(STUB, written="YOUR ANSWER HERE")))
    hand_in(course, "dan", b"%PDF")
    hand_in(course, "fay", b"%PDF", "tiny.pdf")
    run(course, "collect", "tiny", str(course.root / "in"), status=1)
    run(course, "grade", "tiny", "-n", "1")
    return course


@pytest.fixture
def graded(once, tmp_path_factory):
    """A copy of the graded course, which a test may change."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(once.root, root)
    return Course(root)


def test_the_gradebook_is_what_nbgrader_expects(graded):
    found = grades(graded)
    assert {s: grade.score for s, grade in found.items()} == {
        "anne": 4, "bob": 3, "cleo": 0, "dan": 0, "eve": 3, "fay": 0,
    }  # fmt: skip
    assert {grade.max_score for grade in found.values()} == {6}
    waiting = {s for s, grade in found.items() if grade.needs_hand}
    assert {"anne", "bob"} <= waiting
    assert not {"dan", "fay"} & waiting
    assert "tiny.pdf is a PDF" in found["fay"].reason


def test_nbgraders_own_formgrader_pages_and_export_work(graded):
    from nbgrader.apps import NbGraderAPI

    api = NbGraderAPI(config=graded.config)
    assert api.get_autograded_students("tiny") == {"anne", "bob", "cleo", "dan", "eve", "fay"}
    info = api.get_submission("tiny", "anne")
    assert (info["autograded"], info["score"], info["needs_manual_grade"]) == (True, 4, True)


def test_the_notebook_for_the_grader_shows_answers_and_outcomes_but_no_hidden_test(graded):
    text = (graded.autograded / "bob" / "tiny" / "tiny.ipynb").read_text()
    assert "HIDDEN" not in text
    assert "SECRET" not in text
    assert "0 of 1 points" in text
    assert "raise ValueError" in text


def test_grading_again_changes_nothing_and_asks_before_it_changes_grades(graded):
    lines = len(list(graded.read_log()))
    assert "would change" not in run(graded, "grade", "tiny", "-n", "1")
    assert len(list(graded.read_log())) == lines, "what was not graded again is not logged again"
    before = grades(graded)
    hand_in(graded, "bob", submission())
    run(graded, "collect", "tiny", str(graded.root / "in"), status=1)
    assert "bob  mean-random: 0 -> 1" in run(
        graded, "grade", "tiny", "-n", "1", status=1, keys="n\n"
    )
    assert {s: g for s, g in grades(graded).items() if s != "bob"} == {
        s: g for s, g in before.items() if s != "bob"
    }
    run(graded, "grade", "tiny", "-n", "1", "--yes", "--student", "bob")
    assert grades(graded)["bob"].score == 4
    hand_in(graded, "bob", submission(mean=f'def mean(x):\n    raise ValueError("{EVIL}")'))
    run(graded, "collect", "tiny", str(graded.root / "in"), status=1)
    again = run(graded, "collect", "tiny", str(graded.root / "in"), status=1)
    assert "0 accepted, 6 known, 0 set aside, 0 refused of 6 files" in again
    run(graded, "grade", "tiny", "-n", "1", "--yes")


def by_hand(course, student, points, comment):
    """Give points and a comment for the written answer, as the formgrader does."""
    from nbgrader import api

    with api.Gradebook(course.db_url) as gradebook:
        grade = gradebook.find_grade("why", "tiny", "tiny", student)
        grade.manual_score, grade.needs_manual_grade = points, points is None
        gradebook.find_comment("why", "tiny", "tiny", student).manual_comment = comment
        gradebook.db.commit()


def test_a_grade_given_by_hand_survives_regrading_and_is_logged_with_the_old_one(graded):
    run(graded, "override", "tiny", "anne", "why", "1.5", "--reason", "half of it")
    run(graded, "override", "tiny", "anne", "why", "1", "--reason", "less than half")
    run(graded, "grade", "tiny", "-n", "1", "--yes")
    assert grades(graded)["anne"].score == 5
    lines = [e for e in graded.read_log() if e["event"] == "override"]
    assert [(e["before"], e["points"], e["reason"]) for e in lines] == [
        (None, 1.5, "half of it"), (1.5, 1, "less than half"),
    ]  # fmt: skip
    by_hand(graded, "anne", 2, "Well said.")
    run(graded, "report", "tiny")
    run(graded, "report", "tiny")
    lines = [e for e in graded.read_log() if e["event"] == "hand grade"]
    assert [(e["student"], e["before"], e["points"]) for e in lines] == [("anne", 1, 2)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("override", "tiny", "anne", "why", "3", "--reason", "x"), "0 to 2 points"),
        (("override", "tiny", "anne", "nothing", "1", "--reason", "x"), "no grade"),
        (("override", "tiny", "anne", "why", "1", "--reason", " "), "needs a reason"),
        (("override", "tiny", "anne", "why", "1", "--reason", "\u200b"), "needs a reason"),
        (("override", "tiny", "anne", "why", "nan", "--reason", "x"), "0 to 2 points"),
        (("due", "tiny", "tomorrow"), "is no date"),
        (("due", "tiny", "20260301"), "is no date"),
        (("due", "tiny", "9999-12-31"), "is no date"),
        (("due", "tiny", "2026-03-01 17:00 XYZ"), "is no date"),
        (("due", "other", "2026-03-01"), "no assignment 'other'"),
        (("extend", "tiny", "nobody", "--days", "3"), "no student 'nobody'"),
        (("extend", "tiny", "anne", "--days", "-3"), "0 to 366 days"),
        (("extend", "tiny", "anne", "--days", "nan"), "0 to 366 days"),
        (("grade", "tiny", "--student", "nobody"), "has not handed in"),
        (("export", "tiny", "--format", "x"), "no format 'x'"),
        (("feedback", "tiny", "--zip", "x.zip", "--format", "canvas"), "nobody's hand-in came by"),
        (("feedback", "tiny", "--zip", "x.zip", "--format", "x"), "no platform 'x'"),
        (("roster", "nowhere.csv"), "cannot be read"),
    ],
)
def test_mistakes_are_told_in_words_and_change_nothing(graded, words, message):
    before = grades(graded)
    done = CliRunner().invoke(app, [*words, "--course", str(graded.root)])
    assert isinstance(done.exception, UserError), (done.output, done.exception)
    assert message in str(done.exception)
    assert grades(graded) == before


def test_the_log_says_who_was_graded_when_with_what(graded):
    line = next(e for e in graded.read_log() if e["event"] == "grade")
    assert {"time", "user", "student", "assignment", "outcome", "score", "seed", "master",
            "submission"} <= set(line)  # fmt: skip


def test_feedback_names_tests_and_hides_what_is_hidden(graded):
    run(graded, "feedback", "tiny")
    page = (graded.feedback / "cleo" / "tiny" / "tiny.html").read_text()
    assert "not implemented yet" in page
    for name in notebooks.TESTS:
        assert name in page
    assert "SECRET" not in page
    assert "rng('double')" not in page
    assert "printed by anne" in (graded.feedback / "anne" / "tiny" / "tiny.html").read_text()
    assert "ZeroDivisionError" in (graded.feedback / "eve" / "tiny" / "tiny.html").read_text()
    assert "a PDF" in (graded.feedback / "dan" / "tiny" / "tiny.html").read_text()


def test_feedback_has_the_points_and_the_comment_given_by_hand(graded):
    by_hand(graded, "eve", 2, "Well said.")
    run(graded, "feedback", "tiny", "--student", "eve")
    page = (graded.feedback / "eve" / "tiny" / "tiny.html").read_text()
    by_hand(graded, "eve", None, None)
    assert "Well said." in page
    assert re.search(r"why</code> <span class=\"points\">2 of 2 points", page)


def test_the_report_has_its_parts(graded):
    path = graded.root / "report.html"
    run(graded, "report", "tiny", "-o", str(path))
    page = path.read_text()
    for caption in ("Distribution", "Pass rate", "Most common diagnoses", "need attention",
                    "Changed since", "All students", "Nothing handed in"):  # fmt: skip
        assert caption in page
    assert re.search(r"dan</th><td>the file is a PDF", page)
    assert re.search(r"fay</th><td>the file tiny.pdf is a PDF", page)
    assert "http" not in page.replace("http-equiv", "")


def test_exports_read_back(graded, tmp_path):
    run(graded, "override", "tiny", "anne", "why", "2", "--reason", "all of it")
    for form, column in (("csv", ()), ("canvas", ("--column", "tiny (1)"))):
        path = tmp_path / f"{form}.csv"
        words = ("export", "tiny", "--format", form, "-o", str(path), "--partial", *column)
        assert "unfinished: bob" in run(graded, *words)
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert sum("anne" in " ".join(row) for row in rows) == 1
    run(
        graded, "export", "tiny", "-f", "gradescope", "-o", str(tmp_path / "g"), "--student", "anne"
    )
    content = json.loads((tmp_path / "g" / "anne" / "results.json").read_text())
    assert (content["score"], len(content["tests"])) == (6, 4)
    assert [p.name for p in (tmp_path / "g").iterdir()] == ["anne"]


@pytest.mark.parametrize("words", [("export", "tiny", "--partial"), ("report", "tiny")])
def test_a_place_that_cannot_be_written_is_told_in_words(graded, tmp_path, words):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "x"
    done = CliRunner().invoke(app, [*words, "-o", str(place), "--course", str(graded.root)])
    assert isinstance(done.exception, UserError)
    assert str(done.exception).startswith(f"cannot write {place}")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_gradebook_that_is_damaged_or_gone_is_told_in_words(graded):
    path = graded.state / "gradebook.db"
    before = path.read_bytes()
    cases = (
        ("export", before[:5000], "malformed"),
        ("export", b"nonsense", "not a database"),
        ("report", b"nonsense", "not a database"),
        ("feedback", None, "has not been graded yet"),
    )
    try:
        for command, data, said in cases:
            path.unlink()
            if data is not None:
                path.write_bytes(data)
            done = CliRunner().invoke(app, [command, "tiny", "--course", str(graded.root)])
            assert isinstance(done.exception, UserError), done.exception
            assert said in str(done.exception)
            assert data is None or path.read_bytes() == data, "a damaged gradebook was written to"
    finally:
        path.write_bytes(before)


def test_what_the_system_forbids_is_told_without_a_traceback(monkeypatch, capsys):
    from cs231n_lib.course import cli

    def refuse():
        raise PermissionError(13, "Permission denied", "/secret")

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert capsys.readouterr().err == "Error: /secret: Permission denied\n"


COMMANDS = ("archive", "check", "collect", "demo", "due", "export", "extend", "feedback", "grade",
            "override", "release", "report", "roster", "submit")  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command):
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert re.search(rf"Examples?: cs231n {command}\b", done.output), done.output


def test_what_a_student_writes_is_never_markup_nor_a_formula():
    result = Result("graded", 1, "m", "s", reason=EVIL, notes=[EVIL])
    result.tests = [
        Outcome("t", EVIL, 1, message=EVIL, diagnosis=Diagnosis(EVIL, EVIL), details=EVIL)
    ]
    result.cells = {EVIL: CellReport(EVIL, EVIL, EVIL)}
    cells = (CellGrade("t", 0, 1, 0, None, 0, EVIL, True),)
    grade = Grade(EVIL, EVIL, 0, 1, cells=cells, first_name=EVIL, last_name=EVIL, reason=EVIL)
    page = pages.feedback("a1", result, grade)
    master = read_master(to_bytes(notebook()), "tiny")
    master.tests[:] = master.tests[:1]
    figures = pages.summary(master, {EVIL: result}, {EVIL: EVIL}, [])
    for text in (page, pages.report("a1", figures, {EVIL: grade}, "now", [grade])):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_a_model_solution_that_fails_stops_everything(course, needs_walls, tmp_path):
    root = tmp_path / "bad"
    (root / "solutions" / "bad").mkdir(parents=True)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    (root / "solutions" / "bad" / "bad.ipynb").write_bytes(
        submission(mean="def mean(x):\n    return 0")
    )
    path = root / "anne.ipynb"
    path.write_bytes(submission())
    run(Course(root), "collect", "bad", str(path))
    done = CliRunner().invoke(app, ["grade", "bad", "-n", "1", "--course", str(root)])
    assert isinstance(done.exception, UserError)
    assert "model solution of bad fails" in str(done.exception)
    assert not (root / ".nbgrader" / "gradebook.db").exists()


def test_late_days_and_extensions_are_one_account(graded, tmp_path):
    config = graded.root / "nbgrader_config.py"
    before = config.read_text()
    config.write_text(before + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course(graded.root)
    try:
        from nbgrader import api

        with api.Gradebook(course.db_url) as gradebook:
            taken = gradebook.find_submission("tiny", "anne").timestamp
        run(course, "override", "tiny", "anne", "why", "2", "--reason", "all of it")
        run(course, "due", "tiny", f"{taken - timedelta(hours=30):%Y-%m-%d %H:%M:%S}")
        assert grades(course)["anne"].penalty == grades(course)["anne"].cells[0].score + 5
        path = tmp_path / "roster.csv"
        path.write_text(
            "student,first_name,last_name,email,late_days\nanne,Anne,Doe,a@x.org,2\nbob,,,,0\n"
            "gil,Gil,Roe,,5\n"
        )
        assert "anne spent late days on tiny: 2" in run(course, "roster", str(path), "--late-days")
        found = grades(course)
        assert (found["anne"].score, found["anne"].penalty) == (6, 0)
        assert (found["bob"].score, found["bob"].penalty) == (0, 3)
        run(course, "override", "tiny", "bob", "why", "2", "--reason", "good")
        assert (grades(course)["bob"].score, grades(course)["bob"].penalty) == (0, 5)
        run(course, "extend", "tiny", "anne", "--days", "10")
        anne = grades(course)["anne"]
        assert (anne.lateness.days_spent, anne.lateness.days_left) == (0, 2)
        run(course, "roster", str(path), "--late-days")
        assert grades(course)["anne"].lateness == anne.lateness
        run(course, "export", "tiny", "--partial", "-o", str(tmp_path / "t.csv"))
        rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text("utf-8-sig"))))
        table = {row["student"]: row for row in rows}
        assert (table["bob"]["score"], table["bob"]["penalty"]) == ("0.0", "5.0")
        assert (table["gil"]["outcome"], table["gil"]["score"]) == ("missing", "")
        run(course, "feedback", "tiny", "--student", "bob")
        page = (course.feedback / "bob" / "tiny" / "tiny.html").read_text()
        assert "5 points were taken off for lateness" in page
        assert "In the gradebook: 0 of 6" in page
        with api.Gradebook(course.db_url) as gradebook:  # and so does nbgrader's own table
            assert gradebook.find_submission("tiny", "bob").late_submission_penalty == 5
    finally:
        config.write_text(before)
        run(Course(graded.root), "due", "tiny", "none")


def test_a_date_is_answered_by_the_clock_of_the_course(graded):
    config = graded.root / "nbgrader_config.py"
    before = config.read_text()
    config.write_text(before + '\nc.Exchange.timezone = "Asia/Kolkata"\n')
    course = Course(graded.root)
    try:
        told = run(course, "due", "tiny", "2026-03-01 17:00")
        assert "tiny is due 2026-03-01 17:00:00 IST (2026-03-01 11:30:00 UTC)" in told
        told = run(course, "extend", "tiny", "anne", "--days", "1")
        assert "due 2026-03-02 17:00:00 IST (2026-03-02 11:30:00 UTC) for anne" in told
        run(course, "extend", "tiny", "anne", "--days", "0")
    finally:
        config.write_text(before)
        run(Course(graded.root), "due", "tiny", "none")


BAD_ROSTER = """\
Late Days;Student;Email
2;anne;a@x.org

x;bob;
1;o'neil;o@x.org
²;zoë;
1;anne;
1;;
1;a/b;
3;UNI\\jdoe2;j@x.org
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_one_bad_line_of_a_roster_is_refused_with_its_number(graded, tmp_path, encoding):
    path = tmp_path / "roster.csv"
    path.write_text(BAD_ROSTER, encoding)
    out = run(graded, "roster", str(path), status=1)
    assert re.findall(r"line (\d+): ", out) == ["4", "6", "7", "8", "9"]
    assert "3 students" in out
    missing = {grade.login for grade in standing(graded, "tiny").missing}
    assert {"o'neil", "UNI\\jdoe2"} <= missing


@pytest.mark.parametrize(
    "text",
    ["", "name,email\nanne,x\n", "\0\0", 'student,email\nanne,"a@x.org\nbob,b@x.org\n',
     "student,Student\nanne,bob\n"],
)  # fmt: skip
def test_what_is_no_roster_is_told(graded, tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    done = CliRunner().invoke(app, ["roster", str(path), "--course", str(graded.root)])
    assert isinstance(done.exception, UserError)
    assert str(path) in str(done.exception) or "two columns" in str(done.exception)


@pytest.mark.slow
def test_the_demo_course_is_graded(needs_walls, tmp_path):
    done = CliRunner().invoke(app, ["demo", str(tmp_path / "demo")])
    assert done.exit_code == 0, (done.output, done.exception)
    found = standing(Course(tmp_path / "demo"), "a1").grades
    right = found["right"].score
    assert found["noisy"].score == right > 0
    assert 0 < found["cross-term"].score < right
    assert 0 < found["endless-loop"].score < right
    for name in ("hostile", "never-began", "empty", "cut-off", "handed-in-a-pdf"):
        assert found[name].score == 0
    again = CliRunner().invoke(app, ["demo", str(tmp_path / "demo")])
    assert "not empty" in str(again.exception)


def test_check_tells_a_student_where_they_stand(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(submission(mean="def mean(x):\n    return 0"))
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "not the mean" in done.output
    assert "1 of 2 points by the visible tests" in done.output
    path.write_bytes(submission())
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0


def test_check_explains_a_damaged_notebook(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(submission()[:-50])
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "its JSON is broken" in str(done.exception)
    assert isinstance(CliRunner().invoke(app, ["check", "nowhere.ipynb"]).exception, UserError)


def test_submit_makes_the_file_unless_a_test_fails(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(submission(mean="def mean(x):\n    return 0"))
    assert "--force" in str(CliRunner().invoke(app, ["submit", str(path)]).exception)
    assert not (tmp_path / "submission").exists()
    done = CliRunner().invoke(app, ["submit", str(path), "--force"])
    assert done.exit_code == 0
    made = json.loads((tmp_path / "submission" / "mine.ipynb").read_text())
    assert all(c["outputs"] == [] for c in made["cells"] if c["cell_type"] == "code")
