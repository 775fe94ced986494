"""Only data crosses the border, exactly as it was; whatever else arrives is refused."""

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cs231n_lib.course.inside import protocol
from cs231n_lib.course.inside.protocol import (
    Callback,
    Handle,
    ProtocolError,
    Record,
    decode,
    encode,
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.builds(Handle, st.integers(0, 2**40), st.text(max_size=20))
    | st.builds(Callback, st.integers(0, 2**40))
)
arrays = hnp.arrays(
    st.sampled_from([np.dtype(d) for d in sorted(protocol.DTYPES)]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.builds(Record.of, st.lists(inner, max_size=4), st.builds(Handle, st.integers(0, 9)))
        | st.dictionaries(st.text(max_size=5) | st.integers(-9, 9), inner, max_size=4)
    ),
    max_leaves=12,
)


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, Record):
        assert a.handle == b.handle
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for left, right in zip(a, b, strict=True):
            assert_same(left, right)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()
    elif isinstance(a, (float, complex)):
        assert repr(a) == repr(b)
    else:
        assert a == b


@settings(max_examples=400, deadline=None)
@given(values)
def test_every_value_comes_back_exactly(value):
    assert_same(decode(encode(value)), value)


def test_arrays_come_back_writable_and_with_their_axes_in_the_same_order():
    x = np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)
    back = decode(encode(x))
    assert back.strides == x.strides
    back[0, 0, 0] = 7


def test_a_lying_subclass_travels_as_its_memory():
    class Liar(np.ndarray):
        shape = (1000,)

        def __eq__(self, other):
            return True

        def tobytes(self, *_):
            return b"lie"

    back = decode(encode(np.zeros(3).view(Liar)))
    assert type(back) is np.ndarray
    assert back.shape == (3,)
    assert not back.any()


@pytest.mark.parametrize(
    "value",
    [
        object(),
        np.array([object()]),
        np.array(["text"]),
        np.array([(1, 2)], dtype="i4,i4"),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.longdouble(1),
        2**64,
        {1, 2},
        lambda: None,
        {None: 1},
        {b"x": 1},
        [[0] * 1000] * 1000,
        np.broadcast_to(np.zeros(1), (2**26,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_must_not_travel_is_refused(value):
    with pytest.raises(ProtocolError):
        encode(value)


def test_bottomless_nesting_is_refused():
    value = []
    value.append(value)
    with pytest.raises(ProtocolError, match="deep"):
        encode(value)


def frame(header, buffers=b""):
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<QQ", len(data), len(buffers)) + data + buffers


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"short",
        frame(b"{"),
        frame(b"[" * 100_000),
        frame(b"\xff\xfe"),
        frame(1.5),
        frame({"__reduce__": 1}),
        frame(["pickle", "cos\nsystem"]),
        frame(["array", "|O", [1], [0]], b"12345678"),
        frame(["array", "<f8", [2], [0]], b"12345678"),
        frame(["array", "<f8", [-1], [0]], b"12345678"),
        frame(["array", "<f8", [1.0], [0]], b"12345678"),
        frame(["array", "<f8", [True], [0]], b"12345678"),
        frame(["array", "<f8", [2**62, 2**62, 0], [0, 1, 2]]),
        frame(["array", "<f8", [2**28, 2**28, 2**28, 0], [0, 1, 2, 3]]),
        frame(["array", "<f8", [1] * 40, [0]], b"12345678"),
        frame(["array", "|b1", [1], [0]], b"\x05"),
        frame(["scalar", "<f8", [1]], b"12345678"),
        frame(["array", "<f8", [1], [1]], b"12345678"),
        frame(["array", "<f8", [1], [False]], b"12345678"),
        frame(["array", "<f8", [1, 1], [0, 0]], b"12345678"),
        frame(None, b"stray"),
        frame(["dict", [[["list", []], 1]]]),
        frame(["dict", [[1, 2, 3]]]),
        frame(["handle", True, "x"]),
        frame(["handle", "1", "x"]),
        frame(["record", [1], 2]),
        frame(["record", [1], ["handle", "1", "x"]]),
        frame(["record", 1, ["handle", 1, "x"]]),
        frame(["float", "1e5000000x"]),
        frame(["float", "0x1p99999999"]),
        frame(10**30),
        frame(b"1" * 10_000),
        frame(["tuple", "text"]),
        frame([["list"], []]),
        struct.pack("<QQ", 2**63, 2**63),
        encode(1) + b"more",
    ],
    ids=lambda b: repr(b[:48]),
)
def test_malformed_frames_are_refused(bad):
    with pytest.raises(ProtocolError):
        decode(bad)


def test_a_frame_that_promises_gigabytes_is_refused_before_it_is_read():
    with pytest.raises(ProtocolError, match="allowed"):
        protocol.read(io.BytesIO(struct.pack("<QQ", 2**40, 0)))


def test_end_of_stream_is_told_from_nonsense():
    with pytest.raises(EOFError):
        protocol.read(io.BytesIO(b""))
    with pytest.raises(ProtocolError):
        protocol.read(io.BytesIO(encode([1, 2])[:-1]))
