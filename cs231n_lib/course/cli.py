"""The ``cs231n`` command: puts the groups of commands together and words the errors."""

import sys

import typer

from cs231n_lib.course.commands import (
    course,
    data,
    instructor,
    maintainer,
    reader,
    release,
    student,
)
from cs231n_lib.course.commands.say import say_error
from cs231n_lib.course.errors import UserError

app = typer.Typer(
    name="cs231n",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Read, solve, grade and maintain the cs231n_lib course.",
)
reader.register(app)
student.register(app)
course.register(app)
release.register(app)
instructor.register(app)
data.register(app)
maintainer.register(app)


def main() -> None:
    """Run the command line; a user's mistake becomes a message and exit status 2."""
    try:
        app()
    except (UserError, OSError) as error:
        say_error(_in_words(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _in_words(error: Exception) -> str:
    """Return the message of a user's mistake, or what the system did not allow and where."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
