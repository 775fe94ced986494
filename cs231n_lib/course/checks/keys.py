"""Look whether a dictionary has the keys that it should have, and which were meant to be them."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from cs231n_lib.course.checks.comparison import type_name
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

#: Keys that are told: a name has nothing else in it. In a longer one there is room for inputs.
PLAIN, SHORT = re.compile(r"[A-Za-z0-9_ .-]{1,40}"), re.compile(r"[A-Za-z0-9_]{1,5}")


def require_keys(found: Any, names: tuple[str, ...], what: str, more: bool = False) -> None:
    """Require a dictionary with the keys ``names``; others may be there too (``more``).

    Raises
    ------
    CheckFailed
        With the first key that is missing and the one that stands in its place, or with the
        first that is too many.
    """
    listed = ", ".join(names)
    if not isinstance(found, dict):
        raise CheckFailed(
            f"{what} should be a dictionary with {listed}, but is a {type_name(found)}."
        )
    others = [str(key) for key in found if key not in names]
    for name in names:
        if name not in found:
            raise CheckFailed(*_missing(name, others, what, listed))
    if others and not more:
        other = others[0] if SHORT.fullmatch(others[0]) else "another"
        raise CheckFailed(
            f"{what} should have the keys {listed}, and has {other} as well.",
            Diagnosis("key_too_many", f"nothing of the name {other} belongs there."),
        )


def _missing(name: str, others: list[str], what: str, listed: str) -> tuple[str, Diagnosis]:
    meant = nearest(name, filter(PLAIN.fullmatch, others))
    if meant is None or len(meant) > len(name) + 3:
        return (
            f"{what} has no key {name!r}; the keys should be {listed}.",
            Diagnosis("key_missing", f"{what} has an entry for each of {listed}."),
        )
    return (
        f"{what} has no key {name!r}, but {meant!r}; the keys should be {listed}.",
        Diagnosis("misspelt_key", f"a key is spelt otherwise: write {name!r} for {meant!r}."),
    )


def nearest(name: str, others: Iterable[str]) -> str | None:
    """Return the one of ``others`` that is most like ``name``, but for case and underscores."""
    plain = {other.lower().replace("_", ""): other for other in sorted(others)}
    found = get_close_matches(name.lower().replace("_", ""), plain, n=1, cutoff=0.75)
    return plain[found[0]] if found else None
