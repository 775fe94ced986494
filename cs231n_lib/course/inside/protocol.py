"""What judge and worker say to each other: data only, in frames that cannot carry code.

A frame is three parts: ``length of the header, length of the buffers`` (two unsigned 64-bit
integers), a JSON header that gives the structure, and the raw bytes of all arrays one after
the other. Nothing is unpickled, no name is looked up, and the decoder believes nothing: a
frame that is not exactly what :func:`encode` could have written is a :class:`ProtocolError`.
"""

import json
import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from cs231n_lib.course.inside.limits import MAX_BYTES, MAX_DEPTH, MAX_HEADER, MAX_VALUES

#: The dtypes that travel: no objects, no strings, no structures, no dates.
DTYPES = frozenset(
    np.dtype(name).str
    for name in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
)
_LENGTHS = struct.Struct("<QQ")


class ProtocolError(Exception):
    """A value that cannot travel, or bytes that are no message."""


@dataclass(frozen=True)
class Handle:
    """An object that stays in the worker; ``number`` names it."""

    number: int
    type_name: str = "object"


class Record(tuple):
    """A named tuple that stays in the worker: its items to look at, its handle to give back."""

    handle: Handle

    @classmethod
    def of(cls, items: Iterable[Any], handle: Handle) -> "Record":
        """Return the ``items`` of the object that ``handle`` names."""
        record = cls(items)
        record.handle = handle
        return record


@dataclass(frozen=True)
class Callback:
    """A function that stays in the judge; student code calls it by ``number``."""

    number: int


