"""Take submissions in from wherever they were handed in, believing neither names nor archives.

Folders, zip files, nbgrader's exchange and the bulk downloads of platforms are read. Each file
of a download ends in one line of the report: accepted, known, set aside or refused.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names, spelling
from cs231n_lib.course.classroom.gradebook.lateness import Terms
from cs231n_lib.course.classroom.incoming import received, roster
from cs231n_lib.course.classroom.incoming.accounts import REMEDY, Accounts
from cs231n_lib.course.classroom.incoming.archives import (
    Budget,
    Download,
    Inner,
    Outer,
    inner_files,
)
from cs231n_lib.course.classroom.incoming.hand_in import COMPANIONS, Choice, choose
from cs231n_lib.course.classroom.incoming.joining import join
from cs231n_lib.course.classroom.incoming.numbers import numbers, remember
from cs231n_lib.course.classroom.incoming.owners import HandIn, hand_ins
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.platforms.platform import Label, Person, View
from cs231n_lib.course.classroom.platforms.sheets import SUFFIXES, WORKBOOKS, Table, read_table
from cs231n_lib.course.errors import Refused, UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.limits import MAX_COMPANION_BYTES, MAX_HAND_IN_BYTES, MAX_OWNER_BYTES
from cs231n_lib.course.text import line

ACCEPTED, KNOWN, ASIDE, REFUSED = "accepted", "known", "set aside", "refused"


@dataclass(frozen=True)
class Line:
    """What became of one file of a download."""

    status: str
    where: str
    students: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Report:
    """What collecting did: a line for each file, and notes on what lay in archives of students.

    Attributes
    ----------
    lines : list of Line
        One for each file of the downloads.
    notes : list of (str, str)
        Path and reason of what could not be read inside of a student's own archive, of doubtful
        times, of lines of a sheet, and of sources without a file.
    not_graded : dict
        Student -> why the hand-in that came now, or one that is kept, cannot be graded.
    empty : list of Path
        Sources without a file.
    """

    lines: list[Line] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    not_graded: dict[str, str] = field(default_factory=dict)
    empty: list[Path] = field(default_factory=list)

    def of(self, status: str) -> list[Line]:
        """Return the lines with one of the four ends."""
        return [entry for entry in self.lines if entry.status == status]

    @property
    def counts(self) -> dict[str, int]:
        """How many files had which end; the sum is the number of files."""
        found = Counter(entry.status for entry in self.lines)
        return {status: found[status] for status in (ACCEPTED, KNOWN, ASIDE, REFUSED)}

    @property
    def complete(self) -> bool:
        """Whether there was something in all that came, and all of it can be graded."""
        return not (self.of(REFUSED) or self.not_graded or self.empty)


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
        platforms (``.csv``) that say whose number in their downloads is whose.
    student : str
        Whose they are, where names do not tell; by default they do.

    Raises
    ------
    UserError
        If there is no such assignment or source, or a sheet cannot be read.
    """
    master = read_master(course.master(assignment), assignment)
    for source in sources:
        if not source.exists():
            raise UserError(f"there is no file or folder {source}")
        if source.suffix.lower() in WORKBOOKS:
            raise UserError(f"{source} is a workbook: save the sheet as CSV (UTF-8) and give that")
    sheets = [s for s in sources if s.is_file() and s.suffix.lower() in SUFFIXES]
    report = Report()
    with course.writing():
        names = Names(course)
        if student:
            try:
                student = names.id_of(student)
            except Refused as reason:
                raise UserError(f"--student: {reason}") from None
        _take_sheets(course, assignment, sheets, names, report)
        collector = _Collector(course, assignment, master, names, report)
        for source in (s for s in sources if s not in sheets):
            collector.take(source, student)
        collector.finish()
        received.publish(course, assignment)
        broken = received.damaged(course, assignment)
        report.notes += broken.items()
        report.not_graded |= broken
        course.log("collect", assignment=assignment, **{
            status.replace(" ", "_"): count for status, count in report.counts.items()
        })  # fmt: skip
    return report


