"""The walls around a stranger's code: a bubblewrap sandbox, its limits, and the way in.

Inside there is a read-only system, this Python with its packages, those modules of the library
that the assignment allows, and an empty ``/tmp``: no network, no home, no solutions, no
gradebook, no other submission, no process but the worker.
"""

import contextlib
import functools
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from cs231n_lib.course import inside
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.limits import START_SECONDS, Limits
from cs231n_lib.course.judge.line import InfrastructureError, Line, WorkerError
from cs231n_lib.course.judge.walls import ENVIRONMENT, in_words, program

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/alternatives",
          "/etc/ld.so.cache", "/etc/localtime")  # fmt: skip
PRIVATE = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "MPLCONFIGDIR": "/tmp/matplotlib"}


def bubblewrap_command(library: Path, blocked: tuple[str, ...], limits: Limits) -> list[str]:
    """Return the command line, up to the program, that puts up the walls."""
    command = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-all",
               "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid", "65534",
               "--gid", "65534", "--hostname", "sandbox", "--clearenv"]  # fmt: skip
    for name, value in {**ENVIRONMENT, **PRIVATE}.items():
        command += ["--setenv", name, value]
    for path in SYSTEM:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            command += ["--ro-bind", path, path]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not prefix.startswith("/usr"):
            command += ["--ro-bind", prefix, shown_at(prefix)]
    for found in _installed(blocked):
        place = shown_at(str(found))
        command += ["--tmpfs", place] if found.is_dir() else ["--ro-bind", os.devnull, place]
    return [*command, "--ro-bind", str(library), "/library", "--proc", "/proc", "--dev", "/dev",
            "--size", str(limits.disk), "--tmpfs", "/tmp", "--remount-ro", "/dev",
            "--remount-ro", "/", "--chdir", "/tmp", "--"]  # fmt: skip


def shown_at(path: str) -> str:
    """Return where the sandbox shows a path of this environment.

    It is the same path, except for an environment below ``/tmp``, which the sandbox's own empty
    ``/tmp`` would hide.
    """
    if Path(sys.prefix).is_relative_to("/tmp") and Path(path).is_relative_to(sys.prefix):
        return str("/environment" / Path(path).relative_to(sys.prefix))
    return path


def _installed(names: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files and folders of blocked packages that are installed beside this one."""
    folders = {Path(p) for p in sys.path if p.endswith("site-packages")}
    for folder in folders:
        for name in names:
            path = Path(folder, *name.split("."))
            if path.is_dir():
                yield path
            elif path.with_suffix(".py").is_file():
                yield path.with_suffix(".py")


@functools.cache
def why_not_isolated() -> str:
    """Return what keeps this machine from isolating code; ``""`` if nothing does."""
    from importlib.util import find_spec

    if not sys.platform.startswith("linux") or find_spec("resource") is None:
        return "isolation needs Linux; grade on a Linux machine (or in WSL 2)"
    from cs231n_lib.course.inside import isolation

    if not isolation.supported():
        return "isolation is known for x86-64 and 64-bit ARM processors only"
    if shutil.which("bwrap") is None:
        return "bubblewrap is missing; install it: apt install bubblewrap (or dnf, pacman ...)"
    trial = ["bwrap", "--unshare-user", "--unshare-all", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(trial, capture_output=True, text=True)
    if done.returncode != 0:
        return f"bubblewrap cannot start here ({done.stderr.strip()}); see its troubleshooting"
    return ""


def require_isolation() -> None:
    """Raise `UserError` with the remedy where code cannot be isolated."""
    reason = why_not_isolated()
    if reason:
        raise UserError(
            f"{reason}.\nTo run the students' code with nothing between it and your files, "
            "give --unsafe by name."
        )


class Sandbox:
    """One set of walls with a warm parent inside; :meth:`worker` starts a fresh process in it.

    Parameters
    ----------
    library : Path
        From :func:`build_library`.
    limits : Limits
        For each worker.
    blocked : tuple of str
        Modules that workers must not import.
    warm : tuple of str
        Modules to import once for all.
    """

    nested = True  # until a system refuses

    def __init__(
        self,
        library: Path,
        limits: Limits,
        blocked: tuple[str, ...] = (),
        warm: tuple[str, ...] = ("numpy",),
    ) -> None:
        self.library, self.limits, self.blocked, self.warm = library, limits, blocked, warm
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.complaints: IO[bytes] | None = None
        self.current: Line | None = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        options = {"control": theirs.fileno(), "warm": self.warm, "nested": Sandbox.nested,
                   "limits": asdict(self.limits), "blocked": self.blocked}  # fmt: skip
        interpreter, *rest = program(f"{inside.__name__}.zygote", options, "/library")
        walls = bubblewrap_command(self.library, self.blocked, self.limits)
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        with theirs:
            self.process = subprocess.Popen(
                [*walls, shown_at(interpreter), *rest],
                pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=self.complaints,
            )  # fmt: skip
        ours.settimeout(START_SECONDS)
        self.control = ours
        self._expect_ready()
        return ours

    def _expect_ready(self) -> bool:
        assert self.control is not None
        try:
            answer = self.control.recv(1)
        except OSError:
            answer = b""
        if answer in (b"r", b"x"):
            return answer == b"r"
        raise InfrastructureError(f"the sandbox did not start: {self._last_words()}")

    def _last_words(self) -> str:
        words = ""
        if self.complaints is not None:
            self.complaints.seek(0)
            words = self.complaints.read().decode(errors="replace")[-500:]
        self.stop()
        return words

    def worker(self) -> Line:
        """Start a worker that has met no other submission.

        Raises
        ------
        InfrastructureError
            If the walls or the worker cannot be put up.
        """
        if self.current is not None:
            self.current.close()
        if not Sandbox.nested:
            self.stop()  # without nested namespaces walls are used once
        control = self.control or self._start()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(control, [b"s"], [theirs.fileno()])
            accepted = self._expect_ready()
        except OSError as error:
            reason = f"the sandbox is gone: {error} {self._last_words()}"
            raise InfrastructureError(reason) from None
        if not accepted:
            Sandbox.nested = False
            ours.close()
            return self.worker()
        reader, writer = ours.makefile("rb"), ours.makefile("wb")

        def cut() -> None:
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)

        def end(wait: bool) -> str:
            cut()
            ours.close()
            how = self._end(b"e" if wait else b"k")
            worker.lost = how is None
            return how or ""

        self.current = worker = Line(reader, writer, cut, end)
        try:
            worker.exchange(None, START_SECONDS)
        except WorkerError as error:
            raise InfrastructureError(f"the worker did not start: {error}") from None
        return worker

    def _end(self, how: bytes) -> str | None:
        """End the worker; say how it ended, or None if the sandbox is gone too."""
        if self.control is None:
            return None
        try:
            self.control.sendall(how)
            (status,) = struct.unpack("<i", self.control.recv(4, socket.MSG_WAITALL))
        except (OSError, struct.error):
            self.stop()
            return None
        return in_words(status)

    def stop(self) -> None:
        """Tear the walls down, with everything inside."""
        current, self.current = self.current, None
        if current is not None:
            current.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for resource in (self.control, self.complaints):
            if resource is not None:
                resource.close()
        self.process = self.control = self.complaints = None
