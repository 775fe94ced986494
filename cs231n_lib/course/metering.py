"""Measure a call without judging it: what it changed, and how many steps Python took.

In a notebook this runs beside the student's function, in the judge inside the sandboxed
worker.  Steps are counted, never timed: a loop over rows takes more steps for more rows
on any machine, an array expression does not.
"""

import copy
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.dtype == after.dtype
            and before.shape == after.shape
            and before.tobytes() == after.tobytes()
        )
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    return True


def _arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [a for v in value for a in _arrays(v)] if isinstance(value, (list, tuple)) else []


def observe(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Call ``function`` and report what a well-behaved function leaves alone.

    Parameters
    ----------
    function : callable
        What to call.
    args : tuple
        Positional arguments.
    kwargs : dict, optional
        Keyword arguments.

    Returns
    -------
    result : object
        What the call returned.
    facts : dict
        ``"changed"``: indices of the positional arguments that hold other values after the
        call than before it; ``"read_only"``: whether some array of the result cannot be
        written to (a broadcast view, say).

    Examples
    --------
    >>> def double(x):
    ...     x *= 2
    ...     return x
    >>> observe(double, (np.ones(2),))[1]
    {'changed': [0], 'read_only': False}
    """
    before = copy.deepcopy(args)
    result = function(*args, **(kwargs or {}))
    changed = [i for i, (old, new) in enumerate(zip(before, args, strict=True))
               if not _same(old, new)]  # fmt: skip
    return result, {
        "changed": changed,
        "read_only": any(not array.flags.writeable for array in _arrays(result)),
    }


def count_events(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> int:
    """Call ``function`` and count the bytecode steps that Python executes for it.

    Returns
    -------
    int
        Steps, those of called Python functions included; work inside NumPy's compiled code
        counts as one step, whatever the size of the arrays.

    Examples
    --------
    >>> x = np.ones(1000)
    >>> count_events(lambda: sum(v for v in x)) > 10 * count_events(lambda: x.sum())
    True
    """
    steps = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        steps += 1
        return trace

    # Garbage collection calls back into Python at moments that have nothing to do with `function`.
    collecting = gc.isenabled()
    gc.disable()
    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args, **kwargs)
    finally:
        sys.settrace(previous)
        if collecting:
            gc.enable()
    return steps
