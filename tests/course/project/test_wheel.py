"""What a wheel installs: the numeric library alone, or a whole course without a checkout."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from cs231n_lib.course.checkout import root
from cs231n_lib.course.judge.walls.python import ALLOWED
from cs231n_lib.course.publishing import build


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the package as a wheel unpacks it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def cs231n(installed, tmp_path):
    """Return a function that runs a command of the wheel in an empty folder."""

    def run(*arguments, folder=tmp_path):
        env = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path / "home")}
        command = [sys.executable, "-P", "-m", "cs231n_lib.course", *arguments]
        return subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False
        )

    return run


def test_the_wheel_carries_what_a_course_needs_and_no_more(installed):
    course = installed / "cs231n_lib" / "course"
    names = {p.relative_to(course / "material").parts[0] for p in course.rglob("material/*")}
    assert names == {
        "_config.yml", "benchmarks", "book", "constraints.txt", "exercises", "nbgrader_config.py",
        "solutions",
    }  # fmt: skip
    assert not [p for p in installed.rglob("*") if p.name in ("tests", "samples")]
    assert {p.name for p in (course / "material" / "benchmarks").iterdir()} == {"results"}


def test_a_book_is_begun_from_the_wheel(cs231n, tmp_path):
    done = cs231n("book", "check")
    assert done.returncode == 2
    assert "cs231n book new FOLDER" in " ".join(done.stderr.split())
    begun = cs231n("book", "new", "ours")
    assert begun.returncode == 0, begun.stderr
    assert cs231n("book", "new", "ours").returncode == 2
    below = tmp_path / "ours" / "book" / "labs"
    assert below.is_dir()
    checked = cs231n("book", "check", folder=below)
    assert checked.returncode == 0, checked.stderr
    assert " notebooks are in order" in checked.stdout
    # All that the HTML depends on came along, so that the book is the checkout's own.
    book = tmp_path / "ours"
    ours = {p.relative_to(book).as_posix() for p in book.rglob("*") if p.is_file()}
    theirs = {p.relative_to(root()).as_posix() for p in build.input_files()}
    assert ours == theirs


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


def requirements(distribution, extra=""):
    """Return the names that a distribution asks for, with an extra or without."""
    asked = [Requirement(line) for line in distribution.requires or []]
    return {r.name for r in asked if r.marker is None or r.marker.evaluate({"extra": extra})}


def test_who_can_check_an_assignment_has_all_that_answers_may_import(installed):
    (package,) = metadata.distributions(path=[str(installed)])
    assert set(ALLOWED) <= requirements(package, "cli") | requirements(package, "figures")


@pytest.fixture(scope="module")
def bare(installed, tmp_path_factory):
    """The Python of a new environment: the wheel and what it asks for without extras, no more."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for entry in installed.iterdir():
        (site / entry.name).symlink_to(entry)
    (package,) = metadata.distributions(path=[str(installed)])
    wanted, seen = requirements(package), set()
    while wanted:
        seen.add(name := wanted.pop())
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            (site / top).symlink_to(distribution.locate_file(top))
        wanted |= requirements(distribution) - seen
    assert seen == {"numpy", "array-api-compat", "threadpoolctl", "tqdm"}
    return folder / "bin" / "python"


def run_bare(bare, *arguments):
    return subprocess.run(
        [bare, "-I", "-W", "error", *arguments], capture_output=True, text=True, check=False
    )


TRAINING = """
import numpy as np
from cs231n_lib import Momentum, Solver, TwoLayerNet
rng = np.random.default_rng(0)
X = rng.standard_normal((64, 6)).astype(np.float32)
y = (X[:, 0] > 0).astype(np.int64)
net = TwoLayerNet(6, 16, 2, rng=rng)
solver = Solver(net, {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
                optimiser=Momentum(0.1), num_epochs=20, batch_size=16, rng=rng)
solver.train()
assert solver.best_val_accuracy > 0.9
"""


def test_without_extras_a_network_trains(bare):
    done = run_bare(bare, "-c", TRAINING)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("import cs231n_lib.plots", "figures"),
        ("import cs231n_lib as c; c.account('INPUT[8x8x3] -> FC-2').plot()", "figures"),
        ("from cs231n_lib.data import data_dir; data_dir()", "data"),
        ("from cs231n_lib.data import fetch_cifar10; fetch_cifar10('.')", "data"),
    ],
)
def test_without_extras_what_needs_one_names_it(bare, code, extra):
    done = run_bare(bare, "-c", code)
    last = done.stderr.splitlines()[-1]
    assert last.endswith(f"which is not installed: pip install 'cs231n_lib[{extra}]'"), done.stderr


def test_without_extras_the_command_says_in_a_sentence_what_to_install(bare, installed):
    (scripts,) = installed.glob("*.dist-info/entry_points.txt")
    assert "cs231n = cs231n_lib.course.__main__:main" in scripts.read_text()
    done = run_bare(bare, "-m", "cs231n_lib.course", "--help")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the command cs231n needs ")
    assert line.endswith("which is not installed: pip install 'cs231n_lib[cli]'")


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
