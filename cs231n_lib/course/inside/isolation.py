"""What a sandboxed process does to itself before it runs a stranger's code (Linux only).

Bubblewrap has already taken away the network, the files and every privilege. This module adds
what has to be done per submission: namespaces and a temporary folder of its own, limits that
cannot be raised again, and a filter of system calls under which no process can be started.
"""

import ctypes
import os
import platform
import resource
import struct
from typing import Any

# clone(2), mount(2), prctl(2)
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
CLONE_THREAD = 0x10000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 1, 2, 4, 0x4000, 0x40000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 22, 38, 36
EPERM, ENOSYS = 1, 38
#: Audit architecture, number of clone, of clone3, and the calls to refuse, for each machine.
_MACHINES: dict[str, tuple[int, int, int, dict[str, int]]] = {
    "x86_64": (0xC000003E, 56, 435, {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "unshare": 272, "setns": 308,
        "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "move_mount": 429,
        "fsopen": 430, "open_tree": 428, "mount_setattr": 442, "bpf": 321,
        "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250, "add_key": 248,
        "request_key": 249, "io_uring_setup": 425, "memfd_create": 319, "memfd_secret": 447,
        "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "kexec_load": 246,
        "init_module": 175, "finit_module": 313, "name_to_handle_at": 303,
    }),
    "aarch64": (0xC00000B7, 220, 435, {
        "execve": 221, "execveat": 281, "ptrace": 117, "process_vm_readv": 270,
        "process_vm_writev": 271, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39,
        "pivot_root": 41, "chroot": 51, "move_mount": 429, "fsopen": 430, "open_tree": 428,
        "mount_setattr": 442, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "keyctl": 219, "add_key": 217, "request_key": 218, "io_uring_setup": 425,
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "semget": 190, "msgget": 186,
        "mq_open": 180, "kexec_load": 104, "init_module": 105, "finit_module": 273,
        "name_to_handle_at": 264,
    }),
}  # fmt: skip
_libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Return whether the filter of system calls is known for this machine."""
    return platform.machine() in _MACHINES


def _must(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def filter_program() -> bytes:
    """Return the seccomp program: refuse new processes, programs and doors out of the sandbox."""
    architecture, clone, clone3, refused = _MACHINES[platform.machine()]

    def op(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, jump_true, jump_false, k)

    def load(offset: int) -> bytes:
        return op(0x20, offset)

    def give(action: int) -> bytes:
        return op(0x06, action)

    def equals(k: int, *, skip_unless: int) -> bytes:
        return op(0x15, k, 0, skip_unless)

    kill, allow, error = 0x80000000, 0x7FFF0000, 0x00050000
    program = [load(4), op(0x15, architecture, 1, 0), give(kill), load(0)]
    # System calls of the x32 ABI share the architecture and would pass under other numbers.
    program += [op(0x35, 0x40000000, 0, 1), give(kill)]
    program += [equals(clone3, skip_unless=1), give(error | ENOSYS)]
    # A thread is allowed, a process is not: look at the flags of clone.
    program += [
        equals(clone, skip_unless=4),
        load(16),
        op(0x45, CLONE_THREAD, 0, 1),
        give(allow),
        give(error | EPERM),
    ]
    for number in refused.values():
        program += [equals(number, skip_unless=1), give(error | EPERM)]
    return b"".join([*program, give(allow)])


def forbid_processes() -> None:
    """Install :func:`filter_program` for this process and all its threads to come, for good."""
    code = filter_program()
    memory = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(memory))
    _must(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _must(_libc.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(program), 0, 0), "seccomp")


def become_reaper() -> None:
    """Let orphans of this process's children become its own children."""
    _must(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")


def enter_namespaces() -> None:
    """Leave the user, mount and IPC namespaces; the next child is the first of its own pids.

    Raises
    ------
    OSError
        If this system does not allow nested user namespaces.
    """
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID
    _must(_libc.unshare(flags), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                       ("gid_map", f"{gid} {gid} 1")):  # fmt: skip
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def private_folders(disk: int) -> None:
    """Put an empty ``/tmp`` of at most ``disk`` bytes over the old one and hide ``/proc``."""
    _must(_libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
    options = f"size={disk},nr_inodes=10000,mode=0700".encode()
    _must(_libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options), "/tmp")
    hide = MS_NOSUID | MS_NODEV | MS_RDONLY
    _must(_libc.mount(b"tmpfs", b"/proc", b"tmpfs", hide, b"size=4096"), "/proc")


def drop_capabilities() -> None:
    """Give up every capability, in this namespace too."""
    header = struct.pack("<Ii", 0x20080522, 0)
    _must(_libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))), "capset")


def set_limits(limits: dict[str, Any]) -> None:
    """Set the limits of ``limits`` (see `sandbox.Limits`) so that they cannot be raised again."""
    for name, value in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(name, (value, value))
