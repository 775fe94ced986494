"""Nearest neighbours against scikit-learn, faiss and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import BARE, Case
from cs231n_lib.neighbors import nearest


def cases(quick: bool) -> list[Case]:
    found = []
    # The search takes its queries 2,048 at a time: more of them are more of the same.
    for rows, train in ((500, 5_000), (1_000, 10_000) if quick else (2_000, 50_000)):
        name = f"top-5 L2 float32 {rows}x{train}x3072"
        for peer, make, target in (
            ("scikit-learn brute", sklearn_l2, 0.6),
            ("faiss IndexFlatL2", faiss_l2, 0.95),
        ):
            found.append(Case(name, peer, target, floats(rows, train), ours_l2, make, agree))
        found.append(Case(name, BARE, None, floats(rows, train), ours_l2, bare_product))
    rows, train = (100, 5_000) if quick else (100, 12_500)
    name = f"top-1 L1 uint8 {rows}x{train}x3072"
    for peer, make in (("scikit-learn manhattan", sklearn_l1), ("scipy cdist", scipy_l1)):
        found.append(Case(name, peer, 0.5, pixels(rows, train), ours_l1, make, agree))
    return found


def floats(rows: int, train: int) -> Any:
    def inputs() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        return tuple(rng.standard_normal((n, 3072), dtype=np.float32) for n in (rows, train))

    return inputs


def pixels(rows: int, train: int) -> Any:
    def inputs() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        return tuple(rng.integers(0, 256, (n, 3072), dtype=np.uint8) for n in (rows, train))

    return inputs


def ours_l2(X: np.ndarray, X_train: np.ndarray) -> np.ndarray:
    return nearest(X, X_train, 5)[1]


def ours_l1(X: np.ndarray, X_train: np.ndarray) -> np.ndarray:
    return nearest(X, X_train, 1, "l1")[1]


def sklearn_l2(X: np.ndarray, X_train: np.ndarray) -> Any:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=5, algorithm="brute", n_jobs=-1).fit(X_train)
    return lambda: search.kneighbors(X)[0]


def faiss_l2(X: np.ndarray, X_train: np.ndarray) -> Any:
    import faiss

    index = faiss.IndexFlatL2(X_train.shape[1])
    index.add(X_train)
    return lambda: np.sqrt(index.search(X, 5)[0])


def bare_product(X: np.ndarray, X_train: np.ndarray) -> Any:
    """Return the product of queries and training rows alone, by parts that a cache holds."""
    step = 2**21 // len(X)
    parts = [X_train[i : i + step].T for i in range(0, len(X_train), step)]
    return lambda: [X @ part for part in parts]


def sklearn_l1(X: np.ndarray, X_train: np.ndarray) -> Any:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1, algorithm="brute", metric="manhattan", n_jobs=-1)
    search.fit(X_train)
    return lambda: search.kneighbors(X)[0]


def scipy_l1(X: np.ndarray, X_train: np.ndarray) -> Any:
    from scipy.spatial.distance import cdist

    def search() -> np.ndarray:
        # In parts, as its user must: the whole matrix and the float64 copies would not fit.
        parts = (cdist(X[i : i + 100], X_train, "cityblock") for i in range(0, len(X), 100))
        return np.concatenate([part.min(axis=1, keepdims=True) for part in parts])

    return search


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
