"""Checks of a layer's two functions: forward with a cache, backward with it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, hygiene
from cs231n_lib.course.checks.cause import first_cause
from cs231n_lib.course.checks.comparison import form, kind_of, relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import NUMERICAL, general
from cs231n_lib.course.checks.verdict import NOT_IMPLEMENTED, CheckFailed

Function = Callable[..., Any]


def _f64(*arrays: Any) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(a, dtype=np.float64) for a in arrays)


def _forward(forward: Function, args: tuple[Any, ...], names: int = 2) -> tuple[Any, Any]:
    result = calling.call(forward, *args)
    if not isinstance(result, (tuple, list)) or len(result) != names:
        raise CheckFailed("the forward function should return (out, cache).", form(result))
    return result[0], result[1]


def forward(exercise: Exercise, function: Function, regimes: Any, **options: Any) -> None:
    """Check the first of the two values ``(out, cache)``."""

    def out(*args: Any) -> Any:
        return _forward(function, args)[0]

    exercise.check(out, regimes, **options)


def cache_of(function: Function, args: tuple[Any, ...], documented: Any) -> Any:
    """Return the student's cache; the documented one if there is no forward function yet."""
    try:
        return _forward(function, args)[1]
    except CheckFailed:
        return documented(*args)


def backward(
    exercise: Exercise,
    forward: Function,
    backward: Function,
    regimes: Any,
    documented: Function = lambda *args: args,
    **options: Any,
) -> None:
    """Check ``backward(dout, cache)``; each regime holds dout and the arguments of ``forward``."""
    failed: list[CheckFailed] = []

    def gradients(dout: Any, *args: Any) -> Any:
        try:
            cache = _forward(forward, args)[1]
        except CheckFailed as failure:
            if failure.diagnosis != NOT_IMPLEMENTED:
                failed.append(failure)
            cache = documented(*args)
        return calling.call(backward, dout, cache)

    def cached() -> None:
        if exercise.forward is not None:
            arguments = {name: args for name, (_, *args) in regimes.items()}
            exercise.forward.check(lambda *args: _forward(forward, args)[0], arguments)

    try:
        with first_cause(cached):
            exercise.check(gradients, regimes, **options)
    except CheckFailed as failure:
        if not failed or failure.diagnosis == NOT_IMPLEMENTED:
            raise
        raise CheckFailed(
            f"not tested: it needs the cache of the forward function, which fails: "
            f"{failed[0].message}", failed[0].diagnosis, details=failed[0].details,
        ) from None  # fmt: skip


def exact(
    exercise: Exercise,
    forward: Function,
    backward: Function,
    problem: tuple[np.ndarray, ...],
    documented: Function = lambda *args: args,
    parts: tuple[str, ...] | None = None,
) -> None:
    """Require gradients more exact than differences of outputs can be.

    Parameters
    ----------
    problem : tuple of ndarray
        ``dout`` and the arguments of ``forward``, in float64.

    Raises
    ------
    CheckFailed
        If a gradient is nearly right, naming numerical differentiation. What is plainly wrong
        is left to the other checks, which know more mistakes.
    """
    want = exercise.expected(problem)
    dout, *args = problem
    result = calling.call(backward, dout, cache_of(forward, tuple(args), documented))
    names = exercise.results
    found = [result] if len(names) == 1 else result
    if want is None or not isinstance(found, (tuple, list)) or len(found) != len(names):
        return
    for name, got in zip(names, found, strict=True):
        error = relative_error(got, want[name])
        if name in (parts or names) and 1e-12 < error < 1e-2:
            raise CheckFailed(f"`{name}` is not exact: relative error {error:.1e}.",
                              NUMERICAL, error)  # fmt: skip


def manners(
    forward: Function,
    backward: Function,
    dout: np.ndarray,
    *args: Any,
    documented: Function = lambda *args: args,
    names: tuple[str, ...] = ("x", "w", "b"),
    new: bool = True,
) -> None:
    """Require that both directions leave their arguments alone and keep float32.

    Layers that hand on what they get do so too: one direction has to compute something (``new``).
    """
    hygiene.keeps_inputs(forward, *args, names=names, new=False)
    out = _forward(forward, args)[0]
    is_float32(out)
    cache = cache_of(forward, args, documented)
    hygiene.keeps_inputs(backward, dout, cache, names=("dout", "cache"), new=False)
    hygiene.keeps_dtype(backward, dout, cache)
    dx = calling.call(backward, dout, cache)
    if new and not (hygiene.is_new(out, args) or hygiene.is_new(dx, (dout, cache))):
        raise CheckFailed("this counts for results that were computed, not for what was given.")


def is_float32(out: Any) -> None:
    """Require that ``out``, of float32 arguments, is float32."""
    found = kind_of(out)
    if found != "float32":
        array = isinstance(out, (np.ndarray, np.generic))
        kind = general("dtype") if array else form(out)
        raise CheckFailed(f"float32 arguments gave an `out` of {found}.", kind)


def values(rng: np.random.Generator, *shape: int, dtype: Any = np.float64) -> np.ndarray:
    """Return random numbers that keep away from 0, where the ReLU has its kink."""
    x = rng.normal(size=shape)
    return (x + 0.05 * np.sign(x)).astype(dtype)
