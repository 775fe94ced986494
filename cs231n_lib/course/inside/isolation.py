"""What a sandboxed process does to itself before it runs a stranger's code (Linux only).

Bubblewrap has already taken away the network, the files and every privilege. This module adds
what has to be done per submission: namespaces and a temporary folder of its own, limits that
cannot be raised again, and a filter of system calls under which no process can be started.

Anybody may ask :func:`why_not`, on Windows too: nothing of Linux is loaded before it is used.
"""

import ctypes
import functools
import os
import platform
import struct
import sys
from typing import Any

from cs231n_lib.course.inside.syscalls import NUMBERS

# clone(2), mount(2), prctl(2)
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
CLONE_THREAD = 0x10000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 22, 38, 36
PR_SET_DUMPABLE = 4
EPERM, ENOSYS = 1, 38
DEVICES = ("null", "zero", "random", "urandom")
#: Flags of clone under which a namespace or a tracer comes along, CLONE_NEW* and CLONE_PTRACE, and
#: CLONE_VFORK: a thread that waits for its child looks like one that waits for a disk.
CLONE_REFUSED = 0x7E020000 | 0x80 | 0x2000 | 0x4000
#: Audit architecture of each machine, and where its numbers stand in `syscalls`.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
#: Numbers from here on are newer than the oldest kernel that is run on: a C library that asks for
#: one takes the older way round when it hears that there is no such call.
NEW = 424
#: Call -> which argument is looked at, and the values that pass.
PASSES = {
    # Duplicates and flags; no locks and no leases, which other judges would see.
    "fcntl": (1, (0, 1, 2, 3, 4, 1030)),
    # Is it a terminal, how wide; how much is there to read; inheritance, blocking.
    "ioctl": (1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # The names of threads and of memory.
    "prctl": (0, (15, 16, 0x53564D41)),
}
#: Call -> which argument holds the flags of a file; of fcntl's, with this command. O_DIRECT is
#: refused: code that only waits for a disk looks as if the machine were to blame (`meter.HELD`).
FLAGS, SET_FLAGS = {"open": 1, "openat": 2, "fcntl": 2}, 4
#: Call -> which arguments have to be 0, in all their 64 bits: one's own limits, to be read alone. A
#: limit set anew would have the kernel send a signal that nobody may send (`UNSEEN`).
ZEROS = {"prlimit64": (0, 2)}
#: Call -> which argument is a signal. Those that no handler sees are refused: what they do has to
#: come from outside, so that the judge can tell who ended or stopped a worker.
SIGNALS = {"kill": 1, "tkill": 1, "tgkill": 2}
UNSEEN = (9, 19, 20, 21, 22)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def why_not() -> str:
    """Return what keeps this machine from walling code off at all; ``""`` if nothing does."""
    if not sys.platform.startswith("linux"):
        return "walls need Linux; grade on a Linux machine (or in WSL 2)"
    if platform.machine() not in _MACHINES:
        return "isolation is known for x86-64 and 64-bit ARM processors only"
    return ""


def _must(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def filter_program() -> bytes:
    """Return the seccomp program: the calls of `syscalls` pass, all others are refused."""
    architecture, column = _MACHINES[platform.machine()]

    def op(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, jump_true, jump_false, k)

    def argument(number: int) -> bytes:  # its lower half, which is all that these calls look at
        return op(0x20, 16 + 8 * number)

    def give(action: int) -> bytes:
        return op(0x06, action)

    def for_call(number: int, *then: bytes) -> list[bytes]:
        return [op(0x15, number, 0, len(then)), *then]

    kill, allow, error = 0x80000000, 0x7FFF0000, 0x00050000

    def without_direct(name: str) -> list[bytes]:
        refused = [op(0x45, os.O_DIRECT, 0, 1), give(error | EPERM)]
        return [argument(FLAGS[name]), *refused] if name in FLAGS else []

    program = [op(0x20, 4), op(0x15, architecture, 1, 0), give(kill), op(0x20, 0)]
    # System calls of the x32 ABI share the architecture and would pass under other numbers.
    program += [op(0x35, 0x40000000, 0, 1), give(kill)]
    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if number is None:
            continue
        if name == "clone3":  # its flags cannot be looked at; the C library falls back to clone
            program += for_call(number, give(error | ENOSYS))
        elif name == "clone":  # a thread is allowed, a process is not
            program += for_call(
                number, argument(0), op(0x45, CLONE_REFUSED, 2, 0), op(0x45, CLONE_THREAD, 0, 1),
                give(allow), give(error | EPERM),
            )  # fmt: skip
        elif name in PASSES:
            which, values = PASSES[name]
            tests = [op(0x15, value, len(values) - n, 0) for n, value in enumerate(values)]
            then = without_direct(name)
            skip = [op(0x15, SET_FLAGS, 0, len(then))] if then else []
            program += for_call(
                number, argument(which), *tests, give(error | EPERM), *skip, *then, give(allow)
            )
        elif name in ZEROS:
            halves = [place + 8 * n for n in ZEROS[name] for place in (16, 20)]
            tests = []
            for left, place in zip(range(len(halves), 0, -1), halves, strict=True):
                tests += [op(0x20, place), op(0x15, 0, 0, 2 * left - 1)]
            program += for_call(number, *tests, give(allow), give(error | EPERM))
        elif name in SIGNALS:
            tests = [op(0x15, value, len(UNSEEN) - n, 0) for n, value in enumerate(UNSEEN)]
            program += for_call(
                number, argument(SIGNALS[name]), *tests, give(allow), give(error | EPERM)
            )
        else:
            program += for_call(number, *without_direct(name), give(allow))
    program += [op(0x35, NEW, 0, 1), give(error | ENOSYS)]
    return b"".join([*program, give(error | EPERM)])


def forbid_processes() -> None:
    """Install :func:`filter_program` for this process and all its threads to come, for good."""
    code = filter_program()
    memory = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(memory))
    _must(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _must(_libc().prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(program), 0, 0), "seccomp")


def seal_devices() -> None:
    """Give the devices read-only mounts: they can be used, and nothing about them changed.

    In a container its own devices are mounted so that nothing in them runs as a program; whoever
    mounts them once more may take no such limit away, so that it is always asked for.
    """
    for name in DEVICES:
        flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC
        _must(_libc().mount(None, f"/dev/{name}".encode(), None, flags, None), f"/dev/{name}")


def become_nobody(uid: int) -> None:
    """Turn root into the user ``uid``, for good, with no group and no privilege left."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The kernel takes it away from who changes users; without it the process may not map itself.
    _must(_libc().prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")


def close_all_but(connection: int) -> None:
    """Open the three standard streams anew, inside the walls, and close all but ``connection``."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.closerange(3, connection)
    os.closerange(connection + 1, 65536)


def become_reaper() -> None:
    """Let orphans of this process's children become its own children."""
    _must(_libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")


def enter_namespaces() -> None:
    """Leave the user, mount and IPC namespaces; the next child is the first of its own pids.

    Raises
    ------
    OSError
        If this system does not allow nested user namespaces.
    """
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID
    _must(_libc().unshare(flags), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                       ("gid_map", f"{gid} {gid} 1")):  # fmt: skip
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def private_folders(disk: int) -> None:
    """Put an empty ``/tmp`` of at most ``disk`` bytes over the old one and hide ``/proc``."""
    _must(_libc().mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
    options = f"size={disk},nr_inodes=10000,mode=0700".encode()
    _must(_libc().mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options), "/tmp")
    hide = MS_NOSUID | MS_NODEV | MS_RDONLY
    _must(_libc().mount(b"tmpfs", b"/proc", b"tmpfs", hide, b"size=4096"), "/proc")


def drop_capabilities() -> None:
    """Give up every capability, in this namespace too."""
    header = struct.pack("<Ii", 0x20080522, 0)
    _must(_libc().capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))), "capset")


def forbid_dumps() -> None:
    """Have no core of this process written, for good.

    Where a program of the machine's takes cores in, a limit of 0 on their size does not count, and
    what a crash leaves behind would be as large as the process.
    """
    _must(_libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "no dumps")


def set_limits(limits: dict[str, Any], own_count: bool) -> None:
    """Set ``limits`` (see `course.limits`) so that they cannot be raised again.

    Threads are counted by user and user namespace, so only in a namespace of its own is the
    count the worker's own; elsewhere the judge counts them from outside.
    """
    import resource

    threads = [(resource.RLIMIT_NPROC, limits["threads"])] if own_count else []
    for name, value in (
        *threads,
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(name, (value, value))
