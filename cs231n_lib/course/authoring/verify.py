"""Try an assignment of one's own before students do, and say what it lacks."""

import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cs231n_lib.course.assignment.master import SOLUTION, Master, read_master
from cs231n_lib.course.authoring import trial
from cs231n_lib.course.authoring.leaks import leaks
from cs231n_lib.course.authoring.mutants import mutants
from cs231n_lib.course.authoring.samples import Sample, read_samples, unexplained
from cs231n_lib.course.checks import ASSIGNMENTS, Exercise, given
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import pools, rules
from cs231n_lib.course.judge.result import Fault

#: Fewer samples than these say little about how often the tests are wrong.
RIGHT, WRONG = 3, 5
STUB = 'raise NotImplementedError("to do")'


@dataclass
class Report:
    """What was tried, and what is missing or wrong: nothing, if the assignment is ready."""

    tried: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def verify(course: Course, assignment: str, seeds: int, walls: str) -> Report:
    """Try all that can be tried of an assignment.

    Parameters
    ----------
    course : Course
        The course that has it.
    assignment : str
        Its name.
    seeds : int
        On how many different random inputs each sample is judged.
    walls : str
        Behind which walls the judge grades the model solution.

    Raises
    ------
    UserError
        If there is no such assignment, or its notebook, checks or samples cannot be read.
    """
    report = examine(course, assignment, seeds)
    data = course.master(assignment)
    _judged(data, read_master(data, assignment), course.judge(assignment), walls, report)
    return report


def examine(course: Course, assignment: str, seeds: int) -> Report:
    """Try all that needs no judge, in this very process; see `verify`."""
    master = read_master(course.master(assignment), assignment)
    report = Report()
    _checks(master, report)
    exercises = trial.exercises(master)
    if not exercises:
        report.problems.append("no answer cell has a test whose name begins with the answer's name")
    report.problems += _strays(master, exercises, course.samples(assignment, "x").parent)
    _written(master, report)
    for exercise in exercises:
        report.problems += _parts(master, exercise)
        _exercise(master, exercise, course.samples(assignment, exercise), seeds, report)
    return report


def _checks(master: Master, report: Report) -> None:
    """Look for references with mistakes."""
    if master.name in ASSIGNMENTS and not master.checks:
        return  # one of ours: its checks are in the package
    where = f"checks/{master.name}.py"
    if not master.checks:
        report.problems.append(f"there is no {where} with a reference and its mistakes")
        return
    given.give(master.name, master.checks)
    try:
        module = given.own(master.name)
    except Exception as error:  # the file is a program: it may raise anything
        raise UserError(f"{where} cannot be used: {type(error).__name__}: {error}") from None
    found = {n: e for n, e in vars(module).items() if isinstance(e, Exercise)}
    report.tried.append(
        f"{where}: {len(found)} references, {sum(len(e.mistakes) for e in found.values())} mistakes"
    )
    if not found:
        report.problems.append(f"{where} has no checks.Exercise")
    report.problems += [f"{where}: {n} has no mistakes" for n, e in found.items() if not e.mistakes]


def _strays(master: Master, exercises: list[str], samples: Path) -> Iterator[str]:
    """Yield what belongs to no exercise: tests and samples of an earlier name, say."""
    for test in master.tests:
        if not any(test in trial.tests_of(master, exercise) for exercise in exercises):
            yield f"{test.name}: no answer cell has the name that this test's begins with"
    for path in sorted(samples.glob("*.txt")):
        if path.stem not in exercises:
            yield (
                f"samples/{master.name}/{path.name}: there is no exercise {path.stem}, but "
                f"{', '.join(exercises) or 'none'}; rename it or take it away"
            )


def _written(master: Master, report: Report) -> None:
    """Look at the answers that a person grades; what is not a solution, students do not get."""
    for name, points in master.manual.items():
        report.tried.append(f"{name}: graded by a person, {points:g} points")
        if not points > 0:
            report.problems.append(f"{name}: gives no points")
        if SOLUTION[0] not in master.answers[name].source:
            report.problems.append(
                f"{name}: the cell has no {SOLUTION[0]}, so nothing that stands in it reaches "
                "students. Put the question into a cell before it, and a model answer with its "
                f"rubric between {SOLUTION[0]} and {SOLUTION[1]}"
            )


