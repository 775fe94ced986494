"""The submissions: each tries to get points, secrets or harm done, or is broken by accident.

An attack gives no right answer, so it deserves nothing; where one part of a submission is right
or merely odd, the points that it deserves are stated. ``CANARY`` in a source stands for a folder
outside the sandbox with a solution, a gradebook and another student's notebook in it; what is
printed or raised after ``LEAK`` has been read where nothing should be readable.
"""

import json
import zlib
from dataclasses import dataclass

from tests.course.notebooks import ANSWERS, STUB, cell, notebook, to_bytes

WRONG = {"double": "def double(x):\n    return x", "mean": "def mean(x):\n    return 0.0"}
GRADED, FAULT = "graded", "student fault"


@dataclass(frozen=True)
class Attack:
    """A submission with its deserts.

    ``stock`` is false where stock nbgrader would be harmed, or where there is nothing to compare.
    """

    name: str
    kind: str
    data: bytes
    score: float = 0.0
    outcome: str = GRADED
    stock: bool = True
    assignment: str = "tiny"


def hostile(name, kind, source, score=0.0, stock=True, mean=WRONG["mean"]):
    """Return an attack whose code stands in the first answer cell."""
    if "def double" not in source:
        source = f"{source}\n{WRONG['double']}"
    return Attack(
        name, kind, to_bytes(notebook({"double": source, "mean": mean})), score, GRADED, stock
    )


def reading(name, what):
    """Return an attack that reads a file and prints it."""
    return hostile(
        name,
        "reading secrets",
        f"""
try:
    print("LEAK", open({what!r}, "rb").read()[:200])
except OSError as error:
    print("no:", error)
""",
    )


def changed(name, kind, change, score, outcome=GRADED, answers=ANSWERS):
    """Return a notebook that ``change`` has been at."""
    content = notebook(answers)
    return Attack(name, kind, to_bytes(change(content) or content), score, outcome)


def broken(name, data, kind="no notebook"):
    return Attack(name, kind, data, 0.0, FAULT)


