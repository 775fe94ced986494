"""Grades on their way back: whose, and whether they are finished; platforms do the rest."""

from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.grade import Grade
from cs231n_lib.course.classroom.incoming.numbers import number_of
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.platforms.platform import Answer
from cs231n_lib.course.classroom.platforms.sheets import read_table
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
    left_out : list of str
        Students whose number on the platform is not known.
    missing : list of Grade
        The roster's students who have handed in nothing.
    waiting : dict
        Student -> why there is no grade yet.
    unfinished : list of str
        Students with answers that nobody has graded by hand, where that was insisted on.
    """

    path: Path
    left_out: list[str]
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
    known = numbers.keys() if platform.by_number else now.grades.keys()
    left_out = sorted(now.grades.keys() - known)
    return Exported(path, left_out, now.missing, now.waiting, unfinished if partial else [])
