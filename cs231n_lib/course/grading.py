"""Grade many submissions: N judges side by side, one writer, nothing lost or done twice.

A result is kept under a key made of the submission's bytes, the master and the judge's version.
Who finds it there does not grade again: after a crash the run goes on where it was, and nothing
that can be killed has a grade in its hands that was not written whole.
"""

import json
import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cs231n_lib.course import judge, sandbox
from cs231n_lib.course.connection import InfrastructureError, Unsandboxed
from cs231n_lib.course.course import write_atomically
from cs231n_lib.course.judge import Grader, Result
from cs231n_lib.course.rebuild import Master, read_master

T = TypeVar("T")
V = TypeVar("V")
ATTEMPTS = 3
#: How much longer than its deadline a judge may take over a submission before it is replaced.
GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class Settings:
    """All that a judge in another process has to know; plain data."""

    master: bytes
    name: str
    folder: str
    unsafe: bool = False
    visible_only: bool = False


@dataclass(frozen=True)
class Fault:
    """A submission that could not be graded through no fault of its author."""

    reason: str


LOST = Fault("its result was removed while it was being used")


class OnDemand(Mapping[str, V]):
    """A mapping that makes its values when they are asked for, and keeps none of them.

    Notebooks and results stay on disk by it, however many there are.

    Parameters
    ----------
    names : mapping
        Key -> where the value comes from.
    make : callable
        Turns the latter into the value.

    Examples
    --------
    >>> squares = OnDemand({"two": 2, "three": 3}, lambda n: n * n)
    >>> squares["three"], len(squares)
    (9, 2)
    """

    def __init__(self, names: Mapping[str, T], make: Callable[[T], V]) -> None:
        self.names: Mapping[str, Any] = names
        self.make: Callable[[Any], V] = make

    def __getitem__(self, name: str) -> V:
        """Make the value of ``name``."""
        return self.make(self.names[name])

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self.names)

    def __len__(self) -> int:
        """Count the keys, making nothing."""
        return len(self.names)


def make_grader(settings: Settings) -> tuple[Grader, Callable[[], None]]:
    """Return a grader and the function that takes its sandbox down."""
    master = read_master(settings.master, settings.name)
    if settings.visible_only:
        master = master.visible()
    limits, blocked = judge.limits_of(master), judge.blocked_by(master)
    library = sandbox.build_library(Path(settings.folder), blocked)
    walls: Unsandboxed | sandbox.Sandbox
    if settings.unsafe:
        walls = Unsandboxed(library, limits, blocked)
    else:
        walls = sandbox.Sandbox(library, limits, blocked, _warm(master, blocked))
    return Grader(master, walls.worker, limits), walls.stop


def _warm(master: Master, blocked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modules that the master imports, to be imported once for all students."""
    import ast

    found = {"numpy"}
    for source in (*master.setup, *master.imports):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return tuple(sorted(m for m in found if not m.startswith((*blocked, "cs231n_lib.course"))))


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


class Pool(Protocol):
    """Anything that grades a list of submissions: the local processes, or a cluster."""

    def grade(
        self, submissions: Mapping[str, bytes], seed: int
    ) -> Iterator[tuple[str, Result | Fault]]:
        """Yield key and result of every submission, as they are done."""


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
        limits = judge.limits_of(read_master(settings.master, settings.name))
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


class Results:
    """The results of one assignment on disk, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def has(self, key: str) -> bool:
        """Whether there is a result under ``key``."""
        return self._path(key).exists()

    def read(self, key: str) -> Result:
        """Return the result under ``key``, which has to be there."""
        return Result.from_dict(json.loads(self._path(key).read_bytes()))

    def get(self, key: str) -> Result | None:
        """Return the result under ``key``, None if there is none."""
        return self.read(key) if self.has(key) else None

    def put(self, key: str, result: Result) -> None:
        """Write ``result`` whole, or not at all."""
        write_atomically(self._path(key), json.dumps(result.to_dict()).encode())


def grade_all(
    submissions: Mapping[str, bytes],
    master: Master,
    pool: Pool,
    results: Results,
    seed: int,
    again: bool = False,
    started: Callable[[int], None] = lambda _: None,
    progress: Callable[[Result | Fault], None] = lambda _: None,
) -> OnDemand[Result | Fault]:
    """Grade the submissions that have no result yet; return the result of every one.

    Parameters
    ----------
    submissions : mapping
        Student -> bytes of the notebook; an `OnDemand` leaves them on disk.
    master : Master
        The assignment.
    pool : Pool
        Who grades.
    results : Results
        Where results are kept; this function alone writes there.
    seed : int
        What the tests draw from.
    again : bool
        Whether to grade anew what has a result of another seed.
    started, progress : callable
        Called with the number of distinct submissions to grade, and after each.
    """
    keys: dict[str, str] = {}
    missing: dict[str, str] = {}  # key -> one of those who handed it in
    for student, data in submissions.items():
        keys[student] = key = judge.key(data, master)
        known = results.get(key)
        if known is None or (again and known.seed != seed):
            missing[key] = student

    def read(student: str) -> bytes:
        try:
            return submissions[student]
        except OSError:
            return b""  # gone since it was found: the result will be of another key

    started(len(missing))
    faults: dict[str, Fault] = {}
    for key, result in pool.grade(OnDemand(missing, read), seed):
        if isinstance(result, Result) and judge.key_of(result) != key:
            result = Fault("the file, or the course package, was changed meanwhile; grade again")
        if isinstance(result, Result):
            results.put(key, result)
        else:
            faults[key] = result
        progress(result)
    return OnDemand(keys, lambda key: faults.get(key) or results.get(key) or LOST)
