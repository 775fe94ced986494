"""Grade one submission: run its answers behind walls, the tests here, and compare.

There are three outcomes. *Graded*: every test was run and passed or failed. *Student fault*:
there was nothing to run, and the reason says why. An *infrastructure fault* is neither the
student's nor a result: it is raised, tried again, and never written down as a grade.
"""

import ast
import contextlib
import functools
import hashlib
import io
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cs231n_lib.course import checking
from cs231n_lib.course.checking import CheckFailed, StudentError
from cs231n_lib.course.connection import InfrastructureError, Limits, Worker
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.proxies import Client, Missing
from cs231n_lib.course.rebuild import Answers, Damaged, Master, Test, take_answers

GRADED, STUDENT_FAULT = "graded", "student fault"
MAX_TEXT = 4000
MAX_STARTS = 8
#: Modules of the library that answers may use; the others are what they are to be written from.
ALLOWED = frozenset({"__init__", "backend", "course", "data", "plots"})
#: Packages that would give the answer away, or its gradient.
FOREIGN = ("autograd", "faiss", "jax", "micrograd", "sklearn", "tensorflow", "torch")


@dataclass
class TestResult:
    """How one graded test came out."""

    __test__ = False  # for pytest: no test of ours

    name: str
    title: str
    points: float
    score: float = 0.0
    passed: bool = False
    message: str = ""
    diagnosis: str = ""
    mistake: str = ""
    error_size: float | None = None
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
    tests: list[TestResult] = field(default_factory=list)
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
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
        tests = [TestResult(**t) for t in content["tests"]]
        return cls(**{**content, "tests": tests})


#: What a result depends on besides the submission and the master.
SOURCES = ("checking", "judge", "metering", "protocol", "proxies", "rebuild", "worker")


