"""Begin a course of one's own: a folder with its assignments and nbgrader's configuration."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.classroom.config import CONFIG
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.errors import UserError

#: What nbgrader takes for a course's name: it becomes a folder of the exchange.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def ours() -> list[str]:
    """Return the names of the assignments that come along with the package."""
    return sorted(p.name for p in (checkout.material() / "solutions").iterdir() if p.is_dir())


def begin(folder: Path, name: str = "", assignments: tuple[str, ...] = ()) -> Course:
    """Make ``folder`` a course with some of our assignments; whole, or not at all.

    Parameters
    ----------
    folder : Path
        A new or empty folder.
    name : str
        What nbgrader calls the course; by default the name of the folder.
    assignments : tuple of str
        Which of ours to take; by default all.

    Raises
    ------
    UserError
        If the folder is in use, the name cannot be one, or there is no such assignment.
    """
    folder = folder.resolve()
    name = name or folder.name
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be the name of a course: it may have letters, digits, dots, hyphens "
            "and underscores. Give one by --name"
        )
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name a new folder")
    unknown = sorted(set(assignments) - set(ours()))
    if unknown:
        raise UserError(f"there is no assignment {', '.join(unknown)}; ours: {', '.join(ours())}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as half:
        made = Path(half) / "course"
        for assignment in assignments or ours():
            source = checkout.material() / "solutions" / assignment
            shutil.copytree(source, made / "solutions" / assignment)
        made.mkdir(exist_ok=True)
        config = (checkout.material() / CONFIG).read_text(encoding="utf-8")
        (made / CONFIG).write_text(named(config, name), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        made.rename(folder)
    return Course(folder)


def named(config: str, name: str) -> str:
    """Return the configuration with the course called ``name``."""
    line = re.compile(r"^c\.CourseDirectory\.course_id = .*$", re.MULTILINE)
    return line.sub(f"c.CourseDirectory.course_id = {json.dumps(name)}", config, count=1)
