"""Check an exercise where it is written: in a chapter's live page or in one's own notebook.

The checks are the visible tests of the assignments, taken from their released notebooks; the
small exercises that only a chapter has keep theirs in :mod:`cs231n_lib.course.checks.chapters`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cs231n_lib.course.assignment.master import Test, defined_names, read_master
from cs231n_lib.course.assignment.releases import released
from cs231n_lib.course.checks import bench, verdict
from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student.hints import Hints, steps_for
from cs231n_lib.course.student.report import FAILED, PASSED, WAITING, Report

__all__ = ["FAILED", "PASSED", "WAITING", "check", "hint"]


@dataclass(frozen=True)
class Task:
    """What a reader writes, and how it is checked.

    Parameters
    ----------
    name, assignment : str
        What it is called, and where it is asked for (``""``: in a chapter).
    names : tuple of str
        The functions or classes to write.
    tests : tuple of Test
        The visible tests, in order.
    """

    name: str
    assignment: str
    names: tuple[str, ...]
    tests: tuple[Test, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """The three steps to the answer, where there are any."""
        return steps_for(self.name, self.assignment)


def _test_of_chapter(name: str, title: str) -> Test:
    """Return one of the tests of :mod:`chapters` as the cell that it would be."""
    call = f"chapters.TESTS[{name!r}][{title!r}]({name})"
    return Test(name, f"# {title}\nfrom cs231n_lib.course.checks import chapters\n{call}", 1.0)


@cache
def tasks() -> Mapping[tuple[str, str], Task]:
    """Return all tasks: by the assignment (``""`` for a chapter), and a name that it defines."""
    from cs231n_lib.course.checks import chapters

    found: dict[tuple[str, str], Task] = {}
    for name, tests in chapters.TESTS.items():
        found["", name] = Task(name, "", (name,), tuple(_test_of_chapter(name, t) for t in tests))
    for path in released():
        master = read_master(path.read_bytes(), path.stem)
        for answer, cell in master.answers.items():
            own = [t for t in master.tests if t.name.startswith(f"{answer}-")]
            if cell.kind == "code" and own:
                task = Task(answer, path.stem, tuple(defined_names(cell.source)), tuple(own))
                found.update({(path.stem, name): task for name in (answer, *task.names)})
    return found


def _find(name: str, assignment: str | None) -> Task:
    places = sorted(a for a, n in tasks() if n == name and assignment in (None, a))
    if len(places) == 1:
        return tasks()[places[0], name]
    if places:
        listed = " or ".join(f'check("{name}", "{place}")' for place in places)
        raise UserError(f"several assignments ask for {name}: write {listed}")
    assignments = sorted({a for a, _ in tasks()} - {""})
    if assignment and assignment not in assignments:
        raise UserError(
            f"there is no assignment {assignment!r}; there are: {', '.join(assignments)}"
        )
    known = ", ".join(sorted({n for a, n in tasks() if assignment in (None, a)}))
    where = f" in assignment {assignment!r}" if assignment else ""
    raise UserError(f"there is no exercise {name!r}{where}; there are: {known}")


def check(name: str, assignment: str | None = None) -> Report:
    """Check the reader's own code for an exercise, as it stands in the notebook that calls this.

    Parameters
    ----------
    name : str
        The function or class to check, such as ``"svm_loss_naive"``.
    assignment : str, optional
        Where it is asked for, such as ``"a2"``; needed if several assignments ask for it.

    Returns
    -------
    Report
        A notebook shows it as a table.

    Raises
    ------
    UserError
        If there is no such exercise, or more than one.

    Examples
    --------
    >>> def accuracy(y_pred, y):
    ...     raise NotImplementedError
    >>> check("accuracy").headline
    'accuracy: not attempted yet. 3 checks wait for your code.'
    """
    task = _find(name, assignment)
    names = sys._getframe(1).f_globals  # those of the notebook
    missing = [each for each in task.names if each not in names]
    if missing:
        waiting = (
            Outcome(t.name, t.title, t.points, message=f"{verdict.NOT_YET}.",
                    diagnosis=verdict.NOT_IMPLEMENTED)
            for t in task.tests
        )  # fmt: skip
        return Report(name, tuple(waiting), missing[0], task.hints)
    return Report(name, tuple(bench.run(test, names) for test in task.tests), hints=task.hints)


def hint(name: str, assignment: str | None = None, step: int = 1) -> Hints:
    """Show the three hints for an exercise, each folded until it is opened.

    Nobody but the reader learns that they were asked for.

    Parameters
    ----------
    name, assignment : str
        As for :func:`check`.
    step : int
        How many of them to show where nothing can be folded, in a terminal.

    Raises
    ------
    UserError
        If there is no such exercise, or no hint for it.

    Examples
    --------
    >>> len(hint("accuracy").steps)
    3
    """
    task = _find(name, assignment)
    if not task.hints:
        raise UserError(f"there are no hints for {name}, or the assignment has switched them off")
    place = f', "{assignment}"' if assignment else ""
    shown = min(max(int(step), 1), len(task.hints))
    return Hints(name, task.hints, shown, f'practice.hint("{name}"{place}, step={shown + 1})')
