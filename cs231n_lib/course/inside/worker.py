"""The worker: runs the student's answer cells and answers calls, and knows nothing of grades.

It is started fresh for every submission, inside the sandbox (`zygote`) or, on a student's own
machine, as a plain process. All that it says is data (`protocol`), and all of it is what the
student's code says, for they share a process: the judge treats it so.
"""

import builtins
import io
import linecache
import os
import sys
import traceback
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from types import SimpleNamespace
from typing import IO, Any, NoReturn

import numpy as np

from cs231n_lib.course.inside import limits, metering, protocol, standin
from cs231n_lib.course.inside.cells import HELPERS, lines_of, statements, without_magics
from cs231n_lib.course.inside.protocol import Callback, Handle, ProtocolError, Record

BY_VALUE = frozenset({type(None), bool, int, float, complex, str, Handle, Callback})
#: Modules that start interpreters of their own, whose steps are not counted, or end the count.
UNCOUNTED = (
    "_xxsubinterpreters", "_interpreters", "_testcapi", "_testinternalcapi", "sys.monitoring",
)  # fmt: skip


class _Output(io.TextIOBase):
    """Keeps the first part of what is printed; the rest is counted and dropped."""

    def __init__(self, limit: int) -> None:
        self.limit, self.parts = limit, []  # type: ignore[var-annotated]

    def write(self, text: str) -> int:
        if self.limit > 0:
            self.parts.append(text[: self.limit])
            self.limit -= len(text)
            if self.limit <= 0:
                self.parts.append("\n[more output was dropped]\n")
        return len(text)

    def take(self) -> str:
        text, self.parts = "".join(self.parts), []
        return text


class _Blocker(MetaPathFinder):
    """Says why a module is missing. The sandbox removes its files: this only explains."""

    def __init__(self, blocked: list[str]) -> None:
        self.blocked = blocked

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if any(name == b or name.startswith(b + ".") for b in self.blocked):
            raise ImportError(f"{name} is not available in this assignment: write your own code")


def _text(error: BaseException) -> str:
    try:
        text = str(error)[: limits.MAX_MESSAGE]
        # The place that Python names here is the judge's own copy, which explains nothing.
        if isinstance(error, ImportError) and text.startswith("cannot import name"):
            text = text.partition(" (")[0]
            if str(error.name).partition(".")[0] == "cs231n_lib":
                text += ": it is not available in this assignment, write your own code"
        return text
    except BaseException:
        return "(its message could not be read)"


def _report(error: BaseException) -> dict[str, Any]:
    """Describe an exception of the student's; show frames of the student's cells only."""
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename[:1] == "<"]
        text = "".join(traceback.format_list(frames[-12:]))[-limits.MAX_TRACEBACK :]
    except BaseException:
        text = ""
    return {"error": (str(type(error).__name__)[:100], _text(error), text)}


def _plain_number(value: Any) -> Any:
    """Return a relative of a number or text as what it is related to; None for anything else."""
    match value:
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case str():
            return str.__str__(value)
    return None


def _key(key: Any) -> Any:
    """Return a key of a dictionary as a plain one, if it is related to one."""
    if type(key) in BY_VALUE:
        return key
    if isinstance(key, np.generic):
        return key.item()
    if isinstance(key, tuple):
        return tuple(_key(part) for part in tuple.__iter__(key))
    plain = _plain_number(key)
    return key if plain is None else plain  # the protocol says what it is