def _parts(master: Master, exercise: str) -> Iterator[str]:
    """Yield what an exercise lacks in the notebook."""
    tests = trial.tests_of(master, exercise)
    if not any(len(t.visible().source.strip().splitlines()) > 2 for t in tests):
        yield f"{exercise}: no test that students see in full"
    if not any(t.hidden_lines() for t in tests):
        yield f"{exercise}: no test with a hidden part (### BEGIN HIDDEN TESTS)"
    if SOLUTION[0] not in master.answers[exercise].source:
        yield f"{exercise}: the answer has no {SOLUTION[0]}, so students get an empty cell"
    for test in tests:
        if not test.points > 0:
            yield f"{test.name}: gives no points"
        if "checks.own" in test.visible().source:
            yield f"{test.name}: names checks.own, which students have not, outside its hidden part"
        if test.title == test.name:
            yield f"{test.name}: begins with no comment that says what it tests"


def _exercise(master: Master, exercise: str, path: Path, seeds: int, report: Report) -> None:
    """Judge model, stub, samples and mutants of one exercise, and search for leaks."""
    model = trial.answers_of(master)[exercise]
    for seed in range(1, seeds + 1):
        failed = trial.grade(master, exercise, {}, seed)
        if failed:
            told = "; ".join(f"{name}: {o.text}" for name, o in failed.items())
            report.problems.append(f"{exercise}: the model solution fails (seed {seed}): {told}")
            return
    unearned = len(trial.tests_of(master, exercise)) - len(
        trial.grade(master, exercise, {exercise: stub(model)}, 1)
    )
    if unearned:
        report.problems.append(f"{exercise}: an empty answer passes {unearned} tests")
    samples = read_samples(path) if path.is_file() else []
    _samples(master, exercise, samples, seeds, report)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the mutants' own syntax and arithmetic
        made = dict(mutants(model))
        alive = {n for n, c in made.items() if not trial.grade(master, exercise, {exercise: c}, 1)}
    left = sorted(unexplained(path, alive))
    report.tried.append(f"{exercise}: {len(made)} mutants of the model, {len(left)} pass unseen")
    report.problems += [
        f"{exercise}: this change passes all tests; if it is right as well, say so by "
        f"'=== same {name}' in {path.name}" for name in left
    ]  # fmt: skip
    leaking = sorted(set(leaks(master, exercise, [s for s in samples if not s.correct])))
    report.problems += [
        f"{test}: what it says of '{sample}' has a number of its hidden inputs or results"
        for test, sample in leaking
    ]


def _samples(
    master: Master, exercise: str, samples: list[Sample], seeds: int, report: Report
) -> None:
    right = [s for s in samples if s.correct]
    wrong = [s for s in samples if not s.correct]
    for kind, found, least in (("right", right, RIGHT), ("wrong", wrong, WRONG)):
        if len(found) < least:
            report.problems.append(
                f"{exercise}: {len(found)} {kind} samples; write {least} at least, into "
                f"samples/{master.name}/{exercise}.txt"
            )
    known = {t.name.removeprefix(f"{exercise}-") for t in trial.tests_of(master, exercise)}
    for sample in samples:
        strangers = sorted(sample.loses - known)
        if strangers:
            report.problems.append(
                f"{exercise}: sample '{sample.name}' loses {', '.join(strangers)}, but the tests "
                f"are {', '.join(sorted(known))}"
            )
    verdicts = [trial.judge(master, exercise, s, range(1, seeds + 1)) for s in samples]
    good = {v.sample.name for v in verdicts if v.as_expected}
    report.tried.append(
        f"{exercise}: {sum(s.name in good for s in right)} of {len(right)} right answers accepted, "
        f"{sum(s.name in good for s in wrong)} of {len(wrong)} wrong ones rejected, {seeds} seeds"
    )
    report.problems += [f"{exercise}: '{v.sample.name}': {n}" for v in verdicts for n in v.notes]


def stub(source: str) -> str:
    r"""Return an answer as students get it, which nobody has written anything into.

    Examples
    --------
    >>> print(stub("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"))
    def f():
        raise NotImplementedError("to do")
    """
    region = re.compile(rf"^( *){SOLUTION[0]}.*?{SOLUTION[1]}", re.M | re.S)
    return region.sub(rf"\1{STUB}", source) if region.search(source) else STUB


def _judged(data: bytes, master: Master, folder: Path, walls: str, report: Report) -> None:
    """Have the judge grade the model solution as it grades students, and time it."""
    settings = pools.Settings(data, master.name, str(folder), walls)
    began = time.monotonic()
    ((_, result),) = pools.make(settings, "", 1).grade({"": data}, 1)
    seconds = time.monotonic() - began
    if isinstance(result, Fault):
        raise UserError(f"grading does not work on this machine: {result.reason}")
    report.tried.append(
        f"behind the walls: {result.score:g} of {result.points:g} points in {seconds:.1f} seconds, "
        f"{rules.limits_of(master).wall:g} are allowed to compute"
    )
    report.problems += [f"behind the walls {t.name} fails: {t.text}" for t in result.tests
                        if not t.passed]  # fmt: skip
