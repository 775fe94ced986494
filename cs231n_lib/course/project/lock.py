"""The exact pins: ``constraints.txt`` from the ranges in ``pyproject.toml``."""

import shutil
import subprocess
import sys
from pathlib import Path

from cs231n_lib.course.checkout import root
from cs231n_lib.course.errors import UserError

LOCKED_EXTRAS = ("book", "course", "test", "cluster")


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
