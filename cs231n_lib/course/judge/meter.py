"""What a process has used, read from outside: it cannot lie, and a busy machine costs nothing."""

import contextlib
import sys
import time
from pathlib import Path

#: States of a thread that computes or would, waits for a disk, or was stopped. In any other it
#: rests of its own will: asleep, or ended while others of the process go on.
HELD = frozenset("RDTt")


class Meter:
    """The processor time, the sleep and the threads of one process.

    Parameters
    ----------
    pid : int
        The process, by the number that it has here.

    Examples
    --------
    >>> import os
    >>> 0 < Meter(os.getpid()).used() < 10_000
    True
    """

    def __init__(self, pid: int) -> None:
        self.tasks = Path(f"/proc/{pid}/task")
        self.clock = (~pid << 3) | 2  # clock_getcpuclockid(3): all threads of the process
        self.last = 0.0

    @staticmethod
    def works() -> bool:
        """Return whether this system tells what another process uses."""
        return sys.platform.startswith("linux")

    def used(self) -> float:
        """Return the processor seconds of all its threads so far."""
        with contextlib.suppress(OSError):  # it is gone: what was known last has to do
            self.last = time.clock_gettime(self.clock)
        return self.last

    def states(self) -> list[str]:
        """Return the state of each thread, as Linux writes it: S for one asleep; see `HELD`."""
        found: list[str] = []
        with contextlib.suppress(OSError):  # the process has just ended
            for task in self.tasks.iterdir():
                with contextlib.suppress(OSError, IndexError):  # a thread that has just ended
                    text = (task / "stat").read_text(errors="replace")
                    found.append(text.rpartition(")")[2].split()[0])
        return found
