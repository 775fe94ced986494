"""An answer without numbers, with none to compare, always the same or refused earns nothing."""

import pytest

from cs231n_lib.course.assignment.master import defined_names
from tests.grader import table

#: Of most it is true that all their elements are as they should be: they have none, or only NaN.
IDLE = {
    "nothing": "None",
    "an empty array": "np.zeros(0)",
    "empty arrays": "(np.zeros(0), np.zeros(0))",
    "no rows": "np.zeros((0, 3))",
    "an empty list": "[]",
    "an empty dictionary": "{}",
    "an empty tuple": "()",
    "an empty text": "''",
    "NaN": "float('nan')",
    "an array of NaN": "np.full_like(a[0], np.nan, dtype=float)",
    "NaN and an array of NaN": "(np.nan, np.full_like(a[0], np.nan, dtype=float))",
    "NaN of the right dtype": "np.float32(np.nan)",
    "a table": "np.arange(12.0).reshape(3, 4)",
    "a table of the right dtype": "np.arange(12, dtype=np.float32).reshape(3, 4)",
    "a number and a table": "(1.0, np.arange(12.0).reshape(3, 4))",
    "the first argument": "a[0]",
    "an object of empty arrays": "Idle(np.zeros(0))",
    "an object of nothing": "Idle(None)",
    "an object of NaN": "Idle(np.nan)",
    "a refusal": "refuse()",
}  # fmt: skip

#: A class of which every method gives the same, and in which anything can be set.
OBJECT = """
class Idle:
    def __init__(self, value):
        self.W, self.params, self.value = value, {}, value
    def __getattr__(self, name):
        return lambda *args, **options: self.value
def refuse():
    raise ValueError
"""


def answering(names, value):
    """Return code that defines ``names``: as functions and as classes, they all give ``value``."""
    return OBJECT + "\n".join(
        f"class {name}:\n    def __new__(cls, *a, **k):\n        return {value}" for name in names
    )


@pytest.mark.parametrize(("assignment", "exercise"), table.everywhere())
def test_an_idle_answer_earns_nothing(assignment, exercise):
    names = defined_names(table.answers_of(assignment)[exercise])
    answers = {what: answering(names, value) for what, value in IDLE.items()}
    assert not table.earned(assignment, exercise, answers)
