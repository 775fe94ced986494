"""Grades on their way back: whose, and whether they are finished; platforms do the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.grade import Grade
from cs231n_lib.course.classroom.incoming.numbers import number_of
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.platforms.platform import Answer, Platform
from cs231n_lib.course.classroom.platforms.sheets import Table, read_table
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically

FORMATS = tuple(p.name for p in PLATFORMS if p.exports)


@dataclass(frozen=True)
class Exported:
    """What was written, and who is not in it.

    Attributes
    ----------
    path : Path
        The file, or the folder of several.
    left_out : dict
        Student -> why the platform could not be told their grade.
    missing : list of Grade
        The roster's students who have handed in nothing.
    waiting : dict
        Student -> why there is no grade yet.
    unfinished : list of str
        Students with answers that nobody has graded by hand, where that was insisted on.
    """

    path: Path
    left_out: dict[str, str]
    missing: list[Grade]
    waiting: dict[str, str]
    unfinished: list[str]


def export(
    course: Course, assignment: str, form: str, output: Path | None = None, column: str = "",
    partial: bool = False, student: str = "",
) -> Exported:  # fmt: skip
    """Write the grades of an assignment in one of `FORMATS`.

    Parameters
    ----------
    course, assignment
        Whose grades.
    form : str
        The format.
    output : Path, optional
        The file, or for a format of many files the folder; named after assignment and format.
    column : str
        The platform's own name of the column.
    partial : bool
        Write grades that are not finished too.
    student : str
        Of this one alone.

    Raises
    ------
    UserError
        If there is no such format, nothing to write, or grades are unfinished.
    """
    if form not in FORMATS:
        raise UserError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    platform = next(p for p in PLATFORMS if p.name == form)
    now = standing(course, assignment, student)
    unfinished = sorted(g.student for g in now.grades.values() if g.needs_hand)
    open_ends = [*unfinished, *sorted(now.waiting)]
    if open_ends and not partial:
        raise UserError(
            f"{len(unfinished)} students have answers that nobody has graded by hand, and "
            f"{len(now.waiting)} hand-ins are not graded yet ({', '.join(open_ends[:3])} ...). "
            "Finish them in the formgrader and by cs231n grade, or insist: --partial"
        )
    numbers = number_of(course, assignment, form)
    sheet = course.sheet(assignment, form)
    table = read_table(sheet) if sheet.exists() else None
    grades = list(now.grades.values())
    answer = Answer(assignment, grades, now.missing, now.results, numbers, table, column)
    files = platform.export(answer)
    single = len(files) == 1 and "/" not in next(iter(files))
    path = output or Path(next(iter(files)) if single else f"{assignment}-{form}")
    for name, data in files.items():
        write_atomically(path if single else path / name, data)
    left_out = _left_out(platform, now.grades, numbers, table) if platform.by_number else {}
    return Exported(path, left_out, now.missing, now.waiting, unfinished if partial else [])


def _left_out(
    platform: Platform, students: Iterable[str], numbers: Mapping[str, str], table: Table | None
) -> dict[str, str]:
    """Return why a platform that names students by number cannot be told of some."""
    people = platform.read_sheet(table) if table else None
    rows = {person.label.number for person in people or ()}
    found = {}
    for student in sorted(students):
        if student not in numbers:
            found[student] = "the platform's number is not known"
        elif people is not None and numbers[student] not in rows:
            found[student] = (
                "the sheet that was collected last has no line of theirs. Collect the one that "
                "has, then export once more for it"
            )
    return found
