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
    killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    monkeypatch.setattr(stages, "STAGES", {"killed": [killed, good]})
    assert stages.run_stages(["killed"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_what_a_stage_compiles_is_kept_for_its_next_process(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    asked = [sys.executable, "-c", "import sys; sys.exit(sys.dont_write_bytecode)"]
    monkeypatch.setattr(stages, "STAGES", {"one": [asked]})
    assert stages.run_stages(["one"]) == 0


#: Say whether another process was met that makes what this one waits for.
MEET = """
import pathlib, sys, time
made, awaited = map(pathlib.Path, sys.argv[1:])
made.touch()
until = time.monotonic() + 600
while not awaited.exists() and time.monotonic() < until:
    time.sleep(0.01)
print("met" if awaited.exists() else "alone", flush=True)
"""


@pytest.mark.parametrize(
    ("names", "meeting", "told"),
    [
        (["browser", "unit"], ["browser", "unit"], ["unit", "browser"]),
        # Who has no stage of its own kind left takes one of the other.
        (["browser", "engine"], ["browser", "engine"], ["engine", "browser"]),
        (["browser", "unit", "grader"], ["unit", "grader"], ["unit", "browser", "grader"]),
    ],
)
def test_pages_are_tried_beside_the_other_stages_and_told_last(
    monkeypatch, tmp_path, capfd, names, meeting, told
):
    """Each of two waits for what only the other one makes."""
    one, other = (str(tmp_path / name) for name in meeting)
    commands = {name: [sys.executable, "-c", ""] for name in names}
    commands[meeting[0]] = [sys.executable, "-c", MEET, one, other]
    commands[meeting[1]] = [sys.executable, "-c", MEET, other, one]
    monkeypatch.setattr(stages, "STAGES", {name: [commands[name]] for name in names})
    assert stages.run_stages(names) == 0
    said = [line.strip("─ ") for line in capfd.readouterr().out.splitlines()]
    shown = [line for line in said[: said.index("summary")] if line]
    assert [line for line in shown if line != "met"] == told
    assert shown.count("met") == 2


def test_commands_that_need_a_checkout_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(checkout, "__file__", str(tmp_path / "a" / "b" / "checkout.py"))
    with pytest.raises(UserError, match="make install"):
        checkout.root()
