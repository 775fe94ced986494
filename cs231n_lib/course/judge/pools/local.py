"""Judges on this machine, each in a process of its own."""

import multiprocessing
import queue
import threading
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge import rules
from cs231n_lib.course.judge.limits import ATTEMPTS, GRACE_SECONDS
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.pools import Settings, make_grader
from cs231n_lib.course.judge.result import Fault, Result


def judge_process(connection: Connection, settings: Settings) -> None:
    """Grade what comes through ``connection`` until it closes: the body of a judge's process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    grader, stop = make_grader(settings)
    try:
        while True:
            submission, seed = connection.recv()
            try:
                connection.send(grader.grade(submission, seed).to_dict())
            except InfrastructureError as error:
                connection.send({"infrastructure fault": str(error)})
    except (EOFError, OSError):
        pass
    finally:
        stop()


class _Judge:
    """One judge in a process of its own, replaced when it dies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: Any = None
        self.connection: Connection | None = None

    def grade(self, submission: bytes, seed: int, patience: float) -> Result | Fault:
        reason = ""
        for _ in range(ATTEMPTS):
            try:
                reply = self._ask(submission, seed, patience)
            except (EOFError, OSError) as error:
                self.stop()
                reason = f"the judge's process died ({type(error).__name__})"
                continue
            if "infrastructure fault" not in reply:
                return Result.from_dict(reply)
            reason = reply["infrastructure fault"]
        return Fault(reason)

    def _ask(self, submission: bytes, seed: int, patience: float) -> dict[str, Any]:
        if self.connection is None:
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe()
            self.process = context.Process(
                target=judge_process, args=(theirs, self.settings), daemon=True
            )
            self.process.start()
            theirs.close()
        self.connection.send((submission, seed))
        if not self.connection.poll(patience):
            raise TimeoutError
        reply: dict[str, Any] = self.connection.recv()
        return reply

    def stop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.process.join(0.5)
            self.process.kill()
            self.process.join()
        self.connection = self.process = None


class LocalPool:
    """Judges on this machine; inside a ``with`` they stay up from one list to the next.

    Parameters
    ----------
    settings : Settings
        What to grade against.
    processes : int
        How many judges.
    """

    def __init__(self, settings: Settings, processes: int) -> None:
        self.settings, self.processes = settings, processes
        limits = rules.limits_of(read_master(settings.master, settings.name))
        self.patience = limits.wall + GRACE_SECONDS
        self.idle: list[_Judge] = []
        self.stay = False

    def __enter__(self) -> "LocalPool":
        """Let judges wait for more."""
        self.stay = True
        return self

    def __exit__(self, *_: object) -> None:
        """Send them home."""
        self.stay = False
        while self.idle:
            self.idle.pop().stop()

    def grade(
        self, submissions: Mapping[str, bytes], seed: int
    ) -> Iterator[tuple[str, Result | Fault]]:
        """Yield key and result of every submission, as they are done."""
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Bounded: judges wait for a slow writer instead of piling up results in memory.
        done: queue.Queue[tuple[str, Result | Fault]] = queue.Queue(maxsize=self.processes)
        for key in submissions:
            waiting.put(key)

        def serve() -> None:
            judge_ = self.idle.pop() if self.idle else _Judge(self.settings)
            try:
                while True:
                    key = waiting.get_nowait()
                    done.put((key, judge_.grade(submissions[key], seed, self.patience)))
            except queue.Empty:
                if self.stay:
                    self.idle.append(judge_)
                    return
            judge_.stop()

        threads = [
            threading.Thread(target=serve, daemon=True)
            for _ in range(min(self.processes, len(submissions)))
        ]
        for thread in threads:
            thread.start()
        for _ in submissions:
            yield done.get()
        for thread in threads:
            thread.join()
