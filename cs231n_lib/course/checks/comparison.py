"""Compare what was found with what is right: first its form, then number by number."""

import inspect
import math
from typing import Any

import numpy as np

from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis
from cs231n_lib.course.inside.protocol import Handle
from cs231n_lib.course.limits import MAX_TOLD

#: Allowed error relative to the largest expected value, by the precision of the inputs.
TOLERANCE = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 2e-3}


def precision(args: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the coarsest float dtype among the arrays in ``args``; float64 if there is none."""
    dtypes = [a.dtype for a in args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    return min(dtypes, key=lambda dtype: dtype.itemsize, default=np.dtype(np.float64))


def like(args: tuple[Any, ...], *values: Any) -> Any:
    """Return float64 results of a reference in the dtype that NumPy would make of ``args``."""
    dtype = np.result_type(*(a for a in args if isinstance(a, np.ndarray)))
    cast = tuple(np.asarray(value).astype(dtype) for value in values)
    return cast[0] if len(cast) == 1 else cast


def real(value: Any) -> np.ndarray:
    """Return ``value`` as an array of real numbers, as they are.

    Raises
    ------
    TypeError, ValueError
        If it is none: text that looks like numbers, complex numbers, objects.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{array.dtype} is no kind of real number")
    return array


def handle_of(value: Any) -> Handle | None:
    """Return the handle of a student's object in another process; None for what is here."""
    # Statically: a student's own `__getattr__` may raise anything.
    handle = inspect.getattr_static(value, "_handle", None)
    return handle if isinstance(handle, Handle) else None


def type_name(value: Any) -> str:
    """Return the name of a value's class, also of a student's object in another process."""
    handle = handle_of(value)
    return type(value).__name__ if handle is None else handle.type_name


def kind_of(value: Any) -> str:
    """Return what ``value`` is: the dtype of an array, the class of anything else.

    What an object itself calls its dtype is whatever its author's code puts there.
    """
    numpy = isinstance(value, (np.ndarray, np.generic))
    return str(value.dtype) if numpy else type_name(value)


def sides(shape: tuple[int, ...]) -> str:
    """Return a shape for a message; of one that holds more than a hint, how many axes it has.

    The sides of an array without entries can be any numbers, inputs of the tests say.

    Examples
    --------
    >>> sides((2, 3)), sides((1311350, 862071, 0))
    ('(2, 3)', '3 axes, too long to be right')
    """
    if math.prod(max(n, 1) for n in shape) <= MAX_TOLD:
        return str(shape)
    return f"{len(shape)} axes, too long to be right"


def returned(result: Any) -> Any:
    """Return the ``result`` of a call.

    Raises
    ------
    CheckFailed
        If it is None.
    """
    if result is None:
        raise CheckFailed("the function returns None.", general("no_return"))
    return result


def misshapen(found: tuple[int, ...], shape: tuple[int, ...]) -> Diagnosis:
    """Return what it means that an array has the shape ``found`` and not ``shape``."""
    return general("transposed" if found == shape[::-1] else "shape")


def form(result: Any) -> Diagnosis:
    """Return what a ``result`` is that should have been several values."""
    if result is None:
        return general("no_return")
    alone = isinstance(result, tuple) and len(result) == 1
    return general("tuple_of_one" if alone else "shape")


def relative_error(got: Any, want: Any) -> float:
    """Return the largest difference relative to the largest expected value; inf if hopeless.

    Non-finite expected values (a reference that makes a mistake may give them) have to be met
    by non-finite ones.
    """
    try:
        got, want = real(got).astype(np.float64), np.asarray(want, dtype=np.float64)
    except (TypeError, ValueError):
        return np.inf
    finite = np.isfinite(want)
    if got.shape != want.shape or np.any(np.isfinite(got) != finite):
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(float(np.abs(want[finite]).max()), 1e-8)
    return float(np.abs(got[finite] - want[finite]).max()) / scale


#: Where an expected result is largest: the place, the value, and the scale of errors.
Landmark = tuple[int, float, float]


def landmark(want: Any) -> Landmark | None:
    """Return where a result is largest; None if it holds no finite number."""
    try:
        want = np.asarray(want, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    finite = np.isfinite(want)
    if not finite.any():
        return None
    place = int(np.argmax(np.where(finite, np.abs(want), -1.0)))
    value = want.item(place)
    return place, value, max(abs(value), 1e-8)


def off(got: Any, want: Any, mark: Landmark | None, allowed: float) -> bool:
    """Whether one value, at the ``mark`` of ``want``, shows that they differ by more.

    Where it does not, or ``got`` is no plain array of floats, `relative_error` has to say.
    """
    if mark is None:
        return False
    place, value, scale = mark
    if isinstance(got, float) and isinstance(want, float):
        return abs(got - value) / scale > allowed
    if type(got) is np.ndarray and got.dtype.kind == "f" and got.shape == np.shape(want):
        return bool(abs(got.item(place) - value) / scale > allowed)
    return False


def structure(part: str, got: Any, want: Any, args: tuple[Any, ...] = ()) -> CheckFailed | None:
    """Return a failure if ``got`` cannot be compared with ``want`` number by number.

    The ``args`` of the call help to say why.
    """
    if got is None:
        return CheckFailed(f"`{part}` is None.", general("no_return"))
    try:
        found = real(got)
    except (TypeError, ValueError):
        told = f"`{part}` is not an array of real numbers: {kind_of(got)}."
        return CheckFailed(told, general("kind"))
    shape = np.shape(want)
    if found.shape != shape:
        kind = misshapen(found.shape, shape)
        if isinstance(got, tuple) and found.shape == (1, *shape):
            kind = general("tuple_of_one")
        lengths = {n for a in args if isinstance(a, np.ndarray) for n in a.shape}
        if found.ndim == len(shape) == 1 and {found.size, *shape} <= lengths:
            kind = general("other_axis")
        told = f"`{part}` should have the shape {shape}, but has {sides(found.shape)}."
        return CheckFailed(told, kind)
    return None


def looks(got: Any, want: Any) -> Diagnosis | None:
    """Return what is to be seen of a wrong result at a glance, if anything is."""
    whole = np.asarray(got).dtype.kind in "iub"
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    if not np.all(np.isfinite(got)):
        return general("nan")
    if not np.any(got) and np.any(want):
        return general("zeros") if got.size > 1 else None
    cut = any(np.array_equal(got, whole_part(want)) for whole_part in (np.floor, np.trunc, np.rint))
    return general("whole_numbers") if (whole or cut) and np.any(want != np.rint(want)) else None
