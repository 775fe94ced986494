"""How often the checks are wrong: ``python -m tests.grader.table [--seeds N] [--json]``.

Every sample in ``samples/`` is put in the place of the solution and graded by the test cells of
the master notebook, as often as there are seeds.  A correct sample counts as accepted if it gets
full marks on every seed; a wrong one as rejected if it loses points in exactly the tests it should
lose on every seed; its diagnosis as right if no failing test names another; a lost test as named
if it tells this mistake on every seed.

The record that the instructor's guide shows is kept up by parts, an exercise or an assignment::

    python -m tests.grader.table a1/predict_labels --seeds 200 --wrong-seeds 50 --record
"""

import argparse
import contextlib
import importlib
import json
import math
import pickle
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest import mock

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import Master, Test, defined_names, read_master
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.authoring import trial
from cs231n_lib.course.authoring.samples import Sample, read_samples
from cs231n_lib.course.authoring.trial import Verdict
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.verdict import Outcome

#: How a test says what its exercise builds on.
TRIAL = re.compile(r"@checks\.trial\(\s*\w+,\s*a\d\.([\w.]+)")
SAMPLES = Path(__file__).parent / "samples"
RECORD = "benchmarks/results/table.json"
GUIDE = "book/teaching/grading.md"
#: What is counted of each kind of thing, and what of it is hoped for.
SHARES = (
    ("correct", "accepted"), ("wrong", "rejected"), ("diagnosis", "right"), ("lost", "named"),
)  # fmt: skip
FIELDS = (
    "exercise", *(f"{a}_{b}" for a, what in SHARES for b in ("total", what)), "seeds",
    "wrong_seeds",
)  # fmt: skip


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


def everywhere() -> list[tuple[str, str]]:
    """Return each assignment with each of its exercises."""
    return [(assignment, e) for assignment in assignments() for e in exercises(assignment)]


def earned(assignment: str, exercise: str, answers: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the tests that answers pass, of those that pass any; ``answers`` by a description."""
    tests = {t.name.removeprefix(f"{exercise}-") for t in tests_of(assignment, exercise)}
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of arithmetic with NaN
        for what, code in answers.items():
            passed = tests - set(grade(assignment, exercise, {exercise: code}, seed=1))
            if passed:
                found[what] = sorted(passed)
    return found


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


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Let the references of the checks work out each result once: samples share their inputs."""
    results: dict[tuple[Callable[..., Any], tuple[str, ...], bytes], Any] = {}
    work_out = Exercise.expected

    def expected(exercise: Exercise, args: tuple[Any, ...], **dials: Any) -> Any:
        try:
            key = exercise.reference, exercise.results, pickle.dumps((args, dials))
        except (AttributeError, TypeError, pickle.PicklingError):  # of a function
            return work_out(exercise, args, **dials)
        if key not in results:
            results[key] = work_out(exercise, args, **dials)
        return results[key]

    with mock.patch.object(Exercise, "expected", expected):
        yield


def judge(
    assignment: str, exercise: str, samples: Iterable[Sample], seeds: int, wrong_seeds: int
) -> list[Verdict]:
    """Grade right ``samples`` on ``seeds``, wrong ones on ``wrong_seeds``, until one surprises."""
    verdicts = [Verdict(sample) for sample in samples]
    for seed in range(1, max(seeds, wrong_seeds) + 1):
        with remembered():
            for verdict in verdicts:
                last = seeds if verdict.sample.correct else wrong_seeds
                if seed <= last and not verdict.notes:
                    trial.try_seed(master(assignment), exercise, verdict, seed)
                    verdict.notes += [
                        f"seed {seed}: not named in {test}"
                        for test in sorted(verdict.unnamed - verdict.sample.unnamed)
                    ]
    return verdicts


def verdicts(assignment: str, exercise: str, seeds: int, wrong_seeds: int) -> list[Verdict]:
    """Judge the right and the wrong samples of ``exercise`` on so many seeds."""
    samples = read_samples(SAMPLES / assignment / f"{exercise}.txt")
    return judge(assignment, exercise, samples, seeds, wrong_seeds)


def row(exercise: str, results: list[Verdict], seeds: int, wrong_seeds: int) -> dict[str, Any]:
    """Count ``results`` as the table shows them."""
    correct = [v for v in results if v.sample.correct]
    wrong = [v for v in results if not v.sample.correct]
    named = [v for v in wrong if v.sample.diagnoses]
    counts = [len(correct), sum(v.as_expected for v in correct)]
    counts += [len(wrong), sum(v.as_expected for v in wrong)]
    counts += [len(named), sum(v.named for v in named)]
    lost = sum(len(v.sample.loses) for v in wrong)
    counts += [lost, lost - sum(len(v.unnamed) for v in wrong)]
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
            "mistakes named", "lost tests that name it", "seeds")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for name, group in groups.items():
        accepted, *others = (
            " of ".join(str(sum(r[f"{a}_{what}"] for r in group)) for what in (b, "total"))
            for a, b in SHARES
        )
        seeds, wrong_seeds = (str(min(r[k] for r in group)) for k in ("seeds", "wrong_seeds"))
        lines.append(f"| {' | '.join([name, accepted, seeds, *others, wrong_seeds])} |")
    return lines


def record(rows: list[dict[str, Any]], root: Path) -> None:
    """Put ``rows`` in the place of those on record below ``root``, and into the guide's table.

    Rows of exercises that are gone go too.
    """
    path, guide = root / RECORD, root / GUIDE
    before = json.loads(path.read_text())
    found = {row["exercise"]: row for row in (*before, *rows)}
    order = [f"{a}/{e}" for a in assignments() for e in exercises(a)]
    after = [found[name] for name in order if name in found]
    path.write_text(json.dumps(after, indent=1) + "\n")
    old, new = ("\n".join(summary(some)) for some in (before, after))
    guide.write_text(guide.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit status is 1 if any sample was judged otherwise than expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("exercises", nargs="*", help="a1 or a1/predict_labels, say; default: all")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wrong-seeds", type=int, help="for the wrong samples; default: --seeds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", action="store_true", help="keep it, if all is as expected")
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
            print(_line(rows[-1]), flush=True, file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(rows, indent=1))
    for name, verdict in unexpected:
        print(f"{name}: {verdict.sample.name}: {'; '.join(verdict.notes)}", file=sys.stderr)
    if options.record and not unexpected:
        record(rows, checkout.root())
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