def _take_sheets(
    course: Course, assignment: str, sheets: list[Path], names: Names, report: Report
) -> None:
    """Read all sheets before anything is written; then note whose the numbers are."""
    doubtful = join(course, names)
    read = []
    for sheet in sheets:
        table = read_table(sheet)
        platform, people = _people(table, sheet)
        read.append((platform, people, sheet.read_bytes()))
    for platform, told, data in read:
        twice = Counter(spelling(person.email) for person in told)
        people = [replace(p, email="") if twice[spelling(p.email)] > 1 else p for p in told]
        report.notes += [
            (address, "an address that stands twice in a sheet says nothing of whose it is")
            for address, count in twice.items() if address and count > 1
        ]  # fmt: skip
        moved, refused = remember(course, assignment, people, names)
        report.notes += refused
        names.save()
        write_atomically(course.sheet(assignment, platform), data)
        known = {label: k.student for label, k in numbers(course, assignment).items()}
        roster.enrol(course, [
            roster.Student(known[p.label], p.first_name, p.last_name, p.email) for p in people
        ], moved)  # fmt: skip
        _hand_on(course, moved)
        doubtful = join(course, names)
        for other in course.assignments() if moved else ():
            received.publish(course, other)
    report.notes += doubtful


def _hand_on(course: Course, moved: dict[str, str]) -> None:
    """Give what was granted to a number to the student whose it is."""
    before = Terms.read(course)
    after = before.under(lambda student: moved.get(student, student))
    if after != before:
        after.save(course)


def _people(table: Table, path: Path) -> tuple[str, list[Person]]:
    for platform in PLATFORMS:
        people = platform.read_sheet(table)
        if people is not None:
            return platform.name, people
    shown = ", ".join(line(cell, 30) for cell in table.header[:6])
    raise UserError(
        f"{path} is no sheet of Canvas (Grades > Export) or Moodle (Download grading worksheet): "
        f"its columns are others ({shown}). A class list of your own is for: cs231n roster"
    )


