"""The ``cs231n`` command: puts the groups of commands together and words the errors."""

import sys
from typing import Annotated

import typer

from cs231n_lib import __version__
from cs231n_lib.course.commands import (
    course,
    data,
    instructor,
    maintainer,
    reader,
    student,
)
from cs231n_lib.course.commands.say import say, say_error, take_any_letter
from cs231n_lib.course.errors import UserError

app = typer.Typer(
    name="cs231n",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Read, solve, grade and maintain the cs231n_lib course.",
)
reader.register(app)
student.register(app)
course.register(app)
instructor.register(app)
data.register(app)
maintainer.register(app)


def _tell_version(wanted: bool) -> None:
    if wanted:
        say(f"cs231n_lib {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def main() -> None:
    """Run the command line; a user's mistake becomes a message and exit status 2."""
    take_any_letter()
    try:
        app()
    except (UserError, OSError) as error:
        say_error(_in_words(error))
        sys.exit(2)


def _in_words(error: Exception) -> str:
    """Return the message of a user's mistake, or what the system did not allow and where."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
