"""Time the live book in Chromium: ``python -m benchmarks.live [--runs N] [--json] [PAGE ...]``.

For every chapter, with an empty cache each time: what is transferred and when the first paint
is, before anything is clicked; then the time from the click on "Run this page live" until the
kernel is ready and the editors the reader sees are in place.  The book is built if need be.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import benchmarks
from cs231n_lib.course.publishing import build, pdf

TARGETS = {"MB": 2.0, "first paint ms": 1000.0, "ready ms": 2000.0}
SERVE = (
    "import sys; from pathlib import Path\n"
    "from cs231n_lib.course.publishing.server import make_server\n"
    "server = make_server(Path(sys.argv[1]), Path(sys.argv[2]), port=8990)\n"
    "print(server.address, flush=True); server.start()"
)
BEFORE = """() => {
  const all = [...performance.getEntriesByType("navigation"),
               ...performance.getEntriesByType("resource")];
  return {
    "MB": all.reduce((sum, each) => sum + each.transferSize, 0) / 1e6,
    "first paint ms": performance.getEntriesByName("first-contentful-paint")[0].startTime,
  };
}"""
CLICK = """() => new Promise((done) => {
  const start = performance.now();
  const bar = document.querySelector(".live-bar");
  const look = () => bar.dataset.state === "ready" && done(performance.now() - start);
  new MutationObserver(look).observe(bar, { attributes: true });
  bar.querySelector(".live-start").click();
})"""


def cases(quick: bool) -> list[benchmarks.Case]:
    """Return nothing: a page has no peer to race against."""
    return []


@contextmanager
def server(html: Path) -> Iterator[str]:
    """Serve the pages from a process of its own; yield the address that signs in."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-c", SERVE, str(html), work]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait()


def visit(context: Any, address: str) -> dict[str, float]:
    """Open one page with an empty cache, make it live, and close it."""
    page = context.new_page()
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    found = page.evaluate(BEFORE)
    found["ready ms"] = page.evaluate(CLICK)
    page.close()
    return found


def measure(names: list[str], runs: int) -> list[dict[str, Any]]:
    """Return a row for each page: the median of each number, and the longest wait."""
    from playwright.sync_api import sync_playwright

    rows = []
    with server(build.html_folder()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=pdf.browser(), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        context.new_page().goto(address)
        origin = address.partition("/?")[0]
        for name in names:
            found = [visit(context, f"{origin}/{name}.html") for _ in range(runs)]
            row = {key: statistics.median(each[key] for each in found) for key in TARGETS}
            rows.append({"page": name, **row, "longest ms": max(e["ready ms"] for e in found)})
        browser.close()
    return rows


def main() -> int:
    """Measure and print; 1 if a median misses its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="visits of each page")
    parser.add_argument("--json", action="store_true", help="print rows and facts of the machine")
    parser.add_argument("pages", nargs="*", help="names such as 03_k_nearest_neighbours")
    arguments = parser.parse_args()
    build.build(quiet=True)
    chapters = [p.stem for p in build.notebooks() if p.stem[0].isdigit()]
    rows = measure(arguments.pages or chapters, arguments.runs)
    missed = [row["page"] for row in rows if any(row[key] > TARGETS[key] for key in TARGETS)]
    if arguments.json:
        print(json.dumps({"rows": rows, "machine": benchmarks.machine()}, indent=1))
        return int(bool(missed))
    print(", ".join(f"{key} {value}" for key, value in benchmarks.machine().items()))
    print(f"{'page':<32}{'MB':>8}{'paint ms':>10}{'ready ms':>10}{'longest':>10}")
    for row in rows:
        print(f"{row['page']:<32}{row['MB']:>8.2f}{row['first paint ms']:>10.0f}"
              f"{row['ready ms']:>10.0f}{row['longest ms']:>10.0f}")  # fmt: skip
    print(f"targets: {TARGETS}; missed by: {', '.join(missed) or 'none'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
