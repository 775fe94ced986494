"""What was handed in, kept for good, and the latest of each student laid out for grading.

Keeping only ever adds. Laying out (:func:`publish`) is a function of what is on disk alone: it may
be run at any time, any number of times, and after whatever ended the last run.
"""

import contextlib
import hashlib
import hmac
import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.incoming.archives import Inner
from cs231n_lib.course.classroom.incoming.hand_in import COMPANIONS, Choice, choose
from cs231n_lib.course.classroom.incoming.numbers import numbers
from cs231n_lib.course.classroom.platforms.exchange import read_time
from cs231n_lib.course.files import read_plain, write_atomically
from cs231n_lib.course.limits import MAX_COMPANION_BYTES, MAX_NOTEBOOK_BYTES
from cs231n_lib.course.text import file_name

#: The first year in which anybody can have handed in, and how far clocks may differ.
FIRST_YEAR, SLACK = 2010, timedelta(minutes=10)
#: How far a time that does not name its zone may be ahead of ours.
ZONES = timedelta(hours=15)
NOT_GRADED = "not-graded.txt"


@dataclass(frozen=True)
class Record:
    """One hand-in that was received.

    Attributes
    ----------
    time : str
        When it was handed in, in UTC; empty if that is unknown or cannot be true.
    written : str
        The time in the words of the exchange, which students' copies repeat.
    name, outer : str
        What the student called the file, and the outermost name that it came under.
    reason : str
        Why it cannot be graded, if so.
    secret : str
        What nbgrader names the student's feedback by.
    arrival : int
        How many of the student's had come before.
    """

    digest: str
    time: str
    written: str
    name: str
    outer: str
    reason: str
    secret: str
    arrival: int

    @property
    def rank(self) -> tuple[bool, bool, str, int]:
        """The latest has the highest; a time in doubt never beats one that is not."""
        return (not self.reason, bool(self.time), self.time, self.arrival)

    @property
    def key(self) -> str:
        """What the files of the record are called."""
        stamp = self.time.replace(":", "").replace("-", "") or "doubtful"
        return f"{stamp}-{self.digest[:16]}"


@dataclass(frozen=True)
class Submission:
    """The submission of one student that counts; ``reason`` says why it cannot be graded."""

    student: str
    path: Path
    received: datetime | None
    reason: str = ""

    def content(self) -> bytes:
        """Return what was handed in, or so much of it that it is seen to be too long."""
        return read_plain(self.path, MAX_NOTEBOOK_BYTES + 1)


def trusted(time: datetime | None, zoned: bool, now: datetime) -> datetime | None:
    """Return ``time`` if it can be true: not before the course, and not in the future."""
    if time is None or time.year < FIRST_YEAR or time > now + (SLACK if zoned else ZONES):
        return None
    return time.astimezone(UTC)


def records(course: Course, assignment: str, holder: str) -> list[tuple[Record, Path]]:
    """Return what was received from a holder with the file of each, in the order of arrival.

    What is damaged is left out, and told by :func:`damaged`.
    """
    read = (_read(p) for p in (course.received(assignment) / holder).glob("*.json"))
    return sorted((pair for pair in read if pair), key=lambda pair: pair[0].arrival)


def _read(path: Path) -> tuple[Record, Path] | None:
    """Return a record and its file, None if one of them is not what was written."""
    file = path.with_suffix(".file")
    try:
        return (Record(**json.loads(path.read_bytes())), file) if file.is_file() else None
    except (ValueError, TypeError):
        return None


def damaged(course: Course, assignment: str) -> dict[str, str]:
    """Return student -> what is wrong, of those with a record that cannot be read.

    Which hand-in of theirs counts is not known until it is mended: the download collected again
    does that, or a copy put back.
    """
    found = {}
    for holder, student in holders(course, assignment).items():
        for path in sorted((course.received(assignment) / holder).glob("*.json")):
            if _read(path) is None:
                found[student] = (
                    f"{path} is damaged, or its file is lost: collect the download that it came "
                    "with again, or put a copy back"
                )
    return found


