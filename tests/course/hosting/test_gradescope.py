"""An autograder in a folder laid out like Gradescope's, run by the scripts that are uploaded."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.cli import app
from cs231n_lib.course.hosting import gradescope
from tests.course import notebooks
from tests.course.conftest import make_course

#: A student who looks for the tests, the references and the results, and prints what there is.
CURIOUS = """\
import os
def double(x):
    print("uid", os.getuid())
    return 2 * x
for path in {paths!r}:
    try:
        print("SEEN", path, open(path).read() if os.path.isfile(path) else os.listdir(path))
    except OSError:
        pass
for name in ("socket.socket", "os.fork"):
    try:
        module, what = name.split(".")
        getattr(__import__(module), what)()
        print("SEEN", name)
    except OSError:
        pass
"""


@pytest.fixture
def gradescope_root(tmp_path):
    """A folder like /autograder with the zip unpacked; not in pytest's, which is closed to all."""
    root = Path(tempfile.mkdtemp(prefix="autograder-"))
    root.chmod(0o755)
    course = make_course(tmp_path / "course")
    packed = CliRunner().invoke(
        app,
        ["course", "autograder", "a1", str(tmp_path / "a1.zip"), "--course", str(course.root)],
    )
    assert packed.exit_code == 0, packed.output
    with zipfile.ZipFile(tmp_path / "a1.zip") as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, root / "source"))
            path.chmod(entry.external_attr >> 16)
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    # A Python as setup.sh makes it, whose packages are those that are here, less the course's.
    made = [sys.executable, "-m", "venv", "--copies", "--without-pip", str(root / "python")]
    subprocess.run(made, check=True)
    (site,) = (root / "python").glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (root / "submission").mkdir()
    yield root
    shutil.rmtree(root)


