"""The stages of the test run, and what they leave behind."""

import importlib.util
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import IO

from cs231n_lib.course.checkout import python, root
from cs231n_lib.course.errors import UserError

CACHES = ("_build", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", "htmlcov")


#: Only the stage of notebooks needs nbval, which loads Jupyter into each process.
PYTEST = python("-m", "pytest", "-q", "-p", "no:nbval")


def _pytest(*arguments: str, dist: str = "worksteal") -> list[str]:
    return [*PYTEST, "-n", "2", "--dist", dist, *arguments]


#: The tests of the road that a grade takes: the longest of the unit tests, a stage of their own.
GRADER = tuple(
    f"tests/course/{room}" for room in ("inside", "assignment", "checks", "judge", "classroom")
)
ENGINE = tuple(
    f"tests/browser/test_{name}.py"
    for name in ("inpage", "inpage_library", "publish", "firefox", "worksheet")
)
CHAPTERS = "tests/browser/test_inpage.py::test_a_chapter_says_what_it_stored"
NOTEBOOKS = "tests/course/publishing/test_notebooks.py"
#: What each stage runs, the fast ones first.
STAGES = {
    "lint": [
        python("-m", "ruff", "check"),
        python("-m", "ruff", "format", "--check"),
        python("-m", "mypy"),
    ],
    "unit": [
        _pytest(
            "tests",
            *(f"--ignore={folder}" for folder in GRADER),
            f"--ignore={NOTEBOOKS}",
            "--ignore=tests/browser",
        )
    ],
    "grader": [_pytest(*GRADER)],
    # A notebook's cells run in one kernel, one after the other.
    "notebooks": [
        _pytest("-p", "nbval", "--nbval", "--nbval-current-env", "book", NOTEBOOKS, dist="loadfile")
    ],
    # The page's own Python; skipped, with the reason, where it was never fetched. Chapters are
    # arithmetic and little else, so two at once, each in a browser of its own.
    "chapters": [_pytest(CHAPTERS)],
    "browser": [[*PYTEST, "tests/browser", *(f"--ignore={file}" for file in ENGINE)]],
    "engine": [[*PYTEST, *ENGINE, "--deselect", CHAPTERS]],
}
#: A browser waits more than it works: these run beside the others, in one process each.
ASIDE = ("browser", "engine")


def run_stages(names: list[str]) -> int:
    """Run the named test stages, all of them even if one fails; print a summary.

    Those of a browser run beside the others. Who has none of its own kind left takes one of the
    other, so that no core waits for the last.

    Returns
    -------
    int
        0 if every stage passed, else 1.
    """
    from rich.console import Console

    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise UserError(f"no such stage: {', '.join(unknown)}. Choose from: {', '.join(STAGES)}")
    root()  # what there is no checkout of cannot be tested, whatever is installed
    if importlib.util.find_spec("pytest") is None:
        raise UserError("the tests need more: pip install -e '.[book,course,test,cluster]'")
    console = Console()
    results: dict[str, tuple[int, float]] = {}
    names = list(dict.fromkeys(names))
    left = [name for name in names if name not in ASIDE]
    left_aside = [name for name in names if name in ASIDE]
    with ThreadPoolExecutor(max_workers=1) as pool, ExitStack() as files:
        said = {}

        def run_aside(name: str | None) -> None:
            while name:
                said[name] = files.enter_context(tempfile.TemporaryFile())
                results[name] = _stage(name, said[name])
                name = _take(left_aside, left)

        beside = pool.submit(run_aside, left_aside.pop(0)) if left_aside else None
        try:
            while name := _take(left, left_aside):
                console.rule(name)
                results[name] = _stage(name)
        except BaseException:
            left.clear()
            left_aside.clear()
            raise
        if beside:
            beside.result()
        for name, file in said.items():
            console.rule(name)
            file.seek(0)
            print(file.read().decode(errors="replace"), flush=True)
    console.rule("summary")
    for name in names:
        code, seconds = results[name]
        verdict = "[green]passed[/]" if code == 0 else "[bold red]FAILED[/]"
        console.print(f"{name:<12}{verdict}{seconds:>8.0f} s")
    return int(any(code for code, _ in results.values()))


def _take(own: list[str], others: list[str]) -> str | None:
    """Take the next stage off a list, or off the other one if it is empty; None if both are."""
    for names in (own, others):
        try:
            return names.pop(0)  # in one step, whoever else takes from it
        except IndexError:
            continue
    return None


def _stage(name: str, output: IO[bytes] | None = None) -> tuple[int, float]:
    """Run one stage; return its first exit status but 0 (or 0), and how many seconds it took."""
    start = time.perf_counter()
    # Tests run side by side already, and threads of BLAS spin while they wait for the next product.
    env = {"OMP_NUM_THREADS": "1", **os.environ}
    # Where images of machines set this, each of a thousand processes would compile all it imports.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    done = [
        subprocess.run(
            command, cwd=root(), env=env, stdout=output, stderr=output and subprocess.STDOUT
        ).returncode
        for command in STAGES[name]
    ]
    failed = next(filter(None, done), 0)  # of one that was killed it is negative
    return failed, time.perf_counter() - start
