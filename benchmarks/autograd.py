"""Scalar autograd against micrograd: loss and gradient of a two-layer network."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks import Case
from cs231n_lib.gradients.graph import Value

HIDDEN = 16


def cases(quick: bool) -> list[Case]:
    points = 100 if quick else 1_000
    name = f"scalar autograd, MLP 2-{HIDDEN}-1 on {points} points"
    return [Case(name, "micrograd", 0.5, partial(problem, points), ours, make_micrograd, agree)]


def problem(points: int) -> tuple[list[list[float]], list[float], np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((points, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
    return X.tolist(), y.tolist(), rng.standard_normal(4 * HIDDEN + 1)


def timed(value: Any, X: Sequence[Any], y: Sequence[float], weights: np.ndarray) -> Any:
    """Run the network, and let each kind of number clear away what it leaves behind.

    A graph whose nodes refer to each other in circles waits for the garbage collector, and would
    be taken apart in the other one's time. What was there before is left alone by both.
    """
    gc.freeze()
    try:
        result = network(value, X, y, weights)
        gc.collect()
    finally:
        gc.unfreeze()
    return result


def network(value: Any, X: Sequence[Any], y: Sequence[float], weights: np.ndarray) -> Any:
    """Run the same formulas on either kind of number: hinge loss of a two-layer network."""
    p = [value(float(w)) for w in weights]
    first = [p[3 * i : 3 * i + 3] for i in range(HIDDEN)]
    second, bias = p[3 * HIDDEN : 4 * HIDDEN], p[-1]
    loss = value(0.0)
    for (a, b), target in zip(X, y, strict=True):
        hidden = [(w0 * a + w1 * b + c).relu() for w0, w1, c in first]
        score = sum((w * h for w, h in zip(second, hidden, strict=True)), bias)
        loss = loss + (1 - score * target).relu()
    loss.backward()
    return loss.data, np.array([w.grad for w in p])


def ours(X: Sequence[Any], y: Sequence[float], weights: np.ndarray) -> Any:
    return timed(Value, X, y, weights)


def make_micrograd(X: Sequence[Any], y: Sequence[float], weights: np.ndarray) -> Any:
    from micrograd.engine import Value as Micrograd

    def work() -> Any:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1_000_000)  # micrograd walks the graph by recursion
        try:
            return timed(Micrograd, X, y, weights)
        finally:
            sys.setrecursionlimit(limit)

    return work


def agree(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-9)
