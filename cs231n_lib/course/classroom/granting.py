"""What an instructor grants: due dates, extensions, late days, and points by hand."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.gradebook.lateness import Terms, later
from cs231n_lib.course.classroom.incoming import roster
from cs231n_lib.course.classroom.incoming.joining import join
from cs231n_lib.course.classroom.platforms.exchange import read_time
from cs231n_lib.course.classroom.release import say_due
from cs231n_lib.course.classroom.standing import lateness_of
from cs231n_lib.course.errors import UserError

#: A day of this century, a time, and a zone by name or offset.
DUE = re.compile(
    r"(20\d\d-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?(?: ?([A-Z]+|(?:UTC)?[+-]\d\d:?\d\d))?",
    re.ASCII,
)


def student_of(course: Course, login: str) -> str:
    """Return the id of a student on the roster, given the id or the login.

    Raises
    ------
    UserError
        If there is nobody of that name.
    """
    student = Names(course).find(login)
    if student not in roster.enrolled(course):
        raise UserError(
            f"there is no student {login!r} in the gradebook. Enrol them first: cs231n roster"
        )
    return student


def read_due(text: str, course: Course) -> datetime | None:
    """Return a due date in UTC; ``none`` takes it away.

    Without a zone it is in that of the course, and a day without a time means its end.

    Raises
    ------
    UserError
        If it is no date of this century.
    """
    if text.strip().lower() == "none":
        return None
    match = DUE.fullmatch(text.strip())
    if match is not None:
        day, time, zone = match.groups("")
        if len(time) < len("17:00:00"):
            time = f"{time}:00" if time else "23:59:59"
        found = read_time(f"{day} {time} {zone}".strip(), course.zone)
        if found is not None and not zone:
            found = found.replace(tzinfo=course.zone).astimezone(UTC)
        if found is not None:
            return found
    raise UserError(
        f"{text!r} is no date of this century: write 2026-03-01, or 2026-03-01 17:00, with a zone "
        "after it if it is not the course's, or none"
    )


def set_due(course: Course, assignment: str, text: str) -> datetime | None:
    """Set when an assignment is due, with the old date on record; return the new one, in UTC.

    If the assignment has been released, its release says the new date too.
    """
    course.master(assignment)
    due = read_due(text, course)
    with course.writing():
        with Gradebook(course, assignment) as book:
            before = book.set_due_date(due.replace(tzinfo=None) if due else None)
        course.log("due", assignment=assignment, before=str(before), due=str(due))
        released = course.root / "exercises" / assignment / f"{assignment}.ipynb"
        if released.is_file():
            say_due(course, assignment, released)
        settle(course)
    return due


def extend(course: Course, assignment: str, login: str, days: float) -> datetime:
    """Give a student ``days`` more than all for an assignment; return when it is due for them."""
    course.master(assignment)
    if not 0 <= days <= 366:
        raise UserError(f"an extension has 0 to 366 days, not {days:g}")
    with course.writing():
        student = student_of(course, login)
        with Gradebook(course, assignment) as book:
            due = book.due_dates().get(assignment)
        if due is None:
            raise UserError(
                f"{assignment} has no due date to count from. First: cs231n due {assignment} DATE"
            )
        terms = Terms.read(course)
        own = terms.extensions.setdefault(assignment, {})
        before = own.get(student, 0) / 86400
        own[student] = days * 86400
        terms.save(course)
        course.log("extension", assignment=assignment, student=student, before=before, days=days)
        settle(course)
    return later(due, timedelta(days=days), course.zone).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Taken:
    """What became of a class list.

    Attributes
    ----------
    students : list of Student
        Who is enrolled now.
    refused : list of (int, str)
        Number and reason of the lines that were not taken.
    doubtful : list of (str, str)
        Addresses that are several people's, and why nobody was joined by them.
    spent : dict
        Student -> assignment -> late days that are spent on it now.
    """

    students: list[roster.Student]
    refused: list[tuple[int, str]]
    doubtful: list[tuple[str, str]]
    spent: dict[str, dict[str, int]]


def take_roster(course: Course, path: Path, late_days: bool = False, whole: bool = False) -> Taken:
    """Enrol the students of a class list, with their late days if those shall count.

    Who is known by their address alone, by Moodle's worksheet say, becomes one with the student of
    the list who has it; if the list is ``whole``, so does who was on an earlier one and is not on
    this, after a change of the login say.
    """
    with course.writing():
        names = Names(course)
        students, refused = roster.read_roster(path, names, roster.listed(course))
        names.save()
        roster.list_them(course, students, whole)
        roster.enrol(course, students)
        doubtful = join(course, names)
        if late_days:
            terms = Terms.read(course)
            told = {s.student: s.late_days for s in students if s.late_days is not None}
            changed = {s: [terms.late_days.get(s, 0), d] for s, d in told.items()
                       if terms.late_days.get(s, 0) != d}  # fmt: skip
            terms.late_days |= told
            terms.save(course)
            course.log("late days", changed=changed)
        return Taken(students, refused, doubtful, settle(course))


def settle(course: Course) -> dict[str, dict[str, int]]:
    """Bring the penalties that nbgrader keeps up to date; return the late days spent."""
    spent: dict[str, dict[str, int]] = {}
    for assignment in course.assignments():
        with Gradebook(course, assignment) as book:
            lateness = lateness_of(course, assignment, book)
            book.settle(book.grades(lateness, {}))
        for student, late in sorted(lateness.items()):
            if late.days_spent:
                spent.setdefault(student, {})[assignment] = late.days_spent
    return spent


def override(
    course: Course, assignment: str, login: str, test: str, points: float, reason: str
) -> None:
    """Set the points of one test by hand; the log has the old ones, the new ones and the reason."""
    if not any(c.isprintable() and not c.isspace() for c in reason):
        raise UserError("an override needs a reason: --reason 'agreed in the office hour', say")
    student = Names(course).find(login)
    with course.writing():
        with Gradebook(course, assignment) as book:
            before, after = book.override(student, test, points)
        course.log("override", assignment=assignment, student=student, test=test, before=before,
                   points=after, reason=reason)  # fmt: skip
        settle(course)
