"""One student under two names: an address of theirs on one list is the login on another.

Moodle's worksheet often has nothing but the address, and the class list that says whose it is may
come before or after.  What is done here follows from the gradebook and the class list alone, so
that the order in which things came does not matter, and what was cut short is done by the next run.
"""

import contextlib
from typing import Any

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names, spelling
from cs231n_lib.course.classroom.gradebook.database import exists, open_gradebook, rename
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.incoming.roster import listed
from cs231n_lib.course.errors import Refused


def join(course: Course, names: Names) -> list[tuple[str, str]]:
    """Make one student of those who have one address, in the records and in the gradebook.

    Returns
    -------
    list of (str, str)
        Addresses that are several people's, and why nobody was joined by them.
    """
    if not exists(course):
        return []
    with open_gradebook(course) as gradebook:
        doubtful = _decide(gradebook.students, set(listed(course)), names)
        names.save()
        there = {student.id for student in gradebook.students}
        joined = {old: new for old, new in names.joined.items() if old in there}
        for old, new in joined.items():
            lost = rename(gradebook, old, new)
            course.log("joined", old=old, student=new, left_out=lost)
    tops = (course.submitted, course.autograded, course.feedback)
    if any((top / old).exists() for top in tops for old in names.joined):
        for assignment in course.assignments():
            received.publish(course, assignment)
    return doubtful


def _decide(students: Any, on_list: set[str], names: Names) -> list[tuple[str, str]]:
    """Join names by address: the class list rules, and a login is more than an address."""
    groups: dict[str, set[str]] = {}
    for student in students:
        if "@" in (student.email or ""):  # a platform's number is no address, whatever a list says
            groups.setdefault(spelling(student.email), set()).add(names.find(student.id))
    doubtful = []
    for address, group in sorted(groups.items()):
        if address in names:
            group.add(names.find(address))
        told = {s for s in group if spelling(names.login_of(s)) != address}
        lead = group & on_list or told or group
        if len(lead) > 1 or len(told - lead) > 1:
            who = ", ".join(sorted(map(names.login_of, lead | told)))
            doubtful.append((address, (
                f"the address of {who}: they stay apart. Correct the class list; if they are one "
                "student, with one line of theirs: cs231n roster LIST --whole"
            )))  # fmt: skip
            continue
        (student,) = lead
        for other in sorted(group - lead):
            names.join(other, student)
        with contextlib.suppress(Refused):  # an address that could be nobody's login
            names.join(address, student)
    return doubtful
