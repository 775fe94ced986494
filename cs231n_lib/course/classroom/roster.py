"""The class list: ``roster.csv``, and the days of delay that each student still has."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.classroom.gradebook import open_gradebook
from cs231n_lib.course.classroom.platforms import Person
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.text import STUDENT

COLUMNS = ("student", "first_name", "last_name", "email", "late_days")


@dataclass(frozen=True)
class Student:
    """One line of the roster; ``late_days`` is the budget for the whole course."""

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    late_days: int = 0


def read_roster(path: Path) -> list[Student]:
    """Read a roster: a CSV file with the columns of `Student`, of which only the first must be.

    Raises
    ------
    UserError
        With the line, if a student is unnamed, doubled or has no whole number of late days.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the roster {path} cannot be read: {error}") from None
    students: dict[str, Student] = {}
    for number, row in enumerate(rows, 2):
        name = (row.get("student") or "").strip()
        if not STUDENT.fullmatch(name) or name in students:
            raise UserError(
                f"{path}, line {number}: {name!r} is no student id, or stands there twice. "
                f"The columns are {', '.join(COLUMNS)}"
            )
        days = (row.get("late_days") or "0").strip()
        if not days.isdigit():
            raise UserError(f"{path}, line {number}: late_days is {days!r}, not a whole number")
        texts = {k: (row.get(k) or "").strip() for k in ("first_name", "last_name", "email")}
        students[name] = Student(student=name, late_days=int(days), **texts)
    return list(students.values())


def enrol(course: Course, students: Iterable[Student | Person]) -> None:
    """Write names and addresses into the gradebook; what is not known is left as it was."""
    count = 0
    with open_gradebook(course) as gradebook:
        for s in students:
            if STUDENT.fullmatch(s.student):
                told = {"first_name": s.first_name, "last_name": s.last_name, "email": s.email}
                gradebook.update_or_create_student(
                    s.student, **{field: text for field, text in told.items() if text}
                )
                count += 1
    course.log("roster", students=count)


def days_late(seconds: float) -> int:
    """Return how many late days a delay costs: every day that has begun.

    Examples
    --------
    >>> [days_late(s) for s in (0, 1, 86400, 86401)]
    [0, 1, 1, 2]
    """
    return math.ceil(max(seconds, 0) / 86400)


def spend_late_days(course: Course, students: list[Student]) -> dict[str, dict[str, int]]:
    """Cover late submissions by the late days that students have left, oldest due date first.

    A submission that is covered whole gets an extension in the gradebook; one that is not stays
    late, and nbgrader's late policy applies to it.

    Returns
    -------
    dict
        Student -> assignment -> days spent.
    """
    spent: dict[str, dict[str, int]] = {}
    with open_gradebook(course) as gradebook:
        assignments = sorted(
            (a for a in gradebook.assignments if a.duedate), key=lambda a: a.duedate
        )
        for s in students:
            left = s.late_days
            for assignment in assignments:
                for submission in gradebook.assignment_submissions(assignment.name):
                    if submission.student.id != s.student or submission.timestamp is None:
                        continue
                    delay = (submission.timestamp - assignment.duedate).total_seconds()
                    days = days_late(delay)
                    if 0 < days <= left:
                        left -= days
                        spent.setdefault(s.student, {})[assignment.name] = days
                        gradebook.grant_extension(assignment.name, s.student, days=days)
    course.log("late days", spent=spent)
    return spent
