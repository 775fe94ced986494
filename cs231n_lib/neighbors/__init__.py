"""Nearest neighbours: remember the training set, compare everything at test time.

First the distance matrix in the three ways of the course (two loops, one loop, none), then
:func:`nearest`, which finds the k nearest rows fast and exactly without ever holding that matrix,
and on top of it the classifier and its cross-validation. Rows are flattened images. The search
itself is in ``_search``, which nobody else imports; nothing here needs a gradient or a network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cs231n_lib._arguments import check_choice, check_count, check_generator, check_iterable
from cs231n_lib._checks import check_label_form, check_label_values, check_labels
from cs231n_lib._parallel import matmul
from cs231n_lib.backend import A, Array, array_namespace, as_float, asarray_like, device
from cs231n_lib.neighbors._search import nearest_rows

__all__ = [
    "KNearestNeighbor",
    "compute_distances_no_loops",
    "compute_distances_one_loop",
    "compute_distances_two_loops",
    "cross_validate",
    "majority_vote",
    "nearest",
]

METRICS = ("l1", "l2")
EXACT = 2**53  # float64 holds the integers up to here
NO_LOOPS_LIMIT = 2**31  # bytes of the (N, M, D) temporary that the L1 broadcast may take


def compute_distances_two_loops(X: A, X_train: A, metric: str = "l2") -> A:
    """Compute all distances, one pair at a time: the definition, and the slowest way.

    Parameters
    ----------
    X : array, shape (N, D)
        Test rows, of any real dtype. uint8 pixels are converted first, so nothing wraps around.
    X_train : array, shape (M, D)
        Training rows.
    metric : {"l2", "l1"}
        Euclidean distance (root of the sum of squares) or Manhattan distance (sum of absolutes).

    Returns
    -------
    array, shape (N, M)
        ``dists[i, j]`` is the distance of ``X[i]`` and ``X_train[j]``; float32 if both inputs are
        float32, else float64.

    Raises
    ------
    TypeError
        If an input is no array of real numbers, or they come from different libraries.
    ValueError
        If a shape or the metric does not fit.

    Notes
    -----
    Source: CS231n notes, "Nearest Neighbor classifier".

    Examples
    --------
    >>> import numpy as np
    >>> X, X_train = np.array([[0, 0]]), np.array([[3, 4], [0, 1]])
    >>> compute_distances_two_loops(X, X_train)
    array([[5., 1.]])
    >>> compute_distances_two_loops(X, X_train, metric="l1")
    array([[7., 1.]])
    """
    xp, X, X_train = _as_float_rows(X, X_train, metric)
    dists = xp.zeros((X.shape[0], X_train.shape[0]), dtype=X.dtype, device=device(X))
    for i in range(X.shape[0]):
        for j in range(X_train.shape[0]):
            difference = X[i, :] - X_train[j, :]
            if metric == "l1":
                dists[i, j] = xp.sum(xp.abs(difference))
            else:
                dists[i, j] = xp.sqrt(xp.sum(difference * difference))
    return dists


def compute_distances_one_loop(X: A, X_train: A, metric: str = "l2") -> A:
    """Compute all distances, one test row against all training rows at a time.

    Each step makes a temporary as large as the training set. When that does not fit the cache
    every element travels to main memory and back, and this can be slower than two loops.
    Parameters, results and errors: see :func:`compute_distances_two_loops`.

    Examples
    --------
    >>> import numpy as np
    >>> compute_distances_one_loop(np.array([[0, 0]]), np.array([[3, 4], [0, 1]]))
    array([[5., 1.]])
    """
    xp, X, X_train = _as_float_rows(X, X_train, metric)
    dists = xp.zeros((X.shape[0], X_train.shape[0]), dtype=X.dtype, device=device(X))
    for i in range(X.shape[0]):
        difference = X_train - X[i, :]
        if metric == "l1":
            dists[i, :] = xp.sum(xp.abs(difference), axis=1)
        else:
            dists[i, :] = xp.sqrt(xp.sum(difference * difference, axis=1))
    return dists


def compute_distances_no_loops(X: A, X_train: A, metric: str = "l2") -> A:
    """Compute all distances in a few array operations.

    L2 uses ``|x - t|^2 = |x|^2 - 2 x.t + |t|^2``, whose middle term is one matrix product. L1 has
    no such identity: it broadcasts to a temporary of shape (N, M, D), which is refused above
    2 GiB (use :func:`nearest`). Parameters, results, other errors: see
    :func:`compute_distances_two_loops`.

    Notes
    -----
    The price of the identity is *cancellation*: for close rows, large numbers are subtracted and
    their rounding errors remain, of the order of ``eps * D * |x|^2``. The difference can even come
    out negative, and its root would be NaN, so it is clamped at zero first. What is left after
    the clamp is not zero for equal float32 rows either; :func:`nearest` recomputes the winners
    from the differences and has no such error. Pixels (uint8, or any integers) are exact here,
    because float64 holds all the integers that occur.

    Examples
    --------
    >>> import numpy as np
    >>> compute_distances_no_loops(np.array([[0, 0]]), np.array([[3, 4], [0, 1]]))
    array([[5., 1.]])
    """
    xp, X, X_train = _as_float_rows(X, X_train, metric)
    if metric == "l1":
        needed = X.shape[0] * X_train.shape[0] * X.shape[1] * xp.finfo(X.dtype).bits // 8
        if needed > NO_LOOPS_LIMIT:
            raise ValueError(
                f"the L1 broadcast would need {needed / 2**30:.1f} GiB; expected at most "
                f"{NO_LOOPS_LIMIT / 2**30:.0f} GiB; use nearest() or fewer rows"
            )
        return xp.sum(xp.abs(X[:, None, :] - X_train[None, :, :]), axis=2)
    squared = (
        xp.sum(X * X, axis=1)[:, None]
        - 2 * matmul(X, xp.permute_dims(X_train, (1, 0)), by_columns=True)
        + xp.sum(X_train * X_train, axis=1)[None, :]
    )
    return xp.sqrt(xp.maximum(squared, xp.zeros_like(squared)))


def nearest(
    X: A, X_train: A, k: int = 1, metric: str = "l2", chunk: int | None = None
) -> tuple[A, A]:
    """Find the `k` nearest training rows of each test row, nearest first.

    The full (N, M) distance matrix is never held: blocks of it are screened and forgotten.

    Parameters
    ----------
    X : array, shape (N, D)
        Test rows. Raw uint8 pixels are welcome: they are handled exactly and not copied as a whole.
    X_train : array, shape (M, D)
        Training rows.
    k : int
        Number of neighbours, ``1 <= k <= M``.
    metric : {"l2", "l1"}
        Euclidean or Manhattan distance.
    chunk : int, optional
        Test rows handled at a time. It changes speed and memory, never the result.

    Returns
    -------
    indices : array of int64, shape (N, k)
        Rows of `X_train`. Of equally distant rows the one with the lowest index comes first; the
        same rule decides who is in and who is out at rank `k`.
    distances : array, shape (N, k)
        float32 if both inputs are float32, else float64.

    Raises
    ------
    TypeError
        If an input is no array of real numbers, or they come from different libraries.
    ValueError
        If a shape, `k`, `chunk` or the metric does not fit, or a value is not finite, an integer
        beyond 2^53, or so large that squared distances overflow.

    Notes
    -----
    *What is guaranteed.* The result is that of ranking all rows by distances summed from the
    differences ``x - t``, not from the identity of :func:`compute_distances_no_loops`. Where every
    difference and sum is an integer below 2^53 (2^24 for the L1 sums of float32 input), such as
    raw pixels of any dtype, the ranking is therefore exact. Integers beyond 2^53, which float64
    does not hold, are refused. Otherwise two distances can change places only if they agree to a
    few units of rounding: about 1e-7 of their size in float32, 1e-15 in float64. Distances of
    float32 rows are ranked in float64 and rounded last, so two that differ there may be shown
    equal.

    *How.* A matrix product gives every L2 distance up to a known rounding error; only rows that
    this error leaves in the race, a few more than `k`, are recomputed. Data whose mean is far
    larger than its spread leaves many in the race: subtract the mean first to stay fast. L1
    distances come directly; for uint8 through ``|x - t| = 2 max(x, t) - x - t``, one pass over
    bytes.

    Examples
    --------
    >>> import numpy as np
    >>> X_train = np.array([[0, 0], [3, 4], [0, 0]], dtype=np.uint8)
    >>> indices, distances = nearest(np.array([[0, 1]], dtype=np.uint8), X_train, k=2)
    >>> indices, distances
    (array([[0, 2]]), array([[1., 1.]]))
    """
    xp = _check_rows(X, X_train, metric)
    k = check_count("k", k, X_train.shape[0], "the number of training rows")
    if chunk is not None:
        chunk = check_count("chunk", chunk)
    if not X.dtype == X_train.dtype == xp.uint8:
        _, X, X_train = _as_float_rows(X, X_train, metric)
    return nearest_rows(X, X_train, k, metric, chunk)


def majority_vote(labels: A, num_classes: int | None = None) -> A:
    """Return the most frequent label of each row; a tie goes to the smallest label.

    Parameters
    ----------
    labels : array of integers, shape (N, k)
        The labels of the k neighbours of each row, each 0 or more and below `num_classes`.
    num_classes : int, optional
        Number of classes, if the labels are to be checked against it.

    Returns
    -------
    array of int64, shape (N,)

    Raises
    ------
    TypeError
        If `labels` is no array of integers.
    ValueError
        If it is not of shape (N, k) with ``k >= 1``, or a label is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> majority_vote(np.array([[2, 1, 1], [2, 0, 1]]))
    array([1, 0])
    """
    xp = array_namespace(labels)
    if labels.ndim != 2 or labels.shape[1] == 0:
        raise ValueError(f"expected labels of shape (N, k) with k >= 1, got {labels.shape}")
    if num_classes is not None:
        num_classes = check_count("num_classes", num_classes)
    check_label_form(labels, labels.shape)
    check_label_values(labels, num_classes)
    classes = xp.unique_values(labels)  # ascending; as many as there are, however large they are
    votes = xp.zeros((labels.shape[0], classes.shape[0]), dtype=xp.int64, device=device(labels))
    for j in range(labels.shape[1]):
        votes += xp.astype(labels[:, j : j + 1] == classes, xp.int64)
    if 0 in votes.shape:
        return xp.zeros(labels.shape[0], dtype=xp.int64, device=device(labels))
    winner = xp.argmax(votes, axis=1)  # the first of equal maxima, so the smallest label
    return xp.astype(xp.take(classes, winner), xp.int64, copy=False)


class KNearestNeighbor:
    """The k-nearest-neighbour classifier: no training, all the work at prediction.

    Parameters
    ----------
    metric : {"l2", "l1"}
        Distance to compare by, see :func:`nearest`.

    Examples
    --------
    >>> import numpy as np
    >>> X_train, y_train = np.array([[0.0], [1.0], [5.0]]), np.array([0, 0, 1])
    >>> KNearestNeighbor().fit(X_train, y_train).predict(np.array([[4.0], [0.2]]))
    array([1, 0])
    """

    def __init__(self, metric: str = "l2") -> None:
        self.metric = check_choice("metric", metric, METRICS)

    def __repr__(self) -> str:
        """Show how the classifier was made."""
        return f"KNearestNeighbor(metric={self.metric!r})"

    def fit(self, X: Array, y: Array) -> KNearestNeighbor:
        """Remember the training rows `X` (N, D) and their labels `y` (N,); nothing is copied.

        Raises
        ------
        TypeError, ValueError
            If `X` is not of shape (N, D), or `y` does not hold one label >= 0 for each row.
        """
        _check_rows(X, X, self.metric)
        _check_targets(X, y)
        self.X_train, self.y_train = X, y
        return self

    def predict(self, X: A, k: int = 1) -> A:
        """Return the majority label (N,) of the `k` nearest training rows of each row of `X`.

        Raises
        ------
        RuntimeError
            If :meth:`fit` has not been called.
        TypeError, ValueError
            As :func:`nearest`.
        """
        if not hasattr(self, "X_train"):
            raise RuntimeError("this classifier has no data yet; call fit(X, y) before predict(X)")
        indices, _ = nearest(X, self.X_train, k, self.metric)
        labels: Any = majority_vote(_labels_of(self.y_train, indices))
        return labels


def cross_validate(
    X: Array,
    y: Array,
    ks: Iterable[int],
    num_folds: int = 5,
    metric: str = "l2",
    rng: np.random.Generator | None = None,
) -> dict[int, np.ndarray]:
    """Measure the accuracy of k-nearest-neighbour classification by cross-validation.

    Each fold is held out once and predicted from the others. Its neighbours are searched once, for
    the largest k; the smaller ones use the first of them.

    Parameters
    ----------
    X : array, shape (N, D)
        Rows.
    y : array of integers, shape (N,)
        Their labels.
    ks : iterable of int
        Numbers of neighbours to try.
    num_folds : int
        Number of folds, from 2 to N. Their sizes differ by one at most.
    metric : {"l2", "l1"}
        Distance to compare by, see :func:`nearest`.
    rng : numpy.random.Generator, optional
        Shuffles the rows before they are dealt into folds. Default: folds are contiguous.

    Returns
    -------
    dict of int to numpy.ndarray, shape (num_folds,)
        For each k, in the given order, the fraction of right answers in each fold.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, for instance a k larger than the rows outside a fold.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.arange(8.0)[:, None], np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> rng = np.random.default_rng(0)
    >>> {k: float(a.mean()) for k, a in cross_validate(X, y, [1, 3], 4, rng=rng).items()}
    {1: 0.875, 3: 1.0}
    """
    xp = _check_rows(X, X, metric)
    _check_targets(X, y)
    N = X.shape[0]
    num_folds = check_count("num_folds", num_folds, N, "the number of rows")
    if num_folds < 2:
        raise ValueError("expected num_folds >= 2, got 1; nothing would be left to train on")
    remaining = N - -(-N // num_folds)
    check_iterable("ks", ks, "[1, 3, 5]")
    ks = [check_count("k", k, remaining, "the rows outside the largest fold") for k in ks]
    if not ks:
        raise ValueError("expected at least one k in ks, got none")
    if rng is not None:
        check_generator("shuffling", rng)
    order = np.arange(N) if rng is None else rng.permutation(N)
    folds = np.array_split(order, num_folds)
    accuracies: dict[int, list[float]] = {k: [] for k in ks}
    for i, fold in enumerate(folds):
        test = asarray_like(fold, X)
        # Sorted, so that "lowest index first among equals" keeps its meaning.
        train = asarray_like(np.sort(np.concatenate(folds[:i] + folds[i + 1 :])), X)
        indices, _ = nearest(xp.take(X, test, axis=0), xp.take(X, train, axis=0), max(ks), metric)
        labels, truth = _labels_of(xp.take(y, train), indices), xp.take(y, test)
        for k in accuracies:
            right = majority_vote(labels[:, :k]) == truth
            accuracies[k].append(as_float(xp.sum(xp.astype(right, xp.int64))) / len(fold))
    return {k: np.asarray(values) for k, values in accuracies.items()}


def _labels_of(y: Array, indices: A) -> A:
    xp = array_namespace(y, indices)
    return xp.reshape(xp.take(y, xp.reshape(indices, (-1,))), indices.shape)


def _as_float_rows(X: A, X_train: A, metric: str) -> tuple[Any, A, A]:
    """Check both and convert them to one float dtype: float32 only if both are, else float64."""
    xp = _check_rows(X, X_train, metric)
    dtype = xp.float32 if X.dtype == X_train.dtype == xp.float32 else xp.float64
    for name, rows in (("X", X), ("X_train", X_train)):
        _check_exact(name, rows)
    return xp, xp.astype(X, dtype, copy=False), xp.astype(X_train, dtype, copy=False)


def _check_exact(name: str, rows: Array) -> None:
    """Refuse integers that float64 does not hold: their differences would be others."""
    xp = array_namespace(rows)
    if not xp.isdtype(rows.dtype, "integral") or xp.iinfo(rows.dtype).bits < 64:
        return
    signed = xp.isdtype(rows.dtype, "signed integer")
    if xp.any(rows > EXACT) or (signed and xp.any(rows < -EXACT)):
        raise ValueError(
            f"expected integers of at most 2**53 in {name}, which float64 holds exactly; subtract "
            "what the rows have in common first, such as the smallest"
        )


def _check_rows(X: Array, X_train: Array, metric: str) -> Any:
    for rows in (X, X_train):
        array_namespace(rows)  # refuses what is no array
    xp = array_namespace(X, X_train)
    check_choice("metric", metric, METRICS)
    for name, rows in (("X", X), ("X_train", X_train)):
        if not xp.isdtype(rows.dtype, ("integral", "real floating")):
            raise TypeError(f"expected {name} of real numbers, got dtype {rows.dtype}")
        if rows.ndim != 2:
            raise ValueError(
                f"expected {name} of shape (rows, D), got {rows.shape}; "
                f"flatten images first, e.g. {name}.reshape(len({name}), -1)"
            )
    if X.shape[1] != X_train.shape[1]:
        raise ValueError(
            f"expected rows of one length, got X of shape {X.shape} and X_train of {X_train.shape}"
        )
    if 0 in X_train.shape:
        raise ValueError(f"expected at least one training row and column, got {X_train.shape}")
    return xp


def _check_targets(X: Array, y: Array) -> None:
    array_namespace(X, y)
    check_labels(y, X.shape[0])
