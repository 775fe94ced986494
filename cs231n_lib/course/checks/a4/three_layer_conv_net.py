"""Assignment 4, the small ConvNet: checks of a class with ``params`` and ``loss``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a4 import conv, max_pool
from cs231n_lib.course.checks.comparison import like
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.model import Network
from cs231n_lib.course.checks.pair import Function
from cs231n_lib.course.checks.scores import MISTAKES, softmax_loss
from cs231n_lib.course.checks.verdict import Diagnosis

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


def _conv_forward(x: Any, w: Any, b: Any, conv_param: Any) -> tuple[Any, Any]:
    return like((x, w, b), conv.convolution(x, w, b, conv_param)), (x, w, b, conv_param)


def _conv_backward(dout: Any, cache: Any) -> Any:
    return like((dout, *cache), *conv.convolution_gradient(dout, *cache))


def _pool_forward(x: Any, pool_param: Any) -> tuple[Any, Any]:
    return like((x,), max_pool.pool(x, pool_param)), (x, pool_param)


def _pool_backward(dout: Any, cache: Any) -> Any:
    return like((dout, *cache), max_pool.pool_gradient(dout, *cache))


#: What the network builds on, right.
BELOW_NETWORK: dict[str, Function] = {
    "conv_forward_naive": _conv_forward,
    "conv_forward_im2col": _conv_forward,
    "conv_backward_naive": _conv_backward,
    "max_pool_forward_naive": _pool_forward,
    "max_pool_backward_naive": _pool_backward,
}


def network(
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *parameters: np.ndarray,
    relu: tuple[bool, bool] = (True, True),
    relu_last: bool = False,
    mask: tuple[bool, bool] = (True, True),
    bias: bool = True,
    loss_reg: float = 1.0,
    grad_reg: float = 2.0,
    penalised: str = "123",
    decayed: str = "123",
    reg_biases: bool = False,
    grad_reg_biases: bool = False,
    pad: str = "same",
    **dials: Any,
) -> tuple[Any, ...]:
    """Return scores, loss and gradients of conv - ReLU - pool - affine - ReLU - affine."""
    X, W1, b1, W2, b2, W3, b3 = (np.asarray(a, dtype=np.float64) for a in (X, *parameters))
    N = len(X)
    if (pad == "none" and W1.shape[2] > 1) or (pad == "1" and W1.shape[2] != 3):
        raise ValueError("the affine layer gets another number of values than it has weights for")
    conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}
    maps, conv_cache = _conv_forward(X, W1, bias * b1, conv_param)
    active = np.maximum(maps, 0) if relu[0] else np.asarray(maps)
    pooled, pool_cache = _pool_forward(active, POOL)
    flat = np.asarray(pooled).reshape(N, -1)
    before = flat @ W2 + bias * b2
    hidden = np.maximum(before, 0) if relu[1] else before
    scores = hidden @ W3 + bias * b3
    scores = np.maximum(scores, 0) if relu_last else scores
    loss, dscores, _ = softmax_loss(scores, y, **dials)
    weights = {"1": W1, "2": W2, "3": W3}
    penalty = sum(float(np.sum(weights[n] ** 2)) for n in penalised)
    penalty += reg_biases * sum(float(np.sum(b**2)) for b in (b1, b2, b3))
    loss = loss + loss_reg * reg * penalty
    dhidden = dscores @ W3.T
    if mask[1] and relu[1]:
        dhidden = dhidden * (before > 0)
    dpooled = (dhidden @ W2.T).reshape(np.shape(pooled))
    dactive = np.asarray(_pool_backward(dpooled, pool_cache))
    if mask[0] and relu[0]:
        dactive = dactive * (np.asarray(maps) > 0)
    _, dW1, db1 = _conv_backward(dactive, conv_cache)
    grads = [dW1, db1, flat.T @ dhidden, dhidden.sum(axis=0)]
    grads += [hidden.T @ dscores, dscores.sum(axis=0)]
    for k, (name, parameter) in enumerate(zip(NAMES, parameters, strict=True)):
        if name[1] in decayed if name[0] == "W" else grad_reg_biases:
            grads[k] = grads[k] + grad_reg * reg * parameter
    return scores, float(loss), *grads


_NO_RELU = "there is no ReLU behind the {} layer."
_MASK = "the gradient passes the ReLU behind the {} layer everywhere; where its input was negative "
_MASK += "nothing passes."
exercise = Exercise(
    network,
    ("scores", "loss", *NAMES),
    (
        Mistake("relu_missing", _NO_RELU.format("convolutional"), {"relu": (False, True)}),
        Mistake("relu_missing", _NO_RELU.format("first affine"), {"relu": (True, False)}),
        Mistake("relu_missing", "there are no ReLUs.", {"relu": (False, False)}),
        Mistake("mask_missing", _MASK.format("convolutional"), {"mask": (False, True)}),
        Mistake("mask_missing", _MASK.format("first affine"), {"mask": (True, False)}),
        Mistake("mask_missing", "the gradient passes both ReLUs everywhere.",
                {"mask": (False, False)}),
        *(Mistake("layer_not_penalised", f"only {' and '.join(f'W{n}' for n in some)} is part of "
                  "the penalty; all three weights are.", {"penalised": some})
          for some in ("1", "2", "3", "12", "13", "23")),
        Mistake("reg_missing_in_gradient", "the penalty is missing in the gradients of the "
                "weights.", {"grad_reg": 0.0}),
        *(Mistake("layer_not_penalised", "the penalty is missing in the gradients of some of the "
                  "weights.", {"decayed": some}) for some in ("1", "2", "3", "12", "13", "23")),
        Mistake("biases_penalised", "the biases are part of the penalty; only the weights are.",
                {"reg_biases": True}),
        Mistake("biases_penalised", "the penalty reaches the gradients of the biases; only the "
                "weights are penalised.", {"grad_reg_biases": True}),
        Mistake("padding_of_the_network", "without padding the convolution makes the image "
                "smaller; it is to keep its size: pad = (filter_size - 1) // 2.", {"pad": "none"}),
        Mistake("padding_of_the_network", "the padding only fits filters of 3 x 3; it depends on "
                "the filter: pad = (filter_size - 1) // 2.", {"pad": "1"}),
        *MISTAKES,
    ),
    probes=lambda: _probes(),
)  # fmt: skip


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return networks that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        "filters of 1 x 1": problem(rng, 2, (3, 4, 2), 3, 1, 4, 3, reg=0.3),
        "filters of 3 x 3": problem(rng, 3, (1, 4, 6), 2, 3, 4, 4, reg=0.4),
    }


def _build(Net: Callable[..., Any], X: np.ndarray, reg: float, *parameters: np.ndarray) -> Any:
    W1, _, W2, _, W3, _ = parameters
    return calling.call(
        Net, input_dim=X.shape[1:], num_filters=len(W1), filter_size=W1.shape[2],
        hidden_dim=W2.shape[1], num_classes=W3.shape[1], reg=reg, dtype=X.dtype.name,
    )  # fmt: skip


def _far(scores: np.ndarray) -> tuple[np.ndarray, ...]:
    N = len(scores)
    # Image n has its only positive window at place n; no ReLU is at its kink.
    X = np.full((N, 1, 2, 2 * N), -1.0)
    for n in range(N):
        X[n, 0, :, 2 * n : 2 * n + 2] = [[1.0, 0.5], [0.25, 0.125]]
    W1, W2 = np.ones((1, 1, 1, 1)), np.eye(N)
    return X, W1, np.zeros(1), W2, np.ones(N), scores, -scores.sum(axis=0)


_network = Network(exercise, _build, _far)
compare, keeps, large = _network.compare, _network.keeps, _network.large


def start(
    Net: Callable[..., Any], input_dim: tuple[int, int, int], F: int, size: int, H: int, C: int,
    scale: float, dtype: str | None = None,
) -> None:  # fmt: skip
    """Require parameters of the right shapes and dtype: small random weights, biases 0."""
    options = {} if dtype is None else {"dtype": dtype}
    model = calling.call(
        Net, input_dim=input_dim, num_filters=F, filter_size=size, hidden_dim=H, num_classes=C,
        weight_scale=scale, **options,
    )  # fmt: skip
    depth, height, width = input_dim
    flat = F * (height // 2) * (width // 2)
    shapes = {"W1": (F, depth, size, size), "b1": (F,), "W2": (flat, H), "b2": (H,),
              "W3": (H, C), "b3": (C,)}  # fmt: skip
    unpooled = Diagnosis("pooling_forgotten", "the pooling layer halves height and width; "
                         "the affine layer gets a quarter of the values.")  # fmt: skip
    _network.start(model, shapes, scale, dtype or "float32", {("W2", (4 * flat, H)): unpooled})


def problem(
    rng: np.random.Generator,
    N: int,
    shape: tuple[int, int, int],
    F: int,
    size: int,
    H: int,
    C: int,
    reg: float = 0.1,
    scale: float = 1.0,
    dtype: Any = np.float64,
) -> tuple[Any, ...]:
    """Return X, y, reg and the six parameters; no ReLU and no maximum is close to its kink."""
    flat = F * (shape[1] // 2) * (shape[2] // 2)
    sizes = ((F, shape[0], size, size), (flat, H), (H, C))
    while True:
        fan_in = (shape[0] * size * size, flat, H)
        W1, W2, W3 = (
            scale * rng.normal(size=s) / np.sqrt(n) for s, n in zip(sizes, fan_in, strict=True)
        )
        b1, b2, b3 = (0.3 * rng.normal(size=n) for n in (F, H, C))
        X = rng.normal(size=(N, *shape))
        maps = conv.convolution(X, W1, b1, {"stride": 1, "pad": (size - 1) // 2})
        active = np.maximum(maps, 0)
        seen = conv.windows(active, 2, 2, {"stride": 2}).reshape(-1, 4)
        second, first = np.sort(seen, axis=1)[:, 2:].T
        before = max_pool.pool(active, POOL).reshape(N, -1) @ W2 + b2
        gap = np.min((first - second)[first > 0], initial=1.0)
        if min(gap, np.abs(maps).min(), np.abs(before).min()) > 2e-4:
            arrays = (a.astype(dtype) for a in (W1, b1, W2, b2, W3, b3))
            return X.astype(dtype), rng.integers(C, size=N), reg, *arrays
