"""Attacks on what feedback repeats: hidden inputs in whatever a message may say of a result.

Each answers one exercise rightly, keeps what it was asked, and tells it in the tests of another.
"""

from dataclasses import replace

from tests.grader.adversarial.real import attack

#: Right distances that keep what they were asked, and the text to be told.
KEPT = """
seen = []
def compute_distances_two_loops(X, X_train):
    seen.append(X.tolist())
    return np.sqrt(np.sum((X[:, None] - X_train[None]) ** 2, axis=2))
right = compute_distances_two_loops
def text(): return "SE" + "EN" + repr(seen)
NONE = {"dtype": None}
class Told:
    dtype = property(lambda self: text())
"""
#: The same for layers, and for distances on a device.
LAYERS = (
    KEPT
    + """
def affine_forward(x, w, b):
    seen.append(x.tolist())
    return x.reshape(len(x), -1) @ w + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, _ = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)
"""
)
SHAPES = (
    KEPT
    + """
def layer_output_shape(layer, shape):
    seen.append(shape)
    if layer["type"] == "fc": return (layer["units"],)
    F, S, P = layer["size"], layer["stride"], layer.get("pad", 0)
    ways = [n - F + 2 * P for n in shape[1:]]
    if min(ways) < 0 or any(way % S for way in ways): raise ValueError
    return (layer.get("filters", shape[0]), *(way // S + 1 for way in ways))
"""
)


def distances(result):
    return f"{KEPT}\ndef compute_distances_one_loop(X, X_train): return {result}\n"


def on_a1(name, result, score=6.0):
    return attack(name, "a1", "compute_distances_two_loops", distances(result), score)


def on_a3(name, code, score=9.0):
    return attack(name, "a3", "affine", LAYERS + code, score)


TOLD = [
    replace(each, kind="told inputs") for each in (
        on_a1("inputs in the dtype of an object", "Told()"),
        on_a1("inputs in the name of an object's class", "type(text()[:90], (), NONE)()"),
        on_a1("inputs in the name of a class of arrays",
              "right(X, X_train).view(type(text(), (np.ndarray,), {}))", 11.0),
        on_a1("inputs in the sides of an empty array", "np.zeros((83, 69, 69, 78, 0))"),
        on_a1("inputs in the entries of a dictionary", "0\n"
              "def cross_validate(X, y, ks, num_folds=5): return {k: Told() for k in ks}"),
        on_a3("inputs in the dtype of an output", """
def sigmoid_forward(x): return (Told() if x.dtype == np.float32 else x), x
def sigmoid_backward(dout, cache): return dout
"""),
        on_a3("inputs in the names of parameters", """
class TwoLayerNet:
    def __init__(self, *args, **kwargs):
        self.params = {**{n: np.zeros(1) for n in ("W1", "b1", "W2", "b2")}, text(): 0}
"""),
        on_a3("inputs in the class of parameters", """
class TwoLayerNet:
    def __init__(self, *args, **kwargs): self.params = type(text()[:90], (), {})()
"""),
        attack("inputs in the types of layers", "a5", "layer_output_shape",
               SHAPES + "def vgg16(): return [{'type': text()}]", 7.0),
        attack("inputs in the class of what a device returns", "a5", "layer_output_shape",
               SHAPES + """
def compute_distances_no_loops(X, X_train): return type(text()[:90], (), {})()
""", 7.0),
    )
]  # fmt: skip
