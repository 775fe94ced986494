"""Take over a corrected release into a notebook that a student has begun."""

import copy
import json
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment.notebook import Damaged, read_content
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.student.check import read


def update(path: Path, release: Path) -> tuple[Path, list[str]]:
    """Make the notebook in ``path`` the new release, with the answers that it has.

    Statement and tests become those of the release. Answers stay as they are, and so do cells of
    the student's own, behind the cell that they stood behind.

    Parameters
    ----------
    path : Path
        The notebook that was begun.
    release : Path
        The corrected one.

    Returns
    -------
    Path
        The copy of the old notebook, which is kept beside it.
    list of str
        What there was no place for: answers to exercises that the release does not have.

    Raises
    ------
    UserError
        If one of them is no notebook, or they have no answer in common.
    """
    old_data = read(path)
    old, new = _cells(old_data, path), _cells(read(release), release)
    answers = {name for cell in new["cells"] if (name := _answer(cell))}
    if not answers & {_answer(cell) for cell in old["cells"]}:
        raise UserError(f"{release} has none of the exercises of {path}: is it its release?")
    cells, homeless = _joined(old["cells"], new["cells"], answers)
    kept = _beside(path)
    write_atomically(kept, old_data)
    content = {**new, "cells": cells}
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    return kept, homeless


def _cells(data: bytes, path: Path) -> dict[str, Any]:
    try:
        return read_content(data)
    except Damaged as error:
        raise UserError(f"{path} cannot be updated: {error}") from None


def _told(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    told = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return told if isinstance(told, dict) else {}


def _name(cell: dict[str, Any]) -> str:
    return str(_told(cell).get("grade_id", ""))


def _answer(cell: dict[str, Any]) -> str:
    return _name(cell) if _told(cell).get("solution") else ""


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _joined(
    old: list[dict[str, Any]], new: list[dict[str, Any]], answers: set[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the cells of the release with answers and own cells, and answers without a place."""
    ids = {cell.get("id") for cell in new}
    texts = {_source(cell) for cell in new}
    written: dict[str, list[dict[str, Any]]] = {}
    #: Name of a cell of the release -> own cells behind it.
    behind: dict[str, list[dict[str, Any]]] = {}
    homeless, last = [], ""
    marks = {_mark(cell) for cell in new}
    for cell in old:
        name = _name(cell)
        if name in answers:
            written.setdefault(name, []).append(cell)
        elif _answer(cell):
            homeless.append(name)
            behind.setdefault(last, []).append(_plain(cell))
        elif not name and cell.get("id") not in ids and _source(cell) not in texts:
            behind.setdefault(last, []).append(cell)
        last = mark if (mark := _mark(cell)) in marks else last
    cells = behind.pop("", [])
    for cell in new:
        theirs = written.get(_name(cell), []) if _answer(cell) else []
        cells += [_filled(cell, answer, n) for n, answer in enumerate(theirs)] or [cell]
        cells += behind.pop(_mark(cell), [])
    return cells, homeless


def _mark(cell: dict[str, Any]) -> str:
    """Return what a cell is known by in both notebooks."""
    return _name(cell) or str(cell.get("id", "")) or _source(cell)


def _filled(cell: dict[str, Any], answer: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a cell of the release with what a student wrote; ids stay unique."""
    filled = copy.deepcopy(cell)
    filled["source"] = answer["source"]
    if "attachments" in answer:
        filled["attachments"] = answer["attachments"]
    if number:
        filled["id"] = str(answer.get("id", f"{cell.get('id', 'answer')}-{number}"))
    return filled


def _plain(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell that belongs to no exercise any more."""
    plain = copy.deepcopy(cell)
    del plain["metadata"]["nbgrader"]
    return plain


def _beside(path: Path) -> Path:
    """Return a name for the old notebook that nothing has yet."""
    number = 1
    while (kept := path.with_name(f"{path.stem}-before-{number}{path.suffix}")).exists():
        number += 1
    return kept
