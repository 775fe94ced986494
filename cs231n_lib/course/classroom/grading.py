"""One grading run: from the latest submissions to the gradebook, and everything on record.

The gradebook is opened to ask which cells changed, which grades would, and to write them, and is
closed in between: judges may work for hours and a person may think, while the database of a server
ends a connection that waits, and one in a file would be kept from the formgrader.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course, new_seed
from cs231n_lib.course.classroom.gradebook.cells import CellChanges
from cs231n_lib.course.classroom.gradebook.database import exists
from cs231n_lib.course.classroom.gradebook.gradebook import Change, Gradebook
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.incoming.received import Submission, submissions
from cs231n_lib.course.classroom.standing import lateness_of, only, reader
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import pools, store
from cs231n_lib.course.judge.batch import OnDemand, Pool, grade_all
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.judge.store import Drafts

#: What the log says of a result; where all of it is the same, the result has not changed.
LOGGED = ("outcome", "score", "seed", "master", "submission")


@dataclass(frozen=True)
class Row:
    """What is told of one result at the end of a run, to a person and to the log."""

    student: str
    score: float
    points: float
    outcome: str
    reason: str
    seed: int
    master: str
    submission: str

    @staticmethod
    def of(student: str, result: Result) -> "Row":
        """Return the row of a student's result."""
        return Row(student, result.score, result.points, result.outcome, result.reason,
                   result.seed, result.master, result.submission)  # fmt: skip


@dataclass
class Run:
    """A run that has been graded and not yet written down.

    Attributes
    ----------
    results : mapping
        Student -> result, of those that could be graded; read from disk when asked for.
    faults : dict
        Student -> why the machine could not.
    whole : bool
        Whether it is of all students.
    keys : mapping
        Student -> under which key the result is kept, of those who were graded.
    reasons : mapping
        Student -> why there was nothing to grade, of the others.
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
    keys: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def changes(self) -> list[Change]:
        """Return the grades in the gradebook that writing would change."""
        if not exists(self.course):
            return []
        with Gradebook(self.course, self.assignment) as book:
            stale = self._stale(self._present())
            current = {s: s for s in self.results if s not in stale}
            return book.changes(OnDemand(current, self.results.__getitem__))

    def _present(self) -> dict[str, Submission]:
        return {s.student: s for s in submissions(self.course, self.assignment)}

    def _stale(self, present: Mapping[str, Submission]) -> dict[str, str]:
        """Return student -> why the result does not count, of those who have handed in since.

        Judges work for hours: another run may have written the grade of the later one by now.
        """
        return {
            student: "another hand-in counts by now; grade again"
            for student in self.results
            if student not in present or not self._is_of(student, present[student])
        }

    def _is_of(self, student: str, now: Submission) -> bool:
        """Whether the student's result is that of the submission ``now``."""
        if now.reason or student in self.reasons:
            return now.reason == self.reasons.get(student)
        return store.key(now.content(), self.master) == self.keys[student]

    def write(self) -> None:
        """Write the gradebook and the log; who cannot be written joins the faults.

        Raises
        ------
        UserError
            If the assignment is not any more what was graded by.
        """
        seen: dict[str, Row] = {}

        def read(student: str) -> Result:
            """Read a result, once for the gradebook and the log."""
            result = self.results[student]
            seen[student] = Row.of(student, result)
            return result

        with self.course.writing():
            master = read_master(self.course.master(self.assignment), self.assignment)
            if master.digest != self.master.digest:
                raise UserError(
                    f"{self.assignment} was changed while it was graded, so nothing was written: "
                    f"cs231n grade {self.assignment}"
                )
            present = self._present()
            when = {student: s.received for student, s in present.items()}
            self.faults |= self._stale(present)
            current = {s: s for s in self.results if s not in self.faults}
            with Gradebook(self.course, self.assignment) as book:
                self.faults |= book.write(OnDemand(current, read), when)
                written = (key for s, key in self.keys.items() if s not in self.faults)
                Drafts(self.course.judge(self.assignment), self.seed).settle(written)
                lateness = lateness_of(self.course, self.assignment, book)
                book.settle(book.grades(lateness, {}))
            self.rows = [seen[student] for student in sorted(seen)]
            self._log()
            if self.whole:
                self.course.finish_run(self.assignment, self.master.digest, self.seed)

    def _log(self) -> None:
        """Log each result once: what was logged before and is the same is not repeated."""
        logged = {
            line["student"]: [line.get(name) for name in LOGGED]
            for line in self.course.read_log()
            if line.get("event") == "grade" and line.get("assignment") == self.assignment
        }
        for row in self.rows:
            details: dict[str, Any] = {name: getattr(row, name) for name in LOGGED}
            if logged.get(row.student) != list(details.values()):
                self.course.log("grade", assignment=self.assignment, student=row.student, **details)
        for student, reason in self.faults.items():
            self.course.log("fault", assignment=self.assignment, student=student, reason=reason)


def settings_for(course: Course, assignment: str, unsafe: bool) -> pools.Settings:
    """Return what the judges of an assignment need to know."""
    folder = course.judge(assignment)
    kind = pools.UNSAFE if unsafe else pools.SAFE
    return pools.Settings(course.master(assignment), assignment, str(folder), kind)


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
        received.publish(course, assignment)  # what a collecting that was cut off has kept
    broken = received.damaged(course, assignment)
    latest = only(course, submissions(course, assignment), student, assignment)
    # A single student's is no part of a run that others are still to be graded in: who was told
    # how it went would meet the same inputs with the next hand-in.
    seed = new_seed() if student else course.seed(assignment, master.digest, fresh=again)
    results = Drafts(course.judge(assignment), seed)
    _try_the_solution(course.master(assignment), master, pool, seed, results)
    broken = {s.student: broken[s.student] for s in latest if s.student in broken}
    latest = [s for s in latest if s.student not in broken]
    data = OnDemand({s.student: s for s in latest if not s.reason}, Submission.content)
    graded = grade_all(data, master, pool, results, seed, again, started, progress)
    faults = {s: key.reason for s, key in graded.names.items() if isinstance(key, Fault)}
    keys = {s: key for s, key in graded.names.items() if s not in faults}
    faults |= broken
    empty = {s.student: s for s in latest if s.reason}
    reasons = {student: s.reason for student, s in empty.items()}
    found = OnDemand(dict(sorted({**keys, **empty}.items())), reader(results, master))
    return Run(course, assignment, master, seed, found, faults, not student, keys, reasons)


def _try_the_solution(data: bytes, master: Master, pool: Pool, seed: int, results: Drafts) -> None:
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
    results.settle([key])  # of no student's
