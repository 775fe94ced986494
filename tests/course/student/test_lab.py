"""A working copy is made once, never overwritten, and kept when it is replaced."""

import subprocess
import sys

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student import lab


@pytest.fixture
def exercises(tmp_path):
    folder = tmp_path / "course" / "exercises"
    for name in ("a1", "a2"):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.ipynb").write_text("released")
    return folder


def test_copy_is_made_once_and_never_overwritten(exercises, tmp_path):
    notebook = lab.work_copy("a1", exercises, tmp_path / "work")
    assert notebook.read_text() == "released"
    notebook.write_text("my solution")
    assert lab.work_copy("a1", exercises, tmp_path / "work") == notebook
    assert notebook.read_text() == "my solution"


def test_reset_keeps_what_was_there_each_time(exercises, tmp_path):
    for text in ("first", "second"):
        lab.work_copy("a1", exercises, tmp_path / "work", reset=True).write_text(text)
    fresh = lab.work_copy("a1", exercises, tmp_path / "work", reset=True)
    assert fresh.read_text() == "released"
    kept = sorted(p.read_text() for p in tmp_path.glob("work/a1-kept-*/a1.ipynb"))
    assert kept == ["first", "second"]


def test_unknown_assignment_lists_those_there_are(exercises, tmp_path):
    with pytest.raises(UserError, match=r"'a9'.*a1, a2"):
        lab.work_copy("a9", exercises, tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_never_inside_the_course(exercises):
    with pytest.raises(UserError, match="--folder"):
        lab.work_copy("a1", exercises, exercises.parent / "mine")


def test_damaged_copy_is_explained_and_left_alone(exercises, tmp_path):
    lab.work_copy("a1", exercises, tmp_path / "work").unlink()
    with pytest.raises(UserError, match="--reset"):
        lab.work_copy("a1", exercises, tmp_path / "work")


def test_folder_that_is_a_file_is_explained(exercises, tmp_path):
    (tmp_path / "work").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        lab.work_copy("a1", exercises, tmp_path / "work")


def test_copy_cut_short_leaves_nothing(exercises, tmp_path, monkeypatch):
    def broken(source, target):
        target.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lab.shutil, "copytree", broken)
    with pytest.raises(UserError, match="No space left"):
        lab.work_copy("a1", exercises, tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_folder_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CS231N_WORK_DIR", str(tmp_path / "elsewhere"))
    assert lab.default_folder() == tmp_path / "elsewhere"


def test_missing_jupyterlab_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install"):
        lab.open_lab(tmp_path / "a1.ipynb")


def test_lab_is_started_on_the_copy_and_on_loopback_only(monkeypatch, tmp_path):
    calls = []

    def run(command, cwd):
        calls.append((command, cwd))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(lab.subprocess, "run", run)
    assert lab.open_lab(tmp_path / "a1.ipynb", browser=False) == 0
    ((command, cwd),) = calls
    assert command[:4] == [sys.executable, "-m", "jupyterlab", "a1.ipynb"]
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--no-browser" in command
    assert cwd == tmp_path
