"""`predict_labels`: the vote of the nearest, and the ways to count it wrong."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


def vote(
    dists: np.ndarray,
    y_train: np.ndarray,
    k: int = 1,
    *,
    tie: str = "smallest",
    by: str = "vote",
    order: int = 1,
    k_shift: int = 0,
    down: str = "nowhere",
) -> np.ndarray:
    """Return the label of each row of ``dists`` by majority among the k nearest."""
    if by == "argmin":
        k = 1
    rows = np.repeat(dists[:1], len(dists), axis=0) if by == "first row" else dists
    ranks = np.argsort(order * rows, axis=1, kind="stable")
    if down != "nowhere":
        downwards = np.argsort(dists, axis=0, kind="stable")
        ranks = downwards if down == "by row" else downwards[:, np.arange(len(dists))].T
    y_pred = []
    for rank in ranks:
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
        elif by == "indices":
            values, counts = np.unique(nearest, return_counts=True)
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
    *(Mistake("other_axis", "the distances are sorted down each column, over the test points: sort "
              "each row, over the training points (axis=1).", {"down": down})
      for down in ("by row", "by column")),
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
    Mistake("index_for_label", "these are indices of training points; y_train holds the labels.",
            {"by": "indices"}),
    Mistake("first_row_for_all", "all labels are those of the first test point: take dists[i].",
            {"by": "first row"}),
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


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return distances that tell the mistakes apart, with ties and without."""
    rng = np.random.default_rng(0)
    y_train = rng.permutation(np.repeat(np.arange(2, 7), 4))
    return {f"k = {k}": (rng.random((20, 20)), y_train, k) for k in (1, 3, 4)}


exercise = Exercise(vote, ("y_pred",), _VOTE, error=_label_error, probes=_probes)


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
