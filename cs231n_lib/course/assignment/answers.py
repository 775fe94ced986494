"""Take the answers out of a submission, and nothing else: rebuild, not repair.

The master notebook says which cells are answers, which are tests, and what they are worth. Of
a submission only the sources of its cells are read. Tests, points, outputs, metadata and the
kernel it brings are ignored; a cell that is gone, doubled or retyped has a defined meaning.
"""

from dataclasses import dataclass

from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.assignment.notebook import read_cells


@dataclass(frozen=True)
class Answers:
    """What is left of a submission.

    Attributes
    ----------
    run : list of (str, str, bool)
        Label and source of what the worker executes, in the order of the submission, and
        whether of that source only imports, functions and classes count.
    sources : dict
        Grade id -> the text of the answer.
    notes : list of str
        What was unusual, for the student and the grader.
    """

    run: list[tuple[str, str, bool]]
    sources: dict[str, str]
    notes: list[str]


def take_answers(data: bytes, master: Master) -> Answers:
    """Return the answers in the submission ``data``.

    A cell that carries the name of an answer is that answer, whatever its type has become. If
    several carry it, all run in their order, as in a notebook. If none does, there is no answer.
    Of the student's own extra cells the imports, functions and classes count, so that helpers
    may live in cells of their own. Cells with the name of a test are ignored. The student's
    Python is not even parsed here: that is left to the worker, behind its walls.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    cells, _ = read_cells(data)
    wanted = master.answers
    locked = {c.grade_id for c in master.cells if c.grade_id and c.grade_id not in wanted}
    run: list[tuple[str, str, bool]] = []
    found: dict[str, list[str]] = {name: [] for name in wanted}
    notes = []
    for number, cell in enumerate(cells, 1):
        name = cell.grade_id
        if name in wanted:
            found[name].append(cell.source)
            if cell.kind != wanted[name].kind:
                notes.append(f"the cell {name} became a {cell.kind[:20]} cell; it still counts")
            if wanted[name].kind == "code":
                run.append((name, cell.source, False))
        elif name not in locked and cell.kind == "code":
            run.append((f"cell {number}", cell.source, True))
    for name, sources in found.items():
        if not sources:
            notes.append(f"the answer cell {name} is missing")
        if len(sources) > 1:
            notes.append(f"{len(sources)} cells are called {name}; they run one after the other: "
                         "delete those that you do not want")  # fmt: skip
    answers = {name: "\n\n".join(sources) for name, sources in found.items() if sources}
    return Answers(run, answers, notes)
