"""Meters in the worker, held against functions whose measure the judge knows.

Steps, changes and devices can only be seen where the student's code runs, so the code can lie about
them. Beside each test that asks for one of them, a function of the judge's goes through the same
meter. A meter that was replaced is found by it; one that tells the judge's function from the
student's is not. Whose code names what steps are counted with, what runs uncounted, or what finds
things by names that are put together, gets a note.
"""

import ast
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.inside.cells import HELPERS, parse

#: They use no name of the namespace that they are put into, which is the student's.
NAMES = ("_counts_down", "_adds_one", "_leaves_it", "_leaves_the_device")
SOURCE = """
def _counts_down(n):
    while n:
        n -= 1

def _adds_one(x):
    x[0] += 1
    return x

def _leaves_it(x):
    return x + 1

def _leaves_the_device(x):
    return 1.0
"""
#: What no answer needs and a lie about steps or changes does: meters, what tells that one is at
#: work (`gc` is off meanwhile), what runs beside it, and what looks names up.
TOOLS = frozenset({
    "settrace", "gettrace", "setprofile", "getprofile", "_getframe", "f_trace", "f_trace_opcodes",
    "f_back", "tb_frame", "gi_frame", "monitoring", "metering", "gc",
    "threading", "_thread", "concurrent", "greenlet", "multiprocessing", "asyncio",
    "addaudithook", "ctypes", "_ctypes",
    "exec", "eval", "vars", "__dict__", "__import__", "importlib", "attrgetter", "methodcaller",
    "resolve_name", "runpy", "__getattribute__", "__builtins__", "builtins",
    "__setattr__", "__delattr__", "currentframe", "_current_frames", "walk_stack", "modules",
    "QueueListener", "dummy", "_xxsubinterpreters", "_interpreters", "_testcapi",
})  # fmt: skip


def suspicions(cells: Iterable[tuple[str, str, bool]]) -> list[str]:
    """Return a note on each cell whose code names one of the `TOOLS`.

    ``getattr`` with the name of one counts too, and with a name that is not written out; so do
    ``setattr`` and ``delattr``.

    Parameters
    ----------
    cells : iterable of (str, str, bool)
        Label, source, and whether of that source only imports, functions and classes run.

    Examples
    --------
    >>> suspicions([("double", "from sys import settrace", False)])
    ['double names settrace, with which steps are counted or hidden: look at its code']
    """
    notes = []
    for label, source, helpers in cells:
        body = [n for n in parse(source).body if not helpers or isinstance(n, HELPERS)]
        notes += [
            f"{label} names {name}, with which steps are counted or hidden: look at its code"
            for name in sorted(_named(ast.Module(body, [])))
        ]
    return list(dict.fromkeys(notes))


def _named(tree: ast.Module) -> set[str]:
    named: set[str] = set()
    plain: set[ast.expr] = set()  # uses of `getattr` and its like with a name that is written out
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=("getattr" | "setattr" | "delattr")) as function,
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                plain.add(function)
                named |= TOOLS & {name}
            case ast.Name(id=("getattr" | "setattr" | "delattr") as name) if node not in plain:
                named.add(name)
            case ast.MatchClass(kwd_attrs=list(names)):
                named |= TOOLS.intersection(names)
            case (
                ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name)
                | ast.ImportFrom(module=str(name))
            ):  # fmt: skip
                named.update(TOOLS.intersection(name.split(".")))
    return named


class Gauge:
    """Holds the meters of one worker against what is known.

    Parameters
    ----------
    client : proxies.Client
        Speaks with the worker.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.done: set[str] = set()  # what was tried in the present test
        self.known: dict[str, Any] = {}
        self.moments = np.random.default_rng()

    def check(self, how: str) -> None:
        """Try the meter ``how``, once for each test if it is right.

        Raises
        ------
        StudentError
            If it does not say what it should.
        """
        if how in self.done:
            return
        if not self.known:
            self.client.request(op="run", cell="gauge", source=SOURCE, helpers=False)
            known = self.client.ask(op="names", names=list(NAMES))
            if not isinstance(known, dict) or not all(
                hasattr(known.get(n), "_call") for n in NAMES
            ):
                raise StudentError("MeterReplaced", "your code changes what is defined")
            self.known = known
        told: dict[str, Callable[[], bool]] = {
            "count_events": self._steps, "observe": self._changes, "on_device": self._devices
        }  # fmt: skip
        if not told[how]():
            raise StudentError("MeterReplaced", f"your code changes how it is measured ({how})")
        self.done.add(how)  # who was found out once is found out again

    def _measure(self, how: str, name: str, argument: Any) -> Any:
        return self.known[name]._call(how, (argument,), {})

    def _steps(self) -> bool:
        few = int(self.moments.integers(10, 50))
        more = few + int(self.moments.integers(50, 100))
        match [self._measure("count_events", "_counts_down", n) for n in (few, more)]:
            case [(None, int(short)), (None, int(long))]:
                return long - short >= more - few
        return False

    def _changes(self) -> bool:
        x = self.moments.normal(size=3)
        match [self._measure("observe", name, x) for name in ("_adds_one", "_leaves_it")]:
            case [(_, {"changed": [0]}), (_, {"changed": []})]:
                return True
        return False

    def _devices(self) -> bool:
        x = self.moments.normal(size=3)
        match [
            self._measure("on_device", name, x) for name in ("_leaves_it", "_leaves_the_device")
        ]:
            case [(_, {"homes": ["device"]}), (_, {"homes": ["float"]})]:
                return True
        return False
