"""The command as it is reached: version, completion, terminals that have not every letter."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.project import install


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cs231n_lib.course", *arguments],
        capture_output=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def test_the_version_is_that_of_the_package():
    done = run("--version")
    assert done.stdout.decode().split() == ["cs231n_lib", version("cs231n_lib")]


def test_the_version_is_told_before_anything_slow_is_loaded():
    """Nor does the Tab key wait for it."""
    code = (
        "import sys; sys.argv[1:] = ['--version']; import atexit\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        "from cs231n_lib.course import __main__; __main__.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert not loaded & {"numpy", "matplotlib", "nbgrader", "rich.console", "sphinx"}


def test_no_grammar_is_compiled_before_a_notebook_is_read():
    code = """
import atexit, sys
sys.argv[1:] = ["--version"]
def read():
    import nbformat
    print("jsonschema" in sys.modules, "lark" in sys.modules)
atexit.register(read)
from cs231n_lib.course import __main__
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["True", "False"], done.stderr


def test_a_stop_while_it_loads_is_no_traceback():
    code = """
import sys
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "cs231n_lib.course.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
from cs231n_lib.course import __main__
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


def test_a_name_is_completed_as_a_shell_asks():
    command = shutil.which("cs231n", path=str(Path(sys.executable).parent))
    asked = {"_CS231N_COMPLETE": "complete_bash", "COMP_WORDS": "cs231n chec", "COMP_CWORD": "1"}
    done = subprocess.run(
        [command], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["check"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_no_terminal_is_too_poor_for_what_is_said(encoding, tmp_path):
    """A notebook and a name with letters that the terminal has not."""
    (tmp_path / "аβ1.ipynb").write_text("{", encoding="utf-8")
    done = run("check", str(tmp_path / "аβ1.ipynb"), PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"broken" in done.stderr
    for arguments in (["--help"], ["hint", "a1", "predict_labels", "--step", "3"]):
        assert run(*arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="0").returncode == 0


def test_make_reaches_what_students_need():
    makefile = (root() / "Makefile").read_text()
    for target in ("book", "lab", "check", "status"):
        assert re.search(rf"^{target}: install  ## ", makefile, re.MULTILINE)
        assert re.search(rf"^\.PHONY:.* {target}\b", makefile, re.MULTILINE)


def test_the_way_to_the_command_is_told_after_the_installation(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert install._activation(tmp_path / ".venv").replace("\\", "/") == ". .venv/bin/activate"
