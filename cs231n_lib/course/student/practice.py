"""Check an exercise where it is written: in a chapter's live page or in one's own notebook.

The checks are the visible tests of the assignments, taken from their released notebooks; the
small exercises that only a chapter has keep theirs in :mod:`cs231n_lib.course.checks.chapters`.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from typing import Any

from cs231n_lib.course.assignment.master import defined_names, read_master
from cs231n_lib.course.assignment.releases import released
from cs231n_lib.course.checks import verdict
from cs231n_lib.course.checks.verdict import CheckFailed
from cs231n_lib.course.errors import UserError

PASSED, FAILED, WAITING = "passed", "failed", "not attempted yet"
MARKS = {PASSED: "✓", FAILED: "✗", WAITING: "○"}


@dataclass(frozen=True)
class Check:
    """One test: what it tries, and a function that runs it on the names of a notebook."""

    title: str
    run: Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Task:
    """What a reader writes, and how it is checked.

    Parameters
    ----------
    names : tuple of str
        The functions or classes to write.
    checks : tuple of Check
        The visible tests, in order.
    """

    names: tuple[str, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one check.

    Parameters
    ----------
    title, state : str
        What the check tries, and whether it passed, failed or found nothing to check.
    message, reason, details : str
        What was found, the likely reason, and the place in the reader's code.
    diagnosis : str
        The short name of the reason.
    """

    title: str
    state: str
    message: str = ""
    reason: str = ""
    details: str = ""
    diagnosis: str = ""


def _run_cell(source: str, name: str, names: dict[str, Any]) -> None:
    exec(compile(source, f"<test {name}>", "exec"), names)


def _run_function(test: Callable[..., None], name: str, names: dict[str, Any]) -> None:
    test(names[name])


@cache
def tasks() -> Mapping[tuple[str, str], Task]:
    """Return all tasks: by the assignment (``""`` for a chapter), and a name that it defines."""
    from cs231n_lib.course.checks import chapters

    found: dict[tuple[str, str], Task] = {}
    for name, tests in chapters.TESTS.items():
        checks = [Check(title, partial(_run_function, t, name)) for title, t in tests.items()]
        found["", name] = Task((name,), tuple(checks))
    for path in released():
        master = read_master(path.read_bytes(), path.stem)
        for answer, cell in master.answers.items():
            own = [t for t in master.tests if t.name.startswith(f"{answer}-")]
            if cell.kind == "code" and own:
                checks = [Check(t.title, partial(_run_cell, t.source, t.name)) for t in own]
                task = Task(tuple(defined_names(cell.source)), tuple(checks))
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
        return Report(name, tuple(Outcome(c.title, WAITING) for c in task.checks), missing[0])
    return Report(name, tuple(_outcome(c, dict(names)) for c in task.checks))


def _outcome(check: Check, names: dict[str, Any]) -> Outcome:
    """Run one check on a copy of the notebook's names."""
    try:
        check.run(names)
    except CheckFailed as failure:
        if failure.diagnosis is verdict.NOT_IMPLEMENTED:
            return Outcome(check.title, WAITING)
        found = failure.diagnosis or verdict.Diagnosis("", "")
        return Outcome(
            check.title, FAILED, failure.message, found.sentence, failure.details, found.id
        )
    except NameError as error:
        needed = f"this check also calls `{error.name}`, which this notebook does not define yet."
        return Outcome(check.title, FAILED, needed)
    except Exception as error:
        return Outcome(check.title, FAILED, f"{type(error).__name__}: {error}")
    return Outcome(check.title, PASSED)


@dataclass(frozen=True)
class Report:
    """What the checks of one exercise say; a table in a notebook, lines in a terminal."""

    name: str
    outcomes: tuple[Outcome, ...]
    missing: str = ""

    @property
    def state(self) -> str:
        """Whether all checks passed, none found anything to check, or some failed."""
        states = {outcome.state for outcome in self.outcomes}
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
        passed = sum(outcome.state == PASSED for outcome in self.outcomes)
        return f"{self.name}: {passed} of {total} checks passed."

    def _told(self) -> tuple[Outcome, ...]:
        """Return the outcomes to list; before the first attempt there is nothing to tell."""
        return () if self.state == WAITING else self.outcomes

    def __repr__(self) -> str:
        """Return the table as plain text."""
        lines = [self.headline]
        for each in self._told():
            lines.append(f"{MARKS[each.state]} {each.state}: {each.title}")
            reason = each.reason and f"Likely reason: {each.reason}"
            said = "\n".join(filter(None, (each.details.rstrip(), each.message, reason)))
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
    said = ""
    if outcome.message:
        said += f"<pre>{escape(outcome.message)}</pre>"
    if outcome.reason:
        said += f"<p><strong>Likely reason:</strong> {escape(outcome.reason)}</p>"
    if outcome.details:
        said += f"<details><summary>Where</summary><pre>{escape(outcome.details)}</pre></details>"
    mark = f'<span aria-hidden="true">{MARKS[outcome.state]}</span> {outcome.state}'
    return (
        f'<tr data-state="{_short(outcome.state)}"><th scope="row">{escape(outcome.title)}</th>'
        f'<td><span class="practice-state">{mark}</span>{said}</td></tr>'
    )


def _short(state: str) -> str:
    """Return the state as one word, for style sheets and scripts."""
    return "waiting" if state == WAITING else state
