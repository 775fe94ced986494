"""Build the book's HTML with Jupyter Book, and know when there is nothing to build."""

import hashlib
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from cs231n_lib.course import exclusive
from cs231n_lib.course.checkout import reader, sources
from cs231n_lib.course.errors import UserError

#: What the HTML depends on, besides the versions in constraints.txt.
INPUTS = ("_config.yml", "constraints.txt", "book", "cs231n_lib", "exercises", "benchmarks/results")
#: The lines of Jupyter Book's report that say how far it is.
STEP = re.compile(r"(reading sources|writing output|copying)")
Told = Callable[[str], None]
IGNORED = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache"}


def html_folder() -> Path:
    """Return the folder of the built pages."""
    return sources() / "_build" / "html"


def notebooks(folder: Path | None = None) -> list[Path]:
    """Return the book's notebooks in a fixed order, labs included."""
    found = (folder or sources() / "book").rglob("*.ipynb")
    return sorted(path for path in found if not IGNORED & set(path.parts))


def input_files() -> list[Path]:
    """Return every file that the HTML depends on, in a fixed order."""
    files: list[Path] = []
    for name in INPUTS:
        path = sources() / name
        files += [path] if path.is_file() else path.rglob("*")
    return sorted(p for p in files if p.is_file() and not IGNORED & set(p.parts))


def fingerprint() -> str:
    """Return a hash of all that the HTML depends on: pages, library, settings, versions."""
    digest = hashlib.sha256(sys.version.encode())
    for path in input_files():
        name = path.relative_to(sources()).as_posix()
        digest.update(f"{name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(
    *, force: bool = False, fresh: bool = True, quiet: bool = False, told: Told | None = None
) -> bool:
    """Build ``_build/html`` unless it is up to date already.

    Parameters
    ----------
    force : bool
        Build even if nothing changed since the last successful build.
    fresh : bool
        Read every page again.  Otherwise only changed pages are read: quicker, but a
        warning on an unchanged page goes unnoticed.
    quiet : bool
        Say nothing unless something is wrong.
    told : callable, optional
        Called with what is being done, page by page, in place of Jupyter Book's own report.

    Returns
    -------
    bool
        Whether anything was built.

    Raises
    ------
    UserError
        If Jupyter Book reports an error or a warning.
    """
    with built(force=force, fresh=fresh, quiet=quiet, told=told) as anything:
        return anything


@contextmanager
def built(
    *, force: bool = False, fresh: bool = True, quiet: bool = False, told: Told | None = None
) -> Iterator[bool]:
    """Build as `build` does, and let nobody else build as long as the pages are read."""
    with alone(quiet=quiet, told=told):
        stamp = sources() / "_build" / ".book-inputs"
        current = fingerprint()
        if not force and (html_folder() / "index.html").is_file() and _read(stamp) == current:
            _carry_engine(changed=False)
            yield False
            return
        stamp.unlink(missing_ok=True)
        options = ["-W", "-n", "--keep-going"] + ["--all"] * fresh + ["-q"] * quiet
        if not jupyter_book(*options, output=subprocess.DEVNULL if quiet else None, told=told):
            raise UserError(
                "the book was not built cleanly: Jupyter Book's warnings stand above, each with "
                "its file and line. Mend them and build again."
            )
        _carry_engine(changed=True)
        if fresh:
            stamp.write_text(current)
        yield True


@contextmanager
def alone(*, quiet: bool = False, told: Told | None = None) -> Iterator[None]:
    """Wait until nobody else builds, then hold the folder of what is built."""

    def wait() -> None:
        if told or not quiet:
            (told or print)("another command is building the book: this one waits for it")

    folder = html_folder().parent
    with nullcontext() if os.name == "nt" else exclusive.alone(folder, math.inf, wait):
        yield


def _carry_engine(changed: bool) -> None:
    """Have the pages carry the engine exactly if it is in the cache."""
    from cs231n_lib.course.publishing.engine import bundle, fetch

    if fetch.wheel() is None:
        bundle.remove(html_folder())
    elif changed or not (html_folder() / bundle.OFFER).is_file():
        bundle.write(html_folder())


def jupyter_book(
    *options: str, source: str = "book", output: int | None = None, told: Told | None = None
) -> bool:
    """Run ``jupyter-book build SOURCE`` with these options; return whether it succeeded.

    Its report goes to ``output`` (the terminal by default), or line by line to ``told``; its
    warnings always go to the terminal.
    """
    command = reader("jupyter_book.cli.main", "build", source, *options)
    if told is None:
        return subprocess.run(command, cwd=sources(), stdout=output).returncode == 0
    with subprocess.Popen(
        command,
        cwd=sources(),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if STEP.match(line):
                told(line.strip())
    return process.returncode == 0


def _read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
