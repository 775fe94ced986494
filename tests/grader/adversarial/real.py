"""Attacks on assignments as they are handed out, with tests of many kinds to get past.

Only the exercise under attack is answered, so what is deserved is deserved there.
"""

import json

from cs231n_lib.course import checkout
from tests.grader import table
from tests.grader.adversarial.attacks import Attack

STEPS = """
import sys
from cs231n_lib.course.inside import metering
metering.count_events = lambda f, /, *args, **kwargs: (f(*args, **kwargs), 7)
sys.settrace = lambda *args: None
"""
DEVICE = """
from cs231n_lib.course.inside import metering
def lie(f, args): return f(*args), {"homes": ["device"], "changed": [], "fetched": []}
metering.on_device = lie
"""
CHANGES = """
from cs231n_lib.course.inside import metering
def lie(f, args, kwargs=None):
    return f(*args, **(kwargs or {})), {"changed": [], "read_only": False, "relatives": []}
metering.observe = lie
"""
SPOILS = """
def sigmoid_forward(x):
    np.exp(-x, out=x)
    out = 1 / (1 + x)
    return out, out
def sigmoid_backward(dout, cache):
    dout *= cache * (1 - cache)
    return dout
"""
LOOPS = """
def im2col(x, HH, WW, stride=1, pad=0):
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    N, C, H, W = padded.shape
    OH, OW = (H - HH) // stride + 1, (W - WW) // stride + 1
    cols = np.zeros((N, C * HH * WW, OH * OW), dtype=x.dtype)
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                window = padded[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                cols[n, :, i * OW + j] = window.ravel()
    return cols
def conv_forward_im2col(x, w, b, conv_param):
    (N, _, H, W), (F, _, HH, WW) = x.shape, w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    out = w.reshape(F, -1) @ im2col(x, HH, WW, stride, pad) + b[:, None]
    return out.reshape(N, F, OH, OW), (x, w, b, conv_param)
"""
SLOW = LOOPS.replace("def im2col(", "def slow(", 1)
REMEMBERS = (
    SLOW
    + """
known = {}
def im2col(x, *args):
    key = x.tobytes(), x.shape, args
    if key not in known: known[key] = slow(x, *args)
    return known[key].copy()
"""
)
AUDITED = (
    SLOW
    + """
import sys
kept = []
def hook(event, args):
    if event == "loops": kept.append(slow(*args))
def hidden(*args):
    sys.audit("loops", *args)
    return kept.pop()
try:
    sys.addaudithook(hook)
    im2col = hidden
except AttributeError:
    im2col = slow
"""
)
ON_HOST = """
def compute_distances_no_loops(X, X_train):
    X, X_train = (np.asarray(a.tolist() if hasattr(a, "tolist") else a) for a in (X, X_train))
    return np.sqrt(((X[:, None] - X_train[None]) ** 2).sum(axis=2))
"""
HELD = """
def compute_distances_no_loops(X, X_train):
    kind, device = type(X), getattr(X, "device", None)
    X, X_train = (np.asarray(getattr(a, "_array", a)) for a in (X, X_train))
    out = np.sqrt(((X[:, None] - X_train[None]) ** 2).sum(axis=2)).astype(X.dtype)
    return out if kind is np.ndarray else kind._new(out, device=device)
"""
LIAR = """
class Liar(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs): return np.zeros(self.shape)
    def __array_function__(self, *args, **kwargs): return True
    def __eq__(self, other): return True
"""


def only(assignment, exercise, code):
    """Return the notebook of an assignment in which one exercise is answered."""
    path = checkout.root() / "solutions" / assignment / f"{assignment}.ipynb"
    content = json.loads(path.read_bytes())
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in table.answers_of(assignment):
            cell["source"] = code if name == exercise else "pass"
    return json.dumps(content).encode()


def attack(name, assignment, exercise, code, score=0.0):
    """Return an attack on one exercise of an assignment."""
    data = only(assignment, exercise, code)
    return Attack(name, f"on {assignment}", data, score, stock=False, assignment=assignment)


REAL = [
    attack("a layer of the library's own", "a3", "affine",
           "from cs231n_lib.layers import affine_forward, affine_backward"),
    attack("a framework in place of a layer", "a3", "sigmoid", """
import torch
def sigmoid_forward(x): return torch.sigmoid(torch.tensor(x)).numpy(), x
def sigmoid_backward(dout, cache): return dout
"""),
    attack("layers that hand on what they get", "a3", "relu", """
def relu_forward(x): return x, x
def relu_backward(dout, cache): return dout
def affine_relu_forward(x, w, b): return x, (x, w, b)
def affine_relu_backward(dout, cache): return cache
"""),
    attack("a network that learns nothing", "a3", "TwoLayerNet", """
class TwoLayerNet:
    def __init__(self, *args, **kwargs): self.params = {}
    def loss(self, X, y=None): return (0.0, {}) if y is not None else X
"""),
    attack("layers that lie about equality", "a3", "sigmoid", LIAR + """
def sigmoid_forward(x): return x.view(Liar), x
def sigmoid_backward(dout, cache): return dout.view(Liar)
"""),
    attack("changes, with a meter that hides them", "a3", "sigmoid", CHANGES + SPOILS),
    attack("frames above a convolution", "a4", "conv", """
import gc, sys
def conv_forward_naive(x, w, b, conv_param):
    frame = sys._getframe()
    while frame:
        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:
            if "reference" in name or "expected" in name: raise RuntimeError(f"LEAK {name}")
        frame = frame.f_back
    return [t for t in gc.get_objects() if isinstance(t, type(x)) and t.ndim == 4][-1], None
def conv_backward_naive(dout, cache): return dout, dout, dout
"""),
    attack("loops, with meters that lie about them", "a4", "im2col", STEPS + LOOPS, 8.0),
    attack("a mask of ones", "a4", "dropout", """
def dropout_forward(x, dropout_param): return np.ones_like(x), x
def dropout_backward(dout, cache): return cache
"""),
    attack("statistics of nothing", "a4", "batchnorm", """
def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = np.nan * gamma
    return np.nan * x, None
def batchnorm_backward(dout, cache): return dout, dout[:0], dout[:0]
"""),
    attack("loops, with a memory of results", "a4", "im2col", REMEMBERS, 8.0),
    attack("loops, in a hook of audits", "a4", "im2col", AUDITED, 8.0),
    attack("results of the host, called the device's", "a5", "compute_distances_no_loops",
           DEVICE + ON_HOST, 2.0),
    attack("what an array of the device holds", "a5", "compute_distances_no_loops", HELD, 2.0),
    attack("counts that are equal to everything", "a5", "counts", """
class Any(int):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = int.__hash__
def count_activations(architecture): return Any(1)
def count_parameters(architecture, biases=True): return Any(1)
def count_multiply_adds(architecture): return Any(1)
"""),
    attack("batches without end", "a5", "choose_batch_size",
           "def choose_batch_size(*args, **kwargs): return float('inf')"),
    attack("refusing everything", "a5", "layer_output_shape",
           "def layer_output_shape(layer, shape): raise ValueError('LEAK' * 0)"),
]  # fmt: skip
