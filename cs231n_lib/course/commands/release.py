"""``cs231n release``: make the students' version of an assignment."""

from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.say import say

PANEL = "For instructors"


def release(
    names: Annotated[
        list[str] | None, typer.Argument(help="Assignments, a1 say. All of them by default.")
    ] = None,
    bundles: Annotated[
        Path | None, typer.Option(help="Where to put the zip files. Default: .nbgrader/bundles")
    ] = None,
    course: Annotated[
        Path | None, typer.Option("--course", help="The folder with nbgrader_config.py.")
    ] = None,
) -> None:
    """Generate exercises/ from solutions/, and a zip bundle for students of each assignment.

    Examples: [bold]cs231n release a1[/], [bold]cs231n release --bundles /tmp[/]
    """
    from cs231n_lib.course.classroom import release as releasing
    from cs231n_lib.course.classroom.course import Course

    root = Course.find(course).root
    folder = bundles or root / ".nbgrader" / "bundles"
    for name in names or releasing.assignments(root):
        made = releasing.release(name, root)
        archive = releasing.bundle(made, folder / f"{name}.zip")
        say(f"{name}: {made.relative_to(root)}/ and {archive}")


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    app.command(rich_help_panel=PANEL)(release)
