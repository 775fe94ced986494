"""A whole term of a class, as an instructor has it, from an empty folder to the next term.

``python -m benchmarks.term 400`` begins a course with two of the package's assignments and one of
its own, hands in for 400 invented students by Canvas, Moodle and a folder, kills each grading run
after five seconds and starts it again, and holds every grade that comes out against what the
student was made to deserve. It prints how long each step took. ``--program .../bin/cs231n``
has an installed wheel do the steps. The record in ``results/term.json`` was made so.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

import benchmarks
from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.database import open_gradebook
from cs231n_lib.course.cli import app

ASSIGNMENTS = ("a1", "a2", "a6")
DUE, EARLY, LATE = "2026-03-02 17:00", datetime(2026, 3, 1, 12), datetime(2026, 3, 3, 12)
EXTENSION_DAYS = "2"
#: What Canvas exports: an assignment posted by hand, its maximum, totals that are its own, and the
#: student that it invents for whoever teaches.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,a1 (71),Current Score,Unposted Current Score,Final Score
,,,,,Manual Posting,,,
    Points Possible,,,,,45.00,(read only),(read only),(read only)
"""
CANVAS_TEST_STUDENT = '"Student, Test",99,,8f2a,x,,,,\n'
#: Moodle's grading worksheet, which begins with the mark of UTF-8.
MOODLE = """\
\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"""


