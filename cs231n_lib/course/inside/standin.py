"""Put known functions in the place of a student's own ones, for a while.

In a notebook this happens among the notebook's own names, in the judge inside the sandboxed
worker, where the known functions are calls back to the judge.
"""

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def swap(space: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Bind ``names`` in ``space``; return what :func:`restore` needs to undo it.

    A dictionary of functions stands for a class that has them as methods.

    Examples
    --------
    >>> space = {"f": abs}
    >>> before = swap(space, {"f": max, "G": {"twice": lambda self, x: 2 * x}})
    >>> space["f"](1, 2), space["G"]().twice(3)
    (2, 6)
    >>> restore(space, before)
    >>> space["f"](-1), "G" in space
    (1, False)
    """
    before = {name: space.get(name, _ABSENT) for name in names}
    for name, value in names.items():
        space[name] = type(name, (), dict(value)) if isinstance(value, dict) else value
    return before


def restore(space: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Undo a :func:`swap`."""
    for name, value in before.items():
        if value is _ABSENT:
            space.pop(name, None)
        else:
            space[name] = value
