"""The command line words every mistake, and starts without the course's heavy packages."""

import subprocess
import sys

import pytest

from cs231n_lib.course import __main__, checkout, cli
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.project import stages


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "cs231n_lib.course", *arguments], capture_output=True, text=True
    )


def test_help_lists_the_commands():
    done = run("--help")
    assert done.returncode == 0
    for command in ("test", "lint", "bench", "data", "book"):
        assert command in done.stdout


def test_unknown_stage_is_explained_without_traceback():
    done = run("test", "nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "unit" in done.stderr
    assert "Traceback" not in done.stderr


def test_user_error_becomes_a_message(monkeypatch, capsys):
    def fail():
        raise UserError("the folder [x] is missing. Expected one; create it.")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "the folder [x] is missing" in capsys.readouterr().err


def test_interrupt_is_quiet(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as stop:
        __main__.main()
    assert stop.value.code == 130
    assert capsys.readouterr().err == ""


def test_help_loads_no_heavy_package():
    code = (
        "import sys, cs231n_lib.course.cli; "
        "print([m for m in ('nbgrader', 'jupyter_book', 'sphinx', 'dask', 'jupyter_server', "
        "'sqlalchemy', 'torch', 'cupy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_failing_stage_fails_the_run(monkeypatch, capsys):
    good, bad = ([sys.executable, "-c", f"raise SystemExit({code})"] for code in (0, 3))
    monkeypatch.setattr(stages, "STAGES", {"good": [good], "bad": [bad, good]})
    assert stages.run_stages(["good"]) == 0
    assert stages.run_stages(["bad", "good"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_what_a_stage_compiles_is_kept_for_its_next_process(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    asked = [sys.executable, "-c", "import sys; sys.exit(sys.dont_write_bytecode)"]
    monkeypatch.setattr(stages, "STAGES", {"one": [asked]})
    assert stages.run_stages(["one"]) == 0


def test_pages_are_tried_beside_the_other_stages_and_told_last(monkeypatch, tmp_path, capfd):
    """Each of the two waits for what only the other one makes."""
    wait = """
import pathlib, sys, time
made, awaited = map(pathlib.Path, sys.argv[1:])
made.touch()
until = time.monotonic() + 600
while not awaited.exists() and time.monotonic() < until:
    time.sleep(0.01)
print("met" if awaited.exists() else "alone", flush=True)
"""
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    monkeypatch.setattr(
        stages, "STAGES",
        {"browser": [[sys.executable, "-c", wait, one, other]],
         "unit": [[sys.executable, "-c", wait, other, one]]},
    )  # fmt: skip
    assert stages.run_stages(["browser", "unit"]) == 0
    said = [line.strip("─ ") for line in capfd.readouterr().out.splitlines()]
    assert [line for line in said if line][:4] == ["unit", "met", "browser", "met"]


def test_commands_that_need_a_checkout_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(checkout, "__file__", str(tmp_path / "a" / "b" / "checkout.py"))
    with pytest.raises(UserError, match="make install"):
        checkout.root()
