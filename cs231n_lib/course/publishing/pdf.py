"""Print the whole book to one PDF with Chromium: formulas and figures as on the pages, no LaTeX."""

import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cs231n_lib.course.checkout import sources
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import PRINT_SECONDS
from cs231n_lib.course.publishing.build import alone, jupyter_book

#: Names of the program on Linux, macOS and Windows; the one without windows needs half the time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome",
            "msedge")  # fmt: skip


def browser() -> str:
    """Return the path of a Chromium.

    Raises
    ------
    UserError
        If there is none.
    """
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise UserError(
        "this needs Chromium or Chrome, and none was found on the PATH: install "
        "one (Debian and Ubuntu: `apt install chromium`), then try again"
    )


def pdf_file() -> Path:
    """Return where the PDF is written."""
    return sources() / "_build" / "cs231n_lib.pdf"


def build() -> Path:
    """Build the book as one long page and print it.

    Returns
    -------
    Path
        The PDF. An older one is replaced as a whole or not at all.

    Raises
    ------
    UserError
        If there is no browser, the page was not built, or nothing was printed.
    """
    browser()  # before the long part
    with alone():
        return _build()


def _build() -> Path:
    import yaml

    from cs231n_lib.course.publishing import paper

    if not jupyter_book("--builder", "singlehtml", "--all", "-q"):
        raise UserError("the book was not built: what stands above has to be mended first")
    folder = sources() / "_build" / "singlehtml"
    page = folder / "paper.html"
    settings = yaml.safe_load((sources() / "_config.yml").read_text(encoding="utf-8"))
    day = datetime.now(UTC).date()
    facts = f"{settings['author']}\nVersion {version('cs231n_lib')}\n{day.isoformat()}"
    soup = paper.prepare((folder / "intro.html").read_text(encoding="utf-8"), facts)
    with tempfile.TemporaryDirectory(dir=pdf_file().parent) as drafts:
        draft = Path(drafts, "draft.pdf")
        page.write_text(str(soup), encoding="utf-8")
        print_page(page, draft)
        paper.number(soup, paper.targets(draft.read_bytes()))
    page.write_text(str(soup), encoding="utf-8")
    print_page(page, pdf_file())
    return pdf_file()


def print_page(page: Path, target: Path) -> None:
    """Print one HTML file to a PDF with an outline.

    Parameters
    ----------
    page : Path
        What to print, with all that it loads beside it.
    target : Path
        The PDF; its folder exists.

    Raises
    ------
    UserError
        If there is no browser, or it printed nothing.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        printed = Path(folder, "book.pdf")
        options = [
            "--headless", "--disable-gpu", "--no-pdf-header-footer",
            "--generate-pdf-document-outline", f"--user-data-dir={folder}/profile",
            f"--virtual-time-budget={1000 * PRINT_SECONDS:.0f}", f"--print-to-pdf={printed}",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # as root Chromium refuses to start with its own sandbox
        done = subprocess.run(
            [browser(), *options, page.resolve().as_uri()], capture_output=True, text=True
        )
        if not printed.is_file():
            raise UserError(f"Chromium printed nothing; it said:\n{done.stderr[-2000:]}")
        printed.replace(target)
