"""Grading with every wall up against nbgrader's own autograder, on the same submissions."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from benchmarks import Case
from cs231n_lib.course import checkout, judge, run, sandbox
from cs231n_lib.course.course import Course
from cs231n_lib.course.gradebook import Book
from cs231n_lib.course.grading import LocalPool
from cs231n_lib.course.rebuild import read_master

Scores = dict[str, float]
#: What every second submission gets wrong: a distance that is not doubled, a root left out.
MISTAKES = (("2 * X @", "X @"), ("np.sqrt(np.maximum(squared, 0))", "squared"), ("[:k]", "[:1]"))


def cases(quick: bool) -> list[Case]:
    count = 6 if quick else 100
    name = f"grade {count} submissions of a1, sandboxed"
    return [Case(name, "nbgrader autograde", 0.1, partial(problem, count), ours, make_peer, agree)]


def problem(count: int) -> tuple[Path]:
    """Lay out a course with ``count`` submissions, half of them right, gradebook ready."""
    root = Path(tempfile.mkdtemp(prefix="grading-"))
    atexit.register(functools.partial(shutil.rmtree, root, ignore_errors=True))
    template = root / "course"
    shutil.copytree(checkout.root() / "solutions" / "a1", template / "solutions" / "a1")
    shutil.copy(checkout.root() / "nbgrader_config.py", template)
    source = nbformat.read(template / "solutions" / "a1" / "a1.ipynb", as_version=4)
    for number in range(count):
        notebook = nbformat.from_dict(source)
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                right, wrong = MISTAKES[number // 2 % len(MISTAKES)]
                changed = cell.source.replace(right, wrong) if number % 2 else cell.source
                cell.source = f"{changed}\n# {number}"
        folder = template / ".nbgrader" / "submitted" / f"student{number:03}" / "a1"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "a1.ipynb")
    course = Course(template)
    Book(course, "a1")
    master = read_master(course.master("a1"), "a1")
    sandbox.build_library(course.judge("a1"), judge.blocked_by(master))
    return (template,)


def _fresh(template: Path) -> Course:
    copy = Path(tempfile.mkdtemp(dir=template.parent)) / "course"
    shutil.copytree(template, copy)
    return Course(copy)


def _scores(course: Course) -> Scores:
    return {s: row["score"] for s, row in Book(course, "a1").students().items()}


def ours(template: Path) -> Scores:
    """Grade from nothing: start the judges, grade, write gradebook, notebooks and log."""
    course = _fresh(template)
    settings = run.settings_for(course, "a1", unsafe=False)
    with LocalPool(settings, os.cpu_count() or 1) as pool:
        graded = run.start(course, "a1", pool)
    graded.write()
    return _scores(course)


def make_peer(template: Path) -> Callable[[], Scores]:
    """Return a run of nbgrader's autograder, in one process as its own command does it."""
    from nbgrader.apps import NbGraderAPI

    def grade() -> Scores:
        course = _fresh(template)
        api = NbGraderAPI(config=course.config)
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
        try:
            for student in sorted(p.name for p in course.submitted.iterdir()):
                api.autograde("a1", student, force=True, create=True)
        finally:
            logging.disable(logging.NOTSET)
        return _scores(course)

    return grade


def agree(a: Scores, b: Any) -> None:
    """Assert that both give every student the same points."""
    assert a == b, {s: (a[s], b.get(s)) for s in a if a[s] != b.get(s)}
