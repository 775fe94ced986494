"""Where the project's own files lie: in a checkout, or in the package that was installed."""

import sys
from importlib import metadata
from pathlib import Path

from cs231n_lib.course.errors import UserError

#: The file that only the top folder of a checkout has.
MARKER = "_config.yml"


def root() -> Path:
    """Return the top folder of the checkout this package runs from.

    Raises
    ------
    UserError
        If the package was installed without its checkout.
    """
    found = find()
    if found is None:
        raise UserError(
            "this command works on a checkout of the project, but cs231n_lib is installed "
            f"without one (in {tooling().parent}). Clone the project and run: make install"
        )
    return found


def sources() -> Path:
    """Return the folder with the book's sources: the checkout, else the one around this place.

    Raises
    ------
    UserError
        If there is neither.
    """
    found = find()
    if found is not None:
        return found
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file() and (folder / "book" / "_toc.yml").is_file():
            return folder
    raise UserError(
        f"{here} is no book and lies in none: there is no {MARKER}. Write the book's sources into "
        "a folder, and go there: cs231n book new FOLDER"
    )


def find() -> Path | None:
    """Return the top folder of the checkout this package runs from, None if there is none."""
    package = tooling().parent
    return package.parent if (package.parent / MARKER).is_file() else None


def material() -> Path:
    """Return the folder with the assignments: the checkout, else what the package brought along.

    Raises
    ------
    UserError
        If there is neither: a package that was copied by hand, say.
    """
    folder = find() or tooling() / "material"
    if not (folder / "exercises").is_dir():  # the engine in the page carries no solutions
        raise UserError(
            f"the assignments that belong to this package are missing in {folder}. Install it "
            "again: pip install --force-reinstall 'cs231n_lib[course]'"
        )
    return folder


def tooling() -> Path:
    """Return the folder of the code around the library: the room that holds this file."""
    return Path(__file__).resolve().parent


def wheel() -> str:
    """Return the name that the wheel of this version has."""
    return f"cs231n_lib-{metadata.version('cs231n_lib')}-py3-none-any.whl"


def reader(module: str, *arguments: str) -> list[str]:
    """Return a command line for ``main`` of a module that reads notebooks.

    It starts as this command itself does (`without_a_grammar`).
    """
    start = (
        "import sys; from cs231n_lib.course.__main__ import without_a_grammar; "
        f"without_a_grammar(); from {module} import main; sys.exit(main())"
    )
    return python("-c", start, *arguments)


def python(*arguments: str) -> list[str]:
    """Return a command line that runs this very Python with ``arguments``."""
    return [sys.executable, *arguments]