class Worker:
    """One submission's namespace and the objects that the judge knows by handle."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes], output_limit: int) -> None:
        self.reader, self.writer = reader, writer
        self.namespace: dict[str, Any] = {
            "__name__": "__main__",
            "display": print,
            "get_ipython": lambda: SimpleNamespace(
                run_line_magic=lambda *_: None, system=lambda *_: None, magic=lambda *_: None
            ),
        }
        self.objects: list[Any] = []
        self.replaced: dict[str, Any] = {}
        self.output = _Output(output_limit)
        self.operations: dict[str, Callable[[dict[str, Any]], Any]] = {
            "run": self.run,
            "names": self.names,
            "call": self.call,
            "replace": self.replace,
            "getattr": lambda m: getattr(self.objects[m["target"].number], m["name"]),
            "setattr": lambda m: setattr(
                self.objects[m["target"].number], m["name"], self.incoming(m["value"])
            ),
            "getitem": lambda m: self.objects[m["target"].number][self.incoming(m["key"])],
            "len": lambda m: len(self.objects[m["target"].number]),
        }

    def run(self, message: dict[str, Any]) -> dict[str, Any]:
        """Execute one cell; report what it printed."""
        source, notes = without_magics(message["source"])
        if message.get("helpers"):
            source = statements(source, HELPERS)
        name = f"<{message['cell']}>"
        shown = [f"{line}\n" for line in lines_of(source)]
        linecache.cache[name] = (len(source), None, shown, name)
        exec(compile(source, name, "exec"), self.namespace)
        return {"notes": notes[:20]}

    def names(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return those of the asked-for names that the cells have defined."""
        return {n: self.namespace[n] for n in message["names"] if n in self.namespace}

    def replace(self, message: dict[str, Any]) -> None:
        """Put the judge's functions under the names given; the student's own under all others."""
        standin.restore(self.namespace, self.replaced)
        self.replaced = standin.swap(self.namespace, self.incoming(message["names"]))

    def call(self, message: dict[str, Any]) -> Any:
        """Call an object, plainly or under one of the meters."""
        function = self.objects[message["target"].number]
        args, kwargs = self.incoming(message["args"]), self.incoming(message["kwargs"])
        match message["how"]:
            case "observe":
                return metering.observe(function, args, kwargs)
            case "count_events":
                return metering.count_events(function, *args, **kwargs)
            case "on_device":
                return metering.on_device(function, args)
            case "in_place":
                return function(*args, **kwargs), args
        return function(*args, **kwargs)

    def incoming(self, value: Any) -> Any:
        """Turn handles back into objects, and the judge's functions into functions."""
        kind = type(value)
        if kind is Handle:
            return self.objects[value.number]
        if kind is Callback:
            return lambda *args, **kwargs: self.call_back(value, args, kwargs)
        return protocol.deep(value, self.incoming)

    def outgoing(self, value: Any) -> Any:
        """Turn what cannot travel by value into handles, all the way down.

        Relatives of plain values (a `defaultdict`, an enumeration's number) travel as these. A
        named tuple keeps a handle: student code that gets it back may ask for its fields.
        """
        if isinstance(value, (np.ndarray, np.generic)) or type(value) in BY_VALUE:
            return value  # an array of objects is refused by the protocol, in words
        if isinstance(value, dict):
            return {_key(k): self.outgoing(v) for k, v in dict.items(value)}
        if isinstance(value, list):
            return [self.outgoing(item) for item in list.__iter__(value)]
        if isinstance(value, tuple):
            items = [self.outgoing(item) for item in tuple.__iter__(value)]
            return tuple(items) if type(value) is tuple else Record.of(items, self.keep(value))
        plain = _plain_number(value)
        return self.keep(value) if plain is None else plain

    def keep(self, value: Any) -> Handle:
        """Remember ``value`` under a number."""
        if len(self.objects) >= limits.MAX_HANDLES:
            raise ProtocolError("too many objects")
        self.objects.append(value)
        return Handle(len(self.objects) - 1, type(value).__name__)

    def call_back(self, target: Callback, args: Any, kwargs: Any) -> Any:
        """Let the judge run one of its functions for the student's code."""
        asked = {"callback": target, "args": self.outgoing(args), "kwargs": self.outgoing(kwargs)}
        protocol.write(self.writer, asked)
        reply = self.serve(until_reply=True)
        if "error" in reply:
            raise RuntimeError(f"{reply['error'][0]}: {reply['error'][1]}")
        return self.incoming(reply["ok"])

    def serve(self, until_reply: bool = False) -> Any:
        """Answer the judge's requests until it hangs up (or until it answers ours)."""
        while True:
            message, _ = protocol.read(self.reader)
            if until_reply and "op" not in message:
                return message
            try:
                result = self.operations[message["op"]](message)
                reply = {"ok": self.outgoing(result), "output": self.output.take()}
                frame = protocol.encode(reply)
            except BaseException as error:  # SystemExit and KeyboardInterrupt are answers too
                frame = protocol.encode({**_report(error), "output": self.output.take()})
            self.writer.write(frame)
            self.writer.flush()


class NoInput(RuntimeError):
    """Somebody was asked for input, and there is nobody."""


def _no_input(*_: object, **__: object) -> NoReturn:
    raise NoInput("there is nobody to answer")


def run(
    reader: IO[bytes], writer: IO[bytes], limits: dict[str, Any], blocked: list[str]
) -> NoReturn:
    """Serve one submission on ``reader`` and ``writer``; never return."""
    worker = Worker(reader, writer, limits["output"])
    sys.stdout = sys.stderr = worker.output
    sys.stdin = io.StringIO()
    sys.__stdout__ = sys.__stderr__ = worker.output  # type: ignore[misc,assignment]
    sys.meta_path.insert(0, _Blocker(blocked))
    for name in ("exit", "quit"):
        setattr(builtins, name, sys.exit)
    builtins.input = sys.breakpointhook = _no_input
    del sys.addaudithook  # steps of such a hook are not counted
    vars(sys).pop("monitoring", None)  # counts them, from Python 3.12 on
    for name in UNCOUNTED:
        sys.modules[name] = None  # type: ignore[assignment]
    metering.watch_threads()
    try:
        protocol.write(writer, {"ready": os.getpid()})
        worker.serve()
    except (EOFError, OSError, ProtocolError):
        pass
    os._exit(0)


def main() -> NoReturn:
    """Serve on the standard streams: the plain process of ``cs231n check``."""
    import json

    options = json.loads(sys.argv[1])
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    run(reader, writer, options["limits"], options["blocked"])
