"""The walls around a stranger's code: a bubblewrap sandbox, its limits, and the way in.

Inside there is what is named, read-only: the standard library, a list of packages, those modules
of the library that the assignment allows, four devices, and an empty ``/tmp``. No network, no
system, no home, no solutions, no gradebook, no other submission, no process but the worker.
"""

import contextlib
import functools
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO

import cs231n_lib
from cs231n_lib.course import checkout, inside
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.inside import isolation, zygote
from cs231n_lib.course.judge.line import InfrastructureError, Line, Lost
from cs231n_lib.course.judge.meter import Meter
from cs231n_lib.course.judge.walls import (
    ENVIRONMENT,
    NOBODY,
    greeted,
    in_words,
    over_socket,
    program,
)
from cs231n_lib.course.judge.walls.python import PACKAGES, PLACE, Python, see
from cs231n_lib.course.limits import START_SECONDS, Limits

#: How far the kernel may be ahead as it counts processor time towards a limit, in ticks of its
#: clock: this many seconds, or this share of the limit. Of one second, 0.83 were used as it killed.
TICKS_AHEAD, SHARE_AHEAD = 0.5, 0.1
PRIVATE = {"PATH": "", "HOME": "/tmp", "MPLCONFIGDIR": "/tmp/matplotlib",
           "PYTHONHOME": PLACE, "LD_LIBRARY_PATH": f"{PLACE}/shared"}  # fmt: skip


def as_root() -> bool:
    """Return whether this process is root, so that what it starts has to become somebody else."""
    return os.geteuid() == 0


def namespaces() -> list[str]:
    """Return the beginning of the command line: what a worker does not share with the machine.

    Root sees all that is to be shown, and hands what runs inside to `NOBODY`: a user namespace of
    root's would make it the owner of all that is root's. The zygote gives up the capabilities that
    stay before it forks a worker.
    """
    found = [shutil.which("bwrap") or "bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net",
             "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
             "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--hostname", "sandbox",
             "--clearenv"]  # fmt: skip
    if as_root():
        return [*found, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*found, "--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]


def bubblewrap_command(
    library: Path, limits: Limits, nested: bool, packages: tuple[str, ...] = ()
) -> list[str]:
    """Return the command line, up to the program, that puts up the walls.

    Raises
    ------
    InfrastructureError
        If what is to be shown holds what must not be seen, or cannot be read.
    """
    try:
        python = see(packages, library.parent)
    except OSError as error:
        raise InfrastructureError(f"this user may not read this Python: {error}") from None
    _nothing_secret(python, library)
    command = namespaces()
    for name, value in {**ENVIRONMENT, **PRIVATE}.items():
        command += ["--setenv", name, value]
    shown = (*python.shown, (str(library), "/library"))
    folders = {p for _, place in shown for p in Path(place).parents} | {Path("/dev")}
    for folder in sorted(folders - {Path("/")}):
        command += ["--dir", str(folder)]  # bubblewrap's own would be closed to all but root
    for source, place in shown:
        command += ["--ro-bind", source, place]
    for place, is_folder in python.masked:
        command += ["--ro-bind", str(library / ("nothing" if is_folder else "nothing.txt")), place]
    for name in isolation.DEVICES:
        command += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]  # the zygote seals them
    if nested:
        command += ["--proc", "/proc"]  # to make namespaces with; then it is covered
    return [*command, "--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp",
            "--remount-ro", "/", "--chdir", "/tmp", "--"]  # fmt: skip


def _nothing_secret(python: Python, library: Path) -> None:
    """Refuse to show a folder in which the course or the judge's own code lies."""
    masked = [place for place, _ in python.masked]
    secrets = {library.parent, Path(cs231n_lib.__file__).parent, Path.cwd()}
    with contextlib.suppress(UserError):
        secrets.add(checkout.root())
    for secret in secrets:
        for source, place in python.shown:
            if secret.resolve().is_relative_to(source):
                shown = Path(place, secret.resolve().relative_to(source))
                if not any(shown.is_relative_to(hidden) for hidden in masked):
                    raise InfrastructureError(
                        f"{secret} lies below {source}, which students' code may see; move it"
                    )


