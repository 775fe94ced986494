"""Options that several commands of an instructor take, and the course that they find."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cs231n_lib.course.classroom.folder.course import Course

Assignment = Annotated[str, typer.Argument(help="The assignment, a1 say.")]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", help="The folder with nbgrader_config.py.")
]
OneStudent = Annotated[str, typer.Option("--student", help="This student alone.")]


def course_in(folder: Path | None) -> "Course":
    """Return the course in ``folder``; by default, the one around the current folder."""
    from cs231n_lib.course.classroom.folder.course import Course

    return Course.find(folder)
