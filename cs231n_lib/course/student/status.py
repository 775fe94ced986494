"""Where a student stands, over all assignments and the book."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment.due import due_of
from cs231n_lib.course.assignment.releases import released
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.limits import MAX_PROGRESS_BYTES
from cs231n_lib.course.student import places
from cs231n_lib.course.student.check import Opened, VisibleTests, open_notebook, read, remembered
from cs231n_lib.course.student.submit import Receipt, attempts

#: What a page of the book saves under this name when its reader asks it to.
PROGRESS = "cs231n-progress.json"
PAGE = re.compile(r"\d\d_|labs/")


@dataclass(frozen=True)
class Standing:
    """Where a student stands in one assignment.

    Parameters
    ----------
    name : str
        The assignment.
    path : Path, optional
        The working copy; None if there is none.
    result : Result, optional
        What the visible tests say of it.
    blank : tuple of str
        The written answers that are still blank.
    attempts : tuple of Receipt
        What was handed in.
    due : datetime, optional
        When it is due: as its release says, else as the working copy does.
    problem : str
        Why it could not be checked.
    """

    name: str
    path: Path | None = None
    result: Result | None = None
    blank: tuple[str, ...] = ()
    attempts: tuple[Receipt, ...] = ()
    due: datetime | None = None
    problem: str = ""


def standings(
    folder: Path | None = None,
    check: bool = True,
    begun: Callable[[str], None] = lambda _: None,
) -> list[Standing]:
    """Return where the student stands in each assignment.

    Parameters
    ----------
    folder : Path, optional
        Where working copies live, besides the current folder.
    check : bool
        Whether to run the visible tests of what changed since the last check.
    begun : callable
        Called with the name of each assignment that is being checked.
    """
    return [_standing(path, folder, check, begun) for path in released()]


def _standing(
    release: Path, folder: Path | None, check: bool, begun: Callable[[str], None]
) -> Standing:
    name, due = release.stem, due_of(release.read_bytes())
    try:
        path = places.find(Path(name), folder)
    except UserError:
        return Standing(name, due=due)
    tries = tuple(attempts(places.home_of(path) / places.SUBMISSION, name))
    try:
        due = due or due_of(read(path))
        opened = open_notebook(path)
        result = remembered(opened) or (_checked(opened, begun) if check else None)
        return Standing(name, path, result, tuple(opened.blank), tries, due)
    except UserError as error:
        return Standing(name, path, attempts=tries, due=due, problem=str(error))


def _checked(opened: Opened, begun: Callable[[str], None]) -> Result:
    begun(opened.master.name)
    with VisibleTests(opened) as tests:
        return tests.run(opened)


@dataclass(frozen=True)
class Reading:
    """What a reader has read and answered: chapters, and questions of how many."""

    chapters: int
    solved: int
    questions: int
    file: Path


def reading(path: Path | None = None, folder: Path | None = None) -> Reading | None:
    """Return what the file says that the book's front page saves; None if there is none.

    Raises
    ------
    UserError
        If it is another file.
    """
    if path is None:
        known = (Path(PROGRESS), (folder or places.default_folder()) / PROGRESS)
        path = next((place for place in known if place.is_file()), None)
        if path is None:
            return None
    data = read(path)
    try:
        pages = json.loads(data) if len(data) <= MAX_PROGRESS_BYTES else None
    except (ValueError, RecursionError):
        pages = None
    if not isinstance(pages, dict) or not all(isinstance(p, dict) for p in pages.values()):
        raise UserError(
            f"{path} is not what the book's front page saves as {PROGRESS}: save it again there"
        )
    entries = [entry for name, entry in pages.items() if PAGE.match(name)]
    return Reading(
        sum(entry.get("read") is True for entry in entries),
        sum(len(_list(entry.get("solved"))) for entry in entries),
        sum(_count(entry.get("total")) for entry in entries),
        path,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 10_000 else 0
