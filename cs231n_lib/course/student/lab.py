"""A student's working copy of the exercises, outside the repository and never overwritten."""

import datetime as dt
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.errors import UserError


def default_folder() -> Path:
    """Return where working copies live: ``CS231N_WORK_DIR``, else ``cs231n`` in the home folder."""
    return Path(os.environ.get("CS231N_WORK_DIR") or Path.home() / "cs231n")


def available(exercises: Path) -> list[str]:
    """Return the names of the assignments that can be worked on."""
    return sorted(p.name for p in exercises.glob("a*") if (p / f"{p.name}.ipynb").is_file())


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
    names = available(exercises)
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
                shutil.copytree(exercises / name, Path(half, name))
                Path(half, name).rename(target)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}. Choose another folder with --folder"
        ) from None
    notebook = target / f"{name}.ipynb"
    if not notebook.is_file():
        raise UserError(
            f"{target} exists, but without {notebook.name}. Put it back, or start afresh with "
            f"--reset, which keeps {target.name} beside the new copy"
        )
    return notebook


def open_lab(notebook: Path, *, browser: bool = True) -> int:
    """Run JupyterLab on a notebook until it is stopped; return its exit status.

    Raises
    ------
    UserError
        If JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise UserError("JupyterLab is missing; install it with: pip install -e '.[course]'")
    options = (f"--ServerApp.root_dir={notebook.parent}", "--ServerApp.ip=127.0.0.1")
    command = checkout.python("-m", "jupyterlab", notebook.name, *options)
    if not browser:
        command.append("--no-browser")
    return subprocess.run(command, cwd=notebook.parent).returncode
