"""What a cell prints has an end: a loop that prints for ever is stopped where it runs.

A kernel of the live book loads this as an extension; the engine in the page carries the file and
counts by the same numbers.  It imports nothing but Python's own.
"""

import sys
from collections.abc import Callable
from typing import Any

#: Characters that one cell may print.
MOST_TEXT = 2_000_000


class TooMuchPrinted(KeyboardInterrupt):
    """The cell printed more than a page can show; no ``except Exception`` holds it."""


class Budget:
    """How much the running cell may still print."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin a new cell."""
        self.left = MOST_TEXT

    def spend(self, text: str) -> None:
        """Count text that is about to be printed.

        Raises
        ------
        TooMuchPrinted
            If there is no more to spend; the text must then not be printed.
        """
        self.left -= len(text)
        if self.left < 0:
            raise TooMuchPrinted(f"this cell printed {MOST_TEXT:,} characters and was stopped")


def bounded(write: Callable[[str], int], budget: Budget) -> Callable[[str], int]:
    """Return ``write`` within the budget."""

    def write_within(text: str) -> int:
        budget.spend(text)
        return write(text)

    return write_within


def load_ipython_extension(shell: Any) -> None:
    """Bound what the cells of a kernel print (called by IPython)."""
    budget = Budget()
    for stream in (sys.stdout, sys.stderr):
        stream.write = bounded(stream.write, budget)  # type: ignore[method-assign]
    shell.events.register("pre_run_cell", lambda *_: budget.renew())
