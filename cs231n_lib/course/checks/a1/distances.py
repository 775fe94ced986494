"""Distances: the reference with its dials, and the mistakes of several exercises."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.comparison import like, precision, relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


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
    over: str = "D",
    squares: tuple[bool, bool] = (True, True),
    whole: bool = False,
    column: bool = True,
    half: bool = False,
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
        X, X_train = X.astype(np.float64), X_train.astype(np.float64)
        for rows, squared, side in ((X, squares[0], 1), (X_train, squares[1], 0)):
            if not squared:
                total = total + np.expand_dims(np.sum(rows - rows**2, axis=1), side)
        if not column and len(X) != len(X_train):
            raise ValueError("a row of norms does not fit")
        if not column:
            norms_of_X = np.sum(X**2, axis=1)
            total = total + norms_of_X - norms_of_X[:, None]
    if over != "D":
        total = total + 0 * total
        total[...] = total.sum(axis=1, keepdims=True) if over == "row" else total.sum()
    if mean:
        total = total / D
    if root and power == 2 and not largest:
        total = np.sqrt(np.maximum(total, 0) if clamp else total)
    if root_twice:
        total = np.sqrt(total)
    total = total / 2 if half else total
    total = np.trunc(total) if whole else total
    if only == "first row for all":
        total = np.repeat(total[:1], len(total), axis=0)
    elif only == "last in first column":
        total = np.hstack([total[:, -1:], np.zeros_like(total[:, 1:])])
    elif only != "all":
        keep = {"first": np.s_[:1, :1], "first row": np.s_[:1], "first column": np.s_[:, :1],
                "last row": np.s_[-1:], "not the last row": np.s_[:-1],
                "not the last column": np.s_[:, :-1], "not the first row": np.s_[1:],
                "not the first column": np.s_[:, 1:]}[only]  # fmt: skip
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


ONLY = (
    Mistake("returns_inside_loop", "only the first row (or entry) is filled: `return` stands "
            "inside a loop, or an index stays 0.", {"only": "first row"}),
    Mistake("returns_inside_loop", "only the first entry is filled: `return` stands inside the "
            "loops.", {"only": "first"}),
    Mistake("one_column", "only the first column is filled.", {"only": "first column"}),
    Mistake("one_column", "only the first column is filled, with what belongs in the last: the "
            "column is j.", {"only": "last in first column"}),
    Mistake("first_row_for_all", "all rows are those of the first test point: take X[i].",
            {"only": "first row for all"}),
    Mistake("axis_missing", "the sum runs over all training points too: sum over the D numbers "
            "of each only (axis=1).", {"over": "row"}),
    Mistake("axis_missing", "the sum runs over everything: sum over the D numbers of each pair "
            "only.", {"over": "all"}),
    Mistake("whole_numbers", "the distances are cut to whole numbers: give the array a float "
            "dtype.", {"whole": True}),
    Mistake("halved", "this is half of the distance.", {"half": True}),
    Mistake("last_row_only", "only the last row is filled: the assignment stands behind the "
            "loop, or overwrites what earlier rounds stored.", {"only": "last row"}),
    *(Mistake("loop_too_short", f"the {end} {what} is never filled: `range(n)` runs over all n, "
              "from 0 to n - 1.", {"only": f"not the {end} {what}"})
      for end in ("last", "first") for what in ("row", "column")),
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
    *(Mistake("norms_not_squared", "the squared norms are sums of squares; here the numbers "
              "themselves are summed.", {"squares": which, "clamp": clamp})
      for which in ((False, True), (True, False), (False, False)) for clamp in (True, False)),
    Mistake("norms_not_a_column", "the norms of X belong to the rows, as a column: use "
            "keepdims=True or [:, None].", {"column": False}),
    Mistake("norms_not_a_column", "the norms of X belong to the rows, as a column: use "
            "keepdims=True or [:, None].", {"column": False, "clamp": False}),
    *ONLY,
)  # fmt: skip


def right(X: np.ndarray, X_train: np.ndarray) -> Any:
    """Return the right L2 distances, in the dtype of the arguments."""
    return like((X, X_train), distances(X, X_train))


def probes() -> dict[str, tuple[Any, ...]]:
    """Return points that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    shapes = {"3 and 5 points": (3, 5), "4 and 4 points": (4, 4)}
    return {
        name: (rng.normal(size=(n, 6)), rng.normal(size=(m, 6))) for name, (n, m) in shapes.items()
    }


l2_exercise = Exercise(distances, ("dists",), _L2, error=_distance_error, probes=probes)
