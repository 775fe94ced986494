"""`TwoLayerNet`: checks of a class with ``params`` and ``loss``, on right layers below it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a3 import affine, relu
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.model import Network
from cs231n_lib.course.checks.pair import Function
from cs231n_lib.course.checks.scores import MISTAKES, softmax_loss

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
    returned: str = "scores",
    **dials: Any,
) -> tuple[Any, ...]:
    """Return scores, loss and the four gradients of affine - ReLU - affine - softmax."""
    X, W1, b1, W2, b2 = (np.asarray(a, dtype=np.float64) for a in (X, W1, b1, W2, b2))
    N = len(X)
    before = X.reshape(N, -1) @ W1 + bias * b1
    hidden = np.maximum(before, 0) if relu else before
    scores = hidden @ W2 + bias * b2
    scores = np.maximum(scores, 0) if relu_last else scores
    shifted = scores - scores.max(axis=1, keepdims=True)
    loss, dscores, log_p = softmax_loss(scores, y, **dials)
    penalty = loss_reg_first * np.sum(W1**2) + np.sum(W2**2)
    penalty = penalty + reg_biases * (np.sum(b1**2) + np.sum(b2**2))
    loss = loss + loss_reg * reg * penalty
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
        Mistake("mask_missing", "the gradient passes the ReLU everywhere; where its input was "
                "negative nothing passes.", {"mask": False}),
        Mistake("first_layer_not_penalised", "W1 is left out of the penalty.",
                {"loss_reg_first": 0.0}),
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
        *MISTAKES,
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


def _build(Net: Callable[..., Any], X: np.ndarray, reg: float, *parameters: np.ndarray) -> Any:
    W1, _, W2, _ = parameters
    return calling.call(Net, *W1.shape, W2.shape[1], reg=reg)


def _far(scores: np.ndarray) -> tuple[np.ndarray, ...]:
    N = len(scores)
    # Hidden units of 2 and 1: no ReLU at its kink.
    return np.eye(N), np.eye(N), np.ones(N), scores, -scores.sum(axis=0)


_network = Network(exercise, _build, _far)
compare, keeps, large = _network.compare, _network.keeps, _network.large


def start(Net: Callable[..., Any], D: int, H: int, C: int, scale: float) -> None:
    """Require parameters of the right shapes: small random weights, biases 0."""
    model = calling.call(Net, D, H, C, weight_scale=scale)
    _network.start(model, {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}, scale)


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
