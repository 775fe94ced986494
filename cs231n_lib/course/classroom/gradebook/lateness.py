"""Due dates, extensions and late days: one account for each student, made up when it is read."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.grade import Lateness
from cs231n_lib.course.files import read_record, write_atomically

DAY = timedelta(days=1)


@dataclass
class Terms:
    """What was granted, on disk in ``terms.json``.

    Attributes
    ----------
    late_days : dict
        Student -> late days for the whole course.
    extensions : dict
        Assignment -> student -> seconds.
    """

    late_days: dict[str, int] = field(default_factory=dict)
    extensions: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, course: Course) -> "Terms":
        """Return what was granted in ``course``."""
        return cls(**read_record(course.state / "terms.json", {})).under(Names(course).find)

    def extensions_of(self, student: str, theirs: Mapping[str, timedelta]) -> dict[str, timedelta]:
        """Return assignment -> extension: the longer of ours and nbgrader's own."""
        found = dict(theirs)
        for assignment, students in self.extensions.items():
            granted = timedelta(seconds=students.get(student, 0))
            if granted:
                found[assignment] = max(granted, found.get(assignment, granted))
        return found

    def under(self, find: Callable[[str], str]) -> "Terms":
        """Return the same for the students that ``find`` says; to one of two names, the more."""
        return Terms(
            _together(self.late_days, find),
            {name: _together(given, find) for name, given in self.extensions.items()},
        )

    def save(self, course: Course) -> None:
        """Write it down."""
        data = {"late_days": self.late_days, "extensions": self.extensions}
        text = json.dumps(data, indent=1, sort_keys=True)
        write_atomically(course.state / "terms.json", text.encode())


def _together(given: Mapping[str, Any], find: Callable[[str], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for student, much in given.items():
        own = find(student)
        found[own] = max(much, found.get(own, much))
    return found


def days_late(seconds: float) -> int:
    """Return how many late days a delay costs: every day that has begun.

    Examples
    --------
    >>> [days_late(s) for s in (0, 1, 86400, 86401)]
    [0, 1, 1, 2]
    """
    return math.ceil(max(seconds, 0) / 86400)


def later(due: datetime, longer: timedelta, zone: tzinfo) -> datetime:
    """Return a date in UTC so much later on the clock of the course.

    A day more ends at the same time of the day, be it the day on which clocks are changed.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> later(datetime(2026, 10, 24, 15), DAY, ZoneInfo("Europe/Zurich"))
    datetime.datetime(2026, 10, 25, 16, 0)
    """
    if not longer:
        return due
    local = due.replace(tzinfo=UTC).astimezone(zone)
    return (local + longer).astimezone(UTC).replace(tzinfo=None)


def _on_the_clock(time: datetime, since: datetime, zone: tzinfo) -> float:
    """Return how many seconds clocks went on, both times in UTC; one at least if it is later."""
    times = (t.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for t in (time, since))
    return max(1.0, (next(times) - next(times)).total_seconds()) if time > since else 0.0


def account(
    due: Mapping[str, datetime | None],
    extensions: Mapping[str, timedelta],
    handed_in: Mapping[str, datetime | None],
    late_days: int,
    zone: tzinfo = UTC,
) -> dict[str, Lateness]:
    """Return what lateness means for one student, for every assignment handed in.

    Late days are spent on the assignments that were due first. A delay is counted from the due
    date with the extension, and is covered whole or not at all.

    Parameters
    ----------
    due : mapping
        Assignment -> when it is due for all; None if it is not.
    extensions : mapping
        Assignment -> how much longer this student has.
    handed_in : mapping
        Assignment -> when; None if that is not known, and then it is not late.
    late_days : int
        The budget for all assignments together.
    zone : tzinfo
        Of the clock by which days end.

    Examples
    --------
    >>> due = {"a1": datetime(2026, 3, 1), "a2": datetime(2026, 4, 1)}
    >>> came = {"a1": datetime(2026, 3, 2, 1), "a2": datetime(2026, 4, 2)}
    >>> [late.days_spent for late in account(due, {"a1": DAY}, came, 1).values()]
    [1, 0]
    """
    found: dict[str, Lateness] = {}
    left = late_days
    for name in sorted(handed_in, key=lambda n: (due.get(n) is None, due.get(n), n)):
        whole = due.get(name)
        mine = later(whole, extensions.get(name, timedelta()), zone) if whole else None
        time = handed_in[name]
        seconds = max(0.0, (time - mine).total_seconds()) if mine and time else 0.0
        days = days_late(_on_the_clock(time, mine, zone)) if mine and time else 0
        spent = days if 0 < days <= left else 0
        left -= spent
        found[name] = Lateness(mine, 0.0 if spent else seconds, spent, left)
    return found
