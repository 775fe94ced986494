"""Folders and archives that strangers filled, read one file at a time and within bounds.

There are two kinds of file, and the difference is what keeps a student from being somebody else.
An `Outer` file lies in the download itself: its place and time were set by the platform or by the
person who collects. An `Inner` file lies in something that a student packed: it has a name and
bytes, and no place or time that anything could be read from.
"""

import contextlib
import lzma
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import IO

from cs231n_lib.course.classroom.incoming.accounts import account_of
from cs231n_lib.course.errors import Refused
from cs231n_lib.course.files import open_plain
from cs231n_lib.course.limits import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_HAND_IN_BYTES,
    MAX_HAND_IN_FILES,
    MAX_INDEX_BYTES,
    MAX_NOTEBOOK_BYTES,
)
from cs231n_lib.course.text import line

TEMPORARY = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini")
#: Whatever the decoders of the standard library raise on bytes that they do not understand.
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError,
              OSError, ValueError, MemoryError, OverflowError, LookupError)  # fmt: skip
DRIVE = re.compile(r"[A-Za-z]:/")
#: How entries may be compressed. The standard library unpacks the others in steps of any size: a
#: kilobyte of bzip2 fills gigabytes of memory before anything can be counted.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Outer:
    """A file of the download itself.

    Attributes
    ----------
    zoned : bool
        Whether its time names its zone.
    accounts : frozenset of str
        Whose it is on this machine, it and the folders that it lies in, up to the one that was
        given: who owns that is trusted by whoever gives it. Nobody's in an archive.
    changed : datetime or None
        When it was last changed on this machine, which nobody can set; None in an archive.
    """

    parts: tuple[str, ...]
    time: datetime | None
    zoned: bool
    open: Callable[[], IO[bytes]]
    accounts: frozenset[str] = frozenset()
    changed: datetime | None = None

    @property
    def where(self) -> str:
        """Its path from the top of the download."""
        return "/".join(self.parts)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.parts[-1]


@dataclass(frozen=True)
class Inner:
    """A file that a student handed in: a name and bytes, nothing else."""

    name: str
    data: bytes


class Budget:
    """Bytes and files that may still be unpacked; what is over is refused."""

    def __init__(self, left: int, above: "Budget | None" = None) -> None:
        self.left, self.above = left, above
        self.files = MAX_HAND_IN_FILES

    def one_more(self) -> bool:
        """Count a file, in whichever archive it lies; whether it may be there."""
        self.files -= 1
        return self.files >= 0

    def read(self, file: IO[bytes], limit: int) -> bytes:
        """Return all of ``file``, which is counted here since sizes in a directory may lie."""
        allowed = min(limit, self.left, self.above.left if self.above else limit)
        data = file.read(allowed + 1)
        self._take(len(data))
        if len(data) > limit:
            raise Refused(
                f"more than {limit >> 20} MiB (a zip bomb?): of a notebook, clear the outputs "
                "(Edit > Clear Outputs of All Cells)"
            )
        if len(data) > allowed:
            raise Refused("unpacks to too much (a zip bomb?)")
        return data

    def _take(self, count: int) -> None:
        self.left = max(0, self.left - count)
        if self.above:
            self.above._take(count)


