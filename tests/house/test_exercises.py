"""An exercise is three files of one name, and a table of hints: each is missed by name."""

import ast
import re
import shutil
import tomllib
from functools import cache

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master

ROOT = checkout.root()
CHECKS = ROOT / "cs231n_lib" / "course" / "checks"
SAMPLES = ROOT / "tests" / "grader" / "samples"
HINTS = ROOT / "cs231n_lib" / "course" / "student" / "hints"
ASSIGNMENTS = sorted(p.stem for p in (ROOT / "solutions").glob("*/*.ipynb"))


@cache
def exercises_of(assignment):
    """Return, by exercise, the sources of the cells that test it: exercises are what is tested."""
    path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
    master = read_master(path.read_bytes(), assignment)
    found = {
        name: [t.source for t in master.tests if t.name.startswith(f"{name}-")]
        for name, cell in master.answers.items()
        if cell.kind == "code"
    }
    return {name: sources for name, sources in found.items() if sources}


def module_of(exercise):
    """Return the name of an exercise's file: its own, as Python spells a module's."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", exercise).lower()


def uses(path, room):
    """Return the modules of the assignment ``room`` that a file imports."""
    door = f"cs231n_lib.course.checks.{room}"
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == door:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(f"{door}."):
            found.add(node.module.removeprefix(f"{door}."))
    return found


def missing(assignment, checks=CHECKS, samples=SAMPLES, hints=HINTS):
    """Say what an assignment's exercises lack, and what is there for no exercise."""
    exercises = exercises_of(assignment)
    files = {p.stem: p for p in (checks / assignment).glob("*.py") if p.stem != "__init__"}
    sampled = {p.stem for p in (samples / assignment).glob("*.txt")}
    hinted = set(tomllib.loads((hints / f"{assignment}.toml").read_text()))
    own = {module_of(name): name for name in exercises}
    said = [
        f"no checks/{assignment}/{m}.py for {name}" for m, name in own.items() if m not in files
    ]
    said += [f"no samples/{assignment}/{name}.txt" for name in exercises if name not in sampled]
    said += [f"no [{name}] in hints/{assignment}.toml" for name in exercises if name not in hinted]
    said += [f"samples/{assignment}/{n}.txt is of no exercise" for n in sampled - set(exercises)]
    said += [f"[{n}] in hints/{assignment}.toml is of no exercise" for n in hinted - set(exercises)]
    asked = {
        module: {
            module_of(name)
            for name, sources in exercises.items()
            if any(re.search(rf"\b{assignment}\.{module}\.", source) for source in sources)
        }
        for module in files
    }
    said += [
        f"checks/{assignment}/{module}.py is not asked by the tests of {name}"
        for module, name in own.items()
        if module in files and module not in asked[module]
    ]
    # What is no exercise's own is there because several build on it.
    builders = {
        module: asked[module] | {m for m, path in files.items() if module in uses(path, assignment)}
        for module in files
    }
    said += [
        f"checks/{assignment}/{module}.py is of no exercise and not shared"
        for module in files
        if module not in own and len(builders[module]) < 2
    ]
    return sorted(said)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_exercise_has_its_files_and_every_file_its_exercise(assignment):
    assert missing(assignment) == []


def test_what_is_missing_or_left_over_is_named(tmp_path):
    for folder in (CHECKS / "a1", SAMPLES / "a1"):
        shutil.copytree(folder, tmp_path / folder.parent.name / "a1")
    shutil.copytree(HINTS, tmp_path / "hints")
    rooms = {name: tmp_path / name for name in ("checks", "samples", "hints")}
    assert missing("a1", **rooms) == []
    (rooms["checks"] / "a1" / "predict_labels.py").rename(rooms["checks"] / "a1" / "labels.py")
    (rooms["samples"] / "a1" / "cross_validate.txt").rename(rooms["samples"] / "a1" / "folds.txt")
    hints = rooms["hints"] / "a1.toml"
    hints.write_text(hints.read_text().replace("[compute_distances_l1]", "[compute_distances]"))
    assert missing("a1", **rooms) == [
        "[compute_distances] in hints/a1.toml is of no exercise",
        "checks/a1/labels.py is of no exercise and not shared",
        "no [compute_distances_l1] in hints/a1.toml",
        "no checks/a1/predict_labels.py for predict_labels",
        "no samples/a1/cross_validate.txt",
        "samples/a1/folds.txt is of no exercise",
    ]
