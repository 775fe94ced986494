"""Arguments that are no arrays of the library: one wording for each refusal."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


def check_param(
    name: str,
    param: Mapping[str, Any],
    required: tuple[str, ...],
    optional: Mapping[str, Any] | None = None,
) -> tuple[Any, ...]:
    """Return the values of a parameter dictionary: the `required` ones, then the `optional` ones.

    Raises
    ------
    TypeError
        If it is no dictionary.
    ValueError
        If a key is missing or unknown.

    Examples
    --------
    >>> check_param("conv_param", {"stride": 1, "pad": 2}, ("stride", "pad"), {"floor": False})
    (1, 2, False)
    """
    optional = optional or {}
    if not isinstance(param, Mapping):
        raise TypeError(f"{name} must be a dictionary, got {type(param).__name__}")
    if not set(required) <= set(param) <= set(required) | set(optional):
        more = f" and may have {list(optional)}" if optional else ""
        raise ValueError(f"{name} must have the keys {list(required)}{more}, got {list(param)}")
    return tuple(param[key] for key in required) + tuple(
        param.get(key, default) for key, default in optional.items()
    )


def is_training(mode: str) -> bool:
    """Read the mode of a layer that behaves differently in training and at test time.

    Examples
    --------
    >>> is_training("test")
    False
    """
    if mode not in ("train", "test"):
        raise ValueError(f"mode must be 'train' or 'test', got {mode!r}")
    return mode == "train"


def check_number(name: str, value: float, least: float = 0.0, most: float = math.inf) -> float:
    """Require a finite number from `least` to `most`; return it as a Python float.

    A NumPy float64 would turn float32 arrays into float64.

    Examples
    --------
    >>> check_number("eps", -1)
    Traceback (most recent call last):
    ...
    ValueError: eps must be a finite number, 0 or more, got -1
    """
    value = _real(name, value)
    if not least <= value <= most or math.isinf(value):
        limit = "or more" if most == math.inf else f"to {most:g}"
        raise ValueError(f"{name} must be a finite number, {least:g} {limit}, got {value:g}")
    return value


def check_positive(name: str, value: float) -> float:
    """Require a finite number above 0; return it as a Python float."""
    value = _real(name, value)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive finite number, got {value:g}")
    return value


def check_finite(name: str, value: float) -> float:
    """Require a finite number of either sign; return it as a Python float."""
    value = _real(name, value)
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value:g}")
    return value


def check_probability(name: str, value: float) -> float:
    """Require a number above 0 and at most 1; return it as a Python float."""
    value = _real(name, value)
    if not 0 < value <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, got {value:g}")
    return value


def check_fraction(name: str, value: float) -> float:
    """Require a number from 0 to below 1; return it as a Python float."""
    value = _real(name, value)
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value:g}")
    return value


def _real(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str | bytes):  # a text that float() would read is no number
            return float(value)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} must be a number, got {_shown(value)}")


def _shown(value: Any) -> str:
    """Show what was given, in one line: an array by its shape, the rest as Python would."""
    if not isinstance(value, type) and hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array of shape {tuple(value.shape)} and dtype {value.dtype}"
    return " ".join(f"{value!r:.80}".split())


def check_count(name: str, value: int, most: int | None = None, what: str = "") -> int:
    """Require a whole number, 1 or more, and at most `most` (which is `what`); return an int.

    Examples
    --------
    >>> check_count("k", 5, 4, "the number of training rows")
    Traceback (most recent call last):
    ...
    ValueError: k must be at least 1 and at most 4 (the number of training rows), got 5
    """
    count = check_whole(name, value)
    if count < 1 or (most is not None and count > most):
        limit = "" if most is None else f" and at most {most} ({what})"
        raise ValueError(f"{name} must be at least 1{limit}, got {count}")
    return count


def check_whole(name: str, value: int, least: int | None = None) -> int:
    """Require a whole number, `least` or more; return it as a Python int.

    Examples
    --------
    >>> check_whole("pad", True)
    Traceback (most recent call last):
    ...
    TypeError: pad must be a whole number, got True
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        whole = operator.index(value)
    except TypeError:  # an array has __index__ too, and refuses it
        raise TypeError(f"{name} must be a whole number, got {_shown(value)}") from None
    if least is not None and whole < least:
        raise ValueError(f"{name} must be {least} or more, got {whole}")
    return whole


