"""`relu`: forward and backward, with the mistakes of either way, and affine and ReLU in one."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a3 import affine
from cs231n_lib.course.checks.comparison import like
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.pair import Function, _f64, _forward
from cs231n_lib.course.checks.verdict import CheckFailed


def relu(x: np.ndarray, *, form: str = "max") -> np.ndarray:
    """Return max(x, 0)."""
    (x,) = _f64(x)
    return {"max": np.maximum(x, 0), "abs": np.abs(x), "min": np.minimum(x, 0), "x": x,
            "mask": (x > 0) * 1.0, "leaky": np.where(x > 0, x, 0.01 * x),
            "leaky 0.1": np.where(x > 0, x, 0.1 * x)}[form]  # fmt: skip


def relu_gradient(dout: np.ndarray, x: np.ndarray, *, mask: str = "x > 0") -> np.ndarray:
    """Return dx of the ReLU layer."""
    dout, x = _f64(dout, x)
    local = {
        "x > 0": x > 0,
        "none": 1.0,
        "dout > 0": dout > 0,
        "both": (x > 0) & (dout > 0),
        "x < 0": x < 0,
        "times x": np.maximum(x, 0),
        "product": x * (dout * x > 0),
        "sign": np.sign(x),
        "leaky": np.where(x > 0, 1, 0.01),
    }
    return (x > 0) * 1.0 if mask == "dropped" else dout * local[mask]


forward_exercise = Exercise(
    relu,
    ("out",),
    (
        Mistake("abs_for_relu", "this is the absolute value; negative inputs give 0.",
                {"form": "abs"}),
        Mistake("min_for_max", "this is min(x, 0); the ReLU keeps the positive part.",
                {"form": "min"}),
        Mistake("mask_for_values", "this is the mask x > 0, not the values.", {"form": "mask"}),
        Mistake("no_relu", "x is returned as it is.", {"form": "x"}),
        Mistake("leaky_relu", "this is a leaky ReLU; negative inputs give exactly 0.",
                {"form": "leaky"}),
        Mistake("leaky_relu", "this is a leaky ReLU; negative inputs give exactly 0.",
                {"form": "leaky 0.1"}),
    ),
)  # fmt: skip
backward_exercise = Exercise(
    relu_gradient,
    ("dx",),
    (
        Mistake("mask_missing", "dout is passed on everywhere; where x <= 0 nothing passes.",
                {"mask": "none"}),
        Mistake("mask_of_dout", "dout's own sign decides; the sign of x has to.",
                {"mask": "dout > 0"}),
        Mistake("mask_of_dout", "negative entries of dout are cut off; only the sign of x "
                "decides.", {"mask": "both"}),
        Mistake("mask_inverted", "the gradient passes where x < 0; it should where x > 0.",
                {"mask": "x < 0"}),
        Mistake("upstream_dropped", "this is the mask x > 0 alone; multiply it by dout.",
                {"mask": "dropped"}),
        Mistake("times_x", "dout is multiplied by x; the local gradient is 1 or 0.",
                {"mask": "times x"}),
        Mistake("times_x", "dout is multiplied by x; the local gradient is 1 or 0.",
                {"mask": "product"}),
        Mistake("sign_for_mask", "dout is multiplied by the sign of x; the mask is 1 or 0.",
                {"mask": "sign"}),
        Mistake("leaky_relu", "a little passes where x < 0; exactly nothing should.",
                {"mask": "leaky"}),
    ),
    forward=forward_exercise,
)  # fmt: skip


def forward(x: np.ndarray) -> tuple[Any, Any]:
    """Return out and cache, right: what the layers above build on."""
    return like((x,), relu(x)), x


def backward(dout: np.ndarray, cache: Any) -> Any:
    """Return dx, right."""
    return like((dout, cache), relu_gradient(dout, cache))


#: What two layers as one build on, right.
LAYERS: dict[str, Function] = {
    "affine_forward": affine.forward,
    "affine_backward": affine.backward,
    "relu_forward": forward,
    "relu_backward": backward,
}


def affine_relu(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    *,
    gate: bool = True,
    back: bool = True,
    order: str = "right",
) -> tuple[np.ndarray, ...]:
    """Return out, dx, dw and db of affine and ReLU in one."""
    a = affine.affine(x, w, b)
    mask = a > 0 if back else np.ones_like(a)
    if order == "forwards":
        dx, dw, db = affine.affine_gradient(dout, x, w, b)
        if dx.shape != a.shape:
            raise ValueError("the mask of the outputs does not fit the gradient of the inputs")
        return relu(a), dx * mask, dw, db
    return relu(a) if gate else a, *affine.affine_gradient(dout * mask, x, w, b)


pair_exercise = Exercise(
    affine_relu,
    ("out", "dx", "dw", "db"),
    (
        Mistake("mask_missing", "dout passes the ReLU everywhere: relu_backward comes first on "
                "the way back.", {"back": False}),
        Mistake("no_relu", "`out` is what the affine layer puts out: the ReLU is missing.",
                {"gate": False}),
        Mistake("order_of_layers", "the layers come in the opposite order on the way back: first "
                "relu_backward, then affine_backward.", {"order": "forwards"}),
    ),
    probes=lambda: _probes(),
)  # fmt: skip


def _probes() -> dict[str, tuple[np.ndarray, ...]]:
    """Return problems that tell the mistakes apart: as many inputs as outputs, and more."""
    rng = np.random.default_rng(0)
    return {
        "five inputs, five outputs": affine.problem(rng, (4, 5), 5),
        "2 x 3 inputs": affine.problem(rng, (3, 2, 3), 4),
    }


def check_pair(
    pair_forward: Function, pair_backward: Function, problem: tuple[np.ndarray, ...]
) -> None:
    """Require affine and ReLU in one."""

    def run(dout: Any, *args: Any) -> tuple[Any, ...]:
        out, cache = _forward(pair_forward, args)
        grads = calling.call(pair_backward, dout, cache)
        if not isinstance(grads, (tuple, list)) or len(grads) != 3:
            kind = "no_return" if grads is None else "shape"
            raise CheckFailed("affine_relu_backward should return (dx, dw, db).", general(kind))
        return out, *grads

    pair_exercise.check(run, {"affine and ReLU": problem})
