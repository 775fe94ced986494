"""A pool in the judge's place: its points are counted, nothing is run."""

import hashlib

from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.judge.store import version
from tests.course.notebooks import TESTS


class Counting:
    """A pool that gives the n-th submission, in the order of their bytes, the first n tests."""

    def __init__(self, master):
        self.master = master

    def grade(self, waiting, seed):
        for key in waiting:
            data = waiting[key]
            number = data.decode("utf-8", "replace").rpartition("return ")[2].partition("\\")[0]
            passed = int(number[0]) if number[:1].isdigit() else len(TESTS)
            digest = hashlib.sha256(data).hexdigest()
            result = Result("graded", seed, self.master.digest, digest, version())
            result.answers = {"why": "Because."}
            result.tests = [
                Outcome(t, t, points, points if i < passed else 0.0)
                for i, (t, (points, _)) in enumerate(TESTS.items())
            ]
            yield key, result
