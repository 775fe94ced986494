"""The files for students' repositories: the command in them is run here, as a runner would."""

import ast
import json
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cs231n_lib.course import checkout
from cs231n_lib.course.classroom.founding import begin
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.hosting import recipes


def commands(kind, path):
    """Return the shell commands of a workflow file, as its platform reads them."""
    content = yaml.safe_load(path.read_text())
    if kind == "github":
        (job,) = content["jobs"].values()
        return [step["run"] for step in job["steps"] if "run" in step]
    return content["check"]["script"]


@pytest.fixture
def repository(tmp_path):
    """A student's repository with assignment 1 as it is released."""
    shutil.copy(checkout.material() / "exercises" / "a1" / "a1.ipynb", tmp_path)
    return tmp_path


@pytest.fixture
def course(tmp_path):
    return begin(tmp_path / "course" / "vision", assignments=("a1",))


def solve(notebook, exercise):
    """Put the model answer of one exercise in, as a student would."""
    model = json.loads((checkout.material() / "solutions" / "a1" / "a1.ipynb").read_text())
    named = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in model["cells"]}
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise:
            cell["source"] = named[exercise]["source"]
    notebook.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_push_is_checked_by_the_visible_tests(repository, course, kind):
    (path,) = recipes.write(kind, repository, course)
    install, check = commands(kind, path)
    assert shlex.split(install)[-1] == f"./{recipes.wheel()}[cli]"
    program, *arguments = shlex.split(check)
    assert program == "cs231n"
    solve(repository / "a1.ipynb", "compute_distances_l1")
    done = subprocess.run(
        [sys.executable, "-m", "cs231n_lib.course", *arguments], cwd=repository,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr  # most of it is still to be written
    assert "compute_distances_l1" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_command_writes_where_the_platform_looks(tmp_path):
    course = begin(tmp_path / "v", assignments=("a1", "a2"))
    folder = tmp_path / "template"
    arguments = ["course", "recipe", "github", str(folder), "--course", str(course.root)]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    path = folder / ".github" / "workflows" / "check.yml"
    assert commands("github", path)[1:] == ["cs231n check a1.ipynb", "cs231n check a2.ipynb"]
    assert recipes.wheel() in run.output


def test_what_cannot_be_written_is_refused(tmp_path, course):
    with pytest.raises(UserError, match="there are github, gitlab, container"):
        recipes.write("travis", tmp_path, course)
    recipes.write("gitlab", tmp_path, course)
    with pytest.raises(UserError, match="there already"):
        recipes.write("gitlab", tmp_path, course)


def test_the_image_is_built_of_lines_that_a_builder_knows(tmp_path, course):
    (path,) = recipes.write("container", tmp_path, course)
    text = path.read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    words = [line.split()[0] for line in lines]
    assert words == ["FROM", "RUN", "COPY", "RUN", "RUN", "USER", "WORKDIR", "ENTRYPOINT"]
    for line in (line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")):
        done = subprocess.run(["sh", "-n", "-c", line], capture_output=True, check=False)
        assert done.returncode == 0, line
    copied = next(line.split()[1:] for line in lines if line.startswith("COPY"))
    assert str(Path(copied[1], copied[0])) + "[course]" in text


def test_a_hub_is_told_of_the_course_and_its_instructor(tmp_path):
    course = begin(tmp_path / "o'vision", name="vision", assignments=(), zone="Europe/Zurich")
    run = CliRunner().invoke(
        app, ["course", "recipe", "jupyterhub", str(tmp_path / "hub"), "--course", str(course.root)]
    )
    assert run.exit_code == 0, run.output
    assert recipes.wheel() in run.output
    made = {p.relative_to(tmp_path / "hub").as_posix() for p in (tmp_path / "hub").rglob("*.*")}
    assert made == set(recipes.files("jupyterhub", course))
    for name in made:
        path = tmp_path / "hub" / name
        assert path.stat().st_mode & stat.S_IROTH  # students' servers read it
        read = {".py": ast.parse, ".json": json.loads}[path.suffix]
        assert read(path.read_text())
    assert str(course.root) in (tmp_path / "hub" / "jupyterhub_config.py").read_text()
    assert "Europe/Zurich" in (tmp_path / "hub" / "everyone" / "nbgrader_config.py").read_text()
