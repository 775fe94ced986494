"""Assignment 4, im2col: reference with dials, and the mistakes it imitates."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cs231n_lib.course.checks import hygiene
from cs231n_lib.course.checks.a4.conv import _PAD, _STRIDE, windows
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import _f64


def columns(
    x: np.ndarray,
    HH: int,
    WW: int,
    stride: int = 1,
    pad: int = 0,
    *,
    order: str = "cuv",
    positions: str = "ij",
    layout: str = "right",
    how_stride: str = "right",
    how_pad: str = "zeros",
    swapped: bool = False,
) -> np.ndarray:
    """Return the windows as columns: (N, C * HH * WW, OH * OW)."""
    (x,) = _f64(x)
    if swapped:
        HH, WW = WW, HH
    seen = windows(x, HH, WW, {"stride": stride, "pad": pad}, how_stride, how_pad)
    N, C, OH, OW = seen.shape[:4]
    cols = np.einsum(f"ncijuv->n{order}{positions}", seen).reshape(N, C * HH * WW, OH * OW)
    if layout == "one matrix, images last":
        return cols.transpose(1, 2, 0).reshape(C * HH * WW, -1)
    if layout == "one matrix":
        return cols.transpose(1, 0, 2).reshape(C * HH * WW, -1)
    if layout == "rows":
        return cols.transpose(0, 2, 1)
    if layout == "one matrix of rows":
        return cols.transpose(0, 2, 1).reshape(N * OH * OW, -1)
    if layout == "windows in rows, reshaped":
        return cols.transpose(0, 2, 1).reshape(cols.shape)
    return cols


_RENAMED = {"pad": "how_pad", "stride": "how_stride"}
columns_exercise = Exercise(
    columns,
    ("cols",),
    (
        *(Mistake(m.id, m.sentence, {_RENAMED[key]: value for key, value in m.dials.items()})
          for m in (*_PAD, *_STRIDE)),
        Mistake("channel_order", "within a column the channel is to vary slowest, as in "
                "w.reshape(F, -1); here it varies fastest.", {"order": "uvc"}),
        Mistake("tap_order", "within a column the pixels go row by row; here they go column by "
                "column.", {"order": "cvu"}),
        Mistake("position_order", "the windows are to go row by row over the image; here they go "
                "column by column.", {"positions": "ji"}),
        Mistake("windows_in_rows", "each window is a row here; it is to be a column.",
                {"layout": "rows"}),
        Mistake("windows_in_rows", "each window is a row here; it is to be a column.",
                {"layout": "one matrix of rows"}),
        Mistake("reshape_for_transpose", "the numbers are right but out of place: `reshape` does "
                "not exchange axes; use `transpose` first.",
                {"layout": "windows in rows, reshaped"}),
        Mistake("images_not_apart", "the columns of all images are in one matrix; here each image "
                "keeps an axis of its own: (N, C * HH * WW, OH * OW).",
                {"layout": "one matrix, images last"}),
        Mistake("images_not_apart", "the columns of all images are in one matrix; here each image "
                "keeps an axis of its own: (N, C * HH * WW, OH * OW).",
                {"layout": "one matrix"}),
        Mistake("height_width_swapped", "the windows are transposed: HH goes with the rows.",
                {"swapped": True}),
    ),
    probes=lambda: _probes(),
)  # fmt: skip


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return images and windows that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        "no padding": (rng.normal(size=(2, 2, 4, 5)), 2, 3, 1, 0),
        "padding": (rng.normal(size=(3, 3, 4, 6)), 3, 3, 1, 1),
        "stride 2, padding": (rng.normal(size=(2, 2, 7, 8)), 3, 2, 2, 2),
    }


def vectorised(
    function: Callable[..., Any],
    arguments: Callable[..., tuple[Any, ...]],
    right: Callable[..., None],
    **sizes: tuple[str, int],
) -> None:
    """Require as many Python steps for large inputs as for small ones.

    Parameters
    ----------
    function : callable
        The student's.
    arguments : callable
        ``arguments(**sizes)`` draws an input; without sizes, the small one.
    right : callable
        Compares the results of the counted calls: see `hygiene.steps_do_not_grow`.
    **sizes
        ``name = (what it is called, large value)``; each is enlarged on its own.
    """
    for name, (what, large) in sizes.items():
        enlarged = partial(arguments, **{name: large})
        hygiene.steps_do_not_grow(function, arguments, enlarged, what, right=right)
