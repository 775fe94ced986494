"""Grade one submission: run its answers behind walls, the tests here, and compare.

There are three outcomes. *Graded*: every test was run and passed or failed. *Student fault*:
there was nothing to run, and the reason says why. An *infrastructure fault* is neither the
student's nor a result: it is raised, tried again, and never written down as a grade.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import Any

from cs231n_lib.course.assignment.answers import Answers, take_answers
from cs231n_lib.course.assignment.master import Master, Test
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.checks import bench, calling
from cs231n_lib.course.checks.verdict import Outcome, StudentError
from cs231n_lib.course.judge.limits import Limits
from cs231n_lib.course.judge.line import Line
from cs231n_lib.course.judge.proxies import Client, Missing
from cs231n_lib.course.judge.result import GRADED, STUDENT_FAULT, Result
from cs231n_lib.course.judge.store import version

MAX_STARTS = 8


class Grader:
    """Grades submissions of one assignment, one after the other.

    Parameters
    ----------
    master : Master
        The assignment.
    start_worker : callable
        Returns a fresh `Line`; raises `InfrastructureError` if it cannot.
    limits : Limits
        For each submission.
    """

    def __init__(self, master: Master, start_worker: Callable[[], Line], limits: Limits) -> None:
        self.master, self.start_worker, self.limits = master, start_worker, limits
        self.setup: dict[str, Any] = {"__name__": "__main__"}
        for source in master.setup:
            exec(compile(source, "<set-up>", "exec"), self.setup)

    def grade(
        self, submission: bytes, seed: int, before: Callable[[Test, Result], str] = lambda *_: ""
    ) -> Result:
        """Return the result for ``submission``.

        Parameters
        ----------
        submission : bytes
            The notebook.
        seed : int
            What the tests draw from.
        before : callable
            Asked before each test, with what was found so far: why not to run it, ``""`` to run.

        Raises
        ------
        InfrastructureError
            If the machine, not the submission, is at fault.
        """
        digest = hashlib.sha256(submission).hexdigest()
        result = Result(GRADED, seed, self.master.digest, digest, version())
        try:
            answers = take_answers(submission, self.master)
        except Damaged as error:
            return self._not_run(result, str(error))
        result.notes, result.answers = list(answers.notes), answers.sources
        session = _Session(self, answers, result)
        try:
            if not answers.sources and not session.defines_anything():
                reason = "none of the answer cells of this assignment is in the notebook"
                return self._not_run(result, reason)
            for test in self.master.tests:
                reason = before(test, result)
                result.tests.append(not_run(test, reason) if reason else session.check(test))
        finally:
            session.close()
        return result

    def _not_run(self, result: Result, reason: str) -> Result:
        result.outcome, result.reason = STUDENT_FAULT, reason
        result.tests = [not_run(test, reason) for test in self.master.tests]
        return result


def not_run(test: Test, reason: str) -> Outcome:
    """Return the outcome of a test that could not be run."""
    return Outcome(test.name, test.title, test.points, message=f"not run: {reason}")


class _Session:
    """The workers of one submission: a second one takes over when a test has cost the first."""

    def __init__(self, grader: Grader, answers: Answers, result: Result) -> None:
        self.grader, self.answers, self.result = grader, answers, result
        self.client: Client | None = None
        self.names: dict[str, Any] = {}
        self.deadline = time.monotonic() + grader.limits.wall
        self.starts = 0
        self.deadly: set[int] = set()

    def close(self) -> None:
        if self.client is not None:
            self.client.worker.close()

    def defines_anything(self) -> bool:
        """Whether the submission defines one of the names that the tests use."""
        self._prepare()
        return bool(self.names)

    def _prepare(self) -> None:
        """Have a worker that has run the answer cells, if the submission leaves one alive."""
        while self.client is None or self.client.worker.dead:
            if self.starts == MAX_STARTS or time.monotonic() > self.deadline:
                return
            self.starts += 1
            worker = self.grader.start_worker()
            self.client = Client(worker, self.grader.limits.call, self.deadline)
            self._run_cells(self.client)

    def _run_cells(self, client: Client) -> None:
        master = self.grader.master
        trusted = [("set-up", source, False) for source in (*master.setup, *master.imports)]
        for label, source, helpers in trusted:
            with contextlib.suppress(StudentError):
                client.request(op="run", cell=label, source=source, helpers=helpers)
        for number, (label, source, helpers) in enumerate(self.answers.run):
            if number in self.deadly:
                continue
            report = self.result.cells.setdefault(label, {})
            try:
                reply = client.request(op="run", cell=label, source=source, helpers=helpers)
                self._keep_output(report, reply)
            except StudentError as error:
                if client.worker.dead:
                    self.deadly.add(number)
                if not helpers:
                    report["error"] = str(error)[: bench.MAX_TEXT]
                    report["traceback"] = error.traceback[: bench.MAX_TEXT]
            if client.worker.dead:
                return
        try:
            self.names = client.ask(op="names", names=master.names)
        except StudentError:
            self.names = {}

    def _keep_output(self, report: dict[str, str], reply: dict[str, Any]) -> None:
        output, ok = reply.get("output"), reply.get("ok")
        if isinstance(output, str) and output and "output" not in report:
            report["output"] = output[: self.grader.limits.output]
        notes = ok.get("notes") if isinstance(ok, dict) else None
        if isinstance(notes, list):
            known = self.result.notes
            known += [n[:200] for n in notes if isinstance(n, str) and n[:200] not in known][:20]

    def _bindings(self) -> dict[str, Any]:
        names = self.names if isinstance(self.names, dict) else {}
        broken = [f"{n}: {c['error']}" for n, c in self.result.cells.items() if "error" in c]
        reason = f" (the cell {broken[0]})" if broken else ""
        return {n: names[n] if n in names else Missing(n, reason) for n in self.grader.master.names}

    def check(self, test: Test) -> Outcome:
        """Run one test cell; return how it came out."""
        self._prepare()
        if self.client is None or self.client.worker.dead:
            late = time.monotonic() > self.deadline
            return not_run(
                test,
                f"the time limit of {self.grader.limits.wall:.0f} seconds for the whole "
                "notebook was used up"
                if late
                else "your code ended its own process again and again",
            )
        calling.set_seed(self.result.seed)
        return bench.run(test, {**self.grader.setup, **self._bindings()})
