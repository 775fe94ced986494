"""The cells of an assignment in the gradebook, when the master's are no longer the same.

nbgrader refuses to add or remove a cell once there are submissions. Here the cells that are gone
take their own grades with them, new ones come without a grade, and all others keep theirs.
"""

from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

#: What nbgrader keeps of a cell, by the kind of its record.
KINDS = ("grade_cells", "solution_cells", "task_cells", "source_cells")


@dataclass(frozen=True)
class CellChanges:
    """Names of cells that came and went since the first grading.

    Attributes
    ----------
    added, removed : tuple of str
        The names.
    by_hand : int
        How many grades given by hand go with the removed ones.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    by_hand: int = 0


def cells_of(stub: NotebookNode) -> dict[str, set[str]]:
    """Return, for each of `KINDS`, the names of the cells of that kind."""
    from nbgrader import utils

    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for cell in stub.cells:
        graded, solution, task = utils.is_grade(cell), utils.is_solution(cell), utils.is_task(cell)
        if graded or solution or task or utils.is_locked(cell):
            name = cell.metadata.nbgrader["grade_id"]
            found["source_cells"].add(name)
            for kind, holds in zip(KINDS, (graded, solution, task), strict=False):
                if holds:
                    found[kind].add(name)
    return found


def _notebook(gradebook: Any, assignment: str) -> Any:
    """Return the notebook if grades hang on it: until then nbgrader itself makes it anew."""
    from nbgrader.api import MissingEntry

    try:
        notebook = gradebook.find_notebook(assignment, assignment)
    except MissingEntry:
        return None
    return notebook if notebook.submissions else None


def compare_cells(gradebook: Any, assignment: str, wanted: dict[str, set[str]]) -> CellChanges:
    """Return what :func:`change_cells` would do."""
    notebook = _notebook(gradebook, assignment)
    if notebook is None:
        return CellChanges()
    added: set[str] = set()
    gone: dict[str, Any] = {}
    by_hand = 0
    for kind in KINDS[:3]:
        there = {cell.name: cell for cell in getattr(notebook, kind)}
        added |= wanted[kind] - there.keys()
        for name in there.keys() - wanted[kind]:
            gone[name] = there[name]
            grades = getattr(there[name], "grades", ())
            by_hand += sum(grade.manual_score is not None for grade in grades)
    return CellChanges(tuple(sorted(added)), tuple(sorted(gone)), by_hand)


def change_cells(gradebook: Any, assignment: str, stub: NotebookNode) -> None:
    """Make the cells in the gradebook those of the master; commits nothing by itself."""
    from nbgrader import api

    notebook = _notebook(gradebook, assignment)
    if notebook is None:
        return
    db, wanted = gradebook.db, cells_of(stub)
    cells = {c.metadata.nbgrader["grade_id"]: c for c in stub.cells
             if c.metadata.get("nbgrader", {}).get("grade_id")}  # fmt: skip
    for kind in KINDS:
        there = {cell.name: cell for cell in getattr(notebook, kind)}
        for name in there.keys() - wanted[kind]:
            for table in (api.Grade, api.Comment):
                if kind != "source_cells":
                    db.query(table).filter(table.cell_id == there[name].id).delete()
            db.delete(there[name])
        for name in wanted[kind] - there.keys():
            cell = cells[name]
            match kind:
                case "grade_cells":
                    points = float(cell.metadata.nbgrader["points"])
                    new = api.GradeCell(name=name, notebook=notebook, max_score=points,
                                        cell_type=cell.cell_type)  # fmt: skip
                case "solution_cells":
                    new = api.SolutionCell(name=name, notebook=notebook)
                case "task_cells":
                    points = float(cell.metadata.nbgrader["points"])
                    new = api.TaskCell(name=name, notebook=notebook, max_score=points,
                                       cell_type=cell.cell_type)  # fmt: skip
                case _:
                    new = api.SourceCell(name=name, notebook=notebook, cell_type=cell.cell_type)
            db.add(new)
            for submission in notebook.submissions:
                if kind in ("grade_cells", "task_cells"):
                    db.add(api.Grade(cell=new, notebook=submission))
                if kind in ("solution_cells", "task_cells"):
                    db.add(api.Comment(cell=new, notebook=submission))
    db.flush()
    db.expire_all()
