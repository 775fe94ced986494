"""One writer at a time in a folder: who comes second waits, as long as it has patience."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import LOCK_SECONDS


@contextlib.contextmanager
def alone(
    folder: Path, patience: float | None = None, waits: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock of ``folder``; the system itself gives it back however the process ends.

    Parameters
    ----------
    folder : Path
        What is written in; it is made if it is missing.
    patience : float, optional
        Seconds; without a bound if infinite.
    waits : callable
        Called once if another process holds the lock.

    Raises
    ------
    UserError
        If another process holds it for longer than ``patience`` seconds, or this system has no
        locks of this kind.
    """
    try:
        import fcntl
    except ImportError:
        raise UserError(
            "a course's folder is written on Linux or a Mac; on Windows, use WSL 2"
        ) from None

    patience = LOCK_SECONDS if patience is None else patience
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + patience
    told = False
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise UserError(
                        f"another command has been writing in {folder.parent} for {patience:g} "
                        "seconds. Wait until it is done, then run this again"
                    ) from None
                if not told:
                    told = True
                    waits()
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)
