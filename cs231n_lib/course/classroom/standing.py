"""Where the students of an assignment stand: results on disk beside grades in the gradebook."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.database import exists
from cs231n_lib.course.classroom.gradebook.grade import Grade, Lateness
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.gradebook.lateness import Terms, account
from cs231n_lib.course.classroom.incoming.received import Submission, submissions
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import store
from cs231n_lib.course.judge.batch import OnDemand, not_graded
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.judge.store import Results


@dataclass
class Standing:
    """Where the students of an assignment stand: all that reports, exports and feedback read.

    Attributes
    ----------
    results : mapping
        Student -> result, read from disk when asked for.
    grades : dict
        Student -> grade, of those with a result.
    missing : list of Grade
        The roster's students who have handed in nothing.
    waiting : dict
        Student -> why there is no grade yet.
    """

    results: Mapping[str, Result]
    grades: dict[str, Grade]
    missing: list[Grade]
    waiting: dict[str, str]


def standing(course: Course, assignment: str, student: str = "") -> Standing:
    """Return where the students stand, ``student`` alone or all.

    Raises
    ------
    UserError
        If nobody has been graded, or the gradebook does not know of a result.
    """
    master = read_master(course.master(assignment), assignment)
    results = Results(course.judge(assignment))
    present = submissions(course, assignment)
    latest = only(course, present, student, assignment) if student else present
    found: dict[str, Any] = {}
    for s in latest:
        key = "" if s.reason else store.key(s.content(), master)
        if s.reason or results.has(key):
            found[s.student] = s if s.reason else key
    if not found or not exists(course):
        raise UserError(f"{assignment} has not been graded yet. First: cs231n grade {assignment}")
    reasons = {s.student: s.reason for s in latest if s.reason}
    with Gradebook(course, assignment) as book:
        lateness = lateness_of(course, assignment, book)
        grades = book.grades(lateness, reasons)
        missing = [] if student else book.missing(s.student for s in present)
    unknown = sorted(found.keys() - grades.keys())
    if unknown:
        raise UserError(
            f"{len(unknown)} results are not in the gradebook ({', '.join(unknown[:3])} ...). "
            f"Write them, which takes no new grading: cs231n grade {assignment}"
        )
    log_grades_by_hand(course, assignment, grades.values())
    waiting = {s.student: f"run cs231n grade {assignment}" for s in latest
               if s.student not in found}  # fmt: skip
    # The gradebook's own time is that of the hand-in when it was graded; its bytes may have come
    # again since, later.
    came = {s.student: _without_zone(s.received) for s in latest}
    own = {s: replace(g, handed_in=came[s]) for s, g in grades.items() if s in found}
    return Standing(OnDemand(found, reader(results, master)), own, missing, waiting)


def lateness_of(course: Course, assignment: str, book: Gradebook) -> dict[str, Lateness]:
    """Return student -> what their account says of an assignment; the one place it is made up."""
    due, terms, theirs = book.due_dates(), Terms.read(course), book.extensions()
    came: dict[str, dict[str, Any]] = {}
    for name in course.assignments():
        for s in submissions(course, name):
            came.setdefault(s.student, {})[name] = _without_zone(s.received)
    found = {}
    for student, times in came.items():
        if assignment in times:
            extensions = terms.extensions_of(student, theirs.get(student, {}))
            budget = terms.late_days.get(student, 0)
            mine = account(due, extensions, times, budget, course.zone)
            found[student] = mine[assignment]
    return found


def _without_zone(time: datetime | None) -> datetime | None:
    """Return a time in UTC as the gradebook has it."""
    return time.replace(tzinfo=None) if time else None


def log_grades_by_hand(course: Course, assignment: str, grades: Iterable[Grade]) -> None:
    """Log what was changed by hand since the log last spoke of it, in the formgrader say."""
    logged: dict[tuple[str, str], float | None] = {}
    for line in course.read_log():
        if line.get("event") in ("override", "hand grade") and line["assignment"] == assignment:
            logged[line["student"], line["test"]] = line["points"]
    for grade in grades:
        for cell in grade.cells:
            before = logged.get((grade.student, cell.name))
            if cell.by_hand != before:
                course.log("hand grade", assignment=assignment, student=grade.student,
                           test=cell.name, before=before, points=cell.by_hand)  # fmt: skip


def only(
    course: Course, found: list[Submission], student: str, assignment: str
) -> list[Submission]:
    """Return the submission of one student, by id or login; all if none is named.

    Raises
    ------
    UserError
        If there is none.
    """
    if not found:
        raise UserError(
            f"nobody has handed in {assignment} yet. First: cs231n collect {assignment} FILES..."
        )
    if not student:
        return found
    named = Names(course).find(student)
    own = [s for s in found if s.student == named]
    if not own:
        raise UserError(f"{student!r} has not handed in {assignment}")
    return own


def reader(results: Results, master: Master) -> Callable[[Any], Result]:
    """Return what reads a result, or makes that of a hand-in which cannot be graded."""

    def read(source: Any) -> Result:
        if isinstance(source, Submission):
            return not_graded(master, source.reason)
        return results.read(source)

    return read
