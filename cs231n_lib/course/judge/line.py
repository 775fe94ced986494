"""The judge's end of the line to a worker, whatever stands between the two."""

import contextlib
import threading
from collections.abc import Callable
from typing import IO, Any

from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.inside import protocol


class InfrastructureError(BaseException):
    """The grading machine failed, not the student: to be tried again, never a zero.

    No `Exception`, so that no test cell can take it for an error of the student's.
    """


class WorkerError(Exception):
    """The student's process cannot go on: it died, took too long, or spoke nonsense."""


class Line:
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
