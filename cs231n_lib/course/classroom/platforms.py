"""Whom learning platforms mean by their numbers.

Their downloads name a submission by a number: Canvas by the user's, Moodle by one that it draws
anew for each assignment, Gradescope by the submission's. Whose number it is stands in the grade
sheet that Canvas and Moodle give out beside it, and in the ``submission_metadata.yml`` of a
Gradescope export. What is learnt from them is kept per assignment, for the way back.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically

METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 256 * 2**20  # Gradescope repeats the output of all its tests there


@dataclass(frozen=True)
class Person:
    """One line of a platform's sheet; ``number`` is ``canvas-1234``, say."""

    number: str
    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


def read_sheet(path: Path) -> list[Person]:
    """Read Canvas's gradebook export or Moodle's offline grading worksheet.

    The student's id is the platform's login, else another id of the institution's, else the
    address; the platform's own number if the sheet has none of them.

    Raises
    ------
    UserError
        If it is neither.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the sheet {path} cannot be read: {error}") from None
    columns = set(rows[0]) if rows else set()
    if {"Student", "ID", "Section"} <= columns:
        return list(_canvas(rows))
    if {"Identifier", "Full name"} <= columns:
        return list(_moodle(rows))
    raise UserError(
        f"{path} is no sheet of Canvas (Grades > Export) or Moodle (Download grading worksheet): "
        "its columns are others. A class list of your own is for: cs231n roster"
    )


def _first(row: dict[str, str], *columns: str) -> str:
    return next((row[c].strip() for c in columns if (row.get(c) or "").strip()), "")


def _canvas(rows: list[dict[str, str]]) -> Iterator[Person]:
    for row in rows:
        number = (row["ID"] or "").strip()
        if number.isdigit():  # "Points Possible" and the like have none
            name = f"canvas-{number}"
            last, _, first = (row["Student"] or "").partition(",")
            yield Person(name, _first(row, "SIS Login ID", "SIS User ID") or name,
                         first.strip(), last.strip())  # fmt: skip


def _moodle(rows: list[dict[str, str]]) -> Iterator[Person]:
    for row in rows:
        if match := re.search(r"(\d+)\s*$", row["Identifier"] or ""):  # "Participant 4711"
            name = f"moodle-{match[1]}"
            first, _, last = (row["Full name"] or "").strip().rpartition(" ")
            yield Person(name, _first(row, "Username", "ID number", "Email address") or name,
                         first, last, _first(row, "Email address"))  # fmt: skip


@dataclass(frozen=True)
class Handed:
    """Whose a Gradescope submission is, and when it was handed in."""

    students: list[str]
    time: datetime | None


def read_metadata(source: Path) -> dict[str, Handed]:
    """Return what the Gradescope exports in ``source`` say: ``gradescope-31415`` -> whose.

    The student's id is Gradescope's student id, else the address. A group hands in for all.
    """
    found: dict[str, Handed] = {}
    for data in _metadata_files(source):
        for name, entry in _parse(data).items():
            number = re.fullmatch(r"submission_(\d+)", str(name))
            submitters = entry.get(":submitters") if isinstance(entry, dict) else None
            if number and isinstance(submitters, list):
                people = [p for p in submitters if isinstance(p, dict)]
                students = [str(p.get(":sid") or p.get(":email") or "").strip() for p in people]
                found[f"gradescope-{number[1]}"] = Handed(students, _utc(entry.get(":created_at")))
    return found


def _metadata_files(source: Path) -> Iterator[bytes]:
    if source.is_dir():
        for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in (".zip", ".yml")):
            if path.is_file() and not path.is_symlink():
                yield from _metadata_files(path)
    elif source.name == METADATA:
        with open(source, "rb") as file:
            yield file.read(MAX_METADATA_BYTES)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                if PurePosixPath(entry.filename).name == METADATA:
                    with archive.open(entry) as content:
                        yield content.read(MAX_METADATA_BYTES)


def _parse(data: bytes) -> dict[Any, Any]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads plain data; whatever Ruby adds to it becomes None."""

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        content = yaml.load(data, Loader)  # no object is made: it is a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"the {METADATA} of the Gradescope export is broken: {error}") from None
    return content if isinstance(content, dict) else {}


def _utc(time: Any) -> datetime | None:
    if not isinstance(time, datetime):
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _path(course: Course, assignment: str) -> Path:
    return course.state / "numbers" / f"{assignment}.json"


def numbers(course: Course, assignment: str) -> dict[str, str]:
    """Return what is known for an assignment: a platform's number -> the student's id."""
    path = _path(course, assignment)
    return json.loads(path.read_bytes()) if path.exists() else {}


def remember(course: Course, assignment: str, found: dict[str, str]) -> None:
    """Add to :func:`numbers`."""
    known = numbers(course, assignment) | found
    write_atomically(_path(course, assignment), json.dumps(known, indent=1).encode())


def number_of(course: Course, assignment: str, platform: str) -> dict[str, str]:
    """Return student -> bare number on ``platform``, of those that it is known of."""
    known = numbers(course, assignment)
    return {
        student: number.removeprefix(f"{platform}-")
        for number, student in known.items()
        if number.startswith(f"{platform}-")
    }
