"""Convolution, pooling and training steps of a small ConvNet against PyTorch on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import BARE, Case
from cs231n_lib.layers import (
    conv_backward,
    conv_forward,
    im2col,
    max_pool_backward,
    max_pool_forward,
)
from cs231n_lib.nets.pattern import build
from cs231n_lib.training.optim import Momentum

PEER = "PyTorch CPU"
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
# Four convolutions of 32 filters: the network that the chapter on GPUs profiles.
SMALL = "INPUT[32x32x3] -> [[CONV3-32 -> RELU]*2 -> POOL2]*2 -> [FC-128 -> RELU]*1 -> FC-10"
BATCH = 100

# name: shape of x, filters, size, stride, pad
CONVOLUTIONS = {
    "3x3 64x32x32x32": ((64, 32, 32, 32), 64, 3, 1, 1),
    "5x5 8x64x112x112": ((8, 64, 112, 112), 64, 5, 1, 2),
    "1x1 8x64x112x112": ((8, 64, 112, 112), 64, 1, 1, 0),
    # 112 is not a legal size for filters of odd size at stride 2 without padding; 113 is.
    "3x3 stride 2 8x64x113x113": ((8, 64, 113, 113), 64, 3, 2, 0),
    "5x5 stride 2 8x64x113x113": ((8, 64, 113, 113), 64, 5, 2, 0),
    "1x1 stride 2 8x64x113x113": ((8, 64, 113, 113), 64, 1, 2, 0),
    "3x3 pad 0 8x64x112x112": ((8, 64, 112, 112), 64, 3, 1, 0),
    "3x3 first layer 64x3x32x32": ((64, 3, 32, 32), 64, 3, 1, 1),
}
# Where the columns are multiplied, what the product alone takes tells what can be gained.
BY_COLUMNS = [name for name in CONVOLUTIONS if "stride 2" in name or "first layer" in name]


def cases(quick: bool) -> list[Case]:
    found = []
    for name, (shape, filters, size, stride, pad) in CONVOLUTIONS.items():
        inputs = convolution(shape, filters, size, stride, pad)
        one = f"conv {name} -> {filters}, forward"
        found.append(Case(one, PEER, 1.0, inputs, ours_forward, torch_forward, agree))
        if name in BY_COLUMNS:
            found.append(Case(one, BARE, None, inputs, ours_forward, bare_product))
        two = f"conv {name} -> {filters}, forward + backward"
        found.append(Case(two, PEER, 1.0, inputs, ours_both, torch_both, agree_all))
    for shape in ((64, 64, 32, 32), (8, 64, 112, 112)):
        name = f"max pool 2x2 {'x'.join(map(str, shape))}, forward + backward"
        found.append(Case(name, PEER, 0.6, pooling(shape), ours_pool, torch_pool, agree_all))
    steps = 5 if quick else 20
    name = f"small ConvNet, {steps} steps of batch {BATCH}"
    found.append(Case(name, PEER, 1.0, steps_of(steps), ours_steps, torch_steps, agree_losses))
    found.append(Case(name, BARE, None, steps_of(steps), ours_steps, bare_steps))
    return found


def convolution(
    shape: tuple[int, int, int, int], filters: int, size: int, stride: int, pad: int
) -> Any:
    def inputs() -> tuple[Any, ...]:
        rng = np.random.default_rng(0)
        shapes = (shape, (filters, shape[1], size, size), (filters,))
        x, w, b = (rng.standard_normal(s, dtype=np.float32) for s in shapes)
        conv_param = {"stride": stride, "pad": pad}
        height, width = ((edge - size + 2 * pad) // stride + 1 for edge in shape[2:])
        dout = rng.standard_normal((shape[0], filters, height, width), dtype=np.float32)
        return x, w, b, conv_param, dout

    return inputs


def ours_forward(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    return conv_forward(x, w, b, conv_param)[0]


def ours_both(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    out, cache = conv_forward(x, w, b, conv_param)
    return out, *conv_backward(dout, cache)


def torch_forward(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    import torch

    tensors = [torch.from_numpy(a) for a in (x, w, b)]

    def forward() -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(
                *tensors, stride=conv_param["stride"], padding=conv_param["pad"]
            ).numpy()

    return forward


def bare_product(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    """Return the product of filters and columns alone; the columns are made beforehand."""
    filters = w.reshape(len(w), -1)
    cols = im2col(x, *w.shape[2:], **conv_param)
    flat = np.ascontiguousarray(cols.transpose(1, 0, 2).reshape(filters.shape[1], -1))
    return lambda: filters @ flat


def torch_both(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    import torch

    tensors = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    upstream = torch.from_numpy(dout)

    def both() -> Any:
        out = torch.nn.functional.conv2d(
            *tensors, stride=conv_param["stride"], padding=conv_param["pad"]
        )
        return out.detach().numpy(), *(
            g.numpy() for g in torch.autograd.grad(out, tensors, upstream)
        )

    return both


def pooling(shape: tuple[int, int, int, int]) -> Any:
    def inputs() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.standard_normal(shape, dtype=np.float32)
        half = (*shape[:2], shape[2] // 2, shape[3] // 2)
        return x, rng.standard_normal(half, dtype=np.float32)

    return inputs


def ours_pool(x: np.ndarray, dout: np.ndarray) -> Any:
    out, cache = max_pool_forward(x, POOL)
    return out, max_pool_backward(dout, cache)


def torch_pool(x: np.ndarray, dout: np.ndarray) -> Any:
    import torch

    there, upstream = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dout)

    def both() -> Any:
        out = torch.nn.functional.max_pool2d(there, 2)
        return out.detach().numpy(), torch.autograd.grad(out, there, upstream)[0].numpy()

    return both


def steps_of(steps: int) -> Any:
    def inputs() -> tuple[Any, ...]:
        rng, images = np.random.default_rng(0), steps * BATCH
        X = rng.standard_normal((images, 3, 32, 32), dtype=np.float32)
        y = rng.integers(0, 10, images)
        return X, y, build(SMALL, rng=rng).params

    return inputs


def ours_steps(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> list[float]:
    net = build(SMALL, rng=np.random.default_rng(0))
    net.params = {name: value.copy() for name, value in params.items()}
    optimiser, losses = Momentum(1e-3), []
    for start in range(0, len(X), BATCH):
        batch = slice(start, start + BATCH)
        loss, grads = net.loss(X[batch], y[batch])
        optimiser.step(net.params, grads)
        losses.append(loss)
    return losses


def bare_steps(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> Any:
    """Return the products of such steps alone: each layer's output, and its two gradients.

    A filter meets its columns at every position, as many as the map before it has pixels: 32x32,
    and 16x16 behind the first pooling. The gradient with respect to the images is not asked for.
    """
    rng = np.random.default_rng(0)
    triples = []
    for number, w in enumerate(w for w in params.values() if w.ndim > 1):
        rows, inner = (len(w), w[0].size) if w.ndim == 4 else w.shape[::-1]
        columns = BATCH * (1024 if number < 2 else 256) if w.ndim == 4 else BATCH
        shapes = ((rows, inner), (inner, columns), (rows, columns))
        triples.append([rng.standard_normal(shape, dtype=np.float32) for shape in shapes])

    def products() -> None:
        for _ in range(len(X) // BATCH):
            for number, (weights, columns, upstream) in enumerate(triples):
                weights @ columns
                upstream @ columns.T
                if number:
                    weights.T @ upstream

    return products


def torch_steps(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> Any:
    import torch
    from torch import nn

    def network() -> Any:
        conv: list[Any] = []
        for channels in ((3, 32), (32, 32)):
            for before, after in (channels, (32, 32)):
                conv += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            conv.append(nn.MaxPool2d(2))
        head = [nn.Flatten(), nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 10)]
        net = nn.Sequential(*conv, *head)
        with torch.no_grad():
            for tensor, array in zip(net.parameters(), params.values(), strict=True):
                # Ours are (D, M), PyTorch's (M, D).
                tensor.copy_(torch.from_numpy(array.T if array.ndim == 2 else array))
        return net

    def run() -> list[float]:
        net = network()
        optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
        losses = []
        for start in range(0, len(X), BATCH):
            batch = slice(start, start + BATCH)
            there, labels = torch.from_numpy(X[batch]), torch.from_numpy(y[batch])
            loss = nn.functional.cross_entropy(net(there), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return losses

    return run


def agree(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-5) -> None:
    assert ours.shape == theirs.shape
    error = np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))
    assert error < tolerance, f"relative error {error:.1e}"


def agree_all(ours: tuple, theirs: tuple) -> None:
    # dw and db are sums over all pixels; adding them up in a row, PyTorch is 1e-5 off float64.
    for one, other, tolerance in zip(ours, theirs, (1e-5, 1e-5, 1e-4, 1e-4), strict=False):
        agree(one, other, tolerance)


def agree_losses(ours: list[float], theirs: list[float]) -> None:
    # Rounding grows from step to step; the first steps tell whether the nets are the same.
    np.testing.assert_allclose(ours[:5], theirs[:5], rtol=1e-4)
