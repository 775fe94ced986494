"""What a feedback page says: findings and points, exercise by exercise, the failing ones first.

Everything here is data for the template, which escapes it. Of hidden tests there are names,
points and what was found; of the model answer nothing, unless it is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cs231n_lib.course.assignment.master import SOLUTION, Master
from cs231n_lib.course.assignment.sections import Section, section_of
from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.classroom.gradebook.grade import CellGrade, Grade
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import Result

#: The day from which feedback shows the model answers: ``"cs231n": {"solutions": "2027-05-10"}``.
RELEASE = "solutions"
MARKS = re.compile(f"^[ \t]*{SOLUTION[0]}\n|^[ \t]*{SOLUTION[1]}\n?", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """An exercise as its author reads of it.

    Parameters
    ----------
    name : str
        What it is called.
    tests : tuple of (Outcome, CellGrade or None)
        What was found, the failing tests first, and what the gradebook says of each.
    score, points : float
        The subtotal that counts.
    code : str
        The author's own.
    section : Section, optional
        Where the book explains it.
    model : str
        The model answer; ``""`` if it is not shown.
    """

    name: str
    tests: tuple[tuple[Outcome, CellGrade | None], ...]
    score: float
    points: float
    code: str
    section: Section | None
    model: str

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return all(outcome.passed for outcome, _ in self.tests)


@dataclass(frozen=True)
class Written:
    """An answer in words: what was written, and what a person gave for it."""

    grade: CellGrade
    text: str
    model: str


def exercises(
    assignment: str, result: Result, grade: Grade, master: Master | None = None
) -> list[Exercise]:
    """Return the exercises of a result, those with a failing test first.

    Parameters
    ----------
    assignment : str
        Which one.
    result : Result
        From the judge.
    grade : Grade
        From the gradebook.
    master : Master, optional
        The assignment with its model answers, where these are to be shown.
    """
    cells = {cell.name: cell for cell in grade.cells}
    groups: dict[str, list[Outcome]] = {}
    for test in result.tests:
        groups.setdefault(test.name.partition("-")[0], []).append(test)
    found = []
    for name, tests in groups.items():
        own = sorted(tests, key=lambda test: test.passed)
        scores = [cells[t.name].score if t.name in cells else t.score for t in own]
        found.append(
            Exercise(
                name, tuple((t, cells.get(t.name)) for t in own), sum(scores),
                sum(t.points for t in own), result.answers.get(name, ""),
                section_of(assignment, name), _model(master, name),
            )
        )  # fmt: skip
    return sorted(found, key=lambda exercise: exercise.passed)


def written(result: Result, grade: Grade, master: Master | None = None) -> list[Written]:
    """Return the answers that a person grades, with points and comments."""
    tests = {test.name for test in result.tests}
    return [
        Written(cell, result.answers.get(cell.name, ""), _model(master, cell.name))
        for cell in grade.cells
        if cell.name not in tests
    ]


def _model(master: Master | None, name: str) -> str:
    cell = master.answers.get(name) if master else None
    return MARKS.sub("", cell.source).strip() if cell else ""


def may_show_solutions(
    master: Master, grades: Iterable[Grade], asked: bool, now: datetime | None = None
) -> bool:
    """Whether model answers may be shown: they were asked for, or their day has come.

    Raises
    ------
    UserError
        If they are asked for while the assignment is not due yet for somebody, extensions
        included; or if their day cannot be read.
    """
    now = now or datetime.now(UTC)
    day = master.settings.get(RELEASE)
    if day is not None and not asked:
        try:
            since = datetime.fromisoformat(str(day))
        except ValueError:
            raise UserError(
                f"{RELEASE} in the metadata of {master.name} is {day!r}; expected a day or a time: "
                f'"{RELEASE}": "2027-05-10"'
            ) from None
        asked = now >= (since if since.tzinfo else since.astimezone())
        if not asked:
            return False
    due = [_aware(g.lateness.due) for g in grades if g.lateness.due is not None]
    if asked and due and now < max(due):
        raise UserError(
            f"{master.name} is due until {max(due):%Y-%m-%d %H:%M} UTC for somebody, extensions "
            "included: model answers can be shown after that"
        )
    return asked


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)
