"""Which release a notebook answers, and what of it is believed."""

import json

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.assignment.releases import release_of, released


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


def test_a_notebook_of_another_course_answers_none():
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    assert release_of(json.dumps(notebook).encode()) is None


def test_what_is_no_notebook_is_said_to_be_none():
    with pytest.raises(Damaged, match="a PDF"):
        release_of(b"%PDF-1.7")
