"""Files and folders made whole or not at all, and files of strangers, which are only read."""

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cs231n_lib.course.errors import UserError

#: The mode of what a web server gives to everyone, and often under another name than its author's.
PUBLIC = 0o644
FULL = "make room there, or name another place"
FORBIDDEN = "name a place that you may write to"
REMEDIES = {errno.ENOSPC: FULL, errno.EDQUOT: FULL} | dict.fromkeys(
    (errno.EACCES, errno.EPERM, errno.EROFS), FORBIDDEN
)


def cannot_write(path: Path, error: OSError) -> UserError:
    """Return the message of a file or folder that could not be written: what, why, what to do."""
    remedy = REMEDIES.get(error.errno or 0, "name a place that there is")
    return UserError(f"cannot write {path}: {error.strerror or error}; {remedy}")


@contextmanager
def folder_in_one_step(folder: Path, replace: bool = False) -> Iterator[Path]:
    """Give a new folder that takes the place of ``folder`` when the ``with`` ends well.

    Whatever happens before, ``folder`` is as it was, and nothing is left beside it.

    Parameters
    ----------
    folder : Path
        Where it belongs.
    replace : bool
        Whether a folder that holds something is replaced, as a whole.

    Raises
    ------
    UserError
        If it is a file, holds something, or cannot be made, for want of room say.
    """
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a new folder")
    if not replace and folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        around = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-")
    except OSError as error:
        raise cannot_write(folder, error) from None
    with around as name:
        made = Path(name) / "new"
        made.mkdir()
        try:
            yield made
        except OSError as error:
            if REMEDIES.get(error.errno or 0) == FULL:
                raise cannot_write(folder, error) from None
            raise
        old = Path(name) / "old"
        if folder.exists():
            folder.rename(old)
        try:
            made.rename(folder)
        except BaseException:
            if old.exists():
                old.rename(folder)
            raise


class _Stopped(Exception):
    """The first failure of a copy: `shutil.copytree` goes on after others, and lists them all."""


def _copy(source: str, target: str) -> str:
    try:
        return str(shutil.copy2(source, target))
    except OSError as error:
        if error.filename2 is not None:  # what failed in between: the source was there
            error = OSError(error.errno, error.strerror, error.filename2)
        raise _Stopped(error) from None


def copy_folder(
    source: Path, target: Path, ignore: Callable[[Any, list[str]], set[str]] | None = None
) -> None:
    """Copy what ``source`` holds into ``target``, up to the first file that cannot be written.

    Parameters
    ----------
    source, target : Path
        Two folders; the second may be there already.
    ignore : callable, optional
        What is left out, as for `shutil.copytree`.

    Raises
    ------
    OSError
        The system's own reason, of that one file.
    """
    try:
        shutil.copytree(source, target, ignore=ignore, copy_function=_copy, dirs_exist_ok=True)
    except _Stopped as stopped:
        raise stopped.args[0] from None


def open_to_all(folder: Path) -> None:
    """Let everyone read a folder and what it holds, whatever this user's habits are."""
    folder.chmod(PUBLIC | 0o111)
    for path in folder.rglob("*"):
        path.chmod(PUBLIC | 0o111 if path.is_dir() else PUBLIC)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write ``path`` so that it holds all of ``data`` or is untouched, whatever happens.

    Parameters
    ----------
    path : Path
        The file; folders on the way are made.
    data : bytes
        What it is to hold.
    mode : int
        Who may read it: by default its owner alone.

    Raises
    ------
    UserError
        If it cannot be written: no right, no room, no such place, or a folder has its name.
    """
    if path.is_dir():
        raise UserError(f"cannot write {path}, which is a folder; name a file")
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from None
        raise


def read_record(path: Path, absent: Any = None) -> Any:
    """Return what a record of ours holds, as JSON; ``absent``, if given, where there is none.

    Raises
    ------
    UserError
        If it is damaged.
    """
    if absent is not None and not path.exists():
        return absent
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        raise UserError(f"{path} is damaged: put a copy of it back, then run this again") from None


def open_plain(path: Path, seen: os.stat_result | None = None) -> IO[bytes]:
    """Open a file in a folder that a stranger can write in, and nothing but a file.

    No link is followed and no pipe is waited for, whatever has been put there since it was seen.

    Parameters
    ----------
    path : Path
        The file.
    seen : os.stat_result, optional
        What it was when it was looked at: no other is opened in its place.

    Raises
    ------
    OSError
        If it is no plain file, or not the one that was seen.
    """
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    file = os.fdopen(os.open(path, os.O_RDONLY | sum(flags)), "rb")
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and (seen is None or os.path.samestat(seen, status)):
        return file
    file.close()
    raise OSError(f"{path} is no plain file, or was exchanged for another meanwhile")


def read_plain(path: Path, limit: int) -> bytes:
    """Return at most ``limit`` bytes of a stranger's file; see :func:`open_plain`."""
    with open_plain(path) as file:
        return file.read(limit)
