"""`eval_numerical_gradient`: centred differences, coordinate by coordinate."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import Function


def numerical(
    f: Function,
    x: np.ndarray,
    h: float = 1e-5,
    *,
    scheme: str = "centred",
    over: str = "2h",
    left: float = 0.0,
    only: str = "all",
    fixed: float | None = None,
) -> np.ndarray:
    """Return the numerical gradient of ``f`` at ``x``."""
    grad = np.zeros_like(x)
    x, h = x.copy(), fixed or h
    if only == "together":
        return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))
    for index in np.ndindex(x.shape[:1] if only == "first axis" else x.shape):
        old = np.copy(x[index])
        values = {}
        for step in (h, 0.0, -h):
            x[index] = old * (1 + step) if scheme == "relative" else old + step
            values[step] = float(f(x.copy()))
        pair = {"forward": (h, 0.0), "backward": (0.0, -h)}.get(scheme, (h, -h))
        width = {"2h": pair[0] - pair[1], "h": h, "4h": 4 * h, "1": 1.0, "2 * h": 2 / h}[over]
        grad[index] = (values[pair[0]] - values[pair[1]]) / width
        x[index] = old + left * h
    if only == "first":
        grad.flat[1:] = 0
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
                {"over": "h"}),
        Mistake("halved_twice", "the difference is divided by 4h; the step is 2h.",
                {"over": "4h"}),
        Mistake("not_divided", "the difference is not divided by the step 2h.", {"over": "1"}),
        Mistake("precedence", "`/ 2 * h` divides by 2 and multiplies by h: write `/ (2 * h)`.",
                {"over": "2 * h"}),
        Mistake("step_fixed", "the step is always the same: use the argument h.", {"fixed": 1e-3}),
        Mistake("step_fixed", "the step is always the same: use the argument h.", {"fixed": 1e-4}),
        Mistake("step_fixed", "the step is always the same: use the argument h.", {"fixed": 1e-5}),
        Mistake("step_relative", "the step grows with the coordinate: it is x + h, not "
                "x * (1 + h).", {"scheme": "relative"}),
        *(Mistake("coordinate_not_restored", "a coordinate keeps its step while the next ones are "
                  "examined: put the old value back.", {"left": left}) for left in (-1, 1, -0.5)),
        Mistake("all_at_once", "all coordinates move together; move one at a time.",
                {"only": "together"}),
        Mistake("all_at_once", "all of x[i] moves together; move one number at a time, whatever "
                "the number of axes.", {"only": "first axis"}),
        Mistake("first_coordinate_only", "only the first coordinate is filled: `return` stands "
                "inside the loop.", {"only": "first"}),
        Mistake("last_coordinate_only", "only the last coordinate is filled.", {"only": "last"}),
    ),
)  # fmt: skip


def check(function: Function, regimes: Any, **options: Any) -> None:
    """Require centred differences; ``h`` is passed by name, as it has no fixed place."""

    def run(f: Function, x: np.ndarray, *h: float) -> Any:
        return calling.call(function, f, x, **({"h": h[0]} if h else {}))

    exercise.check(run, regimes, **options)
