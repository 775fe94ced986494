"""A type checker finds wrong calls in a user's program, and leaves right ones alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).with_name("programs")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Line numbers that mypy names, for each program."""
    cache = tmp_path_factory.mktemp("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", str(cache),
         "--follow-imports", "silent", *sorted(map(str, PROGRAMS.glob("*.py")))],
        capture_output=True, text=True, check=False,
        cwd=cache,  # so that the library is found as an installed one, by its py.typed
    )  # fmt: skip
    assert done.stderr == ""
    named = re.findall(r"(\w+)\.py:(\d+): error: (.*)", done.stdout)
    return {name: {int(line): text for n, line, text in named if n == name} for name, *_ in named}


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
