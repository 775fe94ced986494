"""Handing in: nothing forgotten, nothing lost, nothing twice; and where one stands."""

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.assignment.due import with_due
from cs231n_lib.course.checkout import root
from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import GRADED, Result
from cs231n_lib.course.student import check, status, submit

RELEASE = root() / "exercises" / "a1" / "a1.ipynb"
WRITTEN = {"answer-7a": "Because.", "answer-7b": "Therefore."}


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CS231N_WORK_DIR", str(tmp_path / "work"))


def write(path, answers=WRITTEN):
    content = json.loads(RELEASE.read_bytes())
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "printed"}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return check.open_notebook(path)


def result(*scores):
    tests = [Outcome(f"t-{n}", "", 1.0, s, "" if s else "no") for n, s in enumerate(scores)]
    return Result(GRADED, 0, "", "", tests=tests)


def test_the_receipt_says_what_is_inside(tmp_path):
    made = submit.submit(write(tmp_path / "a1.ipynb"), result(1, 1))
    assert made.target == tmp_path / "submission" / "a1.ipynb"
    data = made.target.read_bytes()
    assert made.receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert made.receipt.size == len(data)
    assert (made.receipt.points, made.receipt.of) == (2, 2)
    assert "predict_labels" in made.receipt.answers
    assert b"printed" not in data
    assert made.attempt.read_bytes() == data
    text = "\n".join(made.receipt.lines())
    assert made.receipt.sha256 in text
    assert "2 of 2" in text


def test_blank_answers_and_failed_tests_are_refused_but_by_force(tmp_path):
    opened = write(tmp_path / "a1.ipynb", {"answer-7a": "Because."})
    assert opened.blank == ["answer-7b"]
    with pytest.raises(UserError, match=r"answer-7b\): 5 points") as told:
        submit.submit(opened, result(1, 0))
    assert "1 of 2 visible tests fail (t-1)" in str(told.value)
    assert not (tmp_path / "submission").exists()
    made = submit.submit(opened, result(1, 0), force=True)
    assert (made.receipt.blank, made.receipt.failed) == (["answer-7b"], ["t-1"])


def test_an_answer_of_blanks_alone_is_blank(tmp_path):
    assert write(tmp_path / "a1.ipynb", {**WRITTEN, "answer-7a": " \n\t"}).blank == ["answer-7a"]


def test_every_attempt_is_kept_and_what_is_replaced_is_told(tmp_path):
    first = submit.submit(write(tmp_path / "a1.ipynb"), result(1, 0), force=True)
    second = submit.submit(write(tmp_path / "a1.ipynb", {**WRITTEN, "answer-7a": "No."}), result(1))
    assert first.replaced is None
    assert second.replaced == first.receipt
    assert second.changed
    kept = submit.attempts(tmp_path / "submission", "a1")
    assert kept == [first.receipt, second.receipt]
    assert first.attempt.read_bytes() != second.attempt.read_bytes()


def test_of_two_attempts_that_are_equal_the_later_one_is_replaced(tmp_path):
    opened = write(tmp_path / "a1.ipynb")
    _, second, third = (submit.submit(opened, result(1)) for _ in range(3))
    assert third.replaced == second.receipt


def test_two_attempts_in_one_second_are_two(tmp_path):
    opened = write(tmp_path / "a1.ipynb")
    names = {submit.submit(opened, result(1)).attempt.name for _ in range(4)}
    assert len(names) == 4


@pytest.mark.parametrize("where", ["submission", "submission/attempts"])
def test_what_was_handed_in_can_be_handed_in_again_and_never_nests(tmp_path, where):
    made = submit.submit(write(tmp_path / where / "a1.ipynb"), result(1))
    assert made.target == tmp_path / "submission" / "a1.ipynb"
    assert not list(tmp_path.rglob("submission/**/submission"))


def test_a_file_of_another_origin_is_replaced_and_told(tmp_path):
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "a1.ipynb").write_text("mine")
    made = submit.submit(write(tmp_path / "a1.ipynb"), result(1))
    assert made.replaced is None
    assert made.changed


def test_names_are_such_as_windows_takes(tmp_path):
    made = submit.submit(write(tmp_path / "a1.ipynb"), result(1))
    names = [p.name for p in (tmp_path / "submission").rglob("*")]
    assert not set("".join(names)) & set('<>:"/\\|?*')
    assert len({name.lower() for name in names}) == len(names)
    assert made.attempt.name.isascii()


