"""Walls around a stranger's code: one file a kind of wall, each with ``worker()`` and ``stop()``.

What all kinds share stands here: how a worker is started, and how its end is put in words.
"""

import json
import signal
import sys
from typing import Any

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}


def program(module: str, options: dict[str, Any], library: str) -> list[str]:
    """Return the command line that runs ``module`` of the library in the folder ``library``."""
    start = f"import sys; sys.path.insert(0, {library!r}); import {module} as m; m.main()"
    return [sys.executable, "-s", "-P", "-B", "-c", start, json.dumps(options)]


def in_words(status: int) -> str:
    """Say how a process ended, from its exit status; ``""`` if there is nothing to say."""
    if status == -signal.SIGKILL:
        return " or was killed for using too much processor time or memory"
    if status < 0:
        name = signal.strsignal(-status) or f"signal {-status}"
        return f" by a crash ({name.lower()})"
    return f" (exit status {status})" if status else ""
