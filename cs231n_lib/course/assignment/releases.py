"""Where released notebooks lie, and which of them a notebook answers."""

from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.notebook import read_cells


def released() -> list[Path]:
    """Return the released notebooks that came with the package."""
    return sorted(checkout.material().glob("exercises/*/*.ipynb"))


def _answer_cells(data: bytes) -> set[str]:
    return {c.grade_id for c in read_cells(data)[0] if c.nbgrader.get("solution") is True}


def release_of(data: bytes) -> tuple[str, bytes] | None:
    """Return name and content of the release that the notebook answers, where there is one.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    own = _answer_cells(data)
    best: tuple[int, str, bytes] = (0, "", b"")
    for path in released():
        content = path.read_bytes()
        best = max(best, (len(own & _answer_cells(content)), path.stem, content))
    return best[1:] if best[0] else None
