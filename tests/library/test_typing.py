"""Type checkers find wrong calls in a user's program, and leave right ones alone."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cs231n_lib

PROGRAMS = Path(__file__).with_name("programs")


def mypy(folder, cache):
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", str(cache),
         "--ignore-missing-imports", *sorted(map(str, PROGRAMS.glob("*.py")))],
        capture_output=True, text=True, check=False,
        cwd=folder,  # so that the library is found as an installed one, by its py.typed
    )  # fmt: skip
    assert done.stderr == ""
    for name, line, text in re.findall(r"(\w+)\.py:(\d+): error: (.*)", done.stdout):
        yield name, int(line), text


def pyright(folder, cache):
    command = shutil.which("pyright")
    if command is None:
        pytest.skip("there is no command pyright: pip install 'pyright[nodejs]' brings one")
    library = Path(cs231n_lib.__file__).parents[1]
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
    project = folder / "pyrightconfig.json"
    project.write_text(json.dumps({"extraPaths": [str(library)]}))
    done = subprocess.run(
        [command, "--project", project, "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for found in json.loads(done.stdout)["generalDiagnostics"]:
        if found["severity"] == "error":
            line = found["range"]["start"]["line"] + 1
            yield Path(found["file"]).stem, line, found["message"]


@pytest.fixture(scope="module", params=[mypy, pyright], ids=lambda checker: checker.__name__)
def found(request, tmp_path_factory):
    """Line numbers that a checker names, for each program.

    What mypy has learnt of NumPy and of files that are as they were, it knows the next time; the
    first time it has what a check of the library itself has learnt, with the options that it had.
    """
    folder = tmp_path_factory.mktemp("checker")
    kept = getattr(request.config, "cache", None)
    cache = kept.mkdir("mypy") if kept else folder / "cache"
    learnt = Path(cs231n_lib.__file__).parents[1] / ".mypy_cache"
    if learnt.is_dir() and not (cache.is_dir() and any(cache.iterdir())):
        shutil.copytree(learnt, cache, dirs_exist_ok=True)
    named = list(request.param(folder, cache))
    return {name: {line: text for n, line, text in named if n == name} for name, *_ in named}


def test_a_right_program_is_left_alone(found):
    assert found.get("right", {}) == {}


def test_every_wrong_call_is_named_and_nothing_else(found):
    lines = (PROGRAMS / "wrong.py").read_text().splitlines()
    wrong = {n for n, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert len(wrong) > 20
    assert set(found["wrong"]) == wrong, found["wrong"]


def test_the_right_program_runs():
    done = subprocess.run(
        [sys.executable, "-W", "error", PROGRAMS / "right.py"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
