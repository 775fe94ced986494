"""Time the page's own Python in Chromium: ``python -m benchmarks.inpage [--runs N] [--json]``.

One page on a plain static host, from this machine to itself.  Each run is a browser that was never
here, then the same browser a second time: how long after the click on "Run this page live" a cell
has printed, and after which the next has drawn a figure; and how long a Check takes.  Printed are
medians with an interval that holds the true median in at least 95 of 100 cases, whatever the
distribution (order statistics); it needs six runs.  `cs231n book engine` comes first.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from typing import Any

import benchmarks
from benchmarks.interval import of_median
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import build, pdf, publish
from cs231n_lib.course.publishing.engine import fetch

PAGE = "03_k_nearest_neighbours"
#: The longest time hoped for, in seconds: at the first visit, and at the second.
TARGETS = {"first print": (2.0, 1.2), "first figure": (4.0, 2.5), "Check": (0.5, 0.5)}
VISITS = ("first", "second")
PATIENCE_MS = 120_000
SOLVED = """import numpy as np


def predict_labels(dists, y_train, k=1):
    order = np.argsort(dists, axis=1, kind="stable")[:, :k]
    return np.array([np.bincount(row).argmax() for row in y_train[order]])"""
#: From the click to what is seen, in the page itself; each step waits for what the last one shows.
VISIT = """async (solved) => {
  const seen = (find) => new Promise((done) => {
    const look = () => (find() ? done(performance.now()) : requestAnimationFrame(look));
    look();
  });
  const bar = document.querySelector(".live-bar");
  const write = (cell, code) => cell.querySelector(".CodeMirror").CodeMirror.setValue(code);
  const press = (cell, word) =>
    [...cell.querySelectorAll("button")].find((each) => each.textContent === word).click();
  const start = performance.now();
  bar.querySelector(".live-start").click();
  await seen(() => bar.dataset.state === "ready");
  const cell = await new Promise((done) => {
    const look = () => {
      const found = document.querySelector(".live-cell:has(.CodeMirror)");
      found ? done(found) : requestAnimationFrame(look);
    };
    look();
  });
  write(cell, "print('here')");
  press(cell, "Run");
  const print = await seen(() => cell.querySelector(".cell_output")?.textContent.trim() === "here");
  write(cell, "import matplotlib.pyplot as plt\\nplt.plot([1, 3, 2])\\nplt.show()");
  press(cell, "Run");
  const figure = await seen(() => cell.querySelector(".cell_output img")?.complete);
  const exercise = document.querySelector("div.tag_practice");
  const report = document.querySelector("div.tag_practice-check");
  await seen(() => exercise.querySelector(".CodeMirror"));
  const checked = async () => {
    const before = report.querySelector(".practice");
    const from = performance.now();
    press(exercise, "Check");
    const passed = () => report.querySelector(".practice[data-state='passed']");
    return (await seen(() => passed() && passed() !== before)) - from;
  };
  write(exercise, solved);
  await checked(); // the first reads the assignments
  return { "first print": (print - start) / 1000, "first figure": (figure - start) / 1000,
           Check: (await checked()) / 1000 };
}"""
#: Waits until the browser has stored all that makes the second visit quick.
STORED = """async () => {
  const kept = await caches.open("cs231n-engine");
  const image = ({ url }) => url.includes("/engine/image");
  while (!(await kept.keys()).some(image)) await new Promise((done) => setTimeout(done, 100));
}"""


def cases(quick: bool) -> list[benchmarks.Case]:
    """Return nothing: a page has no peer to race against."""
    return []


def measure(runs: int) -> dict[str, dict[str, list[float]]]:
    """Return all times in seconds, by the visit and by what is timed."""
    from playwright.sync_api import sync_playwright

    found: dict[str, dict[str, list[float]]] = {v: {name: [] for name in TARGETS} for v in VISITS}
    with publish.serve(build.html_folder()) as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=pdf.browser(), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        for _run in range(runs):
            context = browser.new_context(viewport={"width": 1200, "height": 900})
            for visit in VISITS:
                page: Any = context.new_page()
                page.set_default_timeout(PATIENCE_MS)
                page.goto(f"{address}{PAGE}.html")
                page.get_by_role("button", name="Run this page live").wait_for()
                page.wait_for_load_state("networkidle")
                for name, seconds in page.evaluate(VISIT, SOLVED).items():
                    found[visit][name].append(seconds)
                page.evaluate(STORED)
                page.close()
            context.close()
        browser.close()
    return found


def main() -> int:
    """Measure and print; 1 if a median misses its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inpage", description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="browsers that were never here")
    parser.add_argument("--json", action="store_true", help="print rows and facts of the machine")
    arguments = parser.parse_args()
    if fetch.wheel() is None:
        raise UserError("the interpreter is not here yet: run `cs231n book engine`")
    build.build(quiet=True)
    rows: list[dict[str, Any]] = []
    for n, (visit, times) in enumerate(measure(arguments.runs).items()):
        for name, values in times.items():
            median, target = statistics.median(values), TARGETS[name][n]
            rows.append({"visit": visit, "what": name, "median_s": median,
                         "interval_s": of_median(values), "target_s": target})  # fmt: skip
    missed = [row for row in rows if row["median_s"] > row["target_s"]]
    if arguments.json:
        print(json.dumps({"rows": rows, "machine": benchmarks.machine()}, indent=1))
        return int(bool(missed))
    print(", ".join(f"{key} {value}" for key, value in benchmarks.machine().items()))
    print(f"{'visit':<8}{'from the click to':<20}{'median s':>10}{'interval':>16}{'target':>8}")
    for row in rows:
        low, high = row["interval_s"] or (math.nan, math.nan)
        print(f"{row['visit']:<8}{row['what']:<20}{row['median_s']:>10.2f}"
              f"{f'{low:.2f} to {high:.2f}':>16}{row['target_s']:>8.1f}")  # fmt: skip
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
