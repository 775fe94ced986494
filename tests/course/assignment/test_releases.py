"""Which release a notebook answers, and what of it is believed."""

import json

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.assignment.releases import (
    has_own_tests,
    marked,
    release_by_names,
    release_of,
    released,
)


@pytest.mark.parametrize("path", released(), ids=lambda path: path.stem)
def test_a_released_notebook_answers_its_own_release(path):
    data = path.read_bytes()
    assert release_of(data) == (path.stem, data)


def test_a_notebook_is_known_by_its_answer_cells_and_not_by_its_name():
    first = json.loads(released()[0].read_bytes())
    first["cells"] = [
        c for c in first["cells"] if c["metadata"].get("nbgrader", {}).get("solution")
    ]
    name, data = release_of(json.dumps(first).encode())
    assert name == released()[0].stem
    assert set(read_master(data, name).answers) == {
        c["metadata"]["nbgrader"]["grade_id"] for c in first["cells"]
    }


def test_cells_of_another_assignment_do_not_make_it_that_one():
    first, other = (json.loads(path.read_bytes()) for path in released()[:2])
    pasted = [c for c in other["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]
    first["cells"] += pasted[:1]
    assert release_of(json.dumps(first).encode())[0] == released()[0].stem


@pytest.mark.parametrize("path", released(), ids=lambda path: path.stem)
def test_a_notebook_without_its_marks_is_known_by_what_it_defines(path):
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    data = json.dumps(notebook).encode()
    assert release_of(data) is None
    assert release_by_names(data) == (path.stem, path.read_bytes())
    assert release_by_names(b'{"nbformat": 4, "metadata": {}, "cells": []}') is None


def test_a_notebook_of_another_course_answers_none():
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    assert release_of(json.dumps(notebook).encode()) is None


def test_what_is_no_notebook_is_said_to_be_none():
    with pytest.raises(Damaged, match="a PDF"):
        release_of(b"%PDF-1.7")


@pytest.mark.parametrize("change", ["test", "points", "answer", "name"])
def test_an_assignment_that_a_course_changed_is_no_longer_ours(change):
    path = released()[0]
    name, notebook = path.stem, json.loads(path.read_bytes())
    graded = [c for c in notebook["cells"] if "points" in c["metadata"].get("nbgrader", {})]
    assert marked(name, path.read_bytes()) == path.read_bytes()
    if change == "test":
        graded[0]["source"] = ["assert True"]
    if change == "points":
        graded[0]["metadata"]["nbgrader"]["points"] += 1
    if change == "answer":
        notebook["cells"].remove(graded[0])
    data = json.dumps(notebook).encode()
    assert release_of(data)[0] == name
    theirs = marked("a9" if change == "name" else name, data)
    assert has_own_tests(theirs)
    assert release_of(theirs) is None
    assert not has_own_tests(data)
