"""What the judge found: plain data, and all that the rest of the house sees of the judge."""

from dataclasses import asdict, dataclass, field
from typing import Any

from cs231n_lib.course.assignment.master import Test
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome


@dataclass(frozen=True)
class Fault:
    """A submission that could not be graded through no fault of its author."""

    reason: str


GRADED, STUDENT_FAULT = "graded", "student fault"


@dataclass
class CellReport:
    """What an answer cell printed, and how it failed if it did."""

    output: str = ""
    error: str = ""
    traceback: str = ""


@dataclass
class Result:
    """What the judge found: plain data, the same for the same submission, master and seed."""

    outcome: str
    seed: int
    master: str
    submission: str
    version: str = ""
    reason: str = ""
    tests: list[Outcome] = field(default_factory=list)
    cells: dict[str, CellReport] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points by tests."""
        return sum(t.score for t in self.tests)

    @property
    def points(self) -> float:
        """Points that tests can give."""
        return sum(t.points for t in self.tests)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Result":
        """Return the result that :meth:`to_dict` wrote."""
        tests = [_outcome(t) for t in content["tests"]]
        cells = {name: CellReport(**cell) for name, cell in content["cells"].items()}
        return cls(**{**content, "tests": tests, "cells": cells})


def _outcome(content: dict[str, Any]) -> Outcome:
    found = content["diagnosis"]
    return Outcome(**{**content, "diagnosis": Diagnosis(**found) if found else None})


def not_run(test: Test, reason: str) -> Outcome:
    """Return the outcome of a test that could not be run."""
    return Outcome(test.name, test.title, test.points, message=f"not run: {reason}")
