"""Checks that fit every function: dtype, inputs left alone, vectorisation by counting steps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.comparison import returned
from cs231n_lib.course.checks.mistakes import GENERAL, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [v for item in value for v in _flat(item)] if isinstance(value, (list, tuple)) else [value]
    )


def _is_number(value: Any) -> bool:
    return not isinstance(value, (dict, list, tuple)) and np.ndim(value) == 0


def _arrays(value: Any) -> list[np.ndarray]:
    """Return the arrays in ``value``, lists of numbers included."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not all(map(_is_number, value)):
        return [a for item in value for a in _arrays(item)]
    try:
        return [np.asarray(value, dtype=np.float64)]
    except (TypeError, ValueError):
        return []


def _computed(result: Any, known: list[np.ndarray]) -> bool:
    """Whether there is an array in ``result`` that is no constant and not among the ``known``."""
    return any(
        np.unique(array[np.isfinite(array)]).size > 1  # NaN would differ from itself
        and not any(np.array_equal(array, other) for other in known)
        for array in _arrays(result)
    )


def is_new(result: Any, args: tuple[Any, ...]) -> bool:
    """Return whether an array in ``result`` was computed: no constant, and none of the ``args``."""
    return _computed(result, _arrays(list(args)))


def _depends(function: Callable[..., Any], args: tuple[Any, ...], result: Any) -> bool:
    """Whether the first array of numbers among ``args``, turned round, gives another result."""
    before = [array.copy() for array in _arrays(result)]  # the function may use its memory again
    for n, arg in enumerate(args):
        if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" and arg.size > 1:
            turned = np.ascontiguousarray(np.flip(arg))
            after = _arrays(calling.call(function, *args[:n], turned, *args[n + 1 :]))
            return len(before) != len(after) or not all(
                np.array_equal(old, new, equal_nan=True)
                for old, new in zip(before, after, strict=True)
            )
    return True


def keeps_inputs(
    function: Callable[..., Any], *args: Any, names: tuple[str, ...] = (), new: bool = True
) -> None:
    """Require that a call leaves its arguments as they were and gives a writable result.

    A constant keeps its arguments too, and so does (``new``) a function that hands one of them
    on or has a table of results: whoever computes nothing earns nothing.
    """
    known = [np.array(a, dtype=np.float64) for a in args if new and isinstance(a, np.ndarray)]
    result, facts = calling.observe(function, *args)
    returned(result)
    if not _computed(result, known) or (new and not _depends(function, args, result)):
        found = [array for array in _arrays(result) if array.size > 1]
        empty = bool(found) and not any(map(np.any, found))
        raise CheckFailed("this counts for a result that was computed, not for a constant.",
                          general("zeros") if empty else None)  # fmt: skip
    if facts["changed"]:
        index = facts["changed"][0]
        name = names[index] if index < len(names) else f"argument {index + 1}"
        raise CheckFailed(f"`{name}` has other values after the call.", general("input_changed"))
    calling.require(
        not facts["relatives"],
        f"the result is a {', '.join(map(str, facts['relatives']))}.", general("not_an_ndarray"),
    )  # fmt: skip
    calling.require(not facts["read_only"], "the result is read-only.", general("read_only"))


def keeps_dtype(function: Callable[..., Any], *args: Any) -> None:
    """Require float32 arrays in the result of a call with float32 arguments."""
    result = returned(calling.call(function, *args))
    arrays = [a for a in _flat(result) if isinstance(a, np.ndarray)]
    calling.require(bool(arrays), "the result holds no array.", general("shape"))
    found = {str(a.dtype) for a in arrays if a.ndim > 0} - {"float32"}
    if found:
        raise CheckFailed(
            f"float32 arguments gave a result of {', '.join(sorted(found))}.", dtype_cause(found)
        )


def dtype_cause(found: set[str]) -> Diagnosis:
    """Return why there are arrays of the dtypes ``found`` where there should be floats."""
    whole = all(np.dtype(name).kind in "iub" for name in found)
    return general("whole_numbers" if whole else "dtype")


def steps_do_not_grow(
    function: Callable[..., Any], small: tuple[Any, ...], large: tuple[Any, ...], what: str
) -> None:
    """Require that ``large`` takes hardly more Python steps than ``small``: no loop over ``what``.

    Raises
    ------
    CheckFailed
        With the two counts.
    """
    # Twice: Python 3.15 counts code short when first traced, and NumPy keeps what it worked out
    # for shapes (`np.einsum` with `optimize=True`). First with the numbers in other places: a
    # result that was kept from the first time is none of the second.
    few, many = (
        [calling.count_events(function, *each) for each in (_mixed(args), args)][1]
        for args in (small, large)
    )
    if many > 1.3 * few + 20:
        raise CheckFailed(
            f"Python takes {few} steps for the small input and {many} for the large one: "
            f"they grow with {what}.\n({GENERAL['not_vectorised']})",
            general("not_vectorised"),
        )


def _mixed(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return ``args`` with the numbers of each array in other places."""
    rng = np.random.default_rng()
    return tuple(rng.permuted(a) if isinstance(a, np.ndarray) else a for a in args)
