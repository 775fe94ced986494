"""``cs231n lab``: work on an assignment in JupyterLab."""

from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course import checkout
from cs231n_lib.course.commands.say import say


def lab(
    assignment: Annotated[str, typer.Argument(help="Which one: a1, a2, ...")] = "a1",
    folder: Annotated[
        Path | None,
        typer.Option(help="Where your copies live. Default: CS231N_WORK_DIR, else ~/cs231n."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Start afresh; what you had is kept beside it.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
    ] = True,
) -> None:
    """Open an assignment in JupyterLab, in a copy of your own that nothing overwrites.

    Examples: [bold]cs231n lab a1[/], [bold]cs231n lab a2 --reset[/]
    """
    from cs231n_lib.course.student import lab as work

    where = folder or work.default_folder()
    notebook = work.work_copy(assignment, checkout.material() / "exercises", where, reset=reset)
    say(f"Your copy: {notebook}")
    raise typer.Exit(work.open_lab(notebook, browser=browser))


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(rich_help_panel="For students")(lab)
