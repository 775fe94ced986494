"""What an assignment promises who solves it: experiments that stand on the answers alone."""

import itertools
import symtable

import nbformat
import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import notebooks

ASSIGNMENTS = sorted(path.stem for path in root().glob("solutions/*/*.ipynb"))


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