class Download:
    """What was given to collect: a folder, an archive or one file, open as long as the ``with``.

    Attributes
    ----------
    files : list of Outer
        What lies in it, in the order of names.
    refused, aside : list of (str, str)
        Path and reason of what is not taken, and of what operating systems leave behind.
    """

    def __init__(self, source: Path, zone: tzinfo = UTC) -> None:
        self.source, self.zone = source, zone
        self.files: list[Outer] = []
        self.refused: list[tuple[str, str]] = []
        self.aside: list[tuple[str, str]] = []
        self.stack = contextlib.ExitStack()
        self.counts = Counter[str]()  # files of each account

    def __enter__(self) -> "Download":
        """Read what is in it."""
        if self.source.is_dir():
            self._from_folder()
        elif self.source.suffix.lower() == ".zip":
            try:
                self._from_zip()
            except UNREADABLE as error:
                self.stack.close()
                self.files = []
                self.refused.append((self.source.name, f"not a usable zip file: {error}"))
        else:
            self._add((self.source.name,), self.source)
        self.files.sort(key=lambda f: f.parts)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.stack.close()

    def _from_folder(self) -> None:
        def unreadable(error: OSError) -> None:
            self.refused.append((str(error.filename), f"cannot be read: {error.strerror}"))

        around: dict[str, frozenset[str]] = {"": frozenset()}
        for folder, folders, names in os.walk(self.source, onerror=unreadable):
            folders.sort()
            inside = Path(folder).relative_to(self.source).parts
            try:
                status = os.stat(folder, follow_symlinks=not inside)
            except OSError as error:  # it has been taken away meanwhile
                unreadable(error)
                folders.clear()
                continue
            above = around[os.path.dirname(folder) if inside else ""]
            around[folder] = above | self._foreign(status)
            for name in sorted(names + [f for f in folders if Path(folder, f).is_symlink()]):
                self._add((*inside, name), Path(folder, name), around[folder])

    @cached_property
    def host(self) -> str:
        """The account whose folder it is."""
        return account_of(self.source.stat())

    def _foreign(self, status: os.stat_result) -> set[str]:
        """Return the account that owns something, if it is not the one of the source."""
        return {account_of(status)} - {self.host}

    def _add(
        self, parts: tuple[str, ...], path: Path, around: frozenset[str] = frozenset()
    ) -> None:
        if self._is_temporary(parts):
            return
        where = "/".join(parts)
        try:
            status = path.lstat()
        except OSError as error:  # students hand in, and take back, while this is read
            self.refused.append((where, f"cannot be read: {error.strerror}"))
            return
        if stat.S_ISLNK(status.st_mode):
            self.refused.append((where, "a link, not a file"))
        elif not stat.S_ISREG(status.st_mode):
            self.refused.append((where, "a device or a pipe, not a file"))
        elif self.counts[account := account_of(status)] >= MAX_ENTRIES:
            self.refused.append((where, f"more than {MAX_ENTRIES} files of {account}'s"))
        else:
            self.counts[account] += 1
            time = datetime.fromtimestamp(status.st_mtime, UTC)
            opened = partial(open_plain, path, status)
            accounts = around | self._foreign(status)
            changed = datetime.fromtimestamp(status.st_ctime, UTC)
            self.files.append(Outer(parts, time, True, opened, accounts, changed))

    def _is_temporary(self, parts: tuple[str, ...]) -> bool:
        found = any(p in TEMPORARY or p.startswith("._") for p in parts)
        if found:
            self.aside.append(("/".join(parts), "left behind by an operating system"))
        return found

    def _from_zip(self) -> None:
        archive = self.stack.enter_context(zipfile.ZipFile(self.source))
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            try:
                parts = _parts(entry)
            except Refused as refused:
                self.refused.append((entry.filename, str(refused)))
                continue
            if self._is_temporary(parts):
                continue
            if len(self.files) >= MAX_ENTRIES:
                self.refused.append((entry.filename, f"more than {MAX_ENTRIES} files"))
                continue
            time, zoned = _entry_time(entry, self.zone)
            self.files.append(Outer(parts, time, zoned, partial(_opened, archive, entry)))


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    if entry.compress_type not in METHODS:
        known = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA"}
        name = known.get(entry.compress_type, "an unknown method")
        raise Refused(f"compressed by {name}, which is not read: make it a plain zip file")
    return archive.open(entry)


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    name = entry.filename.replace("\\", "/")
    parts = tuple(p for p in name.split("/") if p not in ("", "."))
    if name.startswith("/") or ".." in parts or DRIVE.match(name) or "\0" in name or not parts:
        raise Refused("a name that leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("a link, not a file")
    return parts


def _entry_time(entry: zipfile.ZipInfo, zone: tzinfo) -> tuple[datetime | None, bool]:
    """Return when an entry was changed, and whether it says so in UTC and not in local time."""
    extra = entry.extra
    with contextlib.suppress(struct.error, ValueError, OverflowError, OSError):
        while len(extra) >= 4:
            kind, size = struct.unpack_from("<HH", extra)
            body, extra = extra[4 : 4 + size], extra[4 + size :]
            if kind == 0x5455 and body and body[0] & 1:  # Info-ZIP's: seconds since 1970
                return datetime.fromtimestamp(struct.unpack_from("<i", body, 1)[0], UTC), True
            if kind == 0x000A and len(body) >= 16:  # NTFS: 100 ns since 1601
                ticks = struct.unpack_from("<Q", body, 8)[0]
                return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10), True
    try:
        return datetime(*entry.date_time, tzinfo=zone).astimezone(UTC), False
    except (ValueError, OverflowError):
        return None, False


