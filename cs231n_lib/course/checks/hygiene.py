"""Checks that fit every function: dtype, inputs left alone, vectorisation by counting steps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.comparison import returned
from cs231n_lib.course.checks.mistakes import GENERAL, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis
from cs231n_lib.course.inside.metering import _same


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
    function: Callable[..., Any],
    small: Callable[[], tuple[Any, ...]],
    large: Callable[[], tuple[Any, ...]],
    what: str,
    *,
    right: Callable[[Callable[..., Any], dict[str, tuple[Any, ...]]], None],
) -> None:
    """Require that ``large`` takes hardly more Python steps than ``small``: no loop over ``what``.

    The calls that are counted are the ones whose results are compared, so a function that does
    its work in the other calls alone gains nothing.

    Parameters
    ----------
    function : callable
        The student's.
    small, large : callable
        Draw the arguments of one call, other numbers each time: what the function keeps of one
        call is of no use in the next.
    what : str
        What there is more of in the large input.
    right : callable
        ``right(function, regimes)`` raises a `CheckFailed` unless results are right, as
        `Exercise.check` does.

    Raises
    ------
    CheckFailed
        With the two counts; or with what ``right`` says of the function.
    """
    # Twice: NumPy keeps what it worked out for shapes (`np.einsum` with `optimize=True`).
    calls = [_Counted(function, draw()) for draw in (small, small, large, large)]
    few, many = calls[1].steps, calls[3].steps
    if many > 1.3 * few + 20:
        raise CheckFailed(
            f"Python takes {few} steps for the small input and {many} for the large one: "
            f"they grow with {what}.\n({GENERAL['not_vectorised']})",
            general("not_vectorised"),
        )
    for size, pair in (("small", calls[:2]), ("large", calls[2:])):
        regimes = {f"{size} input {n}": call.args for n, call in enumerate(pair, 1)}
        try:
            right(_Replay(pair), regimes)
        except CheckFailed:
            right(function, regimes)  # who is wrong in any call hears what others hear of it
            raise CheckFailed(
                f"the result of a call whose steps are counted ({size} input) is wrong, that of "
                "a second call with the same arguments is right.", general("only_uncounted"),
            ) from None  # fmt: skip


class _Counted:
    """A call of the student's function: its arguments, its result, and how many steps it took."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.args = args
        self.result, self.steps = calling.count_events(function, *args)


class _Replay:
    """Answers with the results of counted calls where it is called with their arguments."""

    def __init__(self, calls: list[_Counted]) -> None:
        self.calls = calls

    def __call__(self, *args: Any) -> Any:
        for call in self.calls:
            if len(args) == len(call.args) and all(map(_same, args, call.args)):
                return call.result
        raise CheckFailed("no call with these arguments was counted.")
