"""`sigmoid`: forward and backward, with the mistakes of either way."""

import numpy as np

from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import _f64


def sigmoid(x: np.ndarray, *, sign: float = -1.0, one: float = 1.0, form: str = "") -> np.ndarray:
    """Return 1 / (1 + exp(-x)), in float64 and without overflow."""
    (x,) = _f64(x)
    if form == "tanh":
        return np.tanh(x)
    if form == "ratio":
        return np.exp(x) / (1 + np.exp(x))
    if form == "exp":
        return np.exp(-x)
    if sign == -1.0 and one == 1.0:
        return 0.5 * (1 + np.tanh(x / 2))
    return 1 / (one + np.exp(sign * x))


def sigmoid_gradient(
    dout: np.ndarray, x: np.ndarray, *, local: str = "s(1-s)", upstream: str = "times"
) -> np.ndarray:
    """Return the gradient of the sigmoid layer by its input."""
    dout, x = _f64(dout, x)
    s = sigmoid(x)
    ss = sigmoid(s)
    local_gradient = {"s(1-s)": s * (1 - s), "x(1-x)": x * (1 - x), "s": s, "1-s": 1 - s,
                      "twice": ss * (1 - ss), "1-s^2": 1 - s**2, "s(1+s)": s * (1 + s),
                      "s^2": s**2, "1": np.ones_like(s)}[local]  # fmt: skip
    if upstream == "dropped":
        return local_gradient
    return dout + local_gradient if upstream == "added" else dout * local_gradient


forward_exercise = Exercise(
    sigmoid,
    ("out",),
    (
        Mistake("exponent_sign", "this is 1 / (1 + exp(x)): the exponent has the wrong sign.",
                {"sign": 1.0}),
        Mistake("tanh_for_sigmoid", "this is tanh; the sigmoid runs from 0 to 1.",
                {"form": "tanh"}),
        Mistake("overflow", "exp(x) overflows for large x and inf / inf is NaN: use exp(-x).",
                {"form": "ratio"}),
        Mistake("one_missing", "this is 1 / exp(-x): the 1 in the denominator is missing.",
                {"one": 0.0}),
        Mistake("exp_only", "this is exp(-x) alone.", {"form": "exp"}),
    ),
)  # fmt: skip
backward_exercise = Exercise(
    sigmoid_gradient,
    ("dx",),
    (
        Mistake("upstream_dropped", "the local gradient is right, but not multiplied by dout.",
                {"upstream": "dropped"}),
        Mistake("upstream_added", "dout is added to the local gradient; multiply.",
                {"upstream": "added"}),
        Mistake("x_for_sigmoid", "this is x (1 - x); the local gradient is s (1 - s) with "
                "s = sigmoid(x).", {"local": "x(1-x)"}),
        Mistake("sigmoid_twice", "the sigmoid is applied to its own output.",
                {"local": "twice"}),
        Mistake("factor_of_s_missing", "the local gradient is s (1 - s); here s alone is used.",
                {"local": "s"}),
        Mistake("factor_of_s_missing", "the local gradient is s (1 - s); here 1 - s alone is "
                "used.", {"local": "1-s"}),
        Mistake("tanh_gradient", "1 - s^2 is the local gradient of tanh.", {"local": "1-s^2"}),
        Mistake("plus_for_minus", "the local gradient is s (1 - s), not s (1 + s).",
                {"local": "s(1+s)"}),
        Mistake("local_gradient_missing", "dout is passed on as it is.", {"local": "1"}),
    ),
    forward=forward_exercise,
)  # fmt: skip
