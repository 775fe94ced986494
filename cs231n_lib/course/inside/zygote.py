"""The warm parent inside the sandbox: imports the heavy libraries once, forks a worker for each.

Bubblewrap and NumPy take a fifth of a second to start, a fork takes milliseconds. The parent
never runs a line of a student's; each child gets namespaces, a folder and limits of its own
(`isolation`), a connection that no other process has, and is dead, with all it started, before
the next one begins. Where the system does not allow nested namespaces, the judge starts this
parent anew for every submission, and the one child relies on bubblewrap's walls alone.
"""

import contextlib
import importlib
import json
import os
import shutil
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

from cs231n_lib.course.inside import isolation, worker

#: What judge and zygote say to each other, besides the exit status of a worker.
READY, REFUSED, START, END, KILL = b"r", b"x", b"s", b"e", b"k"
#: How an end is told: exit status, processor seconds.
ENDING = "<id"


def _deaf() -> list[int]:
    """Ignore all signals but the news of a child's end; return which they are.

    Without namespaces of its own a worker sees this process and may send it whatever the filter of
    its system calls lets through. An answer must not be able to make the machine look broken.
    """
    ignored = []
    for number in signal.valid_signals() - {signal.SIGCHLD}:
        with contextlib.suppress(OSError, ValueError):  # two cannot be ignored, some are the C
            signal.signal(number, signal.SIG_IGN)  # library's own
            ignored.append(int(number))
    return ignored


def _hear(ignored: list[int]) -> None:
    """Undo `_deaf`: each signal does what it does in a Python that begins.

    Not what it did here before: where the judge was started, some may have been ignored (``nohup``,
    a shell's ``&``), and that is not the worker's.
    """
    ours: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGPIPE: signal.SIG_IGN,
        signal.SIGXFSZ: signal.SIG_IGN,
    }
    for number in ignored:
        signal.signal(number, ours.get(number, signal.SIG_DFL))


def _child(
    connection: socket.socket, options: dict[str, Any], signals: list[int], nested: bool
) -> NoReturn:
    """Become the worker of one submission; never return."""
    try:
        _hear(signals)
        os.setsid()  # a process group reaches across namespaces: kill(0, 9) would hit the parent
        isolation.close_all_but(connection.fileno())
        if nested:
            isolation.private_folders(options["limits"]["disk"])
        os.chdir("/tmp")
        isolation.drop_capabilities()
        isolation.forbid_dumps()
        isolation.set_limits(options["limits"], own_count=nested)
        isolation.forbid_processes()
        reader, writer = connection.makefile("rb"), connection.makefile("wb")
        worker.run(reader, writer, options["limits"], options["blocked"])
    finally:
        os._exit(70)


def _fork_nested(connection: socket.socket, options: dict[str, Any], signals: list[int]) -> int:
    """Start a worker as the first process of a new pid namespace; return its pid, 0 if refused."""
    read_end, write_end = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            isolation.enter_namespaces()
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            _child(connection, options, signals, nested=True)
        os.write(write_end, str(max(pid, 0)).encode())
        os._exit(0)
    os.close(write_end)
    os.waitpid(middle, 0)
    pid = int(os.read(read_end, 20) or b"0")
    os.close(read_end)
    return pid


def _fork_plain(connection: socket.socket, options: dict[str, Any], signals: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        _child(connection, options, signals, nested=False)
    return pid


def _end(pid: int, patience: float) -> tuple[int, float]:
    """Kill the worker unless it ends by itself within ``patience`` seconds.

    Returns its status, and the processor seconds that it used.
    """
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    # When the first process of a namespace is gone, so are all that it started.
    _, _, usage = os.wait4(pid, 0)
    return 0, usage.ru_utime + usage.ru_stime


def main() -> NoReturn:
    """Warm up, then obey the judge: one worker after the other, each dead before the next."""
    options = json.loads(sys.argv[1])
    control = socket.socket(fileno=options["control"])
    isolation.become_reaper()
    isolation.seal_devices()
    if options["user"] is not None:
        isolation.become_nobody(options["user"])
    isolation.drop_capabilities()
    with contextlib.suppress(OSError):  # a list of fonts, which takes seconds to make
        shutil.copytree("/library/matplotlib", "/tmp/matplotlib")
    for name in options["warm"]:
        with contextlib.suppress(Exception):  # the student's own import will tell
            importlib.import_module(name)
    fork = _fork_nested if options["nested"] else _fork_plain
    signals = _deaf()
    control.sendall(READY)
    pid = 0
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if message == START:
            if pid:
                _end(pid, 0.0)
            with socket.socket(fileno=descriptors[0]) as connection:
                pid = fork(connection, options, signals)
            control.sendall(READY if pid else REFUSED)
        elif message in (END, KILL):
            status, used = _end(pid, 1.0 if message == END else 0.0) if pid else (0, 0.0)
            pid = 0
            control.sendall(struct.pack(ENDING, status, used))
        else:
            os._exit(0)
