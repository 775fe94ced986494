"""The book's sources, as the installed package carries them, in a folder of one's own."""

import shutil
from pathlib import Path

import cs231n_lib
from cs231n_lib.course.checkout import material
from cs231n_lib.course.files import copy_folder, folder_in_one_step

#: What the book is built from; the library is there because pages show its code.
PARTS = ("_config.yml", "benchmarks/results", "book", "constraints.txt", "exercises")
LIBRARY = Path(cs231n_lib.__file__).resolve().parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "material")


def begin(folder: Path) -> Path:
    """Write the book's sources into a new or empty folder, whole or not at all; return it.

    Raises
    ------
    UserError
        If the folder is in use, or cannot be made.
    """
    folder = folder.resolve()
    with folder_in_one_step(folder) as made:
        for name in PARTS:
            source, target = material() / name, made / name
            if source.is_dir():
                copy_folder(source, target, ignore=LEFT_OUT)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        copy_folder(LIBRARY, made / LIBRARY.name, ignore=LEFT_OUT)
    return folder
