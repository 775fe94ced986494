"""The bench: run one test cell on names, and say what became of it.

A notebook puts the reader's own functions under the names, the judge puts proxies of them, and
the published table puts samples: all three are tested here, by the same lines.
"""

import ast
import contextlib
import io
import re
import traceback
import warnings
from functools import lru_cache
from types import CodeType
from typing import Any, Protocol

from cs231n_lib.course.checks import verdict
from cs231n_lib.course.checks.verdict import CheckFailed, Outcome, StudentError
from cs231n_lib.course.limits import MAX_COMPILED, MAX_TEXT

QUOTED = re.compile(r"(['\"]).*\1", re.DOTALL)


class Cell(Protocol):
    """What the bench must know of a test: see `assignment.master.Test`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def points(self) -> float: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    def hidden_lines(self) -> set[int]: ...  # noqa: D102


def run(cell: Cell, names: dict[str, Any]) -> Outcome:
    """Run a test cell on a copy of ``names``: what it binds stays its own.

    Returns
    -------
    Outcome
        Whatever the cell raises, short of what is not an `Exception` (an infrastructure fault).
        A cell that ends with a number between 0 and its points gives so many, as nbgrader has
        it; any other that ends gives all.
    """
    namespace = dict(names)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = _execute(cell, namespace)
    except Exception as error:
        return _failed(cell, error, namespace)
    message = "" if score == cell.points else f"{score:g} of {cell.points:g} points"
    return Outcome(cell.name, cell.title, cell.points, score, message)


def _execute(cell: Cell, namespace: dict[str, Any]) -> float:
    body, last = _compiled(cell.source, _file(cell))
    exec(body, namespace)
    value = eval(last, namespace)
    if type(value) in (int, float) and 0 <= value <= cell.points:
        return float(value)
    return cell.points


@lru_cache(MAX_COMPILED)
def _compiled(source: str, file: str) -> tuple[CodeType, CodeType]:
    """Return a cell in two parts, the last its value; kept, as a whole class meets the same."""
    tree = ast.parse(source)
    last = ast.Expression(ast.Constant(None, lineno=1, col_offset=0))
    if tree.body and isinstance(end := tree.body[-1], ast.Expr):
        del tree.body[-1]
        last = ast.Expression(end.value)
    return compile(tree, file, "exec"), compile(last, file, "eval")


def _file(cell: Cell) -> str:
    return f"<test {cell.name}>"


def _failed(cell: Cell, error: Exception, names: dict[str, Any]) -> Outcome:
    """Say why a test failed, and nothing of what it hides."""
    text, diagnosis, size, details = str(error), None, None, ""
    places = [(f.f_code.co_filename, n) for f, n in traceback.walk_tb(error.__traceback__)]
    own = places[-1][0] == _file(cell)
    match error:
        case CheckFailed():
            text, diagnosis, details = error.message, error.diagnosis, error.details
            size = None if error.error_size is None else float(error.error_size)
        case StudentError(type_name=verdict.NOT_RUN):
            text = error.message
        case StudentError():
            text, details = f"your code raised {error}", error.traceback
        case NameError() if own and error.name and error.name not in names:
            text = f"this test also calls `{error.name}`, which this notebook does not define yet."
        case _:
            hidden = cell.hidden_lines()
            if any(file == _file(cell) and line in hidden for file, line in places):
                text = "a check that is not shown failed"
            elif not isinstance(error, AssertionError):
                # Between quotes Python says what it met: text of the student's, perhaps.
                text = QUOTED.sub("...", text)
                text = f"the result could not be used: {type(error).__name__}: {text}"
    return Outcome(
        cell.name, cell.title, cell.points, 0.0, text[:MAX_TEXT] or "the check failed",
        diagnosis, size, details[:MAX_TEXT],
    )  # fmt: skip
