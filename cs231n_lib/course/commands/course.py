"""``cs231n course new``: a course of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.say import say

app = typer.Typer(no_args_is_help=True, help="Begin a course of your own.")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder for the course.")],
    name: Annotated[
        str, typer.Option(help="What nbgrader calls it. Default: the folder's name.")
    ] = "",
    assignments: Annotated[
        str, typer.Option(help="Which of ours to take, a1,a3 say. Default: all.")
    ] = "",
) -> None:
    """Make a folder a course: our assignments in it, nbgrader configured, nothing handed out yet.

    Examples: [bold]cs231n course new vision27[/],
    [bold]cs231n course new vision27 --assignments a1,a3[/]
    """
    from cs231n_lib.course.classroom.founding import begin

    chosen = tuple(filter(None, (word.strip() for word in assignments.split(","))))
    course = begin(folder, name, chosen)
    say(f"{course.root}: {', '.join(course.assignments())}")
    say(f"Next: cd {course.root} && cs231n release")


def register(parent: typer.Typer) -> None:
    """Add this group's commands to ``parent``."""
    parent.add_typer(app, name="course", rich_help_panel="For instructors")
