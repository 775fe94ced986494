"""The judge's end of the line to a worker, whatever stands between the two."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from cs231n_lib.course import protocol
from cs231n_lib.course.checking import StudentError

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
START_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    memory : int
        Address space in bytes.
    cpu : int
        Processor seconds, in whole.
    wall : float
        Seconds on the clock for the whole submission.
    call : float
        Seconds on the clock for one cell or one call of a test.
    files : int
        Open files.
    disk : int
        Bytes in the temporary folder, and in one file.
    output : int
        Characters of printed output that are kept.
    """

    memory: int = 2 * 2**30
    cpu: int = 120
    wall: float = 120.0
    call: float = 20.0
    files: int = 64
    disk: int = 64 * 2**20
    output: int = 50_000


class InfrastructureError(BaseException):
    """The grading machine failed, not the student: to be tried again, never a zero.

    No `Exception`, so that no test cell can take it for an error of the student's.
    """


class WorkerError(Exception):
    """The student's process cannot go on: it died, took too long, or spoke nonsense."""


class Worker:
    """The judge's end of the connection to one worker.

    Parameters
    ----------
    reader, writer : binary files
        The connection.
    cut : callable
        Makes pending reads and writes end at once.
    end : callable
        Kills the worker, at once or (True) after a moment in which it may end by itself;
        returns how it did, in words, or ``""``.
    """

    def __init__(
        self,
        reader: IO[bytes],
        writer: IO[bytes],
        cut: Callable[[], None],
        end: Callable[[bool], str],
    ) -> None:
        self.reader, self.writer, self.cut, self._end = reader, writer, cut, end
        self.late = False
        self.dead = False
        self.lost = False  # the walls went down with it

    def exchange(self, message: Any, seconds: float) -> Any:
        """Send ``message`` and return the next message of the worker's.

        Raises
        ------
        WorkerError
            If there is no well-formed answer within ``seconds``. The worker is then dead.
        InfrastructureError
            If the sandbox around it died.
        """
        timer = threading.Timer(max(seconds, 0.01), self._expire)
        timer.daemon = True
        timer.start()
        try:
            if message is not None:
                protocol.write(self.writer, message)
            reply = protocol.read(self.reader)
            if not isinstance(reply, dict):
                raise protocol.ProtocolError("not a reply")
            return reply
        except protocol.ProtocolError as error:
            self.close()
            raise WorkerError(f"your code sent {error} in place of a result") from None
        except (EOFError, OSError, ValueError):
            how = self.close(wait=not self.late)
            if self.lost:
                raise InfrastructureError("the sandbox died in the middle of it") from None
            if self.late:
                raise WorkerError(f"time limit: no result after {seconds:.0f} seconds") from None
            raise WorkerError(f"your code ended its own process{how}") from None
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self.late = True
        self.cut()

    def close(self, wait: bool = False) -> str:
        """Kill the worker and all it started, if that has not been done; say how it ended."""
        if self.dead:
            return ""
        self.dead = True
        how = self._end(wait)
        for stream in (self.writer, self.reader):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        return how


def result(reply: dict[str, Any]) -> Any:
    """Return the value in a worker's reply, or raise the exception that it reports."""
    match reply:
        case {"ok": value}:
            return value
        case {"error": (str(kind), str(message), str(text))}:
            raise StudentError(kind, message, text)
    raise WorkerError("your code sent something else in place of a result")


def program(module: str, options: dict[str, Any], library: str) -> list[str]:
    """Return the command line that runs ``module`` of the library in the folder ``library``."""
    start = f"import sys; sys.path.insert(0, {library!r}); import {module} as m; m.main()"
    return [sys.executable, "-s", "-P", "-B", "-c", start, json.dumps(options)]


def in_words(status: int) -> str:
    """Say how a process ended, from its exit status; ``""`` if there is nothing to say."""
    if status == -signal.SIGKILL:
        return " or was killed for using too much processor time or memory"
    if status < 0:
        name = signal.strsignal(-status) or f"signal {-status}"
        return f" by a crash ({name.lower()})"
    return f" (exit status {status})" if status else ""


class Unsandboxed:
    """A worker as a plain process: for one's own code on one's own machine."""

    def __init__(self, library: Path, limits: Limits, blocked: tuple[str, ...] = ()) -> None:
        self.library, self.limits, self.blocked = library, limits, blocked
        self.process: subprocess.Popen[bytes] | None = None

    def worker(self) -> Worker:
        """Start a fresh process."""
        options = {"limits": asdict(self.limits), "blocked": self.blocked}
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        process = subprocess.Popen(
            program("cs231n_lib.course.worker", options, str(self.library)), cwd=folder.name,
            env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None

        def end(wait: bool) -> str:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0 if wait else 0.0)
            status = process.poll()
            process.kill()
            process.wait()
            folder.cleanup()
            return in_words(status or 0)

        worker = Worker(process.stdout, process.stdin, process.kill, end)
        worker.exchange(None, START_SECONDS)
        return worker

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
