"""Nonsense for the two doors that strangers' bytes come in by: it is refused, never a crash.

``CS231N_FUZZ=100000 pytest tests/course/inside/test_fuzz.py`` spreads as many cases over the tests.
"""

import contextlib
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.assignment import answers, master
from cs231n_lib.course.assignment import notebook as reading
from cs231n_lib.course.assignment.notebook import Cell, Damaged
from cs231n_lib.course.inside import protocol
from cs231n_lib.course.inside.protocol import ProtocolError
from tests.course.inside.test_protocol import frame, values
from tests.course.notebooks import notebook, submission, to_bytes

TESTS = 5
CASES = int(os.environ.get("CS231N_FUZZ", 2000)) // TESTS
fuzz = settings(
    max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MASTER = master.read_master(to_bytes(notebook()), "tiny")
SUBMISSION = submission()

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(["double", "mean", "double-random", "why", "setup", ""]) | json_values
kinds = st.sampled_from(["code", "markdown", "raw"]) | json_values
sources = st.text(max_size=30) | st.lists(st.text(max_size=9), max_size=3) | json_values
nbgrader = st.fixed_dictionaries({"grade_id": names, "solution": json_values, "grade": json_values})
metadata = st.fixed_dictionaries({"nbgrader": json_values | nbgrader})
cells = json_values | st.fixed_dictionaries(
    {}, optional={"cell_type": kinds, "source": sources, "metadata": json_values | metadata}
)
notebooks = st.fixed_dictionaries(
    {"nbformat": st.just(4) | json_values},
    optional={"cells": st.lists(cells, max_size=4) | json_values, "metadata": json_values},
)
headers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["array", "scalar", "dict", "tuple", "handle", "<f8", "|b1"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def read(data):
    """Read a submission as the judge does; what comes out must be what the judge relies on."""
    with contextlib.suppress(Damaged):
        found = answers.take_answers(data, MASTER)
        assert all(isinstance(text, str) for text in found.sources.values())
        assert found.sources.keys() <= MASTER.answers.keys()
        for label, source, _ in found.run:
            assert type(label) is type(source) is str


@fuzz
@given(notebooks)
def test_any_json_is_a_notebook_or_damaged(content):
    read(json.dumps(content).encode("utf-8", "surrogatepass"))


@fuzz
@given(st.data())
def test_a_mangled_notebook_is_a_notebook_or_damaged(data):
    mangled = bytearray(SUBMISSION)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(mangled)))
        length = data.draw(st.sampled_from([0, 1, 10, 300]))
        mangled[start : start + length] = data.draw(st.binary(max_size=6))
    read(bytes(mangled))


@fuzz
@given(st.binary(max_size=200) | headers.map(frame))
def test_frames_decode_or_are_refused(data):
    with contextlib.suppress(ProtocolError):
        protocol.decode(data)


@fuzz
@given(headers, st.binary(max_size=64))
def test_frames_with_buffers_decode_or_are_refused(header, buffers):
    with contextlib.suppress(ProtocolError):
        protocol.decode(frame(header, buffers))


@fuzz
@given(values, st.data())
def test_a_flipped_byte_never_escapes_as_another_exception(value, data):
    good = bytearray(protocol.encode(value))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ProtocolError):
        protocol.decode(bytes(good))


def test_the_cases_are_spread_over_all_tests():
    found = [name for name, test in globals().items() if hasattr(test, "hypothesis")]
    assert len(found) == TESTS


def test_a_crash_would_be_seen(monkeypatch):
    """A check of the check: a reader that trips over a list must not pass."""
    monkeypatch.setattr(reading, "_cell", lambda cell: Cell("code", cell["source"] + "", {}))
    with pytest.raises((TypeError, KeyError, AssertionError, ExceptionGroup)):
        test_any_json_is_a_notebook_or_damaged()
