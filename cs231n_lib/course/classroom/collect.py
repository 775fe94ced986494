"""Take submissions in from wherever they were handed in, believing neither names nor archives.

Folders, zip files, nbgrader's exchange and the bulk downloads of Canvas, Moodle and Gradescope
are read; every notebook is assigned to a student, kept for good with its time, and the latest
of each student becomes the one that is graded.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cs231n_lib.course.classroom import platforms, roster
from cs231n_lib.course.classroom.archives import from_file, from_folder
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.text import STUDENT

#: Canvas: name[_LATE]_userid_submissionid_file; Moodle: Name_id_assignsubmission_file[_]/file;
#: Gradescope: submission_id/file; the exchange: student+assignment+time+random/file.
CANVAS = re.compile(r"^(?P<name>[^_/]+)_(?:LATE_)?(?P<user>\d+)_(?P<id>\d+)_(?P<file>.+\.ipynb)$")
MOODLE = re.compile(
    r"^(?P<name>[^/]*)_(?P<user>\d+)_assignsubmission_file_?(?:/|_)(?P<file>[^/]+)$"
)
GRADESCOPE = re.compile(r"^(?:.*/)?submission_(?P<user>\d+)/(?P<file>[^/]+)$")
EXCHANGE = re.compile(
    r"^(?:.*/)?(?P<student>[^/+]+)\+(?P<assignment>[^/+]+)\+(?P<time>[^/+]+)\+[^/]+/(?P<file>[^/]+)$"
)


@dataclass(frozen=True)
class Found:
    """A notebook somewhere: where, whose, when, and its bytes."""

    where: str
    student: str
    time: datetime
    data: bytes


@dataclass
class Report:
    """What collecting did."""

    accepted: list[Found] = field(default_factory=list)
    repeated: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


class _Refused(Exception):
    """A file that is not taken; the message says why."""


def collect(course: Course, assignment: str, sources: list[Path], student: str = "") -> Report:
    """Take in the submissions for ``assignment`` that are in ``sources``.

    Parameters
    ----------
    course : Course
        The course; the assignment has to be one of it.
    assignment : str
        ``"a1"``, say.
    sources : list of Path
        Notebooks, zip files, or folders of them, in any of the known layouts; and the sheets of
        Canvas or Moodle (``.csv``) that say whose number in their downloads is whose.
    student : str
        Whose they are, where names do not tell; by default they do.

    Returns
    -------
    Report
        What was taken, what was there already, and what was refused and why.

    Raises
    ------
    UserError
        If there is no such assignment or source, or a sheet cannot be read.
    """
    course.master(assignment)
    for source in sources:
        if not source.exists():
            raise UserError(f"there is no file or folder {source}")
    report = Report()
    sheets = [source for source in sources if source.suffix.lower() == ".csv"]
    owners = _Owners(platforms.numbers(course, assignment), student)
    for sheet in sheets:
        people = platforms.read_sheet(sheet)
        roster.enrol(course, people)
        owners.known |= {p.number: p.student for p in people}
    for source in (s for s in sources if s not in sheets):
        owners.handed |= platforms.read_metadata(source)
        for found in _find(source, assignment, owners, report):
            _keep(course, assignment, found, report)
    if owners.known:
        platforms.remember(course, assignment, owners.known)
    taken = {f.student for f in report.accepted}
    for name in sorted(taken):
        _publish(course, assignment, name)
    course.log("collect", assignment=assignment, accepted=len(report.accepted),
               repeated=len(report.repeated), refused=len(report.refused))  # fmt: skip
    return report


@dataclass
class _Owners:
    """Who is meant: the names in paths, as far as nobody gave the name of the student."""

    known: dict[str, str]
    student: str
    handed: dict[str, platforms.Handed] = field(default_factory=dict)

    def of(self, name: str) -> tuple[list[str], datetime | None]:
        """Return whose a submission is that goes under ``name``, and when it was handed in."""
        if self.student:
            return [self.student], None
        if name.startswith("gradescope-"):
            if name not in self.handed:
                raise _Refused(
                    f"whose is it? {platforms.METADATA} does not say; collect the whole export"
                )
            return self.handed[name].students, self.handed[name].time
        if name.startswith(("canvas-", "moodle-")):
            self.known.setdefault(name, name)
        return [self.known.get(name, name)], None


def _find(source: Path, assignment: str, owners: _Owners, report: Report) -> Iterator[Found]:
    """Yield the notebooks in ``source``; note in ``report`` what is refused."""
    if source.is_file():
        entries: Iterator[tuple[str, datetime, bytes]] = from_file(
            source, source.name, report.refused
        )
    else:
        entries = from_folder(source, report.refused)
    for where, time, data in entries:
        try:
            name, when = ("", None) if owners.student else identify(where, assignment)
            students, handed = owners.of(name)
            for student in students:
                yield Found(where, _student(student), when or handed or time, data)
        except _Refused as refused:
            report.refused.append((where, str(refused)))


def identify(where: str, assignment: str) -> tuple[str, datetime | None]:
    """Return the student that a file's path names, and the time if it holds one.

    A platform's number is returned with the name of the platform: ``canvas-1234``.

    Raises
    ------
    _Refused
        If the path fits no known layout, or names another assignment.

    Examples
    --------
    >>> identify("doeanne_LATE_1234_5678_a1.ipynb", "a1")[0]
    'canvas-1234'
    >>> identify("submitted/anne/a1/a1.ipynb", "a1")[0]
    'anne'
    """
    path = PurePosixPath(where)
    for part in range(len(path.parts)):
        tail = "/".join(path.parts[part:])
        if (match := EXCHANGE.match(tail)) is not None:
            if match["assignment"] != assignment:
                raise _Refused(f"handed in for {match['assignment']}, not for {assignment}")
            return match["student"], _exchange_time(match["time"])
        if (match := MOODLE.match(tail)) is not None:
            return f"moodle-{match['user']}", None
        if (match := GRADESCOPE.match(tail)) is not None:
            return f"gradescope-{match['user']}", None
    if (match := CANVAS.match(path.name)) is not None:
        return f"canvas-{match['user']}", None
    folders = path.parts[:-1]
    if assignment in folders[1:]:  # .../STUDENT/a1/a1.ipynb
        return folders[folders.index(assignment, 1) - 1], None
    if path.stem not in (assignment, "notebook") and not folders:
        return path.stem.removesuffix(f"-{assignment}").removesuffix(f"_{assignment}"), None
    if folders and path.stem == assignment:  # STUDENT/a1.ipynb
        return folders[-1], None
    raise _Refused(
        f"whose is it? Expected STUDENT/{assignment}.ipynb, a bulk download, or --student"
    )


def _exchange_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f %Z").replace(tzinfo=UTC)
    except ValueError:
        return None


def _student(name: str) -> str:
    if not STUDENT.fullmatch(name) or ".." in name:
        raise _Refused(f"{name[:40]!r} cannot be a student's id (letters, digits, . _ @ + -)")
    return name


def _keep(course: Course, assignment: str, found: Found, report: Report) -> None:
    """Store a submission under its time and content; never over another."""
    digest = hashlib.sha256(found.data).hexdigest()[:16]
    folder = course.received(assignment) / found.student
    if any(folder.glob(f"*-{digest}.ipynb")):
        report.repeated.append(found)
        return
    name = f"{found.time.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest}.ipynb"
    write_atomically(folder / name, found.data)
    report.accepted.append(found)


def _publish(course: Course, assignment: str, student: str) -> None:
    """Put the student's latest submission where nbgrader looks for it."""
    latest = max((course.received(assignment) / student).glob("*.ipynb"))
    time = datetime.strptime(latest.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    folder = course.submitted / student / assignment
    write_atomically(folder / f"{assignment}.ipynb", latest.read_bytes())
    write_atomically(folder / "timestamp.txt", f"{time:%Y-%m-%d %H:%M:%S} UTC".encode())
