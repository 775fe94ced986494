"""Read an attribute of a student's object, or say where it got lost."""

import inspect
from typing import Any

from cs231n_lib.course.checks.calling import names_of
from cs231n_lib.course.checks.comparison import handle_of
from cs231n_lib.course.checks.keys import nearest
from cs231n_lib.course.checks.raising import misspelt, outside_class
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis, StudentError


def attribute(thing: Any, name: str, what: str, missing: Diagnosis | None = None) -> Any:
    """Return an attribute of a student's object.

    Raises
    ------
    CheckFailed
        If it has none: ``what`` names the object, ``missing`` is the diagnosis where nothing shows
        that the name was lost or misspelt.
    """
    try:
        return getattr(thing, name)
    except (AttributeError, StudentError):
        cause = _lost(thing, name) or missing
        raise CheckFailed(f"{what} has no attribute `{name}`.", cause) from None


def _lost(thing: Any, name: str) -> Diagnosis | None:
    """Return where an attribute is that a student's object lacks; the judge asks the sources."""
    if handle_of(thing) is not None:
        return None
    outside = names_of(type(thing)).get(name)
    if inspect.isfunction(outside) and "self" in inspect.signature(outside).parameters:
        return outside_class(name)
    near = nearest(name, (n for n in dir(thing) if not n.startswith("_")))
    return None if near is None else misspelt(name, near)
