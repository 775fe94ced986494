"""Assignment 4, dropout: what a random mask must be like, and the mistakes it gives away."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, pair
from cs231n_lib.course.checks.comparison import relative_error, sides
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.pair import Function, _f64
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

DIAGNOSES = {
    "no_dropout": "every value is kept: nothing is dropped in training.",
    "not_inverted": "kept values are not divided by p; inverted dropout divides in training, so "
    "that test time needs no factor.",
    "multiplied_by_p": "kept values are multiplied by p; divide by p.",
    "p_is_dropped": "p is taken for the probability to drop; here it is the one to keep.",
    "wrong_divisor": "kept values are divided by 1 - p; divide by p, the probability to keep.",
    "share": "the share of the values that are kept is not p.",
    "one_mask_for_all": "whole rows or columns share one draw; draw for each value on its own.",
    "by_rule": "which values are kept follows a rule; draw a random number for each of them.",
    "not_a_mask": "a result is neither 0 nor x times a common factor.",
    "seed_ignored": "two calls with the same seed differ: seed the generator with "
    "dropout_param['seed'] if it is there.",
    "seed_fixed": "calls with different seeds, or without one, give the same mask.",
}


def _fail(message: str, name: str) -> CheckFailed:
    return CheckFailed(message, Diagnosis(name, DIAGNOSES[name]))


def _ratio(function: Function, x: np.ndarray, param: dict[str, Any]) -> np.ndarray:
    """Return what the student's forward function multiplies ``x`` by."""
    out = calling.numbers(pair._forward(function, (x.copy(), dict(param)))[0], "`out`")
    if out.shape != x.shape:
        raise CheckFailed(
            f"`out` should be {x.shape}, but is {sides(out.shape)}.", general("shape")
        )
    if not np.all(np.isfinite(out)):
        raise CheckFailed("`out` is not finite.", general("nan"))
    return out / x


def train(function: Function, rng: np.random.Generator, p: float, seed: int | None = None) -> None:
    """Require values that are 0 or x / p, the latter with probability p, each on its own."""
    param = {"mode": "train", "p": p} | ({} if seed is None else {"seed": seed})
    ratio = _ratio(function, pair.values(rng, 120, 150), param)
    kept = np.abs(ratio) > 1e-9
    share = kept.mean()
    scale = float(np.median(ratio[kept])) if kept.any() else 0.0
    if np.abs(ratio[kept] - scale).max(initial=0.0) > 1e-6:
        raise _fail("the kept values are not x times one number.", "not_a_mask")

    def near(value: float, target: float) -> bool:
        return bool(abs(value - target) < 0.02)  # five standard deviations of the share

    facts = f"with p = {p}, {share:.0%} of the values are kept and multiplied by {scale:.3g}."
    if kept.all():
        raise _fail(facts, "no_dropout")
    if near(share, 1 - p) and (near(scale, 1 / p) or near(scale, 1 / (1 - p)) or near(scale, 1)):
        raise _fail(facts, "p_is_dropped")
    if not near(share, p):
        lines = kept.all(1) | ~kept.any(1), kept.all(0) | ~kept.any(0)
        shared = any(line.all() for line in lines)
        raise _fail(facts, "one_mask_for_all" if shared else "share")
    wrong = {"not_inverted": 1.0, "multiplied_by_p": p, "wrong_divisor": 1 / (1 - p)}
    for name, number in wrong.items():
        if abs(scale - number) < 1e-6:
            raise _fail(facts, name)
    if abs(scale - 1 / p) > 1e-6:
        raise _fail(facts, "not_a_mask")
    if np.all(kept == kept[0]) or np.all(kept == kept[:, :1]):
        raise _fail("all rows, or all columns, have the same mask.", "one_mask_for_all")
    for one, other in ((kept[1:], kept[:-1]), (kept[:, 1:], kept[:, :-1])):
        # Of a mask by chance this is 0, give or take 0.002.
        if abs(np.mean(one & other) - share**2) > 0.02:
            raise _fail("whether a value is kept depends on its neighbours.", "by_rule")


def seeds(function: Function, rng: np.random.Generator, p: float) -> None:
    """Require the same mask for the same seed, and others otherwise."""
    x = pair.values(rng, 20, 30)
    first, second = (int(s) for s in rng.choice(10_000, 2, replace=False))
    masks = [
        _ratio(function, x, {"mode": "train", "p": p} | ({} if s is None else {"seed": s})) != 0
        for s in (first, second, first, None, None)
    ]
    if not np.array_equal(masks[0], masks[2]):
        raise _fail("two calls with the same seed have different masks.", "seed_ignored")
    if np.array_equal(masks[0], masks[1]):
        raise _fail("two different seeds give the same mask.", "seed_fixed")
    if np.array_equal(masks[3], masks[4]):
        raise _fail("two calls without a seed give the same mask.", "seed_fixed")


