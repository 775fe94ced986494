"""What an exception in one's own code most likely means here, where the judge runs it."""

import dataclasses
import re
from collections.abc import Sequence

from cs231n_lib.course.assignment.master import defined_names
from cs231n_lib.course.assignment.notebook import Cell
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome

#: How the judge calls a call that took too long, and what a process is ended by.
LATE, ENDED = "TimeLimit", ("ProcessEnded", "SystemExit")
UNDEFINED = re.compile(r"NameError: name '(\w+)' is not defined")


def is_late(outcome: Outcome) -> bool:
    """Whether a test was ended because a call took too long."""
    return f" {LATE}" in outcome.message


def advise(outcome: Outcome, cells: Sequence[Cell], asked: Sequence[str] = ()) -> Outcome:
    """Return the outcome with the likely reason for what its author cannot see.

    Parameters
    ----------
    outcome : Outcome
        Of a check on one's own machine.
    cells : sequence of Cell
        The cells of the notebook.
    asked : sequence of str
        The names that the assignment asks for.
    """
    diagnosis = None
    undefined = UNDEFINED.search(outcome.message)
    if is_late(outcome):
        diagnosis = Diagnosis(
            "late",
            "is there a loop that never ends, or one over every single number where NumPy could "
            "take all at once? The other tests of this exercise were not tried.",
        )
    elif any(f" {kind}" in outcome.message for kind in ENDED):
        diagnosis = Diagnosis(
            "ended",
            "does your code call exit(), quit(), os._exit() or input()? Nobody is there to answer "
            "when it is graded, and ending the process ends the test.",
        )
    elif undefined and undefined[1] in _variables(cells):
        diagnosis = Diagnosis(
            "other_cell",
            f"{undefined[1]} is a variable of another cell of your notebook. When your code is "
            "graded, such variables do not exist: use the function's own arguments.",
        )
    elif undefined and undefined[1] in asked and "(the cell " not in outcome.message:
        diagnosis = Diagnosis(
            "undefined",
            f"no cell of your notebook defines {undefined[1]}. Is its answer cell empty, or was "
            "the function given another name?",
        )
    elif outcome.diagnosis and outcome.diagnosis.id == "exception":
        return dataclasses.replace(outcome, diagnosis=None)  # the message has said as much
    return dataclasses.replace(outcome, diagnosis=diagnosis) if diagnosis else outcome


def _variables(cells: Sequence[Cell]) -> set[str]:
    """Return the names that cells bind which are no answers."""
    free = (c for c in cells if c.kind == "code" and not c.nbgrader.get("solution"))
    return {name for cell in free for name in defined_names(cell.source)}
