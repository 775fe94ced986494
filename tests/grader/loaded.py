"""Right answers on a machine that is much too busy: ``python -m tests.grader.loaded [a1 ...]``.

Grades the model solution of each assignment and all right samples of its exercises while busy
processes share the cores with the judges, and while judges and what is below them are stopped and
continued. A point that is lost is the judge's fault; what was tried again is counted.
"""

import argparse
import json
import os
import sys
import tempfile
import time

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.pools.local import LocalPool
from cs231n_lib.course.judge.result import Fault
from cs231n_lib.course.judge.walls.bubblewrap import require_isolation
from tests.grader import table
from tests.grader.processes import crowd, interruptions


class Counting(LocalPool):
    """A pool that remembers the reason of each submission that was tried again."""

    def __init__(self, settings, processes):
        super().__init__(settings, processes=processes)
        self.retried = []

    def _round(self, submissions, keys, seed, judges, patience):
        for key, result in super()._round(submissions, keys, seed, judges, patience):
            if isinstance(result, Fault):
                self.retried.append(f"{key}: {result.reason}")
            yield key, result


def right_submissions(assignment):
    """Return the model solution, and notebooks that hold the right samples of all exercises.

    The first has the first sample of each exercise, and so on; an exercise that has none left has
    the model answer.
    """
    source = (checkout.root() / "solutions" / assignment / f"{assignment}.ipynb").read_bytes()
    samples = {
        exercise: [s for s in table.read_samples(table.SAMPLES / assignment / f"{exercise}.txt")
                   if s.correct]
        for exercise in table.exercises(assignment)
    }  # fmt: skip
    found = {"model solution": source}
    for number in range(max(map(len, samples.values()))):
        content = json.loads(source)
        for cell in content["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in samples and number < len(samples[name]):
                cell["source"] = samples[name][number].code
        found[f"right samples {number + 1}"] = json.dumps(content).encode()
    return found


def grade_loaded(settings, submissions, busy, judges, seed=1):
    """Grade ``submissions`` beside ``busy`` processes.

    Returns the results by name, the reasons of what was tried again, and how often something was
    stopped.
    """
    pool = Counting(settings, judges)
    with crowd(busy), interruptions() as stops:
        found = dict(pool.grade(submissions, seed))
    return found, pool.retried, len(stops)


def main(arguments=None):
    """Grade and tell; the exit status is 1 if a point was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.grader.loaded")
    parser.add_argument("assignments", nargs="*", help="a1 a2, say; default: all")
    parser.add_argument("--busy", type=int, default=24, help="processes that share the cores")
    parser.add_argument("--judges", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    unknown = set(options.assignments) - set(assignments())
    if unknown:
        parser.error(f"no such assignment: {', '.join(sorted(unknown))}")
    require_isolation()
    lost = 0.0
    for assignment in options.assignments or assignments():
        submissions, began = right_submissions(assignment), time.monotonic()
        master = submissions["model solution"]
        with tempfile.TemporaryDirectory() as folder:
            found, retried, stops = grade_loaded(
                Settings(master, assignment, folder), submissions, options.busy, options.judges,
                options.seed,
            )  # fmt: skip
        points = sum(test.points for test in read_master(master, assignment).tests)
        for name, result in sorted(found.items()):
            missing = points if isinstance(result, Fault) else points - result.score
            lost += missing
            if missing:
                tests = [] if isinstance(result, Fault) else result.tests
                why = [f"{t.name}: {t.message}" for t in tests if not t.passed] or [result.reason]
                print(f"  {assignment}, {name}: {missing:g} of {points:g} points lost")
                print(*(f"    {line}" for line in why), sep="\n")
        for reason in retried:
            print(f"  tried again: {assignment}, {reason}")
        print(f"{assignment}: {len(found)} submissions, {len(retried)} tried again, {stops} stops, "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    print(f"{lost:g} points lost with {options.busy} busy processes, {options.judges} judges")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
