"""The key of a result, and the results on disk: graded once, kept under what decided it."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.files import read_record, write_atomically
from cs231n_lib.course.judge.result import Result


class Results:
    """The results of one assignment on disk, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _new_path(self, key: str) -> Path:
        return self._path(key)

    def has(self, key: str) -> bool:
        """Whether there is a result under ``key``."""
        return self._path(key).exists()

    def read(self, key: str) -> Result:
        """Return the result under ``key``, which has to be there."""
        return Result.from_dict(read_record(self._path(key)))

    def get(self, key: str) -> Result | None:
        """Return the result under ``key``, None if there is none."""
        return self.read(key) if self.has(key) else None

    def put(self, key: str, result: Result) -> None:
        """Write ``result`` whole, or not at all."""
        write_atomically(self._new_path(key), json.dumps(result.to_dict()).encode())


class Drafts(Results):
    """The same for one run, whose own results wait apart until their grades are written.

    A run may be cut off, or its grades declined. What it found is then there for the run that goes
    on with its seed, and for nobody else: who was shown it would see another grade than that of the
    gradebook, and could meet the same inputs with the next hand-in.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self.drafts = folder / "drafts" / str(seed)

    def _new_path(self, key: str) -> Path:
        return self.drafts / f"{key}.json"

    def _path(self, key: str) -> Path:
        draft = self._new_path(key)
        return draft if draft.exists() else super()._path(key)

    def settle(self, keys: Iterable[str]) -> None:
        """Put the results under ``keys`` where all look: their grades are written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for key in keys:
            with contextlib.suppress(FileNotFoundError):  # of an earlier run, or handed in twice
                self._new_path(key).replace(super()._path(key))
        with contextlib.suppress(OSError):  # what is left in it has no grade
            self.drafts.rmdir()


#: The rooms and files whose code decides a result, besides the submission and the master: rooms
#: with all that lies in them at any depth, so that no file leaves the key by being moved in them.
DECIDING = ("assignment", "checks", "inside", "judge", "limits.py", "text.py")


@functools.cache
def version() -> str:
    """Return a digest of the code that grades, defaults of limits included: part of every key."""
    return digest_of(checkout.tooling())


def digest_of(course: Path) -> str:
    """Return the digest of what decides in the folder ``course``: names and contents."""
    total = hashlib.sha256()
    for name in DECIDING:
        place = course / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            total.update(path.relative_to(course).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def key(submission: bytes, master: Master) -> str:
    """Return the name under which the result for these bytes and this master is kept."""
    return _key(hashlib.sha256(submission).hexdigest(), master.digest, version())


def key_of(result: Result) -> str:
    """Return the name under which ``result`` is to be kept."""
    return _key(result.submission, result.master, result.version)


def _key(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
