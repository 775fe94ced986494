"""Assignment 4, max pooling: references with dials, and the mistakes they imitate."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cs231n_lib.course.checks.a4.conv_output_size import output_size
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import _f64

Param = dict[str, int]


def _window(param: Param, swapped: bool) -> tuple[int, int]:
    sizes = param["pool_height"], param["pool_width"]
    return sizes[::-1] if swapped else sizes


def pool(
    x: np.ndarray,
    pool_param: Param,
    *,
    reduce: str = "max",
    stride: str = "right",
    swapped: bool = False,
    transposed: bool = False,
) -> np.ndarray:
    """Return the largest value of each window of ``x`` (N, C, H, W)."""
    (x,) = _f64(x)
    PH, PW = _window(pool_param, swapped)
    S = pool_param["stride"]
    view = sliding_window_view(x, (PH, PW), axis=(2, 3))
    strided = view[:, :, ::S, ::S]
    if stride == "ignored":
        strided = view[:, :, : strided.shape[2], : strided.shape[3]]
    elif stride == "window":
        strided = view[:, :, ::PH, ::PW]
    elif stride == "1":
        strided = view
    flat = strided.reshape(*strided.shape[:4], -1)
    out = {
        "max": lambda: flat.max(-1),
        "mean": lambda: flat.mean(-1),
        "min": lambda: flat.min(-1),
        "sum": lambda: flat.sum(-1),
        "max from 0": lambda: np.maximum(flat.max(-1), 0),
        "abs": lambda: np.abs(flat).max(-1),
        "first": lambda: flat[..., 0],
        "channels": lambda: np.broadcast_to(
            flat.max(-1).max(1, keepdims=True), flat.shape[:4]
        ).copy(),
        "images": lambda: np.broadcast_to(
            flat.max(-1).max(0, keepdims=True), flat.shape[:4]
        ).copy(),
    }[reduce]()
    return out.transpose(0, 1, 3, 2) if transposed else out


pool_exercise = Exercise(
    pool,
    ("out",),
    (
        Mistake("max_from_zero", "negative windows give 0: start the search from the first value "
                "(or from -inf), not from 0.", {"reduce": "max from 0"}),
        Mistake("mean_for_max", "this is average pooling.", {"reduce": "mean"}),
        Mistake("min_for_max", "this is the smallest value of each window.", {"reduce": "min"}),
        Mistake("sum_for_max", "this is the sum of each window.", {"reduce": "sum"}),
        Mistake("abs_for_max", "the sign is lost: it is the largest value, not the largest size.",
                {"reduce": "abs"}),
        Mistake("first_for_max", "this is the upper left value of each window.",
                {"reduce": "first"}),
        Mistake("channels_mixed", "the maximum is taken over the channels too; each channel is "
                "pooled on its own.", {"reduce": "channels"}),
        Mistake("images_mixed", "the maximum is taken over the images too.",
                {"reduce": "images"}),
        Mistake("stride_ignored", "the windows move by one pixel: window i starts at i * stride.",
                {"stride": "ignored"}),
        Mistake("stride_ignored", "the stride is ignored.", {"stride": "1"}),
        Mistake("stride_is_window", "the windows move by their own size; they move by `stride`.",
                {"stride": "window"}),
        Mistake("height_width_swapped", "pool_height and pool_width are swapped.",
                {"swapped": True}),
        Mistake("height_width_swapped", "height and width are swapped in the output.",
                {"transposed": True}),
    ),
    probes=lambda: {name: args[1:] for name, args in _probes().items()},
)  # fmt: skip


def pool_gradient(
    dout: np.ndarray,
    x: np.ndarray,
    pool_param: Param,
    *,
    route: str = "winner",
    add: str = "added",
    stride: str = "right",
) -> np.ndarray:
    """Return dx of max pooling: each window's gradient goes to its largest value."""
    dout, x = _f64(dout, x)
    PH, PW = _window(pool_param, False)
    S = {"right": pool_param["stride"], "ignored": 1, "window": 0}[stride]
    dx = np.zeros_like(x)
    for i, j in np.ndindex(*dout.shape[2:]):
        top, left = (i * (S or PH), j * (S or PW))
        window = x[:, :, top : top + PH, left : left + PW]  # cut off at the border
        if window.size == 0:
            raise ValueError("a window lies beyond the image")
        flat = window.reshape(*window.shape[:2], -1)
        winner = flat.argmax(-1)
        if route.startswith(("by height", "swapped")):
            if "swapped" in route:
                rows, cols = winner % PW, winner // PW
            else:
                rows, cols = winner // PH, winner % (PW if "row" in route else PH)
            if "inside" in route and (rows.max() >= PH or cols.max() >= PW):
                raise IndexError("beyond the window")
            hits = (*np.indices(winner.shape), top + rows, left + cols)
            if add == "winner written":
                dx[hits] = dout[:, :, i, j]
            else:
                dx[hits] += dout[:, :, i, j]
            continue
        if route == "smallest":
            winner = flat.argmin(-1)
        elif route == "first":
            winner = 0 * winner
        hit = winner[..., None] == np.arange(flat.shape[-1])
        if route == "channels":
            hit &= (flat.max(-1) == flat.max((1, 2))[:, None])[..., None]
        mask = hit.reshape(window.shape)
        values = dout[:, :, i, j][:, :, None, None]
        if route == "all":
            sent = values * np.ones_like(window)
        elif route == "share":
            sent = values * np.ones_like(window) / flat.shape[-1]
        elif route == "mask":
            sent = mask * 1.0
        else:
            sent = mask * values * (window if route == "times x" else 1.0)
        place = dx[:, :, top : top + PH, left : left + PW]
        if add == "window written":
            place[...] = sent
        elif add == "winner written":
            place[...] = np.where(mask, sent, place)
        else:
            place += sent
    return dx


