"""The same work on a GPU: CuPy against PyTorch with cuDNN, and against NumPy on the CPU.

Both sides get the same device arrays and wait for the device before the clock is read. TensorFloat
is switched off, so that float32 means float32 on both sides. Without a device there are no cases.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import Case, Row, conv, losses, neighbors
from cs231n_lib.backend import gpu_is_available, to_host
from cs231n_lib.layers import conv_forward

PEER, CPU_PEER = "PyTorch CUDA", "ours on NumPy"


class NoDevice(Exception):
    """There is no GPU to measure."""


def cases(quick: bool) -> list[Case]:
    if not gpu_is_available():
        raise NoDevice("CuPy is not installed or finds no GPU")
    return [*against_torch(quick), *against_numpy(quick)]


def against_torch(quick: bool) -> Iterator[Case]:
    meters = cupy_peak, torch_peak
    for rows, train in ((500, 5_000), (1_000, 10_000) if quick else (10_000, 50_000)):
        name = f"GPU top-5 L2 float32 {rows}x{train}x3072"
        inputs = on_device(neighbors.floats(rows, train))
        work = waiting(neighbors.ours_l2)
        agree = partial(close, tolerance=1e-4)
        yield Case(name, PEER, 1.2, inputs, work, torch_l2, agree, "cuda", meters)
    for name, (shape, filters, size, stride, pad, *_) in conv.CONVOLUTIONS.items():
        inputs = on_device(conv.convolution(shape, filters, size, stride, pad))
        name = f"GPU conv {name} -> {filters}, forward + backward"
        work = waiting(conv.ours_both)
        yield Case(name, PEER, 2.0, inputs, work, torch_conv, close, "cuda", meters)
    for kind, loss in losses.LOSSES.items():
        rows = 5_000 if quick else 50_000
        name = f"GPU {kind} loss + gradient float32 {rows}x3073x{losses.CLASSES}"
        inputs, work = on_device(partial(losses.problem, rows)), waiting(partial(losses.call, loss))
        peer = partial(torch_loss, kind)
        yield Case(name, PEER, 1.0, inputs, work, peer, close, "cuda", meters)


def against_numpy(quick: bool) -> Iterator[Case]:
    """Yield each kind of work in growing sizes: where they cross, a GPU begins to pay."""
    for size in (10, 100, 1_000, 10_000)[: 2 if quick else None]:
        for family, inputs, work in (
            ("top-5 L2 of 100 in rows", neighbors.floats(100, size), neighbors.ours_l2),
            (
                "loss rows",
                partial(losses.problem, size),
                partial(losses.call, losses.LOSSES["SVM"]),
            ),
        ):
            yield crossing(family, size, inputs, work)
    for size in (1, 4, 16, 64)[: 2 if quick else None]:
        inputs = conv.convolution((size, 32, 32, 32), 64, 3, 1, 1)
        yield crossing("conv 32x32x32 -> 64 images", size, inputs, forward)


def crossing(family: str, size: int, inputs: Callable, work: Callable) -> Case:
    name = f"crossover, {family}: {size}"

    def on_host(*arrays: Any) -> Callable[[], Any]:
        host = [to_host(a) if hasattr(a, "shape") else a for a in arrays]
        return lambda: work(*host)

    agree = partial(close, tolerance=1e-3)
    return Case(name, CPU_PEER, None, on_device(inputs), waiting(work), on_host, agree, "cuda")


def crossovers(rows: list[Row]) -> list[Row]:
    """Say in a row for each family from which size on CuPy is the faster one."""
    found = []
    measured = [row for row in rows if row.peer == CPU_PEER and row.ratio is not None]
    for family, group in itertools.groupby(
        sorted(measured, key=lambda row: row.name.rpartition(": ")[0]),
        key=lambda row: row.name.rpartition(": ")[0],
    ):
        ratios = sorted((int(row.name.rpartition(": ")[2]), row.ratio) for row in group)
        slower = [size for size, ratio in ratios if ratio is not None and ratio >= 1]
        faster = [size for size, _ in ratios if size > max(slower, default=0)]
        note = f"CuPy is faster from {faster[0]} on" if faster else "NumPy is faster throughout"
        found.append(Row(family, CPU_PEER, None, device="cuda", note=f"{note}, of those measured"))
    return found


def facts() -> dict[str, Any]:
    """Return what to record about the device: nothing without one."""
    if not gpu_is_available():
        return {}
    runtime = importlib.import_module("cupy").cuda.runtime
    properties = runtime.getDeviceProperties(0)
    return {
        "gpu": properties["name"].decode(),
        "gpu_memory_gb": round(properties["totalGlobalMem"] / 1e9, 1),
        "cuda": runtime.runtimeGetVersion(),
    }


# ---------------------------------------------------------------- ours


def on_device(inputs: Callable[[], tuple[Any, ...]]) -> Callable[[], tuple[Any, ...]]:
    def moved() -> tuple[Any, ...]:
        cupy = importlib.import_module("cupy")
        return tuple(cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in inputs())

    return moved


def waiting(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same work, finished: a call returns when its kernels are queued, not done."""

    def finished(*inputs: Any) -> Any:
        result = work(*inputs)
        importlib.import_module("cupy").cuda.Device().synchronize()
        return result

    return finished


