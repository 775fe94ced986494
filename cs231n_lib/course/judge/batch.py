"""Grade many submissions: N judges side by side, one writer, nothing lost or done twice.

A result is kept under a key made of the submission's bytes, the master and the judge's version.
Who finds it there does not grade again: after a crash the run goes on where it was, and nothing
that can be killed has a grade in its hands that was not written whole.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.judge import store
from cs231n_lib.course.judge.result import STUDENT_FAULT, Fault, Result, not_run
from cs231n_lib.course.judge.store import Results

T = TypeVar("T")
V = TypeVar("V")
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


class Pool(Protocol):
    """Anything that grades a list of submissions: the local processes, or a cluster."""

    def grade(
        self, submissions: Mapping[str, bytes], seed: int
    ) -> Iterator[tuple[str, Result | Fault]]:
        """Yield key and result of every submission, as they are done."""


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
        keys[student] = key = store.key(data, master)
        if not results.has(key) or (again and results.read(key).seed != seed):
            missing[key] = student

    def read(student: str) -> bytes:
        try:
            return submissions[student]
        except OSError:
            return b""  # gone since it was found: the result will be of another key

    started(len(missing))
    faults: dict[str, Fault] = {}
    for key, result in pool.grade(OnDemand(missing, read), seed):
        if isinstance(result, Result) and store.key_of(result) != key:
            result = Fault("the file, or the course package, was changed meanwhile; grade again")
        if isinstance(result, Result):
            results.put(key, result)
        else:
            faults[key] = result
        progress(result)
    # What is there is known without reading it; a result may be large, and there are many.
    found = {s: faults.get(k) or (k if results.has(k) else LOST) for s, k in keys.items()}
    return OnDemand(found, lambda key: key if isinstance(key, Fault) else results.read(key))


def not_graded(master: Master, reason: str) -> Result:
    """Return the result of a hand-in in which there is nothing to run, made without a judge."""
    digest = hashlib.sha256(reason.encode("utf-8", "replace")).hexdigest()
    result = Result(STUDENT_FAULT, 0, master.digest, digest, store.version(), reason)
    result.tests = [not_run(test, reason) for test in master.tests]
    return result
