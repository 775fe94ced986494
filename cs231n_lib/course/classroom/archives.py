"""Folders and archives that strangers filled, read within bounds."""

import io
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from cs231n_lib.course.assignment.notebook import MAX_NOTEBOOK_BYTES

#: Largest sum of what one archive unpacks to, and most entries in one.
MAX_ARCHIVE_BYTES, MAX_ENTRIES = 4 * 2**30, 50_000
TEMPORARY = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store")


def from_folder(
    folder: Path, refused: list[tuple[str, str]]
) -> Iterator[tuple[str, datetime, bytes]]:
    """Yield name, time and bytes of the notebooks in a folder; add to ``refused`` with reasons."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part in TEMPORARY for part in path.parts):
            continue
        if path.is_symlink():
            refused.append((name, "a link, not a file"))
        elif path.is_file() and path.suffix.lower() in (".ipynb", ".zip"):
            yield from from_file(path, name, refused)


def from_file(
    path: Path, name: str, refused: list[tuple[str, str]]
) -> Iterator[tuple[str, datetime, bytes]]:
    """Yield the notebook that a file is, or those that a zip file holds."""
    time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if path.suffix.lower() != ".zip":
        yield name, time, _bounded(path)
        return
    prefix = name.removesuffix(".zip")
    try:
        yield from _from_zip(path, prefix, refused, nested=True)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        refused.append((name, f"not a usable zip file: {error}"))


def _bounded(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_NOTEBOOK_BYTES + 1)  # one more: the judge says that it is too big


def _from_zip(
    source: Path | IO[bytes], prefix: str, refused: list[tuple[str, str]], nested: bool
) -> Iterator[tuple[str, datetime, bytes]]:
    """Yield the notebooks in an archive, reading within bounds and writing nothing."""
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise zipfile.BadZipFile(f"more than {MAX_ENTRIES} entries")
        budget = MAX_ARCHIVE_BYTES
        for entry in entries:
            name = entry.filename.replace("\\", "/")
            parts = PurePosixPath(name).parts
            if entry.is_dir() or any(part in TEMPORARY for part in parts):
                continue
            where = f"{prefix}/{name}"
            if name.startswith("/") or ".." in parts or ":" in name or "\0" in name:
                refused.append((where, "a name that leads out of the archive"))
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                refused.append((where, "a link, not a file"))
                continue
            suffix = PurePosixPath(name).suffix.lower()
            if suffix not in ((".ipynb", ".zip") if nested else (".ipynb",)):
                continue
            with archive.open(entry) as file:  # sizes in the directory may lie: count ourselves
                content = file.read(min(MAX_NOTEBOOK_BYTES, budget) + 1)
            budget -= len(content)
            if len(content) > MAX_NOTEBOOK_BYTES or budget < 0:
                refused.append((where, "unpacks to too much (a zip bomb?)"))
                if budget < 0:
                    return
                continue
            if suffix == ".zip":
                inner = where.removesuffix(".zip")
                yield from _from_zip(io.BytesIO(content), inner, refused, nested=False)
            else:
                yield where, _zip_time(entry), content


def _zip_time(entry: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)