def deep(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a plain list, tuple or dictionary with ``change`` done to its items.

    Examples
    --------
    >>> deep({"x": (1, 2)}, lambda item: [item])
    {'x': [(1, 2)]}
    """
    kind = type(value)
    if kind in (list, tuple):
        return kind(change(item) for item in value)
    if kind is dict:
        return {key: change(item) for key, item in value.items()}
    return value


class _Encoder:
    def __init__(self) -> None:
        self.buffers: list[bytes] = []
        self.values = 0
        self.size = 0

    def value(self, value: Any, depth: int = 0) -> Any:
        self.values += 1
        if depth > MAX_DEPTH:
            raise ProtocolError(f"nested more than {MAX_DEPTH} levels deep")
        if self.values > MAX_VALUES:
            raise ProtocolError(f"more than {MAX_VALUES} values in one result")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            if not -(2**63) <= value < 2**64:
                raise ProtocolError("an integer that does not fit into 64 bits")
            return value
        if kind is float:
            return ["float", value.hex()]
        if kind is complex:
            return ["complex", value.real.hex(), value.imag.hex()]
        if kind in (tuple, list):
            return [kind.__name__, [self.value(item, depth + 1) for item in value]]
        if kind is dict:
            pairs = [[self.key(k), self.value(v, depth + 1)] for k, v in value.items()]
            return ["dict", pairs]
        if isinstance(value, (np.ndarray, np.generic)):
            return self.array(value)
        if kind is Handle:
            return ["handle", value.number, value.type_name[:100]]
        if kind is Record:
            items = [self.value(item, depth + 1) for item in value]
            return ["record", items, self.value(value.handle)]
        if kind is Callback:
            return ["callback", value.number]
        raise ProtocolError(f"a value of type {kind.__name__} cannot be passed on")

    def key(self, key: Any) -> Any:
        if type(key) not in (str, int, bool, float, tuple):
            raise ProtocolError(f"a dictionary key of type {type(key).__name__}")
        return self.value(key, MAX_DEPTH - 3)

    def array(self, value: np.ndarray | np.generic) -> Any:
        array = np.asarray(value)
        if isinstance(value, np.ndarray):  # a subclass may lie about itself: take its memory
            array = np.ndarray.view(value, np.ndarray)
        little = array.dtype.newbyteorder("<")
        if little.str not in DTYPES:
            raise ProtocolError(f"an array of dtype {array.dtype} cannot be passed on")
        self.size += array.nbytes
        if self.size > MAX_BYTES:
            raise ProtocolError(f"arrays of more than {MAX_BYTES // 2**20} MiB in one result")
        # The order of the axes in memory travels too: a transposed input stays a transposed one.
        axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        packed = np.ascontiguousarray(array.transpose(axes), dtype=little)
        self.buffers.append(packed.tobytes())
        if not isinstance(value, np.ndarray):
            return ["scalar", little.str]
        return ["array", little.str, list(array.shape), axes]


def encode(message: Any) -> bytes:
    """Return the frame that carries ``message``.

    Parameters
    ----------
    message : None, bool, int, float, complex, str, NumPy array or scalar, Handle, Callback
        or tuples, lists, dicts and Records of these. Subclasses of ``ndarray`` travel as plain
        arrays.

    Raises
    ------
    ProtocolError
        If a part of the message cannot travel, or it is too big.

    Examples
    --------
    >>> decode(encode({"x": (1, np.float32(0.5))}))
    {'x': (1, np.float32(0.5))}
    """
    encoder = _Encoder()
    # Lone surrogates are legal in a Python string and in no file: escape them, as ASCII.
    header = json.dumps(encoder.value(message), separators=(",", ":")).encode("ascii")
    if len(header) > MAX_HEADER:
        raise ProtocolError(
            f"text and numbers of more than {MAX_HEADER // 2**20} MiB in one result"
        )
    if len(header) + encoder.size > MAX_BYTES:
        raise ProtocolError(f"a message of more than {MAX_BYTES // 2**20} MiB")
    return b"".join([_LENGTHS.pack(len(header), encoder.size), header, *encoder.buffers])


class _Decoder:
    def __init__(self, buffers: memoryview) -> None:
        self.buffers = buffers
        self.at = 0
        self.values = 0

    def value(self, node: Any, depth: int = 0) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise ProtocolError("too deep or too many values")
        if node is None or isinstance(node, (bool, str)):
            return node
        if isinstance(node, int):
            if not -(2**63) <= node < 2**64:
                raise ProtocolError("an integer that does not fit into 64 bits")
            return node
        match node:
            case ["float", str(text)]:
                return _real(text)
            case ["complex", str(real), str(imag)]:
                return complex(_real(real), _real(imag))
            case ["tuple", list(items)]:
                return tuple(self.value(item, depth + 1) for item in items)
            case ["list", list(items)]:
                return [self.value(item, depth + 1) for item in items]
            case ["dict", list(pairs)]:
                return dict(self.pair(pair, depth + 1) for pair in pairs)
            case ["array", str(dtype), list(shape), list(axes)]:
                return self.array(dtype, shape, axes)
            case ["scalar", str(dtype)]:
                return self.array(dtype, [], [])[()]
            case ["handle", int(number), str(type_name)] if type(number) is int:
                return Handle(number, type_name)
            case ["record", list(items), ["handle", *_] as handle]:
                items = [self.value(item, depth + 1) for item in items]
                return Record.of(items, self.value(handle, depth + 1))
            case ["callback", int(number)] if type(number) is int:
                return Callback(number)
        raise ProtocolError("not a value of this protocol")

    def pair(self, pair: Any, depth: int) -> tuple[Any, Any]:
        match pair:
            case [key, value]:
                decoded = self.value(key, depth)
                try:
                    hash(decoded)
                except TypeError:
                    raise ProtocolError("a dictionary key that cannot be one") from None
                return decoded, self.value(value, depth)
        raise ProtocolError("not a pair of key and value")

    def array(self, dtype: str, shape: list[Any], axes: list[Any]) -> np.ndarray:
        if dtype not in DTYPES or len(shape) > 32:
            raise ProtocolError(f"an array of dtype {dtype[:20]!r} or with too many axes")
        if any(type(n) is not int or not 0 <= n <= MAX_BYTES for n in shape):
            raise ProtocolError("an array with an impossible shape")
        if any(type(n) is not int for n in axes) or sorted(axes) != list(range(len(shape))):
            raise ProtocolError("an array with impossible axes")
        if math.prod(n or 1 for n in shape) > MAX_BYTES:  # NumPy refuses it, even if it is empty
            raise ProtocolError("an array with an impossible shape")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > len(self.buffers) - self.at:
            raise ProtocolError("an array that is longer than its bytes")
        data = bytearray(self.buffers[self.at : self.at + size])  # writable, and our own
        self.at += size
        if np.dtype(dtype) == np.bool_ and any(data.translate(None, b"\0\1")):
            raise ProtocolError("a boolean that is neither true nor false")
        packed = np.frombuffer(data, dtype=dtype).reshape([shape[axis] for axis in axes])
        return packed.transpose(np.argsort(axes)) if axes else packed


def _real(text: str) -> float:
    try:
        return float.fromhex(text)
    except (ValueError, OverflowError):
        raise ProtocolError("not a floating point number") from None


def decode(frame: bytes) -> Any:
    """Return the message in ``frame``: the inverse of :func:`encode`.

    Raises
    ------
    ProtocolError
        If ``frame`` is not a complete, well-formed frame and nothing else.
    """
    if len(frame) < _LENGTHS.size:
        raise ProtocolError("a frame that is too short")
    lengths = _LENGTHS.unpack_from(frame)
    if sum(lengths) + _LENGTHS.size != len(frame):
        raise ProtocolError("a frame of the wrong length")
    middle = _LENGTHS.size + lengths[0]
    try:
        header = json.loads(bytes(frame[_LENGTHS.size : middle]).decode("ascii"))
    except (ValueError, RecursionError):
        raise ProtocolError("a header that is not JSON") from None
    decoder = _Decoder(memoryview(frame)[middle:])
    message = decoder.value(header)
    if decoder.at != lengths[1]:
        raise ProtocolError("bytes that belong to no array")
    return message


def frame_size(prefix: bytes) -> int:
    """Return how many bytes follow a frame's first 16, or raise `ProtocolError`."""
    header, buffers = _LENGTHS.unpack(prefix)
    if header > MAX_HEADER:
        raise ProtocolError(f"a header of {header} bytes; {MAX_HEADER} are allowed")
    if header + buffers > MAX_BYTES:
        raise ProtocolError(f"a frame of {header + buffers} bytes; {MAX_BYTES} are allowed")
    return header + buffers


PREFIX_SIZE = _LENGTHS.size


def read(stream: IO[bytes]) -> tuple[Any, int]:
    """Read one message from a blocking ``stream``; return it and its size in bytes.

    Raises
    ------
    EOFError
        At the end of the stream.
    ProtocolError
        If what comes is no message.
    """
    prefix = stream.read(PREFIX_SIZE)
    if len(prefix) < PREFIX_SIZE:
        raise EOFError
    frame = prefix + stream.read(frame_size(prefix))
    return decode(frame), len(frame)


def write(stream: IO[bytes], message: Any) -> None:
    """Write one message to ``stream`` and flush it."""
    stream.write(encode(message))
    stream.flush()
