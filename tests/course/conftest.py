"""The walls, put up once for all tests of the judge; where they cannot be, the reason why."""

import shutil
import subprocess
import sys

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.walls import bubblewrap
from cs231n_lib.course.judge.walls.library import build_library
from cs231n_lib.course.limits import Limits
from tests.course import notebooks

CONFIG = (checkout.root() / "nbgrader_config.py").read_text()


def make_course(root, gradebook=None, db_url=""):
    """Return a course with the tiny assignment as a1, its gradebook a copy of ``gradebook``."""
    (root / "solutions" / "a1").mkdir(parents=True)
    extra = f"\nc.CourseDirectory.db_url = {db_url!r}\n" if db_url else ""
    (root / "nbgrader_config.py").write_text(CONFIG + extra)
    master = notebooks.to_bytes(notebooks.notebook())
    (root / "solutions" / "a1" / "a1.ipynb").write_bytes(master)
    if gradebook is not None:
        (root / ".nbgrader").mkdir()
        shutil.copy(gradebook, root / ".nbgrader" / "gradebook.db")
    return Course(root)


@pytest.fixture(scope="session")
def gradebook_template(tmp_path_factory):
    """A gradebook that knows a1 and nobody: nbgrader takes seconds to make one."""
    from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook

    course = make_course(tmp_path_factory.mktemp("template"))
    with Gradebook(course, "a1") as book:
        book.record_cells()
    return course.state / "gradebook.db"


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("judge"), ("cs231n_lib.neighbors",))


@pytest.fixture(scope="session")
def settings(library):
    """What judges of the tiny assignment know; what they make once is made once for all tests."""
    return Settings(notebooks.to_bytes(notebooks.notebook()), "tiny", str(library.parent))


@pytest.fixture(scope="session")
def needs_walls():
    if bubblewrap.why_not_isolated():
        pytest.skip(bubblewrap.why_not_isolated())


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The package as it is given away."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=checkout.root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def make_sandbox(needs_walls, library):
    """Return a function that gives a sandbox with some limits changed."""
    made = []

    def make(**limits):
        limits = {"call": 10.0, "wall": 60.0, **limits}
        blocked = ("cs231n_lib.neighbors", "sklearn")
        walls = bubblewrap.Sandbox(library, Limits(**limits), blocked)
        made.append(walls)
        return walls

    yield make
    for walls in made:
        walls.stop()


@pytest.fixture(scope="session")
def walls(make_sandbox):
    return make_sandbox()


@pytest.fixture(scope="session")
def master():
    return read_master(notebooks.to_bytes(notebooks.notebook()), "tiny")


@pytest.fixture(scope="session")
def grade(walls, master):
    """Return a function that grades a submission of the tiny assignment in the sandbox."""
    grader = Grader(master, walls.worker, walls.limits)
    return lambda data, seed=1: grader.grade(data, seed)
