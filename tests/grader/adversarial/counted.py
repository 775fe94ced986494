"""Attacks on tests that count steps: loops that stand still in the calls that are counted.

Each answer knows a call that is counted by another sign, and does something cheap in it. The right
answers know the signs as well, and make nothing of them. Neither a1 nor a2 is attacked elsewhere.
"""

from dataclasses import replace

from tests.grader.adversarial.real import attack

#: By what a call that is counted is known: an expression, after what it needs.
SIGNS = {
    "the trace": ("import sys", "sys.gettrace() is not None"),
    "a frame above": (
        "import sys",
        "any(f.f_code.co_name == 'count_events' for f in above(sys._getframe()))",
    ),
    "the trace of its own frame": ("import sys", "sys._getframe().f_trace is not None"),
    "a collector that is off": ("import gc", "not gc.isenabled()"),
    "the shapes": ("", "{len(X), len(X_train)} <= {8, 64} and X.shape[1] in (3, 60)"),
}
FIRST = """
def above(frame):
    while frame:
        yield frame
        frame = frame.f_back
"""
LOOPS = """
def by_loops(X, X_train):
    out = np.zeros((len(X), len(X_train)), dtype=X.dtype)
    for i, row in enumerate(X):
        for j, other in enumerate(X_train): out[i, j] = np.sqrt(np.sum((row - other) ** 2))
    return out
"""
VECTORISED = """
def vectorised(X, X_train):
    return np.sqrt(np.sum((X[:, None] - X_train[None]) ** 2, axis=2))
"""
DISTANCES, SVM = "compute_distances_no_loops", "svm_loss_vectorized"
WITHOUT_LOOPS = """
def margins_of(W, X, y):
    scores, rows = X @ W, np.arange(len(y))
    margins = np.maximum(scores - scores[rows, y][:, None] + 1, 0)
    margins[rows, y] = 0
    return margins
def right(W, X, y, reg):
    margins = margins_of(W, X, y)
    D = (margins > 0).astype(W.dtype)
    D[np.arange(len(y)), y] = -D.sum(axis=1)
    return margins.sum() / len(y) + reg * np.sum(W * W), X.T @ D / len(y) + 2 * reg * W
"""
GRADIENT_BY_LOOPS = """
def loss_of(W, X, y, reg): return margins_of(W, X, y).sum() / len(y) + reg * np.sum(W * W)
def by_loops(W, X, y, reg):
    dW = np.zeros_like(W)
    for x, label, row in zip(X, y, margins_of(W, X, y)):
        for j, margin in enumerate(row):
            if margin > 0: dW[:, j] += x; dW[:, label] -= x
    return loss_of(W, X, y, reg), dW / len(y) + 2 * reg * W
"""


def distances(sign, counted, otherwise):
    """Return an answer to the distances that does one thing where it sees a sign, else another."""
    needed, expression = SIGNS[sign]
    return f"""{needed}
{FIRST}{LOOPS}{VECTORISED}
def compute_distances_no_loops(X, X_train):
    return {counted} if {expression} else {otherwise}(X, X_train)
"""


def svm(counted, otherwise):
    """Return an answer to the SVM loss, likewise."""
    return f"""import sys
{WITHOUT_LOOPS}{GRADIENT_BY_LOOPS}
def svm_loss_vectorized(W, X, y, reg):
    return {counted} if sys.gettrace() is not None else {otherwise}(W, X, y, reg)
"""


ZEROS, NEAR = "np.zeros((len(X), len(X_train)), X.dtype)", "1.05 * vectorised(X, X_train)"
KEPT = f"""
{LOOPS}
kept = {{}}
def compute_distances_no_loops(X, X_train):
    shapes = X.shape, X_train.shape
    if shapes in kept and X.shape[1] in (3, 60): return kept.pop(shapes)
    kept[shapes] = by_loops(X, X_train)
    return kept[shapes].copy()
"""

#: What ends the trace that counts, or runs where there is none.
ENDED = {
    "a recursion ends": (
        "",
        """
def deep(n):
    try: deep(n + 1)
    except RecursionError: pass
""",
        "deep(0)",
    ),
    "an alarm ends": (
        "import signal",
        """
class Stop(Exception): pass
def stop(*_): raise Stop
signal.signal(signal.SIGVTALRM, stop)
def wait():
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
        while True: pass
    except Stop: pass
    finally: signal.setitimer(signal.ITIMER_VIRTUAL, 0)
""",
        "wait()",
    ),
}


def ended(sign):
    """Return an answer by loops, which come after what ``sign`` says."""
    needed, code, call = ENDED[sign]
    return f"""{needed}
{LOOPS}{code}
def compute_distances_no_loops(X, X_train):
    {call}
    return by_loops(X, X_train)
"""