@pytest.fixture
def needs_another_user(gradescope_root):
    """Skip where nobody but root can run this Python: in a home of root's, say."""
    if os.geteuid() != 0:
        pytest.skip("only root can run code as another user")
    tried = subprocess.run(
        [gradescope_root / "python" / "bin" / "python", "-c", "import numpy"], cwd="/", env={},
        user=65534, group=65534, extra_groups=[], capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tried.returncode != 0:
        pytest.skip(f"another user cannot run this Python here: {tried.stderr}")


def grade(root, *, bubblewrap=True):
    """Run the autograder; return what it printed and its results, None if there are none."""
    env = dict(os.environ)
    if not bubblewrap:
        broken = root / "broken"
        broken.mkdir()
        (broken / "bwrap").write_text("#!/bin/sh\nexit 1\n")
        (broken / "bwrap").chmod(0o755)
        env["PATH"] = f"{broken}:{env['PATH']}"
    done = subprocess.run(
        [root / "run_autograder"], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    results = root / "results" / "results.json"
    return done, json.loads(results.read_text()) if results.exists() else None


def submit(root, answers, name="a1.ipynb"):
    (root / "submission" / name).write_bytes(notebooks.to_bytes(notebooks.notebook(answers)))


def test_it_grades_behind_the_walls(gradescope_root, needs_walls):
    submit(gradescope_root, {**notebooks.ANSWERS, "mean": "def mean(x):\n    return x.sum()"})
    done, results = grade(gradescope_root)
    assert results is not None, done.stderr
    assert results["score"] == 3.0
    assert results["extra_data"]["walls"] == "bubblewrap"
    assert [(t["score"], t["max_score"], t["status"]) for t in results["tests"]] == [
        (1, 1, "passed"), (2, 2, "passed"), (0, 1, "failed")
    ]  # fmt: skip
    assert results["tests"][2]["output"] == "not the mean"
    assert "2 more points" in results["output"]
    assert results["stdout_visibility"] == "hidden"
    formats = {key: value for key, value in results.items() if key.endswith("_format")}
    assert formats == dict.fromkeys(
        ("output_format", "test_output_format", "test_name_format"), "text"
    )


@pytest.mark.usefixtures("needs_another_user")
def test_without_bubblewrap_another_user_keeps_the_tests_from_the_student(gradescope_root):
    source = gradescope_root / "source"
    paths = [source, source / "master.ipynb", gradescope_root / "results",
             source / "package" / "cs231n_lib" / "course" / "checks" / "pair.py"]  # fmt: skip
    assert all(path.exists() for path in paths if path.name != "results")
    curious = CURIOUS.format(paths=[str(path) for path in paths])
    submit(gradescope_root, {**notebooks.ANSWERS, "double": curious})
    done, results = grade(gradescope_root, bubblewrap=False)
    assert results is not None, done.stderr
    assert results["extra_data"]["walls"] == "user"
    assert results["score"] == 4.0
    assert "SEEN" not in done.stdout + done.stderr + json.dumps(results)


@pytest.mark.usefixtures("needs_another_user")
def test_where_the_tests_could_be_read_nothing_is_run(gradescope_root):
    """The script closes the folder; where that was undone there is no grade, and no zero."""
    run = gradescope_root / "run_autograder"
    run.write_text(run.read_text().replace("chmod 700 source results", "chmod 755 source"))
    submit(gradescope_root, notebooks.ANSWERS)
    done, results = grade(gradescope_root, bubblewrap=False)
    assert results is None
    assert done.returncode == 2
    assert "chmod 700" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_notebook_gets_a_reason(gradescope_root, needs_walls):
    (gradescope_root / "submission" / "a1.pdf").write_bytes(b"%PDF")
    _, results = grade(gradescope_root)
    assert results["score"] == 0
    assert "a1.pdf is a PDF" in results["output"]


def test_a_link_to_the_master_is_no_submission(gradescope_root, needs_walls):
    link = gradescope_root / "submission" / "a1.ipynb"
    link.symlink_to(gradescope_root / "source" / "master.ipynb")
    _, results = grade(gradescope_root)
    assert results["score"] == 0
    assert "a link, not a file" in results["output"]


def test_the_zip_holds_this_assignment_and_no_other_solution(gradescope_root):
    source = gradescope_root / "source"
    assert [p.name for p in source.rglob("*.ipynb")] == ["master.ipynb"]
    assert {p.name for p in source.iterdir()} == {
        "setup.sh", "run_autograder", "requirements.txt", "assignment.txt", "master.ipynb",
        "package",
    }  # fmt: skip
    needs = (source / "requirements.txt").read_text()
    assert "numpy" in needs
    assert "typer" in needs
    assert "nbgrader" not in needs


def test_it_needs_no_more_than_it_asks_for():
    """The course's extra is not installed at Gradescope: nothing of it may be imported there."""
    code = (
        "import sys\n"
        "for name in ('nbgrader', 'sqlalchemy', 'traitlets', 'yaml', 'nbformat', 'jupyterlab'):\n"
        "    sys.modules[name] = None\n"
        "import cs231n_lib.course.cli, cs231n_lib.course.hosting.gradescope\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", [gradescope.SETUP, gradescope.RUN])
def test_the_scripts_are_bash(script):
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def set_up(tmp_path):
    """Run setup.sh with an apt-get that knows one Python alone, which notes its arguments."""
    source, commands = tmp_path / "autograder" / "source", tmp_path / "bin"
    source.mkdir(parents=True)
    commands.mkdir()
    (source / "setup.sh").write_text(gradescope.SETUP)
    note = f'echo "$0" "$@" >> "{tmp_path}/log"'
    apt = commands / "apt-get"
    apt.write_text(
        f"#!/bin/bash\n{note}\n"
        f'case "$*" in *" python$(cat "{tmp_path}/known")"*)\n'
        f'cp "{tmp_path}/python" "{commands}/python$(cat "{tmp_path}/known")";;\n'
        "*python3*) exit 1;; esac\n"
    )
    (tmp_path / "python").write_text(
        f'#!/bin/bash\n{note}\nif [ "$2" = venv ]; then mkdir -p "$3/bin"; '
        'cp "$0" "$3/bin/python"; fi\n'
    )
    for path in (apt, tmp_path / "python"):
        path.chmod(0o755)
    for name in ("dirname", "chmod", "cp", "mkdir", "bash", "cat"):
        (commands / name).symlink_to(shutil.which(name))

    def run(known):
        (tmp_path / "known").write_text(known)
        done = subprocess.run(
            ["bash", source / "setup.sh"], env={"PATH": str(commands)}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return done, (tmp_path / "log").read_text(), source

    return run


def test_setup_says_when_an_image_is_too_old(set_up):
    done, _, _ = set_up("3.8")
    assert done.returncode == 1
    assert "choose Ubuntu 22.04 or a newer one" in done.stderr


def test_setup_takes_the_newest_python_that_there_is(set_up):
    done, log, source = set_up("3.12")
    assert done.returncode == 0, done.stderr
    root = source.parent
    assert f"python3.12 -m venv {root}/python" in log
    assert f"{root}/python/bin/python -m pip install -r {source}/requirements.txt" in log
    assert "python3.11" not in log
    assert source.stat().st_mode & 0o777 == 0o700
