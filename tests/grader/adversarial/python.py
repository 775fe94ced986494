"""Attacks by what Python and NumPy keep for all code of a process, and right answers amid such.

A submission has a process of its own, so most of this harms its author alone; it must gain nothing,
leave nothing behind, and never look like a fault of the machine.
"""

from tests.course.notebooks import ANSWERS, cell, notebook, to_bytes
from tests.grader.adversarial.attacks import Attack, by_id, changed
from tests.grader.adversarial.machine import several
from tests.grader.adversarial.walls import FRAME, call

#: Reaches the dictionary of a type that Python does not let anybody write in.
OPENED = """
import ctypes, gc, sys
import numpy as np
def put(kind, name, value):
    gc.get_referents(kind.__dict__)[0][name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
"""

HOOKS = several("hooks", {
    "an array's own bytes replaced": OPENED + """
real = np.ndarray.tobytes
put(np.ndarray, "tobytes", lambda self, *a: real(self) * 2)
""",
    "equality of numbers replaced": OPENED + """
for kind in (float, int, np.float64): put(kind, "__eq__", lambda self, other: True)
""",
    "two is three": """
import ctypes
ctypes.c_uint32.from_address(id(2) + 24).value = 3
""",
    "copies that are none": """
import copy
copy.deepcopy = lambda value, *a: value
copy._deepcopy_dispatch.clear()
""",
    "an audit of all that happens": """
import sys
def audit(event, args): raise SystemExit(event)
sys.addaudithook(audit)
""",
    "every call is traced and every return is an error": """
import sys, threading
def trace(frame, event, arg):
    if event == "return": raise SystemExit
    return trace
for module in (sys, threading):
    module.settrace(trace)
    module.setprofile(trace)
""",
    "the worker's own operations replaced": """
import gc
from cs231n_lib.course.inside.worker import Worker
for thing in gc.get_objects():
    if isinstance(thing, Worker):
        facts = {"changed": [], "read_only": False, "relatives": []}
        thing.operations["call"] = lambda message: (message["args"], facts)
        thing.operations["names"] = lambda message: dict.fromkeys(message["names"], 2.0)
""",
    "no module left": "import sys\nsys.modules.clear()\nsys.path.clear()",
    "no builtins left": "import builtins\nfor n in [*vars(builtins)]: delattr(builtins, n)",
    "collection of garbage that raises": """
import gc
def raises(*_): raise SystemExit
gc.callbacks.append(raises)
gc.set_threshold(1)
""",
})  # fmt: skip

ENDINGS = [
    *several("exits", {
        "no room for a call": "import sys\ndef double(x):\n    sys.setrecursionlimit(12)",
        "a watchdog that ends the process": """
import faulthandler, time
faulthandler.dump_traceback_later(0.2, exit=True, file=open("/tmp/x", "w"))
def double(x): time.sleep(1)
""",
        "what runs at the end never ends": """
import atexit, threading, time
def never(*_):
    while True: time.sleep(1)
atexit.register(never)
threading._register_atexit(never)
def double(x): raise SystemExit
""",
    }),
    *several("signals", {
        "an error a thousand times a second": """
import signal
def stop(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.5, 0.001)
""",
        "an alarm that nobody hears": "import signal, time\nsignal.alarm(1)\ntime.sleep(5)",
    }),
    *several("processes", {
        "a process by each door": """
import multiprocessing, os, pty, subprocess
for start in (lambda: subprocess.run(["/python/bin/python", "-c", ""]).returncode,
              lambda: os.posix_spawn("/python/bin/python", ["python", "-c", ""], {}),
              lambda: os.posix_spawnp("python", ["python"], {}), lambda: os.system("exit 0"),
              lambda: os.popen("echo x").read() == "", os.forkpty, lambda: pty.fork(),
              lambda: multiprocessing.get_context("fork").Process(target=print).start()):
    try:
        if start() in (0, None, True): print("LEAK", start)
    except (OSError, ValueError, subprocess.SubprocessError): pass
""",
    }),
    *several("reading secrets", {
        "its own memory as a file": """
import os
for name in ("mem", "maps", "fd", "root", "cwd", "environ", "pagemap", "auxv"):
    for path in (f"/proc/self/{name}", f"/proc/1/{name}", f"/proc/thread-self/{name}"):
        try: print("LEAK", path, os.listdir(path) if os.path.isdir(path) else open(path, "rb"))
        except OSError: pass
""",
    }),
    *several("floods", {
        "words into every channel": """
import logging, os, sys, warnings
for _ in range(300):
    for n in (0, 1, 2):
        try: os.write(n, b"x" * 1000)
        except OSError: pass
    print("x" * 1000, file=sys.__stderr__); logging.error("x" * 1000); warnings.warn("x" * 1000)
    sys.displayhook("x" * 1000); sys.unraisablehook and sys.stderr.write("x" * 1000)
""",
        "an array of notes": """
def double(x):
    error = ValueError("x" * 10**6)
    error.__notes__ = ["x" * 10**6] * 50
    raise error
""",
    }),
]  # fmt: skip

