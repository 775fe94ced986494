"""The first cause first: a test that fails because of something else says what."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.verdict import CheckFailed


@contextlib.contextmanager
def first_cause(*checks: Callable[[], None]) -> Iterator[None]:
    """Where what follows fails without a known mistake, try ``checks`` of what it builds on.

    Raises
    ------
    CheckFailed
        The failure, with the mistake that the first of these checks names, as what to mend first.

    Examples
    --------
    >>> with first_cause():
    ...     pass
    """
    try:
        yield
    except CheckFailed as failure:
        if failure.diagnosis is None:
            for check in checks:
                _blame(check, failure)
        raise


def builds_on(
    exercise: Exercise, function: Callable[..., Any]
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Return a decorator for a test that needs right results of the student's ``function``.

    Where it fails without a known mistake and the function is wrong, it names the function's.
    """

    def decorate(body: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(body)
        def run() -> None:
            with first_cause(lambda: exercise.probe(function)):
                body()

        return run

    return decorate


def _blame(check: Callable[[], None], failure: CheckFailed) -> None:
    try:
        check()
    except CheckFailed as cause:
        if cause.diagnosis is not None:
            raise CheckFailed(
                f"{failure.message}\nMend first what this builds on: {cause.message}",
                cause.diagnosis, failure.error_size, failure.details,
            ) from None  # fmt: skip
