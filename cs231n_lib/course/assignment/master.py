"""The master of an assignment: its answers, tests, set-up and hidden lines."""

import ast
import hashlib
import json
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from cs231n_lib.course.assignment.notebook import Cell, Damaged, read_cells
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.inside.cells import IMPORTS, parse, statements

HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")


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

    @property
    def empty(self) -> bool:
        """Whether it tests nothing: it has comments and imports alone, and would always pass."""
        return all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in parse(self.source).body)


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

    @property
    def checks(self) -> str:
        """The source of the checks that are the course's own, ``""`` if there are none."""
        source = self.settings.get("checks", "")
        return source if isinstance(source, str) else ""

    def visible(self) -> "Master":
        """Return the master with the hidden tests taken out, whole ones with their points."""
        tests = [t for t in (t.visible() for t in self.tests) if not t.empty]
        return Master(self.name, self.digest, self.cells, tests, self.setup, self.imports,
                      self.names, self.settings)  # fmt: skip


def with_checks(data: bytes, source: str) -> bytes:
    """Return the master notebook ``data`` with the course's own checks in its metadata.

    So they go wherever a master goes, to a cluster say, and decide a result's key as it does. One
    that is no notebook is returned as it is: `read_master` says what is wrong with it.
    """
    try:
        content = json.loads(data)
        content["metadata"].setdefault("cs231n", {})["checks"] = source
    except (ValueError, TypeError, KeyError, AttributeError):
        return data
    return json.dumps(content, ensure_ascii=False).encode()


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
