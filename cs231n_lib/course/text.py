"""A stranger's text, made safe for the place where it is shown."""

import re
from typing import Any

#: What a student id may be: it becomes a folder's name.
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


def _harmless(value: Any) -> Any:
    """Quote what a spreadsheet would run as a formula: ids and names are strangers' text."""
    text = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if text else value
