"""What test cells say, and what they know: the door for notebooks.

A test cell writes ``from cs231n_lib.course import checks`` and, for what only one assignment
knows, ``from cs231n_lib.course.checks import a4``. Checks have references of their own and
must never import the numeric library: a shared bug would pass.

`exercise` has what one function is asked for, and checks it: `calling` asks the student's function,
`comparison` holds the answer against that of the `reference`, `diagnosing` finds which of the
`mistakes` explains it, those of one exercise or those that fit every one. `verdict` is what comes
out; `raising`, `keys` and `attributes` say what it means that something raises or is not there.
`pair`, `model` and `scores` are for layers and networks, `hygiene` is for every function, and a
folder is for one assignment.
"""

import importlib
from typing import Any

from cs231n_lib.course.checks import hygiene, pair
from cs231n_lib.course.checks.alone import trial
from cs231n_lib.course.checks.calling import (
    call,
    call_in_place,
    count_events,
    numbers,
    observe,
    on_device,
    raised,
    replaced,
    require,
    try_out,
)
from cs231n_lib.course.checks.cause import builds_on, first_cause
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.given import own
from cs231n_lib.course.checks.mistakes import NUMERICAL, Mistake
from cs231n_lib.course.checks.seeds import get_seed, rng, set_seed
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

#: Rooms of one assignment each, imported when they are asked for.
ASSIGNMENTS = ("a1", "a2", "a3", "a4", "a5")
__all__ = [
    "NUMERICAL",
    "CheckFailed", "Diagnosis", "Exercise", "Mistake", "builds_on", "call", "call_in_place",
    "count_events", "first_cause", "get_seed", "hygiene", "numbers", "observe", "on_device", "own",
    "pair", "raised", "replaced", "require", "rng", "set_seed", "trial", "try_out",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import the checks of an assignment on demand."""
    if name in ASSIGNMENTS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
