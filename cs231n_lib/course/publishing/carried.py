"""The book's sources, as the installed package carries them, in a folder of one's own."""

import shutil
import tempfile
from pathlib import Path

import cs231n_lib
from cs231n_lib.course.checkout import material
from cs231n_lib.course.errors import UserError

#: What the book is built from; the library is there because pages show its code.
PARTS = ("_config.yml", "benchmarks/results", "book", "constraints.txt", "exercises")
LIBRARY = Path(cs231n_lib.__file__).resolve().parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "material")


def begin(folder: Path) -> Path:
    """Write the book's sources into a new or empty folder, whole or not at all; return it.

    Raises
    ------
    UserError
        If the folder is in use.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as half:
        made = Path(half) / "book"
        for name in PARTS:
            source, target = material() / name, made / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=LEFT_OUT)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        shutil.copytree(LIBRARY, made / LIBRARY.name, ignore=LEFT_OUT)
        if folder.is_dir():
            folder.rmdir()
        made.rename(folder)
    return folder
