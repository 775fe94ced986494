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

COUNTED = [
    replace(each, kind="counted calls") for each in (
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
