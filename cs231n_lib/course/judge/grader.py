"""Grade one submission: run its answers behind walls, the tests here, and compare.

There are three outcomes. *Graded*: every test was run and passed or failed. *Student fault*:
there was nothing to run, and the reason says why. An *infrastructure fault* is neither the
student's nor a result: it is raised, tried again, and never written down as a grade.
"""

import ast
import contextlib
import dataclasses
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from cs231n_lib.course.assignment.answers import Answers, take_answers
from cs231n_lib.course.assignment.master import Master, Test
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.checks import bench, given, seeds
from cs231n_lib.course.checks.verdict import Diagnosis, Outcome, StudentError
from cs231n_lib.course.judge import feedback
from cs231n_lib.course.judge.bounds import own_work
from cs231n_lib.course.judge.causes import Causes
from cs231n_lib.course.judge.gauge import suspicions
from cs231n_lib.course.judge.line import InfrastructureError, Line
from cs231n_lib.course.judge.proxies import Client, Missing
from cs231n_lib.course.judge.result import GRADED, STUDENT_FAULT, CellReport, Result, not_run
from cs231n_lib.course.judge.store import version
from cs231n_lib.course.limits import (
    MAX_ANSWERS,
    MAX_NOTE,
    MAX_NOTES,
    MAX_STARTS,
    MAX_TEXT,
    MAX_WORK,
    Deadline,
    Limits,
)
from cs231n_lib.course.text import visible

#: How a test says that code of the student's did not find a name.
UNDEFINED = re.compile(r"your code raised NameError: name '(\w{1,100})' is not defined")
#: How a test says that an object of the student's lacks a method.
LACKING = re.compile(r"has no attribute `(\w{1,100})`")


class Grader:
    """Grades submissions of one assignment, one after the other.

    Parameters
    ----------
    master : Master
        The assignment.
    start_worker : callable
        Returns a fresh `Line`, given the patience; raises `InfrastructureError` if it cannot.
    limits : Limits
        For each submission.
    blocked : tuple of str
        Modules that answers must not import, so that the assignment's own imports of them are
        left out behind the walls.
    """

    def __init__(
        self,
        master: Master,
        start_worker: Callable[[float], Line],
        limits: Limits,
        blocked: tuple[str, ...] = (),
    ) -> None:
        self.master, self.start_worker, self.limits = master, start_worker, limits
        self.blocked = blocked
        self.setup: dict[str, Any] = {"__name__": "__main__"}
        for source in master.setup:
            exec(compile(source, "<set-up>", "exec"), self.setup)

    def trusted(self) -> list[str]:
        """Return what the assignment itself runs before the answers."""
        cells = (*self.master.setup, *self.master.imports)
        return [kept for cell in cells if (kept := _open(cell, self.blocked))]

    def grade(
        self,
        submission: bytes,
        seed: int,
        patience: float = 1.0,
        before: Callable[[Test, Result], str] = lambda *_: "",
    ) -> Result:
        """Return the result for ``submission``.

        Parameters
        ----------
        submission : bytes
            The notebook.
        seed : int
            What the tests draw from.
        patience : float
            How much longer than usual to wait for a busy machine.
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
        if sum(map(len, answers.sources.values())) > MAX_ANSWERS:
            return self._not_run(result, f"its answers have more than {MAX_ANSWERS:,} characters")
        shown = {name: visible(text) for name, text in answers.sources.items()}
        if sum(map(len, shown.values())) > MAX_ANSWERS:
            return self._not_run(
                result, f"its answers have more than {MAX_ANSWERS:,} characters when those that "
                "cannot be seen are written out",
            )  # fmt: skip
        try:
            with own_work(MAX_WORK):
                notes = (*suspicions(_readable(answers)), *answers.notes)
        except StudentError as error:
            return self._not_run(result, error.message)
        result.notes = [visible(n)[:MAX_NOTE] for n in notes[:MAX_NOTES]]
        result.answers = shown
        session = _Session(self, answers, result, patience)
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


def _readable(answers: Answers) -> list[tuple[str, str, bool]]:
    """Return the cells that run, as many as this process reads."""
    # Answers first: they have been held against the limit, a student's own cells have not.
    cells, room = [], MAX_ANSWERS
    for cell in sorted(answers.run, key=lambda cell: cell[2]):
        room -= len(cell[1])
        if room < 0:
            answers.notes.append(f"{cell[0]} and cells after it are too long: look at their code")
            break
        cells.append(cell)
    return cells


def _open(source: str, blocked: tuple[str, ...]) -> str:
    """Return a cell of the assignment's without the imports that fail behind the walls."""
    closed = ("cs231n_lib.course", *blocked)

    def shut(name: str) -> bool:
        return any(name == b or name.startswith(f"{b}.") for b in closed)

    tree = ast.parse(source)
    kept = []
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        if not any(map(shut, names)):
            kept.append(node)
    return ast.unparse(ast.Module(kept, []))


