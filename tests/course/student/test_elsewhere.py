"""A student's machine may be Windows or a Mac: what of them can be tried here, is.

There the child processes are spawned, the modules of Unix are missing, links need rights that
nobody has, file names differ by more than their case, and a console may know 256 letters.
"""

import ast
import json
import os
import subprocess
import sys

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.student import places
from cs231n_lib.course.student.check import open_notebook

COURSE = root() / "cs231n_lib" / "course"
ROOMS = ("student", "assignment", "checks")
STUDENTS = [
    *sorted(path for room in ROOMS for path in (COURSE / room).rglob("*.py")),
    *(COURSE / name for name in ("commands/student.py", "cli.py", "text.py", "files.py")),
]
UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios"}
#: What `os` has on Unix alone, and what needs a right on Windows.
GONE = ("fork", "forkpty", "killpg", "link", "mkfifo", "setsid", "symlink")
CALLS = {*GONE, "SIGALRM", "SIGHUP", "SIGKILL", "chown", "geteuid", "getuid", "symlink_to", "uname"}
#: Found by each Python that is started, as if it were one on Windows.
CUSTOM = f"""
import os, pathlib, sys
for name in {sorted(UNIX)}:
    sys.modules[name] = None
for name in {GONE}:
    if hasattr(os, name):
        delattr(os, name)
def refused(*_, **__):
    raise OSError(1314, "A required privilege is not held by the client")
pathlib.Path.symlink_to = refused
"""
#: Loads every module of the project, then says what an instructor is told on Windows.
LOAD_ALL = """
import importlib, pathlib, pkgutil, sys
import cs231n_lib
names = [m.name for m in pkgutil.walk_packages(cs231n_lib.__path__, "cs231n_lib.")]
for name in names:
    if not name.startswith("cs231n_lib.course.publishing.engine.guest"):  # for the page's Python
        importlib.import_module(name)
from cs231n_lib.course.exclusive import alone
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import walls
sys.platform = "win32"
print(len(names), *(walls.kind(name).why_not() for name in ("bubblewrap", "user")), sep="\\n")
try:
    with alone(pathlib.Path(sys.argv[1])):
        print("locked")
except UserError as error:
    print(error)
"""
RIGHT = """def predict_labels(dists, y_train, k=1):
    nearest = np.argsort(dists, axis=1)[:, :k]
    return np.array([np.argmax(np.bincount(y_train[row])) for row in nearest])"""


@pytest.fixture
def elsewhere(tmp_path):
    """Return a function that runs the command on such a machine, in a folder with blanks."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CUSTOM)
    home = tmp_path / "Björk Åse"
    home.mkdir()
    own = {"PYTHONPATH": str(tmp_path / "site"), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0",
           "CS231N_WORK_DIR": str(home), "CS231N_CACHE_DIR": str(home / "cache")}  # fmt: skip

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "cs231n_lib.course", *map(str, arguments)],
            capture_output=True, cwd=home, env={**os.environ, **own}, check=False,
        )  # fmt: skip

    run.home = home
    return run


def write(path):
    content = json.loads((root() / "exercises" / "a1" / "a1.ipynb").read_bytes())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "predict_labels":
            cell["source"] = RIGHT
    path.write_text(json.dumps(content), encoding="utf-8", newline="\r\n")


def test_the_simulation_takes_effect(elsewhere, tmp_path):
    code = "import os\ntry:\n import fcntl\nexcept ImportError:\n print(hasattr(os, 'fork'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_every_module_loads_there_and_what_needs_linux_says_so(elsewhere, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL, tmp_path / "course"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number, *told = done.stdout.splitlines()
    assert int(number) > 200
    assert told[0] == told[1] == "walls need Linux; grade on a Linux machine (or in WSL 2)"
    assert told[2] == "a course's folder is written on Linux or a Mac; on Windows, use WSL 2"


def test_check_submit_hint_and_status_need_nothing_of_unix(elsewhere):
    write(elsewhere.home / "a1.ipynb")
    checked = elsewhere("check", "a1", "predict_labels")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert b"8 of 8 points" in checked.stdout
    handed = elsewhere("submit", "a1.ipynb", "--force")
    assert handed.returncode == 0, handed.stderr
    assert (elsewhere.home / "submission" / "a1.ipynb").is_file()
    for arguments in (["status", "--quick"], ["hint", "a1", "predict_labels"]):
        done = elsewhere(*arguments)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.relative_to(COURSE).as_posix())
def test_no_module_of_a_students_leans_on_unix(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {a.name for a in node.names} | {getattr(node, "module", None)}
            assert not names & UNIX, f"line {node.lineno}"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in CALLS, f"line {node.lineno}"
        elif isinstance(node, ast.Constant):
            assert node.value != "fork", f"line {node.lineno}"


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.relative_to(COURSE).as_posix())
def test_text_is_read_and_written_in_an_encoding_that_is_named(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Call(func=ast.Attribute(attr="read_text" | "write_text"), keywords=keywords):
                assert "encoding" in {k.arg for k in keywords}, f"line {node.lineno}"


def test_no_two_files_of_a_student_differ_by_case_alone():
    names = [
        path.relative_to(root()).as_posix()
        for folder in ("exercises", "cs231n_lib/course/student", "book")
        for path in (root() / folder).rglob("*")
        if "__pycache__" not in path.parts
    ]
    assert len({name.lower() for name in names}) == len(names)


def test_a_name_in_other_letters_finds_the_notebook_where_the_system_says_so(tmp_path, monkeypatch):
    """On a Mac or Windows `A1.ipynb` is `a1.ipynb`: the assignment is told by its content."""
    write(tmp_path / "A1.IPYNB")
    assert open_notebook(tmp_path / "A1.IPYNB").master.name == "a1"
    assert places.home_of(tmp_path / "a1.ipynb") == tmp_path