def keep(
    course: Course, assignment: str, holder: str, choice: Choice, time: datetime | None,
    written: str = "", outer: str = "", secret: str = "",
) -> bool:  # fmt: skip
    """Store a hand-in, never over another; return whether it is new.

    The bytes are written first and the record last: without its record a file does not count.
    """
    stamp = time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z" if time else ""
    known = [record for record, _ in records(course, assignment, holder)]
    if any((r.time, r.digest, r.reason) == (stamp, choice.digest, choice.reason) for r in known):
        return False
    secret = secret or secret_for(course, f"{assignment}/{holder}/{stamp}/{choice.digest}")
    record = Record(choice.digest, stamp, written if time else "", choice.name, outer,
                    choice.reason, secret,
                    max((r.arrival + 1 for r in known), default=0))  # fmt: skip
    place = course.received(assignment) / holder / record.key
    if choice.reason:
        place = place.with_name(f"{place.name}-not-graded")
    write_atomically(place.with_name(f"{place.name}.file"), choice.data)
    data = json.dumps(asdict(record), indent=1).encode()
    write_atomically(place.with_name(f"{place.name}.json"), data)
    return True


def secret_for(course: Course, text: str) -> str:
    """Return what nobody can guess and what is the same each time."""
    path = course.state / "secret"
    if not path.exists():
        write_atomically(path, secrets.token_hex(32).encode())
        path.chmod(0o600)
    return hmac.new(path.read_bytes(), text.encode("utf-8", "replace"), hashlib.sha512).hexdigest()


def holders(course: Course, assignment: str) -> dict[str, str]:
    """Return holder -> student, of all from whom something was received.

    A holder is what the platform called the student; a sheet or a class list that came later may
    tell who it is.
    """
    names = Names(course)
    numbered = numbers(course, assignment, names)
    told = {str(label): known.student for label, known in numbered.items()}
    with contextlib.suppress(FileNotFoundError):
        found = sorted(p.name for p in course.received(assignment).iterdir() if p.is_dir())
        return {name: told.get(name) or names.find(name) for name in found}
    return {}


def latest(course: Course, assignment: str) -> dict[str, tuple[Record, Path]]:
    """Return student -> the hand-in that counts."""
    found: dict[str, tuple[Record, Path]] = {}
    for holder, student in holders(course, assignment).items():
        for record, path in records(course, assignment, holder):
            if student not in found or record.rank > found[student][0].rank:
                found[student] = (record, path)
    return found


def publish(course: Course, assignment: str) -> None:
    """Lay out the hand-in that counts of every student where nbgrader looks for it.

    What lies under a name that is not used any more goes last: as long as it is there, there is
    something to do.
    """
    _sweep(course, assignment)
    now = latest(course, assignment)
    moved = _moved(course, assignment, now)
    for before, student in moved.items():
        page = course.autograded / before / assignment
        goal = course.autograded / student / assignment
        if page.is_dir() and not goal.exists():  # by it grades given by hand are known to stay done
            goal.parent.mkdir(parents=True, exist_ok=True)
            page.rename(goal)
        _hand_over(course, assignment, before, student)
    for student, (record, path) in now.items():
        _publish_one(course, assignment, student, record, path)
    for before in moved:
        for top in (course.submitted, course.autograded, course.feedback):
            shutil.rmtree(top / before / assignment, ignore_errors=True)
            with contextlib.suppress(OSError):
                (top / before).rmdir()


def _hand_over(course: Course, assignment: str, before: str, student: str) -> None:
    """Give a student what nbgrader's own collecting laid out under another name of theirs."""
    folder, goal = (course.submitted / name / assignment for name in (before, student))
    if not folder.is_dir():
        return
    if _secret_in(folder) in {r.secret for r in _of_student(course, assignment, student)}:
        return
    if goal.exists():
        times = time_of(folder), time_of(goal)
        if times[0] is None or (times[1] is not None and times[0] <= times[1]):
            return
        shutil.rmtree(goal)
    goal.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(goal)


def _moved(course: Course, assignment: str, now: dict[str, tuple[Record, Path]]) -> dict[str, str]:
    """Return the name under which a hand-in was laid out -> the student whose it is now."""
    told = holders(course, assignment)
    found = {holder: student for holder, student in told.items() if holder != student}
    found |= Names(course).joined
    secrets_of = {
        record.secret: student
        for holder, student in told.items()
        for record, _ in records(course, assignment, holder)
    }
    for folder in course.submitted.glob(f"*/{assignment}"):
        if folder.parent.name not in now and (student := secrets_of.get(_secret_in(folder))):
            found[folder.parent.name] = student
    return found


