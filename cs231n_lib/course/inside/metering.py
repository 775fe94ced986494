"""Measure a call without judging it: what it changed, how many steps Python took, what it moved.

In a notebook this runs beside the student's function, in the judge inside the sandboxed
worker.  Steps are counted, never timed: a loop over rows takes more steps for more rows
on any machine, an array expression does not.
"""

import contextlib
import copy
import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
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
    if isinstance(before, (int, float, str)):
        return type(before) is type(after) and (before == after or before != before)
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
        written to (a broadcast view, say); ``"relatives"``: the names of classes like
        `np.matrix` among the arrays of the result, which do not calculate as arrays do.

    Examples
    --------
    >>> def double(x):
    ...     x *= 2
    ...     return x
    >>> observe(double, (np.ones(2),))[1]
    {'changed': [0], 'read_only': False, 'relatives': []}
    """
    before = copy.deepcopy(args)
    result = function(*args, **(kwargs or {}))
    changed = [i for i, (old, new) in enumerate(zip(before, args, strict=True))
               if not _same(old, new)]  # fmt: skip
    return result, {
        "changed": changed,
        "read_only": any(not array.flags.writeable for array in _arrays(result)),
        "relatives": sorted({type(a).__name__ for a in _arrays(result)} - {"ndarray"}),
    }


#: Python's own way to count steps, from 3.12 on, and the number under which it is used.
MONITORING: Any = getattr(sys, "monitoring", None)
TOOL = 3
#: Whose thread looks after bars of progress, now and then.
PROGRESS = "/packages/tqdm/_monitor.py"


class CountEnded(RuntimeError):
    """Steps were taken that nobody has counted."""


class _Beside:
    """Counts the steps of all threads but the one that begins them.

    A worker has one from its beginning (`watch_threads`), for a thread that waits cannot be traced
    from outside.
    """

    steps = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Trace a thread's frame, unless the thread is one that watches bars of progress."""
        if event == "call" and _watches_progress(frame):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self.steps += 1
        return self


_beside = _Beside()


def _watches_progress(frame: FrameType | None) -> bool:
    while frame is not None and not frame.f_code.co_filename.endswith(PROGRESS):
        frame = frame.f_back
    return frame is not None


def watch_threads() -> None:
    """Have the threads that are started from now on counted in `count_events`."""
    if MONITORING is None:
        threading.settrace(_beside)


def _settled(value: Any) -> Any:
    """Return a result whose arrays are copies: who changes the original later changes nothing."""
    if isinstance(value, np.ndarray):
        return np.array(value, subok=True)
    if type(value) in (list, tuple):
        return type(value)(map(_settled, value))
    return value


def count_events(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, int]:
    """Call ``function`` and count the bytecode steps that Python executes for it.

    Returns
    -------
    result : object
        What this call returned: steps say nothing of a call that did not do its work.
    steps : int
        Those of called Python functions included; work inside NumPy's compiled code counts as
        one step, whatever the size of the arrays.

    Raises
    ------
    CountEnded
        If what counts was ended, on Python 3.11 by an exception in it say.

    Examples
    --------
    >>> x = np.ones(1000)
    >>> by_loop, by_array = (count_events(f) for f in (lambda: sum(v for v in x), x.sum))
    >>> float(by_loop[0]), float(by_array[0]), by_loop[1] > 10 * by_array[1]
    (1000.0, 1000.0, True)
    """
    # Garbage collection calls back into Python at moments that have nothing to do with `function`.
    collecting = gc.isenabled()
    gc.disable()
    try:
        count = _by_trace if MONITORING is None else _by_monitoring
        result, steps, kept = count(lambda: function(*args, **kwargs))
    finally:
        if collecting:
            gc.enable()
    if not kept:
        raise CountEnded("what counts its steps was ended on the way")
    return result, steps


def _by_trace(call: Callable[[], Any]) -> tuple[Any, int, bool]:
    """Return the result of a call, its steps, and whether these were counted to the end."""
    steps = 0
    begun = Counter[int]()  # frames that have not returned: one may lose its trace on the way

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        if frame.f_code is _settled.__code__:
            return None  # ours, while whatever may run beside it is counted
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        steps += 1
        if event in ("call", "return"):
            begun[id(frame)] += 1 if event == "call" else -1
        return trace

    previous, before = sys.gettrace(), _beside.steps
    sys.settrace(trace)
    try:
        result = _settled(call())
        kept = sys.gettrace() is trace
    finally:
        sys.settrace(previous)
    kept = kept and all(left <= 0 for left in begun.values())
    return result, steps + _beside.steps - before, kept


