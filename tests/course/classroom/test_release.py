"""What students get holds nothing hidden, is complete, and says when it is due."""

import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.due import due_of
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.classroom import granting, release
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError

ROOT = checkout.root()
ASSIGNMENTS = assignments()
REGION = re.compile(
    r"^[ \t]*### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)^[ \t]*### END (?:SOLUTION|HIDDEN TESTS)",
    re.DOTALL | re.MULTILINE,
)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def course_of(folder: Path, name: str) -> Path:
    """Copy what a course folder needs for the assignment ``name``."""
    shutil.copytree(ROOT / "solutions" / name, folder / "solutions" / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


def hidden_lines(name: str) -> set[str]:
    """Return every line of solutions and hidden tests that could give something away."""
    notebook = read(ROOT / "solutions" / name / f"{name}.ipynb")
    regions = [r for cell in notebook.cells for r in REGION.findall(cell.source)]
    return {line.strip() for region in regions for line in region.splitlines()}


def leaks(folder: Path, name: str) -> list[str]:
    """Return everything hidden that is to be found in the files below ``folder``."""
    source = read(ROOT / "solutions" / name / f"{name}.ipynb")
    visible = {
        line.strip() for cell in source.cells for line in REGION.sub("", cell.source).splitlines()
    }
    secret = {line for line in hidden_lines(name) - visible if len(line) > 8}
    assert len(secret) > 20
    seeds = re.findall(r'rng\("(\w+)"\)', "\n".join(secret))
    found = []
    for path in folder.rglob("*"):
        text = path.read_text()
        if path.suffix == ".ipynb":
            notebook = read(path)
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            found += ["output" for cell in code if cell.outputs or cell.execution_count]
            text = "\n".join(cell.source for cell in notebook.cells)
        found += secret & {line.strip() for line in text.splitlines()}
        marks = [
            "BEGIN SOLUTION",
            "END SOLUTION",
            "HIDDEN TESTS",
            *(f'rng("{seed}")' for seed in seeds),
        ]
        found += [mark for mark in marks if mark in text]
    return found


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_nothing_hidden_leaks(name, tmp_path):
    assert leaks(ROOT / "exercises" / name, name) == []
    # The search finds what is planted: one hidden line, one stored output.
    shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", tmp_path)
    assert len(leaks(tmp_path, name)) > 20
    notebook = read(ROOT / "exercises" / name / f"{name}.ipynb")
    next(c for c in notebook.cells if c.cell_type == "code").execution_count = 1
    nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    assert leaks(tmp_path, name) == ["output"]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_cells_keep_their_ids_and_points_add_up(name):
    source, made = (read(ROOT / d / name / f"{name}.ipynb") for d in ("solutions", "exercises"))
    assert [cell.id for cell in source.cells] == [cell.id for cell in made.cells]
    grades = [cell.metadata.get("nbgrader", {}) for cell in made.cells]
    total = sum(grade.get("points", 0) for grade in grades if grade.get("grade"))
    assert f"| Points | {total:g}:" in made.cells[0].source
    assert re.search(r"\| Time \| about", made.cells[0].source)
    assert re.search(r"\| Read first \| chapter", made.cells[0].source)
    for cell, grade in zip(made.cells, grades, strict=True):
        if grade.get("grade") and cell.cell_type == "code":
            assert "raises-exception" in cell.metadata.tags, cell.id


def test_the_instructions_fit_what_students_get():
    for name in ASSIGNMENTS:
        told = (ROOT / "exercises" / name / "README.txt").read_text()
        assert told == release.instructions(name, in_checkout=True)
    own = release.instructions("algebra", in_checkout=False)
    assert own.startswith("Assignment algebra\n==================\n")
    assert f'pip install "{checkout.wheel()}[course]"' in own
    for word in ("make", "hint", "images", "CIFAR"):
        assert word not in own


def test_bundle_is_deterministic_and_complete(tmp_path):
    folder = ROOT / "exercises" / ASSIGNMENTS[0]
    one, two = (release.bundle(folder, tmp_path / f"{n}.zip").read_bytes() for n in (1, 2))
    assert one == two
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        names = set(archive.namelist())
    name = ASSIGNMENTS[0]
    assert {f"{name}/{name}.ipynb", f"{name}/README.txt"} <= names


def test_an_unknown_assignment_is_a_users_mistake():
    with pytest.raises(UserError, match="There are: a1"):
        release.release("a99", ROOT)


def test_a_release_says_the_due_date_of_the_gradebook_before_and_after(tmp_path):
    release.release("a1", course_of(tmp_path, "a1"))
    course, notebook = Course(tmp_path), tmp_path / "exercises" / "a1" / "a1.ipynb"
    first = granting.set_due(course, "a1", "2027-03-01 17:00")
    assert due_of(notebook.read_bytes()) == first
    release.release("a1", tmp_path)
    assert due_of(notebook.read_bytes()) == first
    granting.set_due(course, "a1", "none")
    assert notebook.read_bytes() == (ROOT / "exercises" / "a1" / "a1.ipynb").read_bytes()
    notebook.write_text("{")
    with pytest.raises(UserError, match="Make it anew: cs231n release a1"):
        granting.set_due(course, "a1", "2027-03-01")
