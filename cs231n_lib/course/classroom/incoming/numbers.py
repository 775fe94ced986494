"""Which number of a platform is which student, as far as the platforms' sheets have told."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names, spelling
from cs231n_lib.course.classroom.incoming.roster import listed as listed_students
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.platforms.platform import Label, Person
from cs231n_lib.course.errors import Refused
from cs231n_lib.course.files import read_record, write_atomically


@dataclass(frozen=True)
class Known:
    """The student behind a number, and the full name that the sheet gave."""

    student: str
    name: str = ""


def _paths(course: Course, assignment: str) -> dict[str, Path]:
    """Return, for each platform, the file with its numbers."""
    return {
        p.name: course.state / "numbers" / (
            f"{p.name}-{assignment}.json" if p.numbers_change else f"{p.name}.json")
        for p in PLATFORMS
    }  # fmt: skip


def numbers(course: Course, assignment: str, names: Names | None = None) -> dict[Label, Known]:
    """Return what is known of every number that may stand in a download for ``assignment``."""
    found, names = {}, names or Names(course)
    for platform, path in _paths(course, assignment).items():
        for number, (student, name) in read_record(path, {}).items():
            found[Label(platform, number)] = Known(names.find(student), name)
    return found


def number_of(course: Course, assignment: str, platform: str) -> dict[str, str]:
    """Return student -> number on ``platform``, of those that it is known of."""
    return {
        known.student: label.number
        for label, known in numbers(course, assignment).items()
        if label.platform == platform
    }


def remember(
    course: Course, assignment: str, people: Iterable[Person], names: Names
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Note whose the numbers are; a login that is told later takes the place of the number.

    Returns
    -------
    dict
        Old id -> student, of the numbers that are somebody else's than was thought.
    list of (str, str)
        Number and reason of the logins that cannot be a student's.
    """
    before, listed = numbers(course, assignment, names), list(people)
    after, refused = dict(before), []
    twice = Counter(spelling(person.login) for person in listed)
    for person in listed:
        old = before.get(person.label)
        student = old.student if old else str(person.label)
        if person.login:
            try:
                if twice[spelling(person.login)] > 1:
                    raise Refused(f"{person.login[:40]!r} is the login of another number, too")
                student = names.id_of(person.login)
            except Refused as reason:
                refused.append((str(person.label), str(reason)))
        name = " ".join(n for n in (person.last_name, person.first_name) if n)
        after[person.label] = Known(student, name or (old.name if old else ""))
    if after != before:
        for platform, path in _paths(course, assignment).items():
            table = {
                label.number: [known.student, known.name]
                for label, known in sorted(after.items(), key=lambda pair: str(pair[0]))
                if label.platform == platform
            }
            if table:
                write_atomically(path, json.dumps(table, indent=1).encode())
    moved = {str(label): known.student for label, known in after.items()}
    students = {*moved.values(), *listed_students(course)}
    # A login that is on no sheet any more, nor on the class list, was somebody's other spelling.
    moved |= {old.student: after[label].student for label, old in before.items()
              if old.student not in students and old.student != str(label)}  # fmt: skip
    return {old: new for old, new in moved.items() if old != new}, refused
