"""Where released notebooks lie, and which of them a notebook answers.

A course may have an assignment of its own, or have changed one of ours: its release then says so,
``"cs231n": {"own_tests": true}``, and answers none of those that came with the package.
"""

import json
from collections.abc import Callable
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.due import SETTINGS
from cs231n_lib.course.assignment.master import defined_names, read_master
from cs231n_lib.course.assignment.notebook import metadata_of, read_cells, read_content

OWN_TESTS = "own_tests"


def released() -> list[Path]:
    """Return the released notebooks that came with the package."""
    return sorted(checkout.material().glob("exercises/*/*.ipynb"))


def release_of(data: bytes) -> tuple[str, bytes] | None:
    """Return name and content of the release whose answer cells the notebook has.

    A cell pasted from another assignment does not make it a notebook of that: the release counts
    of which it has most. One of a course with tests of its own answers none.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    if has_own_tests(data):
        return None
    return _most_alike(_answer_cells(data), lambda _, content: _answer_cells(content))


def has_own_tests(data: bytes) -> bool:
    """Whether a notebook says that its course made or changed the assignment.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    settings = read_cells(data)[1].get(SETTINGS)
    return isinstance(settings, dict) and settings.get(OWN_TESTS) is True


def marked(name: str, data: bytes) -> bytes:
    """Return the release of a course, which says so if it is not as it came with the package.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    ours = next((path.read_bytes() for path in released() if path.stem == name), None)
    if ours is not None and _asked(ours) == _asked(data):
        return data
    content = read_content(data)
    metadata = metadata_of(content)
    settings = metadata.get(SETTINGS)
    told = settings if isinstance(settings, dict) else {}
    content["metadata"] = {**metadata, SETTINGS: {**told, OWN_TESTS: True}}
    return f"{json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)}\n".encode()


def _asked(data: bytes) -> list[tuple[str, str, object]]:
    """Return name, text and points of each cell that has a name."""
    return [
        (c.grade_id, c.source, c.nbgrader.get("points")) for c in read_cells(data)[0] if c.grade_id
    ]


def release_by_names(data: bytes) -> tuple[str, bytes] | None:
    """Return the release that asks for most of what the notebook defines.

    That is how one is known which has lost the marks of its cells.
    """
    own = {n for c in read_cells(data)[0] if c.kind == "code" for n in defined_names(c.source)}
    return _most_alike(own, lambda name, content: set(read_master(content, name).names))


def _answer_cells(data: bytes) -> set[str]:
    return {c.grade_id for c in read_cells(data)[0] if c.nbgrader.get("solution") is True}


def _most_alike(own: set[str], asked: Callable[[str, bytes], set[str]]) -> tuple[str, bytes] | None:
    """Return the release that has most of ``own`` in what is ``asked`` of it; None if none has."""
    best: tuple[int, str, bytes] = (0, "", b"")
    for path in released():
        content = path.read_bytes()
        best = max(best, (len(own & asked(path.stem, content)), path.stem, content))
    return best[1:] if best[0] else None