class _Collector:
    """One run: what is known, and how much may still be unpacked."""

    def __init__(
        self, course: Course, assignment: str, master: Master, names: Names, report: Report
    ) -> None:
        self.course, self.assignment, self.master = course, assignment, master
        self.names, self.report = names, report
        self.people = numbers(course, assignment)
        self.students = {str(label): known.student for label, known in self.people.items()}
        self.enrolled = roster.enrolled(course)
        self.seen: dict[Label, Person] = {}
        self.accounts = Accounts(course, names)
        self.changed_later: list[str] = []
        self.budgets: dict[frozenset[str], Budget] = {}
        self.now = datetime.now(UTC)

    def finish(self) -> None:
        """Note the numbers that came without a sheet, and times that hand-ins may have made up."""
        if self.changed_later:
            names = ", ".join(line(name, 80) for name in self.changed_later[:5])
            self.report.notes.append((names, (
                f"{len(self.changed_later)} changed on this machine long after the time in the "
                "name, which students write themselves. A copy that kept its owners, or rights "
                "that were set since, look the same; if it is neither, ask who handed it in"
            )))  # fmt: skip
        remember(self.course, self.assignment, self.seen.values(), self.names)
        self.names.save()

    def take(self, source: Path, student: str) -> None:
        """Take in one source."""
        view = View(
            self.assignment, self.course.assignments(), self.names,
            {label: known.name for label, known in self.people.items()}, zone=self.course.zone,
        )  # fmt: skip
        with Download(source, self.course.zone) as download:
            refused, aside = download.refused, download.aside
            if not (download.files or refused or aside):
                self.report.notes.append((str(source), "there is no file in it"))
                self.report.empty.append(source)
            for hand_in in hand_ins(download, view, refused, aside, student):
                self._take(hand_in)
            self.report.lines += [Line(REFUSED, where, (), why) for where, why in refused]
            self.report.lines += [Line(ASIDE, where, (), why) for where, why in aside]

    def _take(self, hand_in: HandIn) -> None:
        """Keep one hand-in, and say what became of each of its files."""
        chosen: list[tuple[Outer, str]] = []
        unread: list[tuple[str, str]] = []
        secret = ""

        def files() -> Iterator[Inner]:
            budget = Budget(MAX_HAND_IN_BYTES, self._budget(hand_in))
            for outer, name in hand_in.files:
                for inner in inner_files(outer, budget, unread, name):
                    chosen.append((outer, inner.name))
                    yield inner

        # nbgrader writes the secret into the folder last, over whatever a student called so.
        for outer, name in hand_in.files:
            if name == "submission_secret.txt" and hand_in.container.written:
                for inner in inner_files(outer, Budget(MAX_COMPANION_BYTES), unread, name):
                    secret = inner.data.decode("ascii", "ignore").strip()
        try:
            if hand_in.container.written:
                self._check_account(hand_in)
            choice = choose(files(), self.master)
            self._check_guess(hand_in, choice)
            holders = self._holders(hand_in)
        except Refused as reason:
            why = "; ".join([*(told for _, told in unread[:1]), str(reason)])
            self.report.lines += [Line(REFUSED, o.where, (), why) for o, _ in hand_in.files]
            return
        outer = next((o for o, name in chosen if name == choice.name), hand_in.files[0][0])
        if not choice.digest:  # nothing in it could be read: what it is called has to do
            why = unread[0][1] if unread else choice.reason
            choice = Choice(outer.name, b"", "0" * 64, why, refused=True)
        elif choice.reason and unread and not choice.refused:  # the notebook may be what is unread
            why = f"{unread[0][1]}; {choice.reason}"
            choice = replace(choice, reason=why, refused=True)
        told = bool(hand_in.container.time or hand_in.container.written)
        time = hand_in.container.time if told else outer.time
        when = received.trusted(time, told or outer.zoned, self.now)
        if when is None:
            said = f"{time:%Y-%m-%d}" if time else "none"
            self.report.notes.append((outer.where, f"a time that cannot be true ({said}): ignored"))
        if when is not None and self._changed_since(hand_in, when):
            self.changed_later.append(hand_in.outer)
        new = [
            received.keep(self.course, self.assignment, holder, choice, when,
                          hand_in.container.written, hand_in.outer, secret)
            for holder in holders
        ]  # fmt: skip
        students = tuple(self._student(holder) for holder in holders)
        self.report.notes += unread
        if choice.reason:
            self.report.not_graded |= dict.fromkeys(students, choice.reason)
        for file, name in hand_in.files:
            self.report.lines.append(self._line(file, name, outer, students, choice, any(new)))

    def _budget(self, hand_in: HandIn) -> Budget:
        """Return what may still be unpacked of its owner's; what others packed does not count."""
        owners = frozenset(spelling(str(owner)) for owner in hand_in.container.owners)
        return self.budgets.setdefault(owners, Budget(MAX_OWNER_BYTES))

    def _changed_since(self, hand_in: HandIn, when: datetime) -> bool:
        """Whether students' own files in the exchange are much younger than they say."""
        if not (hand_in.container.written and hand_in.accounts - self.accounts.trusted):
            return False
        return any(f.changed and f.changed > when + received.SLACK for f, _ in hand_in.files)

    def _line(
        self, file: Outer, name: str, chosen: Outer, students: tuple[str, ...], choice: Choice,
        new: bool,
    ) -> Line:  # fmt: skip
        who = ", ".join(students)
        if name in COMPANIONS:
            return Line(ASIDE, file.where, students, "the platform's own record, not a hand-in")
        if choice.reason:
            reason = f"cannot be graded: {choice.reason}; recorded for {who}"
            status = REFUSED if choice.refused else ASIDE
            return Line(status if new else KNOWN, file.where, students, reason)
        if file is chosen:
            return Line(ACCEPTED if new else KNOWN, file.where, students)
        return Line(ASIDE, file.where, students, f"{line(choice.name, 60)} of {who} is graded")

    def _holders(self, hand_in: HandIn) -> list[str]:
        """Return whose it is; what is refused before teaches nothing, not even how to spell."""
        found = []
        for owner in hand_in.container.owners:
            if isinstance(owner, Label):
                self.seen.setdefault(owner, Person(owner))
                found.append(str(owner))
            else:
                found.append(self.names.id_of(owner))
        return list(dict.fromkeys(found))

    @property
    def met(self) -> set[str]:
        """Who is on the roster or has handed in."""
        return self.enrolled | set(received.holders(self.course, self.assignment))

    def _check_account(self, hand_in: HandIn) -> None:
        """Refuse what lies in the exchange under another's name than its owner's; say why once."""
        try:
            self.accounts.check(hand_in.accounts, map(str, hand_in.container.owners))
        except Refused:
            if ("owners", REMEDY) not in self.report.notes:
                self.report.notes.append(("owners", REMEDY))
            raise

    def _check_guess(self, hand_in: HandIn, choice: Choice) -> None:
        """Refuse a folder that nobody has heard of and that has nothing of the assignment."""
        owners = {self.names.find(str(owner)) for owner in hand_in.container.owners}
        if hand_in.container.guessed and not choice.fits and not self.met & owners:
            raise Refused(
                f"whose is it? {line(hand_in.outer, 60)} is on no roster, and no file in it "
                f"answers {self.assignment}. If it is a student: cs231n roster, or --student"
            )

    def _student(self, holder: str) -> str:
        return self.students.get(holder, holder)
