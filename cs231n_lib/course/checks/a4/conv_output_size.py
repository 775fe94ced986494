"""`conv_output_size`: how many windows fit, and which geometries are refused."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.cause import first_cause
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import Function
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


def output_size(
    W: int,
    F: int,
    S: int,
    P: int,
    *,
    one: int = 1,
    frame: int = 2,
    inside: int = 0,
    window: int = 1,
    step: bool = True,
    swapped: bool = False,
    checked: bool = False,
) -> int:
    """Return the number of windows along an axis; dials change the terms of the formula.

    Where it is ``checked``, the same terms decide what is refused.
    """
    if swapped:
        F, S = S, F
    way = W - window * F + frame * P + inside
    if checked and (way % S or way < 0):
        raise ValueError(f"windows of {F} with stride {S} and padding {P} do not fit {W}")
    return way // (S if step else 1) + one


def _right_size(W: int, F: int, S: int, P: int) -> int:
    return int(output_size(W, F, S, P, checked=True))


#: What the layers build on, right.
BELOW_LAYERS = {"conv_output_size": _right_size}
_TERMS = (
    Mistake("one_missing", "the first window is missing: add 1 for the one at the start.",
            {"one": 0}),
    Mistake("one_in_the_quotient", "the 1 is added before dividing by S; it stands for the "
            "first window and is added after.", {"one": 0, "inside": 1}),
    Mistake("padding_on_one_side", "P is added once; there is padding on both sides.",
            {"frame": 1}),
    Mistake("padding_missing", "the padding is left out.", {"frame": 0}),
    Mistake("padding_subtracted", "the padding is subtracted; it makes the input larger.",
            {"frame": -2}),
    Mistake("filter_missing", "F is not subtracted: the last window has to fit in.",
            {"window": 0}),
    Mistake("filter_added", "F is added; it is subtracted, since the last window has to fit in.",
            {"window": -1}),
    Mistake("stride_missing", "the stride is left out.", {"step": False}),
    Mistake("window_and_stride_swapped", "F and S are swapped: subtract the filter, divide by "
            "the stride.", {"swapped": True}),
)  # fmt: skip
exercise = Exercise(
    output_size,
    ("size",),
    (*_TERMS, *(replace(m, dials={**m.dials, "checked": True}) for m in _TERMS)),
    probes=lambda: {"windows in steps": (21, 5, 3, 1), "windows side by side": (9, 4, 1, 2)},
)
NOT_AN_INTEGER = Diagnosis(
    "not_an_integer", "the size is to be an int: `/` gives a float even where it divides."
)


def whole_number(function: Function, *geometry: int) -> None:
    """Require an integer for a geometry that fits."""
    size = calling.call(function, *geometry)
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool):
        raise CheckFailed(f"the size is a {type(size).__name__}, not an int.", NOT_AN_INTEGER)


REFUSES_ALL = Diagnosis(
    "refuses_all", "geometries that fit are refused too: raise an error for the others alone."
)


def _all_refused(function: Function, F: int, S: int) -> bool:
    """Whether windows that fit are refused, in steps and side by side: by a wrong formula few."""
    fitting = [(W, size) for n in range(1, 5) for W, size in ((F + n * S, F), (n * S, S))]
    return all(calling.raised(function, W, size, S, 0) == "ValueError" for W, size in fitting)


def refuses(function: Function, geometries: list[tuple[int, int, int, int]]) -> None:
    """Require a ValueError for geometries that do not fit, and not for all that do."""
    answers = []
    for W, F, S, P in geometries:
        if _all_refused(function, F, S):
            raise CheckFailed("each geometry that was tried is refused.", REFUSES_ALL)
        error = calling.raised(function, W, F, S, P)
        if error is None:
            answers.append((calling.call(function, W, F, S, P), (W - F + 2 * P) / S + 1))
        elif error != "ValueError":
            kind = Diagnosis("other_error", "an error is right here: make it a ValueError.")
            raise CheckFailed(f"your code raised {error} for a geometry that does not fit.", kind)
    if not answers:
        return
    sentence = "an incomplete window is {}: columns of the image would be lost unseen. Raise a "
    sentence += "ValueError if S does not divide W - F + 2P, or F is larger than W + 2P."
    kinds: dict[str, tuple[str, Callable[[float], float]]] = {
        "floors": ("dropped", math.floor),
        "ceils": ("counted", math.ceil),
        "fraction": ("counted in part", float),
    }
    kind = Diagnosis("not_refused", sentence.format("accepted"))
    for name, (what, rounded) in kinds.items():
        if all(np.isscalar(got) and got == rounded(size) for got, size in answers):
            kind = Diagnosis(name, sentence.format(what))
            break
    try:  # a wrong formula refuses the wrong ones
        with first_cause(lambda: exercise.probe(function)):
            raise CheckFailed("a size was returned for a geometry that does not fit.")
    except CheckFailed as failure:
        raise CheckFailed(failure.message, failure.diagnosis or kind) from None