def inner_files(
    outer: Outer, budget: Budget, refused: list[tuple[str, str]], name: str = ""
) -> Iterator[Inner]:
    """Yield what a student handed in as the file ``outer``: itself, or what it packs.

    Parameters
    ----------
    outer : Outer
        A file whose owner is known.
    budget : Budget
        What this hand-in may still unpack to.
    refused : list of (str, str)
        Takes path and reason of what cannot be read.
    name : str
        What the student called the file, where the platform put its own name in front.
    """
    name = name or outer.name
    try:
        with outer.open() as file:
            if not name.lower().endswith(".zip"):
                yield Inner(name, budget.read(file, MAX_NOTEBOOK_BYTES))
                return
            with tempfile.SpooledTemporaryFile(2**22) as spooled:
                spooled.write(budget.read(file, MAX_HAND_IN_BYTES))
                yield from _unpack(spooled, outer.where, budget, refused, 1)
    except (Refused, *UNREADABLE) as error:
        refused.append((outer.where, _reason(error, name)))


def _unpack(
    file: IO[bytes], where: str, budget: Budget, refused: list[tuple[str, str]], depth: int
) -> Iterator[Inner]:
    _check_index(file)
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            place = f"{where}/{line(entry.filename)}"
            if not budget.one_more():
                refused.append((where, f"more than {MAX_HAND_IN_FILES} files in one hand-in"))
                return
            if entry.is_dir():
                continue
            try:
                parts = _parts(entry)
                if any(p in TEMPORARY or p.startswith("._") for p in parts):
                    continue
                with _opened(archive, entry) as content:
                    if not parts[-1].lower().endswith(".zip"):
                        yield Inner("/".join(parts), budget.read(content, MAX_NOTEBOOK_BYTES))
                        continue
                    if depth >= MAX_DEPTH:
                        raise Refused("archives in archives in archives")
                    with tempfile.SpooledTemporaryFile(2**22) as spooled:
                        spooled.write(budget.read(content, MAX_HAND_IN_BYTES))
                        yield from _unpack(spooled, place, budget, refused, depth + 1)
            except (Refused, *UNREADABLE) as error:
                refused.append((place, _reason(error, entry.filename)))


def _check_index(file: IO[bytes]) -> None:
    """Refuse an archive whose table of contents alone would fill the memory.

    Its size stands in one of the records at the end. Which of those that are there is the right
    one is a matter of opinion, so none may be too large.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 65_700))
    tail = file.read()
    for mark, place, kind in ((b"PK\5\6", 12, "<I"), (b"PK\6\6", 40, "<Q")):
        for found in re.finditer(mark, tail):
            record = tail[found.start() + place :][: struct.calcsize(kind)]
            if len(record) == struct.calcsize(kind) and struct.unpack(kind, record)[0] > (
                MAX_INDEX_BYTES
            ):
                raise Refused("a table of contents that is too long (a zip bomb?)")
    file.seek(0)


def _reason(error: Exception, name: str) -> str:
    if isinstance(error, Refused):
        return str(error)
    if "encrypted" in str(error):
        return "encrypted: it can be read only by who knows its password"
    kind = "not a usable zip file" if PurePosixPath(name).suffix.lower() == ".zip" else "unreadable"
    return f"{kind}: {str(error) or type(error).__name__}"
