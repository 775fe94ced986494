"""The SVM and softmax losses, once with loops to be read and once vectorised to be used.

Two views of each loss. On *scores*, as the last layer of a network: ``svm_loss(scores, y)``.
On a *linear classifier*, ``scores = X @ W`` with the penalty ``reg * sum(W * W)``, whose gradient
is ``2 * reg * W``: ``svm_loss_vectorized(W, X, y, reg)``. Losses are means over the examples.
A loss of one's own on scores is a function of the type `ScoreLoss`, which any network takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import array_api_compat

from cs231n_lib._arguments import check_number
from cs231n_lib._checks import check_label_form, check_label_values
from cs231n_lib._parallel import InOrder, in_threads, slices
from cs231n_lib.backend import A, Array, array_namespace, as_float, device, float_dtype, to_host

ScoreLoss = Callable[[Array, Array], tuple[float, Array]]


def read_loss(loss: Array | float, y: Array, num_classes: int) -> float:
    """Return a loss as a float: the one moment at which a device is waited for.

    Labels that name no class make a loss NaN where it is computed. Only a loss that is not finite
    is asked for its reason, so that to check labels costs no waiting.

    Raises
    ------
    ValueError
        If the loss is not finite because of labels that name no class.

    Examples
    --------
    >>> import numpy as np
    >>> read_loss(np.float64("nan"), np.array([0, 3]), 3)
    Traceback (most recent call last):
    ...
    ValueError: labels must lie in 0..2 (3 classes), got values from 0 to 3
    """
    value = as_float(loss)
    if not math.isfinite(value):
        check_label_values(y, num_classes)
    return value


def _read_at_the_end(
    on_device: Callable[[A, Array], tuple[Any, A]],
) -> Callable[[A, Array], tuple[float, A]]:
    """Make a loss that is a float of one that is an array of no axes, kept as ``on_device``."""

    @wraps(on_device)
    def score_loss(scores: A, y: Array) -> tuple[float, A]:
        loss, dscores = on_device(scores, y)
        return read_loss(loss, y, scores.shape[1]), dscores

    score_loss.on_device = on_device  # type: ignore[attr-defined]
    return score_loss


# Rows of X handled at a time on a CPU: both matrix products find them in the cache, so the data
# travel from memory once instead of twice. Larger than a block of `_parallel`, which has more than
# its rows to hold.
ROWS_BYTES = 4 * 2**20


def loss_on_device(score_loss: ScoreLoss) -> Callable[[Array, Array], tuple[Any, Any]]:
    """Return a loss that need not be read at once, if there is one of this kind.

    Those here have one. A loss of somebody else's is called as it is.
    """
    return getattr(score_loss, "on_device", score_loss)


def _one_hot(scores: A, y: A) -> A:
    """Check scores (N, C) and labels (N,); return the mask (N, C) of the correct classes.

    The row of a label that names no class has none: what the losses make of it is NaN.
    """
    xp = array_namespace(scores, y)
    float_dtype(scores)
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(
            f"expected scores of shape (N, C), N and C at least 1, got {tuple(scores.shape)}"
        )
    num_examples, num_classes = scores.shape
    check_label_form(y, (num_examples,))
    classes = xp.arange(num_classes, dtype=xp.int64, device=device(scores))
    return classes[None, :] == xp.astype(y, xp.int64)[:, None]


def _known(loss: Any, correct: Array) -> Any:
    """Return `loss`, or NaN if a row of `correct` has no class."""
    xp = array_namespace(correct)
    return xp.where(xp.all(xp.any(correct, axis=1)), loss, xp.nan)


def softmax(scores: A) -> A:
    """Turn each row of scores into probabilities.

    Parameters
    ----------
    scores : array of shape (N, C), float32 or float64
        Any finite numbers. The largest of each row is subtracted first, which changes nothing
        in exact arithmetic and keeps ``exp`` from overflowing.

    Returns
    -------
    array of shape (N, C)
        Same dtype; each row is non-negative and sums to 1.

    Raises
    ------
    TypeError
        If the scores are not floating point.
    ValueError
        If a row has no scores.

    Notes
    -----
    Source: lecture section "Softmax classifier".

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """
    xp = array_namespace(scores)
    float_dtype(scores)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(
            f"expected rows of one score or more, shape (N, C), got {tuple(scores.shape)}"
        )
    exp = xp.exp(_shift(scores))
    return exp / xp.sum(exp, axis=-1, keepdims=True)


def _shift(scores: A) -> A:
    """Return ``scores - max`` a row, halved before the subtraction so that it cannot overflow.

    Below -1000 every ``exp`` is 0 in float64 already: clipping there changes nothing.
    """
    xp = array_namespace(scores)
    halves = scores * 0.5
    return 2 * xp.maximum(halves - xp.max(halves, axis=-1, keepdims=True), -500.0)


@_read_at_the_end
def softmax_loss(scores: A, y: Array) -> tuple[Any, A]:
    """Return the softmax (cross-entropy) loss of a batch of scores, and its gradient.

    ``L_i = log(sum_j exp(s_j)) - s_{y_i}``, averaged over the N examples. All scores equal, as at
    the start of training, give ``log C``.

    Parameters
    ----------
    scores : array of shape (N, C), float32 or float64
        Class scores (logits).
    y : integer array of shape (N,)
        The correct classes, 0 to C - 1.

    Returns
    -------
    loss : float
        The mean loss, summed in double precision.
    dscores : array of shape (N, C)
        The gradient, in the dtype of the scores: ``(p - 1[j == y_i]) / N``.

    Raises
    ------
    TypeError, ValueError
        If dtypes, shapes or labels are wrong.

    Notes
    -----
    Source: lecture section "Softmax classifier".

    Examples
    --------
    >>> import numpy as np
    >>> loss, dscores = softmax_loss(np.zeros((1, 2)), np.array([1]))
    >>> round(loss, 4), dscores
    (0.6931, array([[ 0.5, -0.5]]))
    """
    xp = array_namespace(scores)
    correct = _one_hot(scores, y)
    exp = xp.exp(_shift(scores))
    total = xp.sum(exp, axis=1, keepdims=True)
    # The distance of the correct score to the largest may exceed float32: take it in float64.
    top = xp.astype(xp.max(scores, axis=1), xp.float64)
    true = xp.astype(xp.sum(xp.where(correct, scores, 0.0), axis=1), xp.float64)
    loss = xp.mean(xp.log(xp.astype(total[:, 0], xp.float64)) + (top - true))
    dscores = (exp / total - xp.astype(correct, scores.dtype)) / scores.shape[0]
    return _known(loss, correct), dscores


@_read_at_the_end
def svm_loss(scores: A, y: Array) -> tuple[Any, A]:
    """Return the multiclass SVM (hinge) loss of a batch of scores, and its gradient.

    ``L_i = sum_{j != y_i} max(0, s_j - s_{y_i} + 1)``, averaged over the N examples. All scores
    equal, as at the start of training, give ``C - 1``. The minimum is 0; there is no maximum.

    Parameters
    ----------
    scores : array of shape (N, C), float32 or float64
        Class scores.
    y : integer array of shape (N,)
        The correct classes, 0 to C - 1.

    Returns
    -------
    loss : float
        The mean loss, summed in double precision.
    dscores : array of shape (N, C)
        The gradient, in the dtype of the scores; 0 at the kink, where a margin is exactly 0.

    Raises
    ------
    TypeError, ValueError
        If dtypes, shapes or labels are wrong.

    Notes
    -----
    Source: lecture section "Multiclass Support Vector Machine loss"; J. Weston and C. Watkins,
    "Support vector machines for multi-class pattern recognition", ESANN 1999.

    Examples
    --------
    >>> import numpy as np
    >>> svm_loss(np.array([[3.0, 2.5, 1.0]]), np.array([0]))
    (0.5, array([[-1.,  1.,  0.]]))
    """
    xp = array_namespace(scores)
    correct = _one_hot(scores, y)
    wide = xp.astype(scores, xp.float64)
    true = xp.sum(xp.where(correct, wide, 0.0), axis=1, keepdims=True)
    margins = xp.where(correct, 0.0, wide - true + 1)
    violated = xp.astype(margins > 0, scores.dtype)
    loss = xp.sum(xp.where(margins > 0, margins, 0.0)) / scores.shape[0]
    count = xp.sum(violated, axis=1, keepdims=True)
    dscores = (violated - xp.where(correct, count, 0.0)) / scores.shape[0]
    return _known(loss, correct), dscores


def svm_loss_naive(W: A, X: A, y: Array, reg: float) -> tuple[float, A]:
    """Return the SVM loss of a linear classifier, and its gradient, by loops.

    Slow on purpose: it reads like the formula. Parameters, results and errors are those of
    :func:`svm_loss_vectorized`.

    Examples
    --------
    >>> import numpy as np
    >>> svm_loss_naive(np.zeros((3, 10)), np.ones((4, 3)), np.array([1, 2, 3, 4]), 0.0)[0]
    9.0
    """
    reg = _check_linear(W, X, y, reg)
    xp = array_namespace(W)
    num_examples, num_classes = X.shape[0], check_label_values(y, W.shape[1])
    loss, dW = 0.0, xp.zeros_like(W)
    for i, label in enumerate(to_host(y).tolist()):
        scores = to_host(X[i, :] @ W).tolist()
        for j in range(num_classes):
            if j == label:
                continue  # the correct class is not compared with itself
            margin = scores[j] - scores[label] + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i, :]
                dW[:, label] -= X[i, :]
    return loss / num_examples + as_float(_penalty(W, reg)), dW / num_examples + 2 * reg * W


def softmax_loss_naive(W: A, X: A, y: Array, reg: float) -> tuple[float, A]:
    """Return the softmax loss of a linear classifier, and its gradient, by loops.

    Slow on purpose: it reads like the formula. Parameters, results and errors are those of
    :func:`softmax_loss_vectorized`.

    Examples
    --------
    >>> import numpy as np
    >>> W, X, y = np.zeros((3, 10)), np.ones((4, 3)), np.array([1, 2, 3, 4])
    >>> round(softmax_loss_naive(W, X, y, 0.0)[0], 4)
    2.3026
    """
    reg = _check_linear(W, X, y, reg)
    xp = array_namespace(W)
    num_examples, num_classes = X.shape[0], check_label_values(y, W.shape[1])
    loss, dW = 0.0, xp.zeros_like(W)
    for i, label in enumerate(to_host(y).tolist()):
        scores = to_host(X[i, :] @ W).tolist()
        top = max(scores)
        total = sum(math.exp(s - top) for s in scores)
        loss += math.log(total) + top - scores[label]
        for j in range(num_classes):
            probability = math.exp(scores[j] - top) / total
            dW[:, j] += (probability - (j == label)) * X[i, :]
    return loss / num_examples + as_float(_penalty(W, reg)), dW / num_examples + 2 * reg * W


def svm_loss_vectorized(W: A, X: A, y: Array, reg: float) -> tuple[float, A]:
    """Return the SVM loss of a linear classifier, and its gradient.

    Parameters
    ----------
    W : array of shape (D, C), float32 or float64
        Weights; column c is the template of class c.
    X : array of shape (N, D)
        Data, one example a row, in the dtype of `W`.
    y : integer array of shape (N,)
        The correct classes, 0 to C - 1.
    reg : float
        Strength of the penalty ``reg * sum(W * W)``, not negative.

    Returns
    -------
    loss : float
        Mean data loss plus penalty.
    dW : array of shape (D, C)
        The gradient, in the dtype of `W`; its penalty term is ``2 * reg * W``.

    Raises
    ------
    TypeError
        If a dtype is wrong or the arrays belong to different libraries.
    ValueError
        If shapes do not fit, a label names no class, or `reg` is negative or not finite.

    Notes
    -----
    Source: lecture section "SVM loss and its gradient".

    Examples
    --------
    >>> import numpy as np
    >>> W, X = np.array([[1.0, -1.0]]), np.array([[0.25]])
    >>> svm_loss_vectorized(W, X, np.array([0]), reg=0.5)
    (1.5, array([[ 0.75, -0.75]]))
    """
    return _linear_loss(svm_loss, W, X, y, reg)


def softmax_loss_vectorized(W: A, X: A, y: Array, reg: float) -> tuple[float, A]:
    """Return the softmax loss of a linear classifier, and its gradient.

    Parameters, results and errors are those of :func:`svm_loss_vectorized`.

    Notes
    -----
    Source: lecture section "Softmax classifier".

    Examples
    --------
    >>> import numpy as np
    >>> W, X = np.zeros((1, 2)), np.array([[3.0]])
    >>> loss, dW = softmax_loss_vectorized(W, X, np.array([0]), reg=0.5)
    >>> round(loss, 4), dW
    (0.6931, array([[-1.5,  1.5]]))
    """
    return _linear_loss(softmax_loss, W, X, y, reg)


def _linear_loss(score_loss: ScoreLoss, W: A, X: A, y: Array, reg: float) -> tuple[float, A]:
    """Apply a loss on scores to ``X @ W``; on a CPU in threads, a cache-sized block at a time."""
    reg = _check_linear(W, X, y, reg)
    xp = array_namespace(W)
    num_examples, on_device = X.shape[0], loss_on_device(score_loss)

    def part(rows: range, block: int) -> tuple[Any, Array]:
        loss, dW = 0.0, xp.zeros_like(xp.matrix_transpose(W))
        for some in slices(rows, block):
            X_block = X[some, :]
            block_loss, dscores = on_device(X_block @ W, y[some])
            share = (some.stop - some.start) / num_examples  # the block's mean counts for this much
            loss += share * block_loss
            dW += xp.matrix_transpose(dscores * share) @ X_block
        return loss, dW

    total = InOrder()
    if array_api_compat.is_numpy_array(X):
        row_bytes = X.itemsize * X.shape[1]
        block = max(1, ROWS_BYTES // row_bytes)
        in_threads(lambda rows: part(rows, block), num_examples, row_bytes, done=total.add)
    else:
        total.add(part(range(num_examples), num_examples))
    loss, dW = total.sums
    return (
        read_loss(_penalty(W, reg) + loss, y, W.shape[1]),
        2 * reg * W + xp.matrix_transpose(dW),
    )


def _penalty(W: Array, reg: float) -> Any:
    xp = array_namespace(W)
    return reg * xp.sum(W * W, dtype=xp.float64)


def _check_linear(W: Array, X: Array, y: Array, reg: float) -> float:
    """Check the arguments; return `reg` as a Python float, which leaves float32 as it is."""
    array_namespace(W, X, y)
    float_dtype(W, X)
    if W.ndim != 2 or X.ndim != 2 or X.shape[1] != W.shape[0] or 0 in (*W.shape, *X.shape):
        raise ValueError(
            "expected W of shape (D, C) and X of shape (N, D), none of them 0, "
            f"got {tuple(W.shape)} and {tuple(X.shape)}"
        )
    check_label_form(y, (X.shape[0],))
    return check_number("reg", reg)
