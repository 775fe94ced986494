"""Check an exercise where it is written: in a chapter's live page or in one's own notebook.

The checks are the visible tests of the assignments, taken from their released notebooks; the
small exercises that only a chapter has keep theirs in :mod:`cs231n_lib.course.checks.chapters`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from cs231n_lib.course.assignment.master import Test, defined_names, read_master
from cs231n_lib.course.assignment.releases import released
from cs231n_lib.course.checks import bench, verdict
from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.errors import UserError

PASSED, FAILED, WAITING = "passed", "failed", "not attempted yet"
MARKS = {PASSED: "✓", FAILED: "✗", WAITING: "○"}


@dataclass(frozen=True)
class Task:
    """What a reader writes, and how it is checked.

    Parameters
    ----------
    names : tuple of str
        The functions or classes to write.
    tests : tuple of Test
        The visible tests, in order.
    """

    names: tuple[str, ...]
    tests: tuple[Test, ...]


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
        found["", name] = Task((name,), tuple(_test_of_chapter(name, t) for t in tests))
    for path in released():
        master = read_master(path.read_bytes(), path.stem)
        for answer, cell in master.answers.items():
            own = [t for t in master.tests if t.name.startswith(f"{answer}-")]
            if cell.kind == "code" and own:
                task = Task(tuple(defined_names(cell.source)), tuple(own))
                found.update({(path.stem, name): task for name in (answer, *task.names)})
    return found


def _find(name: str, assignment: str | None) -> Task:
    places = sorted(a for a, n in tasks() if n == name and assignment in (None, a))
    if len(places) == 1:
        return tasks()[places[0], name]
    if places:
        listed = " or ".join(f'check("{name}", "{place}")' for place in places)
        raise UserError(f"several assignments ask for {name}: write {listed}")
    known = ", ".join(sorted({n for a, n in tasks() if assignment in (None, a)}))
    where = f" in assignment {assignment!r}" if assignment else ""
    raise UserError(f"there is no exercise {name!r}{where}; there are: {known}")


def check(name: str, assignment: str | None = None) -> "Report":
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
        return Report(name, tuple(waiting), missing[0])
    return Report(name, tuple(bench.run(test, names) for test in task.tests))


@dataclass(frozen=True)
class Report:
    """What the checks of one exercise say; a table in a notebook, lines in a terminal."""

    name: str
    outcomes: tuple[Outcome, ...]
    missing: str = ""

    @property
    def state(self) -> str:
        """Whether all checks passed, none found anything to check, or some failed."""
        states = set(map(_state, self.outcomes))
        return states.pop() if len(states) == 1 else FAILED

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        total = len(self.outcomes)
        if self.missing:
            return f"{self.missing} is not defined yet: run the cell that defines it first."
        if self.state == WAITING:
            return f"{self.name}: {WAITING}. {total} checks wait for your code."
        if self.state == PASSED:
            return f"{self.name}: all {total} checks passed."
        passed = sum(outcome.passed for outcome in self.outcomes)
        return f"{self.name}: {passed} of {total} checks passed."

    def _told(self) -> tuple[Outcome, ...]:
        """Return the outcomes to list; before the first attempt there is nothing to tell."""
        return () if self.state == WAITING else self.outcomes

    def __repr__(self) -> str:
        """Return the table as plain text."""
        lines = [self.headline]
        for each in self._told():
            state = _state(each)
            lines.append(f"{MARKS[state]} {state}: {each.title}")
            if state == FAILED:
                said = "\n".join(filter(None, (each.details.rstrip(), each.text)))
                lines += [f"    {line}" for line in said.splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = ""
        if rows := "\n".join(map(_row, self._told())):
            head = '<tr><th scope="col">Check</th><th scope="col">Result</th></tr>'
            table = f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        return (
            f'<div class="practice" data-state="{_short(self.state)}">\n'
            f'<p class="practice-headline">{escape(self.headline)}</p>\n{table}</div>'
        )


def _row(outcome: Outcome) -> str:
    state, said = _state(outcome), ""
    if state == FAILED:
        said += f"<pre>{escape(outcome.message)}</pre>"
        if outcome.diagnosis:
            sentence = escape(outcome.diagnosis.sentence)
            said += f"<p><strong>Likely reason:</strong> {sentence}</p>"
    if outcome.details:
        said += f"<details><summary>Where</summary><pre>{escape(outcome.details)}</pre></details>"
    mark = f'<span aria-hidden="true">{MARKS[state]}</span> {state}'
    return (
        f'<tr data-state="{_short(state)}"><th scope="row">{escape(outcome.title)}</th>'
        f'<td><span class="practice-state">{mark}</span>{said}</td></tr>'
    )


def _state(outcome: Outcome) -> str:
    if outcome.passed:
        return PASSED
    return WAITING if outcome.waits else FAILED


def _short(state: str) -> str:
    """Return the state as one word, for style sheets and scripts."""
    return "waiting" if state == WAITING else state
