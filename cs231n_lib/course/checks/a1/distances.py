"""Assignment 1, nearest neighbours: references with dials, and the mistakes they imitate."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import (
    Exercise,
    Mistake,
    Regimes,
    like,
    precision,
    relative_error,
)
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


def distances(
    X: np.ndarray,
    X_train: np.ndarray,
    *,
    power: int = 2,
    root: bool = True,
    mean: bool = False,
    cross: float = 2.0,
    norms: tuple[bool, bool] = (True, True),
    clamp: bool = True,
    largest: bool = False,
    root_twice: bool = False,
    only: str = "all",
) -> np.ndarray:
    """Return (N, M) distances, the right L2 ones unless a dial says otherwise."""
    difference = np.abs(X[:, None].astype(np.float64) - X_train[None].astype(np.float64))
    D = X.shape[1]
    if largest:
        total = difference.max(axis=2)
    elif power == 1:
        total = difference.sum(axis=2)
    else:
        total = (difference**2).sum(axis=2)
        inner = X.astype(np.float64) @ X_train.T.astype(np.float64)
        total = total + (2.0 - cross) * inner
        total = total - (not norms[0]) * np.sum(X.astype(np.float64) ** 2, axis=1)[:, None]
        total = total - (not norms[1]) * np.sum(X_train.astype(np.float64) ** 2, axis=1)
    if mean:
        total = total / D
    if root and power == 2 and not largest:
        total = np.sqrt(np.maximum(total, 0) if clamp else total)
    if root_twice:
        total = np.sqrt(total)
    if only != "all":
        keep = {"first": np.s_[:1, :1], "first row": np.s_[:1], "first column": np.s_[:, :1],
                "last row": np.s_[-1:]}[only]  # fmt: skip
        blank = np.zeros_like(total)
        blank[keep] = total[keep]
        total = blank
    return total


def _distance_error(got: Any, want: Any, args: tuple[Any, ...]) -> float:
    """Compare distances by their squares, relative to the squared norms.

    Expanding the square cancels: a distance near zero then carries the rounding error of the
    norms under its root, and that is no mistake.
    """
    plain = relative_error(got, want)
    if np.shape(got) != np.shape(want) or not np.all(np.isfinite(np.asarray(want, float))):
        return plain
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    if not np.all(np.isfinite(got)):
        return np.inf
    X, X_train = (np.asarray(a, dtype=np.float64) for a in args[:2])
    norms = np.sum(X**2, axis=1)[:, None] + np.sum(X_train**2, axis=1)
    scale = max(float(norms.max()), 1e-300)
    eps = float(np.finfo(precision(args)).eps)
    wrong_side = float(np.max(-np.minimum(got, 0.0), initial=0.0))
    if float(np.max(np.abs(got**2 - want**2))) <= 64 * eps * scale and wrong_side <= 0:
        return 0.0
    return plain


_ONLY = (
    Mistake("returns_inside_loop", "only the first row (or entry) is filled: `return` stands "
            "inside a loop, or an index stays 0.", {"only": "first row"}),
    Mistake("returns_inside_loop", "only the first entry is filled: `return` stands inside the "
            "loops.", {"only": "first"}),
    Mistake("one_column", "only the first column is filled.", {"only": "first column"}),
    Mistake("last_row_only", "only the last row is filled: the assignment stands behind the "
            "loop, or overwrites what earlier rounds stored.", {"only": "last row"}),
)  # fmt: skip
_L2 = (
    Mistake("squared_distances", "these are squared distances: the root is missing.",
            {"root": False}),
    Mistake("root_twice", "the root is taken twice; np.linalg.norm takes it already.",
            {"root_twice": True}),
    Mistake("l1_for_l2", "this is the L1 distance; L2 sums squares and takes the root of the sum.",
            {"power": 1}),
    Mistake("mean_for_sum", "the squares are averaged over the D numbers; sum them.",
            {"mean": True}),
    Mistake("cross_term_once", "-2 x.y has lost its factor 2.", {"cross": 1.0}),
    Mistake("cross_term_sign", "2 x.y is added; it has to be subtracted.", {"cross": -2.0}),
    Mistake("cross_term_missing", "the term -2 x.y is missing.", {"cross": 0.0}),
    Mistake("test_norms_missing", "the squared norms of the rows of X are missing.",
            {"norms": (False, True), "clamp": False}),
    Mistake("test_norms_missing", "the squared norms of the rows of X are missing.",
            {"norms": (False, True)}),
    Mistake("train_norms_missing", "the squared norms of the rows of X_train are missing.",
            {"norms": (True, False), "clamp": False}),
    Mistake("train_norms_missing", "the squared norms of the rows of X_train are missing.",
            {"norms": (True, False)}),
    Mistake("largest_for_sum", "this is the largest difference, not the L2 distance.",
            {"largest": True}),
    *_ONLY,
)  # fmt: skip
_L1 = (
    Mistake("l2_for_l1", "this is the L2 distance; L1 sums the absolute differences.",
            {"power": 2}),
    Mistake("squares_for_absolutes", "the differences are squared; L1 takes absolute values.",
            {"power": 2, "root": False}),
    Mistake("mean_for_sum", "the differences are averaged over the D numbers; sum them.",
            {"mean": True}),
    Mistake("no_absolute_value", "the differences are summed with their signs and cancel; take "
            "absolute values first.", {"signed": 1}),
    Mistake("no_absolute_value", "the differences are summed with their signs and cancel; take "
            "absolute values first.", {"signed": -1}),
    Mistake("absolute_of_sum", "the absolute value is taken of the sum; take it of every "
            "difference, then sum.", {"signed": 2}),
    Mistake("largest_for_sum", "this is the largest difference, not the sum.", {"largest": True}),
    *_ONLY,
)  # fmt: skip


def _l1(X: np.ndarray, X_train: np.ndarray, *, signed: int = 0, **dials: Any) -> np.ndarray:
    if signed:
        total = np.sum(X[:, None].astype(np.float64) - X_train[None], axis=2)
        return np.abs(total) if signed == 2 else signed * total
    return distances(X, X_train, **{"power": 1, **dials})


def _right(X: np.ndarray, X_train: np.ndarray) -> Any:
    return like((X, X_train), distances(X, X_train))


NAN_ROOT = Diagnosis(
    "nan_root", "rounding makes a small negative number under the root; clamp it at 0 first."
)
l2_exercise = Exercise(distances, ("dists",), _L2, error=_distance_error)
l1_exercise = Exercise(_l1, ("dists",), _L1)


def vote(
    dists: np.ndarray,
    y_train: np.ndarray,
    k: int = 1,
    *,
    tie: str = "smallest",
    by: str = "vote",
    order: int = 1,
    k_shift: int = 0,
) -> np.ndarray:
    """Return the label of each row of ``dists`` by majority among the k nearest."""
    y_pred = []
    for row in dists:
        if by == "argmin":
            k = 1
        rank = np.argsort(order * row, kind="stable")
        if k_shift < 0:
            nearest = rank[1 : k + 1]  # leaves out the nearest
        else:
            nearest = rank[: k + k_shift]
        labels = y_train[nearest]
        values, counts = np.unique(labels, return_counts=True)
        tied = values[counts == counts.max()]
        if by == "position":
            values, counts = np.unique(y_train[:k], return_counts=True)
            label = values[np.argmax(counts)]
        elif by == "index":
            label = nearest[0]
        elif by == "mean":
            label = int(np.mean(labels))
        elif by == "rounded":
            label = int(np.round(np.mean(labels)))
        elif by == "median":
            label = int(np.median(labels))
        elif by == "count":
            label = counts.max()
        elif by == "argmax_label":
            label = np.argmax(labels)
        elif by == "unique_position":
            label = np.argmax(counts)
        elif by == "largest_label":
            label = labels.max()
        elif by == "smallest_label":
            label = labels.min()
        elif tie == "smallest":
            label = tied.min()
        elif tie == "largest":
            label = tied.max()
        elif tie == "nearest":
            label = next(v for v in labels if v in tied)
        else:
            label = next(v for v in labels[::-1] if v in tied)
        y_pred.append(label)
    return np.array(y_pred)


_VOTE = (
    Mistake("ties_not_smallest", "ties go to the label of the nearest of the tied neighbours; "
            "they should go to the smallest label.", {"tie": "nearest"}),
    Mistake("ties_not_smallest", "ties go to the largest label; they should go to the smallest.",
            {"tie": "largest"}),
    Mistake("ties_not_smallest", "ties go to the label of the farthest of the tied neighbours; "
            "they should go to the smallest label.", {"tie": "farthest"}),
    Mistake("k_ignored", "the answer is the label of the single nearest point: k is not used.",
            {"by": "argmin"}),
    Mistake("y_by_position", "y_train is indexed by the position among the neighbours (0, 1, "
            "2...), not by the neighbours' indices: sort with argsort and index y_train with "
            "the result.", {"by": "position"}),
    Mistake("index_for_label", "this is the index of the nearest training point, not its label.",
            {"by": "index"}),
    Mistake("farthest", "these are the farthest points: the order is the wrong way round.",
            {"order": -1}),
    Mistake("k_plus_one", "one neighbour too many votes.", {"k_shift": 1}),
    Mistake("nearest_left_out", "the nearest point is left out of the vote.", {"k_shift": -1}),
    Mistake("mean_of_labels", "labels are averaged; they are names, so count votes.",
            {"by": "mean"}),
    Mistake("mean_of_labels", "labels are averaged; they are names, so count votes.",
            {"by": "rounded"}),
    Mistake("mean_of_labels", "this is the median of the labels; they are names, so count votes.",
            {"by": "median"}),
    Mistake("count_for_label", "this is the number of votes, not the label that got them.",
            {"by": "count"}),
    Mistake("argmax_of_labels", "argmax of the labels is a position among the neighbours; count "
            "the votes first.", {"by": "argmax_label"}),
    Mistake("argmax_of_labels", "argmax of the counts is a position among the distinct labels; "
            "use it to pick from these labels.", {"by": "unique_position"}),
    Mistake("largest_of_labels", "this is the largest of the neighbours' labels; count votes.",
            {"by": "largest_label"}),
    Mistake("smallest_of_labels", "this is the smallest of the neighbours' labels; count votes.",
            {"by": "smallest_label"}),
)  # fmt: skip


def _label_error(got: Any, want: Any, args: tuple[Any, ...]) -> float:
    """Return the share of wrong labels."""
    got, want = np.asarray(got), np.asarray(want)
    return float(np.mean(got != want)) if got.shape == want.shape else np.inf


vote_exercise = Exercise(vote, ("y_pred",), _VOTE, error=_label_error)


def fold_accuracies(
    dists_of: Callable[..., Any],
    predict: Callable[..., Any],
    X: np.ndarray,
    y: np.ndarray,
    ks: Sequence[int],
    num_folds: int = 5,
    *,
    train_on_all: bool = False,
    validate_on_train: bool = False,
    measure: str = "accuracy",
    swap: bool = False,
    order: str = "straight",
) -> np.ndarray:
    """Return (len(ks), num_folds) accuracies, computed with the given distances and vote."""
    folds = np.array_split(np.arange(len(X)), num_folds)
    rows = np.zeros((len(ks), num_folds))
    for i, fold in enumerate(folds):
        rest = np.concatenate([f for j, f in enumerate(folds) if j != i])
        train, val = (fold, rest) if swap else (rest, fold)
        train = np.arange(len(X)) if train_on_all else train
        val = train if validate_on_train else val
        dists = np.asarray(dists_of(X[val], X[train]))
        for row, k in enumerate(ks):
            hits = np.asarray(predict(dists, y[train], k)) == y[val]
            rows[row, i] = {"accuracy": np.mean(hits), "percent": 100 * np.mean(hits),
                            "count": np.sum(hits), "error": 1 - np.mean(hits)}[measure]  # fmt: skip
    if order == "reversed":
        rows = rows[:, ::-1]
    elif order == "last":
        rows = np.repeat(rows[:, -1:], num_folds, axis=1)
    return rows


_FOLDS = (
    Mistake("validation_fold_in_training", "the validation fold is part of the training data: "
            "every point finds itself.", {"train_on_all": True}),
    Mistake("validates_on_training_data", "accuracy is measured on the training folds; measure "
            "it on the fold held out.", {"validate_on_train": True}),
    Mistake("folds_swapped", "one fold is trained on and the others are predicted; it should be "
            "the other way round.", {"swap": True}),
    Mistake("percent", "accuracies are given in percent; give fractions from 0 to 1.",
            {"measure": "percent"}),
    Mistake("count_for_fraction", "this is the number of hits; divide by the size of the fold.",
            {"measure": "count"}),
    Mistake("error_for_accuracy", "this is the share of errors; accuracy is the share of hits.",
            {"measure": "error"}),
    Mistake("fold_order", "the accuracies stand in reverse order of the folds.",
            {"order": "reversed"}),
    Mistake("one_fold_only", "every fold shows the accuracy of the last one.", {"order": "last"}),
)  # fmt: skip


def check_cross_validate(
    function: Callable[..., Any],
    regimes: Regimes,
) -> None:
    """Require the accuracies of every k and fold."""

    def table(*args: Any) -> np.ndarray:
        result = calling.call(function, *args)
        if not isinstance(result, dict):
            kind = type(result).__name__
            raise CheckFailed(f"the result should be a dict, `k -> accuracies`, but is a {kind}.")
        ks = [int(k) for k in args[2]]
        found = {k: calling.numbers(v, "an entry") for k, v in result.items()}
        calling.require(set(found) == set(ks), f"the keys should be {sorted(ks)}.")
        shapes = {found[k].shape for k in ks}
        num_folds = args[3] if len(args) > 3 else 5
        if shapes != {(num_folds,)}:
            scalar = Diagnosis(
                "mean_for_list", "keep one accuracy per fold; do not average or flatten them."
            )
            raise CheckFailed(f"each k needs {num_folds} accuracies, one per fold.", scalar)
        return np.stack([found[k] for k in ks])

    def reference(X: Any, y: Any, ks: Any, num_folds: int = 5, **dials: Any) -> np.ndarray:
        return fold_accuracies(distances, vote, X, y, ks, num_folds, **dials)

    Exercise(reference, ("accuracies",), _FOLDS).check(table, regimes)


def _vote(dists: np.ndarray, y_train: np.ndarray, k: int = 1) -> np.ndarray:
    return vote(dists, y_train, k)


#: What `cross_validate` builds on, right.
BELOW_CROSS_VALIDATE: dict[str, Any] = {
    **{f"compute_distances_{how}": _right for how in ("two_loops", "one_loop", "no_loops")},
    "predict_labels": _vote,
}


def decided(
    rng: np.random.Generator, num_test: int, num_train: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return random distances and labels in which no vote of ``k`` ends in a tie."""
    y_train = rng.integers(0, 9, size=num_train)
    rows: list[np.ndarray] = []
    while len(rows) < num_test:
        row = rng.random(num_train)
        _, counts = np.unique(y_train[np.argsort(row)[:k]], return_counts=True)
        if np.sum(counts == counts.max()) == 1:
            rows.append(row)
        elif rng.random() < 0.02:  # these labels may allow no winner at all: draw others
            y_train, rows = rng.integers(0, 9, size=num_train), []
    return np.array(rows), y_train


def clouds(
    rng: np.random.Generator, num_points: int, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return overlapping clouds of points: (N, 2) positions and their labels."""
    y = rng.integers(0, num_classes, size=num_points)
    centres = rng.normal(scale=1.5, size=(num_classes, 2))
    return centres[y] + rng.normal(size=(num_points, 2)), y
