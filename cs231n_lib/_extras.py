"""What is not installed with the numeric library: named, with the command that brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(ModuleNotFoundError):
    """A package of an extra is not installed; the message says how to install it."""


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Say what to install if an import in the ``with`` block finds no package.

    Parameters
    ----------
    name : str
        The extra of ``pyproject.toml`` that brings the package.
    purpose : str
        What needs it, as the beginning of a sentence.

    Raises
    ------
    MissingExtraError
        In place of the import's own error. A module of this library that is missing is another
        fault, and left as it is.

    Examples
    --------
    >>> with extra("cli", "it"):
    ...     import typer_of_tomorrow  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cs231n_lib._extras.MissingExtraError: it needs typer_of_tomorrow, which is not installed: ...
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "cs231n_lib":
            raise
        raise MissingExtraError(
            f"{purpose} needs {error.name}, which is not installed: "
            f"pip install 'cs231n_lib[{name}]'",
            name=error.name,
        ) from error
