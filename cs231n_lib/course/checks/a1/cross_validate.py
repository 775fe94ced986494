"""`cross_validate`: accuracies of every k and fold, from right distances and votes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a1.distances import distances, right
from cs231n_lib.course.checks.a1.predict_labels import vote
from cs231n_lib.course.checks.exercise import Exercise, Regimes
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


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
    k_used: str = "k",
    labels: str = "right",
    size: str = "all",
) -> np.ndarray:
    """Return (len(ks), num_folds) accuracies, computed with the given distances and vote."""
    n = len(X) if size == "all" else len(X) // num_folds * num_folds
    folds = np.array_split(np.arange(n), num_folds)
    rows = np.zeros((len(ks), num_folds))
    for i, fold in enumerate(folds):
        rest = np.concatenate([f for j, f in enumerate(folds) if j != i])
        train, val = (fold, rest) if swap else (rest, fold)
        train = np.arange(len(X)) if train_on_all else train
        val = train if validate_on_train else val
        dists = np.asarray(dists_of(X[val], X[train]))
        for row, k in enumerate(ks):
            k = {"k": k, "1": 1, "first": ks[0], "last": ks[-1]}[k_used]
            hits = predict(dists, y[: len(train)] if labels == "first" else y[train], k) == y[val]
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
    *(Mistake("k_ignored", "the votes are always of the same number of neighbours: hand on k.",
              {"k_used": which}) for which in ("1", "first", "last")),
    Mistake("labels_not_of_the_fold", "the labels do not belong to the rows that are trained on: "
            "split y as X.", {"labels": "first"}),
    Mistake("rows_left_out", "the folds leave rows out where num_folds does not divide N; "
            "np.array_split keeps all.", {"size": "equal"}),
    Mistake("one_fold_only", "every fold shows the accuracy of the last one.", {"order": "last"}),
)  # fmt: skip


def check(
    function: Callable[..., Any],
    regimes: Regimes,
) -> None:
    """Require the accuracies of every k and fold."""

    def table(*args: Any) -> np.ndarray:
        result = calling.call(function, *args)
        if not isinstance(result, dict):
            kind = type(result).__name__
            raise CheckFailed(
                f"the result should be a dict, `k -> accuracies`, but is a {kind}.",
                general("no_return" if result is None else "shape"),
            )
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

    Exercise(reference, ("accuracies",), _FOLDS, probes=_probes).check(table, regimes)


def _probes() -> Regimes:
    """Return points that tell the mistakes apart."""
    X, y = clouds(np.random.default_rng(0), 41, 3)
    return {"41 points": (X, y, [2, 1, 7], 4)}


def _vote(dists: np.ndarray, y_train: np.ndarray, k: int = 1) -> np.ndarray:
    return vote(dists, y_train, k)


#: What `cross_validate` builds on, right.
BELOW: dict[str, Any] = {
    **{f"compute_distances_{how}": right for how in ("two_loops", "one_loop", "no_loops")},
    "predict_labels": _vote,
}


def clouds(
    rng: np.random.Generator, num_points: int, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return overlapping clouds of points: (N, 2) positions and their labels."""
    y = rng.integers(0, num_classes, size=num_points)
    centres = rng.normal(scale=1.5, size=(num_classes, 2))
    return centres[y] + rng.normal(size=(num_points, 2)), y
