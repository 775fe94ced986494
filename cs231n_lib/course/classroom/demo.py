"""A small course to try everything on: good, wrong, broken and hostile submissions of a1."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cs231n_lib.course import checkout
from cs231n_lib.course.files import copy_folder, folder_in_one_step, write_atomically

ASSIGNMENT = "a1"
HOSTILE = """
import numpy as np, os
np.all = np.allclose = lambda *a, **k: True          # would fool tests run in this process
for path in ("solutions", "/etc/passwd", "/proc/1/environ"):
    try:
        print(open(path).read())
    except OSError as error:
        print("no:", error)
try:
    os.fork()
except OSError as error:
    print("no:", error)
"""


def _replaced(right: str, wrong: str) -> Callable[[dict[str, Any]], None]:
    def change(notebook: dict[str, Any]) -> None:
        for cell in _answers(notebook):
            cell["source"] = "".join(cell["source"]).replace(right, wrong)

    return change


def _answers(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def _hostile(notebook: dict[str, Any]) -> None:
    for cell in _answers(notebook):
        cell["source"] = "".join(cell["source"]).partition("    ### BEGIN")[0] + "    return None"
    _answers(notebook)[0]["source"] += HOSTILE


def _endless(notebook: dict[str, Any]) -> None:
    head = "".join(_answers(notebook)[0]["source"]).partition("    ### BEGIN")[0]
    _answers(notebook)[0]["source"] = f"{head}    while True:\n        pass"


def _forgetful(notebook: dict[str, Any]) -> None:
    notebook["cells"].remove(_answers(notebook)[1])


def _impatient(notebook: dict[str, Any]) -> None:
    notebook["metadata"]["cs231n"] = {}
    for cell in _answers(notebook):
        cell["source"] = "%matplotlib inline\nprint('here we go')\n" + "".join(cell["source"])


#: Who hands in what; a student is made by what is done to the model solution.
STUDENTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "right": lambda notebook: None,
    "noisy": _impatient,
    "squared-distances": _replaced("np.sqrt(np.maximum(squared, 0))", "squared"),
    "cross-term": _replaced("2 * X @", "X @"),
    "lost-a-cell": _forgetful,
    "endless-loop": _endless,
    "hostile": _hostile,
}
#: Files that are no notebook at all.
BROKEN = {"handed-in-a-pdf": b"%PDF-1.7", "cut-off": b'{"cells": [', "empty": b""}


def make(folder: Path) -> Path:
    """Lay out a course and a folder of submissions; return the latter.

    Raises
    ------
    UserError
        If ``folder`` is in use, or cannot be made.
    """
    with folder_in_one_step(folder) as made:
        _fill(made)
    return folder / "handed-in"


def _fill(folder: Path) -> None:
    """Write the course and what is handed in."""
    root = checkout.material()
    copy_folder(root / "solutions" / ASSIGNMENT, folder / "solutions" / ASSIGNMENT)
    shutil.copy(root / "nbgrader_config.py", folder)
    master = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    content = json.loads(master.read_bytes())
    content["metadata"]["cs231n"] = {"limits": {"call": 3.0}}  # the endless loop is soon over
    master.write_text(json.dumps(content, indent=1))
    solution = master.read_bytes()
    submissions = dict(BROKEN)
    for name, change in STUDENTS.items():
        notebook = json.loads(solution)
        change(notebook)
        submissions[name] = json.dumps(notebook).encode()
    release = root / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    if release.is_file():
        submissions["never-began"] = release.read_bytes()
    for name, data in submissions.items():
        write_atomically(folder / "handed-in" / name / f"{ASSIGNMENT}.ipynb", data)
