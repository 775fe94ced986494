"""Attacks on the judge as a machine: its clocks and limits, its readers, the words it repeats."""

from tests.course.notebooks import ANSWERS, notebook, to_bytes
from tests.grader.adversarial.attacks import (
    FAULT,
    WRONG,
    Attack,
    hostile,
)
from tests.grader.adversarial.walls import FRAME

SENT = "from cs231n_lib.course.inside import protocol, worker\n"


def several(kind, attacks, mean=WRONG["mean"], stock=True):
    return [hostile(name, kind, source, 0.0, stock, mean) for name, source in attacks.items()]


def timer(signal):
    """Return code that has the kernel send ``signal`` to the process itself."""
    return f"""{FRAME}
import time
def double(x):
    event, timer = (ctypes.c_char * 64)(), ctypes.c_int()
    ctypes.c_int.from_buffer(event, 8).value = {signal}
    libc.syscall(222, 1, event, ctypes.byref(timer))
    libc.syscall(223, timer, 0, (ctypes.c_long * 4)(0, 0, 0, 10**6), None)
    time.sleep(3600)
"""


def written(frame, before="", call=False):
    """Return code that writes the header ``frame`` in the place of its replies."""
    place = "\ndef double(x):\n    " if call else "\n"
    return f"""{SENT}import json, struct
{before}
header = json.dumps({frame}).encode()
frame = struct.pack("<QQ", len(header), 0) + header{place}protocol.encode = lambda message: frame
"""


CLOCKS = [
    *several("time", {
        "the first thread ends and another sleeps": f"""{FRAME}
import threading, time
def double(x):
    threading.Thread(target=time.sleep, args=(3600,)).start()
    libc.syscall(60, 0)
""",
        "an object that is slow to go": """
import time
class Slow:
    def __del__(self):
        while True:
            try: time.sleep(100)
            except BaseException: pass
def double(x):
    Slow()
    return x
""",
        "signals blocked and the alarm set": """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
signal.alarm(1)
def double(x):
    while True: pass
""",
    }),
    *several("time", {
        "a thread that its parent has to wait for": f"""{FRAME}
stack = ctypes.create_string_buffer(2**16)
def double(x):
    start, top = ctypes.cast(libc.pause, ctypes.c_void_p), ctypes.addressof(stack) + 2**16 - 64
    libc.clone(start, ctypes.c_void_p(top), 0x14F00, None)
""",
    }, stock=False),
    *several("signals", {
        "a timer that stops the process": timer(19),
        "a timer that kills the process": timer(9),
        "limits of other processes": """
import os, resource
for pid in set(range(1, 40)) - {os.getpid()}:
    try: resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0)); print("LEAK", pid)
    except (OSError, ValueError): pass
""",
        "a limit of its own on processor time": """
import resource
try: resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
except (OSError, ValueError): pass
def double(x):
    while True: pass
""",
    }),
]  # fmt: skip

#: Pairs of numbers with one hash: the tuple's is a sum that can be solved for its last part.
COLLIDING = """
M, P1, P2, P5 = 2**64, 11400714785074694791, 14029467366897019727, 2870177450012600261
def lane(acc, x):
    acc = (acc + x * P2) % M
    return (acc << 31 | acc >> 33) % M * P1 % M
KEYS, n = [], 0
while len(KEYS) < 12000:
    n += 1
    x = (12345 - lane(P5, n)) * pow(P2, -1, M) % M
    x = x if x < M // 2 else x - M
    if -2**61 < x < 2**61 - 1 and x != -1: KEYS.append([["tuple", [n, x]], None])
"""
READERS = [
    *several("the judge's bounds", {
        "an error that costs a regular expression dear": f"""{SENT}
text = "takes " * 60_000 + "but " * 60_000
worker._report = lambda error: {{"error": ("TypeError", text, text)}}
def double(x): raise ValueError
""",
        "keys with one hash":
            written('["dict", [["ok", ["dict", KEYS]], ["output", ""]]]', COLLIDING, call=True),
        "a shape of nothing in thirty-two large sides":
            written('["array", "<f8", [2**28] * 31 + [0], list(range(32))]', call=True),
        "memory shown many times over": """
from numpy.lib.stride_tricks import as_strided
def double(x): return as_strided(x, shape=(2**28,), strides=(0,))
""",
        **{f"a chain of {name}": f"x = {source}" for name, source in {
            "parentheses": "(" * 100_000,
            "negations": "-" * 500_000 + "1",
            "additions": "1" + "+1" * 200_000,
            "attributes": "a" + ".a" * 200_000,
            "conditions": "1" + " if 1 else 1" * 100_000,
            "functions": "lambda:" * 100_000 + "1",
        }.items()},
        "a chain of branches": "if 1: pass\n" + "elif 1: pass\n" * 50_000,
    }, stock=False),
    Attack("an answer of lines that are none of Python's", "the judge's bounds", to_bytes(notebook(
        {**ANSWERS, "double": "%a\n" * 30_000 + ANSWERS["double"]})), 1.0, stock=False),
    Attack("a name among a million others", "the judge's bounds", to_bytes(notebook(
        {**WRONG, "double": "def double(x): raise NameError(\"name 'x' is not defined\")"},
        extra=["x " * 10**6])), stock=False),
    Attack("an answer of characters that are not seen", "the judge's bounds", to_bytes(notebook(
        {**ANSWERS, "double": "#" + "\U000e0001" * 10**6})), 0.0, FAULT, stock=False),
]  # fmt: skip

