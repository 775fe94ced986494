"""Three hints for every exercise, which lead to the answer and never contain it."""

import re
import tomllib

import pytest

from cs231n_lib.course.assignment.master import SOLUTION
from cs231n_lib.course.assignment.notebook import read_cells
from cs231n_lib.course.checkout import root
from cs231n_lib.course.checks import chapters
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student import hints, practice

#: So many tokens of a solution in a row are more than a hint may repeat.
GIVEN_AWAY = 7
TOKENS = re.compile(r"\w+|[^\w\s]")
SOLUTIONS = re.compile(f"{SOLUTION[0]}\n(.*?){SOLUTION[1]}", re.DOTALL)
EXERCISES = sorted({(t.assignment, t.name) for t in practice.tasks().values()})


def solution(assignment, name):
    """Return the lines of an exercise's solution, without its comments."""
    path = root() / "solutions" / assignment / f"{assignment}.ipynb"
    cells, _ = read_cells(path.read_bytes())
    (source,) = (c.source for c in cells if c.grade_id == name)
    text = "\n".join(SOLUTIONS.findall(source))
    return [line.partition("#")[0] for line in text.splitlines()]


def shared(hint, lines):
    """Return the longest run of tokens that a hint has in common with a line of code."""
    said = " ".join(TOKENS.findall(hint))
    longest = 0
    for line in lines:
        tokens = TOKENS.findall(line)
        for start in range(len(tokens)):
            while f" {' '.join(tokens[start : start + longest + 1])} " in f" {said} " and (
                start + longest < len(tokens)
            ):
                longest += 1
    return longest


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_every_exercise_has_three_steps(assignment, name):
    steps = practice.hint(name, assignment or None).steps
    assert len(steps) == 3
    assert "?" in steps[0]
    assert all(40 < len(step) < 500 for step in steps)


@pytest.mark.parametrize(("assignment", "name"), [e for e in EXERCISES if e[0]])
def test_no_step_gives_the_answer_away(assignment, name):
    lines = solution(assignment, name)
    assert sum(map(len, lines)) > 20
    for step in practice.hint(name, assignment).steps:
        assert shared(step, lines) < GIVEN_AWAY
    # The search finds an answer that is planted.
    longest = max(lines, key=lambda line: len(TOKENS.findall(line)))
    assert shared(f"Write {longest} and see.", lines) >= GIVEN_AWAY


def test_no_hints_for_what_is_no_exercise():
    known = {(a, n) for a, n in EXERCISES}
    for path in hints.FOLDER.glob("*.toml"):
        assignment = "" if path.stem == "chapters" else path.stem
        for name in tomllib.loads(path.read_text(encoding="utf-8")):
            assert (assignment, name) in known
    assert set(chapters.TESTS) == {n for a, n in known if not a}


def test_text_shows_a_step_at_a_time_and_a_page_folds_all():
    first, all_ = practice.hint("affine", "a3"), practice.hint("affine", "a3", step=9)
    assert len(repr(first).splitlines()) == 2
    assert 'practice.hint("affine", "a3", step=2)' in repr(first)
    assert len(repr(all_).splitlines()) == 3
    assert first._repr_html_().count("<details") == 3
    assert " open" not in first._repr_html_()


def test_a_function_finds_the_hints_of_the_exercise_it_is_part_of():
    assert practice.hint("affine_backward").steps == practice.hint("affine").steps


def test_hints_stand_below_a_report_until_all_is_right():
    waiting = practice.check("predict_labels")
    assert waiting._repr_html_().count("<details") == 3
    assert "Hint" not in repr(waiting)

    names = {"practice": practice}
    exec("import numpy as np\ndef accuracy(y_pred, y):\n    return np.mean(y_pred == y)", names)
    right = eval("practice.check('accuracy')", names)
    assert right.state == practice.PASSED
    assert "<details" not in right._repr_html_()


@pytest.fixture
def switched_off(monkeypatch):
    hints._switched_off.cache_clear()
    hints._read.cache_clear()
    monkeypatch.setattr(hints, "read_cells", lambda data: ([], {"cs231n": {"hints": False}}))
    yield
    hints._switched_off.cache_clear()
    hints._read.cache_clear()


def test_an_instructor_can_switch_them_off(switched_off):
    with pytest.raises(UserError, match="switched them off"):
        practice.hint("predict_labels")
    assert "Hint" not in practice.check("predict_labels")._repr_html_()
    assert practice.hint("accuracy").steps  # a chapter belongs to no assignment
