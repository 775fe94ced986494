"""What the checks of one exercise say: a table in a notebook, lines in a terminal, one wording."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.student.hints import Hints

PASSED, FAILED, WAITING = "passed", "failed", "not attempted yet"
MARKS = {PASSED: "✓", FAILED: "✗", WAITING: "○"}
SAME = "for the same reason"
#: What a message begins with if it names the input: another input may have the same cause.
TRIED = re.compile(r"^(?!your code raised)[^:\n]*: ")
NOT_RUN, AGAIN = "not run", "not run because of it"


@dataclass(frozen=True)
class Report:
    """What became of the checks of one exercise.

    Parameters
    ----------
    name : str
        The exercise.
    outcomes : tuple of Outcome
        One for each check.
    missing : str
        A name that is not defined, where that kept the checks from running.
    hints : tuple of str
        What may be asked for as long as a check does not pass.
    begun : bool
        Whether the answer is known to be no longer what it was at first.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    missing: str = ""
    hints: tuple[str, ...] = ()
    begun: bool = False

    @property
    def state(self) -> str:
        """Whether all checks passed, none found anything to check, or some failed."""
        states = set(map(state_of, self.outcomes))
        return states.pop() if len(states) == 1 else FAILED

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        total = len(self.outcomes)
        if self.missing:
            return f"{self.missing} is not defined yet: run the cell that defines it first."
        if self.state == WAITING:
            waiting = "1 check waits" if total == 1 else f"{total} checks wait"
            if self.begun:
                return f"{self.name}: {waiting}, for `raise NotImplementedError` is still reached."
            return f"{self.name}: {WAITING}. {waiting} for your code."
        if self.state == PASSED:
            whole = "its check" if total == 1 else f"all {total} checks"
            return f"{self.name}: {whole} passed."
        passed = sum(outcome.passed for outcome in self.outcomes)
        return f"{self.name}: {passed} of {total} checks passed."

    def told(self) -> Iterator[tuple[Outcome, bool]]:
        """Yield what to list, and whether its cause was told before.

        Before the first attempt there is nothing to tell.
        """
        known = set()
        for outcome in () if self.state == WAITING else self.outcomes:
            where = tuple(outcome.details.rstrip().splitlines()[-2:])
            cause = (TRIED.sub("", outcome.message), outcome.diagnosis, where)
            again = cause in known or AGAIN in outcome.message
            yield outcome, not outcome.passed and again
            known.add(cause)

    def __repr__(self) -> str:
        """Return the table as plain text."""
        lines = [self.headline]
        for outcome, again in self.told():
            state = state_of(outcome)
            lines.append(f"{state}: {outcome.title}" + f" ({SAME})" * again)
            if state == FAILED and not again:
                lines += [f"    {line}" for line in found(outcome).splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = ""
        if rows := "\n".join(_row(outcome, again) for outcome, again in self.told()):
            head = '<tr><th scope="col">Check</th><th scope="col">Result</th></tr>'
            table = f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        hints = ""
        if self.hints and self.state != PASSED:
            hints = f"{Hints(self.name, self.hints)._repr_html_()}\n"
        return (
            f'<div class="practice" data-state="{_short(self.state)}">\n'
            f'<p class="practice-headline">{escape(self.headline)}</p>\n{table}{hints}</div>'
        )


def found(outcome: Outcome) -> str:
    """Return what a failed check found: the place in the code, the message, the likely reason.

    Of one that was not run there is the reason for that alone.
    """
    if NOT_RUN in outcome.message:
        return outcome.message[outcome.message.index(NOT_RUN) :]
    return "\n".join(filter(None, (outcome.details.rstrip(), outcome.text)))


def _row(outcome: Outcome, again: bool) -> str:
    state, said = state_of(outcome), ""
    if again:
        said = f"<p>{SAME.capitalize()}.</p>"
    elif state == FAILED:
        said += f"<pre>{escape(outcome.message)}</pre>"
        if outcome.diagnosis:
            reason = outcome.diagnosis
            said += f"<p><strong>{reason.label}</strong> {escape(reason.sentence)}</p>"
    if outcome.details and not again:
        said += f"<details><summary>Where</summary><pre>{escape(outcome.details)}</pre></details>"
    mark = f'<span aria-hidden="true">{MARKS[state]}</span> {state}'
    return (
        f'<tr data-state="{_short(state)}"><th scope="row">{escape(outcome.title)}</th>'
        f'<td><span class="practice-state">{mark}</span>{said}</td></tr>'
    )


def state_of(outcome: Outcome) -> str:
    """Return whether a check passed, failed or found nothing to check."""
    if outcome.passed:
        return PASSED
    return WAITING if outcome.waits else FAILED


def _short(state: str) -> str:
    """Return the state as one word, for style sheets and scripts."""
    return "waiting" if state == WAITING else state
