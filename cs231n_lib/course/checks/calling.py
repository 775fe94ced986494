"""Call the student's functions, and say in words what goes wrong.

A test cell is plain Python.  The names of the student's functions are bound to the functions
themselves in a notebook and to proxies in the judge; both are called through this module, so
that a test cell reads the same and means the same in either place.
"""

import contextlib
import copy
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from types import CoroutineType
from typing import Any

import numpy as np

from cs231n_lib.course.checks.comparison import kind_of, real, type_name
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.raising import student_failure
from cs231n_lib.course.checks.verdict import (
    NOT_RUN,
    NOT_YET,
    CheckFailed,
    Diagnosis,
    StudentError,
)
from cs231n_lib.course.inside import metering, standin


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings out of the way: the result is judged, not the noise (nbgrader counts it)."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


#: Whose frames come first in a traceback; the student's own begin below them.
OURS = (__file__, metering.__file__)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Turn what the student's code raises into a failure of the check."""
    try:
        yield
    except CheckFailed:
        raise
    except Exception as error:
        raise student_failure(error, OURS) from None


#: Kinds of results that stand for a call that has not run.
UNRUN = {"generator": "generator", "coroutine": "coroutine", "async_generator": "coroutine"}


#: The arguments that the student's functions changed, as long as somebody watches.
_changed: ContextVar[list[Any] | None] = ContextVar("_changed", default=None)


@contextlib.contextmanager
def watching() -> Iterator[list[Any]]:
    """Give a list that will hold each argument that a function of the student's changes."""
    changed: list[Any] = []
    token = _changed.set(changed)
    try:
        yield changed
    finally:
        _changed.reset(token)


def _ours(function: Callable[..., Any]) -> bool:
    return str(getattr(function, "__module__", "")).startswith(str(__package__))


def _ran(result: Any) -> Any:
    """Return the result of a call that has run."""
    kind = type_name(result)
    if kind in UNRUN:
        if isinstance(result, CoroutineType):
            result.close()  # or Python warns that nobody waits for it
        raise CheckFailed(f"the function returned a {kind}.", general(UNRUN[kind]))
    return result


def observe(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Call the student's ``function``; return its result and :func:`metering.observe`'s facts.

    Raises
    ------
    CheckFailed
        If the call raised an exception, or the function is still to be written.
    """
    with _in_words():
        remote = getattr(function, "observe", None)
        if remote is not None:
            result, facts = remote(*args, **kwargs)
        else:
            with _quiet():
                result, facts = metering.observe(function, args, kwargs)
    changed = _changed.get()
    # What one of our own does with its copies is no act of the student's.
    if changed is not None and not _ours(function):
        changed += [args[i] for i in facts["changed"] if 0 <= i < len(args)]
    return _ran(result), facts


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the student's ``function`` and return its result; see :func:`observe`."""
    return observe(function, *args, **kwargs)[0]


def call_in_place(function: Callable[..., Any], *args: Any) -> tuple[Any, tuple[Any, ...]]:
    """Call the student's ``function``, which may change its arguments; return those as well.

    Between judge and worker arguments travel by copy, so the caller's own stay as they were.

    Raises
    ------
    CheckFailed
        As :func:`observe` does.
    """
    with _in_words():
        remote = getattr(function, "call_in_place", None)
        if remote is not None:
            return remote(*args)
        with _quiet():
            return function(*args), args


def raised(function: Callable[..., Any], *args: Any) -> str | None:
    """Return the name of the exception by which the student's ``function`` refuses ``args``.

    Returns
    -------
    str or None
        None if the call returns.

    Raises
    ------
    CheckFailed
        If nothing was refused: the function is still to be written, its call has not run, or the
        exception has a cause that is known, as a time limit has.
    """
    try:
        with _quiet():
            _ran(function(*args))
    except CheckFailed:
        raise
    except Exception as error:
        kind = error.type_name if isinstance(error, StudentError) else type(error).__name__
        failure = student_failure(error, OURS)
        if kind == NOT_RUN or failure.diagnosis is not None:
            raise failure from None
        return kind
    return None


@contextlib.contextmanager
def replaced(anchor: Callable[..., Any], names: Mapping[str, Any]) -> Iterator[None]:
    """Put right functions under ``names`` where the student's ``anchor`` looks its names up.

    Raises
    ------
    StudentError
        If the anchor is not defined.
    """
    remote = getattr(anchor, "replaced", None)
    if remote is not None:
        with remote(names):
            yield
        return
    space = names_of(anchor)
    before = standin.swap(space, names)
    try:
        yield
    finally:
        standin.restore(space, before)


def names_of(anchor: Any) -> dict[str, Any]:
    """Return the global names that a function, or the methods of a class, look up."""
    anchor = inspect.unwrap(anchor)
    for part in (anchor, *vars(anchor).values()):
        space = getattr(part, "__globals__", None)
        if isinstance(space, dict):
            return space
    return {}


def on_device(function: Callable[..., Any], *args: Any) -> tuple[Any, dict[str, Any]]:
    """Call the student's ``function`` with its arrays on a second device.

    Returns what :func:`metering.on_device` returns; raises as :func:`observe` does.
    """
    with _in_words():
        remote = getattr(function, "on_device", None)
        if remote is not None:
            return remote(*args)
        with _quiet():
            return metering.on_device(function, args)


def count_events(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, int]:
    """Call the student's ``function``; return its result and how many Python steps it took.

    The function gets copies, as in another process: what it does to them is not judged here.
    Raises as :func:`observe` does.
    """
    with _in_words():
        remote = getattr(function, "count_events", None)
        if remote is not None:
            result, steps = remote(*args, **kwargs)
        else:
            args, kwargs = copy.deepcopy((args, kwargs))
            with _quiet():
                result, steps = metering.count_events(function, *args, **kwargs)
    return _ran(result), steps


def numbers(value: Any, what: str) -> np.ndarray:
    """Return the student's ``value`` as a float64 array.

    Raises
    ------
    CheckFailed
        If it is no array of real numbers; ``what`` names it.
    """
    try:
        return real(value).astype(np.float64)
    except (TypeError, ValueError):
        told = f"{what} should be an array of numbers, but is {kind_of(value)}."
        raise CheckFailed(told) from None


def require(condition: bool, message: str, diagnosis: Diagnosis | None = None) -> None:
    """Raise :class:`CheckFailed` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise CheckFailed(message, diagnosis)


@contextlib.contextmanager
def try_out() -> Iterator[None]:
    """Run an experiment that needs the reader's functions; say so where one is missing.

    Examples
    --------
    >>> with try_out():
    ...     raise NotImplementedError
    not implemented yet: this experiment waits for your code
    """
    try:
        yield
    except NotImplementedError:
        print(f"{NOT_YET}: this experiment waits for your code")
