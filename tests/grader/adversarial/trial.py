"""Put every attack to the judge, and look whether anything moved that should not have."""

import json
import os
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge import grader, rules
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.walls.bubblewrap import Sandbox, as_root
from cs231n_lib.course.judge.walls.library import build_library
from cs231n_lib.course.limits import Limits
from tests.course.notebooks import notebook, submission, to_bytes
from tests.grader import table
from tests.grader.adversarial.attacks import FAULT, Attack
from tests.grader.adversarial.suite import ATTACKS
from tests.grader.processes import descendants

BLOCKED = ("cs231n_lib.neighbors", "torch", "sklearn")
LIMITS = Limits(call=2.0, wall=8.0, memory=2**30, cpu=30)
CONTROL = submission()
#: The word SEEN as numbers.
SIDES = "83, 69, 69, 78"


@dataclass
class Row:
    """What became of one attack."""

    name: str
    attack: str
    ok: bool
    outcome: str
    score: float | None
    expected_score: float
    nbgrader_score: float | None = None
    nbgrader: str = ""  # stock nbgrader's outcome, if it was tried
    problems: tuple[str, ...] = ()
    controls: tuple[float, ...] = ()  # points of a right submission before and after
    tried: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    root: bool = field(default_factory=as_root)
    nested: bool = field(default_factory=lambda: Sandbox.nested)

    def to_dict(self):
        return {**vars(self), "problems": list(self.problems), "controls": list(self.controls)}


def make_canary(folder):
    """Lay out what attacks are after: a course with a solution, a gradebook and a submission."""
    for name in ("solutions/tiny", ".nbgrader/submitted/anne/tiny"):
        path = folder / name / "tiny.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTROL)
    with sqlite3.connect(folder / ".nbgrader" / "gradebook.db") as database:
        database.execute("create table grade (student, score)")
    database.close()
    os.environ["CS231N_CANARY"] = "secret of the judge"


def contents(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class Arena:
    """One sandbox in which all attacks are tried, one after the other, as in a real run.

    In each the tiny assignment is the control, so that it costs little to look after each attack.
    What is known of fonts and shared libraries is in ``judge``, for all of them.
    """

    def __init__(self, folder, judge, assignment="tiny"):
        self.canary = folder / "canary"
        self.canary.mkdir(parents=True)
        make_canary(self.canary)
        tiny = read_master(to_bytes(notebook()), "tiny")
        master = tiny if assignment == "tiny" else table.master(assignment)
        blocked = BLOCKED if assignment == "tiny" else rules.blocked_by(master)
        library = build_library(judge, blocked)
        warm = ("numpy", "matplotlib.pyplot")
        self.walls = Sandbox(library, LIMITS, blocked, warm, rules.opened(master))
        self.grader = grader.Grader(master, self.walls.worker, LIMITS, blocked)
        self.tiny = grader.Grader(tiny, self.walls.worker, LIMITS, blocked)
        self.before = contents(self.canary)
        self.control = self.tiny.grade(CONTROL, 1)
        self.last = self.control  # what the right submission got most recently
        self.family = len(descendants(self.walls.process.pid))

    def close(self):
        self.walls.stop()

    def face(self, attack: Attack) -> Row:
        """Grade an attack, then a right submission; report whatever is not as it should be."""
        data = attack.data.replace(b"CANARY/", f"{self.canary}/".encode())
        row = Row(attack.name, attack.kind, True, "", None, attack.score)
        try:
            result = self.grader.grade(data, 1)
        except InfrastructureError as error:
            row.outcome, row.ok, row.problems = "infrastructure fault", False, (str(error),)
            return row
        row.outcome, row.score = result.outcome, result.score
        # Nothing happens between two attacks: one right submission comes after each and before the
        # next.
        before, after = self.last, self.tiny.grade(CONTROL, 1)
        self.last = after
        row.controls = (before.score, after.score)
        row.problems = tuple(self._problems(attack, result, after))
        row.ok = not row.problems
        return row

    def _problems(self, attack, result, after):
        if result.score != attack.score:
            yield f"{result.score} points in place of {attack.score}"
        if result.outcome != attack.outcome:
            yield f"{result.outcome} in place of {attack.outcome}"
        text = json.dumps(result.to_dict()["cells"])
        if "LEAK" in text:
            yield f"read something: {text[text.index('LEAK') :][:200]}"
        if "SECRET" in json.dumps(result.to_dict()) and attack.kind != "probing":
            yield "a hidden test was shown"
        if attack.outcome == FAULT and not result.reason:
            yield "no reason was given"
        if any(not t.passed and not t.message for t in result.tests):
            yield "a failed test does not say why"
        if contents(self.canary) != self.before:
            yield "files outside changed"
        running = descendants(self.walls.process.pid) if self.walls.process else []
        if len(running) > self.family:
            yield f"{len(running) - self.family} processes were left behind"
        told = json.dumps([
            [t["message"], t["details"], t["diagnosis"]] for t in result.to_dict()["tests"][1:]
        ])  # fmt: skip  # of hidden ones
        if "SEEN" in told or SIDES in told:
            yield "a hidden input was shown"
        if len(json.dumps(result.to_dict())) > 3_000_000:
            yield "the result has no bound"
        if after != self.control:
            yield "the next submission was graded differently"


def try_all(folder, attacks=ATTACKS):
    """Yield a row for every attack; the sandbox changes with the assignment."""
    for assignment in dict.fromkeys(attack.assignment for attack in attacks):
        arena = Arena(folder / assignment, folder / "judge", assignment)
        try:
            for attack in attacks:
                if attack.assignment == assignment:
                    yield arena.face(attack)
        finally:
            arena.close()


def summary(rows):
    """Yield the table of the instructor's guide, a line for each kind of attack.

    It counts the attacks that got points they do not deserve, and those that lost points they
    do deserve (no grade at all is a loss of all). Of stock nbgrader it says what was tried.
    """
    yield (
        "| kind of attack | how many | undeserved points: ours | deserved points lost: ours "
        "| stock nbgrader was put to | undeserved points | deserved points lost |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    kinds = list(dict.fromkeys(row["attack"] for row in rows))
    for kind in (*kinds, "**all**"):
        chosen = [row for row in rows if kind in (row["attack"], "**all**")]
        scores = [(row["expected_score"], row["score"] or 0) for row in chosen]
        stock = [
            (row["expected_score"], row["nbgrader_score"] or 0) for row in chosen if row["nbgrader"]
        ]
        counts = [len(chosen), *_amiss(scores), len(stock), *_amiss(stock)]
        yield f"| {kind} | {' | '.join(map(str, counts))} |"


def _amiss(scores):
    """Count those with more points than are deserved, and those with less."""
    return (
        sum(score > deserved for deserved, score in scores),
        sum(score < deserved for deserved, score in scores),
    )