@functools.cache
def version() -> str:
    """Return a digest of the code that grades: part of the key of every result."""
    folder = Path(__file__).parent
    files = [folder / f"{name}.py" for name in SOURCES]
    files += sorted((folder / "checks").glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def key(submission: bytes, master: Master) -> str:
    """Return the name under which the result for these bytes and this master is kept."""
    return _key(hashlib.sha256(submission).hexdigest(), master.digest, version())


def key_of(result: Result) -> str:
    """Return the name under which ``result`` is to be kept."""
    return _key(result.submission, result.master, result.version)


def _key(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def limits_of(master: Master) -> Limits:
    """Return the limits: the defaults, changed by ``cs231n.limits`` in the master's metadata.

    Raises
    ------
    UserError
        If a limit is not known, or no positive number.
    """
    changed = master.settings.get("limits", {})
    kinds = {f.name: type(f.default) for f in fields(Limits)}
    if not isinstance(changed, dict) or not all(
        type(value) in (int, kinds.get(name)) and value > 0 and name in kinds
        for name, value in changed.items()
    ):
        raise UserError(
            f"the limits {changed!r} in the metadata of {master.name} cannot be used. There are "
            f"{', '.join(kinds)}: positive numbers, whole ones but for wall and call"
        )
    return Limits(**changed)


def blocked_by(master: Master) -> tuple[str, ...]:
    """Return the modules answers must not import; ``cs231n.allow`` in the metadata opens some."""
    import importlib.resources

    package = importlib.resources.files("cs231n_lib").iterdir()
    modules = sorted({entry.name.removesuffix(".py") for entry in package} - ALLOWED)
    ours = [f"cs231n_lib.{name}" for name in modules if name.isidentifier() and name[:2] != "__"]
    allowed = set(master.settings.get("allow", []))
    return tuple(name for name in (*ours, *FOREIGN) if name not in allowed)


class Grader:
    """Grades submissions of one assignment, one after the other.

    Parameters
    ----------
    master : Master
        The assignment.
    start_worker : callable
        Returns a fresh `Worker`; raises `InfrastructureError` if it cannot.
    limits : Limits
        For each submission.
    """

    def __init__(self, master: Master, start_worker: Callable[[], Worker], limits: Limits) -> None:
        self.master, self.start_worker, self.limits = master, start_worker, limits
        self.setup: dict[str, Any] = {"__name__": "__main__"}
        for source in master.setup:
            exec(compile(source, "<set-up>", "exec"), self.setup)

    def grade(self, submission: bytes, seed: int) -> Result:
        """Return the result for ``submission``.

        Raises
        ------
        InfrastructureError
            If the machine, not the submission, is at fault.
        """
        digest = hashlib.sha256(submission).hexdigest()
        result = Result(GRADED, seed, self.master.digest, digest, version())
        result.tests = [TestResult(t.name, t.title, t.points) for t in self.master.tests]
        try:
            answers = take_answers(submission, self.master)
        except Damaged as error:
            return self._fault(result, str(error))
        result.notes, result.answers = list(answers.notes), answers.sources
        session = _Session(self, answers, result)
        try:
            if not answers.sources and not session.defines_anything():
                reason = "none of the answer cells of this assignment is in the notebook"
                return self._fault(result, reason)
            for test, outcome in zip(self.master.tests, result.tests, strict=True):
                session.check(test, outcome)
        finally:
            session.close()
        return result

    @staticmethod
    def _fault(result: Result, reason: str) -> Result:
        result.outcome, result.reason = STUDENT_FAULT, reason
        for test in result.tests:
            test.message = f"not run: {reason}"
        return result


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
                    report["error"] = str(error)[:MAX_TEXT]
                    report["traceback"] = error.traceback[:MAX_TEXT]
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

    def check(self, test: Test, outcome: TestResult) -> None:
        """Run one test cell and write down how it came out."""
        self._prepare()
        if self.client is None or self.client.worker.dead:
            late = time.monotonic() > self.deadline
            outcome.message = (
                f"not run: the time limit of {self.grader.limits.wall:.0f} seconds for the whole "
                "notebook was used up"
                if late
                else "not run: your code ended its own process again and again"
            )
            return
        try:
            namespace = {**self.grader.setup, **self._bindings()}
            checking.set_seed(self.result.seed)
            outcome.score = _execute(test, namespace)
            outcome.passed = outcome.score == test.points
        except InfrastructureError:
            raise
        except Exception as error:
            _explain(error, test, outcome)


def _execute(test: Test, namespace: dict[str, Any]) -> float:
    """Run a test cell; return its points, or (as nbgrader has it) the number it ends with."""
    tree = ast.parse(test.source)
    last = tree.body[-1] if tree.body else None
    value: Any = None
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(last, ast.Expr):
            tree.body.pop()
            exec(compile(tree, _file(test), "exec"), namespace)
            value = eval(compile(ast.Expression(last.value), _file(test), "eval"), namespace)
        else:
            exec(compile(tree, _file(test), "exec"), namespace)
    if type(value) in (int, float) and 0 <= value <= test.points:
        return float(value)
    return test.points


def _file(test: Test) -> str:
    return f"<test {test.name}>"


def _explain(error: Exception, test: Test, outcome: TestResult) -> None:
    """Say why a test failed, and nothing of what it hides."""
    text = str(error)
    if isinstance(error, CheckFailed):
        text = error.message
        outcome.error_size = None if error.error_size is None else float(error.error_size)
        outcome.traceback = error.details[:MAX_TEXT]
        if error.diagnosis is not None:
            outcome.diagnosis = error.diagnosis.sentence
            outcome.mistake = error.diagnosis.id
    elif isinstance(error, StudentError):
        text = f"your code raised {error}"
        outcome.traceback = error.traceback[:MAX_TEXT]
    else:
        frames = traceback.extract_tb(error.__traceback__)
        hidden = test.hidden_lines()
        if any(f.filename == _file(test) and f.lineno in hidden for f in frames):
            text = "a check that is not shown failed"
        elif not isinstance(error, AssertionError):
            text = f"the result could not be used: {type(error).__name__}: {text}"
    outcome.message = text[:MAX_TEXT] or "the check failed"
