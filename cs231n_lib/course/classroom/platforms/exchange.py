"""nbgrader's exchange: a folder for each hand-in, called after student, assignment and time."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from cs231n_lib.course.classroom.platforms.platform import Container, Platform, View
from cs231n_lib.course.errors import Refused

#: The student may have a + in the login, the time one in its offset; colons become other signs
#: where file systems do not take them.
FOLDER = re.compile(
    r"(?P<student>.+)\+(?P<assignment>[^+]+)"
    r"\+(?P<time>\d{4}-\d\d-\d\d[ _T][^+]*(?:\+\d\d(?::?\d\d)?(?=\+|$))?)(?:\+[A-Za-z0-9_-]*)?"
)
#: Hours from UTC of the zone names that the internet's mail has always had, and of Europe's.
ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
         "MDT": -6, "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2,
         "EEST": 3}  # fmt: skip


class Exchange(Platform):
    """The folder ``inbound`` of nbgrader's exchange."""

    name = "exchange"
    shared = True

    def wraps(self, folder: str) -> bool:
        """Hand-ins lie in ``inbound``."""
        return folder == "inbound"

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Read ``anne+a1+2026-02-03 10:11:12.000000 UTC+random/a1.ipynb``."""
        if len(path) < 2:
            return None
        match = FOLDER.fullmatch(path[0])
        if match is None:
            if any(f"+{name}+" in path[0] for name in view.assignments):
                raise Refused(
                    "whose is it? It is called like a folder of nbgrader's exchange, with a time "
                    "that cannot be read; expected STUDENT+ASSIGNMENT+2026-02-03 10:11:12 UTC"
                )
            return None
        if match["assignment"] != view.assignment:
            raise Refused(f"handed in for {match['assignment']}, not for {view.assignment}")
        time = read_time(match["time"], view.zone)
        return Container((match["student"],), path[0], time=time, written=match["time"])


def read_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the time that nbgrader wrote, in UTC; None if it is none, or its zone is unknown.

    Parameters
    ----------
    text : str
        ``2026-02-03 10:11:12.123456 EDT``: the zone by name or as an offset, UTC if missing.
    zone : tzinfo
        The zone of the course: its own names are understood first.

    Examples
    --------
    >>> read_time("2026-03-01 00:15:00.000000 +0545").isoformat()
    '2026-02-28T18:30:00+00:00'
    >>> read_time("2026-07-01 00:15:00 EDT").isoformat()
    '2026-07-01T04:15:00+00:00'
    """
    match = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[ _T](\d\d)[:_-](\d\d)[:_-](\d\d)(?:\.(\d{1,9}))? ?"
        r"([A-Za-z]*|(?:UTC)?[+-]\d\d(?::?\d\d)?)", text.strip(),
    )  # fmt: skip
    if match is None:
        return None
    *digits, fraction, name = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, digits)
        micro = int((fraction or "0").ljust(6, "0")[:6])
        local = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
        if name.removeprefix("UTC")[:1] in ("+", "-"):
            name = name.removeprefix("UTC")
            hours, minutes = int(name[1:3]), int(name[3:].strip(":") or 0)
            offset = timedelta(hours=hours, minutes=minutes) * (-1 if name[0] == "-" else 1)
            return local.replace(tzinfo=timezone(offset)).astimezone(UTC)
        for fold in (0, 1):
            there = local.replace(tzinfo=zone, fold=fold)
            if name and there.tzname() == name:
                return there.astimezone(UTC)
        if name and name.upper() not in ZONES:
            return None
        return local - timedelta(hours=ZONES[name.upper()] if name else 0)
    except (ValueError, OverflowError):
        return None
