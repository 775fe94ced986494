"""One grading run: from the latest submissions to the gradebook, and everything on record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.cells import CellChanges
from cs231n_lib.course.classroom.gradebook.grade import Grade, Lateness
from cs231n_lib.course.classroom.gradebook.gradebook import Change, Gradebook, exists
from cs231n_lib.course.classroom.gradebook.lateness import Terms, account
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.incoming.received import Submission, submissions
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import store, walls
from cs231n_lib.course.judge.batch import OnDemand, Pool, grade_all
from cs231n_lib.course.judge.grader import not_graded
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.judge.store import Results


@dataclass(frozen=True)
class Row:
    """What a person wants to see of one result at the end of a run."""

    student: str
    score: float
    points: float
    outcome: str
    reason: str


@dataclass
class Run:
    """A run that has been graded and not yet written down.

    Attributes
    ----------
    results : mapping
        Student -> result, of those that could be graded; read from disk when asked for.
    faults : dict
        Student -> why the machine could not.
    rows : list of Row
        One for each result, once it is written.
    """

    course: Course
    assignment: str
    master: Master
    seed: int
    results: Mapping[str, Result]
    faults: dict[str, str]
    whole: bool = True
    rows: list[Row] = field(default_factory=list)

    def changes(self) -> list[Change]:
        """Return the grades in the gradebook that writing would change."""
        if not exists(self.course):
            return []
        with Gradebook(self.course, self.assignment) as book:
            return book.changes(self.results)

    def write(self) -> None:
        """Write the gradebook and the log; who cannot be written joins the faults."""
        when = {s.student: s.received for s in submissions(self.course, self.assignment)}
        with self.course.writing():
            with Gradebook(self.course, self.assignment) as book:
                self.faults |= book.write(self.results, when)
                lateness = lateness_of(self.course, self.assignment, book)
                book.settle(book.grades(lateness, {}))
            self._log()
            if self.whole:
                self.course.finish_run(self.assignment, self.master.digest, self.seed)

    def _log(self) -> None:
        """Log each result once: what was logged before and is the same is not repeated."""
        logged = {
            line["student"]: _mark(line)
            for line in self.course.read_log()
            if line.get("event") == "grade" and line.get("assignment") == self.assignment
        }
        for student, result in self.results.items():
            self.rows.append(
                Row(student, result.score, result.points, result.outcome, result.reason)
            )
            details: dict[str, Any] = {
                "student": student, "outcome": result.outcome, "score": result.score,
                "seed": result.seed, "master": result.master, "submission": result.submission,
            }  # fmt: skip
            if logged.get(student) != _mark(details):
                self.course.log("grade", assignment=self.assignment, **details)
        for student, reason in self.faults.items():
            self.course.log("fault", assignment=self.assignment, student=student, reason=reason)


def _mark(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line.get(key) for key in ("outcome", "score", "seed", "master", "submission"))


def settings_for(course: Course, assignment: str, unsafe: bool) -> Settings:
    """Return what the judges of an assignment need to know."""
    folder = course.judge(assignment)
    kind = walls.UNSAFE if unsafe else walls.SAFE
    return Settings(course.master(assignment), assignment, str(folder), kind)


def cell_changes(course: Course, assignment: str) -> CellChanges:
    """Return which cells came and went since the first grading, before anything is graded."""
    if not exists(course):
        return CellChanges()
    with Gradebook(course, assignment) as book:
        return book.cell_changes()


def start(
    course: Course,
    assignment: str,
    pool: Pool,
    again: bool = False,
    started: Callable[[int], None] = lambda _: None,
    progress: Callable[[Result | Fault], None] = lambda _: None,
    student: str = "",
) -> Run:
    """Grade the latest submission of every student; write results, not yet grades.

    The model solution is graded first: where it does not get every point, neither the machine
    nor the master can be trusted with anybody's grade.

    Parameters
    ----------
    course : Course
        Where the submissions are.
    assignment : str
        Which assignment.
    pool : Pool
        Who grades.
    again : bool
        Grade anew, with new random inputs, what has been graded in a finished run.
    started, progress : callable
        Called with the number of submissions that have to be graded, and after each.
    student : str
        Grade this one alone; all by default.

    Raises
    ------
    UserError
        If there is nothing to grade, or the model solution fails.
    """
    master = read_master(course.master(assignment), assignment)
    with course.writing():
        received.publish(course, assignment)
    latest = _only(submissions(course, assignment), student, assignment)
    seed = course.seed(assignment, master.digest, fresh=again)
    results = Results(course.judge(assignment))
    _try_the_solution(course.master(assignment), master, pool, seed, results)
    data = OnDemand({s.student: s.path for s in latest if not s.reason}, Path.read_bytes)
    graded = grade_all(data, master, pool, results, seed, again, started, progress)
    faults = {s: r.reason for s, r in graded.items() if isinstance(r, Fault)}
    good: dict[str, Any] = {s: key for s, key in graded.names.items() if s not in faults}
    good |= {s.student: s for s in latest if s.reason}
    read = _reader(results, master)
    return Run(course, assignment, master, seed, OnDemand(dict(sorted(good.items())), read),
               faults, not student)  # fmt: skip


def _only(found: list[Submission], student: str, assignment: str) -> list[Submission]:
    if not found:
        raise UserError(
            f"nobody has handed in {assignment} yet. First: cs231n collect {assignment} FILES..."
        )
    if not student:
        return found
    own = [s for s in found if s.student == student]
    if not own:
        raise UserError(f"{student!r} has not handed in {assignment}")
    return own


def _reader(results: Results, master: Master) -> Callable[[Any], Result]:
    """Return what reads a result, or makes that of a hand-in which cannot be graded."""

    def read(source: Any) -> Result:
        if isinstance(source, Submission):
            return not_graded(master, source.reason)
        return results.read(source)

    return read


@dataclass
class Standing:
    """Where the students of an assignment stand: all that reports, exports and feedback read.

    Attributes
    ----------
    results : mapping
        Student -> result, read from disk when asked for.
    grades : dict
        Student -> grade, of those with a result.
    missing : list of Grade
        The roster's students who have handed in nothing.
    waiting : dict
        Student -> why there is no grade yet.
    """

    results: Mapping[str, Result]
    grades: dict[str, Grade]
    missing: list[Grade]
    waiting: dict[str, str]


def standing(course: Course, assignment: str, student: str = "") -> Standing:
    """Return where the students stand, ``student`` alone or all.

    Raises
    ------
    UserError
        If nobody has been graded, or the gradebook does not know of a result.
    """
    master = read_master(course.master(assignment), assignment)
    results = Results(course.judge(assignment))
    present = submissions(course, assignment)
    latest = _only(present, student, assignment) if student else present
    found: dict[str, Any] = {}
    for s in latest:
        key = "" if s.reason else store.key(s.path.read_bytes(), master)
        if s.reason or results.has(key):
            found[s.student] = s if s.reason else key
    if not found or not exists(course):
        raise UserError(f"{assignment} has not been graded yet. First: cs231n grade {assignment}")
    reasons = {s.student: s.reason for s in latest if s.reason}
    with Gradebook(course, assignment) as book:
        lateness = lateness_of(course, assignment, book)
        grades = book.grades(lateness, reasons)
        missing = [] if student else book.missing(s.student for s in present)
    unknown = sorted(found.keys() - grades.keys())
    if unknown:
        raise UserError(
            f"{len(unknown)} results are not in the gradebook ({', '.join(unknown[:3])} ...). "
            f"Write them, which takes no new grading: cs231n grade {assignment}"
        )
    log_grades_by_hand(course, assignment, grades.values())
    waiting = {s.student: f"run cs231n grade {assignment}" for s in latest
               if s.student not in found}  # fmt: skip
    own = {s: grade for s, grade in grades.items() if s in found}
    return Standing(OnDemand(found, _reader(results, master)), own, missing, waiting)


def lateness_of(course: Course, assignment: str, book: Gradebook) -> dict[str, Lateness]:
    """Return student -> what their account says of an assignment; the one place it is made up."""
    due, terms, theirs = book.due_dates(), Terms.read(course), book.extensions()
    came: dict[str, dict[str, Any]] = {}
    for name in course.assignments():
        for s in submissions(course, name):
            time = s.received.replace(tzinfo=None) if s.received else None
            came.setdefault(s.student, {})[name] = time
    found = {}
    for student, times in came.items():
        if assignment in times:
            extensions = terms.extensions_of(student, theirs.get(student, {}))
            budget = terms.late_days.get(student, 0)
            found[student] = account(due, extensions, times, budget)[assignment]
    return found


def log_grades_by_hand(course: Course, assignment: str, grades: Iterable[Grade]) -> None:
    """Log what was changed by hand since the log last spoke of it, in the formgrader say."""
    logged: dict[tuple[str, str], float | None] = {}
    for line in course.read_log():
        if line.get("event") in ("override", "hand grade") and line["assignment"] == assignment:
            logged[line["student"], line["test"]] = line["points"]
    for grade in grades:
        for cell in grade.cells:
            before = logged.get((grade.student, cell.name))
            if cell.by_hand != before:
                course.log("hand grade", assignment=assignment, student=grade.student,
                           test=cell.name, before=before, points=cell.by_hand)  # fmt: skip


def _try_the_solution(data: bytes, master: Master, pool: Pool, seed: int, results: Results) -> None:
    key = store.key(data, master)
    if results.get(key) is not None:
        return
    ((_, result),) = pool.grade({key: data}, seed)
    if isinstance(result, Fault):
        raise UserError(f"grading does not work on this machine: {result.reason}")
    failed = [f"{t.name}: {t.message}" for t in result.tests if not t.passed]
    if failed:
        raise UserError(
            f"the model solution of {master.name} fails its own tests, so nothing was graded:\n"
            + "\n".join(failed)
        )
    results.put(key, result)
