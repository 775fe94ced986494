"""The one way to the terminal: whatever is printed has been made safe to print.

Commands never print by themselves: names, file names and messages come from strangers, and a
terminal obeys what it is sent. Rich is loaded by what draws with it, for a plain line, and the
Tab key, need not wait for it.
"""

import io
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import typer

from cs231n_lib.course.text import for_markup, for_terminal


def say(text: object, err: bool = False) -> None:
    """Print ``text``; with ``err`` to standard error."""
    typer.echo(for_terminal(text), err=err)


def say_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> None:
    """Print a table; columns and cells are plain text."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*map(for_markup, columns), title=title and for_markup(title))
    for row in rows:
        table.add_row(*map(for_markup, row))
    Console().print(table)


def say_error(text: object) -> None:
    """Print the message of a mistake to standard error."""
    from rich.console import Console

    Console(stderr=True).print(
        f"[bold red]Error:[/] {for_markup(text)}", highlight=False, soft_wrap=True
    )


def working(text: object) -> AbstractContextManager[Any]:
    """Show ``text`` beside a turning wheel as long as the ``with`` lasts."""
    from rich.console import Console

    return Console().status(for_markup(text))


def take_any_letter() -> None:
    """Let a terminal that has not every letter (cp1252, say) show the others as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
