"""What a wheel installs is a whole course: no command of an instructor needs a checkout."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from cs231n_lib.course.checkout import root


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package as a wheel unpacks it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def cs231n(installed, tmp_path):
    """Return a function that runs a command of the wheel in an empty folder."""

    def run(*arguments):
        env = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path / "home")}
        command = [sys.executable, "-P", "-m", "cs231n_lib.course", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    return run


def test_the_wheel_carries_what_a_course_needs_and_no_more(installed):
    course = installed / "cs231n_lib" / "course"
    names = {p.relative_to(course / "material").parts[0] for p in course.rglob("material/*")}
    assert names == {"solutions", "exercises", "nbgrader_config.py"}
    assert not [p for p in installed.rglob("*") if p.name in ("tests", "benchmarks", "samples")]


def test_a_course_is_begun_released_and_graded_from_the_wheel(cs231n, installed, tmp_path):
    assert cs231n("course", "new", "vision", "--assignments", "a1").returncode == 0
    released = cs231n("release", "--course", "vision")
    assert released.returncode == 0, released.stderr
    vision = tmp_path / "vision"
    solution = (vision / "solutions" / "a1" / "a1.ipynb").read_bytes()
    (tmp_path / "in" / "anne").mkdir(parents=True)
    (tmp_path / "in" / "anne" / "a1.ipynb").write_bytes(solution)
    collected = cs231n("collect", "a1", "in", "--course", "vision/solutions")
    assert collected.returncode == 0, collected.stderr
    graded = cs231n("grade", "a1", "--course", "vision", "--unsafe", "--yes", "-n", "1")
    assert graded.returncode == 0, graded.stdout + graded.stderr
    exported = cs231n("export", "a1", "--course", "vision", "-o", "a1.csv", "--partial")
    assert exported.returncode == 0, exported.stderr
    assert "anne" in (tmp_path / "a1.csv").read_text()


def test_a_student_checks_from_the_wheel(cs231n, installed, tmp_path):
    released = installed / "cs231n_lib" / "course" / "material" / "exercises" / "a1" / "a1.ipynb"
    (tmp_path / "a1.ipynb").write_bytes(released.read_bytes())
    checked = cs231n("check", "a1.ipynb")
    assert checked.returncode == 1, checked.stderr
    assert "no release was found" not in checked.stdout


@pytest.mark.parametrize("command", [["test"], ["bench"], ["lock"]])
def test_what_maintainers_run_says_that_it_needs_a_checkout(cs231n, command):
    done = cs231n(*command)
    assert done.returncode == 2
    assert "make install" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_without_its_material_says_so(installed, tmp_path):
    code = (
        "from cs231n_lib.course import checkout; from cs231n_lib.course.errors import UserError\n"
        "checkout.__file__ = '/nowhere/course/checkout.py'\n"
        "try: checkout.material()\n"
        "except UserError as error: print(error)"
    )
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert "Install it again" in json.dumps(done.stdout), done.stderr