class _Session:
    """The workers of one submission: a second one takes over when a test has cost the first."""

    def __init__(self, grader: Grader, answers: Answers, result: Result, patience: float) -> None:
        self.grader, self.answers, self.result = grader, answers, result
        self.patience = patience
        own = [source for _, source, helpers in answers.run if helpers]
        self.causes = Causes(grader.master, answers.sources, own)
        self.client: Client | None = None
        self.names: dict[str, Any] = {}
        self.deadline = Deadline(grader.limits.wall, grader.limits.call, patience)
        self.starts = 0
        self.deadly: set[int] = set()
        self.room = grader.limits.output  # for what cells print, and for errors once more
        self.room_for_errors = grader.limits.output
        self.secret = False  # whether the student's code has seen a hidden input

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
            if self.starts == MAX_STARTS or self.deadline.over:
                return
            self.starts += 1
            worker = self.grader.start_worker(self.patience)
            self._set_up(worker)
            self.client = Client(worker, self.deadline)
            self._run_cells(self.client)

    def _set_up(self, worker: Line) -> None:
        """Run what is the assignment's own: no line of the student's has run in this worker yet.

        It has time of its own. In what code that ends its process has left it could fail, and that
        would look like the machine's fault.
        """
        limits = self.grader.limits
        client = Client(worker, Deadline(limits.wall, limits.call, self.patience))
        for source in self.grader.trusted():
            try:
                client.request(op="run", cell="set-up", source=source, helpers=False)
            except StudentError as error:
                worker.close()
                raise InfrastructureError(
                    f"a cell of the assignment's own failed: {error}"
                ) from None

    def _run_cells(self, client: Client) -> None:
        for number, (label, source, helpers) in enumerate(self.answers.run):
            if number in self.deadly:
                continue
            report = self.result.cells.setdefault(label, CellReport())
            try:
                reply = client.request(op="run", cell=label, source=source, helpers=helpers)
                self._keep_output(report, reply)
            except StudentError as error:
                if client.worker.dead:
                    self.deadly.add(number)
                if not helpers and not report.error:
                    report.error = self._error(str(error))
                    report.traceback = self._error(error.traceback)
            if client.worker.dead:
                return
        try:
            self.names = client.ask(op="names", names=self.grader.master.names)
        except StudentError:
            self.names = {}

    def _error(self, text: str) -> str:
        kept = visible(text[:MAX_TEXT])[: min(MAX_TEXT, self.room_for_errors)]
        self.room_for_errors -= len(kept)
        return kept

    def _keep_output(self, report: CellReport, reply: dict[str, Any]) -> None:
        output, ok = reply.get("output"), reply.get("ok")
        if isinstance(output, str) and not report.output:
            report.output = visible(output[: self.room])[: self.room]
            self.room -= len(report.output)
        notes = ok.get("notes") if isinstance(ok, dict) else None
        for note in notes if isinstance(notes, list) else []:
            told = visible(note[:MAX_NOTE])[:MAX_NOTE] if isinstance(note, str) else ""
            if told and told not in self.result.notes and len(self.result.notes) < MAX_NOTES:
                self.result.notes.append(told)

    def _bindings(self) -> dict[str, Any]:
        names = self.names if isinstance(self.names, dict) else {}
        errors = {n: c.error for n, c in self.result.cells.items() if c.error}
        return {
            n: names[n] if n in names else Missing(partial(self.causes.of, n, errors))
            for n in self.grader.master.names
        }

    def check(self, test: Test) -> Outcome:
        """Run one test cell; return how it came out."""
        self._prepare()
        if self.client is None or self.client.worker.dead:
            return not_run(
                test,
                f"the time limit of {self.grader.limits.wall:.0f} seconds for the whole "
                "notebook was used up"
                if self.deadline.over
                else "your code ended its own process again and again",
            )
        self.secret = self.secret or bool(test.hidden_lines())
        if self.secret:
            self.client.censor = self._without_text
        self.client.begin_test()
        seeds.set_seed(self.result.seed)
        given.give(self.grader.master.name, self.grader.master.checks)
        with own_work(MAX_WORK) as work:
            found = bench.run(test, {**self.grader.setup, **self._bindings()})
            diagnosis = found.diagnosis
            with contextlib.suppress(StudentError):  # the test has been run: this explains it only
                diagnosis = self._cause(test, found) or diagnosis
        if work.too_much:
            self.client.worker.close()  # it may have been in the middle of an answer
            self.deadline.charge(MAX_WORK)
        return dataclasses.replace(
            found, message=visible(found.message), details=visible(found.details),
            diagnosis=diagnosis,
        )  # fmt: skip

    def _cause(self, test: Test, found: Outcome) -> Diagnosis | None:
        """Return what the student's sources say of a name or a method that is not there."""
        cause = None
        if name := UNDEFINED.search(found.message):
            cause = self.causes.of_name(name[1], found.details)
        if name := LACKING.search(found.message):
            cause = self.causes.of_attribute(name[1], test.name.rpartition("-")[0]) or cause
        return cause

    def _without_text(self, error: StudentError) -> StudentError:
        """Return of an exception its type and the line: all else the student's code can choose."""
        return feedback.type_and_line(error, self.answers.run)
