"""What it means when the student's code raises an exception."""

import re
import traceback

from cs231n_lib.course.checks.verdict import (
    NOT_IMPLEMENTED,
    NOT_RUN,
    NOT_YET,
    PYTHON_2,
    CheckFailed,
    Diagnosis,
    StudentError,
)

#: Why a name may be there in a notebook, and not in the judge.
OTHER_CELLS = (
    "When your code is graded, only imports, functions and classes at the top level of your other "
    "cells are there; no variables and no lambdas. Use the function's arguments, or define the "
    "name in the answer cell."
)
#: What the judge's own kinds of exception mean, and one that only it knows.
CAUSES = {
    "TimeLimit": Diagnosis(
        "late", "is there a loop that never ends, or one over every single number where NumPy "
        "could take all at once?",
    ),
    "ProcessEnded": Diagnosis(
        "ended", "does your code call exit(), quit() or os._exit()? That ends the test.",
    ),
    "NoInput": Diagnosis(
        "no_input", "input() and breakpoint() are not available when your code is graded: use the "
        "function's arguments.",
    ),
    "SystemExit": Diagnosis("exit", "exit() ends the program, not the function: use return."),
    "RecursionError": Diagnosis(
        "recursion", "a function calls itself again and again, and nothing makes it stop.",
    ),
    "FileNotFoundError": Diagnosis(
        "no_file", "when your code is graded, none of your files are there: use the function's "
        "arguments.",
    ),
    "NameError": Diagnosis("other_cell", OTHER_CELLS),
    "CountEnded": Diagnosis(
        "count_ended", "the steps that your code takes could not be counted to the end: does it "
        "recurse as deep as Python goes?",
    ),
}  # fmt: skip
#: What Python says of a call that does not fit the first line of a function.
MISFIT = re.compile(r"takes .* but .* given|missing .* argument|unexpected keyword argument")
FIRST_LINE = Diagnosis(
    "first_line", "the tests call it as the text of the exercise says: leave the first line of the "
    "function as it was given.",
)  # fmt: skip
#: What NumPy and Python say of an index behind the last entry.
TOO_LARGE = re.compile(r"^index \d+ is out of bounds|^(list|tuple|string) index out of range$")
PAST_THE_END = Diagnosis(
    "past_the_end", "an index goes past the end: of n entries the last has the index n - 1, where "
    "`range(n)` stops. Or are two indices swapped?",
)  # fmt: skip
#: What Python says of a call of a class that has no `__init__` of its own.
NO_INIT = re.compile(r"^\w+\(\) takes no arguments$")


def outside_class(name: str) -> Diagnosis:
    """Return the diagnosis of a method that is a function of its own."""
    return Diagnosis(
        "outside_class", f"`{name}` stands outside the class: move its lines to the right by four "
        "blanks, so that they stand below the line `class` and within it.",
    )  # fmt: skip


def misspelt(name: str, found: str) -> Diagnosis:
    """Return the diagnosis of a name that was ``found`` where ``name`` is asked for."""
    return Diagnosis("misspelt", f"there is `{found}`: write `{name}`.")


def student_failure(error: Exception, ours: tuple[str, ...]) -> CheckFailed:
    """Return the failure of a check that an exception of the student's code is.

    ``ours`` are the files whose lines are no part of the student's traceback.
    """
    if isinstance(error, StudentError):
        kind, message, details = error.type_name, error.message, error.traceback
    else:
        kind, message = type(error).__name__, str(error)
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f.filename not in ours]
        details = "".join(traceback.format_list(own))
    if kind == "NotImplementedError":
        return CheckFailed(f"{NOT_YET}.", NOT_IMPLEMENTED)
    if kind == "NameError" and "'xrange'" in message:
        return CheckFailed("your code uses xrange.", PYTHON_2, details=details)
    if kind == NOT_RUN:
        return CheckFailed(message)
    text = " ".join(message.split())[:200]
    said = f"your code raised {kind}: {text}" if text else f"your code raised {kind}"
    lost = kind == "TypeError" and NO_INIT.search(text)
    return CheckFailed(said, outside_class("__init__") if lost else _cause(error), details=details)


def _cause(error: Exception) -> Diagnosis | None:
    """Return what an exception means in the judge, where it means more than it says."""
    if not isinstance(error, StudentError):
        return None
    # With no line of the student's in between, it is the test's own call that does not fit.
    if error.type_name == "TypeError" and not error.traceback and MISFIT.search(error.message):
        return FIRST_LINE
    if error.type_name == "IndexError" and TOO_LARGE.search(error.message):
        return PAST_THE_END
    return CAUSES.get(error.type_name)
