"""Take submissions in from wherever they were handed in, believing neither names nor archives.

Folders, zip files, nbgrader's exchange and the bulk downloads of Canvas, Moodle and Gradescope
are read; every notebook is assigned to a student, kept for good with its time, and the latest
of each student becomes the one that is graded.
"""

import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from cs231n_lib.course import platforms, roster
from cs231n_lib.course.course import STUDENT, Course, write_atomically
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.rebuild import MAX_NOTEBOOK_BYTES

#: Largest sum of what one archive unpacks to, and most entries in one.
MAX_ARCHIVE_BYTES, MAX_ENTRIES = 4 * 2**30, 50_000
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
TEMPORARY = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store")


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
        entries: Iterator[tuple[str, datetime, bytes]] = _from_file(source, source.name, report)
    else:
        entries = _from_folder(source, report)
    for where, time, data in entries:
        try:
            name, when = ("", None) if owners.student else identify(where, assignment)
            students, handed = owners.of(name)
            for student in students:
                yield Found(where, _student(student), when or handed or time, data)
        except _Refused as refused:
            report.refused.append((where, str(refused)))


def _from_folder(folder: Path, report: Report) -> Iterator[tuple[str, datetime, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part in TEMPORARY for part in path.parts):
            continue
        if path.is_symlink():
            report.refused.append((name, "a link, not a file"))
        elif path.is_file() and path.suffix.lower() in (".ipynb", ".zip"):
            yield from _from_file(path, name, report)


def _from_file(path: Path, name: str, report: Report) -> Iterator[tuple[str, datetime, bytes]]:
    time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if path.suffix.lower() != ".zip":
        yield name, time, _bounded(path)
        return
    prefix = name.removesuffix(".zip")
    try:
        yield from _from_zip(path, prefix, report, nested=True)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        report.refused.append((name, f"not a usable zip file: {error}"))


def _bounded(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_NOTEBOOK_BYTES + 1)  # one more: the judge says that it is too big


def _from_zip(
    source: Path | IO[bytes], prefix: str, report: Report, nested: bool
) -> Iterator[tuple[str, datetime, bytes]]:
    """Yield the notebooks in an archive, reading within bounds and writing nothing."""
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise zipfile.BadZipFile(f"more than {MAX_ENTRIES} entries")
        budget = MAX_ARCHIVE_BYTES
        for entry in entries:
            name = entry.filename.replace("\\", "/")
            parts = PurePosixPath(name).parts
            if entry.is_dir() or any(part in TEMPORARY for part in parts):
                continue
            where = f"{prefix}/{name}"
            if name.startswith("/") or ".." in parts or ":" in name or "\0" in name:
                report.refused.append((where, "a name that leads out of the archive"))
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                report.refused.append((where, "a link, not a file"))
                continue
            suffix = PurePosixPath(name).suffix.lower()
            if suffix not in ((".ipynb", ".zip") if nested else (".ipynb",)):
                continue
            with archive.open(entry) as file:  # sizes in the directory may lie: count ourselves
                content = file.read(min(MAX_NOTEBOOK_BYTES, budget) + 1)
            budget -= len(content)
            if len(content) > MAX_NOTEBOOK_BYTES or budget < 0:
                report.refused.append((where, "unpacks to too much (a zip bomb?)"))
                if budget < 0:
                    return
                continue
            if suffix == ".zip":
                inner = where.removesuffix(".zip")
                yield from _from_zip(io.BytesIO(content), inner, report, nested=False)
            else:
                yield where, _zip_time(entry), content


def _zip_time(entry: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)


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
