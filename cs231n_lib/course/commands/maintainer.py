"""``cs231n test|lint|bench|lock|clean``: what maintainers run."""

import shutil
import subprocess
from typing import Annotated

import typer

from cs231n_lib.course import checkout
from cs231n_lib.course.project import lock as pins
from cs231n_lib.course.project.stages import CACHES, STAGES, run_stages

PANEL = "For maintainers"


def run_tests(
    stages: Annotated[
        list[str] | None,
        typer.Argument(help=f"Which of: {', '.join(STAGES)}. All of them by default."),
    ] = None,
) -> None:
    """Run every test: lint, unit tests, notebooks, the grader, the pages in a browser.

    Examples: [bold]cs231n test[/], [bold]cs231n test lint unit[/]
    """
    raise typer.Exit(run_stages(stages or list(STAGES)))


def lint() -> None:
    """Check formatting, style and types; change nothing."""
    raise typer.Exit(run_stages(["lint"]))


def bench(
    quick: Annotated[bool, typer.Option(help="Smaller sizes, fewer runs.")] = False,
    json: Annotated[bool, typer.Option(help="Print rows as JSON.")] = False,
) -> None:
    """Time the library against its peers, side by side."""
    options = ["--quick"] * quick + ["--json"] * json
    done = subprocess.run([*checkout.python("-m", "benchmarks"), *options], cwd=checkout.root())
    raise typer.Exit(done.returncode)


def lock() -> None:
    """Refresh constraints.txt from the ranges in pyproject.toml (needs uv)."""
    pins.lock()


def clean(
    everything: Annotated[bool, typer.Option("--all", help="Also remove .venv.")] = False,
) -> None:
    """Remove what building and testing left behind; never a gradebook or a submission."""
    root = checkout.root()
    for name in [*CACHES, *([".venv"] if everything else [])]:
        shutil.rmtree(root / name, ignore_errors=True)


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    app.command("test", rich_help_panel=PANEL)(run_tests)
    for command in (lint, bench, lock, clean):
        app.command(rich_help_panel=PANEL)(command)