def forward(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Any:
    return conv_forward(x, w, b, conv_param)[0]


def cupy_peak(work: Callable[[], Any]) -> tuple[Any, float]:
    """Run with an empty pool: it keeps what it once had, so its size is the peak."""
    pool = importlib.import_module("cupy").get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.used_bytes()
    result = work()
    return result, round((pool.total_bytes() - before) / 1e6, 1)


# ---------------------------------------------------------------- PyTorch


def torch_on_device() -> Any:
    import torch

    if not torch.cuda.is_available():
        raise ImportError("this PyTorch has no CUDA")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # try all algorithms, take the fastest
    return torch


def torch_peak(work: Callable[[], Any]) -> tuple[Any, float]:
    import torch

    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = work()
    return result, round((torch.cuda.max_memory_allocated() - before) / 1e6, 1)


def torch_l2(X: Any, X_train: Any) -> Callable[[], Any]:
    torch = torch_on_device()
    here, there = torch.from_dlpack(X), torch.from_dlpack(X_train)

    def work() -> Any:
        found = torch.cdist(here, there).topk(5, largest=False).values
        torch.cuda.synchronize()
        return found

    return work


def torch_conv(x: Any, w: Any, b: Any, conv_param: dict, dout: Any) -> Callable[[], Any]:
    torch = torch_on_device()
    tensors = [torch.from_dlpack(a).requires_grad_() for a in (x, w, b)]
    upstream, (stride, pad) = torch.from_dlpack(dout), (conv_param["stride"], conv_param["pad"])

    def work() -> Any:
        out = torch.nn.functional.conv2d(*tensors, stride=stride, padding=pad)
        grads = torch.autograd.grad(out, tensors, upstream)
        torch.cuda.synchronize()
        return out.detach(), *grads

    return work


def torch_loss(kind: str, W: Any, X: Any, y: Any) -> Callable[[], Any]:
    torch = torch_on_device()
    return losses.torch_work(kind, *(torch.from_dlpack(a) for a in (W, X, y)))


def close(ours: Any, theirs: Any, tolerance: float = 1e-4) -> None:
    """Compare arrays, tensors and numbers, or tuples of them, by their largest entry."""
    if isinstance(ours, tuple):
        for one, other in zip(ours, theirs, strict=True):
            close(one, other, tolerance)
        return
    one, other = on_host(ours), on_host(theirs)
    assert one.shape == other.shape
    error = np.max(np.abs(one - other)) / np.max(np.abs(other))
    assert error < tolerance, f"relative error {error:.1e}"


def on_host(x: Any) -> np.ndarray:
    if hasattr(x, "cpu"):
        return x.cpu().numpy()
    return np.asarray(to_host(x) if hasattr(x, "shape") else x)
