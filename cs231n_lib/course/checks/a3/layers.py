"""Assignment 3, backpropagation: references with dials, and the mistakes they imitate."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import Exercise, Mistake, general, like, relative_error
from cs231n_lib.course.checks.pair import Function, _f64, _forward
from cs231n_lib.course.checks.verdict import CheckFailed


def numerical(
    f: Function,
    x: np.ndarray,
    h: float = 1e-5,
    *,
    scheme: str = "centred",
    divide: float = 1.0,
    restore: bool = True,
    only: str = "all",
) -> np.ndarray:
    """Return the numerical gradient of ``f`` at ``x``."""
    grad = np.zeros_like(x)
    x = x.copy()
    for index in np.ndindex(*x.shape):
        old = x[index]
        values = {}
        for step in (h, 0.0, -h):
            x[index] = old + step
            values[step] = float(f(x.copy()))
        pair = {"centred": (h, -h), "forward": (h, 0.0), "backward": (0.0, -h)}[scheme]
        width = pair[0] - pair[1]
        grad[index] = (values[pair[0]] - values[pair[1]]) / (width * divide)
        x[index] = old if restore else old - h
    if only == "last":
        kept = grad.flat[-1]
        grad[:] = 0
        grad.flat[-1] = kept
    return grad


numerical_exercise = Exercise(
    numerical,
    ("grad",),
    (
        Mistake("forward_difference", "this is (f(x+h) - f(x)) / h: its error is of order h. The "
                "centred difference is asked for.", {"scheme": "forward"}),
        Mistake("backward_difference", "this is (f(x) - f(x-h)) / h: its error is of order h. The "
                "centred difference is asked for.", {"scheme": "backward"}),
        Mistake("not_halved", "f(x+h) - f(x-h) is divided by h; the step is 2h.",
                {"divide": 0.5}),
        Mistake("halved_twice", "the difference is divided by 4h; the step is 2h.",
                {"divide": 2.0}),
        Mistake("coordinate_not_restored", "a coordinate keeps its step while the next ones are "
                "examined: put the old value back.", {"restore": False}),
        Mistake("last_coordinate_only", "only the last coordinate is filled.", {"only": "last"}),
    ),
)  # fmt: skip


def check_numerical(function: Function, regimes: Any, **options: Any) -> None:
    """Require centred differences; ``h`` is passed by name, as it has no fixed place."""

    def run(f: Function, x: np.ndarray, *h: float) -> Any:
        return calling.call(function, f, x, **({"h": h[0]} if h else {}))

    numerical_exercise.check(run, regimes, **options)


def graph(
    x: float,
    y: float,
    z: float,
    *,
    accumulate: str = "both",
    route: str = "larger",
    swap: bool = True,
    factor: float = 2.0,
    outer: float = 2.0,
    gate: str = "max",
) -> tuple[float, float, float, float]:
    """Return f = 2 (x y + max(y, z)) and its derivatives by x, y and z."""
    top = max(y, z) if gate == "max" else min(y, z)
    f = outer * (x * y + top)
    dx, dy = (y, x) if swap else (x, y)
    larger = {"larger": float(y > z), "smaller": float(y < z), "both": 1.0, "half": 0.5}[route]
    to_z = {"larger": float(z >= y), "smaller": float(z < y), "both": 1.0, "half": 0.5}[route]
    to_y = {"both": dy + larger, "product": dy, "max": larger}[accumulate]
    return f, factor * dx, factor * to_y, factor * to_z


graph_exercise = Exercise(
    graph,
    ("f", "df_dx", "df_dy", "df_dz"),
    (
        Mistake("branches_not_added", "y feeds two gates, but only the product's gradient reaches "
                "it; gradients of all branches are added.", {"accumulate": "product"}),
        Mistake("branches_not_added", "y feeds two gates, but only the max gate's gradient reaches "
                "it; gradients of all branches are added.", {"accumulate": "max"}),
        Mistake("product_not_swapped", "a product gate swaps: the gradient by x is y times the one "
                "from above, that by y is x times it.", {"swap": False}),
        Mistake("max_routes_to_both", "the max gate gives its gradient to the larger input only, "
                "not to both.", {"route": "both"}),
        Mistake("max_routes_to_both", "the max gate gives its gradient to the larger input only; "
                "it does not share it.", {"route": "half"}),
        Mistake("max_routes_to_smaller", "the max gate gives its gradient to the smaller input; "
                "it belongs to the larger.", {"route": "smaller"}),
        Mistake("factor_missing", "the factor 2 is missing on the way back.", {"factor": 1.0}),
        Mistake("factor_twice", "the factor 2 is applied twice on the way back.",
                {"factor": 4.0}),
        Mistake("factor_missing_forward", "the factor 2 is missing in f.", {"outer": 1.0}),
        Mistake("min_for_max", "the smaller of y and z is used in f.", {"gate": "min"}),
    ),
)  # fmt: skip


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


sigmoid_forward_exercise = Exercise(
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
sigmoid_backward_exercise = Exercise(
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
)  # fmt: skip


def affine(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, *, bias: float = 1.0, order: str = "C"
) -> np.ndarray:
    """Return ``x`` flattened row by row, times ``w``, plus ``b``."""
    x, w, b = _f64(x, w, b)
    rows = x.reshape(len(x), -1)
    if order == "F":
        rows = x.reshape(len(x), -1, order="F")
    return rows @ w + bias * b


def affine_gradient(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    *,
    over: str = "1",
    db: str = "sum",
    dx: str = "right",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dw, db of the affine layer."""
    dout, x, w, b = _f64(dout, x, w, b)
    N = len(x)
    rows = x.reshape(N, -1)
    divisor = {"1": 1, "N": N}[over]
    down = {"sum": dout.sum(axis=0), "mean": dout.mean(axis=0), "ones": np.ones_like(b),
            "last": dout[-1], "first": dout[0]}[db]  # fmt: skip
    inward = (dout @ w.T).reshape(x.shape)
    if dx == "flat":
        inward = dout @ w.T
    elif dx == "averaged":
        inward = inward / N
    return inward, rows.T @ dout / divisor, down


