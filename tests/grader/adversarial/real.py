"""Attacks on assignments as they are handed out, with tests of many kinds to get past.

Only the exercise under attack is answered, so what is deserved is deserved there.
"""

import json

from cs231n_lib.course import checkout
from tests.course.notebooks import cell
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
    for each in content["cells"]:
        name = each["metadata"].get("nbgrader", {}).get("grade_id")
        if name in table.answers_of(assignment):
            each["source"] = code if name == exercise else "pass"
    return json.dumps(content).encode()


def attack(name, assignment, exercise, code, score=0.0):
    """Return an attack on one exercise of an assignment."""
    data = only(assignment, exercise, code)
    return Attack(name, f"on {assignment}", data, score, stock=False, assignment=assignment)


#: Classes that lack what the tests ask for.
EMPTY = """
class LinearClassifier: pass
class LinearSVM(LinearClassifier): pass
class Softmax(LinearClassifier): pass
"""


def beside(assignment, exercise, code, own):
    """Return the same notebook with a cell of the student's own at its head."""
    content = json.loads(only(assignment, exercise, code))
    content["cells"].insert(0, cell(own))
    return json.dumps(content).encode()


#: An array of the device that holds no numbers yet: they are worked out when they are fetched.
LATE = """
class Late:
    def __init__(self, shape, dtype, work):
        self.shape, self.dtype, self.work, self.ndim = shape, np.dtype(dtype), work, len(shape)
    def __array__(self, *args, **kwargs): return self.work()
    def __dlpack__(self, *args, **kwargs): return self.work().__dlpack__(*args, **kwargs)
    def __dlpack_device__(self): return (1, 0)
def compute_distances_no_loops(X, X_train):
    def work():
        a, b = (np.from_dlpack(v, device="cpu") for v in (X, X_train))
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))
    if isinstance(X, np.ndarray): return work()
    out = X @ X_train.T
    try: out._array = Late(out.shape, "float32" if "32" in str(out.dtype) else float, work)
    except AttributeError: pass
    return out
"""
SUBCLASS = """
import array_api_strict
class Sub(type(array_api_strict.asarray(0))):
    pass
""" + LATE.replace("    out = X @ X_train.T", "    out = X @ X_train.T\n    out.__class__ = Sub")
#: A weight that asks for the loss, which asks for the weight.
ROUND_AND_ROUND = """
class LinearClassifier:
    W = property(lambda self: self.loss(np.ones((4, 4)), np.zeros(4, int), 0.0))
    def train(self, X, y, **options): return [self.loss(X[:5], y[:5], 0.0)[0]]
class LinearSVM(LinearClassifier): pass
class Softmax(LinearClassifier): pass
"""
#: A mask that no chance has made.
PATTERN = """
def dropout_forward(x, dropout_param):
    p, seed = dropout_param["p"], dropout_param.get("seed", 0)
    mask = ((np.arange(x.size) * 0.6180339887498949 + seed * 0.1234567) % 1 < p) / p
    return x * mask.reshape(x.shape), mask
def dropout_backward(dout, cache): return dout
"""
#: Trainings of matrices that take as long as they please.
ENORMOUS = """
def tune(X_train, y_train, X_val, y_val, learning_rates, regs, num_iters=300, batch_size=50):
    model = Softmax()
    model.train(np.ones((9000, 6000), np.int8), np.arange(9000) % 5000, num_iters=2,
                batch_size=9000)
    return {}, model
"""


REAL = [
    attack("a weight that asks for the loss", "a2", "LinearClassifier", ROUND_AND_ROUND),
    *(Attack(f"{what} where a class is looked for", "on a2", beside("a2", "LinearClassifier", code,
                                                                     EMPTY),
             stock=False, assignment="a2")
      for what, code in (("signs without end", "-" * 50_000 + "1"),
                         ("sums without end", "+".join("1" * 20_000)),
                         ("half a letter", "'\ud800'"))),
    attack("enormous matrices for a training of ours", "a2", "tune", ENORMOUS),
    attack("only a refusal", "a4", "conv_output_size",
           "def conv_output_size(*args): raise ValueError"),
    attack("a mask that no chance has made", "a4", "dropout", PATTERN),
    attack("numbers of a device that are worked out afterwards", "a5",
           "compute_distances_no_loops", LATE, 2.0),
    attack("an array of the device of another class", "a5", "compute_distances_no_loops",
           SUBCLASS, 2.0),
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