def test_the_command_says_of_when_the_notebook_is(tmp_path, monkeypatch):
    path = write(tmp_path / "a1.ipynb").path
    long_ago = (datetime.now(UTC) - timedelta(days=3, hours=12, minutes=30)).timestamp()
    os.utime(path, (long_ago, long_ago))
    monkeypatch.setattr(check.VisibleTests, "run", lambda *_: result(1))
    output = CliRunner().invoke(app, ["submit", "a1.ipynb"]).output
    assert "3 days 12 hours ago: what you wrote after that is not in it" in output


@pytest.mark.parametrize(("answers", "says"), [(WRITTEN, True), ({}, False)])
def test_what_is_complete_is_to_be_handed_in_next(tmp_path, monkeypatch, answers, says):
    write(tmp_path / "a1.ipynb", answers)
    monkeypatch.setattr(check.VisibleTests, "run", lambda *_: result(1))
    output = CliRunner().invoke(app, ["check", "a1.ipynb"]).output
    assert ("Next: cs231n submit a1.ipynb" in output) is says


def test_a_receipt_that_was_edited_is_none(tmp_path):
    made = submit.submit(write(tmp_path / "a1.ipynb"), result(1))
    (receipt,) = made.attempt.parent.glob("*.json")
    receipt.write_text("{}")
    assert submit.attempts(tmp_path / "submission", "a1") == []


def test_status_tells_of_all_assignments(tmp_path, monkeypatch):
    opened = write(tmp_path / "a1.ipynb", {"answer-7a": "Because."})
    submit.submit(opened, result(1, 0), force=True)
    monkeypatch.setattr(status, "remembered", lambda opened: result(1, 0))
    found = {each.name: each for each in status.standings(check=False)}
    assert set(found) == {p.stem for p in status.released()}
    assert found["a1"].result.score == 1
    assert found["a1"].blank == ("answer-7b",)
    assert len(found["a1"].attempts) == 1
    assert found["a2"].path is None


def test_status_runs_what_changed_since_the_last_check_alone(tmp_path, monkeypatch):
    opened, checked = write(tmp_path / "a1.ipynb"), []
    monkeypatch.setenv("CS231N_CACHE_DIR", str(tmp_path / "cache"))
    check.places.cache_folder.cache_clear()
    monkeypatch.setattr(
        status, "_checked", lambda opened, begun: checked.append(opened.path) or result(1)
    )
    status.standings()
    assert len(checked) == 1
    check._remember(opened, result(1, 1))
    (found,) = [s for s in status.standings() if s.path]
    assert len(checked) == 1
    assert found.result.score == 2
    check.places.cache_folder.cache_clear()


def test_a_damaged_copy_is_told_and_the_others_are_shown(tmp_path):
    (tmp_path / "a2.ipynb").write_text("{")
    found = {each.name: each for each in status.standings(check=False)}
    assert "broken" in found["a2"].problem
    assert found["a1"].problem == ""


def test_a_copy_says_when_it_is_due_where_the_release_here_does_not(tmp_path):
    path = write(tmp_path / "a1.ipynb").path
    due = datetime(2027, 5, 1, 21, 59, tzinfo=UTC)
    path.write_bytes(with_due(path.read_bytes(), due))
    found = {each.name: each.due for each in status.standings(check=False)}
    assert found["a1"] == due
    assert found["a2"] is None
    told = CliRunner().invoke(app, ["status", "--quick"], env={"COLUMNS": "120"}).output
    assert f"{due.astimezone():%Y-%m-%d %H:%M}" in told


def test_reading_is_what_the_page_saved(tmp_path):
    saved = {
        "01_data_driven": {"read": True, "solved": [0, 2], "total": 4},
        "labs/convnet": {"read": False, "solved": [], "total": 2},
        "intro": {"read": True},
    }
    (tmp_path / status.PROGRESS).write_text(json.dumps(saved))
    read = status.reading()
    assert (read.chapters, read.solved, read.questions) == (1, 2, 6)


@pytest.mark.parametrize("text", ["[]", "{", '{"01_x": 3}', "[" * 100_000])
def test_another_file_is_not_taken_for_it(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UserError, match="front page"):
        status.reading(path)
    assert status.reading() is None