def check_flag(name: str, value: bool) -> bool:
    """Require True or False: most other values, "no" among them, would count as True.

    Examples
    --------
    >>> check_flag("floor", "no")
    Traceback (most recent call last):
    ...
    TypeError: floor must be True or False, got 'no'
    """
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {_shown(value)}")
    return bool(value)


def check_choice(name: str, value: str, choices: Sequence[str]) -> str:
    """Require one of a few words; return it.

    Examples
    --------
    >>> check_choice("metric", "l3", ("l1", "l2"))
    Traceback (most recent call last):
    ...
    ValueError: metric must be 'l1' or 'l2', got 'l3'
    """
    if not isinstance(value, str) or value not in choices:
        raise (ValueError if isinstance(value, str) else TypeError)(
            f"{name} must be {' or '.join(map(repr, choices))}, got {_shown(value)}"
        )
    return value


def check_text(name: str, value: str) -> str:
    """Require a string; return it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {_shown(value)}")
    return value


def check_callable(name: str, value: Any, takes: str) -> None:
    """Require a function; `takes` says in words what it is called with and returns."""
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{name} must be a function that takes {takes}, got {_shown(value)}")


def check_dtype(
    name: str, dtype: Any, choices: tuple[str, ...] = ("float32", "float64")
) -> np.dtype[Any]:
    """Require one of a few dtypes, by any name that NumPy knows; return NumPy's dtype.

    Examples
    --------
    >>> check_dtype("dtype", np.float32)
    dtype('float32')
    """
    try:
        if dtype is not None and np.dtype(dtype) in map(np.dtype, choices):
            return np.dtype(dtype)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} must be {' or '.join(choices)}, got {_shown(dtype)}")


def check_counts(name: str, values: Sequence[int], length: int | None = None) -> tuple[int, ...]:
    """Require a tuple or a list of whole numbers, 1 or more each; return a tuple of ints.

    Examples
    --------
    >>> check_counts("input_shape", [3, 32], length=3)
    Traceback (most recent call last):
    ...
    ValueError: input_shape must be 3 whole numbers, got 2
    """
    if not isinstance(values, tuple | list):
        raise TypeError(f"{name} must be a tuple of whole numbers, got {_shown(values)}")
    if length is not None and len(values) != length:
        raise ValueError(f"{name} must be {length} whole numbers, got {len(values)}")
    return tuple(check_count(f"each number in {name}", value) for value in values)


def check_iterable(name: str, values: Any, example: str) -> None:
    """Require something that can be gone through, such as the `example`."""
    try:
        iter(values)
    except TypeError:  # an array of no axes has __iter__ too, and refuses it
        raise TypeError(
            f"{name} must be several values, such as {example}, got {_shown(values)}"
        ) from None


def check_names(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Require a tuple or a list of strings; return a tuple."""
    if not isinstance(values, tuple | list) or not all(isinstance(each, str) for each in values):
        raise TypeError(f"{name} must be a list of strings, got {_shown(values)}")
    return tuple(values)


def check_host_numbers(name: str, values: Any) -> np.ndarray:
    """Require real numbers in host memory, an array or nested lists; return a NumPy array."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got {_shown(values)}")
    return array


def normalise(spec: object, check: Callable[[str, Any], Any], *names: str) -> None:
    """Replace fields of a frozen dataclass by what `check` returns: plain ints, not int8.

    Sizes are multiplied with one another, and an int8 of NumPy would overflow.
    """
    for name in names:
        object.__setattr__(spec, name, check(name, getattr(spec, name)))


def check_generator(name: str, rng: Any) -> None:
    """Require a Generator of NumPy: everything random here comes from one that is given."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name} needs rng=numpy.random.default_rng(seed), got {type(rng).__name__}"
        )
