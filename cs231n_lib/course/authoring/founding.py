"""Begin an assignment of one's own: a small one that is complete, to be rewritten part by part.

Its notebook is kept as text, one ``# %%`` line a cell: what the cell is, its name and its points.
"""

import json
import re
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment import sources
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically

#: The three files, with ASSIGNMENT where its name belongs.
SKELETON = Path(__file__).with_name("skeleton")
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
#: Kind of cell -> its type, and what nbgrader is told of it.
KINDS = {
    "[markdown]": ("markdown", None),
    "setup": ("code", {"locked": True}),
    "answer": ("code", {"solution": True}),
    "test": ("code", {"grade": True, "locked": True}),
    "written": ("markdown", {"grade": True, "solution": True}),
}


def begin(course: Course, assignment: str) -> list[Path]:
    """Write notebook, checks and samples of a new assignment into a course; return the files.

    The course has the assignment when all three are there, whatever happens before.

    Raises
    ------
    UserError
        If the name cannot be one or is one of ours, or the course has a file of it already.
    """
    if not NAME.fullmatch(assignment):
        raise UserError(
            f"{assignment!r} cannot be the name of an assignment: write a letter and then letters, "
            "digits and underscores, a6 or smoothing say"
        )
    if assignment in sources.assignments():
        raise UserError(
            f"{assignment} is one of ours, with hints of its own; choose another name. "
            f"To change ours: cs231n course add {assignment}"
        )
    notebook = course.source / assignment / f"{assignment}.ipynb"
    contents = {
        course.checks(assignment): _text("checks", assignment).encode(),
        course.samples(assignment, "moving_average"): _text("samples", assignment).encode(),
        notebook: json.dumps(_notebook(_text("notebook", assignment)), indent=1).encode() + b"\n",
    }
    with course.writing():
        for path, content in contents.items():
            # The very same file was left by a beginning that was cut short: this one completes it.
            if path.exists() and (path == notebook or path.read_bytes() != content):
                raise UserError(f"{path} is there already; choose another name")
        for path, content in contents.items():  # the notebook last: it makes the assignment
            write_atomically(path, content)
        course.log("assignment begun", assignment=assignment)
    return list(contents)


def _text(name: str, assignment: str) -> str:
    text = (SKELETON / f"{name}.txt").read_text(encoding="utf-8")
    return text.replace("ASSIGNMENT", assignment)


def _notebook(text: str) -> dict[str, Any]:
    cells = []
    for number, block in enumerate(re.split(r"^# %% ", text, flags=re.M)[1:]):
        head, _, source = block.partition("\n")
        kind, *rest = head.split()
        cell_type, told = KINDS[kind]
        cell: dict[str, Any] = {"cell_type": cell_type, "metadata": {}, "source": source.strip()}
        cell["id"] = rest[0] if rest else f"{kind.strip('[]')}-{number}"
        if cell_type == "code":
            cell |= {"execution_count": None, "outputs": []}
        if told is not None:
            cell["metadata"]["nbgrader"] = {
                "grade": False, "solution": False, "locked": False, "task": False,
                "schema_version": 3, "grade_id": cell["id"], **told,
            }  # fmt: skip
            if told.get("grade"):
                cell["metadata"]["nbgrader"]["points"] = float(rest[1])
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
