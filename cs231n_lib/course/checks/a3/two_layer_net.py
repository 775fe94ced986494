"""`TwoLayerNet`: checks of a class with ``params`` and ``loss``, on right layers below it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a3 import affine, relu
from cs231n_lib.course.checks.comparison import relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.model import (
    AVERAGED,
    LARGE,
    far_scores,
    loss_of,
    params_of,
    put_params,
    require_finite,
    require_same_params,
)
from cs231n_lib.course.checks.pair import Function
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

NAMES = ("W1", "b1", "W2", "b2")


def _pair_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    a, first = affine.forward(x, w, b)
    return relu.forward(a)[0], (first, a)


def _pair_backward(dout: np.ndarray, cache: Any) -> Any:
    return affine.backward(relu.backward(dout, cache[1]), cache[0])


#: What the network builds on, right.
BELOW: dict[str, Function] = {
    **relu.LAYERS,
    "affine_relu_forward": _pair_forward,
    "affine_relu_backward": _pair_backward,
}


def network(
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    W1: np.ndarray,
    b1: np.ndarray,
    W2: np.ndarray,
    b2: np.ndarray,
    *,
    relu: bool = True,
    relu_last: bool = False,
    mask: bool = True,
    bias: bool = True,
    loss_reg: float = 1.0,
    loss_reg_first: float = 1.0,
    grad_reg: float = 2.0,
    reg_biases: bool = False,
    grad_reg_biases: bool = False,
    over: str = "1",
    returned: str = "scores",
    eps: float = 0.0,
    shift: bool = True,
    of_p: bool = False,
) -> tuple[Any, ...]:
    """Return scores, loss and the four gradients of affine - ReLU - affine - softmax."""
    X, W1, b1, W2, b2 = (np.asarray(a, dtype=np.float64) for a in (X, W1, b1, W2, b2))
    N = len(X)
    rows = np.arange(N)
    before = X.reshape(N, -1) @ W1 + bias * b1
    hidden = np.maximum(before, 0) if relu else before
    scores = hidden @ W2 + bias * b2
    scores = np.maximum(scores, 0) if relu_last else scores
    shifted = scores - scores.max(axis=1, keepdims=True)
    total = np.exp(shifted if shift else scores).sum(axis=1, keepdims=True)
    log_p = (shifted if shift else scores) - np.log(total)
    penalty = loss_reg_first * np.sum(W1**2) + np.sum(W2**2)
    penalty = penalty + reg_biases * (np.sum(b1**2) + np.sum(b2**2))
    log_of = np.log(np.exp(log_p) + eps) if eps or of_p else log_p
    loss = -log_of[rows, y].mean() + loss_reg * reg * penalty
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    dscores /= {"1": N, "N": N * N, "0": 1}[over]
    dhidden = dscores @ W2.T
    if mask and relu:
        dhidden = dhidden * (before > 0)
    decay = grad_reg * reg
    on_b = decay * grad_reg_biases
    return (
        {"scores": scores, "p": np.exp(log_p), "shifted": shifted}[returned],
        float(loss),
        X.reshape(N, -1).T @ dhidden + decay * W1,
        dhidden.sum(axis=0) + on_b * b1,
        hidden.T @ dscores + decay * W2,
        dscores.sum(axis=0) + on_b * b2,
    )


exercise = Exercise(
    network,
    ("scores", "loss", *NAMES),
    (
        Mistake("relu_missing", "there is no ReLU between the two affine layers.",
                {"relu": False}),
        Mistake("relu_on_scores", "the scores pass a ReLU; they should not.",
                {"relu_last": True}),
        Mistake("mask_missing", "the gradient passes the ReLU everywhere; where its input was "
                "negative nothing passes.", {"mask": False}),
        Mistake("biases_missing", "the biases are not added.", {"bias": False}),
        Mistake("half_reg_in_loss", "the loss uses half of the penalty; the convention here is "
                "reg * sum(W*W).", {"loss_reg": 0.5}),
        Mistake("reg_missing_in_loss", "the penalty is missing in the loss.", {"loss_reg": 0.0}),
        Mistake("first_layer_not_penalised", "W1 is left out of the penalty.",
                {"loss_reg_first": 0.0}),
        Mistake("half_reg_in_gradient", "the gradient of the penalty is reg * W; that of "
                "reg * sum(W*W) is 2 * reg * W.", {"grad_reg": 1.0}),
        Mistake("reg_missing_in_gradient", "the penalty is missing in the gradients of W1 and W2.",
                {"grad_reg": 0.0}),
        Mistake("biases_penalised", "the biases are part of the penalty; only W1 and W2 are.",
                {"reg_biases": True}),
        Mistake("biases_penalised", "the penalty reaches the gradients of the biases; only W1 and "
                "W2 are penalised.", {"grad_reg_biases": True}),
        Mistake("probabilities_for_scores", "without labels the scores are asked for, as the last "
                "affine layer gives them; these are probabilities.", {"returned": "p"}),
        Mistake("shifted_scores", "the largest score of each row is subtracted from the scores "
                "themselves; without labels they are returned as they are.",
                {"returned": "shifted"}),
        *(Mistake("log_of_p_plus_eps", "a small number is added inside the log to avoid log(0); "
                  "that bounds the loss. The function softmax_loss is given.", {"eps": eps})
          for eps in (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7)),
        *LARGE,
        *AVERAGED,
    ),
    probes=lambda: _probes(),
)  # fmt: skip


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return networks that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        "4 samples": problem(rng, 4, 3, 5, 3, reg=0.3),
        "3 samples": problem(rng, 3, 4, 4, 5, reg=0.6),
    }


def far() -> dict[str, tuple[Any, ...]]:
    """Return networks with scores far apart."""
    found = {}
    for name, (scores, y) in far_scores().items():
        N = len(scores)
        # Hidden units of 2 and 1: no ReLU at its kink.
        found[name] = (np.eye(N), y, 0.0, np.eye(N), np.ones(N), scores, -scores.sum(axis=0))
    return found


def large(Net: Callable[..., Any]) -> None:
    """Require the right loss, and gradients without NaN, where scores are far apart."""
    compare(Net, far(), ("loss",))
    for name, (X, y, reg, *parameters) in far().items():
        model = _model(Net, reg, tuple(parameters))
        result = calling.call(loss_of(model), X, y)
        require_finite(result, name, NAMES)


def _params(model: Any) -> dict[str, np.ndarray]:
    params = params_of(model, NAMES)
    return {name: calling.numbers(params[name], f"params['{name}']") for name in NAMES}


def start(Net: Callable[..., Any], D: int, H: int, C: int, scale: float) -> None:
    """Require parameters of the right shapes: small random weights, biases 0."""
    model = calling.call(Net, D, H, C, weight_scale=scale)
    params = _params(model)
    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}
    for name, shape in shapes.items():
        found = params[name].shape
        if found != shape:
            kind = "transposed" if found == shape[::-1] else "shape"
            raise CheckFailed(f"{name} should be {shape}, but is {found}.", general(kind))
    for name in ("b1", "b2"):
        calling.require(
            not params[name].any(), f"{name} should start at 0.",
            Diagnosis("biases_not_zero", "biases start at 0; only weights are random."),
        )  # fmt: skip
    for name in ("W1", "W2"):
        ratio = float(params[name].std()) / scale
        if not 0.6 < ratio < 1.6:
            raise CheckFailed(
                f"the standard deviation of {name} should be about weight_scale.",
                Diagnosis("weight_scale", "start from weight_scale * normal random numbers."),
            )


def _model(Net: Callable[..., Any], reg: float, parameters: tuple[Any, ...]) -> Any:
    D, H = parameters[0].shape
    model = calling.call(Net, D, H, parameters[2].shape[1], reg=reg)
    put_params(model, NAMES, parameters)
    return model


def compare(Net: Callable[..., Any], regimes: Any, parts: tuple[str, ...], **options: Any) -> None:
    """Require the named parts: the scores without labels, else loss and gradients."""

    def run(X: Any, y: Any, reg: float, *parameters: Any) -> tuple[Any, ...]:
        model = _model(Net, reg, parameters)
        if parts == ("scores",):
            return (calling.call(loss_of(model), X), *[0.0] * 5)
        result = calling.call(loss_of(model), X, y)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            kind = "no_return" if result is None else "shape"
            raise CheckFailed("with labels, `loss` should return (loss, grads).", general(kind))
        loss, grads = result
        if parts == ("loss",):
            return (0.0, loss, *[0.0] * 4)
        if not isinstance(grads, dict) or not set(NAMES) <= set(grads):
            raise CheckFailed(f"`grads` should be a dictionary with {', '.join(NAMES)}.")
        return (0.0, loss, *(grads[name] for name in NAMES))

    try:
        exercise.check(run, regimes, parts=parts, **options)
    except CheckFailed as failure:
        if failure.diagnosis is None and _keeps_old_parameters(Net, next(iter(regimes.values()))):
            raise CheckFailed(failure.message, OLD_PARAMETERS, failure.error_size) from None
        raise


OLD_PARAMETERS = Diagnosis(
    "old_parameters", "other values in `params` change nothing: the layers keep copies, or the "
    "arrays they were made with. Read self.params in each call.",
)  # fmt: skip


def _keeps_old_parameters(Net: Callable[..., Any], problem: tuple[Any, ...]) -> bool:
    """Whether the scores of one model stay the same when its parameters are replaced."""
    X, _, reg, *parameters = problem
    model = _model(Net, reg, tuple(parameters))
    before = calling.call(loss_of(model), X)
    model.params = {n: 2 * p + 1 for n, p in zip(NAMES, parameters, strict=True)}
    return relative_error(calling.call(loss_of(model), X), before) == 0.0


def keeps(Net: Callable[..., Any], X: Any, y: Any, reg: float, *parameters: Any) -> None:
    """Require float32 gradients for float32, and that ``loss`` changes neither X nor params."""
    model = _model(Net, reg, parameters)
    result, facts = calling.observe(loss_of(model), X, y)
    if facts["changed"]:
        raise CheckFailed("`loss` changes X or y.", general("input_changed"))
    require_same_params(_params(model), NAMES, parameters)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[1], dict):
        kind = "no_return" if result is None else "shape"
        raise CheckFailed("with labels, `loss` should return (loss, grads).", general(kind))
    dtypes = {str(getattr(g, "dtype", type(g).__name__)) for g in result[1].values()}
    if dtypes != {"float32"}:
        raise CheckFailed(f"float32 gave gradients of {', '.join(dtypes)}.", general("dtype"))


def problem(
    rng: np.random.Generator,
    N: int,
    D: int,
    H: int,
    C: int,
    reg: float = 0.1,
    scale: float = 1.0,
    dtype: Any = np.float64,
) -> tuple[Any, ...]:
    """Return X, y, reg and the four parameters; no hidden unit is close to its kink."""
    while True:
        W1, W2 = (scale * rng.normal(size=s) / np.sqrt(s[0]) for s in ((D, H), (H, C)))
        b1, b2 = 0.3 * rng.normal(size=H), 0.3 * rng.normal(size=C)
        X = rng.normal(size=(N, D))
        if np.abs(X @ W1 + b1).min() > 0.1 / (N * H):
            arrays = (a.astype(dtype) for a in (W1, b1, W2, b2))
            return X.astype(dtype), rng.integers(C, size=N), reg, *arrays
