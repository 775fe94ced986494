"""Grading with every wall up against nbgrader's own autograder, on the same submissions.

``python -m benchmarks.grading 10 100 500 2000 --nbgrader 100 --json`` shows how cost and memory
grow with the number of submissions; each row is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import json
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

import benchmarks
from benchmarks import Case
from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom import grading
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.judge import rules
from cs231n_lib.course.judge.pools.local import LocalPool
from cs231n_lib.course.judge.walls import bubblewrap, library

Scores = dict[str, float]
#: What every second submission gets wrong: a distance that is not doubled, a root left out.
MISTAKES = (("2 * X @", "X @"), ("np.sqrt(np.maximum(squared, 0))", "squared"), ("[:k]", "[:1]"))


def cases(quick: bool) -> list[Case]:
    count = 6 if quick else 100
    name = f"grade {count} submissions of a1, sandboxed"
    return [Case(name, "nbgrader autograde", 0.1, partial(problem, count), ours, make_peer, agree)]


def problem(count: int) -> tuple[Path]:
    """Lay out a course with ``count`` submissions, half of them right, gradebook ready.

    Raises
    ------
    UserError
        If nothing isolates the judges here; says what to install.
    """
    bubblewrap.require_isolation()
    root = Path(tempfile.mkdtemp(prefix="grading-"))
    atexit.register(functools.partial(shutil.rmtree, root, ignore_errors=True))
    template = root / "course"
    shutil.copytree(checkout.root() / "solutions" / "a1", template / "solutions" / "a1")
    shutil.copy(checkout.root() / "nbgrader_config.py", template)
    source = nbformat.read(template / "solutions" / "a1" / "a1.ipynb", as_version=4)
    for number in range(count):
        notebook = nbformat.from_dict(source)
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                right, wrong = MISTAKES[number // 2 % len(MISTAKES)]
                changed = cell.source.replace(right, wrong) if number % 2 else cell.source
                cell.source = f"{changed}\n# {number}"
        folder = template / ".nbgrader" / "submitted" / f"student{number:03}" / "a1"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "a1.ipynb")
    course = Course(template)
    with Gradebook(course, "a1") as book:
        book.record_cells()
    master = read_master(course.master("a1"), "a1")
    library.build_library(course.judge("a1"), rules.blocked_by(master))
    return (template,)


def _fresh(template: Path) -> Course:
    copy = Path(tempfile.mkdtemp(dir=template.parent)) / "course"
    shutil.copytree(template, copy)
    return Course(copy)


def _scores(course: Course) -> Scores:
    with Gradebook(course, "a1") as book:
        return {student: grade.score for student, grade in book.grades({}, {}).items()}


def ours(template: Path) -> Scores:
    """Grade from nothing: start the judges, grade, write gradebook, notebooks and log."""
    return by_judges(_fresh(template))


def by_judges(course: Course) -> Scores:
    settings = grading.settings_for(course, "a1", unsafe=False)
    with LocalPool(settings, processes=os.cpu_count() or 1) as pool:
        graded = grading.start(course, "a1", pool)
    graded.write()
    return _scores(course)


def make_peer(template: Path) -> Callable[[], Scores]:
    """Return a run of nbgrader's autograder, in one process as its own command does it."""
    import nbgrader.apps  # noqa: F401

    return lambda: by_nbgrader(_fresh(template))


def by_nbgrader(course: Course) -> Scores:
    from nbgrader.apps import NbGraderAPI

    api = NbGraderAPI(config=course.config)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    try:
        for student in sorted(p.name for p in course.submitted.iterdir()):
            api.autograde("a1", student, force=True, create=True)
    finally:
        logging.disable(logging.NOTSET)
    return _scores(course)


def agree(a: Scores, b: Any) -> None:
    """Assert that both give every student the same points."""
    assert a == b, {s: (a[s], b.get(s)) for s in a if a[s] != b.get(s)}


class Watch:
    """Looks after this process and all below it while they work (Linux only).

    Memory is what each has in RAM, shared pages counted in each, so the sum is an upper bound.
    """

    def __enter__(self) -> Watch:
        """Begin to look."""
        self.own_mb = self.all_mb = self.cpu_s = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.load = os.getloadavg()[0]
        self.before = _cpu_seconds(os.getpid())
        self.own_before = time.process_time()
        self.start = time.perf_counter()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Say how long it took, and look no more."""
        self.seconds = time.perf_counter() - self.start
        self.own_cpu_s = time.process_time() - self.own_before
        self.over.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.over.wait(0.2):
            pids = [os.getpid(), *_below(os.getpid())]
            sizes = [_resident_mb(pid) for pid in pids]
            self.own_mb, self.all_mb = max(self.own_mb, sizes[0]), max(self.all_mb, sum(sizes))
            # What has ended counts with the one who waited for it; a killed sandbox with nobody.
            self.cpu_s = max(self.cpu_s, sum(_cpu_seconds(pid) for pid in pids) - self.before)


def _below(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in path.read_text().split()]
        except OSError:  # it has just ended
            continue
        for child in children:
            found += [child, *_below(child)]
    return found


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def measure(grader: str, count: int) -> dict[str, Any]:
    """Grade ``count`` submissions once; return the row."""
    (template,) = problem(count)
    with Watch() as watch:
        scores = {"cs231n": by_judges, "nbgrader": by_nbgrader}[grader](Course(template))
    assert len(scores) == count
    return {
        "grader": grader,
        "submissions": count,
        "seconds": round(watch.seconds, 2),
        "seconds_each": round(watch.seconds / count, 4),
        "cpu_seconds_each": round(watch.cpu_s / count, 4),
        "own_cpu_seconds_each": round(watch.own_cpu_s / count, 4),
        "own_peak_mb": round(watch.own_mb),
        "all_peak_mb": round(watch.all_mb),
        "load_before": round(watch.load, 2),
        "mean_score": round(sum(scores.values()) / count, 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[10, 100], metavar="COUNT")
    parser.add_argument("--nbgrader", type=int, nargs="*", default=[], metavar="COUNT",
                        help="numbers of submissions for stock nbgrader")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print a list of rows")
    options = parser.parse_args()
    bubblewrap.require_isolation()
    rows = []
    for grader, count in [("cs231n", n) for n in options.counts] + [
        ("nbgrader", n) for n in options.nbgrader
    ]:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as fresh:
            rows.append(fresh.submit(measure, grader, count).result())
        print(rows[-1], file=sys.stderr, flush=True)
    if options.json:
        facts = benchmarks.machine()
        print(json.dumps([row | {"machine": facts} for row in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
