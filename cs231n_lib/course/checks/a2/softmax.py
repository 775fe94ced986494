"""The softmax loss, for both ways to compute it: the reference with its dials, and the mistakes."""

import contextlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a2.losses import Problem, finish, probes, shared_mistakes
from cs231n_lib.course.checks.comparison import relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.verdict import NOT_IMPLEMENTED, CheckFailed, Diagnosis


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
    all_columns: bool = False,
    **dials: Any,
) -> tuple[float, np.ndarray]:
    """Return the softmax cross-entropy loss and its gradient, computed in float64."""
    W, X = np.asarray(W, dtype=np.float64), np.asarray(X, dtype=np.float64)
    rows = np.arange(len(X))
    scores = X @ W
    if shift == "row":
        scores = scores - scores.max(axis=1, keepdims=True)
    elif shift != "none":
        scores = scores - scores.max(axis={"all": None, "column": 0}[shift])
    exp = np.exp(scores)
    total = exp.sum(axis=sum_over, keepdims=True)
    p = exp / total
    if of == "p":
        losses = -p[rows, y]
    elif of == "1 - p":
        losses = 1 - p[rows, y]
    elif of == "all scores":
        losses = scores.shape[1] * np.log(total[:, 0]) - scores.sum(axis=1)
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
    dscores = {"p": p, "log p": np.log(p), "log-softmax": scores - np.log(total)}[grad_of].copy()
    if all_columns:
        dscores[:, y] -= grad_true
    else:
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
    *(Mistake("largest_of_column", "the largest score of each column is subtracted, which changes "
              "the probabilities. Subtract each row's own largest score: axis=1, keepdims=True.",
              {"shift": "column", **of}) for of in ({}, {"of": "log of the sum"})),
    Mistake("log_of_p_plus_eps", "a small number is added inside the log to avoid log(0); that "
            "bounds the loss. Use s_y - max - log(sum(exp)) instead.", {"eps": 1e-8}),
    *(Mistake("log_of_p_plus_eps", "a small number is added inside the log to avoid log(0); that "
              "bounds the loss. Use s_y - max - log(sum(exp)) instead.", {"eps": eps})
      for eps in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)),
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
    Mistake("all_classes_in_loss", "-log p is summed over all classes; only the true class "
            "counts.", {"of": "all scores"}),
    Mistake("score_for_probability", "this is the score of the true class without the "
            "normalisation by log(sum(exp)).", {"of": "score"}),
    Mistake("one_not_subtracted", "the gradient is p for every class; subtract 1 from that of the "
            "true class.", {"grad_true": 0.0}),
    Mistake("log_p_for_p", "the gradient takes log p; it is p, minus 1 for the true class.",
            {"grad_of": "log p"}),
    Mistake("log_p_for_p", "the gradient takes log p; it is p, minus 1 for the true class.",
            {"grad_of": "log-softmax"}),
    Mistake("one_added", "1 is added to the true class's entry; subtract it.",
            {"grad_true": -1.0}),
    Mistake("all_columns_of_y", "`[:, y]` takes whole columns; one entry for each row is "
            "`[np.arange(N), y]`.", {"all_columns": True}),
    Mistake("normalised_over_batch", "exp is summed over the batch; sum over the classes of each "
            "row.", {"sum_over": 0}),
    *shared_mistakes(),
)  # fmt: skip
exercise = Exercise(
    softmax,
    ("loss", "dW"),
    _SOFTMAX,
    probes=probes,
    nan_cause=lambda function: _overflow(function),
)
OVERFLOW, LOG_OF_ZERO = (
    next(m.diagnosis for m in _SOFTMAX if m.id == name)
    for name in ("no_max_subtraction", "log_of_p")
)
#: log(p + 1e-9) instead of log(p) is a mistake only where p is tiny; other tests show that.
LOSS_TOLERANCE = 1e-5


def _scores(scores: list[list[float]], y: list[int]) -> Problem:
    """Return the problem whose rows X pick the rows of ``scores``."""
    return np.array(scores), np.eye(len(scores)), np.array(y), 0.0


def far() -> dict[str, Problem]:
    """Return small problems with scores far apart: in a row, from row to row, from 0.

    Each way to underflow or overflow has its own pattern of failures in these. Where there are
    two rows their losses are 0, whether they are averaged or not.
    """
    return {
        "scores 0 and 2000": _scores([[0.0, 2000.0]], [0]),
        "rows up to 200 and 1000": _scores([[100.0, 200.0], [900.0, 1000.0]], [1, 1]),
        "scores 2000 and 2001": _scores([[2000.0, 2001.0]], [0]),
    }


def _overflow(function: Callable[..., Any]) -> Diagnosis | None:
    """Tell whether exp overflows: where all scores are high, nothing else makes a loss infinite."""
    with contextlib.suppress(CheckFailed):
        result = calling.call(function, *far()["scores 2000 and 2001"])
        if isinstance(result, (tuple, list)) and len(result) == 2:
            loss = calling.numbers(result[0], "`loss`")
            return None if np.all(np.isfinite(loss)) else OVERFLOW
    return None


def farther() -> dict[str, Problem]:
    """Return more of the kind of :func:`far`."""
    return {
        "five scores from -4000 to 6000": _scores([[0.0, 6000.0, -4000.0, 1.0, 900.0]], [3]),
        "rows down to -9000": _scores([[-9000.0, -8800.0, -8900.0], [5.0, 300.0, 2.0]], [1, 1]),
    }


def large(function: Callable[..., Any], *heights: tuple[float, float]) -> None:
    """Require losses and gradients of scores around each height, up to so much off it.

    Raising all scores of a row changes nothing. So who has another mistake as well passes if
    that is true of the own results.
    """
    problems = {f"scores around {h:g}": raised(h, off) for h, off in heights}
    try:
        exercise.check(function, problems, tolerance=LOSS_TOLERANCE, nan=OVERFLOW)
    except CheckFailed as failure:
        if failure.diagnosis == NOT_IMPLEMENTED or not _ignores_heights(function, problems):
            raise


def raised(height: float, off: float) -> Problem:
    """Return a fixed problem with scores around ``height``: the last column of X carries it."""
    N, D, C = 7, 4, 3
    X, W = np.sin(np.arange(1.0, N * D + 1)).reshape(N, D), np.cos(np.arange(D * C)).reshape(D, C)
    heights = height + off * np.linspace(-1, 1, N)[:, None]
    return np.vstack([W, np.ones((1, C))]), np.hstack([X, heights]), np.arange(N) % C, 0.0


def _ignores_heights(function: Callable[..., Any], problems: dict[str, Problem]) -> bool:
    for W, X, y, reg in problems.values():
        low = X * (np.arange(X.shape[1]) < X.shape[1] - 1)
        trials = ((X, y), (low, y), (low, np.roll(y, 1)))
        results = [calling.call(function, W, rows, labels, reg) for rows, labels in trials]
        if not all(isinstance(r, (tuple, list)) and len(r) == 2 for r in results):
            return False
        (loss, dW), (own_loss, own_dW), (other_loss, _) = (
            (calling.numbers(a, "`loss`"), calling.numbers(b, "`dW`")) for a, b in results
        )
        if not dW.shape == own_dW.shape == W.shape:
            return False
        if not np.all(np.isfinite(loss)) or not np.all(np.isfinite(dW)):
            return False
        # Whoever computes nothing ignores labels, too.
        if np.array_equal(own_loss, other_loss):
            return False
        pairs = ((loss, own_loss), (dW[:-1], own_dW[:-1]))
        if max(relative_error(a, b) for a, b in pairs) > LOSS_TOLERANCE:
            return False
    return True
