"""Checks that fit every function: dtype, inputs left alone, vectorisation by counting steps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course import checking
from cs231n_lib.course.checking import CheckFailed
from cs231n_lib.course.checks.exercise import GENERAL, general


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [v for item in value for v in _flat(item)] if isinstance(value, (list, tuple)) else [value]
    )


def keeps_inputs(function: Callable[..., Any], *args: Any, names: tuple[str, ...] = ()) -> None:
    """Require that a call leaves its arguments as they were and gives a writable result."""
    result, facts = checking.observe(function, *args)
    if result is None:
        raise CheckFailed("the function returns None.", general("no_return"))
    if facts["changed"]:
        index = facts["changed"][0]
        name = names[index] if index < len(names) else f"argument {index + 1}"
        raise CheckFailed(f"`{name}` has other values after the call.", general("input_changed"))
    checking.require(not facts["read_only"], "the result is read-only.", general("read_only"))


def keeps_dtype(function: Callable[..., Any], *args: Any) -> None:
    """Require float32 arrays in the result of a call with float32 arguments."""
    result = checking.call(function, *args)
    checking.require(result is not None, "the function returns None.", general("no_return"))
    arrays = [a for a in _flat(result) if isinstance(a, np.ndarray)]
    checking.require(bool(arrays), "the result holds no array.", general("shape"))
    found = {str(a.dtype) for a in arrays if a.ndim > 0} - {"float32"}
    if found:
        raise CheckFailed(
            f"float32 arguments gave a result of {', '.join(sorted(found))}.", general("dtype")
        )


def steps_do_not_grow(
    function: Callable[..., Any], small: tuple[Any, ...], large: tuple[Any, ...], what: str
) -> None:
    """Require that ``large`` takes hardly more Python steps than ``small``: no loop over ``what``.

    Raises
    ------
    CheckFailed
        With the two counts.
    """
    few = checking.count_events(function, *small)
    many = checking.count_events(function, *large)
    if many > 1.3 * few + 20:
        raise CheckFailed(
            f"Python takes {few} steps for the small input and {many} for the large one: "
            f"they grow with {what}.\n({GENERAL['not_vectorised']})",
            general("not_vectorised"),
        )
