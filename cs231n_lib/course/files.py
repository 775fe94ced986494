"""Files that are written whole or not at all, and files of strangers, which are only read."""

import os
import stat
import tempfile
from pathlib import Path
from typing import IO

from cs231n_lib.course.errors import UserError

#: The mode of what a web server gives to everyone, and often under another name than its author's.
PUBLIC = 0o644


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
            raise UserError(f"cannot write {path}: {error.strerror or error}") from None
        raise


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
