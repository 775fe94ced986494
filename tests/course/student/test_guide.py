"""The commands that the students' guide prints do what it says, in the order of the guide."""

import re

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.checkout import root
from cs231n_lib.course.cli import app
from cs231n_lib.course.commands import student
from cs231n_lib.course.student import lab

GUIDE = root() / "book" / "teaching" / "students.md"
COMMAND = re.compile(r"^cs231n (.*?) *(?:#.*)?$", re.MULTILINE)
#: What each command of the guide shows, and its exit status: a fresh copy passes no test yet.
SHOWN = {
    "lab a1": ("Your copy: ", 0),
    "check a1": ("0 of 40 points by the visible tests", 1),
    "check a1 predict_labels": ("predict_labels: not attempted yet", 1),
    "check a1 predict_labels --watch": ("Waiting for the next save; Ctrl-C to stop", 130),
    "hint a1 predict_labels": ("The next step: cs231n hint a1 predict_labels --step 2", 0),
    "hint a1 predict_labels --step 3": ("3. ", 0),
    "status": ("0 / 40", 0),
    "status --quick": ("0 / 40", 0),
    "submit a1": ("--force", 1),
    "submit a1 --force": ("Hand in this file: ", 0),
    "lab a1 --reset": ("Your copy: ", 0),
}


def commands() -> list[str]:
    """Return the commands that the guide prints."""
    return COMMAND.findall(GUIDE.read_text(encoding="utf-8"))


def test_the_guide_has_these_commands_in_this_order():
    assert commands() == list(SHOWN)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One folder for the copies of all commands."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home, monkeypatch):
    """Return a function that runs a command there; nothing opens, nobody saves."""

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.chdir(home)
    monkeypatch.setenv("CS231N_WORK_DIR", str(home / "cs231n"))
    monkeypatch.setenv("CS231N_CACHE_DIR", str(home / "cache"))
    monkeypatch.setattr(lab, "open_lab", lambda notebook, **_: 0)
    monkeypatch.setattr(student, "_wait_for_a_save", interrupted)
    return lambda words: CliRunner().invoke(app, words.split(), env={"COLUMNS": "120"})


def test_every_command_of_the_guide_does_what_it_says(run):
    for words in commands():
        expected, status = SHOWN[words]
        done = run(words)
        assert expected in f"{done.output}{done.exception}", (words, done.output)
        assert done.exit_code == status, (words, done.output, done.exception)
