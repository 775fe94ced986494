"""What a maintainer does with a checkout of the project: run its tests, refresh its pins."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from rich.console import Console

from cs231n_lib.course.errors import UserError

CACHES = ("_build", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", "htmlcov")
LOCKED_EXTRAS = ("book", "course", "test", "cluster")


def root() -> Path:
    """Return the top folder of the checkout this package runs from.

    Raises
    ------
    UserError
        If the package was installed without its checkout.
    """
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "_config.yml").is_file():
        raise UserError(
            "this command works on a checkout of the project, but cs231n_lib is installed "
            f"without one (in {folder}). Clone the project and run: make install"
        )
    return folder


def python(*arguments: str) -> list[str]:
    """Return a command line that runs this very Python with ``arguments``."""
    return [sys.executable, *arguments]


def _pytest(*arguments: str) -> list[str]:
    return python("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *arguments)


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
            "--ignore=tests/grader",
            "--ignore=tests/browser",
            "--ignore=tests/test_notebooks.py",
        )
    ],
    "grader": [_pytest("tests/grader")],
    "notebooks": [_pytest("--nbval", "--nbval-current-env", "book", "tests/test_notebooks.py")],
    # In one process: two browsers at once on two cores make pages miss their deadlines.
    "browser": [python("-m", "pytest", "-q", "tests/browser")],
}


def run_stages(names: list[str]) -> int:
    """Run the named test stages, all of them even if one fails; print a summary.

    Returns
    -------
    int
        0 if every stage passed, else 1.
    """
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise UserError(f"no such stage: {', '.join(unknown)}. Choose from: {', '.join(STAGES)}")
    if importlib.util.find_spec("pytest") is None:
        raise UserError("the tests need more: pip install -e '.[book,course,test,cluster]'")
    console = Console()
    results: dict[str, tuple[int, float]] = {}
    with ThreadPoolExecutor(max_workers=1) as aside, tempfile.TemporaryFile() as pages:
        # A browser waits more than it works: beside the others it costs half of its time.
        browser = aside.submit(_stage, "browser", pages) if "browser" in names else None
        for name in names:
            console.rule(name)
            if name == "browser" and browser is not None:
                results[name] = browser.result()
                pages.seek(0)
                print(pages.read().decode(errors="replace"), flush=True)
            else:
                results[name] = _stage(name)
    console.rule("summary")
    for name, (code, seconds) in results.items():
        verdict = "[green]passed[/]" if code == 0 else "[bold red]FAILED[/]"
        console.print(f"{name:<12}{verdict}{seconds:>8.0f} s")
    return int(any(code for code, _ in results.values()))


def _stage(name: str, output: IO[bytes] | None = None) -> tuple[int, float]:
    """Run one stage; return its worst exit status and how many seconds it took."""
    start = time.perf_counter()
    # Tests run side by side already, and threads of BLAS spin while they wait for the next product.
    env = {"OMP_NUM_THREADS": "1", **os.environ}
    done = [
        subprocess.run(
            command, cwd=root(), env=env, stdout=output, stderr=output and subprocess.STDOUT
        )
        for command in STAGES[name]
    ]
    return max(run.returncode for run in done), time.perf_counter() - start


def lock() -> None:
    """Write ``constraints.txt`` anew: exact versions for every supported Python, no addresses."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise UserError("refreshing constraints.txt needs uv: pip install uv")
    extras = [word for extra in LOCKED_EXTRAS for word in ("--extra", extra)]
    subprocess.run(
        [uv, "pip", "compile", "pyproject.toml", *extras, "--quiet", "--universal", "--upgrade",
         "--fork-strategy", "fewest", "--python-version", "3.11", "--no-header",
         "--no-annotate", "--output-file", "constraints.txt"],
        cwd=root(), check=True,
    )  # fmt: skip
