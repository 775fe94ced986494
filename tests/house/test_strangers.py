"""A stranger adds a platform, a wall, a pool, an exercise: a file and a line, tried on a copy.

Layers have a test of their own (`test_new_layer`), engines too (`tests/browser/test_engines.py`).
"""

import os
import shutil
import subprocess
import sys

import pytest

from cs231n_lib.course.checkout import root

PLATFORM = '''
"""Hand-ins as a made-up platform packs them: ``LOGIN#NUMBER/file``."""

from cs231n_lib.course.classroom.platforms.platform import Answer, Container, Platform, View


class Sharp(Platform):
    """A platform that puts a number behind each login."""

    name = "sharp"
    exports = True

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        login, sharp, _ = path[0].partition("#")
        return Container((login,), path[0]) if sharp and len(path) > 1 else None

    def export(self, answer: Answer) -> dict[str, bytes]:
        return {"sharp.txt": answer.assignment.encode()}
'''
COLLECT = """
import zipfile
from pathlib import Path
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.founding import begin
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.outgoing.export import FORMATS

course = begin(Path("course"), assignments=("a1",))
with zipfile.ZipFile("all.zip", "w") as archive:
    archive.writestr("anne#12/a1.ipynb", course.master("a1"))
collect(course, "a1", [Path("all.zip")])
print([s.student for s in submissions(course, "a1")])
print(FORMATS)
"""
WALL = '''
"""A wall of paper: a plain process that says that it is walled."""

from cs231n_lib.course.judge.walls.plain import Unsandboxed


class Paper(Unsandboxed):
    """As plain as a process can be."""
'''
POOL = '''
"""A pool of one judge, here and now."""

from cs231n_lib.course.judge.pools import make_grader


class OneByOne:
    """Grades in this very process."""

    def __init__(self, settings, address, processes):
        self.grader, self.stop = make_grader(settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def grade(self, submissions, seed):
        for key, data in submissions.items():
            yield key, self.grader.grade(data, seed)
'''
GRADE = """
from dataclasses import replace
from pathlib import Path
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checkout import material
from cs231n_lib.course.judge import pools
from cs231n_lib.course.judge.batch import grade_all
from cs231n_lib.course.judge.store import Results

master = (material() / "solutions" / "a1" / "a1.ipynb").read_bytes()
settings = pools.Settings(master, "a1", "judge", walls="paper")
with pools.make(settings, "here://", 1) as pool:
    graded = grade_all({"anne": master}, read_master(master, "a1"), pool, Results(Path("r")), 1)
    result = graded["anne"]
print(result.outcome, result.score == result.points > 0)
"""
EXERCISE = """
import json
from pathlib import Path
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge import pools

def cell(source, name, **nbgrader):
    defaults = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"cell_type": "code", "id": name, "metadata": {"nbgrader": {
        **defaults, "schema_version": 3, "grade_id": name, **nbgrader}},
        "source": source, "outputs": [], "execution_count": None}

test = '''
# The middle of a sorted list, on random lists.
from cs231n_lib.course.checks.a6 import median_exercise
from cs231n_lib.course import checks

rng = checks.rng("median")
median_exercise.check(median, {"a list of five": (rng.normal(size=5),)})
'''
def grade(answer):
    cells = [cell(answer, "median", solution=True),
             cell(test, "median-random", grade=True, locked=True, points=3)]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content).encode()

right = "import numpy as np\\ndef median(x):\\n    return np.sort(x)[len(x) // 2]"
wrong = "import numpy as np\\ndef median(x):\\n    return x[len(x) // 2]"
grader, stop = pools.make_grader(pools.Settings(grade(right), "a6", "judge", walls="plain"))
for answer in (right, wrong):
    (outcome,) = grader.grade(grade(answer), 1).tests
    print(outcome.score, outcome.diagnosis and outcome.diagnosis.id)
stop()
"""
CHECKS = '''
"""Assignment 6: the middle of a list."""

import numpy as np

from cs231n_lib.course.checks import Exercise, Mistake


def median(x, *, sort=True):
    """Return the middle entry; the dial leaves the sorting out."""
    return (np.sort(x) if sort else x)[len(x) // 2]


median_exercise = Exercise(
    median, ("median",), (Mistake("unsorted", "the list has to be sorted first.", {"sort": False}),)
)
'''


@pytest.fixture
def project(tmp_path):
    """A copy of the package and of what it is begun from."""
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("cs231n_lib", "solutions", "exercises"):
        shutil.copytree(root() / name, tmp_path / name, ignore=skip)
    for name in ("_config.yml", "nbgrader_config.py"):
        shutil.copy(root() / name, tmp_path)
    return tmp_path


def add(project, file, source, front="", old="", new=""):
    """Write the stranger's file, and the line that names it."""
    course = project / "cs231n_lib" / "course"
    (course / file).parent.mkdir(exist_ok=True)
    (course / file).write_text(source.lstrip())
    if front:
        text = (course / front).read_text()
        assert text.count(old) == 1, (front, old)
        (course / front).write_text(text.replace(old, new))


def run(project, code):
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=project, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(project)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_new_platform_is_one_file_and_a_name(project):
    front = "classroom/platforms/__init__.py"
    line = "from cs231n_lib.course.classroom.platforms.sharp import Sharp\n\n#: In the order"
    add(project, "classroom/platforms/sharp.py", PLATFORM, front, "\n#: In the order", line)
    add(project, "classroom/platforms/sharp.py", PLATFORM, front, "    Moodle(),",
        "    Sharp(), Moodle(),")  # fmt: skip
    assert run(project, COLLECT) == [
        "['anne']",
        "('sharp', 'moodle', 'canvas', 'gradescope', 'csv')",
    ]


def test_a_new_wall_and_a_new_pool_are_a_file_and_a_line_each(project):
    prefix = "cs231n_lib.course.judge"
    add(project, "judge/walls/paper.py", WALL, "judge/walls/__init__.py", "KINDS = {\n",
        f'KINDS = {{\n    "paper": "{prefix}.walls.paper:Paper",\n')  # fmt: skip
    add(project, "judge/pools/one.py", POOL, "judge/pools/__init__.py", "KINDS = {\n",
        f'KINDS = {{\n    "here": "{prefix}.pools.one:OneByOne",\n')  # fmt: skip
    assert run(project, GRADE) == ["graded True"]


def test_the_checks_of_a_new_exercise_are_one_file(project):
    add(project, "checks/a6.py", CHECKS)
    assert run(project, EXERCISE) == ["3.0 None", "0.0 unsorted"]
