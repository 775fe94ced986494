"""Assignment 5, code that runs where its data lives: checks on a second device."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.comparison import relative_error, sides
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

Function = Callable[..., Any]
FETCHED = Diagnosis(
    "fetched",
    "something was brought from the device to the host (float(x), x.item(), `if x > 0`, "
    "np.asarray(x)...): the device stops until it is there. Stay with xp and 0-d arrays.",
)
NUMPY = Diagnosis(
    "numpy_called",
    "a NumPy function or array met an array that is not NumPy's: take every function from "
    "xp = array_namespace(X), also those that make index arrays and zeros.",
)
#: What the error messages of foreign arrays mean, the more special first.
ERRORS = (
    (r"attribute '(item|tolist|get|numpy|cpu)'", FETCHED),
    (r"N(um|UM)[Pp]y array|host buffer|must be array_api_strict|different libraries|numpy\.|'numpy",
     NUMPY),
    (r"'Array' object has no attribute|object of type 'Array' has no len",
     Diagnosis("array_method", "arrays of the standard have hardly any methods and no len(): "
               "write xp.sum(x, axis=1), xp.astype(x, ...), x.shape[0].")),
    (r"module '\S*' has no attribute",
     Diagnosis("not_in_standard", "NumPy has this function, the array API standard does not; "
               "the table in the statement lists what it has.")),
    (r"different devices|same device",
     Diagnosis("device_forgotten", "an array was made on the default device: give "
               "device=X.device to xp.arange, xp.zeros and their like.")),
    (r"[Ff]ancy indexing|setitem|item assignment",
     Diagnosis("fancy_assignment", "the standard cannot assign to x[rows, y]; compare y with "
               "xp.arange(C) to get a mask, and compute with that.")),
    (r"promot|Expected Array or Python scalar|dtypes are allowed",
     Diagnosis("mixed_types", "the standard does not mix kinds of numbers: turn a mask or "
               "labels into floats with xp.astype(mask, X.dtype).")),
    (r"multi-axes index|index arrays are only|Single-axes index|only.*specified in the Array API",
     Diagnosis("index_form", "this form of indexing is not in the standard; index each axis, "
               "by integers, slices or (all axes) index arrays.")),
    (r"No module named|not available in this assignment",
     Diagnosis("library_named", "do not import an array library: the arrays say which one it is, "
               "array_namespace(X).")),
)  # fmt: skip


def _explained(failure: CheckFailed) -> CheckFailed:
    """Say what an exception that a foreign array raised means."""
    if failure.diagnosis is not None:
        return failure
    for pattern, diagnosis in ERRORS:
        if re.search(pattern, failure.message):
            return CheckFailed(failure.message, diagnosis, None, failure.details)
    return failure


def on_device(function: Function, *args: Any) -> tuple[Any, dict[str, Any]]:
    """Call ``function`` on the second device; see `metering.on_device`."""
    try:
        return calling.on_device(function, *args)
    except CheckFailed as failure:
        raise _explained(failure) from None


def values(exercise: Exercise, function: Function, regimes: Any, **options: Any) -> None:
    """Require the right numbers from the second device."""

    def run(*args: Any) -> Any:
        return on_device(function, *args)[0]

    exercise.check(run, regimes, **options)


def host_values(exercise: Exercise, function: Function, regimes: Any, **options: Any) -> None:
    """Require the right numbers for NumPy arrays."""

    def run(*args: Any) -> Any:
        try:
            return calling.call(function, *args)
        except CheckFailed as failure:
            raise _explained(failure) from None

    exercise.check(run, regimes, **options)


def stays(exercise: Exercise, function: Function, args: tuple[Any, ...]) -> None:
    """Require results on the device of the arguments, of their dtype, and nothing fetched.

    The values are compared with what the student's own function gives for NumPy arrays: whether
    these are right is another test's business.
    """
    results, right = exercise.results, exercise.expected(args) or {}
    host, facts = on_device(function, *args)
    parts = list(host) if isinstance(host, tuple) else [host]
    if host is None or len(parts) != len(results):
        kind = general("no_return" if host is None else "shape")
        raise CheckFailed(f"the function should return {', '.join(results)}.", kind)
    for name, part, home in zip(results, parts, facts["homes"], strict=True):
        if home != "device":
            lost = Diagnosis("lost_device", "the result has to stay on the device of X.")
            where = f"`{name}` is no array on the device of the arguments, but: {home}."
            raise CheckFailed(where, FETCHED if facts["fetched"] or home == "NumPy" else lost)
        if np.asarray(part).dtype != np.float32:
            found = np.asarray(part).dtype
            raise CheckFailed(f"`{name}` is {found} for float32 arguments.", general("dtype"))
        if np.shape(part) != np.shape(right[name]):
            raise CheckFailed(f"`{name}` has the shape {sides(np.shape(part))}.", general("shape"))
    if facts["fetched"]:
        raise CheckFailed(f"fetched on the way: {', '.join(facts['fetched'])}.", FETCHED)
    if facts["changed"]:
        raise CheckFailed("an argument was changed.", general("input_changed"))
    own = calling.call(function, *args)
    here = list(own) if isinstance(own, (tuple, list)) else [own]
    same = len(here) == len(parts) and all(
        relative_error(a, b) < 1e-3 and np.any(b) for a, b in zip(parts, here, strict=True)
    )
    calling.require(same, "the results differ from those for NumPy arrays, or are all 0.")
