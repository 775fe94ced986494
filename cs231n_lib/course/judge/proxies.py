"""What stands in a test cell for the student's functions and objects, which live in the worker.

Values cross by copy; functions and objects stay where they are and are reached by handle. A
proxy reads like the thing itself, so that a test cell is the same in a notebook and here.
"""

import builtins
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cs231n_lib.course.checks.verdict import NOT_RUN, StudentError
from cs231n_lib.course.inside import metering, protocol
from cs231n_lib.course.inside.protocol import Callback, Handle, Record
from cs231n_lib.course.judge.gauge import Gauge
from cs231n_lib.course.judge.line import Line, WorkerError, result
from cs231n_lib.course.limits import MAX_ARGUMENTS, MAX_CALLBACKS, MAX_RECEIVED, Deadline


class Client:
    """Speaks with one worker, within the time that the submission has left.

    Parameters
    ----------
    worker : Line
        The connection.
    deadline : Deadline
        Of the whole submission.
    """

    def __init__(self, worker: Line, deadline: Deadline) -> None:
        self.worker, self.deadline = worker, deadline
        self.callbacks: list[Callable[..., Any]] = []
        self.taken = 0  # bytes received before the present test
        self.gauge = Gauge(self)
        #: Turns an exception of the student's into what may be told of it.
        self.censor: Callable[[StudentError], StudentError] = lambda error: error

    def begin_test(self) -> None:
        """Begin to count the bytes of one test, and to look at its meters."""
        self.taken = self.worker.received
        self.gauge.done.clear()

    def request(self, **message: Any) -> dict[str, Any]:
        """Send one request; run the judge's functions that the student's code calls meanwhile.

        Raises
        ------
        StudentError
            If the student's code raised, took too long, died or sent nonsense.
        """
        if self.worker.dead:
            raise StudentError("ProcessEnded", "your process ended in an earlier call")
        deadline = self.deadline.for_call()
        try:
            before = self.worker.received
            reply = self._exchange(message, deadline)
            while "callback" in reply:
                with deadline.charged_for_work():
                    answer = self._call_back(reply, self.worker.received - before)
                before = self.worker.received
                reply = self._exchange(answer, deadline)
            result(reply)
        except WorkerError as error:
            self.worker.close()
            raise StudentError(error.kind, str(error)) from None
        except StudentError as error:
            raise self.censor(error) from None
        return reply

    def _exchange(self, message: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        with deadline.charged_for_work():
            reply = self.worker.exchange(message, deadline)
        if self.worker.received - self.taken > MAX_RECEIVED:
            raise WorkerError(f"your code sent more than {MAX_RECEIVED // 2**20} MiB for one test")
        if deadline.over and "callback" in reply:
            raise WorkerError("time limit: your code calls functions without end", "TimeLimit")
        return reply

    def _call_back(self, request: dict[str, Any], size: int) -> dict[str, Any]:
        match request:
            case {"callback": Callback(), "args": tuple(), "kwargs": dict()} if (
                size > MAX_ARGUMENTS
            ):
                text = f"this function takes no more than {MAX_ARGUMENTS >> 20} MiB at a time"
                return {"error": ("ValueError", text)}
            case {"callback": Callback(number=n), "args": tuple(args), "kwargs": dict(kwargs)}:
                if 0 <= n < len(self.callbacks) and all(isinstance(k, str) for k in kwargs):
                    try:
                        value = self.callbacks[n](*self.incoming(args), **self.incoming(kwargs))
                        return {"ok": self.outgoing(value)}
                    except Exception as error:  # of a function given odd arguments, mostly
                        return {"error": (type(error).__name__, str(error)[:500])}
        raise WorkerError("your code called a function that it was not given")

    def incoming(self, value: Any) -> Any:
        """Put proxies in place of handles, all the way down."""
        kind = type(value)
        if kind is Handle:
            return Proxy(self, Handle(value.number, _told(value.type_name, KINDS)))
        if kind is Record:
            return Record.of((self.incoming(item) for item in value), value.handle)
        return protocol.deep(value, self.incoming)

    def outgoing(self, value: Any) -> Any:
        """Put handles in place of proxies, and call-backs in place of the judge's functions."""
        kind = type(value)
        if isinstance(value, Proxy):
            return value._handle
        if kind is Record:
            return value.handle
        if callable(value):
            if len(self.callbacks) >= MAX_CALLBACKS:
                raise protocol.ProtocolError("too many functions were passed to student code")
            self.callbacks.append(value)
            return Callback(len(self.callbacks) - 1)
        return protocol.deep(value, self.outgoing)

    def ask(self, **message: Any) -> Any:
        """Send one request and return its value."""
        return self.incoming(self.request(**message)["ok"])


#: What a thing of the student's may be called: the names of their own classes are theirs to
#: choose, and could tell what the code has seen.
KINDS = frozenset(
    [name for name, value in vars(builtins).items() if isinstance(value, type)]
    + ["function", "generator", "coroutine", "async_generator", "module", "Generator"]
    + ["NoneType", "Array", "Tensor", "DataFrame", "Series"]
)
#: The classes of arrays that NumPy has; what meters tell of places, and of what was fetched.
RELATIVES = frozenset({"matrix", "MaskedArray", "recarray", "memmap", "chararray"})
HOMES = KINDS | {"device", "another device", "NumPy"}
FETCHED = frozenset(metering.FETCHES.values())


def _told(text: Any, known: frozenset[str], other: str = "object") -> str:
    """Return what a worker tells, if it is one of what it can tell: messages repeat it."""
    return text if isinstance(text, str) and text in known else other


def _indices(told: list[Any], args: tuple[Any, ...]) -> list[int]:
    """Return the indices of arguments that a worker tells."""
    named = {n for n in told if type(n) is int}
    return [i for i in range(len(args)) if i in named]


class Proxy:
    """A function, class or object of the student's."""

    def __init__(self, client: Client, handle: Handle) -> None:
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "_handle", handle)

    def _call(self, how: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        client: Client = self._client
        return client.ask(
            op="call", how=how, target=self._handle,
            args=client.outgoing(args), kwargs=client.outgoing(kwargs),
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it with copies of the arguments; return a copy of the result."""
        return self._call("call", args, kwargs)

    def observe(self, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Call it under `metering.observe`; return its result and the facts."""
        match self._call("observe", args, kwargs):
            case (value, {"changed": list(), "read_only": bool(), "relatives": list()} as facts):
                self._client.gauge.check("observe")
                names = {_told(n, RELATIVES, "relative of ndarray") for n in facts["relatives"]}
                changed = _indices(facts["changed"], args)
                return value, {**facts, "changed": changed, "relatives": sorted(names)}
        raise StudentError("ProcessEnded", "your code sent something else in place of a result")

    def call_in_place(self, *args: Any) -> tuple[Any, tuple[Any, ...]]:
        """Call it; return its result and the arguments as the call left them."""
        match self._call("in_place", args, {}):
            case (value, tuple(after)) if len(after) == len(args):
                return value, after
        raise StudentError("ProcessEnded", "your code sent something else in place of a result")

    def on_device(self, *args: Any) -> tuple[Any, dict[str, Any]]:
        """Call it under `metering.on_device`; return its result and the facts."""
        match self._call("on_device", args, {}):
            case (
                value,
                {"homes": list(homes), "changed": list(changed), "fetched": list(fetched)},
            ):
                self._client.gauge.check("on_device")
                return value, {
                    "homes": [_told(home, HOMES) for home in homes],
                    "changed": _indices(changed, args),
                    "fetched": sorted({_told(what, FETCHED, "something") for what in fetched}),
                }
        raise StudentError("ProcessEnded", "your code sent something else in place of a result")

    @contextlib.contextmanager
    def replaced(self, names: Mapping[str, Any]) -> Iterator[None]:
        """Put functions of the judge's under names that the student's code looks up.

        Afterwards they are called in vain: right functions are not to be kept for other tests.
        """
        client: Client = self._client
        first = len(client.callbacks)
        client.request(op="replace", names=client.outgoing(dict(names)))
        try:
            yield
        finally:
            for number in range(first, len(client.callbacks)):
                client.callbacks[number] = _over
            with contextlib.suppress(StudentError):
                client.request(op="replace", names={})

    def count_events(self, *args: Any, **kwargs: Any) -> tuple[Any, int]:
        """Call it under `metering.count_events`; return its result and the steps it took."""
        match self._call("count_events", args, kwargs):
            case (value, int(steps)) if type(steps) is int:
                self._client.gauge.check("count_events")
                return value, steps
        raise StudentError("ProcessEnded", "your code sent something else in place of a result")

    def __getattr__(self, name: str) -> Any:
        """Return an attribute; private and special ones have no business here."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._client.ask(op="getattr", target=self._handle, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute of the student's object."""
        value = self._client.outgoing(value)
        self._client.ask(op="setattr", target=self._handle, name=name, value=value)

    def __getitem__(self, key: Any) -> Any:
        """Return an item."""
        return self._client.ask(op="getitem", target=self._handle, key=key)

    def __len__(self) -> int:
        """Return the length."""
        return int(self._client.ask(op="len", target=self._handle))

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Refuse to become an array: item after item would be fetched, for ever if it likes."""
        raise TypeError(f"{self!r} is an object, not an array of numbers")

    def __bool__(self) -> bool:
        """Whether it is there: it is."""
        return True

    def __repr__(self) -> str:
        """Say what it is, without asking the student's ``__repr__``."""
        return f"<the student's {self._handle.type_name}>"


def _over(*args: Any, **kwargs: Any) -> None:
    raise LookupError("this function was there for one test only")


class Missing:
    """A name that the student's cells did not define; says why when it is used."""

    def __init__(self, why: Callable[[], str]) -> None:
        self.why = why

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Say why nothing can be called."""
        raise StudentError(NOT_RUN, self.why())

    observe = call_in_place = count_events = on_device = replaced = __call__
