"""`eval_numerical_gradient`: centred differences, coordinate by coordinate."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import Exercise, Mistake
from cs231n_lib.course.checks.pair import Function


def numerical(
    f: Function,
    x: np.ndarray,
    h: float = 1e-5,
    *,
    scheme: str = "centred",
    divide: float = 1.0,
    restore: bool = True,
    only: str = "all",
) -> np.ndarray:
    """Return the numerical gradient of ``f`` at ``x``."""
    grad = np.zeros_like(x)
    x = x.copy()
    for index in np.ndindex(*x.shape):
        old = x[index]
        values = {}
        for step in (h, 0.0, -h):
            x[index] = old + step
            values[step] = float(f(x.copy()))
        pair = {"centred": (h, -h), "forward": (h, 0.0), "backward": (0.0, -h)}[scheme]
        width = pair[0] - pair[1]
        grad[index] = (values[pair[0]] - values[pair[1]]) / (width * divide)
        x[index] = old if restore else old - h
    if only == "last":
        kept = grad.flat[-1]
        grad[:] = 0
        grad.flat[-1] = kept
    return grad


exercise = Exercise(
    numerical,
    ("grad",),
    (
        Mistake("forward_difference", "this is (f(x+h) - f(x)) / h: its error is of order h. The "
                "centred difference is asked for.", {"scheme": "forward"}),
        Mistake("backward_difference", "this is (f(x) - f(x-h)) / h: its error is of order h. The "
                "centred difference is asked for.", {"scheme": "backward"}),
        Mistake("not_halved", "f(x+h) - f(x-h) is divided by h; the step is 2h.",
                {"divide": 0.5}),
        Mistake("halved_twice", "the difference is divided by 4h; the step is 2h.",
                {"divide": 2.0}),
        Mistake("coordinate_not_restored", "a coordinate keeps its step while the next ones are "
                "examined: put the old value back.", {"restore": False}),
        Mistake("last_coordinate_only", "only the last coordinate is filled.", {"only": "last"}),
    ),
)  # fmt: skip


def check(function: Function, regimes: Any, **options: Any) -> None:
    """Require centred differences; ``h`` is passed by name, as it has no fixed place."""

    def run(f: Function, x: np.ndarray, *h: float) -> Any:
        return calling.call(function, f, x, **({"h": h[0]} if h else {}))

    exercise.check(run, regimes, **options)
