"""The part of the library that is seen from inside the walls."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import cs231n_lib
from cs231n_lib.course.files import copy_folder
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.limits import START_SECONDS


def build_library(folder: Path, blocked: tuple[str, ...]) -> Path:
    """Make the part of the library that a worker may see, once; return its folder.

    Parameters
    ----------
    folder : Path
        Where to put it.
    blocked : tuple of str
        Dotted names of modules to leave out: the references for the assignment at hand.
    """
    source = Path(cs231n_lib.__file__).parent
    files = ((str(p), p.stat().st_mtime_ns) for p in sorted(source.rglob("*.py")))
    digest = hashlib.sha256(repr((blocked, *files)).encode()).hexdigest()[:16]
    target = folder / f"library-{digest}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        package = Path(name) / "cs231n_lib"
        copy_folder(source, package, shutil.ignore_patterns("__pycache__", "course"))
        copy_folder(
            source / "course" / "inside", package / "course" / "inside",
            shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
        fronts = {package / "__init__.py", package / "course" / "__init__.py"}
        for dotted in blocked:
            path = Path(name, *dotted.split("."))
            shutil.rmtree(path, ignore_errors=True)
            path.with_suffix(".py").unlink(missing_ok=True)
            fronts |= {p / "__init__.py" for p in path.parents if p.is_relative_to(package)}
        # The front of a package imports all of it; where a part is missing it imports nothing.
        for front in fronts:
            if front.parent.is_dir():
                front.write_text('"""The part that this assignment allows."""\n')
        copy_folder(_fonts(folder), Path(name) / "matplotlib")
        # What stands in the place of what is not to be seen.
        (Path(name) / "nothing").mkdir()
        (Path(name) / "nothing.txt").touch()
        with contextlib.suppress(OSError):  # another process was faster
            Path(name).rename(target)
            Path(name).mkdir()
    target.chmod(0o755)
    return target


def _fonts(folder: Path) -> Path:
    """Let matplotlib look for fonts once, not in every sandbox; return the folder that knows."""
    target = folder / f"matplotlib-{version('matplotlib')}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as name:
            made = Path(name) / "matplotlib"
            made.mkdir()
            try:
                subprocess.run(
                    [sys.executable, "-c", "import matplotlib.font_manager"], check=False,
                    env={**os.environ, "MPLCONFIGDIR": str(made)}, capture_output=True,
                    timeout=START_SECONDS,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise InfrastructureError(
                    "matplotlib does not come to an end of its fonts"
                ) from None
            _only_matplotlibs_own(made)
            with contextlib.suppress(OSError):  # another process was faster
                made.rename(target)
    return target


def _only_matplotlibs_own(folder: Path) -> None:
    """Leave out of a list of fonts those of the system, which are not there behind the walls."""
    for path in folder.glob("fontlist-*.json"):
        fonts = json.loads(path.read_text())
        for kind in ("ttflist", "afmlist"):
            fonts[kind] = [f for f in fonts.get(kind, []) if not os.path.isabs(f["fname"])]
        path.write_text(json.dumps(fonts))