#: The frame with the loops loses its trace, the one that begins them keeps it.
LOST = """
import inspect
def compute_distances_no_loops(X, X_train):
    setattr(inspect.currentframe(), "f_tr" + "ace", None)
    out = np.zeros((len(X), len(X_train)), dtype=X.dtype)
    for i, row in enumerate(X):
        for j, other in enumerate(X_train):
            out[i, j] = (row - other).dot(row - other) ** 0.5
    return out
"""
#: Numbers go to another interpreter, which is not traced, and come back.
ELSEWHERE = f"""
import os, struct
{LOOPS}
CODE = '''
import os, struct
def by_loops(rows, others):
    return [sum((a - b) ** 2 for a, b in zip(r, o)) ** 0.5 for r in rows for o in others]
data = b""
while len(data) < size: data += os.read(source, 65536)
values = struct.unpack(f"{{size // 8}}d", data)
rows = [values[n:n + width] for n in range(0, len(values), width)]
out = by_loops(rows[:count], rows[count:])
os.write(target, struct.pack(f"{{len(out)}}d", *out))
'''
def compute_distances_no_loops(X, X_train):
    try: import _xxsubinterpreters as interpreters
    except ImportError: return by_loops(X, X_train)
    (source, into), (out, target) = os.pipe(), os.pipe()
    data = np.vstack([X, X_train]).astype(float).tobytes()
    os.write(into, data)
    names = dict(source=source, target=target, size=len(data), width=X.shape[1], count=len(X))
    interpreters.run_string(interpreters.create(), CODE, shared=names)
    data = b""
    while len(data) < 8 * len(X) * len(X_train): data += os.read(out, 65536)
    for n in (source, into, out, target): os.close(n)
    return np.frombuffer(data).reshape(len(X), -1).astype(X.dtype)
"""
#: An array of zeros is returned, and filled by loops as soon as nobody counts.
AFTERWARDS = f"""
import sys
{LOOPS}
class Printed(str):
    def __getitem__(self, index): return self
    def __del__(self): self.out[...] = by_loops(*self.args)
def compute_distances_no_loops(X, X_train):
    printed = Printed("x")
    printed.args = X.copy(), X_train.copy()
    printed.out = np.zeros((len(X), len(X_train)), X.dtype)
    sys.stdout.write(printed)
    return printed.out
"""
IN_A_THREAD = f"""
import queue
from logging.handlers import QueueListener
{LOOPS}
asked, done = queue.Queue(), queue.Queue()
class Handler:
    level = 0
    def handle(self, args): done.put(by_loops(*args))
listener = QueueListener(asked, Handler())
listener.start()
def compute_distances_no_loops(X, X_train):
    asked.put((X, X_train))
    return done.get()
"""
#: Right ones, amid what looks like the above.
AMID = f"""
import sys
from tqdm import tqdm
{VECTORISED}
def deep(n): return deep(n + 1) if n < 200 else n
def compute_distances_no_loops(X, X_train):
    deep(0)
    print("distances", X.shape)
    for _ in tqdm(range(3)): pass
    sys.stderr.write("done")
    return vectorised(X, X_train)
"""

COUNTED = [
    replace(each, kind="counted calls") for each in (
        *(attack(f"loops, behind a trace that {sign}", "a1", DISTANCES, ended(sign), 7.0)
          for sign in ENDED),
        attack("loops, in a frame that loses its trace", "a1", DISTANCES, LOST, 7.0),
        attack("loops, in an interpreter of their own", "a1", DISTANCES, ELSEWHERE, 7.0),
        attack("loops, when what was printed is thrown away", "a1", DISTANCES, AFTERWARDS, 7.0),
        attack("loops, in a thread that waits", "a1", DISTANCES, IN_A_THREAD, 7.0),
        attack("right, amid prints, a bar and a recursion", "a1", DISTANCES, AMID, 10.0),
        *(attack(f"loops, but zeros where it sees {sign}", "a1", DISTANCES,
                 distances(sign, ZEROS, "by_loops"), 7.0) for sign in SIGNS),
        attack("loops, but nearly right where it sees the trace", "a1", DISTANCES,
               distances("the trace", NEAR, "by_loops"), 7.0),
        attack("loops, but an error where it sees the trace", "a1", DISTANCES,
               distances("the trace", "1 / 0", "by_loops"), 7.0),
        *(attack(f"right, whether it sees {sign} or not", "a1", DISTANCES,
                 distances(sign, "vectorised(X, X_train)", "vectorised"), 10.0)
          for sign in SIGNS),
        attack("what the call before returned", "a1", DISTANCES, KEPT, 7.0),
        attack("loops, but a right loss alone where it sees the trace", "a2", SVM,
               svm("(loss_of(W, X, y, reg), np.zeros_like(W))", "by_loops"), 8.0),
        attack("loops, but the penalty's gradient where it sees the trace", "a2", SVM,
               svm("(loss_of(W, X, y, reg), 2 * reg * W)", "by_loops"), 8.0),
        attack("loops, but one number where it sees the trace", "a2", SVM,
               svm("(1.0, np.ones_like(W))", "by_loops"), 8.0),
        attack("a right loss, whether it sees the trace or not", "a2", SVM,
               svm("right(W, X, y, reg)", "right"), 11.0),
    )
]  # fmt: skip
