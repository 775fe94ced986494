"""Judge an exercise on its own merits, whatever its author's other functions do.

While a test runs, right functions stand in the place of those that the exercise builds on. So
a right answer above wrong ones keeps its points, and a wrong one above right ones loses its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.verdict import NOT_IMPLEMENTED, CheckFailed, StudentError

Stand_ins = Mapping[str, Any]


def trial(
    anchor: Callable[..., Any] | None = None, builds_on: Stand_ins | None = None
) -> Callable[[Callable[[], None]], None]:
    """Return a decorator that runs a test at once; what the test binds stays its own.

    Parameters
    ----------
    anchor : callable, optional
        A function or class of the exercise under test: says where the student's names live.
    builds_on : mapping, optional
        ``name -> right function`` (or, for a class, a dictionary of its methods) for all that
        the exercise may call.

    Raises
    ------
    CheckFailed
        What the test raises with the right functions in place. A test that only passes with the
        student's own ones passes too: these may share what nobody else can know, a cache say.

    Examples
    --------
    >>> @trial()
    ... def _():
    ...     assert 1 + 1 == 2
    """

    def run(body: Callable[[], None]) -> None:
        if anchor is None or not builds_on:
            body()
            return
        try:
            with calling.replaced(anchor, builds_on):
                body()
        except (CheckFailed, StudentError) as failure:
            if getattr(failure, "diagnosis", None) == NOT_IMPLEMENTED or not _passes(body):
                raise

    return run


def _passes(body: Callable[[], None]) -> bool:
    try:
        body()
    except Exception:  # whatever the student's other functions do: that is judged elsewhere
        return False
    return True