def at_test(x: np.ndarray, dropout_param: dict[str, Any], *, factor: str = "1") -> np.ndarray:
    """Return ``x``: at test time dropout does nothing."""
    p = dropout_param["p"]
    (x,) = _f64(x)
    return x * {"1": 1.0, "p": p, "1/p": 1 / p, "1-p": 1 - p, "0": 0.0}[factor]


_AT_TEST = "the values are scaled at test time; inverted dropout has done that in training."
test_exercise = Exercise(
    at_test,
    ("out",),
    (
        Mistake("scaled_at_test", _AT_TEST, {"factor": "p"}),
        Mistake("scaled_at_test", _AT_TEST, {"factor": "1/p"}),
        Mistake("scaled_at_test", _AT_TEST, {"factor": "1-p"}),
    ),
)  # fmt: skip
DROPPED_AT_TEST = Diagnosis("dropped_at_test", "values are dropped at test time; keep them all.")


def test_time(function: Function, rng: np.random.Generator, p: float) -> None:
    """Require x itself in test mode."""
    x, param = pair.values(rng, 12, 15), {"mode": "test", "p": p}
    ratio = _ratio(function, x, param)
    zeros = ratio == 0
    if zeros.any() and not zeros.all():
        raise CheckFailed("some values are 0 in test mode.", DROPPED_AT_TEST)
    pair.forward(test_exercise, function, {"test mode": (x, param)})


def gradient(dout: np.ndarray, mask: np.ndarray, *, mask_used: str = "right") -> np.ndarray:
    """Return dx, given what the forward function multiplied ``x`` by."""
    dout, mask = _f64(dout, mask)
    return {
        "right": lambda: dout * mask,
        "none": lambda: dout,
        "unscaled": lambda: dout * (mask != 0),
        "scaled twice": lambda: dout * mask * mask,
        "scaled only": lambda: dout * mask.max(),
        "inverted": lambda: dout * (mask.max() - mask),
        "dropped": lambda: mask,
        "sign": lambda: (dout > 0) * dout * mask,
    }[mask_used]()


gradient_exercise = Exercise(
    gradient,
    ("dx",),
    (
        Mistake("mask_missing", "dout is passed on everywhere; where a value was dropped nothing "
                "passes.", {"mask_used": "none"}),
        Mistake("mask_missing", "dout is scaled, but passed on where values were dropped too.",
                {"mask_used": "scaled only"}),
        Mistake("scale_missing", "the factor of the kept values is missing in dx.",
                {"mask_used": "unscaled"}),
        Mistake("scaled_twice", "the factor of the kept values is applied twice in dx.",
                {"mask_used": "scaled twice"}),
        Mistake("mask_inverted", "the gradient passes where values were dropped.",
                {"mask_used": "inverted"}),
        Mistake("upstream_dropped", "this is the mask alone; multiply it by dout.",
                {"mask_used": "dropped"}),
    ),
)  # fmt: skip
NEW_MASK = Diagnosis("new_mask", "a new mask is drawn on the way back; use the one of the cache.")


def back(
    forward: Function, backward: Function, rng: np.random.Generator, mode: str, p: float
) -> None:
    """Require dout times what the forward function multiplied x by."""
    x, dout = pair.values(rng, 11, 13), pair.values(rng, 11, 13)
    param = {"mode": mode, "p": p, "seed": 3}
    try:
        out, cache = pair._forward(forward, (x.copy(), dict(param)))
        mask = calling.numbers(out, "`out`") / x
    except CheckFailed:
        mask = (rng.random(x.shape) < p) / p if mode == "train" else np.ones(x.shape)
        cache = (param, mask if mode == "train" else None)
    if mask.shape != dout.shape:
        raise CheckFailed("`out` should have the shape of x.", general("shape"))

    def dx(dout: Any, mask: Any) -> Any:
        return calling.call(backward, dout, cache)

    # In test mode dx = dout is right, and so is the way of a forward function that scales.
    if mode == "test" and relative_error(calling.call(backward, dout, cache), dout) < 1e-7:
        return
    try:
        gradient_exercise.check(dx, {f"{mode} mode": (dout, mask)})
    except CheckFailed as failure:
        if failure.diagnosis is None and failure.error_size is not None:
            got = calling.numbers(dx(dout, mask), "`dx`")
            if 0 < np.mean(mask == 0) < 1 and np.any((got == 0) != (mask == 0)):
                failure.diagnosis = NEW_MASK
        raise


def manners(forward: Function, backward: Function, rng: np.random.Generator) -> None:
    """Require float32 for float32 and that arguments stay, in both modes."""
    for mode in ("train", "test"):
        x, dout = (pair.values(rng, 6, 5, dtype=np.float32) for _ in range(2))
        param = {"mode": mode, "p": 0.6, "seed": 11}
        train = mode == "train"  # at test time a layer hands on what it gets
        pair.manners(forward, backward, dout, x, param, names=("x", "dropout_param"), new=train)
