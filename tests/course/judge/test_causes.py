"""One cause is told once, in full, where it is; the tests it costs say that they were not run."""

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.limits import Limits
from cs231n_lib.course.judge.walls import plain
from tests.course import notebooks

LIMITS = Limits(wall=60.0, call=2.0)


@pytest.fixture(scope="module")
def graded(library):
    """Return a function that grades a submission with these answer cells."""
    master = read_master(notebooks.to_bytes(notebooks.notebook()), "tiny")
    workers = plain.Unsandboxed(library, LIMITS)

    def grade(extra=(), drop=(), **answers):
        content = notebooks.notebook({**notebooks.ANSWERS, **answers}, extra)
        content["cells"] = [c for c in content["cells"] if c["id"] not in drop]
        result = Grader(master, workers.worker, LIMITS).grade(notebooks.to_bytes(content), 1)
        return {t.name: t.text for t in result.tests}

    yield grade
    workers.stop()


def test_a_syntax_error_is_told_with_its_line_once(graded):
    told = graded(extra=["import scipy.no_such"], double="def double(x)\n    return 2 * x")
    first, second = told["double-example"], told["double-random"]
    assert first.startswith("not run: the cell double should define double, but it ended with")
    assert "SyntaxError" in first
    assert "def double(x)" in first
    assert "scipy" not in first
    assert second.startswith("not run because of it: the cell double")
    assert told["mean-random"] == ""


def test_another_cell_that_fails_is_not_blamed(graded):
    told = graded(
        mean="import no_such_module\ndef mean(x): return 0", double="def duble(x): return x"
    )
    assert "no_such_module" in told["mean-random"]
    assert "has it been renamed" in told["double-example"]
    assert "no_such_module" not in told["double-example"]


def test_a_deleted_cell_is_said_to_be_missing(graded):
    assert "it is missing" in graded(drop=["double"])["double-example"]


def test_marks_of_a_merge_are_recognised(graded):
    merged = (
        "<<<<<<< mine\ndef double(x): return x\n=======\ndef double(x): return 2 * x\n>>>>>>> x"
    )
    assert "marks of a merge" in graded(double=merged)["double-example"]


def test_a_variable_of_another_cell_is_explained(graded):
    told = graded(extra=["factor = 2"], double="def double(x): return factor * x")
    assert "NameError: name 'factor' is not defined" in told["double-example"]
    assert "no variables and no lambdas" in told["double-example"]


def test_an_endless_loop_is_called_one(graded):
    told = graded(mean="def mean(x):\n    while True: pass")
    assert "a loop that never ends" in told["mean-random"]


def test_input_says_that_it_is_not_there(graded):
    told = graded(mean="def mean(x):\n    return float(input())")
    assert "input() is not available" in told["mean-random"]


def test_an_exception_has_no_reason_that_says_nothing(graded):
    told = graded(mean="def mean(x):\n    return 1 / 0")
    assert "ZeroDivisionError" in told["mean-random"]
    assert "Likely reason" not in told["mean-random"]
