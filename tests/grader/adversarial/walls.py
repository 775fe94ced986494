"""Attacks on what stands around the judge: the host, the next submission, the judge's own bounds.

Each is one member of a kind; ``LEAK`` is printed where something was reached that should not be.
"""

from tests.course.notebooks import ANSWERS, notebook, to_bytes
from tests.grader.adversarial.attacks import Attack, broken, hostile

FRAME = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def call(name, kind, expression):
    """Return an attack that makes a system call, which has to be refused."""
    return hostile(
        name, kind,
        f"{FRAME}result = {expression}\nif result != -1: print('LEAK', result)", stock=False,
    )  # fmt: skip


CALLS = [
    call(name, "system calls", f"libc.syscall({numbers})")
    for name, numbers in {
        "a socket to the host's other machines (vsock)": "41, 40, 1, 0",
        "a socket of the kernel's cryptography": "41, 38, 5, 0",
        "a raw socket": "41, 17, 3, 0",
        "a netlink socket": "41, 16, 3, 0",
        "a unix socket": "41, 1, 1, 0",
        "a pair of sockets": "53, 1, 1, 0, (ctypes.c_int * 2)()",
        "a queue of messages": "240, b'x', 0o102, 0o600, None",
        "shared memory": "29, 77, 4096, 0o1777",
        "semaphores": "64, 77, 1, 0o1777",
        "a message queue of old": "68, 77, 0o1777",
        "a key in a keyring": "248, b'user', b'x', b'y', 1, -2",
        "the session's keyring": "250, 0, -3, 1",
        "a file in memory": "319, b'x', 0",
        "asynchronous input": "206, 60000, (ctypes.c_ulong * 1)()",
        "a ring of requests": "425, 8, (ctypes.c_char * 200)()",
        "a watch on files": "253",
        "a watch on all files": "300, 0, 0",
        "a handle on a process": "434, 1, 0",
        "a counter of the processor": "298, (ctypes.c_char * 120)(), 0, -1, -1, 0",
        "a program in the kernel": "321, 0, (ctypes.c_char * 120)(), 120",
        "a page fault handler": "323, 0",
        "a handle on a file": "303, -100, b'/', (ctypes.c_char * 200)(), 0, 0",
        "the kernel's log": "103, 3, (ctypes.c_char * 200)(), 200",
        "another root": "161, b'/tmp'",
        "a mount": "165, b'none', b'/tmp', b'tmpfs', 0, 0",
        "the mount taken away": "166, b'/proc', 2",
        "the system's name": "170, b'x', 1",
        "a new namespace of users": "272, 0x10000000",
        "a place in another namespace": "308, 0, 0",
        "the memory of others": "310, 1, 0, 0, 0, 0, 0",
        "a program in the place of this": "59, b'/python/bin/python', 0, 0",
        "real-time priority": "144, 0, 1, ctypes.byref(ctypes.c_int(50))",
        "a processor of its own": "203, 0, 8, ctypes.byref(ctypes.c_ulong(1))",
        "attributes on a file": "188, b'/tmp', b'user.x', b'y', 1, 0",
        "a nicer value for others": "141, 1, 0, -5",
        "a personality": "135, 0x0040000",
        "pages that all have read given up": "221, os.open(os.__file__, 0), 0, 0, 4",
    }.items()
]

