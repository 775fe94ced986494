"""Assignment 2, SVM and softmax: references with dials, and the mistakes they imitate."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import NUMERICAL, Exercise, Mistake, general, relative_error
from cs231n_lib.course.checks.verdict import CheckFailed

Problem = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def _finish(
    W: np.ndarray,
    X: np.ndarray,
    reg: float,
    losses: np.ndarray,
    dscores: np.ndarray,
    *,
    loss_over: str = "N",
    grad_over: str = "N",
    loss_reg: float = 1.0,
    grad_reg: float = 2.0,
    penalty: str = "squares",
    penalty_over_N: bool = False,
    times_reg: bool = True,
    grad_penalty_over_N: bool = False,
) -> tuple[float, np.ndarray]:
    """Average and regularise: every way of doing that wrong is the same for both losses."""
    N, C = dscores.shape
    divisor = {"N": N, "1": 1, "NC": N * C, "C": C}
    size = {"squares": np.sum(W * W), "norm": np.sqrt(np.sum(W * W)), "abs": np.sum(np.abs(W)),
            "sum": np.sum(W)}[penalty]  # fmt: skip
    loss = np.sum(losses) / divisor[loss_over]
    loss += loss_reg * (reg if times_reg else 1.0) * size / (N if penalty_over_N else 1)
    dW = X.T @ dscores / divisor[grad_over]
    dW = dW + grad_reg * reg * W / (N if grad_penalty_over_N else 1)
    return float(loss), dW


def svm(
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *,
    delta: float = 1.0,
    true_class: str = "left out",
    hinge: str = "max",
    margin: str = "right",
    grad_true: str = "count",
    grad_others: bool = True,
    **dials: Any,
) -> tuple[float, np.ndarray]:
    """Return the multiclass SVM loss and its gradient, computed in float64."""
    W, X = np.asarray(W, dtype=np.float64), np.asarray(X, dtype=np.float64)
    rows = np.arange(len(X))
    scores = X @ W
    margins = scores - scores[rows, y][:, None] + delta
    if margin == "sign":
        margins = scores[rows, y][:, None] - scores + delta
    true = np.zeros(margins.shape, dtype=bool)
    true[rows, y] = True
    active = (margins > 0) & ~true
    kept = margins if hinge == "none" else np.maximum(margins, 0)
    if hinge == "largest":
        kept = np.where(kept == np.where(true, -1, kept).max(axis=1)[:, None], kept, 0)
    kept = kept**2 if hinge == "squared" else kept
    if true_class != "counted":
        kept = np.where(true, 0, kept)
    dscores = active * (2 * margins if hinge == "squared" else 1.0)
    count = dscores.sum(axis=1)
    if true_class == "in gradient":
        count = count + 1
    if not grad_others:
        dscores = np.zeros_like(margins)
    dscores[rows, y] = -{"count": count, "once": np.minimum(count, 1), "always": np.ones(len(X)),
                         "missing": np.zeros(len(X)), "plus": -count}[grad_true]  # fmt: skip
    return _finish(W, X, reg, kept.sum(axis=1), dscores, **dials)


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
    return _finish(W, X, reg, sign * losses / np.log(base), dscores, **dials)


def _shared() -> tuple[Mistake, ...]:
    """Return the mistakes in averaging and regularising."""
    return (
        Mistake("loss_not_averaged", "the loss is summed over the batch, not averaged.",
                {"loss_over": "1"}),
        Mistake("gradient_not_averaged", "the gradient of the data term equals the right one "
                "times N: it was not averaged.", {"grad_over": "1"}),
        Mistake("loss_over_classes", "the loss is divided by the number of classes too; average "
                "over the batch only.", {"loss_over": "NC"}),
        Mistake("loss_over_classes", "the loss is divided by the number of classes, not by N.",
                {"loss_over": "C"}),
        Mistake("gradient_over_classes", "the gradient is divided by the number of classes; "
                "average over the batch only.", {"grad_over": "NC"}),
        Mistake("gradient_over_classes", "the gradient is divided by the number of classes, not "
                "by N.", {"grad_over": "C"}),
        Mistake("half_reg_in_loss", "the loss uses half of the penalty; the convention here is "
                "reg * sum(W*W).", {"loss_reg": 0.5}),
        Mistake("half_reg_in_gradient", "the gradient of the penalty is reg * W; that of "
                "reg * sum(W*W) is 2 * reg * W.", {"grad_reg": 1.0}),
        Mistake("reg_missing_in_loss", "the penalty reg * sum(W*W) is missing in the loss.",
                {"loss_reg": 0.0}),
        Mistake("reg_missing_in_gradient", "the penalty is missing in the gradient: add "
                "2 * reg * W.", {"grad_reg": 0.0}),
        Mistake("reg_over_N", "the penalty is divided by N; only the data term is averaged.",
                {"penalty_over_N": True}),
        Mistake("reg_over_N_in_gradient", "the gradient of the penalty is divided by N; only the "
                "data term is averaged.", {"grad_penalty_over_N": True}),
        Mistake("half_reg_over_N", "the gradient of the penalty is reg * W / N; it should be "
                "2 * reg * W.", {"grad_reg": 1.0, "grad_penalty_over_N": True}),
        Mistake("double_reg_in_loss", "the penalty is counted twice in the loss.",
                {"loss_reg": 2.0}),
        Mistake("double_reg_in_gradient", "the penalty is counted twice in the gradient.",
                {"grad_reg": 4.0}),
        Mistake("reg_sign_in_loss", "the penalty is subtracted from the loss; add it.",
                {"loss_reg": -1.0}),
        Mistake("reg_sign_in_gradient", "the gradient of the penalty has the wrong sign.",
                {"grad_reg": -2.0}),
        Mistake("reg_factor_missing", "the penalty in the loss is sum(W*W) alone; multiply it by "
                "reg.", {"times_reg": False}),
        Mistake("norm_for_squares", "the penalty is the norm of W; it should be the sum of "
                "squares, without a root.", {"penalty": "norm"}),
        Mistake("abs_for_squares", "the penalty sums absolute values; it should sum squares.",
                {"penalty": "abs"}),
        Mistake("sum_for_squares", "the penalty sums W itself; it should sum the squares.",
                {"penalty": "sum"}),
    )  # fmt: skip


_SVM = (
    Mistake("true_class_counted", "the true class is counted: each sample adds its own margin "
            "of 1.", {"true_class": "counted"}),
    Mistake("true_class_in_gradient", "the true class is counted in the gradient: one x too many "
            "is subtracted from its column.", {"true_class": "in gradient"}),
    Mistake("no_margin", "the margin of 1 is missing.", {"delta": 0.0}),
    Mistake("margin_sign", "the difference is the wrong way round: it is "
            "max(0, s_j - s_y + 1).", {"margin": "sign"}),
    Mistake("margin_subtracted", "the margin of 1 is subtracted; it is added.", {"delta": -1.0}),
    Mistake("no_max", "max(0, ...) is missing: negative margins are summed too.",
            {"hinge": "none"}),
    Mistake("squared_hinge", "the margins are squared; this is the linear hinge.",
            {"hinge": "squared"}),
    Mistake("largest_margin_only", "only the largest margin counts here; sum over all classes "
            "but the true one.", {"hinge": "largest"}),
    Mistake("true_column_missing", "the gradient lacks the column of the true class: "
            "each positive margin also subtracts x there.", {"grad_true": "missing"}),
    Mistake("true_column_once", "the column of the true class gets -x once; it is -x once for "
            "each positive margin.", {"grad_true": "once"}),
    Mistake("true_column_once", "the column of the true class gets -x once for every sample; it "
            "is -x once for each positive margin.", {"grad_true": "always"}),
    Mistake("true_column_sign", "x is added to the column of the true class; subtract it.",
            {"grad_true": "plus"}),
    Mistake("other_columns_missing", "the gradient lacks the columns of the wrong classes: each "
            "positive margin adds x there.", {"grad_others": False}),
    *_shared(),
)  # fmt: skip
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
    *_shared(),
)  # fmt: skip
svm_exercise = Exercise(svm, ("loss", "dW"), _SVM)
softmax_exercise = Exercise(softmax, ("loss", "dW"), _SOFTMAX)
OVERFLOW, LOG_OF_ZERO = (
    next(m.diagnosis for m in _SOFTMAX if m.id == name)
    for name in ("no_max_subtraction", "log_of_p")
)
#: log(p + 1e-9) instead of log(p) is a mistake only where p is tiny; other tests show that.
LOSS_TOLERANCE = 1e-5


def problem(
    rng: np.random.Generator,
    N: int,
    D: int,
    C: int,
    reg: float = 0.1,
    scale: float = 1.0,
    labels: Any = None,
    dtype: Any = np.float64,
) -> Problem:
    """Return random ``W, X, y, reg`` whose SVM margins all keep away from the kink at 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the numbers.
    N, D, C : int
        Rows, dimensions, classes.
    reg : float
        Passed on.
    scale : float
        Typical size of the scores.
    labels : array_like, optional
        The labels that may occur, repeated to be frequent; all C by default.
    dtype : dtype
        Of W and X.

    Returns
    -------
    tuple
        W (D, C), X (N, D), y (N,), reg.
    """
    while True:
        W = (scale * rng.normal(size=(D, C)) / np.sqrt(D)).astype(dtype)
        X = rng.normal(size=(N, D)).astype(dtype)
        y = rng.choice(np.arange(C) if labels is None else np.asarray(labels), size=N)
        scores = X.astype(np.float64) @ W.astype(np.float64)
        margins = scores - scores[np.arange(N), y][:, None] + 1
        if np.abs(margins).min() > 0.5 / margins.size * min(scale, 1.0):
            return W, X, y, reg


def exact_gradient(exercise: Exercise, function: Callable[..., Any], problem: Problem) -> None:
    """Require a gradient far more exact than differences of losses can be.

    Raises
    ------
    CheckFailed
        Naming numerical differentiation if the gradient is nearly right.
    """
    W, X, y, _ = problem
    # Large weights and small inputs: the step of a numerical gradient drowns in W's rounding.
    args = (1e5 * W, 1e-5 * X, y, 0.0)
    want = exercise.expected(args)
    result = calling.call(function, *args)
    assert want is not None
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed("the function should return (loss, dW).", general("shape"))
    error = relative_error(result[1], want["dW"])
    if error > 1e-9:
        diagnosis = NUMERICAL if error < 0.05 else None
        raise CheckFailed(f"`dW` is not exact: relative error {error:.1e}.", diagnosis, error)


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
