"""``cs231n course new|add|...``: a course of one's own."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.options import CourseFolder, course_in
from cs231n_lib.course.commands.say import say
from cs231n_lib.course.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Begin a course of your own, and change it.")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder for the course.")],
    name: Annotated[
        str, typer.Option(help="What nbgrader calls it. Default: the folder's name.")
    ] = "",
    assignments: Annotated[
        str, typer.Option(help="Which of ours to take, a1,a3 say, or none. Default: all.")
    ] = "",
    zone: Annotated[str, typer.Option(help="The time zone of its dates.")] = "UTC",
    due: Annotated[
        list[str] | None, typer.Option(help="When one is due, a1=2027-03-01 say; may be repeated.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="The class list, as for cs231n roster.")
    ] = None,
) -> None:
    """Make a folder a course: our assignments in it, nbgrader configured, nothing handed out yet.

    Examples: [bold]cs231n course new vision27[/],
    [bold]cs231n course new vision27 --assignments a1,a3 --due "a1=2027-03-01 17:00"
    --zone Europe/Zurich --roster roster.csv[/]
    """
    from cs231n_lib.course.classroom.founding import begin

    words = tuple(filter(None, (word.strip() for word in assignments.split(","))))
    chosen = () if words == ("none",) else words or None
    course = begin(folder, name, chosen, zone, dict(map(_dated, due or ())), roster)
    say(f"{course.root}: {', '.join(course.assignments()) or 'no assignments yet'}")
    begun = "cs231n release" if course.assignments() else "cs231n course exercise a6"
    say(f"Next: cd {shlex.quote(str(course.root))} && {begun}")


def _dated(text: str) -> tuple[str, str]:
    assignment, sign, when = text.partition("=")
    if not sign:
        raise UserError(f"--due is {text!r}; write ASSIGNMENT=DATE: --due a1=2027-03-01, say")
    return assignment.strip(), when


@app.command()
def add(
    assignment: Annotated[str, typer.Argument(help="One of ours, a4 say.")],
    course: CourseFolder = None,
) -> None:
    """Take one more of our assignments into a course.

    Example: [bold]cs231n course add a4[/]
    """
    from cs231n_lib.course.classroom.founding import add as take

    say(f"{take(course_in(course), assignment)}")
    say(f"Next: cs231n release {assignment}")


@app.command()
def exercise(
    assignment: Annotated[str, typer.Argument(help="A new assignment's name, a6 say.")],
    course: CourseFolder = None,
) -> None:
    """Begin an assignment of your own: a small complete one, to be rewritten part by part.

    Written are the notebook with statement, solution and tests, checks with a reference and the
    mistakes that it can make, and samples of right and wrong answers.

    Example: [bold]cs231n course exercise a6[/]
    """
    from cs231n_lib.course.authoring.founding import begin

    home = course_in(course)
    for path in begin(home, assignment):
        say(f"{path.relative_to(home.root)}")
    say(f"Next: cs231n course check {assignment}")


@app.command()
def check(
    assignment: Annotated[str, typer.Argument(help="The assignment, a6 say.")],
    seeds: Annotated[int, typer.Option(min=1, help="Random inputs for each sample.")] = 5,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run the model solution with NO isolation.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Try an assignment of your own: samples, mutants, leaks, time; say what is missing.

    Exit status: 0 if nothing is, 1 if something is.

    Examples: [bold]cs231n course check a6[/], [bold]cs231n course check a6 --seeds 100[/]
    """
    from cs231n_lib.course.authoring.verify import verify
    from cs231n_lib.course.judge import walls
    from cs231n_lib.course.judge.walls import bubblewrap

    home = course_in(course)
    if not unsafe:
        bubblewrap.require_isolation()
    report = verify(home, assignment, seeds, walls.UNSAFE if unsafe else walls.SAFE)
    for fact in report.tried:
        say(fact)
    for problem in report.problems:
        say(f"missing or wrong: {problem}", err=True)
    if report.problems:
        raise typer.Exit(1)
    say(f"{assignment} is ready: cs231n release {assignment}")


@app.command()
def autograder(
    assignment: Annotated[str, typer.Argument(help="The assignment, a1 say.")],
    output: Annotated[Path, typer.Argument(help="The zip file for Gradescope.")],
    course: CourseFolder = None,
) -> None:
    """Pack an autograder for Gradescope: this judge, its walls and one assignment.

    Upload it there under Configure Autograder; it needs no other file.

    Example: [bold]cs231n course autograder a1 a1-gradescope.zip[/]
    """
    from cs231n_lib.course.hosting import gradescope

    say(f"{gradescope.pack(course_in(course), assignment, output)}")


@app.command()
def recipe(
    kind: Annotated[str, typer.Argument(help="github, gitlab, container or jupyterhub.")],
    folder: Annotated[
        Path,
        typer.Argument(help="The top of the repository or image, or a new folder for the hub."),
    ] = Path(),
    course: CourseFolder = None,
) -> None:
    """Write the files by which GitHub, GitLab, a container or a JupyterHub runs this course.

    In students' repositories a push is checked by the tests that students see; a hub has a server
    for everyone, and nbgrader's exchange. The wheel of the package has to lie beside the files, or
    for a hub to be installed where it runs.

    Examples: [bold]cs231n course recipe github template-repository[/],
    [bold]cs231n course recipe jupyterhub hub[/]
    """
    from cs231n_lib.course import checkout
    from cs231n_lib.course.hosting import recipes

    for path in recipes.write(kind, folder, course_in(course)):
        say(f"{path}")
    place = "Install where it runs" if kind == "jupyterhub" else "Put beside it"
    say(f"{place}: {checkout.wheel()}")


@app.command(hidden=True)
def run_autograder(
    root: Annotated[Path, typer.Argument(help="Gradescope's folder, /autograder.")],
) -> None:
    """Grade the one submission that Gradescope put there: what run_autograder calls."""
    from cs231n_lib.course.hosting import gradescope

    say(f"{gradescope.run(root)}")


def register(parent: typer.Typer) -> None:
    """Add this group's commands to ``parent``."""
    parent.add_typer(app, name="course", rich_help_panel="For instructors")
