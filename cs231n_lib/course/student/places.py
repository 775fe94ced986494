"""Where a student's files lie: working copies, hand-ins, and what may be forgotten at any time."""

import getpass
import os
import tempfile
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.errors import UserError

#: The folder beside a notebook with the file to hand in.
SUBMISSION = "submission"
#: The folder in it that keeps every attempt.
ATTEMPTS = "attempts"


def default_folder() -> Path:
    """Return where working copies live: ``CS231N_WORK_DIR``, else ``cs231n`` in the home folder."""
    return Path(os.environ.get("CS231N_WORK_DIR") or Path.home() / "cs231n")


def find(word: Path, work: Path | None = None) -> Path:
    """Return the notebook that a path, or the name of an assignment, means.

    Parameters
    ----------
    word : Path
        A path, or a name such as ``a1``: that of a notebook here, in a folder of that name, or
        among the working copies.
    work : Path, optional
        Where working copies live.

    Raises
    ------
    UserError
        If there is no such notebook; the message says where it was looked for.
    """
    if word.is_file():
        return word
    places = [word / f"{word.name}.ipynb"] if word.is_dir() else []
    if not word.suffix and len(word.parts) == 1:
        name = f"{word.name}.ipynb"
        places += [Path(name), Path(word.name, name), (work or default_folder()) / word.name / name]
    for place in places:
        if place.is_file():
            return place
    if word.is_dir():
        found = ", ".join(str(path) for path in sorted(word.glob("*.ipynb"))[:5])
        raise UserError(
            f"{word.absolute()} is a folder: name the notebook, {found or 'of which it has none'}"
        )
    if not places:
        raise UserError(f"there is no notebook {word}")
    known = assignments(checkout.material() / "exercises")
    remedy = f"Name its path, or one of {', '.join(known)}"
    if word.name in known:
        remedy = f"To make a copy of an assignment and open it: cs231n lab {word.name}"
    looked = ", ".join(map(str, dict.fromkeys(places)))
    raise UserError(f"there is no notebook {word}: looked for {looked}.\n{remedy}")


def home_of(notebook: Path) -> Path:
    """Return the folder that a notebook is worked on in, also for one that was handed in."""
    folder = notebook.absolute().parent
    while folder.name in (SUBMISSION, ATTEMPTS) and folder.parent != folder:
        folder = folder.parent
    return folder


@cache
def cache_folder() -> Path:
    """Return a folder for what can be made again: the user's cache, else a temporary one.

    ``CS231N_CACHE_DIR`` names another. A home that cannot be written to is no mistake: what was
    made is found again by the next command in the system's folder for what is temporary.
    """
    wished = os.environ.get("CS231N_CACHE_DIR")
    first = Path(wished) if wished else user_cache_path("cs231n", appauthor=False)
    for folder in (first, Path(tempfile.gettempdir(), f"cs231n-{_user()}")):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                # Where everybody may write, a folder of that name may be a stranger's trap.
                if Path(file.name).stat().st_uid == folder.lstat().st_uid:
                    return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="cs231n-"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # in a container, a number without a name
        return "student"
