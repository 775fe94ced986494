"""From the hand-in to the feedback, by the commands themselves and by nbgrader's own eyes."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome
from cs231n_lib.course.classroom import pages, roster
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.classroom.export import _csv
from cs231n_lib.course.classroom.gradebook import Gradebook
from cs231n_lib.course.classroom.grading import kept_results
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


def hand_in(course, student, data):
    path = course.root / "in" / student / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def graded(course, needs_walls):
    hand_in(course, "bob", submission(mean=f'def mean(x):\n    raise ValueError("{EVIL}")'))
    loud = "print('printed by anne')\n" + notebooks.ANSWERS["mean"]
    hand_in(course, "anne", submission(mean=loud))
    hand_in(course, "eve", submission(mean="1 / 0"))
    hand_in(course, "cleo", to_bytes(notebook(STUB, written="YOUR ANSWER HERE")))
    hand_in(course, "dan", b"%PDF")
    run(course, "collect", "tiny", str(course.root / "in"))
    run(course, "grade", "tiny", "-n", "1")
    return course


def test_the_gradebook_is_what_nbgrader_expects(graded):
    students = Gradebook(graded, "tiny").students()
    assert {s: row["score"] for s, row in students.items()} == {
        "anne": 4, "bob": 3, "cleo": 0, "dan": 0, "eve": 3,
    }  # fmt: skip
    assert {row["max_score"] for row in students.values()} == {6}
    waiting = {s for s, row in students.items() if row["needs_manual_grade"]}
    assert {"anne", "bob"} <= waiting
    assert "dan" not in waiting


def test_nbgraders_own_formgrader_pages_and_export_work(graded):
    from nbgrader.apps import NbGraderAPI

    api = NbGraderAPI(config=graded.config)
    assert api.get_autograded_students("tiny") == {"anne", "bob", "cleo", "dan", "eve"}
    info = api.get_submission("tiny", "anne")
    assert (info["autograded"], info["score"], info["needs_manual_grade"]) == (True, 4, True)


def test_the_notebook_for_the_grader_shows_answers_and_outcomes_but_no_hidden_test(graded):
    text = (graded.autograded / "bob" / "tiny" / "tiny.ipynb").read_text()
    assert "HIDDEN" not in text
    assert "SECRET" not in text
    assert "0 of 1 points" in text
    assert "raise ValueError" in text


def test_grading_again_changes_nothing_and_asks_before_it_changes_grades(graded):
    assert "would change" not in run(graded, "grade", "tiny", "-n", "1")
    before = Gradebook(graded, "tiny").students()
    hand_in(graded, "bob", submission())
    run(graded, "collect", "tiny", str(graded.root / "in"))
    assert "bob  mean-random: 0 -> 1" in run(
        graded, "grade", "tiny", "-n", "1", status=1, keys="n\n"
    )
    assert Gradebook(graded, "tiny").students() == before
    run(graded, "grade", "tiny", "-n", "1", "--yes")
    assert Gradebook(graded, "tiny").students()["bob"]["score"] == 4
    hand_in(graded, "bob", submission(mean=f'def mean(x):\n    raise ValueError("{EVIL}")'))
    run(graded, "collect", "tiny", str(graded.root / "in"))
    assert "0 new" in run(graded, "collect", "tiny", str(graded.root / "in"))


def test_a_grade_given_by_hand_survives_regrading(graded):
    run(graded, "override", "tiny", "anne", "why", "1.5", "--reason", "half of it")
    run(graded, "grade", "tiny", "-n", "1", "--yes")
    assert Gradebook(graded, "tiny").students()["anne"]["score"] == 5.5
    line = [e for e in graded.read_log() if e["event"] == "override"][-1]
    assert (line["student"], line["points"], line["reason"]) == ("anne", 1.5, "half of it")
    book = Gradebook(graded, "tiny")
    with pytest.raises(UserError, match="0 to 2 points"):
        book.override("anne", "why", 3)
    with pytest.raises(UserError, match="no grade"):
        book.override("anne", "nothing", 1)


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


def test_the_report_has_its_parts(graded):
    path = graded.root / "report.html"
    run(graded, "report", "tiny", "-o", str(path))
    page = path.read_text()
    for caption in ("Distribution", "Pass rate", "Most common diagnoses", "need attention",
                    "Changed since", "All students"):  # fmt: skip
        assert caption in page
    assert re.search(r"dan</th><td>the file is a PDF", page)
    assert "http" not in page.replace("http-equiv", "")


def test_exports_read_back(graded, tmp_path):
    for form in ("csv", "canvas"):
        path = tmp_path / f"{form}.csv"
        run(graded, "export", "tiny", "--format", form, "-o", str(path))
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert sum("anne" in " ".join(row) for row in rows) == 1
    run(graded, "export", "tiny", "-f", "gradescope", "-o", str(tmp_path / "g"))
    content = json.loads((tmp_path / "g" / "anne" / "results.json").read_text())
    assert (content["score"], len(content["tests"])) == (4, 3)
    message = CliRunner().invoke(app, ["export", "tiny", "-f", "x", "--course", str(graded.root)])
    assert isinstance(message.exception, UserError)


@pytest.mark.parametrize("words", [("export", "tiny"), ("report", "tiny")])
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
        ("feedback", None, "not in the gradebook"),
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


COMMANDS = ("check", "collect", "demo", "export", "feedback", "grade", "override", "release",
            "report", "roster", "submit")  # fmt: skip


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
    row = {"score": 0, "max_score": 1, "penalty": 0, "needs_manual_grade": False}
    page = pages.feedback("a1", EVIL, result, row)
    master = read_master(to_bytes(notebook()), "tiny")
    master.tests[:] = master.tests[:1]
    figures = pages.summary(master, {EVIL: result}, {EVIL: EVIL}, [])
    row |= {"timestamp": None, "seconds_late": 0}
    for text in (page, pages.report("a1", figures, {EVIL: row}, "now")):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert _csv(["a"], [["=1+1"]]).endswith(b"'=1+1\r\n")


def test_a_changed_set_of_cells_is_refused_once_there_are_grades(graded):
    path = graded.root / "solutions" / "tiny" / "tiny.ipynb"
    before = path.read_bytes()
    content = json.loads(before)
    content["cells"] = [c for c in content["cells"] if "mean" not in c["id"]]
    path.write_bytes(to_bytes(content))
    try:
        with pytest.raises(UserError, match="not those that earlier submissions"):
            Gradebook(graded, "tiny")
    finally:
        path.write_bytes(before)


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


def test_roster_and_late_days(graded, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(
        "student,first_name,last_name,email,late_days\nanne,Anne,Doe,a@x.org,2\nbob,,,,0\n"
    )
    from nbgrader import api

    with api.Gradebook(graded.db_url) as gradebook:
        assignment = gradebook.find_assignment("tiny")
        taken = gradebook.find_submission("tiny", "anne").timestamp
        assignment.duedate = taken - timedelta(hours=30)
        gradebook.db.commit()
    out = run(graded, "roster", str(path), "--late-days")
    assert "anne spent late days on tiny: 2" in out
    assert "bob" not in out
    assert Gradebook(graded, "tiny").students()["anne"]["seconds_late"] == 0
    assert Gradebook(graded, "tiny").students()["bob"]["seconds_late"] > 0
    graded.config.LateSubmissionPlugin.penalty_method = "zero"
    results = kept_results(graded, "tiny")
    received = {s.student: s.received for s in graded.submissions("tiny")}
    Gradebook(graded, "tiny").write(results, received)
    late = Gradebook(graded, "tiny").students()
    assert (late["bob"]["score"], late["bob"]["penalty"]) == (0, results["bob"].score)
    assert late["anne"]["score"] > 0
    path.write_text("student\nanne\nanne\n")
    with pytest.raises(UserError, match="line 3"):
        roster.read_roster(path)


@pytest.mark.slow
def test_the_demo_course_is_graded(needs_walls, tmp_path):
    done = CliRunner().invoke(app, ["demo", str(tmp_path / "demo")])
    assert done.exit_code == 0, (done.output, done.exception)
    students = Gradebook(Course(tmp_path / "demo"), "a1").students()
    right = students["right"]["score"]
    assert students["noisy"]["score"] == right > 0
    assert 0 < students["cross-term"]["score"] < right
    assert 0 < students["endless-loop"]["score"] < right
    for name in ("hostile", "never-began", "empty", "cut-off", "handed-in-a-pdf"):
        assert students[name]["score"] == 0
    again = CliRunner().invoke(app, ["demo", str(tmp_path / "demo")])
    assert "not empty" in str(again.exception)


def test_check_tells_a_student_where_they_stand(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(submission(mean="def mean(x):\n    return 0"))
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "not the mean" in done.output
    assert "3 of 4 points" in done.output
    path.write_bytes(submission())
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0


def test_check_explains_a_damaged_notebook(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(submission()[:-50])
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "its JSON is broken" in " ".join(done.output.split())
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
