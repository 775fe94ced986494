"""How often the checks are wrong: ``python -m tests.grader.table [--seeds N] [--json]``.

``python -m tests.grader.table --seeds 200 --wrong-seeds 50 --json > benchmarks/results/table.json``
makes the record that the instructor's guide shows.

Every sample in ``samples/`` is put in the place of the solution and graded by the test cells of
the master notebook, as often as there are seeds.  A correct sample counts as accepted if it gets
full marks on every seed; a wrong one as rejected if it loses points in exactly the tests it should
lose on every seed; its diagnosis as right if each failing test that names a mistake names this one.
"""

import argparse
import importlib
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import Master, Test, defined_names, read_master
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.authoring import trial
from cs231n_lib.course.authoring.samples import Sample, read_samples
from cs231n_lib.course.authoring.trial import Verdict
from cs231n_lib.course.checks.verdict import Outcome

#: How a test says what its exercise builds on.
TRIAL = re.compile(r"@checks\.trial\(\s*\w+,\s*a\d\.([\w.]+)")
SAMPLES = Path(__file__).parent / "samples"
FIELDS = ("exercise", "correct_total", "correct_accepted", "wrong_total", "wrong_rejected",
          "diagnosis_total", "diagnosis_right", "seeds", "wrong_seeds")  # fmt: skip
#: What is counted of each kind of sample, and what of it is hoped for.
SHARES = (("correct", "accepted"), ("wrong", "rejected"), ("diagnosis", "right"))


@cache
def master(assignment: str) -> Master:
    """Return the master notebook of an assignment."""
    path = checkout.root() / "solutions" / assignment / f"{assignment}.ipynb"
    return read_master(path.read_bytes(), assignment)


def answers_of(assignment: str) -> dict[str, str]:
    """Return the model answers of an assignment, in their order."""
    return trial.answers_of(master(assignment))


def exercises(assignment: str) -> list[str]:
    """Return the answers that are graded by tests."""
    return trial.exercises(master(assignment))


def tests_of(assignment: str, exercise: str) -> list[Test]:
    """Return the tests of an exercise."""
    return trial.tests_of(master(assignment), exercise)


def grade(
    assignment: str, exercise: str, answers: Mapping[str, str], seed: int
) -> dict[str, Outcome]:
    """Return what fails of an exercise; see `authoring.trial.grade`."""
    return trial.grade(master(assignment), exercise, answers, seed)


def built_on(assignment: str) -> dict[str, set[str]]:
    """Return, for each exercise that builds on others, which: by the names its tests replace."""
    owner = {
        name: answer
        for answer, source in answers_of(assignment).items()
        for name in defined_names(source)
    }
    room = importlib.import_module(f"cs231n_lib.course.checks.{assignment}")
    found: dict[str, set[str]] = {}
    for exercise in exercises(assignment):
        for test in tests_of(assignment, exercise):
            names = TRIAL.search(test.source)
            if names:
                below = attrgetter(names[1])(room)
                found.setdefault(exercise, set()).update(owner[n] for n in below if n in owner)
    return {above: below - {above} for above, below in found.items()}


def judge(assignment: str, exercise: str, sample: Sample, seeds: Iterable[int]) -> Verdict:
    """Grade ``sample`` on all ``seeds``; stop at the first that shows something unexpected."""
    return trial.judge(master(assignment), exercise, sample, seeds)


def verdicts(assignment: str, exercise: str, seeds: int, wrong_seeds: int) -> list[Verdict]:
    """Judge the right and the wrong samples of ``exercise`` on so many seeds."""
    samples = read_samples(SAMPLES / assignment / f"{exercise}.txt")
    return [
        judge(assignment, exercise, s, range(1, (seeds if s.correct else wrong_seeds) + 1))
        for s in samples
    ]


def row(exercise: str, results: list[Verdict], seeds: int, wrong_seeds: int) -> dict[str, Any]:
    """Count ``results`` as the table shows them."""
    correct = [v for v in results if v.sample.correct]
    wrong = [v for v in results if not v.sample.correct]
    named = [v for v in wrong if v.sample.diagnoses]
    counts = [len(correct), sum(v.as_expected for v in correct)]
    counts += [len(wrong), sum(v.as_expected for v in wrong)]
    counts += [len(named), sum(v.named for v in named)]
    return dict(zip(FIELDS, (exercise, *counts, seeds, wrong_seeds), strict=True))


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's 95 % confidence interval of a share."""
    if total == 0:
        return 0.0, 1.0
    centre = (hits + z * z / 2) / (total + z * z)
    half = z * math.sqrt(hits * (total - hits) / total + z * z / 4) / (total + z * z)
    return max(0.0, centre - half), min(1.0, centre + half)


def _share(hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    return f"{hits:>4}/{total:<4} [{low:5.1%}, {high:5.1%}]"


def _line(counts: dict[str, Any]) -> str:
    shares = [f"{a} {b} {_share(counts[f'{a}_{b}'], counts[f'{a}_total'])}" for a, b in SHARES]
    return f"{counts['exercise']:<34}" + "  ".join(shares)


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the instructor's guide: the exercises of an assignment in one line."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for r in rows:
        groups.setdefault(r["exercise"].split("/")[0], []).append(r)
    groups["**all**"] = rows
    head = ("assignment", "right answers accepted", "seeds", "wrong answers rejected",
            "mistakes named", "seeds")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---|---:|---:|---:|---:|---:|"]
    for name, group in groups.items():
        accepted, *others = (
            " of ".join(str(sum(r[f"{a}_{what}"] for r in group)) for what in (b, "total"))
            for a, b in SHARES
        )
        seeds, wrong_seeds = (str(min(r[k] for r in group)) for k in ("seeds", "wrong_seeds"))
        lines.append(f"| {' | '.join([name, accepted, seeds, *others, wrong_seeds])} |")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit status is 1 if any sample was judged otherwise than expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("exercises", nargs="*", help="a1 or a1/predict_labels, say; default: all")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wrong-seeds", type=int, help="for the wrong samples; default: --seeds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows, unexpected = [], []
    for assignment in assignments():
        for exercise in exercises(assignment):
            name = f"{assignment}/{exercise}"
            if options.exercises and not {assignment, name} & set(options.exercises):
                continue
            seeds = options.seeds, options.wrong_seeds or options.seeds
            results = verdicts(assignment, exercise, *seeds)
            rows.append(row(name, results, *seeds))
            unexpected += [(name, v) for v in results if v.notes]
            if not options.json:
                print(_line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))
    for name, verdict in unexpected:
        print(f"{name}: {verdict.sample.name}: {'; '.join(verdict.notes)}", file=sys.stderr)
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
