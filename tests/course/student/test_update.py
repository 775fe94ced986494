"""A corrected release reaches a student who has begun: new statement and tests, old answers."""

import copy
import json

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student.update import update
from tests.course import notebooks


def source_of(content, name):
    """Return the sources of all cells called ``name``."""
    return [c["source"] for c in content["cells"]
            if c["metadata"].get("nbgrader", {}).get("grade_id") == name]  # fmt: skip


@pytest.fixture
def begun():
    """A student's notebook: an answer, a helper of their own behind it, one more on top."""
    content = notebooks.notebook({**notebooks.ANSWERS, "mean": notebooks.STUB["mean"]})
    names = [c["id"] for c in content["cells"]]
    helper = {**notebooks.cell("def half(x):\n    return x / 2"), "id": "own-1"}
    content["cells"].insert(names.index("double") + 1, helper)
    content["cells"].insert(0, {**notebooks.cell("My notes", "markdown"), "id": "own-2"})
    return content


@pytest.fixture
def corrected():
    content = notebooks.notebook(notebooks.STUB, written="YOUR ANSWER HERE")
    for cell in content["cells"]:
        if cell["source"] == "# Tiny":
            cell["source"] = "# Tiny, corrected"
        if cell["id"] == "double-example":
            cell["source"] += "\n# corrected"
            cell["metadata"]["nbgrader"]["points"] = 3
    content["metadata"]["cs231n"] = {"due": "2027-05-01"}
    return content


@pytest.fixture
def files(tmp_path, begun, corrected):
    mine, new = tmp_path / "a1.ipynb", tmp_path / "new.ipynb"
    mine.write_text(json.dumps(begun))
    new.write_text(json.dumps(corrected))
    return mine, new


def test_answers_stay_and_all_else_is_new(files, begun):
    mine, new = files
    before = mine.read_bytes()
    run = CliRunner().invoke(app, ["update", str(mine), str(new)])
    assert run.exit_code == 0, run.output
    content = json.loads(mine.read_text())
    assert source_of(content, "double") == [notebooks.ANSWERS["double"]]
    assert source_of(content, "why") == ["Because."]
    assert source_of(content, "double-example")[0].endswith("# corrected")
    ids = [c["id"] for c in content["cells"]]
    assert ids.index("own-1") == ids.index("double") + 1
    assert ids[0] == "own-2"
    assert len(ids) == len(set(ids)) == len(begun["cells"])
    sources = [c["source"] for c in content["cells"]]
    assert "# Tiny, corrected" in sources
    assert "# Tiny" not in sources
    assert content["metadata"]["cs231n"] == {"due": "2027-05-01"}
    assert (mine.parent / "a1-before-1.ipynb").read_bytes() == before


def test_a_second_time_changes_nothing_but_keeps_a_second_copy(files):
    mine, new = files
    update(mine, new)
    once = mine.read_bytes()
    kept, homeless = update(mine, new)
    assert mine.read_bytes() == once
    assert kept.name == "a1-before-2.ipynb"
    assert homeless == []


def test_an_exercise_that_was_taken_out_leaves_what_was_written(files, corrected):
    mine, new = files
    without = copy.deepcopy(corrected)
    without["cells"] = [c for c in without["cells"] if not c["id"].startswith("double")]
    new.write_text(json.dumps(without))
    _, homeless = update(mine, new)
    content = json.loads(mine.read_text())
    assert homeless == ["double"]
    assert source_of(content, "double") == []
    assert notebooks.ANSWERS["double"] in [c["source"] for c in content["cells"]]


def test_a_new_exercise_comes_with_its_stub(files, begun):
    mine, new = files
    without = copy.deepcopy(begun)
    without["cells"] = [c for c in without["cells"] if not c["id"].startswith("mean")]
    mine.write_text(json.dumps(without))
    update(mine, new)
    assert source_of(json.loads(mine.read_text()), "mean") == [notebooks.STUB["mean"]]


def test_two_cells_of_one_answer_both_stay(files, begun):
    mine, new = files
    twice = copy.deepcopy(begun)
    second = {**copy.deepcopy(next(c for c in twice["cells"] if c["id"] == "double")),
              "id": "double-2", "source": "import math"}  # fmt: skip
    twice["cells"].append(second)
    mine.write_text(json.dumps(twice))
    update(mine, new)
    content = json.loads(mine.read_text())
    assert source_of(content, "double") == [notebooks.ANSWERS["double"], "import math"]


@pytest.mark.parametrize(
    "text", ["", "no notebook", '{"cells": [], "metadata": {}, "nbformat": 4}']
)
def test_what_is_no_release_leaves_the_notebook_alone(files, text):
    mine, new = files
    before = mine.read_bytes()
    new.write_text(text)
    with pytest.raises(UserError, match=r"cannot be updated|none of the exercises"):
        update(mine, new)
    assert mine.read_bytes() == before
    assert len(list(mine.parent.iterdir())) == 2