affine_forward_exercise = Exercise(
    affine,
    ("out",),
    (
        Mistake("bias_missing", "the bias b is not added.", {"bias": 0.0}),
        Mistake("bias_subtracted", "the bias b is subtracted; add it.", {"bias": -1.0}),
        Mistake("bias_twice", "the bias b is added twice.", {"bias": 2.0}),
        Mistake("flattened_by_columns", "x is flattened in the wrong order: reshape(N, -1) keeps "
                "the rows of each sample together.", {"order": "F"}),
    ),
)  # fmt: skip
affine_backward_exercise = Exercise(
    affine_gradient,
    ("dx", "dw", "db"),
    (
        Mistake("dw_averaged", "dw is divided by N; averaging is the loss's business.",
                {"over": "N"}),
        Mistake("db_averaged", "db is a mean over the batch; it is the sum.", {"db": "mean"}),
        Mistake("db_without_dout", "db ignores dout.", {"db": "ones"}),
        Mistake("db_one_row", "db takes one row of dout; sum over all rows.", {"db": "last"}),
        Mistake("db_one_row", "db takes one row of dout; sum over all rows.", {"db": "first"}),
        Mistake("dx_not_reshaped", "dx should have the shape of x.", {"dx": "flat"}),
        Mistake("dx_averaged", "dx is divided by N; averaging is the loss's business.",
                {"dx": "averaged"}),
    ),
)  # fmt: skip


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


relu_forward_exercise = Exercise(
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
relu_backward_exercise = Exercise(
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
)  # fmt: skip


def affine_problem(
    rng: np.random.Generator, shape: tuple[int, ...], M: int, dtype: Any = np.float64
) -> tuple[np.ndarray, ...]:
    """Return dout, x, w, b for an x of ``shape`` and M outputs."""
    D = int(np.prod(shape[1:]))
    sizes = ((shape[0], M), shape, (D, M), (M,))
    return tuple(rng.normal(size=size).astype(dtype) for size in sizes)


def _affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    return like((x, w, b), affine(x, w, b)), (x, w, b)


def _affine_backward(dout: np.ndarray, cache: Any) -> Any:
    return like((dout, *cache), *affine_gradient(dout, *cache))


def _relu_forward(x: np.ndarray) -> tuple[Any, Any]:
    return like((x,), relu(x)), x


def _relu_backward(dout: np.ndarray, cache: Any) -> Any:
    return like((dout, cache), relu_gradient(dout, cache))


def _pair_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    a, first = _affine_forward(x, w, b)
    return _relu_forward(a)[0], (first, a)


def _pair_backward(dout: np.ndarray, cache: Any) -> Any:
    return _affine_backward(_relu_backward(dout, cache[1]), cache[0])


#: What two layers as one build on, and what a network does: right.
LAYERS: dict[str, Function] = {
    "affine_forward": _affine_forward,
    "affine_backward": _affine_backward,
    "relu_forward": _relu_forward,
    "relu_backward": _relu_backward,
}
BELOW_NETWORK: dict[str, Function] = {
    **LAYERS,
    "affine_relu_forward": _pair_forward,
    "affine_relu_backward": _pair_backward,
}


def check_pair(
    pair_forward: Function, pair_backward: Function, problem: tuple[np.ndarray, ...]
) -> None:
    """Require affine and ReLU in one."""
    dout, x, w, b = problem
    out, cache = _forward(pair_forward, (x, w, b))
    grads = calling.call(pair_backward, dout, cache)
    if not isinstance(grads, (tuple, list)) or len(grads) != 3:
        kind = "no_return" if grads is None else "shape"
        raise CheckFailed("affine_relu_backward should return (dx, dw, db).", general(kind))
    a = affine(x, w, b)
    want = [relu(a), *affine_gradient(dout * (a > 0), x, w, b)]
    for name, got, right in zip(("out", "dx", "dw", "db"), (out, *grads), want, strict=True):
        error = relative_error(got, right)
        if error > 1e-7:
            raise CheckFailed(f"`{name}` is wrong: relative error {error:.1e}.", None, error)
