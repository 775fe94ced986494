"""The judge bounds itself: what a stranger sends must not make it work or grow without end."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cs231n_lib.course.checks.verdict import StudentError


class TooMuchWork(StudentError):
    """What the student's code returned takes the judge too long to look at."""


@dataclass
class Work:
    """Whether it was too much."""

    too_much: bool = False


@contextlib.contextmanager
def own_work(seconds: float) -> Iterator[Work]:
    """Raise `TooMuchWork` when this process has computed for ``seconds``.

    Processor time is counted, so a busy machine changes nothing. Only the main thread of a process
    can be interrupted; in another one nothing is bounded here.

    Examples
    --------
    >>> with own_work(1000.0):
    ...     1 + 1
    2
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield Work()
        return
    work = Work()

    def stop(*_: Any) -> None:
        work.too_much = True
        raise TooMuchWork(
            "TooMuchWork", f"it took the judge more than {seconds:g} s to look at your result"
        )

    before = signal.signal(signal.SIGPROF, stop)
    # Again and again: the first may meet a piece of code that catches everything.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield work
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def limit_memory(more: int) -> None:
    """Let this process grow by ``more`` bytes of address space, and then get a `MemoryError`."""
    import resource

    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (soft if hard < 0 else min(soft, hard), hard))