def _publish_one(course: Course, assignment: str, student: str, record: Record, path: Path) -> None:
    name = f"{assignment}.ipynb"
    if record.reason:
        name = f"not-graded-{file_name(record.name)}"
    files = {name: path.read_bytes(), "submission_secret.txt": record.secret.encode()}
    if record.time:
        time = datetime.fromisoformat(record.time)
        text = record.written or f"{time:%Y-%m-%d %H:%M:%S.%f} UTC"
        files["timestamp.txt"] = text.encode()
    if record.reason:
        files[NOT_GRADED] = record.reason.encode("utf-8", "backslashreplace")
    folder = course.submitted / student / assignment
    if _holds(folder, files) or _is_newer(course, assignment, student, record):
        return
    aside = folder.with_name(f".{assignment}.new")
    for name, data in files.items():
        write_atomically(aside / name, data)
    if folder.exists():
        folder.rename(folder.with_name(f".{assignment}.old"))
    aside.rename(folder)
    shutil.rmtree(folder.with_name(f".{assignment}.old"), ignore_errors=True)


def _sweep(course: Course, assignment: str) -> None:
    """Clear away what a run that was cut short has left."""
    for mark in ("new", "old"):
        for folder in course.submitted.glob(f"*/.{assignment}.{mark}"):
            shutil.rmtree(folder, ignore_errors=True)


def _holds(folder: Path, files: dict[str, bytes]) -> bool:
    """Whether a folder has these files and no others."""
    if not folder.is_dir() or {p.name for p in folder.iterdir()} != files.keys():
        return False
    return all((folder / name).read_bytes() == data for name, data in files.items())


def _is_newer(course: Course, assignment: str, student: str, record: Record) -> bool:
    """Whether nbgrader's own collecting has put there what is later than all that we received."""
    folder = course.submitted / student / assignment
    there = time_of(folder)
    if there is None or (record.time and there <= datetime.fromisoformat(record.time)):
        return False
    secret = _secret_in(folder)
    if not secret:
        return True
    return secret not in {r.secret for r in _of_student(course, assignment, student)}


def _of_student(course: Course, assignment: str, student: str) -> list[Record]:
    told = holders(course, assignment).items()
    own = (records(course, assignment, holder) for holder, who in told if who == student)
    return [record for received in own for record, _ in received]


def _secret_in(folder: Path) -> str:
    try:
        data = read_plain(folder / "submission_secret.txt", MAX_COMPANION_BYTES)
        return data.decode("utf-8", "replace")
    except OSError:
        return ""


def time_of(folder: Path) -> datetime | None:
    """Return the time in a folder's ``timestamp.txt``, None if there is none that can be read."""
    try:
        data = read_plain(folder / "timestamp.txt", MAX_COMPANION_BYTES)
        return read_time(data.decode("utf-8", "replace"))
    except OSError:
        return None


def submissions(course: Course, assignment: str) -> list[Submission]:
    """Return what counts of each student, in nbgrader's own layout, in the order of names."""
    found = []
    for folder in sorted(course.submitted.glob(f"*/{assignment}")):
        if not folder.is_dir():
            continue
        student, time = folder.parent.name, time_of(folder)
        notebook = folder / f"{assignment}.ipynb"
        if notebook.is_file() and not notebook.is_symlink():
            found.append(Submission(student, notebook, time))
        elif (folder / NOT_GRADED).is_file():
            reason = (folder / NOT_GRADED).read_text("utf-8", "replace")
            found.append(Submission(student, folder / NOT_GRADED, time, reason))
        else:
            found.append(_renamed(course, assignment, student, folder, time))
    return found


def _renamed(
    course: Course, assignment: str, student: str, folder: Path, time: datetime | None
) -> Submission:
    """Look for the notebook in a folder that has none of the assignment's name."""

    def files() -> Iterator[Inner]:
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.is_symlink() and path.name not in COMPANIONS:
                yield Inner(path.name, read_plain(path, MAX_NOTEBOOK_BYTES + 1))

    choice = choose(files(), read_master(course.master(assignment), assignment))
    path = folder / choice.name if choice.name else folder
    return Submission(student, path, time, choice.reason)
