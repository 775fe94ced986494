"""The judge's end of the line to a worker, whatever stands between the two."""

import contextlib
import threading
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.inside import limits, protocol
from cs231n_lib.course.judge.meter import HELD, Meter
from cs231n_lib.course.limits import TICK, Deadline


class InfrastructureError(BaseException):
    """The grading machine failed, not the student: to be tried again, never a zero.

    No `Exception`, so that no test cell can take it for an error of the student's.
    """


class WorkerError(Exception):
    """The student's process cannot go on: it died, took too long, or spoke nonsense."""

    def __init__(self, message: str, kind: str = "ProcessEnded") -> None:
        super().__init__(message)
        self.kind = kind


class Lost(Exception):
    """A worker's end was not of its own making: its walls fell, or it was killed from outside."""


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
        returns how it did, in words, or ``""``; raises `Lost`.
    meter : Meter, optional
        Of the worker's process; without one each second on the clock is charged.
    threads : int, optional
        How many threads the worker may have.
    """

    def __init__(
        self,
        reader: IO[bytes],
        writer: IO[bytes],
        cut: Callable[[], None],
        end: Callable[[bool], str],
        meter: Meter | None = None,
        threads: int = 0,
    ) -> None:
        self.reader, self.writer, self.cut, self._end = reader, writer, cut, end
        self.meter, self.threads = meter, threads
        self.charged = meter.used() if meter is not None else 0.0
        self.broken: WorkerError | None = None  # the limit that was met
        self.dead = False
        self.received = 0
        self.watch = _Watch(self)
        self.watch.start()

    def exchange(self, message: Any, deadline: Deadline) -> Any:
        """Send ``message`` and return the next message of the worker's.

        Raises
        ------
        WorkerError
            If there is no well-formed answer before the student's time is up. The worker is dead.
        InfrastructureError
            If the clock ran out first, or the sandbox around the worker died.
        """
        try:
            return self._answer(message, deadline)
        except protocol.ProtocolError as error:
            self.close()
            raise WorkerError(f"your code sent {error} in place of a result") from None
        except MemoryError:
            self.close()
            raise WorkerError("your code sent more than the judge can hold") from None
        except (EOFError, OSError, ValueError):
            if self.watch.late:
                self.close()
                raise InfrastructureError(
                    f"the machine is too busy: no result after {deadline.backstop():.0f} seconds "
                    f"on the clock, of which the code used {deadline.used:.1f}"
                ) from None
            try:
                how = self._finish(wait=self.broken is None)
            except Lost as lost:
                raise InfrastructureError(str(lost)) from None
            raise self.broken or WorkerError(f"your code ended its own process{how}") from None

    def _answer(self, message: Any, deadline: Deadline) -> dict[str, Any]:
        self.watch.begin(deadline)
        try:
            if message is not None:
                protocol.write(self.writer, message)
            reply, size = protocol.read(self.reader)
            self.received += size
        finally:
            self.watch.stop(deadline)
        if not isinstance(reply, dict):
            raise protocol.ProtocolError("not a reply")
        if self.watch.ended.is_set():  # the answer came while the line was cut: it is too late
            raise EOFError
        return reply

    def close(self) -> None:
        """Kill the worker and all it started, if that has not been done."""
        with contextlib.suppress(Lost):  # it is gone, which is what was wanted
            self._finish(wait=False)

    def _finish(self, wait: bool) -> str:
        """Kill the worker; say how it ended."""
        if self.dead:
            return ""
        self.dead = True
        self.watch.ended.set()
        try:
            return self._end(wait)
        finally:
            for stream in (self.writer, self.reader):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()


class _Watch(threading.Thread):
    """Looks at a worker again and again while the judge waits for it, and charges for its time.

    One thread as long as the worker lives: to start one for each message cost the judge more than
    to read the answer.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(daemon=True)
        self.line = line
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.deadline: Deadline | None = None  # of the answer that is waited for
        self.looked = 0.0
        self.late = False

    def run(self) -> None:
        """Look until the worker is gone, or until its answer need not come any more.

        Who cannot look, for want of memory say, ends the worker: nobody else would.
        """
        try:
            self._look()
        except Exception as error:
            with self.lock:
                if isinstance(error, MemoryError):
                    self.line.broken = WorkerError("your code sent more than the judge can hold")
                self.late = self.line.broken is None
                self.ended.set()
                self.line.cut()

    def _look(self) -> None:
        # At odd moments: who knew them could be awake for these alone.
        moments = np.random.default_rng()
        while not self.ended.wait(TICK * moments.uniform(0.5, 1.5)):
            with self.lock:
                if self.deadline is not None and self._enough(self.deadline):
                    self.ended.set()
                    self.line.cut()

    def begin(self, deadline: Deadline) -> None:
        """Look from now on, and charge to ``deadline``."""
        with self.lock:
            self.deadline, self.looked = deadline, deadline.clock()

    def stop(self, deadline: Deadline) -> None:
        """Stop looking, and charge what is not charged yet."""
        with self.lock:
            self.deadline = None
            self._charge(deadline)

    def _charge(self, deadline: Deadline) -> None:
        if self.line.meter is not None:
            used = self.line.meter.used()
            deadline.charge(max(0.0, used - self.line.charged))
            self.line.charged = used

    def _enough(self, deadline: Deadline) -> bool:
        """Charge for the time since the last look; return whether to end the worker."""
        now = deadline.clock()
        # One look stands for two ticks at most: the judge may have been stopped itself.
        passed, self.looked = min(now - self.looked, 2 * TICK), now
        self._charge(deadline)
        meter, threads = self.line.meter, self.line.threads
        states = [] if meter is None else meter.states()
        if meter is None or (states and HELD.isdisjoint(states)):
            deadline.charge(passed)
        if threads and len(states) > threads:
            reason = f"your code started more than {threads} threads"
            self.line.broken = WorkerError(reason, "ThreadLimit")
        elif deadline.over:
            reason = f"time limit: no result after {deadline.used:.0f} seconds"
            self.line.broken = WorkerError(reason, "TimeLimit")
        self.late = self.line.broken is None and deadline.late
        return self.late or self.line.broken is not None


def result(reply: dict[str, Any]) -> Any:
    """Return the value in a worker's reply, or raise the exception that it reports."""
    match reply:
        case {"ok": value}:
            return value
        case {"error": (str(kind), str(message), str(text))}:
            # The worker keeps to these lengths too, unless the student's code writes its frames.
            text = text[-limits.MAX_TRACEBACK :]
            raise StudentError(kind[:100], message[: limits.MAX_MESSAGE], text)
    raise WorkerError("your code sent something else in place of a result")
