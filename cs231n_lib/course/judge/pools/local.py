"""Judges on this machine, each in a process of its own."""

import multiprocessing
import queue
import threading
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge import rules
from cs231n_lib.course.judge.bounds import limit_memory
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.pools import Settings, make_grader
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.limits import ATTEMPTS, JUDGE_MEMORY, START_SECONDS, Deadline
from cs231n_lib.course.text import line


def judge_process(connection: Connection, settings: Settings) -> None:
    """Grade what comes through ``connection`` until it closes: the body of a judge's process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    grader: Grader | None = None
    try:
        while True:
            submission, seed, patience = connection.recv()
            try:
                if grader is None:
                    grader, stop = make_grader(settings)
                    limit_memory(JUDGE_MEMORY)
                connection.send(grader.grade(submission, seed, patience).to_dict())
            except InfrastructureError as error:
                connection.send({"infrastructure fault": str(error)})
    except (EOFError, OSError):
        pass
    finally:
        if grader is not None:
            stop()


class Judge:
    """One judge in a process of its own, replaced when it dies.

    Parameters
    ----------
    settings : Settings
        What to grade against.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        limits = rules.limits_of(read_master(settings.master, settings.name))
        # A judge reports by itself when the clock runs out; who does not has lost its way.
        self.seconds = Deadline(limits.wall, limits.call).backstop() + 2 * START_SECONDS
        self.process: Any = None
        self.connection: Connection | None = None

    def grade(self, submission: bytes, seed: int, patience: float) -> Result | Fault:
        """Grade once; a judge that has to be waited for too long is replaced.

        Whatever goes wrong is an answer: the others would wait for this one for ever.
        """
        try:
            reply = self._ask(submission, seed, patience)
        except (EOFError, OSError) as error:
            self.stop()
            return Fault(f"the judge's process died ({type(error).__name__})")
        except Exception as error:
            self.stop()
            return Fault(f"the judge could not be asked ({type(error).__name__}: {line(error)})")
        if "infrastructure fault" in reply:
            return Fault(reply["infrastructure fault"])
        return Result.from_dict(reply)

    def _ask(self, submission: bytes, seed: int, patience: float) -> dict[str, Any]:
        if self.connection is None:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            with theirs:
                process = context.Process(
                    target=judge_process, args=(theirs, self.settings), daemon=True
                )
                process.start()
            self.connection, self.process = ours, process
        self.connection.send((submission, seed, patience))
        if not self.connection.poll(self.seconds * patience):
            raise TimeoutError
        reply: dict[str, Any] = self.connection.recv()
        return reply

    def stop(self) -> None:
        """End the process."""
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
    address : str
        None: this machine is meant.
    processes : int
        How many judges.
    """

    def __init__(self, settings: Settings, address: str = "", processes: int = 1) -> None:
        self.settings, self.processes = settings, processes
        self.idle: list[Judge] = []
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
        """Yield key and result of every submission, as they are done.

        What the machine could not do it tries again: with half as many judges, which leaves more
        of it to each, and twice the patience.
        """
        waiting = list(submissions)
        for attempt in range(ATTEMPTS):
            judges = max(1, self.processes >> attempt)
            failed = {}
            for key, result in self._round(submissions, waiting, seed, judges, 2.0**attempt):
                if isinstance(result, Fault):
                    failed[key] = result
                else:
                    yield key, result
            waiting = list(failed)
            if not waiting:
                return
        yield from failed.items()

    def _round(
        self,
        submissions: Mapping[str, bytes],
        keys: list[str],
        seed: int,
        judges: int,
        patience: float,
    ) -> Iterator[tuple[str, Result | Fault]]:
        """Yield key and result of each of the ``keys``, tried once."""
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Bounded: judges wait for a slow writer instead of piling up results in memory.
        done: queue.Queue[tuple[str, Result | Fault]] = queue.Queue(maxsize=judges)
        for key in keys:
            waiting.put(key)

        def serve() -> None:
            judge_ = self.idle.pop() if self.idle else Judge(self.settings)
            try:
                while True:
                    key = waiting.get_nowait()
                    done.put((key, judge_.grade(submissions[key], seed, patience)))
            except queue.Empty:
                if self.stay:
                    self.idle.append(judge_)
                    return
            judge_.stop()

        threads = [
            threading.Thread(target=serve, daemon=True) for _ in range(min(judges, len(keys)))
        ]
        for thread in threads:
            thread.start()
        for _ in keys:
            yield done.get()
        for thread in threads:
            thread.join()