LINE = several("protocol", {
    "a thread that answers first": """
import os, threading
from cs231n_lib.course.inside import protocol
facts = {"changed": [], "read_only": False, "relatives": []}
frame = protocol.encode({"ok": (2.0, facts), "output": ""})
def answer():
    while True:
        for n in range(3, 20):
            try: os.write(n, frame)
            except OSError: pass
threading.Thread(target=answer, daemon=True).start()
""",
    "a thread that takes the questions away": """
import os, threading
def take():
    while True:
        for n in range(3, 20):
            try: os.read(n, 10**6)
            except OSError: pass
threading.Thread(target=take, daemon=True).start()
""",
    "the line closed and the process alive": """
import os, time
def double(x):
    os.closerange(3, 64)
    time.sleep(3600)
""",
    "half a message": """
import os, struct, time
def double(x):
    for n in range(3, 64):
        try: os.write(n, struct.pack("<QQ", 1000, 0) + b"[")
        except OSError: pass
    time.sleep(3600)
""",
    "a byte at a time": """
import os, struct, time
def double(x):
    for n in range(3, 64):
        try:
            os.write(n, struct.pack("<QQ", 100000, 0))
            while True: os.write(n, b" "); time.sleep(0.01)
        except OSError: pass
""",
    "a function of the judge's that was not lent":
        written('["dict", [["callback", ["callback", 0]], ["args", ["tuple", []]], '
                '["kwargs", ["dict", []]]]]', call=True),
    "a reply that is everything at once":
        written('["dict", [["ok", None], ["error", ["tuple", ["A", "B", "C"]]], ["callback", 1]]]',
                call=True),
}, stock=False)  # fmt: skip

SEEN = "'SE' + 'EN' + repr(float(x[0]))"
WORDS = [
    *several("probing", {
        "inputs in the name of a class":
            f"def double(x): return type({SEEN}, (), {{}})()",
        "inputs in the keys of a result": f"def double(x): return {{{SEEN}: 1}}",
    }, mean=f"def mean(x): return type({SEEN}, (), {{}})()"),
    *several("text", {
        "names a mile long": "def double(x): raise type('T' * 10**6, (Exception,), {})('x' * 99)",
        "groups of exceptions":
            "def double(x): raise ExceptionGroup('', [ExceptionGroup('', [KeyError()] * 99)] * 99)",
    }),
    *several("lying results", {
        "numbers of the other byte order": "def double(x): return x.astype('>f8')",
        "numbers that are none, with something to say":
            "import numpy as np\nbits = b'\\1\\2\\3\\4\\5\\6\\xf8\\x7f'\n"
            "def double(x): return np.frombuffer(bits * 5)",
        "truth that is neither":
            "import numpy as np\ndef double(x): return np.full(5, 7, np.uint8).view(bool)",
        "an array behind a mask": "import numpy as np\ndef double(x): return np.ma.masked_all(5)",
        "an object that runs when it is unpacked": """
import os
class Runs:
    def __reduce__(self): return os.system, ("echo LEAK",)
def double(x): return Runs()
""",
    }),
]  # fmt: skip


MACHINE = [*CLOCKS, *READERS, *LINE, *WORDS]
