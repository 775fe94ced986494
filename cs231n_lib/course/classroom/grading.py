"""One grading run: from the latest submissions to the gradebook, and everything on record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.classroom.gradebook import Change, Gradebook
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import store, walls
from cs231n_lib.course.judge.batch import OnDemand, Pool, grade_all
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.judge.store import Results


@dataclass
class Run:
    """A run that has been graded and not yet written down.

    Attributes
    ----------
    results : mapping
        Student -> result, of those that could be graded; read from disk when asked for.
    faults : dict
        Student -> why the machine could not.
    """

    course: Course
    assignment: str
    master: Master
    seed: int
    results: Mapping[str, Result]
    faults: dict[str, str]

    def changes(self) -> list[Change]:
        """Return the grades in the gradebook that writing would change."""
        return Gradebook(self.course, self.assignment).changes(self.results)

    def write(self) -> None:
        """Write the gradebook and the log."""
        received = {s.student: s.received for s in self.course.submissions(self.assignment)}
        Gradebook(self.course, self.assignment).write(self.results, received)
        for student, result in self.results.items():
            self.course.log(
                "grade", assignment=self.assignment, student=student, outcome=result.outcome,
                score=result.score, seed=result.seed, master=result.master,
                submission=result.submission,
            )  # fmt: skip
        for student, reason in self.faults.items():
            self.course.log("fault", assignment=self.assignment, student=student, reason=reason)
        if not self.faults:
            self.course.finish_run(self.assignment, self.master.digest, self.seed)


def settings_for(course: Course, assignment: str, unsafe: bool) -> Settings:
    """Return what the judges of an assignment need to know."""
    folder = course.judge(assignment)
    kind = walls.UNSAFE if unsafe else walls.SAFE
    return Settings(course.master(assignment), assignment, str(folder), kind)


def start(
    course: Course,
    assignment: str,
    pool: Pool,
    again: bool = False,
    started: Callable[[int], None] = lambda _: None,
    progress: Callable[[Result | Fault], None] = lambda _: None,
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

    Raises
    ------
    UserError
        If there is nothing to grade, or the model solution fails.
    """
    master = read_master(course.master(assignment), assignment)
    latest = course.submissions(assignment)
    if not latest:
        raise UserError(
            f"nobody has handed in {assignment} yet. First: cs231n collect {assignment} FILES..."
        )
    seed = course.seed(assignment, master.digest, fresh=again)
    results = Results(course.judge(assignment))
    _try_the_solution(course.master(assignment), master, pool, seed, results)
    data = OnDemand({s.student: s.path for s in latest}, Path.read_bytes)
    graded = grade_all(data, master, pool, results, seed, again, started, progress)
    faults = {s: r.reason for s, r in graded.items() if isinstance(r, Fault)}
    good = {s: key for s, key in graded.names.items() if s not in faults}
    return Run(course, assignment, master, seed, OnDemand(good, results.read), faults)


def kept_results(course: Course, assignment: str) -> OnDemand[Result]:
    """Return student -> result of those whose latest submission has been graded.

    Raises
    ------
    UserError
        If there is nobody.
    """
    master = read_master(course.master(assignment), assignment)
    results = Results(course.judge(assignment))
    keys = {
        s.student: store.key(s.path.read_bytes(), master) for s in course.submissions(assignment)
    }
    found = {student: key for student, key in keys.items() if results.has(key)}
    if not found:
        raise UserError(f"{assignment} has not been graded yet. First: cs231n grade {assignment}")
    return OnDemand(found, results.read)


def grades(course: Course, assignment: str) -> tuple[OnDemand[Result], dict[str, dict[str, Any]]]:
    """Return the kept results, and what `gradebook.Gradebook.students` says of each student.

    Raises
    ------
    UserError
        If nobody has been graded, or the gradebook does not know of a result.
    """
    results = kept_results(course, assignment)
    students = Gradebook(course, assignment).students()
    unknown = sorted(results.keys() - students.keys())
    if unknown:
        raise UserError(
            f"{len(unknown)} results are not in the gradebook ({', '.join(unknown[:3])} ...). "
            f"Write them, which takes no new grading: cs231n grade {assignment}"
        )
    return results, students


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
