"""A working copy is made once, never overwritten, and kept when it is replaced."""

import json
import re
import socket
import subprocess
import sys
from importlib import metadata

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student import lab, places


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


def test_an_assignment_of_ones_own_has_any_name(exercises, tmp_path):
    (exercises / "median").mkdir()
    (exercises / "median" / "median.ipynb").write_text("released")
    assert lab.work_copy("median", exercises, tmp_path / "work").read_text() == "released"


def test_the_name_of_the_notebook_names_its_assignment(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "open_lab", lambda *_, **__: 0)
    done = CliRunner().invoke(app, ["lab", "a1.ipynb", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.exception
    assert (tmp_path / "a1" / "a1.ipynb").is_file()


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

    monkeypatch.setattr(lab, "copy_folder", broken)
    with pytest.raises(UserError, match="No space left"):
        lab.work_copy("a1", exercises, tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_folder_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CS231N_WORK_DIR", str(tmp_path / "elsewhere"))
    assert places.default_folder() == tmp_path / "elsewhere"


def test_missing_jupyterlab_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install"):
        lab.open_lab(tmp_path / "a1.ipynb")


#: A server that writes down where it is, as Jupyter's does, then listens, and ends when told so.
SERVER = """
import json, os, pathlib, socket, time
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
port = listening.getsockname()[1]
runtime = pathlib.Path(os.environ["JUPYTER_RUNTIME_DIR"])
runtime.mkdir(parents=True)
print("thirty lines of log")
found = {"url": f"http://127.0.0.1:{port}/", "token": "abc"}
(runtime / "jpserver-1.json").write_text(json.dumps(found))
time.sleep(0.3)
listening.listen()
while not pathlib.Path("told").exists():
    time.sleep(0.01)
"""


def serve(monkeypatch, tmp_path, capfd, script):
    monkeypatch.setattr(lab, "command", lambda notebook: [sys.executable, "-c", script])
    said = []

    def told(line):
        said.append(line)
        if found := re.search(r":(\d+)/", line):  # who reads it can go there
            socket.create_connection(("127.0.0.1", int(found[1])), timeout=60).close()
        (tmp_path / "told").touch()

    status = lab.open_lab(tmp_path / "a1.ipynb", browser=False, told=told)
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
    return status, said


def test_one_address_is_told_and_no_log(monkeypatch, tmp_path, capfd):
    status, said = serve(monkeypatch, tmp_path, capfd, SERVER)
    assert status == 0
    addresses = [line for line in said if "http" in line]
    assert len(addresses) == 1
    told = r"Open in a browser: http://127\.0\.0\.1:\d+/lab/tree/a1\.ipynb\?token=abc"
    assert re.fullmatch(told, addresses[0])


def test_a_server_that_does_not_start_shows_why(monkeypatch, tmp_path, capfd):
    with pytest.raises(UserError, match="no more ports"):
        serve(monkeypatch, tmp_path, capfd, "raise SystemExit('no more ports')")


def test_the_server_listens_here_only_and_may_be_roots(tmp_path):
    command = lab.command(tmp_path / "a1.ipynb")
    assert command[:2] == [sys.executable, "-c"]
    assert "from jupyterlab.labapp import main" in command[2]
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--ServerApp.allow_root=True" in command


def test_jupyterlab_is_started_without_the_grammar(tmp_path):
    start = lab.command(tmp_path / "a1.ipynb")[2]
    code = f"import atexit, sys; atexit.register(lambda: print('lark' in sys.modules)); {start}"
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True
    )
    version, loaded = done.stdout.split()
    assert (version, loaded) == (metadata.version("jupyterlab"), "False")


def test_a_student_gets_no_menu_of_a_teachers(tmp_path):
    code = (
        "import json; from jupyter_core.paths import jupyter_path, jupyter_config_path as c;"
        "from jupyterlab_server.config import get_page_config as g;"
        "print(json.dumps([c(), g(jupyter_path('labextensions'))['disabledExtensions']]))"
    )
    environment = lab.environment(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    paths, disabled = json.loads(done.stdout.splitlines()[-1])
    assert paths[0] == str(tmp_path / "config")
    assert set(lab.TEACHERS_MENUS) <= set(disabled)


def test_a_home_that_cannot_be_written_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(lab.os, "access", lambda path, mode: False)
    environment = lab.environment(tmp_path)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR"):
        assert environment[name].startswith(str(tmp_path))