pool_gradient_exercise = Exercise(
    pool_gradient,
    ("dx",),
    (
        Mistake("overwritten", "windows overlap, and a value that won twice gets both gradients: "
                "add them up with `+=`.", {"add": "window written"}),
        Mistake("overwritten", "windows overlap, and a value that won twice gets both gradients: "
                "add them up with `+=`.", {"add": "winner written"}),
        Mistake("routed_to_all", "the whole window gets the gradient; only its largest value "
                "does.", {"route": "all"}),
        Mistake("routed_to_all", "the gradient is shared by the window, as in average pooling; "
                "its largest value gets it all.", {"route": "share"}),
        Mistake("upstream_dropped", "this is the mask alone; multiply it by dout.",
                {"route": "mask"}),
        Mistake("times_x", "the gradient is multiplied by x; the local gradient is 1 or 0.",
                {"route": "times x"}),
        Mistake("routed_to_smallest", "the smallest value gets the gradient; the largest should.",
                {"route": "smallest"}),
        Mistake("routed_to_first", "the upper left value gets the gradient; the largest should.",
                {"route": "first"}),
        Mistake("channels_mixed", "the largest value of all channels gets the gradient; each "
                "channel has its own winner.", {"route": "channels"}),
        *(Mistake("height_width_swapped", "row and column of the largest value are swapped.",
                  {"route": route}) for route in ("swapped", "swapped, inside")),
        *(Mistake("index_from_height", "the row of the largest value is argmax // pool_width, its "
                  "column argmax % pool_width; here pool_height divides.", {"route": route})
          for route in ("by height", "by height, row", "by height, inside",
                        "by height, row, inside")),
        Mistake("stride_ignored", "the windows move by one pixel on the way back: window i starts "
                "at i * stride.", {"stride": "ignored"}),
        Mistake("stride_is_window", "the windows move by their own size; they move by `stride`.",
                {"stride": "window"}),
    ),
    probes=lambda: _probes(),
    forward=pool_exercise,
)  # fmt: skip


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return problems that tell the mistakes apart: windows that overlap, touch, leave gaps."""
    rng = np.random.default_rng(0)
    return {
        "overlap": problem(rng, (2, 3, 7, 8), (3, 2), 2),
        "gaps": problem(rng, (3, 2, 8, 5), (2, 2), 3),
    }


def problem(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    window: tuple[int, int],
    stride: int,
    dtype: Any = np.float64,
    offset: float = 0.0,
) -> tuple[Any, ...]:
    """Return dout, x and pool_param; no two values of ``x`` are equal or nearly so."""
    sizes = [output_size(n, f, stride, 0) for n, f in zip(shape[2:], window, strict=True)]
    dout = rng.normal(size=(*shape[:2], *sizes)).astype(dtype)
    x = rng.permutation(np.prod(shape)).reshape(shape) / 10
    x = (x - x.mean() + offset).astype(dtype)
    return dout, x, {"pool_height": window[0], "pool_width": window[1], "stride": stride}
