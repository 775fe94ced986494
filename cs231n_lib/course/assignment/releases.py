"""Where released notebooks lie, and which of them a notebook answers."""

from collections.abc import Callable
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import defined_names, read_master
from cs231n_lib.course.assignment.notebook import read_cells


def released() -> list[Path]:
    """Return the released notebooks that came with the package."""
    return sorted(checkout.material().glob("exercises/*/*.ipynb"))


def release_of(data: bytes) -> tuple[str, bytes] | None:
    """Return name and content of the release whose answer cells the notebook has.

    A cell pasted from another assignment does not make it a notebook of that: the release counts
    of which it has most.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    return _most_alike(_answer_cells(data), lambda _, content: _answer_cells(content))


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