@dataclass
class Term:
    """A class and what each of it was made to deserve; every choice comes from the seed."""

    folder: Path
    students: list[str]
    rng: np.random.Generator
    program: list[str]  # what starts a command; empty: commands are called in this process
    steps: list[dict[str, Any]] = field(default_factory=list)
    deserved: dict[tuple[str, str], float] = field(default_factory=dict)
    late: set[tuple[str, str]] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        """The one of this process; an installed program does without the path to a checkout."""
        installed = self.program[0] != sys.executable
        return {k: v for k, v in os.environ.items() if not (installed and k == "PYTHONPATH")}

    @property
    def course(self) -> Course:
        """The course, read anew."""
        return Course(self.folder / "vision")

    def run(self, *words: str, kill: float = 0, fails: bool = False) -> str:
        """Run a command as an instructor would; killed without a warning after ``kill`` seconds."""
        folder = self.folder / "vision" if (self.folder / "vision").is_dir() else self.folder
        start = time.perf_counter()
        status, said = (self._start if self.program else self._call)(words, folder, kill)
        seconds = time.perf_counter() - start
        step = " ".join(words) + (" (killed)" if kill and status < 0 else "")
        self.steps.append({"step": step, "seconds": round(seconds, 2)})
        assert kill or (status != 0) == fails, (words, said)
        assert "Traceback" not in said or kill, said
        return said

    def _start(self, words: Sequence[str], folder: Path, kill: float) -> tuple[int, str]:
        """Run a command in a process of its own."""
        process = subprocess.Popen(
            [*self.program, *words], cwd=folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            said, _ = process.communicate(timeout=kill or None)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        return process.returncode, said

    def _call(self, words: Sequence[str], folder: Path, kill: float) -> tuple[int, str]:
        """Run a command in this process, which nobody kills."""
        with contextlib.chdir(folder):
            done = CliRunner().invoke(app, list(words))
        return done.exit_code, f"{done.output} {done.exception or ''}"

    def hand_in(self, assignment: str, number: int, release: dict[str, Any]) -> bytes:
        """Return a notebook with some answers right and the rest untouched, and note its points."""
        master = read_master(self.course.master(assignment), assignment)
        right = {n for n in master.answers if n not in master.manual and self.rng.random() < 0.7}
        notebook = json.loads(json.dumps(release))
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if name in right:
                cell["source"] = master.answers[name].source
            elif name in master.manual:
                cell["source"] = f"What student {number} thinks of {name}."
        points = sum(t.points for t in master.tests if t.name.rpartition("-")[0] in right)
        self.deserved[self.students[number], assignment] = points
        return json.dumps(notebook).encode()


def points_by_hand(term: Term, assignment: str, master: Master) -> None:
    """Grade the written answers as the formgrader does."""
    with open_gradebook(term.course) as book:
        for submission in book.assignment_submissions(assignment):
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if grade.name in master.manual:
                        grade.manual_score = float(term.rng.integers(0, 2))
                        grade.needs_manual_grade = False
                        term.deserved[submission.student.id, assignment] += grade.manual_score
        book.db.commit()


def downloads(term: Term, assignment: str) -> list[Path]:
    """Write what a platform gives for an assignment: a1 Canvas's, a2 Moodle's, a6 a folder's."""
    path = term.course.root / "exercises" / assignment / f"{assignment}.ipynb"
    release = json.loads(path.read_bytes())
    archive, sheet = term.folder / f"{assignment}.zip", term.folder / f"{assignment}.csv"
    names = {
        "a1": lambda n: f"student{n}_{1000 + n}_{70_000 + n}_a1.ipynb",
        "a2": lambda n: f"Student {n}_{2000 + n}_assignsubmission_file_/a2.ipynb",
        "a6": lambda n: f"{term.students[n]}/a6.ipynb",
    }
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for number, student in enumerate(term.students):
            if number % 10 == 9:  # hands in nothing
                continue
            when = LATE if number % 7 == 3 else EARLY
            if when is LATE:
                term.late.add((student, assignment))
            entry = zipfile.ZipInfo(names[assignment](number), when.timetuple()[:6])
            out.writestr(entry, term.hand_in(assignment, number, release))
    people = list(enumerate(term.students))
    if assignment == "a1":
        rows = [f'"{n}, Student",{1000 + n},,{s},x,,,,\n' for n, s in people]
        sheet.write_text(CANVAS + "".join(rows) + CANVAS_TEST_STUDENT)
    elif assignment == "a2":
        rows = [
            f'"Participant {2000 + n}","Student {n}",{s}@example.edu,'
            '"Submitted for grading - ",,45.00,Yes,"Sunday, 1 March 2026, 12:00 PM",-,\n'
            for n, s in people
        ]
        sheet.write_text(MOODLE + "".join(rows))
    return [archive, sheet] if assignment != "a6" else [archive]


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of grades."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def grade(term: Term, assignment: str, kill: float) -> None:
    """Collect, grade by tests and by hand, export, and compare every student."""
    sources = [f"../{path.name}" for path in downloads(term, assignment)]
    term.run("collect", assignment, *sources)
    if kill:
        term.run("grade", assignment, "--yes", kill=kill)
    term.run("grade", assignment, "--yes")
    term.run("export", assignment, fails=True)  # answers wait for a person
    points_by_hand(term, assignment, read_master(term.course.master(assignment), assignment))
    term.run("report", assignment)
    term.run("feedback", assignment)
    term.run("export", assignment, "-o", "all.csv")
    rows = {row["student"]: row for row in table(term.course.root / "all.csv")}
    extended = term.students[3]
    for student in term.students:
        deserved = term.deserved.get((student, assignment))
        row = rows.get(student, {})
        assert (deserved is None) or float(row["score"]) == deserved, (student, deserved, row)
        if deserved is not None:
            late = (student, assignment) in term.late and student != extended
            assert (float(row["seconds_late"]) > 0) == late, row
    form = {"a1": "canvas", "a2": "moodle"}.get(assignment)
    if form is None:
        return
    term.run("export", assignment, "--format", form, "-o", "back.csv")
    term.run("feedback", assignment, "--format", form, "--zip", "back.zip")
    number, score = {"canvas": ("ID", "a1 (71)"), "moodle": ("Identifier", "Grade")}[form]
    came, back = table(term.folder / f"{assignment}.csv"), table(term.course.root / "back.csv")
    assert [name for name in came[0] if name in back[0]] == list(back[0])  # its own columns
    there = {row[number]: row for row in came}
    filled = {row[number]: row.pop(score) for row in back}
    for row in back:  # all but the grades is what it was
        assert there[row[number]].items() >= row.items(), row
    for n, student in enumerate(term.students):
        deserved = term.deserved.get((student, assignment))
        name = str(1000 + n) if form == "canvas" else f"Participant {2000 + n}"
        if deserved is None:
            assert not filled.get(name), (student, filled[name])
        else:
            assert float(filled[name]) == deserved, (student, deserved, filled[name])
    with zipfile.ZipFile(term.course.root / "back.zip") as pages:
        handed_in = sum(a == assignment for _, a in term.deserved)
        assert len(pages.namelist()) == handed_in


def run(folder: Path, count: int, seed: int, program: list[str], kill: float = 0) -> Term:
    """Have a class of ``count`` students through a term, and begin the next; return its record."""
    term = Term(folder, [f"s{n:04}" for n in range(count)], np.random.default_rng(seed), program)
    class_list = "".join(f"{s},{s}@example.edu\n" for s in term.students)
    (folder / "roster.csv").write_text(f"student,email\n{class_list}")
    term.run("course", "new", "vision", "--assignments", "a1,a2", "--roster", "roster.csv",
             "--due", f"a1={DUE}", "--due", f"a2={DUE}")  # fmt: skip
    term.run("course", "exercise", "a6")
    term.run("course", "check", "a6")
    term.run("release")
    term.run("due", "a6", DUE)
    for assignment in ASSIGNMENTS:
        term.run("extend", assignment, term.students[3], "--days", EXTENSION_DAYS)
        grade(term, assignment, kill)
    term.run("archive", "../term.zip", "--clear")
    with zipfile.ZipFile(folder / "term.zip") as packed:
        assert {"checks/a6.py", ".nbgrader/gradebook.db"} <= set(packed.namelist())
    term.run("roster", "../roster.csv")
    term.run("release")
    assert not list(term.course.submitted.glob("*/*/*.ipynb"))
    return term


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.term", description=__doc__)
    parser.add_argument("students", type=int, nargs="?", default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--program", help="the command cs231n of an installed wheel")
    options = parser.parse_args()
    program = [options.program] if options.program else [sys.executable, "-m", "cs231n_lib.course"]
    with tempfile.TemporaryDirectory(prefix="term-") as folder:
        start = time.perf_counter()
        term = run(Path(folder), options.students, options.seed, program, kill=5.0)
        seconds = round(time.perf_counter() - start, 1)
    facts = {"students": options.students, "seconds": seconds, "machine": benchmarks.machine()}
    print(json.dumps(facts | {"steps": term.steps}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
