"""What an assignment shows to who solved it: every experiment runs, and draws what it promises.

The solved notebooks are run as a student would run them, from top to bottom in one kernel, test
cells and all; so are the released ones, in which everything waits.

To draw the figures anew that are kept here: CS231N_NEW_FIGURES=1.
"""

import itertools
import os
import shutil
import symtable
from pathlib import Path

import nbformat
import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.checks.verdict import NOT_YET
from cs231n_lib.course.publishing import notebooks

ASSIGNMENTS = sorted(path.stem for path in root().glob("solutions/*/*.ipynb"))
KEPT = Path(__file__).with_name("figures")
#: Shares of pixels that may differ: what is learnt in many steps differs between processors, and
#: a picture of it still shows the same.
VARIES = {"a4-best-0": 0.15}
WAITING = f"{NOT_YET}: this experiment waits for your code"
pytestmark = pytest.mark.slow


def read(folder, name):
    return notebooks.read(root() / folder / name / f"{name}.ipynb")


def is_test(cell):
    mark = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and mark.get("grade") and not mark.get("solution")


def is_free(cell):
    mark = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and not (mark.get("grade") or mark.get("solution"))


def experiments(notebook):
    return [c for c in notebook.cells if is_free(c) and "with try_out()" in c.source]


def bound(source):
    """Return the names that a cell gives a value to at its top level; imports are harmless."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() and not s.is_imported()}


def taken(source):
    """Return the names that a cell takes from other cells, in its functions too."""
    tables, found = [symtable.symtable(source, "cell", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outside = table.get_type() == "module"
        found |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and (outside or s.is_global())
        }
    return found - bound(source)


def leaks(notebook):
    """Return (cell, name) of each name that a free cell takes from a test cell above it."""
    of_tests, found = set(), []
    for cell in notebook.cells:
        if is_test(cell):
            of_tests |= bound(cell.source)
        elif is_free(cell):
            of_tests -= bound(cell.source)
            found += [(cell.id, name) for name in sorted(taken(cell.source) & of_tests)]
    return found


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_no_experiment_reads_what_a_test_cell_left_behind(name):
    assert leaks(read("solutions", name)) == []


def test_a_leak_is_seen():
    def cell(source, identity, **metadata):
        return nbformat.v4.new_code_cell(source, id=identity, metadata=metadata)

    test = {"nbgrader": {"grade": True}}
    notebook = nbformat.v4.new_notebook(
        cells=[
            cell("X = y = 1", "data"),
            cell("X = y = z = 2", "test", **test),
            cell("z = 1\ndef f(y):\n    return X + y + z", "experiment"),
        ]
    )
    assert leaks(notebook) == [("experiment", "X")]


def run(folder, name, tmp_path):
    """Run a copy of a notebook; an error in any of its cells is one of the test."""
    copy = tmp_path / f"{name}.ipynb"
    shutil.copy(root() / folder / name / copy.name, copy)
    notebooks.execute(copy)
    return notebooks.read(copy)


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_solved_notebook_runs_through_and_draws_its_figures(name, tmp_path):
    notebook = run("solutions", name, tmp_path)
    for cell in experiments(notebook):
        assert WAITING not in printed(cell)
        drawn = list(notebooks.figures(cell.outputs))
        assert len(drawn) == cell.source.count("plt.show()"), cell.id
        assert drawn or printed(cell), f"{cell.id} shows nothing"
        for number, png in enumerate(drawn):
            kept = KEPT / f"{name}-{cell.id}-{number}.png"
            if os.environ.get("CS231N_NEW_FIGURES"):
                kept.parent.mkdir(exist_ok=True)
                kept.write_bytes(png)
            may_vary = VARIES.get(kept.stem, 0.02)
            assert not notebooks.figures_differ(kept.read_bytes(), png, tolerance=may_vary), cell.id
    checks = [c for c in notebook.cells if "practice.check(" in c.source]
    assert checks
    for cell in checks:
        assert 'data-state="passed"' in cell.outputs[0].data["text/html"], cell.id


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_exercise_has_its_check_below_it(name):
    cells = read("exercises", name).cells
    tested = {c.metadata.nbgrader.grade_id.partition("-")[0] for c in cells if is_test(c)}
    asked = set()
    for above, cell in itertools.pairwise(cells):
        grade_id = above.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and cell.source.endswith(
            f'practice.check("{grade_id}", "{name}")'
        ):
            asked.add(grade_id)
    assert asked == tested


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_in_an_unsolved_notebook_everything_but_the_tests_runs_and_waits(name, tmp_path):
    notebook = read("exercises", name)
    # The test cells of an exercise raise until it is solved, as they have to.
    notebook.cells = [c for c in notebook.cells if not is_test(c)]
    copy = tmp_path / f"{name}.ipynb"
    notebooks.write(notebook, copy)
    notebooks.execute(copy)
    notebook = notebooks.read(copy)
    assert all(WAITING in printed(c) for c in experiments(notebook))
    for cell in notebook.cells:
        if "practice.check(" in cell.source:
            assert "not attempted yet" in cell.outputs[0].data["text/plain"], cell.id
