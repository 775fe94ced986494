"""What the test cells of the assignments are written with.

A test cell is plain Python.  The names of the student's functions are bound to the functions
themselves in a notebook and to proxies in the judge; both are called through this module, so
that a test cell reads the same and means the same in either place.
"""

import contextlib
import copy
import inspect
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from cs231n_lib.course.checks.verdict import (
    NOT_IMPLEMENTED,
    NOT_RUN,
    NOT_YET,
    PYTHON_2,
    CheckFailed,
    Diagnosis,
    StudentError,
)
from cs231n_lib.course.inside import metering, standin

_seed = 0


def set_seed(seed: int) -> None:
    """Set what :func:`rng` draws from; the judge draws a fresh seed per run and records it."""
    global _seed
    _seed = int(seed)


def get_seed() -> int:
    """Return the seed that :func:`rng` draws from."""
    return _seed


def rng(name: str) -> np.random.Generator:
    """Return the generator of the test called ``name``, independent of all other tests.

    Examples
    --------
    >>> rng("a").integers(1000) == rng("a").integers(1000)
    True
    """
    return np.random.default_rng([_seed, *name.encode()])


def _student_failure(error: Exception) -> CheckFailed:
    if isinstance(error, StudentError):
        kind, message, details = error.type_name, error.message, error.traceback
    else:
        kind, message = type(error).__name__, str(error)
        # The first frames are ours; the student's own begin below them.
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f.filename not in (__file__, metering.__file__)]
        details = "".join(traceback.format_list(own))
    if kind == "NotImplementedError":
        return CheckFailed(f"{NOT_YET}.", NOT_IMPLEMENTED)
    if kind == "NameError" and "'xrange'" in message:
        return CheckFailed("your code uses xrange.", PYTHON_2, details=details)
    if kind == NOT_RUN:
        return CheckFailed(message)
    text = " ".join(message.split())[:200]
    said = f"your code raised {kind}: {text}" if text else f"your code raised {kind}"
    return CheckFailed(said, _cause(error), details=details)


#: Why a name may be there in a notebook, and not in the judge.
OTHER_CELLS = (
    "When your code is graded, only imports, functions and classes at the top level of your other "
    "cells are there; no variables and no lambdas. Use the function's arguments, or define the "
    "name in the answer cell."
)
#: What the judge's own kinds of exception mean, and one that only it knows.
CAUSES = {
    "TimeLimit": Diagnosis(
        "late", "is there a loop that never ends, or one over every single number where NumPy "
        "could take all at once?",
    ),
    "ProcessEnded": Diagnosis(
        "ended", "does your code call exit(), quit() or os._exit()? That ends the test.",
    ),
    "NoInput": Diagnosis(
        "no_input", "input() and breakpoint() are not available when your code is graded: use the "
        "function's arguments.",
    ),
    "SystemExit": Diagnosis("exit", "exit() ends the program, not the function: use return."),
    "RecursionError": Diagnosis(
        "recursion", "a function calls itself again and again, and nothing makes it stop.",
    ),
    "FileNotFoundError": Diagnosis(
        "no_file", "when your code is graded, none of your files are there: use the function's "
        "arguments.",
    ),
    "NameError": Diagnosis("other_cell", OTHER_CELLS),
}  # fmt: skip


#: What Python says of a call that does not fit the first line of a function.
MISFIT = re.compile(r"takes .* but .* given|missing .* argument|unexpected keyword argument")
FIRST_LINE = Diagnosis(
    "first_line", "the tests call it as the text of the exercise says: leave the first line of the "
    "function as it was given.",
)  # fmt: skip


def _cause(error: Exception) -> Diagnosis | None:
    """Return what an exception means in the judge, where it means more than it says."""
    if not isinstance(error, StudentError):
        return None
    # With no line of the student's in between, it is the test's own call that does not fit.
    if error.type_name == "TypeError" and not error.traceback and MISFIT.search(error.message):
        return FIRST_LINE
    return CAUSES.get(error.type_name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings out of the way: the result is judged, not the noise (nbgrader counts it)."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def observe(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Call the student's ``function``; return its result and :func:`metering.observe`'s facts.

    Raises
    ------
    CheckFailed
        If the call raised an exception, or the function is still to be written.
    """
    try:
        remote = getattr(function, "observe", None)
        if remote is not None:
            return remote(*args, **kwargs)
        with _quiet():
            return metering.observe(function, args, kwargs)
    except CheckFailed:
        raise
    except Exception as error:
        failure = _student_failure(error)
    raise failure


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
    try:
        remote = getattr(function, "call_in_place", None)
        if remote is not None:
            return remote(*args)
        with _quiet():
            return function(*args), args
    except CheckFailed:
        raise
    except Exception as error:
        failure = _student_failure(error)
    raise failure


def raised(function: Callable[..., Any], *args: Any) -> str | None:
    """Return the name of the exception that a call of the student's ``function`` ends with.

    Returns
    -------
    str or None
        None if the call returns.

    Raises
    ------
    CheckFailed
        If the function is still to be written.
    """
    try:
        with _quiet():
            function(*args)
    except StudentError as error:
        kind = error.type_name
    except Exception as error:
        kind = type(error).__name__
    else:
        return None
    if kind == "NotImplementedError":
        raise CheckFailed(f"{NOT_YET}.", NOT_IMPLEMENTED)
    return kind


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
    space = _names_of(anchor)
    before = standin.swap(space, names)
    try:
        yield
    finally:
        standin.restore(space, before)


def _names_of(anchor: Any) -> dict[str, Any]:
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
    try:
        remote = getattr(function, "on_device", None)
        if remote is not None:
            return remote(*args)
        with _quiet():
            return metering.on_device(function, args)
    except CheckFailed:
        raise
    except Exception as error:
        failure = _student_failure(error)
    raise failure


def count_events(function: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """Return the number of Python steps that a call of the student's ``function`` takes.

    The function gets copies, as in another process: what it does to them is not judged here.
    """
    try:
        remote = getattr(function, "count_events", None)
        if remote is not None:
            return int(remote(*args, **kwargs))
        args, kwargs = copy.deepcopy((args, kwargs))
        with _quiet():
            return metering.count_events(function, *args, **kwargs)
    except Exception as error:
        failure = _student_failure(error)
    raise failure


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
        kind = getattr(value, "dtype", None) or type(value).__name__
        raise CheckFailed(f"{what} should be an array of numbers, but is {kind}.") from None


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
