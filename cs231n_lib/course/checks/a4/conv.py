"""`conv`: forward and backward, with the mistakes of either way."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cs231n_lib.course.checks.a4.conv_output_size import output_size
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import _f64

Param = dict[str, int]


def frame(x: np.ndarray, pad: int, how: str = "zeros") -> np.ndarray:
    """Return ``x`` with a frame of ``pad`` pixels."""
    width = {"none": 0, "twice": 2 * pad}.get(how, pad)
    if how == "fails" and pad:
        raise ValueError("windows reach beyond the image")
    sizes = ((0, 0), (0, 0), (width, width), (width, width))
    if how in ("edge", "reflect", "wrap"):
        return np.asarray(np.pad(x, sizes, mode=how))  # type: ignore[call-overload]
    return np.pad(x, sizes, constant_values=float(how == "ones"))


def windows(
    x: np.ndarray, HH: int, WW: int, param: Param, stride: str = "right", pad: str = "zeros"
) -> np.ndarray:
    """Return all windows, of shape (N, C, OH, OW, HH, WW)."""
    S = param["stride"]
    view = sliding_window_view(frame(x, param.get("pad", 0), pad), (HH, WW), axis=(2, 3))
    strided = view[:, :, ::S, ::S]
    if stride == "ignored":
        return view[:, :, : strided.shape[2], : strided.shape[3]]
    if stride == "rows only":
        return view[:, :, ::S, : strided.shape[3]]
    return view if stride == "1" else strided


def convolution(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    conv_param: Param,
    *,
    pad: str = "zeros",
    stride: str = "right",
    taps: str = "right",
    bias: str = "once",
    combine: str = "sum",
    shape: str = "right",
) -> np.ndarray:
    """Return the convolution of ``x`` (N, C, H, W) with the filters ``w`` (F, C, HH, WW)."""
    x, w, b = _f64(x, w, b)
    C, HH, WW = w.shape[1:]
    if taps == "transposed":
        w = w.transpose(0, 1, 3, 2)
    elif taps != "right":
        w = {"flipped": w[:, :, ::-1, ::-1], "rows flipped": w[:, :, ::-1],
             "first filter": np.repeat(w[:1], len(w), axis=0)}[taps]  # fmt: skip
    seen = windows(x, HH, WW, conv_param, stride, pad)
    if combine == "first channel":
        seen, w = seen[:, :1], w[:, :1]
    elif combine == "last channel":
        seen, w = seen[:, -1:], w[:, -1:]
    elif combine == "first image":
        seen = np.repeat(seen[:1], len(seen), axis=0)
    out = np.einsum("ncijuv,fcuv->nfij", seen, w)
    if combine == "mean":
        out = out / (C * HH * WW)
    added = {"once": b, "missing": 0 * b, "subtracted": -b, "per channel": C * b,
             "per tap": C * HH * WW * b, "first": 0 * b + b[0]}[bias]  # fmt: skip
    out = out + added[:, None, None]
    if shape == "images last":
        return out.transpose(1, 2, 3, 0).reshape(out.shape)
    if shape == "filters first":
        return out.transpose(1, 0, 2, 3).reshape(out.shape)
    if shape == "transposed":
        return out.transpose(0, 1, 3, 2)
    if shape == "width from height":
        OW = output_size(x.shape[2], WW, conv_param["stride"], conv_param["pad"])
        if out.shape[3] < OW:
            raise ValueError("windows reach beyond the image")
        return out[:, :, :, :OW]
    return out


_PAD = (
    Mistake("pad_ignored", "the padding is ignored: `pad` rows and columns of zeros belong on "
            "each side of the image.", {"pad": "none"}),
    Mistake("padding_fails", "only what needs padding fails: `pad` rows and columns of zeros "
            "belong on each side of the image, none on its other axes.", {"pad": "fails"}),
    Mistake("pad_value", "the frame is filled with ones; it is zero.", {"pad": "ones"}),
    Mistake("pad_value", "the frame repeats the border; it is zero.", {"pad": "edge"}),
    Mistake("pad_value", "the frame mirrors the image; it is zero.", {"pad": "reflect"}),
    Mistake("pad_value", "the frame goes on at the other side of the image; it is zero.",
            {"pad": "wrap"}),
    Mistake("pad_twice", "the image is padded twice.", {"pad": "twice"}),
)  # fmt: skip
_STRIDE = (
    Mistake("stride_ignored", "the windows move by one pixel: window i starts at i * stride.",
            {"stride": "ignored"}),
    Mistake("stride_ignored", "the stride is ignored.", {"stride": "1"}),
    Mistake("stride_ignored", "the stride is used along the height only.",
            {"stride": "rows only"}),
)  # fmt: skip
convolution_exercise = Exercise(
    convolution,
    ("out",),
    (
        *_PAD,
        *_STRIDE,
        Mistake("filter_flipped", "the filters are turned round: that is a convolution in "
                "mathematics; here the filter is laid on the window as it is.",
                {"taps": "flipped"}),
        Mistake("filter_flipped", "the rows of the filters are in the opposite order.",
                {"taps": "rows flipped"}),
        Mistake("height_width_swapped", "the filters are transposed: HH goes with the rows.",
                {"taps": "transposed"}),
        Mistake("height_width_swapped", "height and width are swapped in the output.",
                {"shape": "transposed"}),
        Mistake("height_width_swapped", "the width of the output is computed from the height of "
                "the image.", {"shape": "width from height"}),
        Mistake("axes_mixed_up", "the numbers are right but out of place: `reshape` does not "
                "exchange axes; images come first, then filters.", {"shape": "images last"}),
        Mistake("axes_mixed_up", "the numbers are right but out of place: `reshape` does not "
                "exchange axes; images come first, then filters.", {"shape": "filters first"}),
        Mistake("one_filter", "the first filter is used for all.", {"taps": "first filter"}),
        Mistake("bias_missing", "the bias b is not added.", {"bias": "missing"}),
        Mistake("bias_subtracted", "the bias b is subtracted; add it.", {"bias": "subtracted"}),
        Mistake("bias_repeated", "the bias is added once for every channel; once is enough.",
                {"bias": "per channel"}),
        Mistake("bias_repeated", "the bias is added to every product; once is enough.",
                {"bias": "per tap"}),
        Mistake("one_bias", "the first bias is used for all filters.", {"bias": "first"}),
        Mistake("mean_for_sum", "the products are averaged; add them up.", {"combine": "mean"}),
        Mistake("one_channel", "only the first channel counts; sum over all of them.",
                {"combine": "first channel"}),
        Mistake("one_channel", "only the last channel counts; sum over all of them (`=` for "
                "`+=`?).", {"combine": "last channel"}),
        Mistake("one_image", "all outputs are those of the first image.",
                {"combine": "first image"}),
    ),
    probes=lambda: {name: args[1:] for name, args in _probes().items()},
)  # fmt: skip


def convolution_gradient(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    conv_param: Param,
    *,
    pad: str = "zeros",
    stride: str = "right",
    taps: str = "right",
    dx: str = "added",
    cut: str = "right",
    dw: str = "added",
    db: str = "sum",
) -> tuple[np.ndarray, ...]:
    """Return dx, dw, db of the convolution; the window of largest (i, j) comes last."""
    dout, x, w, b = _f64(dout, x, w, b)
    (N, _, OH, OW), (HH, WW), (H, W) = dout.shape, w.shape[2:], x.shape[2:]
    P, S = conv_param["pad"], conv_param["stride"]
    padded = frame(x, P, pad)
    step = 1 if stride == "ignored" else S
    filters = w[:, :, ::-1, ::-1] if taps == "flipped" else w
    if dx == "last filter written":
        back, filters = dout[:, -1:], filters[-1:]
    else:
        back = dout
    dpadded, gradient = np.zeros_like(padded), np.zeros_like(w)
    kept = {"last written": dout[-1:, :, -1:, -1:], "last position": dout[:, :, -1:, -1:],
            "last image": dout[-1:]}.get(dw, dout)  # fmt: skip
    (n, i, j) = (len(dout) - len(kept), OH - kept.shape[2], OW - kept.shape[3])
    # Backwards, so that the smallest (u, v), which the last window brings, is written last.
    for u, v in reversed(list(np.ndindex(HH, WW))):
        place = (slice(u, u + step * (OH - 1) + 1, step), slice(v, v + step * (OW - 1) + 1, step))
        send = np.einsum("nfij,fc->ncij", back, filters[:, :, u, v])
        if "written" in dx:
            dpadded[:, :, *place] = send
        else:
            dpadded[:, :, *place] += send
        gradient[:, :, u, v] = np.einsum("nfij,ncij->fc", kept, padded[:, :, *place][n:, :, i:, j:])
    if dw == "flipped":
        gradient = gradient[:, :, ::-1, ::-1]
    down = {"sum": dout.sum((0, 2, 3)), "mean": dout.mean((0, 2, 3)),
            "averaged": dout.sum((0, 2, 3)) / N, "ones": np.full(len(b), N * OH * OW),
            "last image": dout[-1].sum((1, 2)), "last position": dout[:, :, -1, -1].sum(0),
            "last written": dout[-1, :, -1, -1], "one": np.full(len(b), dout.sum()),
            "number": dout.sum(), "maps": dout.sum(0)}[db]  # fmt: skip
    cuts = {"right": slice(P, P + H), "empty slice": slice(P, -P), "front": slice(0, H)}
    widths = {"right": slice(P, P + W), "empty slice": slice(P, -P), "front": slice(0, W)}
    inner = dpadded if cut == "kept" else dpadded[:, :, cuts[cut], widths[cut]]
    return inner, gradient / (N if dw == "averaged" else 1), np.asarray(down, dtype=np.float64)


convolution_gradient_exercise = Exercise(
    convolution_gradient,
    ("dx", "dw", "db"),
    (
        Mistake("empty_slice", "`[pad:-pad]` is empty for pad = 0, for -0 is 0; count from "
                "the left.", {"cut": "empty slice"}),
        Mistake("frame_not_cut", "dx still has the frame of zeros; cut it off.", {"cut": "kept"}),
        Mistake("frame_cut_wrong", "dx is cut out at the wrong place: the image begins at `pad`.",
                {"cut": "front"}),
        Mistake("stride_ignored", "the windows move by one pixel on the way back: window i starts "
                "at i * stride.", {"stride": "ignored"}),
        Mistake("padding_fails", "only what needs padding fails on the way back: the windows are "
                "those of the padded image.", {"pad": "fails"}),
        Mistake("dx_overwritten", "windows overlap, and `=` keeps only the last one's gradient in "
                "dx; add them up with `+=`.", {"dx": "written"}),
        Mistake("dx_overwritten", "all filters and windows add to dx; `=` keeps only the last "
                "one's gradient.", {"dx": "last filter written"}),
        Mistake("filter_flipped", "dx is made with the filters turned round; each window gets the "
                "filter as it is.", {"taps": "flipped"}),
        Mistake("dw_overwritten", "all windows add to dw; `=` keeps only the last one's.",
                {"dw": "last written"}),
        Mistake("dw_overwritten", "all positions add to dw; `=` keeps only the last one's.",
                {"dw": "last position"}),
        Mistake("dw_overwritten", "all images add to dw; `=` keeps only the last one's.",
                {"dw": "last image"}),
        Mistake("dw_averaged", "dw is divided by N; averaging is the loss's business.",
                {"dw": "averaged"}),
        Mistake("dw_flipped", "dw is turned round.", {"dw": "flipped"}),
        Mistake("db_averaged", "db is a mean; it is the sum.", {"db": "mean"}),
        Mistake("db_averaged", "db is divided by N; it is the sum.", {"db": "averaged"}),
        Mistake("db_without_dout", "db counts positions and ignores dout.", {"db": "ones"}),
        Mistake("db_overwritten", "all images add to db; only the last one's counts.",
                {"db": "last image"}),
        Mistake("db_overwritten", "all positions add to db; only the last one's counts.",
                {"db": "last position"}),
        Mistake("db_overwritten", "all positions and images add to db; only the last counts.",
                {"db": "last written"}),
        Mistake("db_over_filters", "db is summed over the filters too; each has its own bias.",
                {"db": "one"}),
        Mistake("db_over_filters", "db is summed over the filters too; each has its own bias.",
                {"db": "number"}),
        Mistake("db_positions", "db is summed over the images only; a bias is used at every "
                "position too.", {"db": "maps"}),
    ),
    probes=lambda: _probes(),
    forward=convolution_exercise,
)  # fmt: skip


def problem(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    filters: tuple[int, int, int],
    stride: int = 1,
    pad: int = 0,
    dtype: Any = np.float64,
    bias: float = 1.0,
) -> tuple[Any, ...]:
    """Return dout, x, w, b and conv_param; ``filters`` are F, HH, WW."""
    (N, C, H, W), (F, HH, WW) = shape, filters
    OH, OW = (output_size(*size, stride, pad) for size in ((H, HH), (W, WW)))
    # Channels last in memory, as images come from a file: views, like transposed images are.
    x = rng.normal(size=(N, H, W, C)).astype(dtype).transpose(0, 3, 1, 2)
    sizes = ((N, F, OH, OW), (F, C, HH, WW), (F,))
    dout, w, b = (rng.normal(size=size).astype(dtype) for size in sizes)
    return dout, x, w, (bias * b).astype(dtype), {"stride": stride, "pad": pad}


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return problems that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        "no padding": problem(rng, (2, 2, 4, 5), (3, 3, 2)),
        "padding": problem(rng, (3, 3, 4, 6), (4, 3, 3), 1, 1),
        "padding, stride 2": problem(rng, (2, 2, 7, 8), (3, 3, 2), 2, 2),
    }
