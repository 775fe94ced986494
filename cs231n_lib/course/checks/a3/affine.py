"""`affine`: forward and backward, with the mistakes of either way."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.comparison import like
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import _f64


def affine(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, *, bias: float = 1.0, order: str = "C"
) -> np.ndarray:
    """Return ``x`` flattened row by row, times ``w``, plus ``b``."""
    x, w, b = _f64(x, w, b)
    rows = x.reshape(len(x), -1)
    if order == "F":
        rows = x.reshape(len(x), -1, order="F")
    return rows @ w + bias * b


def affine_gradient(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    *,
    over: str = "1",
    db: str = "sum",
    dx: str = "right",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dw, db of the affine layer."""
    dout, x, w, b = _f64(dout, x, w, b)
    N = len(x)
    rows = x.reshape(N, -1)
    divisor = {"1": 1, "N": N}[over]
    down = {"sum": dout.sum(axis=0), "mean": dout.mean(axis=0), "ones": np.ones_like(b),
            "last": dout[-1], "first": dout[0]}[db]  # fmt: skip
    inward = (dout @ w.T).reshape(x.shape)
    if dx == "flat":
        inward = dout @ w.T
    elif dx == "averaged":
        inward = inward / N
    return inward, rows.T @ dout / divisor, down


forward_exercise = Exercise(
    affine,
    ("out",),
    (
        Mistake("bias_missing", "the bias b is not added.", {"bias": 0.0}),
        Mistake("bias_subtracted", "the bias b is subtracted; add it.", {"bias": -1.0}),
        Mistake("bias_twice", "the bias b is added twice.", {"bias": 2.0}),
        Mistake("flattened_by_columns", "x is flattened in the wrong order: reshape(N, -1) keeps "
                "the rows of each sample together.", {"order": "F"}),
    ),
)  # fmt: skip
backward_exercise = Exercise(
    affine_gradient,
    ("dx", "dw", "db"),
    (
        Mistake("dw_averaged", "dw is divided by N; averaging is the loss's business.",
                {"over": "N"}),
        Mistake("db_averaged", "db is a mean over the batch; it is the sum.", {"db": "mean"}),
        Mistake("db_without_dout", "db ignores dout.", {"db": "ones"}),
        Mistake("db_one_row", "db takes one row of dout; sum over all rows.", {"db": "last"}),
        Mistake("db_one_row", "db takes one row of dout; sum over all rows.", {"db": "first"}),
        Mistake("dx_not_reshaped", "dx should have the shape of x.", {"dx": "flat"}),
        Mistake("dx_averaged", "dx is divided by N; averaging is the loss's business.",
                {"dx": "averaged"}),
    ),
    forward=forward_exercise,
)  # fmt: skip


def problem(
    rng: np.random.Generator, shape: tuple[int, ...], M: int, dtype: Any = np.float64
) -> tuple[np.ndarray, ...]:
    """Return dout, x, w, b for an x of ``shape`` and M outputs."""
    D = int(np.prod(shape[1:]))
    sizes = ((shape[0], M), shape, (D, M), (M,))
    return tuple(rng.normal(size=size).astype(dtype) for size in sizes)


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    """Return out and cache, right: what the layers above build on."""
    return like((x, w, b), affine(x, w, b)), (x, w, b)


def backward(dout: np.ndarray, cache: Any) -> Any:
    """Return dx, dw, db, right."""
    return like((dout, *cache), *affine_gradient(dout, *cache))
