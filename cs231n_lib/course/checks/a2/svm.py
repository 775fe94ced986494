"""The SVM loss, for both ways to compute it: the reference with its dials, and the mistakes."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.a2.losses import finish, probes, shared_mistakes
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


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
    if margin == "first label":
        margins = scores - scores[:, y[:1]] + delta
    if margin == "sign":
        margins = scores[rows, y][:, None] - scores + delta
    true = np.zeros(margins.shape, dtype=bool)
    true[rows, y] = True
    gone = np.isin(np.arange(W.shape[1]), y if true_class == "columns" else [])
    active = ((margins > 0) | (hinge == "none, nor in the gradient")) & ~gone & ~true
    kept = margins if "none" in hinge else np.maximum(margins, 0)
    if hinge == "largest":
        kept = np.where(kept == np.where(true, -1, kept).max(axis=1)[:, None], kept, 0)
    kept = kept**2 if "squared" in hinge else kept
    if true_class != "counted":
        kept = np.where(gone | true, 0, kept)
    dscores = active * (2 * margins if hinge == "squared" else 1.0)
    count = dscores.sum(axis=1)
    if true_class == "in gradient":
        count = count + 1
    if not grad_others:
        dscores = np.zeros_like(margins)
    dscores[rows, y] = -{"count": count, "once": np.minimum(count, 1), "always": np.ones(len(X)),
                         "missing": np.zeros(len(X)), "plus": -count}[grad_true]  # fmt: skip
    return finish(W, X, reg, kept.sum(axis=1), dscores, **dials)


_SVM = (
    Mistake("true_class_counted", "the true class is counted: each sample adds its own margin "
            "of 1.", {"true_class": "counted"}),
    Mistake("true_class_in_gradient", "the true class is counted in the gradient: one x too many "
            "is subtracted from its column.", {"true_class": "in gradient"}),
    Mistake("all_columns_of_y", "`[:, y]` takes whole columns; one entry for each row is "
            "`[np.arange(N), y]`.", {"true_class": "columns"}),
    Mistake("first_label_for_all", "the score of the true class is that of one label for all "
            "samples: take y[i].", {"margin": "first label"}),
    Mistake("no_margin", "the margin of 1 is missing.", {"delta": 0.0}),
    Mistake("margin_sign", "the difference is the wrong way round: it is "
            "max(0, s_j - s_y + 1).", {"margin": "sign"}),
    Mistake("margin_subtracted", "the margin of 1 is subtracted; it is added.", {"delta": -1.0}),
    Mistake("no_max", "max(0, ...) is missing: negative margins are summed too.",
            {"hinge": "none"}),
    Mistake("no_max", "max(0, ...) is missing: negative margins are summed too, and count in the "
            "gradient.", {"hinge": "none, nor in the gradient"}),
    Mistake("squared_hinge", "the margins are squared; this is the linear hinge.",
            {"hinge": "squared"}),
    Mistake("squared_hinge", "the margins are squared in the loss; this is the linear hinge.",
            {"hinge": "squared in the loss"}),
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
    *shared_mistakes(),
)  # fmt: skip
exercise = Exercise(svm, ("loss", "dW"), _SVM, probes=probes)
