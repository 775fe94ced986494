"""A wall of another user: for a container of one submission, in which bubblewrap cannot start.

The student's code is a user that owns nothing. It starts no process, reaches no network, and reads
none of root's closed files. What everybody may read on the machine it may read, so the course has
to lie in a folder that is root's alone; where it does not, these walls are refused. Files that it
leaves in ``/tmp`` stay there: each submission needs a machine of its own.
"""

import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import cs231n_lib
from cs231n_lib.course import inside
from cs231n_lib.course.files import copy_folder
from cs231n_lib.course.inside import isolation
from cs231n_lib.course.judge.line import InfrastructureError, Line
from cs231n_lib.course.judge.meter import Meter
from cs231n_lib.course.judge.walls import ENVIRONMENT, NOBODY, ended, greeted, over_socket, program
from cs231n_lib.course.limits import Limits

#: Tells which of its arguments the user that runs it can read or enter.
_PROBE = """\
import os, sys
print(*(p for p in sys.argv[1:] if os.access(p, os.R_OK) or os.access(p, os.X_OK)), sep="\\n")
"""


@functools.cache
def why_not_another_user() -> str:
    """Return what keeps this machine from running code as another user; ``""`` if nothing."""
    if reason := isolation.why_not():
        return reason
    if os.geteuid() != 0:
        return "only root can run code as another user"
    secrets = [str(Path(cs231n_lib.__file__).parent / "course"), str(Path.cwd())]
    try:
        probe = subprocess.run(
            [sys.executable, "-I", "-c", _PROBE, *secrets], cwd="/", env=ENVIRONMENT,
            capture_output=True, text=True, user=NOBODY, group=NOBODY, extra_groups=[],
        )  # fmt: skip
    except OSError as error:
        return f"the user {NOBODY} cannot run {sys.executable}: {error.strerror}"
    if probe.returncode != 0:
        return f"the user {NOBODY} cannot run {sys.executable}: {probe.stderr.strip()}"
    if probe.stdout.strip():
        open_ones = " and ".join(probe.stdout.split("\n")[:-1])
        return f"students' code could read {open_ones}; close it: chmod 700 on a folder above"
    return ""


class OtherUser:
    """A worker as a process of the user that owns nothing.

    Parameters
    ----------
    library : Path
        From :func:`library.build_library`; a copy of it is shown.
    limits : Limits
        For each worker.
    blocked : tuple of str
        Modules that workers must not import.
    warm : tuple of str
        Not used: there is no parent to keep warm.
    packages : tuple of str
        Not used: all that is installed is there.
    """

    why_not = staticmethod(why_not_another_user)

    def __init__(
        self,
        library: Path,
        limits: Limits,
        blocked: tuple[str, ...] = (),
        warm: tuple[str, ...] = (),
        packages: tuple[str, ...] = (),
    ) -> None:
        self.library, self.limits, self.blocked = library, limits, blocked
        self.current: Line | None = None
        self.folder: Path | None = None

    def _shown(self) -> Path:
        """Return a folder that all may enter, with a copy of the library in it."""
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="cs231n-"))
            self.folder.chmod(0o755)
            copy_folder(self.library, self.folder / "library")
            (self.folder / "library").chmod(0o755)
        return self.folder

    def worker(self, patience: float = 1.0) -> Line:
        """Start a fresh process, in an empty folder of its own.

        Raises
        ------
        InfrastructureError
            If this machine cannot keep it from what is secret, or it does not start.
        """
        if reason := self.why_not():
            raise InfrastructureError(reason)
        if self.current is not None:
            self.current.close()
        shown = self._shown()
        home = Path(tempfile.mkdtemp(prefix="home-", dir=shown))
        os.chown(home, NOBODY, NOBODY)
        ours, theirs = socket.socketpair()
        options = {
            "limits": asdict(self.limits), "blocked": self.blocked, "connection": theirs.fileno()
        }  # fmt: skip
        with theirs:
            process = subprocess.Popen(
                program([sys.executable], f"{inside.__name__}.lone", options,
                        [str(shown / "library")]),
                cwd=home, env={**ENVIRONMENT, "HOME": str(home), "TMPDIR": str(home)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),), user=NOBODY, group=NOBODY, extra_groups=[],
            )  # fmt: skip

        def end(wait: bool) -> str:
            words = ended(process, wait)
            shutil.rmtree(home, ignore_errors=True)
            return words

        self.current = over_socket(ours, end, Meter(process.pid), self.limits.threads)
        return greeted(self.current, patience)

    def stop(self) -> None:
        """End the process and remove what it was shown."""
        if self.current is not None:
            self.current.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.current = self.folder = None