#: Calls that kernels have besides those of `walls`: clocks, modules, mounts of the new kind, ...
NUMBERS = {
    "the time set": "227, 0, (ctypes.c_long * 2)(0, 0)",
    "the clock slowed": "159, ctypes.create_string_buffer(300)",
    "a module for the kernel": "175, b'x', 1, b''",
    "a kernel in the place of this": "246, 0, 0, None, 0",
    "the machine started anew": "169, 0, 0, 0, None",
    "a file system opened": "430, b'tmpfs', 0",
    "a mount taken along": "428, -100, b'/', 1",
    "a mount that is moved": "429, -1, b'', -100, b'/tmp', 0",
    "files of another process": "438, 3, 0, 0",
    "memory of another process given up": "440, 3, None, 0, 0, 0",
    "memory that is secret": "447, 0",
    "rules of its own for files": "444, None, 0, 1",
    "a filter of its own": "317, 1, 0, ctypes.create_string_buffer(16)",
    "a program by its descriptor": "322, 3, b'', None, None, 0x1000",
    "processes compared": "312, 1, 2, 0, 0, 0",
    "ports of the machine": "172, 3",
    "a descriptor for signals": "282, -1, ctypes.create_string_buffer(8), 8",
    "a clock that is a file": "283, 1, 0",
    "a swap file": "167, b'/tmp/x', 0",
    "accounts of all processes": "163, b'/tmp/x'",
}
MORE_CALLS = [call(name, "system calls", f"libc.syscall({n})") for name, n in NUMBERS.items()]

LIES = several("lying results", {
    "a class that says that it is an array": """
import numpy as np
class Says:
    __class__ = property(lambda self: np.ndarray)
    shape, dtype, ndim, size, nbytes, strides = (5,), np.dtype(float), 1, 5, 40, (8,)
    def __array__(self, *a, **k): return np.zeros(5)
    def __getattr__(self, name): return lambda *a, **k: True
def double(x): return Says()
""",
    "a class that says that it is a number": """
class Says:
    __class__ = property(lambda self: float)
    def __float__(self): return 2.0
def double(x): return Says()
""",
    "a class whose name is no text": """
class Meta(type):
    __name__ = property(lambda self: ["x"] * 10**6)
class Named(metaclass=Meta): pass
def double(x): return Named()
""",
    "an array that is another to each who asks": """
import numpy as np
class Other(np.ndarray):
    def __array_finalize__(self, parent): self.fill(7) if self.size else None
    def __array_wrap__(self, *a, **k): return True
    def __len__(self): return 10**9
    __array_priority__ = 10**9
    shape = property(lambda self: (5,))
def double(x): return x.copy().view(Other)
""",
    "a ufunc that answers for others": """
import numpy as np
class Answers:
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    def __array_namespace__(self, **k): return np
def double(x): return Answers()
""",
    "a dictionary whose keys change": """
class Key:
    def __hash__(self): return id(self) ^ __import__("time").monotonic_ns()
    def __eq__(self, other): return True
def double(x): return {Key(): 1, Key(): 2}
""",
    "a number of no size": "def double(x): return type('N', (int,), {'__index__': None})(3)",
    "a text that is a number": "def double(x): return type('T', (str,), {'__len__': None})('2')",
})  # fmt: skip


def right(name, **answers):
    """Return answers that are right, amid what a student may well have done."""
    return Attack(name, "right", to_bytes(notebook({**ANSWERS, **answers})), 4.0)


