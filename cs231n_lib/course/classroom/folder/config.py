"""The configuration of a course, as nbgrader reads it."""

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
    return PyFileConfigLoader(CONFIG, path=str(root)).load_config()
