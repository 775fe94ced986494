"""The configuration of a course, as nbgrader reads it."""

import os
import sysconfig
from pathlib import Path
from typing import Any

from cs231n_lib.course.errors import UserError

#: The file that makes a folder a course.
CONFIG = "nbgrader_config.py"


def course_config(root: Path) -> Any:
    """Return the traitlets configuration that ``nbgrader_config.py`` in ``root`` describes."""
    try:
        from traitlets.config.loader import PyFileConfigLoader
    except ImportError as error:
        raise UserError(
            "this needs the extra 'course': pip install 'cs231n_lib[course]'"
        ) from error
    # nbgrader calls `alembic` by name when it creates a gradebook; without it the gradebook is
    # left half-made.  An environment that was not activated has it beside its Python only.
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    return PyFileConfigLoader(CONFIG, path=str(root)).load_config()