def _by_monitoring(call: Callable[[], Any]) -> tuple[Any, int, bool]:
    """Do the same from Python 3.12 on, where a trace misses steps of code that it meets first.

    Threads are counted with it, and what is raised while a step is counted ends nothing.
    """
    steps, own = Counter[int](), threading.get_ident()  # each thread counts its own: none is lost
    ours = {call.__code__, _by_monitoring.__code__, _settled.__code__}

    def step(code: CodeType, offset: int) -> None:
        thread = threading.get_ident()
        if code not in ours and (thread == own or not _watches_progress(sys._getframe(1))):
            steps[thread] += 1

    event = MONITORING.events.INSTRUCTION
    MONITORING.use_tool_id(TOOL, __name__)
    MONITORING.register_callback(TOOL, event, step)
    MONITORING.set_events(TOOL, event)
    kept = False
    try:
        result = _settled(call())
        kept = MONITORING.get_tool(TOOL) == __name__ and MONITORING.get_events(TOOL) == event
    finally:
        if MONITORING.get_tool(TOOL):
            MONITORING.set_events(TOOL, 0)
            kept = MONITORING.register_callback(TOOL, event, None) is step and kept
            MONITORING.free_tool_id(TOOL)
    return result, steps.total(), kept


#: Methods by which Python and NumPy fetch what lives on a device, and how one writes that.
FETCHES = {
    "__float__": "float(x)",
    "__int__": "int(x)",
    "__complex__": "complex(x)",
    "__bool__": "the truth of x",
    "__index__": "x as an index",
    "__array__": "x to NumPy",
    "__buffer__": "x to NumPy",
    "__dlpack__": "x to another library",
    "__repr__": "x as text",
    "__str__": "x as text",
    "__reduce__": "a copy of x on the host",
}
#: Where arrays of the device keep what they hold, on the host in truth.
_HELD = "_array"


@contextlib.contextmanager
def _watch(array_type: type) -> Iterator[list[str]]:
    """Write down every fetch from arrays of ``array_type``."""
    seen: list[str] = []
    originals = {n: getattr(array_type, n) for n in FETCHES if hasattr(array_type, n)}

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(FETCHES[name])
            return original(self, *args, **kwargs)

        return method

    library = array_type.__module__.partition(".")[0]
    held = getattr(array_type, _HELD)

    def reached(self: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if caller.partition(".")[0] != library:  # what lives on a device is in no attribute
            raise AttributeError(f"{array_type.__name__!r} object has no attribute {_HELD!r}")
        return held.__get__(self)

    for name, original in originals.items():
        setattr(array_type, name, watched(name, original))
    setattr(array_type, _HELD, property(reached, held.__set__))
    try:
        yield seen
    finally:
        for name, original in {**originals, _HELD: held}.items():
            setattr(array_type, name, original)


def on_device(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    """Call ``function`` with its arrays on a device that is not the host; fetch the result.

    The device is that of array-api-strict, an implementation of the array API standard that
    has no other function than the standard's and lets nothing slip from one device to another.
    It stands for a GPU where there is none.

    Parameters
    ----------
    function : callable
        What to call.
    args : tuple
        Positional arguments; the NumPy arrays among them are moved.

    Returns
    -------
    result : object
        What the call returned, its arrays as NumPy arrays.
    facts : dict
        ``"homes"``: for the result, or each of its parts, ``"device"`` or what else it was;
        ``"changed"``: as in :func:`observe`; ``"fetched"``: what was brought to the host.

    Examples
    --------
    >>> on_device(lambda x: float(x[0]) * x, (np.ones(2),))
    (array([1., 1.]), {'homes': ['device'], 'changed': [], 'fetched': ['float(x)']})
    """
    import array_api_strict as strict

    from cs231n_lib.backend import to_host

    device, kind = strict.Device("device1"), type(strict.asarray(0))
    moved = [
        strict.asarray(a.copy(), device=device) if isinstance(a, np.ndarray) else copy.deepcopy(a)
        for a in args
    ]
    held = getattr(kind, _HELD)

    def settled(value: Any) -> Any:
        """Return an array of the device with its numbers as they are now: none come later."""
        if type(value) is not kind:
            return value
        numbers = held.__get__(value)
        return (
            strict.asarray(numbers.copy(), device=value.device) if type(numbers) is np.ndarray
            else numbers
        )  # fmt: skip

    with _watch(kind) as fetched:
        result = function(*moved)
        several = isinstance(result, (tuple, list))
        parts = list(map(settled, result if several else [result]))

    def home(value: Any) -> str:
        if type(value) is kind:
            return "device" if value.device == device else "another device"
        return "NumPy" if isinstance(value, (np.ndarray, np.generic)) else type(value).__name__

    def fetch(value: Any) -> Any:
        return to_host(value) if home(value) in ("device", "another device") else value

    changed = [i for i, (old, new) in enumerate(zip(args, moved, strict=True))
               if not _same(old, fetch(new))]  # fmt: skip
    facts = {
        "homes": [home(part) for part in parts],
        "changed": changed,
        "fetched": sorted(set(fetched)),
    }
    fetched_parts = [fetch(part) for part in parts]
    return (tuple(fetched_parts) if several else fetched_parts[0]), facts
