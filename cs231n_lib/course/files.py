"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from cs231n_lib.course.errors import UserError


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
        If it cannot be written: no right, no room, no such place.
    """
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