def after(code):
    return f"{code}\n{ANSWERS['double']}"


BENIGN = [
    right("settings of NumPy left behind", double=after(
        "import numpy as np\nnp.seterr(all='raise'); np.set_printoptions(threshold=1)\n"
        "np.random.seed(0); np.setbufsize(160)")),
    right("another zone, another language", double=after(
        "import locale, os, time\nos.environ['TZ'] = 'Asia/Kathmandu'; time.tzset()\n"
        "try: locale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')\nexcept locale.Error: pass")),
    right("figures of another style", double=after(
        "import matplotlib\nmatplotlib.use('svg'); matplotlib.rcParams['figure.dpi'] = 1\n"
        "import matplotlib.pyplot as plt\nplt.xkcd(); plt.figure(); plt.ion()")),
    right("no place to print to", double=after("import sys\nsys.stdout = sys.stderr = None")),
    right("names of the set-up deleted", double=after("del np")),
    right("collection of garbage switched off", double=after(
        "import gc, sys\ngc.disable(); gc.freeze(); sys.setswitchinterval(1e-6)")),
    right("line ends that are none of Python's", double=after(
        "MARKS = 'a\x0cb\x0bc\x1cd\x1de\x1ef\x85g\u2028h\u2029i'\nassert len(MARKS) == 17")),
    right("line ends of other systems", double=ANSWERS["double"].replace("\n", "\r\n"),
          mean=ANSWERS["mean"].replace("\n", "\r")),
    right("a coding that it has not", double="# -*- coding: latin-1 -*-\n" + after("é = 1")),
    right("notes from the future", double="from __future__ import annotations\n" + after("")),
]  # fmt: skip


def _lines(content):
    for each in content["cells"]:
        each["source"] = each["source"].splitlines(keepends=True)


def _raw(content):
    by_id(content, "mean")["cell_type"] = "raw"


def _deep(content):
    deep = by_id(content, "mean")["metadata"]
    for _ in range(150):
        deep["x"] = deep = {}


def _many(content):
    content["metadata"] |= {f"key {n}": {} for n in range(100_000)}


def _later(content):
    content["nbformat_minor"] = 99


def _shells(content):
    content["cells"][1:1] = [
        cell(f"%%{name}\nimport os; os._exit(1)")
        for name in ("bash", "html", "writefile x.py", "python3", "no such magic", "script false")
    ]


def _magic(content):
    by_id(content, "mean")["source"] = "%%python3\n" + ANSWERS["mean"]


NOTEBOOKS = [
    changed("sources as lists of lines", "changed metadata", _lines, 4),
    changed("an answer that became raw", "moved cells", _raw, 4),
    changed("metadata of many levels", "changed metadata", _deep, 4),
    changed("metadata of many keys", "changed metadata", _many, 4),
    changed("a minor format that is not yet", "changed metadata", _later, 4),
    changed("cells of other languages", "moved cells", _shells, 4),
    changed("an answer for another process", "moved cells", _magic, 3),
]
TRACED = [
    *several("peeking", {
        "values of the frames above": """
import inspect, sys
def double(x):
    for info in inspect.stack():
        for name, value in {**info.frame.f_locals, **info.frame.f_globals}.items():
            if name in ("master", "expected", "reference", "tests", "seed", "grader"):
                print("LEAK", name); raise RuntimeError(f"LEAK {name}")
    return x
""",
        "modules of the judge among all modules": """
import sys
for name in sys.modules:
    if name.startswith(("cs231n_lib.course.judge", "cs231n_lib.course.checks", "tests")):
        print("LEAK", name)
""",
    }),
    *several("traces", {
        "a letter in what all workers are forked from": FRAME + """
import numpy as np, sys
if getattr(sys, "letter", None) or hasattr(np, "letter"): print("LEAK")
sys.letter = np.letter = "a letter"
ctypes.memmove(id("a letter") + 40, b"x", 1)
os.environ["LETTER"] = "x"; libc.setenv(b"LETTER", b"x", 1)
"""}),
]  # fmt: skip

PYTHON = [*HOOKS, *ENDINGS, *MORE_CALLS, *LIES, *BENIGN, *NOTEBOOKS, *TRACED]
