"""Walls around a stranger's code: one file a kind of wall, one line in ``KINDS`` for each.

What all kinds share stands here: what a wall is, how a worker is started, and how its end is put
in words; `library` and `python` say what a worker finds inside.  ``SAFE`` is the kind that grades
unless another is asked for.  No file here knows of notebooks, tests or points, and none lets a
stranger's code run with the judge's rights unless it was asked to by name.
"""

import contextlib
import json
import pkgutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from cs231n_lib.course.judge.line import InfrastructureError, Line, WorkerError
from cs231n_lib.course.judge.meter import Meter
from cs231n_lib.course.limits import Limits, StartDeadline

#: Who students' code is where root starts it: the user that owns nothing.
NOBODY = 65534


class Walls(Protocol):
    """Where workers run; the class of each kind is made as `make` makes it."""

    def worker(self, patience: float = 1.0) -> Line:
        """Start a worker that has met no other submission; wait ``patience`` times as usual.

        Raises
        ------
        InfrastructureError
            If the walls or the worker cannot be put up.
        """

    def stop(self) -> None:
        """Tear the walls down, with everything inside."""

    @staticmethod
    def why_not() -> str:
        """Return what keeps this machine from putting them up; ``""`` if nothing does."""


#: The kinds of walls: name -> module and class.
KINDS = {
    "bubblewrap": "cs231n_lib.course.judge.walls.bubblewrap:Sandbox",
    "plain": "cs231n_lib.course.judge.walls.plain:Unsandboxed",
    "user": "cs231n_lib.course.judge.walls.user:OtherUser",
}
SAFE, UNSAFE = "bubblewrap", "plain"
#: For a container that one submission has to itself; not for a machine with more on it.
CONTAINED = "user"


def kind(name: str) -> Any:
    """Return the class of the walls called ``name``."""
    return pkgutil.resolve_name(KINDS[name])


def make(
    name: str,
    library: Path,
    limits: Limits,
    blocked: tuple[str, ...],
    warm: tuple[str, ...],
    packages: tuple[str, ...],
) -> Walls:
    """Return walls of the kind ``name``, not yet put up.

    Parameters
    ----------
    name : str
        One of ``KINDS``.
    library : Path
        From :func:`library.build_library`.
    limits : Limits
        For each worker.
    blocked : tuple of str
        Modules that workers must not import.
    warm : tuple of str
        Modules to import once for all, where that can be.
    packages : tuple of str
        Packages that the assignment opens besides those that all may use.
    """
    walls: Walls = kind(name)(library, limits, blocked, warm, packages)
    return walls


ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}


def program(
    interpreter: list[str], module: str, options: dict[str, Any], folders: list[str]
) -> list[str]:
    """Return the command line that runs ``module``, found in one of the ``folders``."""
    start = f"import sys; sys.path[:0] = {folders!r}; import {module} as m; m.main()"
    return [*interpreter, "-s", "-P", "-B", "-c", start, json.dumps(options)]


def over_socket(
    connection: socket.socket, end: Callable[[bool], str], meter: Meter, threads: int
) -> Line:
    """Return the line to a worker at the other end of a socket, which is closed before its end."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def hang_up(wait: bool) -> str:
        cut()
        connection.close()
        return end(wait)

    reader, writer = connection.makefile("rb"), connection.makefile("wb")
    return Line(reader, writer, cut, hang_up, meter, threads)


def greeted(worker: Line, patience: float) -> Line:
    """Return a worker once it has said that it is there.

    Raises
    ------
    InfrastructureError
        If it does not, in time for one that starts.
    """
    try:
        worker.exchange(None, StartDeadline(patience))
    except WorkerError as error:
        raise InfrastructureError(f"the worker did not start: {error}") from None
    return worker


def ended(process: "subprocess.Popen[bytes]", wait: bool) -> str:
    """End a process, after a moment if it is to be waited for; say how it ended by itself."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0 if wait else 0.0)
    status = process.poll()
    process.kill()
    process.wait()
    return in_words(status or 0)


#: The exit status of a process that was killed; Windows has no such signal.
KILLED = -getattr(signal, "SIGKILL", 9)


def in_words(status: int) -> str:
    """Say how a process ended, from its exit status; ``""`` if there is nothing to say."""
    if status == KILLED:
        return " or was killed for using too much processor time or memory"
    if status < 0:
        name = signal.strsignal(-status) or f"signal {-status}"
        return f" by a crash ({name.lower()})"
    return f" (exit status {status})" if status else ""
