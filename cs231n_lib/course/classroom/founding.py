"""Begin a course of one's own: a folder with its assignments and nbgrader's configuration."""

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment import sources
from cs231n_lib.course.classroom.folder.config import CONFIG
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.granting import set_due, take_roster
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import cannot_write, copy_folder, folder_in_one_step

#: What nbgrader takes for a course's name: it becomes a folder of the exchange.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def begin(
    folder: Path,
    name: str = "",
    assignments: tuple[str, ...] | None = None,
    zone: str = "UTC",
    due: Mapping[str, str] | None = None,
    roster: Path | None = None,
) -> Course:
    """Make ``folder`` a course with some of our assignments; whole, or not at all.

    Parameters
    ----------
    folder : Path
        A new or empty folder.
    name : str
        What nbgrader calls the course; by default the name of the folder.
    assignments : tuple of str, optional
        Which of ours to take; by default all.
    zone : str
        The time zone in which dates are read and shown, ``Europe/Zurich`` say.
    due : mapping, optional
        Assignment -> when it is due, as `granting.read_due` reads it.
    roster : Path, optional
        The class list, as `roster.read_roster` reads it.

    Raises
    ------
    UserError
        If the folder is in use, the name cannot be one, there is no such assignment or zone, or
        a date or a line of the roster cannot be read.
    """
    folder = folder.resolve()
    name = name or folder.name
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be the name of a course: it may have letters, digits, dots, hyphens "
            "and underscores. Give one by --name"
        )
    taken = sources.assignments() if assignments is None else assignments
    _known(taken)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UserError(f"{zone!r} is no time zone: write Europe/Zurich or UTC, say") from None
    undated = sorted(set(due or {}) - set(taken))
    if undated:
        raise UserError(f"a date for {', '.join(undated)}, which this course does not have")
    with folder_in_one_step(folder) as made:
        (made / "solutions").mkdir()
        for assignment in taken:
            _copy(assignment, made)
        config = (checkout.material() / CONFIG).read_text(encoding="utf-8")
        (made / CONFIG).write_text(settled(config, name, zone), encoding="utf-8")
        _fill(Course(made), due or {}, roster)
    return Course(folder)


def add(course: Course, assignment: str) -> Path:
    """Take one more of our assignments into a course that runs; return its folder.

    Raises
    ------
    UserError
        If there is no such assignment, the course has one of that name, or there is no writing.
    """
    _known((assignment,))
    target = course.root / "solutions" / assignment
    if target.exists():
        raise UserError(f"{target} is there already")
    with course.writing():
        try:
            _copy(assignment, course.root)
        except OSError as error:
            raise cannot_write(target, error) from None
        course.log("assignment added", assignment=assignment)
    return target


def _known(assignments: Iterable[str]) -> None:
    unknown = sorted(set(assignments) - set(sources.assignments()))
    if unknown:
        raise UserError(
            f"there is no assignment {', '.join(unknown)}; ours: {', '.join(sources.assignments())}"
        )


def _copy(assignment: str, root: Path) -> None:
    """Copy one of our assignments into a course, in one step."""
    source = checkout.material() / "solutions" / assignment
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{assignment}-") as half:
        copy_folder(source, Path(half) / assignment)
        (Path(half) / assignment).rename(root / "solutions" / assignment)


def _fill(course: Course, due: Mapping[str, str], roster: Path | None) -> None:
    """Write dates and class list into a course that nobody has seen yet."""
    for assignment, when in due.items():
        set_due(course, assignment, when)
    if roster is not None:
        refused = take_roster(course, roster, late_days=True).refused
        if refused:
            number, reason = refused[0]
            raise UserError(f"{roster}, line {number}: {reason}. Correct it and begin again")


def settled(config: str, name: str, zone: str) -> str:
    """Return the configuration with the course called ``name``, its dates in ``zone``."""
    line = re.compile(r"^c\.CourseDirectory\.course_id = .*$", re.MULTILINE)
    told = f"c.CourseDirectory.course_id = {json.dumps(name)}"
    if zone != "UTC":
        told += f"\nc.Exchange.timezone = {json.dumps(zone)}"
    return line.sub(lambda _: told, config, count=1)
