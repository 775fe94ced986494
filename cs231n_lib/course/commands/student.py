"""``cs231n check|submit``: what students run on their own notebooks."""

from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.say import say, say_error, say_table

PANEL = "For students"
Notebook = Annotated[Path, typer.Argument(help="Your notebook, a1.ipynb say.")]


def check(path: Notebook) -> None:
    """Run the visible tests on your notebook; show points, and what is probably wrong.

    The same judge grades you later, with more tests. Your code runs on your own machine as it
    is: nothing is walled off. Exit status: 0 if every test passed, 1 if not.

    Example: [bold]cs231n check a1.ipynb[/]
    """
    from cs231n_lib.course.student import check as checkup

    result, note = checkup.check(path)
    if result.reason:
        say_error(f"this notebook cannot be graded: {result.reason}")
        raise typer.Exit(1)
    rows = []
    for test in result.tests:
        found = test.text or "passed"
        if test.details:
            found += f"\n{test.details.rstrip()}"
        rows.append((test.name, f"{test.score:g} / {test.points:g}", found))
    say_table(("Test", "Points", "What was found"), rows)
    for line in (*result.notes, *([note] if note else [])):
        say(f"Note: {line}")
    for name, cell in result.cells.items():
        if "error" in cell:
            say(f"The cell {name} ended with {cell['error']}")
    say(f"{result.score:g} of {result.points:g} points by the visible tests")
    if not all(test.passed for test in result.tests):
        raise typer.Exit(1)


def submit(
    path: Notebook,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.")] = None,
    force: Annotated[bool, typer.Option(help="Even if a visible test fails.")] = False,
) -> None:
    """Check your notebook and make the file to hand in.

    Example: [bold]cs231n submit a1.ipynb[/]
    """
    from cs231n_lib.course.student import check as checkup

    made = checkup.submit(path, output, force)
    say(f"Hand in this file: {made}")


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    for command in (check, submit):
        app.command(rich_help_panel=PANEL)(command)