def by_id(content, name):
    return next(
        c for c in content["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


COMPARISONS = [
    hostile("numpy functions patched", "patched comparisons", """
import numpy as np, numpy.testing
for name in ("all", "any", "allclose", "array_equal", "abs"):
    setattr(np, name, lambda *a, **k: True)
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
"""),
    hostile("builtins patched", "patched comparisons", """
import builtins
builtins.abs = lambda x: 0
builtins.bool = lambda x=0: True
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
"""),
    hostile("checking module patched", "patched comparisons", """
try:
    from cs231n_lib.course import checks
    checks.require = lambda *a, **k: None
    checks.CheckFailed = type("Never", (Exception,), {})
except ImportError:
    pass
"""),
    hostile("fake checking module", "patched comparisons", """
import sys, types
fake = types.ModuleType("checks")
fake.require = lambda *a, **k: None
fake.call = lambda f, *a: 2
sys.modules["cs231n_lib.course.checks"] = fake
import cs231n_lib.course
cs231n_lib.course.checks = fake
checks = fake
"""),
    hostile("names of the tests taken", "patched comparisons", """
class np:
    all = any = ones = staticmethod(lambda *a, **k: True)
class checks:
    require = call = observe = rng = staticmethod(lambda *a, **k: True)
"""),
    hostile("generator of random numbers patched", "patched comparisons", """
import numpy as np
class Fixed:
    def normal(self, *a, size=None, **k): return np.zeros(size)
np.random.default_rng = lambda *a, **k: Fixed()
"""),
    hostile("object equal to everything", "lying results", """
class Yes:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __bool__ = lambda self, *a: True
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __abs__(self): return 0
    def all(self): return True
    def __array__(self, *a, **k): raise RuntimeError
def double(x): return Yes()
""", mean="def mean(x):\n    return Yes()"),
    hostile("array that lies about equality", "lying results", """
import numpy as np
class Liar(np.ndarray):
    def __eq__(self, other): return np.ones(5, bool)
    def __array_ufunc__(self, *a, **k): return np.ones(5, bool)
    def __array_function__(self, *a, **k): return True
def double(x): return x.view(Liar)
"""),
    hostile("object that lies about shape and dtype", "lying results", """
import numpy as np
class Fake:
    shape, dtype, ndim, size = (5,), np.dtype(float), 1, 5
    def __array__(self, *a, **k): return np.zeros(5)
    def __len__(self): return 5
def double(x): return Fake()
"""),
    hostile("forged handles", "lying results", """
from cs231n_lib.course.inside.protocol import Handle, Callback
def double(x): return Handle(10**9, "int") if x.sum() else Callback(0)
"""),
    hostile("exception that cannot be printed", "lying results", """
class Evil(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def double(x): raise Evil
"""),
]  # fmt: skip

PEEKING = [
    hostile("frames above", "peeking", """
import sys
def double(x):
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if callable(getattr(value, "normal", None)) or "SEC" + "RET" in repr(value)[:200]:
                raise RuntimeError(f"LEAK {frame.f_code.co_filename}")
        frame = frame.f_back
    return x
"""),
    hostile("garbage collector", "peeking", """
import gc
def double(x):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "tests" in thing and "master" in thing:
            raise RuntimeError(f"LEAK {list(thing)}")
    return x
"""),
    hostile("traceback of the caller", "peeking", """
import traceback
def double(x):
    text = "".join(traceback.format_stack())
    if "HIDDEN" in text or "<test" in text: raise RuntimeError(f"LEAK {text}")
    return x
"""),
    hostile("other modules of the course", "peeking", """
import importlib
for name in ("checks", "checks.a1", "judge", "judge.store", "assignment.master", "classroom"):
    try:
        importlib.import_module(f"cs231n_lib.course.{name}")
        print("LEAK", name)
    except ImportError: pass
"""),
    reading("a solution", "CANARY/solutions/tiny/tiny.ipynb"),
    reading("the gradebook", "CANARY/.nbgrader/gradebook.db"),
    reading("another submission", "CANARY/.nbgrader/submitted/anne/tiny/tiny.ipynb"),
    reading("the password file", "/etc/passwd"),
    hostile("environment of the judge", "reading secrets", """
import os
if "CS231N_CANARY" in os.environ: print("LEAK", os.environ["CS231N_CANARY"])
"""),
    hostile("parent processes", "reading secrets", """
import glob
for path in glob.glob("/proc/[0-9]*/*"):
    if path.rpartition("/")[2] in ("environ", "cmdline", "maps"):
        try: print("LEAK", path, open(path, "rb").read(300))
        except OSError: pass
"""),
    hostile("memory of the parent", "reading secrets", """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in range(1, 50):
    if pid != os.getpid() and libc.ptrace(16, pid, 0, 0) == 0: print("LEAK", pid)
"""),
]  # fmt: skip

WRITING = [
    hostile("writing a solution", "writing", """
for path in ("CANARY/solutions/tiny/tiny.ipynb", "CANARY/new", "/tmp/../CANARY/x"):
    try: open(path, "w").write("mine")
    except OSError: pass
"""),
    hostile("writing the gradebook", "writing", """
import sqlite3
try:
    db = sqlite3.connect("CANARY/.nbgrader/gradebook.db")
    db.execute("create table mine (x)"); db.commit()
except sqlite3.Error: pass
"""),
    hostile("start-up files", "persistence", """
import os, site, sys
for path in (os.path.expanduser("~/.ipython/profile_default/startup/x.py"),
             os.path.expanduser("~/.local/lib/python3.11/site-packages/sitecustomize.py"),
             sys.prefix + "/lib/python3.11/site-packages/x.pth", "/tmp/sitecustomize.py"):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").write("import builtins; builtins.bool = lambda x: True")
    except OSError: pass
"""),
    hostile("library code changed on disk", "persistence", """
import numpy, cs231n_lib
for module in (numpy, cs231n_lib):
    try: open(module.__file__, "a").write("\\nall = lambda *a: True\\n")
    except OSError: pass
"""),
    hostile("input transformers", "hooks", """
shell = get_ipython()
shell.input_transformers_post = [lambda lines: ["pass"]]
try: shell.ast_transformers.append(None)
except AttributeError: pass
"""),
    hostile("import hooks", "hooks", """
import sys
class Hook:
    def find_spec(self, name, path=None, target=None):
        if "checks" in name: raise SystemExit
sys.meta_path.insert(0, Hook())
sys.modules.pop("numpy.random", None)
"""),
    hostile("protocol patched in its own process", "hooks", """
from cs231n_lib.course.inside import metering, protocol, worker
protocol.encode = lambda m: b"x" * 100
metering.observe = lambda *a: (None, {"changed": [], "read_only": "maybe"})
worker.Worker.call = lambda self, m: {"passed": True, "score": 100}
"""),
    hostile("network", "network", """
import socket
for host in ("1.1.1.1", "127.0.0.1"):
    for port in (53, 80, 8888):
        try:
            socket.create_connection((host, port), 1).sendall(b"x"); print("LEAK", host, port)
        except OSError: pass
"""),
]  # fmt: skip

HARM = [
    hostile("orphan process", "processes", """
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(3600)
        os._exit(0)
except OSError: pass
""", stock=False),
    hostile("fork bomb", "processes", """
import os
while True:
    try: os.fork()
    except OSError: break
""", stock=False),
    hostile("thread flood", "processes", """
import threading, time
try:
    for _ in range(5000): threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
except Exception: pass
""", stock=False),
    hostile("memory flood", "floods", """
import numpy as np
x = [np.ones(10**7) for _ in range(10**4)]
""", stock=False),
    hostile("disk flood", "floods", """
try:
    for n in range(10**6): open(f"/tmp/{n}", "wb").write(bytes(10**7))
except OSError: pass
""", stock=False),
    hostile("file descriptor flood", "floods", """
files = []
try:
    while True: files.append(open("/dev/null"))
except OSError: pass
""", stock=False),
    hostile("output flood", "floods", "for _ in range(10**5): print('x' * 1000)", stock=False),
    hostile("signals to everybody", "signals", """
import os, signal
for pid in (os.getppid(), 1, 2, 3, -1):
    try:
        if pid != os.getpid(): os.kill(pid, signal.SIGTERM); os.kill(pid, signal.SIGKILL)
    except OSError: pass
""", stock=False),
    hostile("endless loop in a call", "time", "def double(x):\n    while True: pass"),
    hostile("endless loop in a cell", "time", "while True: pass"),
    hostile("endless loop that catches everything", "time", """
import signal
def double(x):
    for s in range(1, 65):
        try: signal.signal(s, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True:
        try:
            while True: pass
        except BaseException: pass
"""),
    hostile("sleep", "time", "import time\ntime.sleep(3600)"),
    hostile("slow calls", "time", "import time\ndef double(x):\n    time.sleep(1.2)\n    return x"),
    hostile("os._exit in a cell", "exits", "import os\nos._exit(0)"),
    hostile("os._exit in a call", "exits", "import os\ndef double(x):\n    os._exit(0)"),
    hostile("sys.exit", "exits", "import sys\ndef double(x):\n    sys.exit(0)"),
    hostile("segmentation fault", "exits", """
import ctypes
def double(x): ctypes.string_at(0)
"""),
    hostile("stack overflow", "exits", """
import sys
sys.setrecursionlimit(10**9)
def double(x): return double(x)
"""),
    hostile("abort while exiting", "exits", """
import atexit, os
atexit.register(os.abort)
def double(x): raise KeyboardInterrupt
"""),
]  # fmt: skip

PROTOCOL = [
    hostile("nonsense in every open file", "protocol", """
import os
def double(x):
    for n in range(64):
        try: os.write(n, b"\\xff" * 100)
        except OSError: pass
    return x
"""),
    hostile("forged replies in advance", "protocol", """
import os
from cs231n_lib.course.inside import protocol
frame = protocol.encode({"ok": (True, {"changed": [], "read_only": False}), "output": ""})
def double(x):
    for n in range(3, 64):
        try: os.write(n, frame * 10)
        except OSError: pass
    return x
"""),
    hostile("a frame of many gigabytes", "protocol", """
import os, struct
def double(x):
    for n in range(3, 64):
        try: os.write(n, struct.pack("<QQ", 2**40, 2**40))
        except OSError: pass
"""),
    hostile("an array of terabytes", "protocol", """
import numpy as np
def double(x): return np.broadcast_to(np.float64(2), (2**40,))
"""),
    hostile("an array of objects", "protocol", """
import numpy as np
class Yes:
    def __eq__(self, o): return True
def double(x): return np.array([Yes()] * len(x), dtype=object)
"""),
    hostile("nesting without end", "protocol", """
def double(x):
    a = []
    a.append(a)
    return a
"""),
    hostile("NaN in place of numbers", "protocol", """
import numpy as np
def double(x): return np.full_like(x, np.nan)
""", mean="def mean(x):\n    return float('nan')"),
    hostile("inputs smuggled out in messages", "probing", """
def double(x): raise ValueError(repr(list(x)))
"""),
    hostile("inputs of a former run learnt by heart", "probing", """
import numpy as np
ANSWERS = {0.1: 1.0}
def double(x): return ANSWERS.get(float(x[0]), x)
"""),
    hostile("reference imported", "reference", """
from cs231n_lib.neighbors import nearest
""", mean="def mean(x):\n    import torch\n    return torch.tensor(x).mean().item()"),
    hostile("reference loaded past the import system", "reference", """
import glob
found = glob.glob("/**/neighbors*.p*", recursive=True)
if found: print("LEAK", found)
"""),
]  # fmt: skip


def _delete(content):
    content["cells"].remove(by_id(content, "mean"))


def _delete_test(content):
    content["cells"].remove(by_id(content, "mean-random"))


def _duplicate(content):
    content["cells"].append(dict(by_id(content, "mean")))


def _duplicate_test(content):
    content["cells"].append({**by_id(content, "mean-random"), "source": "pass"})


def _reverse(content):
    content["cells"].reverse()


def _retype(content):
    by_id(content, "mean")["cell_type"] = "markdown"


def _more_points(content):
    for c in content["cells"]:
        c["metadata"].get("nbgrader", {}).update(points=1000)


def _own_tests(content):
    for c in content["cells"]:
        if c["metadata"].get("nbgrader", {}).get("grade"):
            c["source"] = "1000"
            c["metadata"]["nbgrader"]["solution"] = True


def _other_kernel(content):
    content["metadata"]["kernelspec"] = {"name": "bash", "display_name": "x", "language": "bash"}


def _own_settings(content):
    content["metadata"]["cs231n"] = {"limits": {"wall": 10**9}, "allow": ["cs231n_lib.neighbors"]}


def _forged(content):
    for c in content["cells"]:
        if c["cell_type"] == "code":
            c["execution_count"] = 1
            c["outputs"] = [{"output_type": "execute_result", "execution_count": 1,
                             "metadata": {}, "data": {"text/plain": "1000"}}]  # fmt: skip


def _hostile_ids(content):
    by_id(content, "mean")["metadata"]["nbgrader"]["grade_id"] = "../../../etc/mean"


NOTEBOOKS = [
    changed("forged outputs", "forged outputs", _forged, 0, answers=WRONG),
    changed("deleted answer", "moved cells", _delete, 3),
    changed("deleted test", "moved cells", _delete_test, 4),
    changed("duplicated answer", "moved cells", _duplicate, 4),
    changed("duplicated test", "moved cells", _duplicate_test, 4),
    changed("cells in reverse order", "moved cells", _reverse, 4),
    changed("answer turned into text", "moved cells", _retype, 4),
    changed("more points", "changed metadata", _more_points, 0, answers=WRONG),
    changed("tests replaced", "changed metadata", _own_tests, 0, answers=WRONG),
    changed("another kernel", "changed metadata", _other_kernel, 4),
    changed("limits of its own", "changed metadata", _own_settings, 0, answers=WRONG),
    changed("a path for a name", "changed metadata", _hostile_ids, 4),
    changed("never touched", "unsolved", lambda content: None, 0, answers=STUB),
    changed("right answers", "right", lambda content: None, 4),
    Attack("right but noisy", "right", to_bytes(notebook({
        "double": "%matplotlib inline\nimport sys, warnings, matplotlib.pyplot as plt\n"
                  "warnings.warn('oh'); print('x', file=sys.stderr); plt.plot([1]); plt.show()\n"
                  "!pip install numpy\n" + ANSWERS["double"],
        "mean": "import numpy as np\nnp.seterr(all='raise')\n" + ANSWERS["mean"]})), 4.0),
]  # fmt: skip

FILES = [
    broken("empty file", b""),
    broken("PDF", b"%PDF-1.7\n" + bytes(1000)),
    broken("zip in place of a notebook", b"PK\x03\x04" + bytes(1000)),
    broken("web page", b"<!DOCTYPE html><html></html>"),
    broken("cut off", to_bytes(notebook())[:-100]),
    broken("bytes that are no text", zlib.compress(to_bytes(notebook()))),
    broken("old format", json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]}).encode()),
    broken("JSON nested without end", b"[" * 10**6),
    broken("JSON of the wrong shape", b'{"nbformat": 4, "cells": [{"cell_type": {}}]}'),
    broken("numbers of a million digits", b'{"nbformat": 4' + b"0" * 10**6 + b', "cells": []}'),
    Attack("200 MB", "no notebook", b'{"nbformat": 4, "cells": ["' + b"x" * (200 * 2**20) + b'"]}',
           0.0, FAULT, stock=False),
    broken("another assignment", to_bytes({**notebook(), "cells": [cell("print('hello')")]})),
]  # fmt: skip

FIRST = [*COMPARISONS, *PEEKING, *WRITING, *HARM, *PROTOCOL, *NOTEBOOKS, *FILES]
