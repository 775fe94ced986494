"""A rubric names the right answer, so it stays with the model answer and is never released."""

import nbformat
import pytest

from cs231n_lib.course import checkout

ROOT = checkout.root()
ASSIGNMENTS = sorted(p.stem for p in ROOT.glob("solutions/*/*.ipynb"))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_no_rubric_is_released(name):
    assert "Rubric" not in (ROOT / "exercises" / name / f"{name}.ipynb").read_text()


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_written_answer_says_how_it_is_marked(name):
    notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    for n, cell in enumerate(notebook.cells):
        info = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and info.get("grade"):
            assert "Points:" in notebook.cells[n - 1].source, info["grade_id"]