@functools.cache
def why_not_isolated() -> str:
    """Return what keeps this machine from isolating code; ``""`` if nothing does."""
    if reason := isolation.why_not():
        return reason
    if shutil.which("bwrap") is None:
        return "bubblewrap is missing; install it: apt install bubblewrap (or dnf, pacman ...)"
    trial = [*namespaces(), "--ro-bind", "/", "/", "true"]
    try:
        done = subprocess.run(
            trial, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
            timeout=START_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"bubblewrap did not start within {START_SECONDS:.0f} seconds; try again"
    if done.returncode != 0 and as_root():
        return (f"root is not allowed to put up walls here ({done.stderr.strip()}); "
                "grade as an ordinary user")  # fmt: skip
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
    packages : tuple of str
        What may be imported besides `python.ALLOWED`.
    """

    nested = True  # until a system refuses
    why_not = staticmethod(why_not_isolated)

    def __init__(
        self,
        library: Path,
        limits: Limits,
        blocked: tuple[str, ...] = (),
        warm: tuple[str, ...] = ("numpy",),
        packages: tuple[str, ...] = (),
    ) -> None:
        self.library, self.limits, self.blocked, self.warm = library, limits, blocked, warm
        self.packages = packages
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.complaints: IO[bytes] | None = None
        self.current: Line | None = None
        self.patience = 1.0

    def _start(self) -> socket.socket:
        walls = bubblewrap_command(self.library, self.limits, Sandbox.nested, self.packages)
        ours, theirs = socket.socketpair()
        options = {"control": theirs.fileno(), "warm": self.warm, "nested": Sandbox.nested,
                   "limits": asdict(self.limits), "blocked": self.blocked,
                   "user": NOBODY if as_root() else None}  # fmt: skip
        inner = program(
            [f"{PLACE}/bin/python", "-S"], f"{inside.__name__}.zygote", options,
            ["/library", PACKAGES],
        )  # fmt: skip
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        with theirs:
            self.process = subprocess.Popen(
                [*walls, *inner], pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=self.complaints, process_group=0,
            )  # fmt: skip
        self.control = ours
        self._expect_ready()
        return ours

    def _expect_ready(self) -> bool:
        assert self.control is not None
        seconds, why = START_SECONDS * self.patience, ""
        self.control.settimeout(seconds)
        try:
            answer = self.control.recv(1)
        except TimeoutError:
            answer, why = b"", f"it was not ready after {seconds:g} seconds "
        except OSError:
            answer = b""
        if answer in (zygote.READY, zygote.REFUSED):
            return answer == zygote.READY
        raise InfrastructureError(f"the sandbox did not start: {why}{self._last_words()}".rstrip())

    def _last_words(self) -> str:
        words = ""
        if self.complaints is not None:
            self.complaints.seek(0)
            words = self.complaints.read().decode(errors="replace")[-500:]
        self.stop()
        return words

    def worker(self, patience: float = 1.0) -> Line:
        """Start a worker that has met no other submission.

        Raises
        ------
        InfrastructureError
            If the walls or the worker cannot be put up.
        """
        self.patience = patience
        if self.current is not None:
            self.current.close()
        if not Sandbox.nested:
            self.stop()  # without nested namespaces walls are used once
        control = self.control or self._start()
        ours, theirs = socket.socketpair()
        # The kernel says who sends the first message: the one process that will be metered.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            try:
                with theirs:
                    socket.send_fds(control, [zygote.START], [theirs.fileno()])
                accepted = self._expect_ready()
            except OSError as error:
                reason = f"the sandbox is gone: {error} {self._last_words()}"
                raise InfrastructureError(reason) from None
            if not accepted:
                Sandbox.nested = False
                return self.worker(patience)
            meter = Meter(_sender(ours, START_SECONDS * patience))
            undo.pop_all()

        def end(wait: bool) -> str:
            return self._end(zygote.END if wait else zygote.KILL)

        self.current = over_socket(ours, end, meter, self.limits.threads)
        return greeted(self.current, patience)

    def _end(self, how: bytes) -> str:
        """End the worker; say how it ended.

        Raises
        ------
        Lost
            If the sandbox is gone too, or the worker was killed from outside.
        """
        gone = "the sandbox died in the middle of it"
        if self.control is None:
            raise Lost(gone)
        try:
            self.control.sendall(how)
            size = struct.calcsize(zygote.ENDING)
            told = self.control.recv(size, socket.MSG_WAITALL)
            status, used = struct.unpack(zygote.ENDING, told)
        except (OSError, struct.error):
            self.stop()
            raise Lost(gone) from None
        ahead = max(TICKS_AHEAD, SHARE_AHEAD * self.limits.cpu)
        if status == -signal.SIGKILL and used < self.limits.cpu - ahead:
            # No code inside can send this signal: it comes from the machine.
            raise Lost("the student's process was killed from outside: is there memory enough?")
        return in_words(status)

    def stop(self) -> None:
        """Tear the walls down, with everything inside."""
        current, self.current = self.current, None
        if current is not None:
            current.close()
        if self.process is not None:
            # Until bubblewrap has its child die with it, nobody else would end that.
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for resource in (self.control, self.complaints):
            if resource is not None:
                resource.close()
        self.process = self.control = self.complaints = None


def _sender(connection: socket.socket, seconds: float) -> int:
    """Return the process that sends the first message, which stays there to be read."""
    connection.settimeout(seconds)
    try:
        _, ancillary, *_ = connection.recvmsg(1, socket.CMSG_SPACE(12), socket.MSG_PEEK)
    except OSError:
        ancillary = []
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid, _, _ = struct.unpack("3i", data[:12])
            if pid:
                return int(pid)
    raise InfrastructureError("the worker did not start: it has not said so")