LOCKS = [
    hostile("files read around the system's memory of them", "system calls", """
import fcntl, os
try: os.open(os.__file__, os.O_RDONLY | os.O_DIRECT); print("LEAK")
except OSError: pass
f = os.open(os.__file__, os.O_RDONLY)
try: fcntl.fcntl(f, fcntl.F_SETFL, os.O_DIRECT); print("LEAK")
except OSError: pass
fcntl.fcntl(f, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.fcntl(f, fcntl.F_GETFL))
os.dup2(f, 40)
""", stock=False),
    hostile("a lock on a file that others see", "traces", """
import fcntl, os
path = os.__file__
for lock in (lambda f: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB),
             lambda f: fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB),
             lambda f: fcntl.fcntl(f, 1024, 0)):
    try: lock(open(path)); print("LEAK", lock)
    except OSError: pass
"""),
    *(hostile(f"modes and times of {device}", "traces", f"""
import os
for change in (lambda p: os.chmod(p, 0o600), lambda p: os.utime(p, (1, 1)), os.utime,
               lambda p: os.chown(p, 1, 1)):
    try: change({device!r}); print("LEAK", {device!r})
    except OSError: pass
""", stock=False) for device in ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")),
    hostile("modes and times of open files", "traces", """
import os
for n in range(64):
    for change in (lambda n: os.fchmod(n, 0o600), lambda n: os.utime(n, (1, 1))):
        try:
            mode = os.fstat(n).st_mode
            change(n); print("LEAK", n) if not mode & 0o140000 == 0o140000 else None
        except OSError: pass
""", stock=False),
    hostile("a letter in an open file", "traces", """
import os
for n in range(64):
    try:
        text = os.pread(n, 4000, 0)
        if b"a letter" in text: print("LEAK", n)
        os.pwrite(n, b"a letter", 0)
    except OSError: pass
"""),
    hostile("a letter in a file", "traces", """
import os
for folder in ("/tmp", "/dev", "/dev/shm", "/library", "/python", "/python/packages", "/proc", "/"):
    path = os.path.join(folder, "letter")
    if os.path.exists(path): print("LEAK", path)
    try: open(path, "w").write("x")
    except OSError: pass
"""),
    hostile("a folder left open", "traces", """
import os
for n in range(3, 64):
    try: print("LEAK", os.listdir(n))
    except (OSError, TypeError): pass
"""),
]  # fmt: skip

PLACES = [
    hostile(f"reading {what}", "reading secrets", f"""
import glob, os
for path in {paths!r}:
    found = set(glob.glob(path)) - {{"/tmp/matplotlib"}}  # a list of fonts, the walls' own
    if found: print("LEAK", sorted(found)[:3])
""") for what, paths in {
        "the home of root": ["/root/*", "/home/*/*"],
        "the system": ["/usr/*", "/bin/*", "/etc/*", "/var/*", "/sys/*", "/run/*"],
        "sources of the system": ["/usr/src/*", "/opt/*", "/srv/*", "/mnt/*", "/media/*"],
        "the judge's temporary folder": ["/tmp/*", "/var/tmp/*", "/dev/shm/*"],
        "other packages": ["/python/lib*/python*/site-packages/*",
                           "/python/lib*/python*/dist-packages/*", "/python/packages/nbgrader*",
                           "/python/packages/cs231n*", "/python/packages/scipy*",
                           "/python/packages/torch*", "/python/packages/sklearn*"],
        "bytecode of what is hidden": ["/library/**/__pycache__", "/library/**/neighbors*",
                                       "/library/cs231n_lib/course/checks*"],
        "terminals": ["/dev/pts/*", "/dev/tty*", "/dev/console", "/dev/kmsg", "/dev/vd*"],
        "processes": ["/proc/[0-9]*", "/proc/self", "/proc/mounts", "/proc/cpuinfo"],
    }.items()
]  # fmt: skip

PATHS = [
    hostile(f"importing {module}", "reference", f"""
import sys
sys.meta_path[:] = sys.meta_path[1:]
sys.path += [sys.base_prefix + "/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages",
             "/usr/local/lib/python3.11/site-packages", "/work", "/usr/src/app"]
try: import {module}; print("LEAK", {module}.__file__)
except ImportError: pass
""")
    for module in ("scipy", "torch", "sklearn", "nbgrader", "jax", "cs231n_lib.neighbors",
                   "cs231n_lib.course.checks", "cs231n_lib.course.judge")
]  # fmt: skip

JUDGE = [
    hostile(name, "the judge's bounds", source, stock=False)
    for name, source in {
        "a big result of the wrong shape":
            ("import numpy as np\ndef double(x): return np.zeros(120 * 2**20, np.int8)"),
        "an endless sequence": ("import numpy as np\nclass Endless:\n"
         "    def __len__(self): return 2\n    def __getitem__(self, n): return np.ones(2**20)\n"
         "def double(x): return Endless()"),
        "a sequence of small things without end": ("class Endless:\n"
         "    def __len__(self): return 10**9\n    def __getitem__(self, n): return 1.0\n"
         "def double(x): return Endless()"),
        "a million empty dictionaries": ("def double(x): return [{} for _ in range(10**6)]"),
        "a header of many megabytes": ("def double(x): return 'x' * (100 * 2**20)"),
        "a great many numbers": ("def double(x): return list(range(10**6))"),
        "objects without end": ("class A: pass\ndef double(x): return [A() for _ in range(20000)]"),
        "more output than is kept": ("print('x' * 10**6)"),
        "an output of its own that is not bounded":
            ("import sys\nfrom cs231n_lib.course.inside import worker\n"
         "worker._Output.take = lambda self: 'x' * 10**6"),
        "a message without end": ("def double(x): raise ValueError('x' * 10**8)"),
        "threads with small stacks": ("import threading, time\nthreading.stack_size(32768)\n"
         "try:\n    for _ in range(4000):\n"
         "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
         "    print('LEAK threads')\nexcept RuntimeError: pass"),
        "stopping oneself": ("import os, signal\nfor s in (19, 20, 21, 22):\n"
         "    try: os.kill(os.getpid(), s)\n    except OSError: pass"),
        "killing oneself": ("import os, signal\nfor who in (0, -1, os.getpid()):\n"
         "    try: os.kill(who, 9)\n    except OSError: pass"),
    }.items()
]  # fmt: skip

TOLD = [
    hostile(name, "probing", f"MARK = 'SE' + 'EN'\n{source}", stock=False)
    for name, source in (
        (
            "inputs in the name of an exception",
            "def double(x): raise type(MARK + str(float(x[0])), (Exception,), {})",
        ),
        (
            "inputs in a forged traceback",
            """
import linecache
def double(x):
    text = f"{MARK} {list(x)}\\n"
    linecache.cache["<double>"] = (1, None, [text] * 99, "<double>")
    raise ValueError
""",
        ),
        (
            "inputs in the notes of an exception",
            """
def double(x):
    error = ValueError()
    error.add_note(f"{MARK} {list(x)}")
    raise error
""",
        ),
        (
            "inputs in the cause of an exception",
            "def double(x): raise ValueError from ValueError(f'{MARK} {list(x)}')",
        ),
        ("inputs in the output", "def double(x): print(f'{MARK} {list(x)}'); raise ValueError"),
        (
            "inputs in a later test",
            """
seen = []
def double(x): seen.append(f"{MARK} {list(x)}")
def mean(x): raise ValueError(str(seen))
""",
        ),
    )
]

LIES = [
    hostile(f"{what} in place of numbers", "lying results",
            f"import numpy as np, fractions, decimal, datetime\ndef double(x): return {value}",
            mean=f"def mean(x):\n    import numpy as np, fractions, decimal, datetime\n"
            f"    return {value}")
    for what, value in {
        "text": "'1.0'",
        "an array of text": "np.array(['2.0'] * 5)",
        "dates": "np.zeros(5, 'datetime64[s]')",
        "a structure": "np.zeros(5, [('a', float)])",
        "nothing": "None",
        "a class": "float",
        "a function": "(lambda *a: 1)",
        "a generator": "(v for v in (1.0, 2.0))",
        "a set": "{1.0, 2.0}",
        "bytes": "b'12345'",
        "a module": "np",
        "an iterator": "iter([1.0])",
        "infinities": "np.full(5, np.inf)",
        "a matrix": "np.zeros((2, 2))",
        "an empty array": "np.zeros(0)",
        "no rows": "np.zeros((0, 5))",
        "an empty list": "[]",
        "one number for all": "2.0",
        "a column": "np.full((3, 1), 2.0)",
    }.items()
]  # fmt: skip

TEXT = [
    hostile(name, "text", source, stock=False)
    for name, source in (
        ("lone surrogates in the output", "print('\\ud800')"),
        ("lone surrogates in an exception", "def double(x): raise ValueError('\\ud800')"),
        ("escapes for the terminal", "print('\\x1b]0;owned\\x07\\x1b[2J')"),
        ("marks of hidden tests", "print('### BEGIN HIDDEN TESTS')"),
        ("script in the output", "print('<script>document.title = 1</script>')"),
        ("text that runs backwards", "print('\\u202egnp.exe')"),
    )
]

MADE = [
    Attack("surrogates in the source", "text", to_bytes(notebook({
        **ANSWERS, "double": ANSWERS["double"] + "\n# \ud800"})), 1.0, stock=False),
    Attack("hidden marks in the source", "text", to_bytes(notebook({
        **ANSWERS, "double": ANSWERS["double"] + "\n### BEGIN HIDDEN TESTS"})), 4.0, stock=False),
    Attack("answers of megabytes", "the judge's bounds", to_bytes(notebook({
        **ANSWERS, "double": ANSWERS["double"] + "\n# " + "x" * 3_000_000})), 0.0,
        "student fault", stock=False),
    broken("a list in place of a notebook", b"[]"),
    broken("a number in place of a notebook", b"1e400"),
]  # fmt: skip

MORE = [*CALLS, *LOCKS, *PLACES, *PATHS, *JUDGE, *TOLD, *LIES, *TEXT, *MADE]
