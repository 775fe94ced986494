"""The files for other places: written where they are looked for, of words that are read there."""

import ast
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.classroom.founding import begin
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.hosting import recipes


@pytest.fixture
def course(tmp_path):
    return begin(tmp_path / "course" / "vision", assignments=("a1",))


def test_the_command_writes_where_the_platform_looks(tmp_path):
    course = begin(tmp_path / "v", assignments=("a1", "a2"))
    folder = tmp_path / "template"
    arguments = ["course", "recipe", "github", str(folder), "--course", str(course.root)]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    path = folder / ".github" / "workflows" / "check.yml"
    assert "for name in a1 a2;" in path.read_text()
    assert recipes.wheel() in run.output


def test_what_cannot_be_written_is_refused(tmp_path, course):
    with pytest.raises(UserError, match="there are github, gitlab, container"):
        recipes.write("travis", tmp_path, course)
    recipes.write("gitlab", tmp_path, course)
    with pytest.raises(UserError, match="there already"):
        recipes.write("gitlab", tmp_path, course)


@pytest.mark.parametrize("kind", recipes.KINDS)
def test_a_recipe_that_is_cut_short_leaves_no_file(tmp_path, course, monkeypatch, kind):
    place, last = tmp_path / "place", Path(list(recipes.files(kind, course))[-1]).name
    write, replace = Path.write_text, Path.replace

    def cut_short(go_on, name):
        if name == last:
            raise KeyboardInterrupt
        return go_on()

    with monkeypatch.context() as m:
        m.setattr(
            Path,
            "write_text",
            lambda self, *a, **b: cut_short(lambda: write(self, *a, **b), self.name),
        )
        m.setattr(
            Path, "replace", lambda self, to: cut_short(lambda: replace(self, to), Path(to).name)
        )
        with pytest.raises(KeyboardInterrupt):
            recipes.write(kind, place, course)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(course.root in path.parents for path in left)
    assert all(path.is_file() for path in recipes.write(kind, place, course))


def test_a_hub_is_not_mixed_with_what_is_there(tmp_path, course):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "jupyterhub_config.py").write_text("mine")
    with pytest.raises(UserError, match="not empty; name a new folder"):
        recipes.write("jupyterhub", tmp_path / "hub", course)
    assert [path.name for path in (tmp_path / "hub").iterdir()] == ["jupyterhub_config.py"]


def test_a_hub_is_read_by_everyone_whatever_the_instructors_habits(tmp_path, course):
    mask = os.umask(0o077)
    try:
        recipes.write("jupyterhub", tmp_path / "hub", course)
    finally:
        os.umask(mask)
    found = [tmp_path / "hub", *(tmp_path / "hub").rglob("*")]
    assert all(path.stat().st_mode & stat.S_IROTH for path in found)
    assert all(path.stat().st_mode & stat.S_IXOTH for path in found if path.is_dir())


def test_the_image_is_built_of_lines_that_a_builder_knows(tmp_path, course):
    (path,) = recipes.write("container", tmp_path, course)
    text = path.read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    lines = "\n".join(lines).replace("\\\n", "").splitlines()  # one line, as a builder reads it
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
