"""A student's working copy of the exercises, outside the repository and never overwritten."""

import contextlib
import datetime as dt
import importlib.util
import json
import os
import socket
import subprocess
import tempfile
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import copy_folder
from cs231n_lib.course.limits import LAB_SECONDS

#: What nbgrader puts into JupyterLab for those who teach; validating stays.
TEACHERS_MENUS = (
    "@jupyter/nbgrader:formgrader", "@jupyter/nbgrader:course-list",
    "@jupyter/nbgrader:create-assignment", "@jupyter/nbgrader:assignment-list",
    "@jupyter/nbgrader:menu",
)  # fmt: skip
TEACHERS_SERVERS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("formgrader", "course_list", "assignment_list")
)


def work_copy(name: str, exercises: Path, folder: Path, *, reset: bool = False) -> Path:
    """Return the student's copy of an assignment's notebook, made at the first call.

    Parameters
    ----------
    name : str
        The assignment, such as ``a1``.
    exercises : Path
        The folder of released assignments.
    folder : Path
        Where working copies live.
    reset : bool
        Start afresh; what was there is kept beside it, with the time in its name.

    Raises
    ------
    UserError
        If there is no such assignment, or the folder cannot be written.
    """
    names = assignments(exercises)
    if name not in names:
        raise UserError(f"there is no assignment {name!r}; there are: {', '.join(names)}")
    if folder.resolve().is_relative_to(exercises.resolve().parent):
        raise UserError(
            f"{folder} lies inside the course's own folder, where an update could overwrite it; "
            "choose another with --folder"
        )
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if reset and target.exists():
            stamp = dt.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
            target.rename(folder / f"{name}-kept-{stamp}")
        if not target.exists():
            # Copied under another name first: a copy cut short must not pass for a whole one.
            with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as half:
                copy_folder(exercises / name, Path(half, name))
                Path(half, name).rename(target)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}. Choose another folder with --folder, or "
            "once for all commands by the variable CS231N_WORK_DIR"
        ) from None
    notebook = target / f"{name}.ipynb"
    if not notebook.is_file():
        raise UserError(
            f"{target} exists, but without {notebook.name}. Put it back, or start afresh with "
            f"--reset, which keeps {target.name} beside the new copy"
        )
    return notebook


def open_lab(
    notebook: Path, *, browser: bool = True, told: Callable[[str], None] = lambda _: None
) -> int:
    """Run JupyterLab on a notebook until it is stopped; return its exit status.

    Its log is kept in a file, so that the terminal shows one address and nothing else; the end of
    it is shown if the server did not come up.

    Parameters
    ----------
    notebook : Path
        What to open.
    browser : bool
        Whether to open a browser window.
    told : callable
        Called with what the student is to read.

    Raises
    ------
    UserError
        If JupyterLab is not installed, or does not start.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise UserError("JupyterLab is missing; install it with: pip install -e '.[course]'")
    with tempfile.TemporaryDirectory(prefix="cs231n-lab-", ignore_cleanup_errors=True) as name:
        log = Path(name, "lab.log")
        with log.open("wb") as stream:
            server = subprocess.Popen(
                command(notebook), cwd=notebook.parent, env=environment(Path(name)),
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            )  # fmt: skip
        try:
            address = _address(server, Path(name), notebook)
            if address is None:
                said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise UserError("JupyterLab did not start. Its last words:\n" + "\n".join(said))
            told(f"Open in a browser: {address}")
            told("Save your work, then press Ctrl-C here to stop.")
            if browser:
                webbrowser.open(address)
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _stop(server)


def command(notebook: Path) -> list[str]:
    """Return the command line of the server: on loopback only, with nothing of a teacher's."""
    options = {
        "ServerApp.root_dir": str(notebook.parent),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.allow_root": "True",  # in a container; the server asks for its token anyway
        "ServerApp.open_browser": "False",
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return checkout.reader("jupyterlab.labapp", *flags)


def environment(private: Path) -> dict[str, str]:
    """Return the environment of the server: no teachers' extensions, and no need to write home.

    Settings of the student's own Jupyter are read as always; what cannot be written there goes
    to the folder ``private``.
    """
    settings = private / "config"
    (settings / "labconfig").mkdir(parents=True)
    off = {"disabledExtensions": dict.fromkeys(TEACHERS_MENUS, True)}
    (settings / "labconfig" / "page_config.json").write_text(json.dumps(off), encoding="utf-8")
    servers = {"ServerApp": {"jpserver_extensions": dict.fromkeys(TEACHERS_SERVERS, False)}}
    (settings / "jupyter_server_config.json").write_text(json.dumps(servers), encoding="utf-8")
    changed = {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(
            filter(None, (str(settings), os.environ.get("JUPYTER_CONFIG_PATH")))
        ),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
    }
    if not os.access(_existing(Path.home()), os.W_OK):
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR",
                     "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):  # fmt: skip
            changed.setdefault(name, str(private / name.lower()))
    return {**os.environ, **changed}


def _existing(folder: Path) -> Path:
    return next(p for p in (folder, *folder.parents) if p.exists())


def _address(server: subprocess.Popen[bytes], private: Path, notebook: Path) -> str | None:
    """Wait until the server says where it is; return the address of the notebook, with its key."""
    until = time.monotonic() + LAB_SECONDS
    while server.poll() is None and time.monotonic() < until:
        for path in (private / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, OSError, KeyError):  # half-written, or refused
                found = json.loads(path.read_text(encoding="utf-8"))
                # Jupyter writes down where it is a moment before it listens there.
                place = urlsplit(found["url"])
                socket.create_connection((place.hostname, place.port), timeout=1).close()
                return f"{found['url']}lab/tree/{notebook.name}?token={found['token']}"
        time.sleep(0.1)
    return None


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, and its kernels with it, if it still runs."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
