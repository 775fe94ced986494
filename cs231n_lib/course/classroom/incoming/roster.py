"""The class list: ``roster.csv``, and who is enrolled."""

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.database import (
    exists,
    open_gradebook,
    people,
    rename,
    write_people,
)
from cs231n_lib.course.classroom.platforms.sheets import read_table
from cs231n_lib.course.errors import Refused, UserError
from cs231n_lib.course.files import read_record, write_atomically
from cs231n_lib.course.text import line

NAME = ("first_name", "last_name")
COLUMNS = ("student", "first_name", "last_name", "email", "late_days", "account")


@dataclass(frozen=True)
class Student:
    """One line of the roster.

    Attributes
    ----------
    late_days : int or None
        The budget for the whole course; None: not told.
    account : str
        The name on this machine, where it is not the login.
    """

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    late_days: int | None = None
    account: str = ""


def read_roster(
    path: Path, names: Names, on_list: Container[str] = ()
) -> tuple[list[Student], list[tuple[int, str]]]:
    """Read a roster: a table with the columns of `Student`, of which only the first must be.

    Parameters
    ----------
    path : Path
        The table.
    names : Names
        Learns the logins.
    on_list : container of str
        Who was on a class list before. The others are called by the login that stands here, and
        not any more by one that a platform gave.

    Returns
    -------
    list of Student
        The good lines.
    list of (int, str)
        Number and reason of the lines that were not taken.

    Raises
    ------
    UserError
        If there is no column with the students.
    """
    table = read_table(path)
    places = {name: table.column(name) for name in COLUMNS}
    if places["student"] is None:
        shown = ", ".join(line(cell, 30) for cell in table.header)
        raise UserError(
            f"{path} has no column 'student': its columns are {shown}. "
            f"Those of a roster are {', '.join(COLUMNS)}"
        )
    students: dict[str, Student] = {}
    refused = []
    at = places["account"]
    accounts = Counter(row[at].strip() for _, row in table.rows if at is not None)
    for number, row in table.rows:
        told = {n: row[i].strip() for n, i in places.items() if i is not None}
        try:
            student = names.id_of(told["student"])
            if student not in on_list:
                student = names.lead(told["student"])
            if student in students:
                raise Refused(f"{told['student'][:40]!r} stands there twice")
            days = told.get("late_days", "")
            if days and not (days.isascii() and days.isdigit() and len(days) < 4):
                raise Refused(f"late_days is {days[:20]!r}, not a whole number up to 999")
            if (account := told.get("account", "")) and accounts[account] > 1:
                raise Refused(f"the account {account[:40]!r} stands there twice")
        except Refused as reason:
            refused.append((number, str(reason)))
            continue
        texts = {k: told.get(k, "") for k in ("first_name", "last_name", "email", "account")}
        students[student] = Student(student=student, late_days=int(days) if days else None, **texts)
    return list(students.values()), refused


def enrol(
    course: Course, students: Iterable[Student], moved: Mapping[str, str] | None = None
) -> None:
    """Write names and addresses into the gradebook; what is not known is left as it was.

    What the class list says stays, whichever came first; of two sheets the one that has first and
    last names counts.

    Parameters
    ----------
    course : Course
        The course.
    students : iterable of Student
        Whom to enrol.
    moved : mapping, optional
        Old id -> id: who went by a platform's number until now.
    """
    count, on_list = 0, listed(course)
    with open_gradebook(course) as gradebook:
        for old, new in (moved or {}).items():
            rename(gradebook, old, new)
        known = people(gradebook)
        for s in students:
            told = {"first_name": s.first_name, "last_name": s.last_name, "email": s.email}
            rule, row = on_list.get(s.student, {}), known.setdefault(s.student, {})
            whole = all(row.get(part) for part in NAME) and not all(told[part] for part in NAME)
            if whole or any(rule.get(part) for part in NAME):
                told |= dict.fromkeys(NAME, "")
            told |= {part: text for part, text in rule.items() if part in told}
            row |= {part: text for part, text in told.items() if text}
            count += 1
        write_people(gradebook, known)
    course.log("roster", students=count)


def listed(course: Course) -> dict[str, dict[str, str]]:
    """Return the students of the class list, each with what it tells of them."""
    found: dict[str, dict[str, str]] = read_record(course.state / "listed.json", {})
    return found


def list_them(course: Course, students: Iterable[Student], whole: bool = False) -> None:
    """Note who is on the class list, if it is ``whole`` nobody else; what is not told stays."""
    before = listed(course)
    after = {} if whole else dict(before)
    for s in students:
        told = {part: getattr(s, part) for part in (*NAME, "email", "account")}
        after[s.student] = before.get(s.student, {}) | {p: text for p, text in told.items() if text}
    if after != before:
        text = json.dumps(after, indent=1, sort_keys=True)
        write_atomically(course.state / "listed.json", text.encode())


def enrolled(course: Course) -> set[str]:
    """Return the ids of the students in the gradebook; nobody if there is none yet."""
    if not exists(course):
        return set()
    with open_gradebook(course) as gradebook:
        return {student.id for student in gradebook.students}
