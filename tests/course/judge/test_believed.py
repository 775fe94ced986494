"""What another machine sends is a result of what was asked for, or refused in words."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome
from cs231n_lib.course.judge import believed
from cs231n_lib.course.judge.believed import Asked, UnbelievableError
from cs231n_lib.course.judge.result import GRADED, CellReport, Result
from cs231n_lib.course.judge.store import version
from tests.course.notebooks import notebook, submission, to_bytes

MASTER = read_master(to_bytes(notebook()), "tiny")
ASKED = Asked(MASTER, hashlib.sha256(submission()).hexdigest(), 5)


def content(**changed):
    """Return a right result as JSON has it, with something ``changed``."""
    tests = [Outcome(t.name, t.title, t.points, t.points) for t in MASTER.tests]
    tests[0] = Outcome(tests[0].name, "a", tests[0].points, 0, "no", Diagnosis("a", "b"), 0.5, "x")
    result = Result(
        GRADED, 5, MASTER.digest, ASKED.submission, version(), "", tests,
        {"double": CellReport("out", "error", "trace")}, {"double": "x"}, ["a note"],
    )  # fmt: skip
    return {**result.to_dict(), **changed}


def with_first(**changed):
    first, *others = content()["tests"]
    return {"tests": [{**first, **changed}, *others]}


def test_a_result_of_what_was_asked_is_taken_as_it_is():
    assert ASKED.read(json.dumps(content())) == Result.from_dict(content())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"submission": "0" * 64}, "another submission"),
        ({"seed": 6}, "another seed"),
        ({"master": "0"}, "another master"),
        ({"version": "0"}, "another version"),
        ({"outcome": "splendid"}, "an outcome"),
        ({"tests": []}, "other tests"),
        ({"tests": content()["tests"][::-1]}, "other tests"),
        (with_first(points=1000.0), "other tests"),
        (with_first(name="x"), "other tests"),
        (with_first(score=1000.0), "points that"),
        (with_first(score=-1.0), "points that"),
        (with_first(score=float("nan")), "points that"),
        (with_first(score="1"), "str in the place of float"),
        (with_first(score=True), "bool in the place of float"),
        (with_first(diagnosis=[]), "list in the place of Diagnosis"),
        (with_first(more=1), "other parts"),
        ({"seed": 5.0}, "float in the place of int"),
        ({"notes": "x"}, "str in the place of list"),
        ({"notes": [1]}, "int in the place of str"),
        ({"cells": {"double": None}}, "in the place of CellReport"),
        ({"cells": {"double": {"output": "", "error": "", "x": 1}}}, "other parts"),
        ({"answers": [["a", "b"]]}, "list in the place of dict"),
        ({"__class__": "x"}, "other parts"),
        ({"reason": None}, "NoneType in the place of str"),
    ],
)  # fmt: skip
def test_what_cannot_be_the_result_is_refused(changed, why):
    with pytest.raises(UnbelievableError, match=why):
        ASKED.read(json.dumps(content(**changed)))


@pytest.mark.parametrize(
    "reply",
    [None, 1, b"{}", {"fault": "x"}, [], Path("x"), "", "{", "null", "[]", "1" * 5000,
     "[" * 100_000, '"\ud800"', content()],
    ids=lambda reply: repr(reply)[:20],
)  # fmt: skip
def test_what_is_no_result_is_refused(reply):
    with pytest.raises(UnbelievableError, match=r"^no "):
        ASKED.read(reply)


def test_a_reply_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(believed, "MAX_REPLY", 1000)
    with pytest.raises(UnbelievableError, match=r"1,000 characters"):
        ASKED.read(json.dumps(content(reason="x" * 1000)))


def test_its_text_can_be_shown():
    found = ASKED.read(
        json.dumps(content(notes=["\x1b[2J\u202e\ud800"], **with_first(title="\x07")))
    )
    assert found.notes == ["\\x1b[2J\\u202e\\ud800"]
    assert found.tests[0].title == "\\x07"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(part=st.sampled_from(sorted(content())), value=values)
def test_whatever_stands_in_the_place_of_a_part_is_taken_whole_or_refused(part, value):
    try:
        found = ASKED.read(json.dumps(content(**{part: value})))
    except UnbelievableError:
        return
    assert found.seed == 5
    assert [(t.name, t.points) for t in found.tests] == [(t.name, t.points) for t in MASTER.tests]
    json.dumps(found.to_dict()).encode()
