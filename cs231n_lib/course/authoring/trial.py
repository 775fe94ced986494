"""Put other answers in the place of the model's, and have the tests of the master judge them.

This runs in the author's own process, with no walls: samples and mutants are the author's.
"""

import contextlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

from cs231n_lib.course.assignment.master import Master, Test
from cs231n_lib.course.authoring.samples import Sample
from cs231n_lib.course.checks import bench, given, seeds
from cs231n_lib.course.checks.verdict import Outcome

#: How a test tells an exception of the answer's.
RAISED = re.compile(r"your code raised (\w+)")


@dataclass
class Verdict:
    """What the seeds tried so far say about one sample."""

    sample: Sample
    as_expected: bool = True
    named: bool = True
    unnamed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def answers_of(master: Master) -> dict[str, str]:
    """Return the model answers of an assignment, in their order."""
    return {n: c.source for n, c in master.answers.items() if c.kind == "code"}


def exercises(master: Master) -> list[str]:
    """Return the answers that are graded by tests."""
    return [name for name in answers_of(master) if tests_of(master, name)]


def tests_of(master: Master, exercise: str) -> list[Test]:
    """Return the tests of an exercise."""
    return [t for t in master.tests if t.name.startswith(f"{exercise}-")]


@cache
def _compiled(source: str) -> CodeType:
    return compile(source, "<answer>", "exec")


def names_with(master: Master, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return what a notebook defines in which ``answers`` stand in the place of the model's."""
    names: dict[str, Any] = {}
    for source in [*master.setup, *master.imports, *{**answers_of(master), **answers}.values()]:
        # What samples print, and what they raise where they are defined: a judge goes on, too.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            exec(_compiled(source), names)
    return names


def run(master: Master, tests: Iterable[Test], names: dict[str, Any], seed: int) -> list[Outcome]:
    """Return what becomes of ``tests`` on ``names``."""
    given.give(master.name, master.checks)
    seeds.set_seed(seed)
    try:
        return [bench.run(test, names) for test in tests]
    finally:
        seeds.set_seed(0)


def grade(
    master: Master, exercise: str, answers: Mapping[str, str], seed: int
) -> dict[str, Outcome]:
    """Return what fails of an exercise, by test (its name without the exercise's).

    ``answers`` stand in the place of the model's.
    """
    outcomes = run(master, tests_of(master, exercise), names_with(master, answers), seed)
    return {o.name.removeprefix(f"{exercise}-"): o for o in outcomes if not o.passed}


def told(outcome: Outcome) -> str | None:
    """Return what a message names: a mistake of the catalogue, or the exception."""
    if outcome.diagnosis:
        return outcome.diagnosis.id
    raised = RAISED.search(outcome.message)
    return raised[1] if raised else None


def try_seed(master: Master, exercise: str, verdict: Verdict, seed: int) -> None:
    """Grade the sample of ``verdict`` once more, and note there what is unexpected."""
    sample = verdict.sample
    failures = grade(master, exercise, {exercise: sample.code}, seed)
    if set(failures) != sample.loses:
        verdict.as_expected = False
        texts = "; ".join(f"{k}: {v.text}" for k, v in failures.items() if k not in sample.loses)
        verdict.notes.append(f"seed {seed}: fails {sorted(failures)}, expected "
                             f"{sorted(sample.loses)}. {texts}")  # fmt: skip
    names = {told(f) for f in failures.values()}
    false = {f.diagnosis.id for f in failures.values() if f.diagnosis} - sample.diagnoses
    if sample.diagnoses and (false or not names & sample.diagnoses):
        verdict.named = False
        verdict.notes.append(f"seed {seed}: named {sorted(filter(None, names))}, "
                             f"expected {sorted(sample.diagnoses)}")  # fmt: skip
    verdict.unnamed |= {
        t for t, f in failures.items() if t in sample.loses and told(f) not in sample.diagnoses
    }


def judge(master: Master, exercise: str, sample: Sample, seeds: Iterable[int]) -> Verdict:
    """Grade ``sample`` on all ``seeds``; stop at the first that shows something unexpected."""
    verdict = Verdict(sample)
    for seed in seeds:
        try_seed(master, exercise, verdict, seed)
        if verdict.notes:
            break
    return verdict
