"""The installer does its work once, says what is missing, and needs no package itself."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n_lib.course import checkout

SCRIPT = checkout.root() / "cs231n_lib" / "course" / "project" / "install.py"


@pytest.fixture
def install():
    spec = importlib.util.spec_from_file_location("install_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(install, tmp_path, monkeypatch):
    """A project whose installation is recorded instead of done."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n")
    calls = []

    def run(command, **_):
        calls.append([str(word) for word in command])
        return subprocess.CompletedProcess(command, project.returncode, "", "")

    class project:  # a small record: what was called, and what the calls shall return
        folder, env, returncode = tmp_path, tmp_path / ".venv", 0

    project.calls = calls
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(install.venv, "create", lambda env, **_: Path(env).mkdir(exist_ok=True))
    return project


def test_second_run_does_nothing(install, project):
    assert install.install(project.env, "book") == 0
    assert project.calls
    project.calls.clear()
    assert install.install(project.env, "book") == 0
    assert project.calls == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_install_again(install, project, name):
    install.install(project.env, "book")
    project.calls.clear()
    (project.folder / name).write_text("# changed\n")
    install.install(project.env, "book")
    assert project.calls


def test_other_extras_install_again(install, project):
    install.install(project.env, "book")
    project.calls.clear()
    install.install(project.env, "book,cluster")
    assert any(".[book,cluster]" in word for word in project.calls[-1])


def test_failed_installation_is_tried_again(install, project, capsys):
    project.returncode = 1
    assert install.install(project.env, "book") == 1
    assert "package index" in capsys.readouterr().err
    project.returncode = 0
    project.calls.clear()
    assert install.install(project.env, "book") == 0
    assert project.calls


def test_pip_is_the_fallback(install, project, monkeypatch):
    monkeypatch.setattr(install, "_find_uv", lambda env: None)
    install.install(project.env, "book")
    assert project.calls[-1][1:4] == ["-m", "pip", "install"]
    assert "constraints.txt" in project.calls[-1]


def test_missing_ensurepip_is_explained(install, project, monkeypatch, capsys):
    def no_ensurepip(env, **_):
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr(install.venv, "create", no_ensurepip)
    assert install.install(project.env, "book") != 0
    assert "python3-venv" in capsys.readouterr().err


def test_old_python_is_refused(install, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["install.py"])
    monkeypatch.setattr(install.sys, "version_info", (3, 10, 1, "final", 0))
    assert install.main() == 2
    assert "3.11 to 3.13" in capsys.readouterr().err


def test_runs_isolated_without_any_package():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "--extras" in done.stdout
