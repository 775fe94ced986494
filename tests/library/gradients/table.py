"""What a gradient check says of 1,000 wrong and 1,000 right gradients.

``python -m tests.library.gradients.table --json > benchmarks/results/gradient_checks.json``
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cs231n_lib.gradients.numerical import check_gradient

OFFSETS = (0.0, 0.0, 1e2, 1e5, 1e9)
SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000)


@dataclass(frozen=True)
class Problem:
    """A loss, a point, and the right gradient there; rows of `x` if it is a matrix."""

    name: str
    f: Callable[[np.ndarray], Any]
    x: np.ndarray
    grad: np.ndarray
    layers: tuple[slice, ...] = ()


def draw(seed: int) -> Problem:
    """Draw one of four problems, of about one of `SIZES`, in one dtype, with one offset."""
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    size, offset = rng.choice(SIZES), dtype(rng.choice(OFFSETS))
    name = ("softmax", "svm", "relu net", "tanh net")[seed % 4]
    N, C = int(rng.integers(5, 40)), int(rng.integers(2, 11))
    y, rows = rng.integers(C, size=N), np.arange(N)

    def cross_entropy(scores: np.ndarray) -> tuple[Any, np.ndarray]:
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        dscores = np.exp(log_p)
        dscores[rows, y] -= 1
        return -log_p[rows, y].mean() + offset, dscores / dtype(N)

    def hinge(scores: np.ndarray) -> tuple[Any, np.ndarray]:
        margins = np.maximum(scores - scores[rows, y][:, None] + dtype(1), 0)
        margins[rows, y] = 0
        dscores = (margins > 0).astype(dtype)
        dscores[rows, y] = -dscores.sum(axis=1)
        return margins.sum() / dtype(N) + offset, dscores / dtype(N)

    if name in ("softmax", "svm"):
        D = max(3, size // C)
        X = (rng.standard_normal((N, D)) * rng.choice([0.3, 1, 50])).astype(dtype)
        X[:, -1] = 1  # the bias trick: the last row of W is the biases
        W = (0.1 * rng.standard_normal((D, C)) / np.abs(X).mean()).astype(dtype)
        loss = cross_entropy if name == "softmax" else hinge
        return Problem(name, lambda W: loss(X @ W)[0], W, X.T @ loss(X @ W)[1])

    H = int(rng.integers(3, 30))
    D = max(2, int(size) // H)
    X = rng.standard_normal((N, D)).astype(dtype)
    shapes = ((D, H), (H,), (H, C), (C,))
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    parts = [slice(a, b) for a, b in pairwise(ends)]
    x = np.concatenate(
        [rng.standard_normal(int(np.prod(s))) * (2 / s[0]) ** 0.5 for s in shapes]
    ).astype(dtype)

    def run(x: np.ndarray, loss_only: bool = True) -> Any:
        W1, b1, W2, b2 = (x[p].reshape(s) for p, s in zip(parts, shapes, strict=True))
        inner = X @ W1 + b1
        hidden = np.maximum(inner, 0) if name == "relu net" else np.tanh(inner)
        value, dscores = cross_entropy(hidden @ W2 + b2)
        if loss_only:
            return value
        slope = (inner > 0).astype(dtype) if name == "relu net" else 1 - hidden**2
        dinner = (dscores @ W2.T) * slope
        pieces = (X.T @ dinner, dinner.sum(axis=0), hidden.T @ dscores, dscores.sum(axis=0))
        return np.concatenate([piece.ravel() for piece in pieces])

    layers = (slice(0, parts[1].stop), slice(parts[2].start, parts[3].stop), parts[1], parts[3])
    return Problem(name, run, x, run(x, loss_only=False), layers)


def wrong(problem: Problem, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield wrong gradients with what is wrong."""
    grad = problem.grad
    yield "sign", -grad
    yield "factor 1.01", grad * grad.dtype.type(1.01)
    largest = grad.copy()
    largest.flat[np.argmax(np.abs(grad))] = 0
    yield "largest entry zero", largest
    if grad.ndim == 2:
        for what, row in (("a row zero", rng.integers(len(grad))), ("last row zero", -1)):
            without = grad.copy()
            without[row] = 0
            yield what, without
    for layer in problem.layers:
        without = grad.copy()
        without[layer] = 0
        yield "a layer missing", without


def table(count: int) -> dict[str, dict[str, int]]:
    """Check `count` wrong and `count` right gradients; count the verdicts, by what is wrong."""
    found: dict[str, Counter[str]] = {}
    for seed in range(count):
        problem, rng = draw(seed), np.random.default_rng(seed)
        kinds = [kind for kind in wrong(problem, rng) if np.any(kind[1] != problem.grad)]
        what, grad = kinds[int(rng.integers(len(kinds)))]
        for name, gradient in ((f"wrong, {what}", grad), ("right", problem.grad)):
            check = check_gradient(problem.f, problem.x, gradient, rng=np.random.default_rng(seed))
            verdicts = found.setdefault(f"{name}, {problem.x.dtype}", Counter())
            verdicts[check.verdict] += 1
    return {name: dict(found[name]) for name in sorted(found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = table(arguments.count)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for name, verdicts in result.items():
            print(f"{name:<40}", verdicts)


if __name__ == "__main__":
    main()
