"""Wherever Python, the package and the course lie: from inside only what is named can be read."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import cs231n_lib

pytestmark = [pytest.mark.usefixtures("needs_walls"), pytest.mark.slow]
TOKEN = "canary" + "bird"  # not as one word here: this file is not what is looked for
#: A place below the prefix, and what is put there.
CANARIES = (
    "src/app/solutions/a1/a1.ipynb",  # a checkout below the prefix
    "src/app/.nbgrader/gradebook.db",
    "share/course/notes.txt",
    "lib/{python}/site-packages/answers.py",
    "lib/{python}/site-packages/scipy/__init__.py",
    "lib/{python}/site-packages/cs231n_lib/course/checks/canary.py",  # not an editable install
    "lib/{python}/site-packages/cs231n_lib/course/judge/canary.py",
    "lib/{python}/site-packages/cs231n_lib/neighbors.py",
    "lib/{python}/site-packages/__pycache__/answers.cpython-311.pyc",
    "lib/{python}/dist-packages/answers.py",
    "lib/{python}/answers.py",  # among the standard library, and none of it
    "lib/{python}/__pycache__/answers.cpython-311.pyc",
    "lib/{python}/answers/__init__.py",
    "lib/answers.so",
    "envs/other/lib/{python}/site-packages/answers.py",
    "pkgs/answers/info.json",
)
#: A check of the check: what lies in a folder that is shown is found.
SHOWN = "lib/{python}/json/shown.py"
SEARCH = """
import os, stat
found = []
for folder, _, names in os.walk("/"):
    for name in names:
        path = os.path.join(folder, name)
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode): continue
            text = open(path, "rb").read()
        except OSError: continue
        if b"canary" + b"bird" in text: found.append(path)
print(found)
"""
SCRIPT = """
import sys
from pathlib import Path
import cs231n_lib
from cs231n_lib.course.limits import Deadline, Limits
from cs231n_lib.course.judge.proxies import Client
from cs231n_lib.course.judge.walls.bubblewrap import Sandbox
from cs231n_lib.course.judge.walls.library import build_library

prefix, judge = map(Path, sys.argv[1:])
assert Path(sys.base_prefix) == prefix, sys.base_prefix
assert Path(cs231n_lib.__file__).is_relative_to(prefix), cs231n_lib.__file__
blocked = ("cs231n_lib.neighbors", "scipy")
walls = Sandbox(build_library(judge, blocked), Limits(), blocked)
client = Client(walls.worker(), Deadline(120.0, 120.0))
print(client.request(op="run", cell="answer", source=sys.stdin.read())["output"])
walls.stop()
"""


@pytest.fixture
def prefix(tmp_path):
    """A Python as conda makes one, with the package in its site-packages and a course below it."""
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    executable = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    shutil.copy2(executable, prefix / "bin" / python)
    standard = prefix / "lib" / python
    leave = shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "idlelib", "ensurepip", "__pycache__"
    )
    shutil.copytree(sysconfig.get_path("stdlib"), standard, ignore=leave, symlinks=True)
    packages = standard / "site-packages"
    shutil.copytree(
        Path(cs231n_lib.__file__).parent, packages / "cs231n_lib",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    # All that is no part of the question is taken from where it is.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for place in (*CANARIES, SHOWN):
        path = prefix / place.format(python=python)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"{TOKEN}"\n')
    return prefix, prefix / "bin" / python


@pytest.mark.skipif(sys.platform != "linux", reason="walls need Linux")
def test_no_canary_is_found_by_reading_all_that_can_be_read(prefix, tmp_path):
    folder, python = prefix
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        [str(python), "-c", SCRIPT, str(folder), str(tmp_path / "judge")], input=SEARCH,
        cwd=folder / "src" / "app", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    shown = Path("/python", SHOWN.format(python=python.name))
    assert done.stdout.strip() == str([str(shown)])
