"""When an assignment is due, as its released notebook says it: ``"cs231n": {"due": "..."}``.

The date itself is kept in the gradebook; the notebook carries a copy of it to the students.
"""

import json
from datetime import UTC, datetime, timezone, tzinfo

from cs231n_lib.course.assignment.notebook import (
    Damaged,
    metadata_of,
    read_cells,
    read_content,
)

SETTINGS, DUE = "cs231n", "due"


def due_of(data: bytes) -> datetime | None:
    """Return when the notebook in ``data`` is due; None if it does not say so.

    A date without a zone is one of UTC: no two readers of it shall differ.
    """
    try:
        settings = read_cells(data)[1].get(SETTINGS)
    except Damaged:
        return None
    text = settings.get(DUE) if isinstance(settings, dict) else None
    try:
        due = datetime.fromisoformat(text) if isinstance(text, str) else None
        return due if due is None or due.tzinfo else due.replace(tzinfo=UTC)
    except ValueError:
        return None


def with_due(data: bytes, due: datetime | None) -> bytes:
    """Return a notebook that says when it is due, or that says nothing of it.

    Parameters
    ----------
    data : bytes
        A notebook.
    due : datetime, optional
        With its zone.

    Raises
    ------
    Damaged
        If ``data`` is no notebook.
    """
    content = read_content(data)
    metadata = metadata_of(content)
    found = metadata.pop(SETTINGS, None)
    settings = {k: v for k, v in found.items() if k != DUE} if isinstance(found, dict) else {}
    if due is not None:
        settings[DUE] = due.isoformat()
    if settings:
        metadata[SETTINGS] = settings
    content["metadata"] = metadata
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()


def told(due: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return a date in words, with its zone and how long it is until then, or since.

    Parameters
    ----------
    due, now : datetime
        With their zones.
    zone : tzinfo, optional
        That of the reader; by default the machine's.

    Examples
    --------
    >>> told(datetime(2027, 5, 1, 21, 59, tzinfo=UTC), datetime(2027, 4, 28, 9, tzinfo=UTC), UTC)
    '2027-05-01 21:59 UTC, 3 days 12 hours left'
    >>> told(datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 5, 1, 0, 0, 7, tzinfo=UTC), UTC)
    '2027-05-01 00:00 UTC, less than a minute ago'
    """
    local = due.astimezone(zone)
    offset = local.utcoffset()
    name = timezone(offset) if offset is not None else UTC
    span = _span(int(abs(due - now).total_seconds() // 60))
    left = f"{span} left" if due >= now else f"{span} ago"
    return f"{local:%Y-%m-%d %H:%M} {name}, {left}"


def _span(minutes: int) -> str:
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    words = [f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count]
    return " ".join(words[:2]) or "less than a minute"
