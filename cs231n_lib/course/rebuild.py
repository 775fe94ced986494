"""Take the answers out of a submission, and nothing else: rebuild, not repair.

The master notebook says which cells are answers, which are tests, and what they are worth. Of
a submission only the sources of its cells are read. Tests, points, outputs, metadata and the
kernel it brings are ignored; a cell that is gone, doubled or retyped has a defined meaning.
"""

import ast
import hashlib
import json
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.worker import IMPORTS, parse, statements

MAX_NOTEBOOK_BYTES = 64 * 2**20
MAX_CELLS = 2000
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")


class Damaged(Exception):
    """A submission that is no notebook; the message is for its author."""


@dataclass(frozen=True)
class Cell:
    """A cell as far as it matters here."""

    kind: str
    source: str
    nbgrader: dict[str, Any]

    @property
    def grade_id(self) -> str:
        """The name that the assignment gave the cell; ``""`` if none."""
        name = self.nbgrader.get("grade_id", "")
        return name if isinstance(name, str) else ""


def read_cells(data: bytes) -> tuple[list[Cell], dict[str, Any]]:
    """Return the cells and the metadata of the notebook in ``data``.

    Raises
    ------
    Damaged
        If ``data`` is not a notebook of format 4.
    """
    if not data.strip():
        raise Damaged("the file is empty")
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Damaged(
            f"the notebook has {len(data) >> 20} MiB, {MAX_NOTEBOOK_BYTES >> 20} are allowed: "
            "clear its outputs (Edit > Clear Outputs of All Cells) and hand it in again"
        )
    for magic, name in ((b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive"), (b"<", "a web page"),
                        (b"\x89PNG", "a picture"), (b"\x1f\x8b", "a gzip archive")):  # fmt: skip
        if data.lstrip()[:4].startswith(magic):
            raise Damaged(f"the file is {name}, not a notebook: hand in the .ipynb file itself")
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Damaged("the file is not text in UTF-8, so it is not a notebook") from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Damaged(f"the file is not a complete notebook: its JSON is broken{where}") from None
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Damaged("the file is JSON, but not a notebook")
    if content["nbformat"] != 4:
        version = str(content["nbformat"])[:10]
        raise Damaged(f"the notebook has format {version}; open it in JupyterLab and save it anew")
    cells = content.get("cells")
    if not isinstance(cells, list) or len(cells) > MAX_CELLS:
        raise Damaged(f"the notebook has no list of cells, or more than {MAX_CELLS}")
    metadata = content.get("metadata")
    return [_cell(c) for c in cells], metadata if isinstance(metadata, dict) else {}


def _cell(cell: Any) -> Cell:
    match cell:
        case {"cell_type": str(kind), "source": str(source)}:
            pass
        case {"cell_type": str(kind), "source": list(lines)} if all(
            isinstance(line, str) for line in lines
        ):
            source = "".join(lines)
        case _:
            raise Damaged("a cell of the notebook has no type or no source")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return Cell(kind, source, nbgrader if isinstance(nbgrader, dict) else {})


@dataclass(frozen=True)
class Test:
    """A graded test cell of the master."""

    name: str
    source: str
    points: float

    @property
    def title(self) -> str:
        """The comment that the cell begins with, else its name."""
        lines = takewhile(lambda line: line.startswith("# "), self.source.strip().splitlines())
        return " ".join(line.lstrip("# ") for line in lines) or self.name

    def hidden_lines(self) -> set[int]:
        """Return the numbers of the lines that students do not see."""
        lines, hidden, inside = self.source.splitlines(), set(), False
        for number, line in enumerate(lines, 1):
            inside = inside or line.strip() == HIDDEN[0]
            if inside:
                hidden.add(number)
            inside = inside and line.strip() != HIDDEN[1]
        return hidden

    def visible(self) -> "Test":
        """Return the test without its hidden part."""
        hidden = self.hidden_lines()
        lines = [line for n, line in enumerate(self.source.splitlines(), 1) if n not in hidden]
        return Test(self.name, "\n".join(lines), self.points)


@dataclass(frozen=True)
class Master:
    """What the judge knows of an assignment: see :func:`read_master`."""

    name: str
    digest: str
    cells: list[Cell]
    tests: list[Test]
    setup: list[str]
    imports: list[str]
    names: list[str]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def answers(self) -> dict[str, Cell]:
        """The cells that students fill in, by grade id."""
        return {c.grade_id: c for c in self.cells if c.nbgrader.get("solution")}

    @property
    def manual(self) -> dict[str, float]:
        """The answers that a person grades, and their points."""
        graded = (c for c in self.cells if c.nbgrader.get("solution") and c.nbgrader.get("grade"))
        return {c.grade_id: float(c.nbgrader.get("points", 0)) for c in graded}

    def visible(self) -> "Master":
        """Return the master with the hidden tests taken out."""
        tests = [t.visible() for t in self.tests]
        return Master(self.name, self.digest, self.cells, tests, self.setup, self.imports,
                      self.names, self.settings)  # fmt: skip


def read_master(data: bytes, name: str) -> Master:
    """Read a master notebook: an nbgrader source, or a release where there are no hidden tests.

    The cells of a master fall into answers (``solution``), tests (``grade``), set-up (code
    that is locked, runs on both sides) and everything else, of which only the imports count.

    Raises
    ------
    UserError
        If it is damaged, or two of its cells have one name.
    """
    try:
        cells, metadata = read_cells(data)
    except Damaged as error:
        raise UserError(f"the master notebook {name} is unusable: {error}") from None
    ids = [c.grade_id for c in cells if c.grade_id]
    doubled = sorted({i for i in ids if ids.count(i) > 1})
    if doubled:
        raise UserError(f"the master notebook {name} has several cells called {', '.join(doubled)}")
    code = [c for c in cells if c.kind == "code"]
    tests = [
        Test(c.grade_id, c.source, float(c.nbgrader.get("points", 0)))
        for c in code
        if c.nbgrader.get("grade") and not c.nbgrader.get("solution")
    ]
    graded = [c for c in code if c.nbgrader.get("grade") or c.nbgrader.get("solution")]
    locked = [c for c in code if c.nbgrader.get("locked") and c not in graded]
    others = [c for c in code if c not in graded and c not in locked]
    names = [n for c in code if c.nbgrader.get("solution") for n in defined_names(c.source)]
    settings = metadata.get("cs231n")
    return Master(
        name=name,
        digest=hashlib.sha256(data).hexdigest(),
        cells=cells,
        tests=tests,
        setup=[c.source for c in locked],
        imports=[keep for c in others if (keep := statements(c.source, IMPORTS))],
        names=list(dict.fromkeys(names)),
        settings=settings if isinstance(settings, dict) else {},
    )  # fmt: skip


def defined_names(source: str) -> list[str]:
    """Return the functions, classes and variables that a cell defines at its top level."""
    found = []
    for node in parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            found += [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
    return [name for name in found if not name.startswith("_")]


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
            notes.append(f"{len(sources)} cells are called {name}; they run one after the other")
    answers = {name: "\n\n".join(sources) for name, sources in found.items() if sources}
    return Answers(run, answers, notes)
