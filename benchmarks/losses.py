"""SVM and softmax loss and gradient against PyTorch autograd and the bare matrix products."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import BARE, Case
from cs231n_lib.losses import softmax_loss_vectorized, svm_loss_vectorized

CLASSES = 10
REG = 0.1
LOSSES = {"SVM": svm_loss_vectorized, "softmax": softmax_loss_vectorized}


def cases(quick: bool) -> list[Case]:
    rows = 5_000 if quick else 50_000
    found = []
    for kind, ours in LOSSES.items():
        name = f"{kind} loss + gradient float32 {rows}x3073x{CLASSES}"
        work, inputs = partial(call, ours), partial(problem, rows)
        peer = partial(torch_autograd, kind)
        found.append(Case(name, "PyTorch autograd", 0.8, inputs, work, peer, agree))
        found.append(Case(name, BARE, 1.15, inputs, work, bare_products))
    return found


def problem(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    W = 0.01 * rng.standard_normal((3073, CLASSES), dtype=np.float32)
    X = rng.standard_normal((rows, 3073), dtype=np.float32)
    return W, X, rng.integers(CLASSES, size=rows)


def call(loss: Any, W: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    return loss(W, X, y, REG)


def torch_autograd(kind: str, W: np.ndarray, X: np.ndarray, y: np.ndarray) -> Any:
    import torch

    work = torch_work(kind, *(torch.from_numpy(a) for a in (W, X, y)))

    def on_host() -> tuple[float, np.ndarray]:
        loss, gradient = work()
        return loss, gradient.numpy()

    return on_host


def torch_work(kind: str, W: Any, X: Any, y: Any) -> Any:
    """Return the work on tensors, wherever they are; ``item`` waits for a device."""
    from torch.nn import functional as F

    def work() -> tuple[float, Any]:
        weights = W.detach().requires_grad_()
        scores = X @ weights
        if kind == "softmax":
            loss = F.cross_entropy(scores, y)
        else:  # PyTorch divides by the number of classes as well
            loss = CLASSES * F.multi_margin_loss(scores, y)
        loss = loss + REG * (weights * weights).sum()
        loss.backward()
        value = loss.item()
        return value, weights.grad

    return work


def bare_products(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> Any:
    return lambda: X.T @ (X @ W)


def agree(ours: tuple[float, np.ndarray], theirs: tuple[float, np.ndarray]) -> None:
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-3, atol=1e-5)
