"""The softmax loss, for both ways to compute it: the reference with its dials, and the mistakes."""

import math
from typing import Any

import numpy as np

from cs231n_lib.course.checks.a2.losses import Problem, finish, problem, shared_mistakes
from cs231n_lib.course.checks.exercise import Exercise, Mistake


def softmax(
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *,
    shift: str = "row",
    eps: float = 0.0,
    base: float = math.e,
    sign: float = 1.0,
    of: str = "log p",
    grad_true: float = 1.0,
    sum_over: int = 1,
    grad_of: str = "p",
    **dials: Any,
) -> tuple[float, np.ndarray]:
    """Return the softmax cross-entropy loss and its gradient, computed in float64."""
    W, X = np.asarray(W, dtype=np.float64), np.asarray(X, dtype=np.float64)
    rows = np.arange(len(X))
    scores = X @ W
    if shift == "row":
        scores = scores - scores.max(axis=1, keepdims=True)
    elif shift == "all":
        scores = scores - scores.max()
    exp = np.exp(scores)
    total = exp.sum(axis=sum_over, keepdims=True)
    p = exp / total
    if of == "p":
        losses = -p[rows, y]
    elif of == "1 - p":
        losses = 1 - p[rows, y]
    elif of == "all":
        losses = -np.log(p).sum(axis=1)
    elif of == "score":
        losses = -scores[rows, y]
    elif of == "log of the sum":
        losses = np.log(total[:, 0]) - scores[rows, y]
    elif shift == "row" and not eps and sum_over == 1 and of != "plain log p":
        losses = np.log(total[:, 0]) - scores[rows, y]  # right even where p underflows to 0
    else:
        losses = -np.log(p[rows, y] + eps)
    dscores = np.log(p) if grad_of == "log p" else p.copy()
    dscores[rows, y] -= grad_true
    return finish(W, X, reg, sign * losses / np.log(base), dscores, **dials)


_SOFTMAX = (
    Mistake("no_max_subtraction", "large scores overflow in exp: subtract the largest score of "
            "each row first.", {"shift": "none"}),
    Mistake("shift_by_overall_max", "the largest score of the whole batch is subtracted; a row "
            "far below it underflows to log(0). Subtract each row's own largest score.",
            {"shift": "all"}),
    Mistake("shift_by_overall_max", "the largest score of the whole batch is subtracted; a row "
            "far below it underflows to log(0). Subtract each row's own largest score.",
            {"shift": "all", "of": "log of the sum"}),
    Mistake("log_of_p_plus_eps", "a small number is added inside the log to avoid log(0); that "
            "bounds the loss. Use s_y - max - log(sum(exp)) instead.", {"eps": 1e-8}),
    *(Mistake("log_of_p_plus_eps", "a small number is added inside the log to avoid log(0); that "
              "bounds the loss. Use s_y - max - log(sum(exp)) instead.", {"eps": eps})
      for eps in (1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)),
    Mistake("log_of_p", "p is right, but underflows to 0 where a score is far below the largest, "
            "and log(0) is infinite. Use s_y - max - log(sum(exp)).", {"of": "plain log p"}),
    Mistake("log_base", "this is a logarithm to another base; use the natural one.",
            {"base": 2.0}),
    Mistake("log_base", "this is a logarithm to another base; use the natural one.",
            {"base": 10.0}),
    Mistake("log_sign", "the logarithm of p is negative: the loss is -log p.", {"sign": -1.0}),
    Mistake("no_log", "the logarithm is missing: the loss is -log p.", {"of": "p"}),
    Mistake("no_log", "the loss is -log p, not 1 - p.", {"of": "1 - p"}),
    Mistake("all_classes_in_loss", "-log p is summed over all classes; only the true class "
            "counts.", {"of": "all"}),
    Mistake("score_for_probability", "this is the score of the true class without the "
            "normalisation by log(sum(exp)).", {"of": "score"}),
    Mistake("one_not_subtracted", "the gradient is p for every class; subtract 1 from that of the "
            "true class.", {"grad_true": 0.0}),
    Mistake("log_p_for_p", "the gradient takes log p; it is p, minus 1 for the true class.",
            {"grad_of": "log p"}),
    Mistake("one_added", "1 is added to the true class's entry; subtract it.",
            {"grad_true": -1.0}),
    Mistake("normalised_over_batch", "exp is summed over the batch; sum over the classes of each "
            "row.", {"sum_over": 0}),
    *shared_mistakes(),
)  # fmt: skip
exercise = Exercise(softmax, ("loss", "dW"), _SOFTMAX)
OVERFLOW, LOG_OF_ZERO = (
    next(m.diagnosis for m in _SOFTMAX if m.id == name)
    for name in ("no_max_subtraction", "log_of_p")
)
#: log(p + 1e-9) instead of log(p) is a mistake only where p is tiny; other tests show that.
LOSS_TOLERANCE = 1e-5


def far() -> dict[str, Problem]:
    """Return small problems with scores far apart: in a row, from row to row, from 0.

    Each way to underflow or overflow has its own pattern of failures in these.
    """
    y, X = np.array([0, 1]), np.array([[1.0, -1 / 7], [1.0, 1.0]])
    return {
        "scores 0 and 2000": (np.array([[0.0, 2000.0]]), np.ones((1, 1)), y[:1], 0.0),
        "rows of scores around -100 and 700": (np.array([[0.0, 1.0], [700.0, 700.0]]), X, y, 0.0),
        "scores 2000 and 2001": (np.array([[0.0, 1.0], [2000.0, 2000.0]]), X[1:], y[:1], 0.0),
    }


def raised(
    rng: np.random.Generator, N: int, D: int, C: int, height: float, spread: float = 0.0
) -> Problem:
    """Return a problem whose scores all lie around ``height``, row by row up to ``spread`` off.

    The last column of X carries the height, with the same weight for every class.
    """
    W, X, y, _ = problem(rng, N, D, C)
    offsets = height + spread * np.linspace(-1, 1, N)
    return np.vstack([W, np.ones((1, C))]), np.hstack([X, offsets[:, None]]), y, 0.0
