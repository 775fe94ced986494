"""The book as a folder of files for any static host, with the engine in it, tried in a browser."""

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import copy_folder, folder_in_one_step, open_to_all
from cs231n_lib.course.limits import PAGE_SECONDS
from cs231n_lib.course.publishing import build, pdf
from cs231n_lib.course.publishing.engine import bundle, fetch

#: What must lie in the top folder of a site: GitHub Pages drops names with `_` without it.
NO_JEKYLL = ".nojekyll"
#: A folder is replaced only if it holds this, so that no other folder is lost by a slip.
MARKER = bundle.OFFER
#: Where the trial serves the site: most hosts give a book a folder, not a whole domain.
BASE = "/some/where/"
#: No calls home, and nothing kept.
QUIET = ("--headless", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip


def publish(folder: Path) -> str:
    """Write the built book with its engine into a folder, and try one page of it.

    Parameters
    ----------
    folder : Path
        Where the site goes: a new folder, an empty one, or one that was published before, which
        is replaced as a whole.

    Returns
    -------
    str
        What the trial found, in a sentence.

    Raises
    ------
    UserError
        If the folder holds something else or cannot be made, the book does not build, the
        interpreter cannot be fetched, or the page does not run.  The folder then stays as it was.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise UserError(f"{folder} holds something else than a published book: name a new folder")
    # First of all: a place where nothing can be made is told at once.
    with folder_in_one_step(folder, replace=True) as site:
        fetch.fetch()
        with build.built():
            copy_folder(build.html_folder(), site)
        bundle.write(site)
        (site / NO_JEKYLL).touch()
        open_to_all(site)
        found = try_page(site)
    return found


def try_page(site: Path) -> str:
    """Open the first chapter as a reader would, run its first cell, and compare what it says.

    Raises
    ------
    UserError
        If the page does not run, or says something else than it stored.
    """
    try:
        browser = pdf.browser()
    except UserError:
        return "not tried: no Chromium or Chrome was found"
    page = next(p.stem for p in build.notebooks() if p.stem[0].isdigit())
    with serve(site) as (address, reports), tempfile.TemporaryDirectory() as profile:
        command = [browser, *QUIET, f"--user-data-dir={profile}", f"{address}try.html?{page}.html"]
        quiet = subprocess.DEVNULL
        # In a group of its own: the program is often a script that starts the browser.
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            report = reports.get(timeout=PAGE_SECONDS)
        except queue.Empty:
            report = {"error": f"nothing happened for {PAGE_SECONDS:.0f} seconds"}
        finally:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
    if "error" in report:
        raise UserError(f"{page} does not run in the browser: {report['error']}")
    if report["said"] != report["stored"]:
        raise UserError(f"{page} says {report['said']!r} and had stored {report['stored']!r}")
    return f"tried in a browser: {page} says what it stored"


@contextmanager
def serve(site: Path) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """Serve a site below a sub-path, with the page that tries it; yield address and reports."""
    reports: queue.Queue[dict[str, Any]] = queue.Queue()
    handler = partial(_Trial, directory=str(site), reports=reports)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{BASE}", reports
    finally:
        server.shutdown()
        server.server_close()


class _Trial(SimpleHTTPRequestHandler):
    """A plain static host, and one page of its own that reports."""

    def __init__(
        self, *arguments: Any, reports: "queue.Queue[dict[str, Any]]", **options: Any
    ) -> None:
        self.reports = reports
        super().__init__(*arguments, **options)

    def translate_path(self, path: str) -> str:
        if path.startswith(f"{BASE}try.html"):
            return str(Path(__file__).with_name("try.html"))
        return super().translate_path("/" + path.removeprefix(BASE))

    def do_POST(self) -> None:
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
