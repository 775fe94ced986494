"""Pools of judges: one file a kind of pool, one line in ``KINDS`` for each.

What every judge has to know, and how one is made of it, stands here.  A pool gives back what
judges say, in any order; it never reads or keeps a result, and knows no student.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import rules, walls
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.walls.library import build_library

#: The kinds of walls between which an instructor chooses: what grades, and none.
SAFE, UNSAFE = walls.SAFE, walls.UNSAFE


@dataclass(frozen=True)
class Settings:
    """All that a judge in another process has to know; plain data."""

    master: bytes
    name: str
    folder: str
    walls: str = SAFE
    visible_only: bool = False


#: The kinds of pools: scheme of the address that work is sent to -> module and class. The class is
#: called with the settings, the address and how many judges are asked for; it is a context
#: manager with ``grade(submissions, seed)``, as `judge.batch.Pool` says.
KINDS = {
    "": "cs231n_lib.course.judge.pools.local:LocalPool",
    "tcp": "cs231n_lib.course.judge.pools.cluster:ClusterPool",
    "tls": "cs231n_lib.course.judge.pools.cluster:ClusterPool",
}


def make(settings: Settings, address: str, processes: int) -> Any:
    """Return the pool that ``address`` asks for: this machine if it is empty.

    Raises
    ------
    UserError
        If there is no such kind of address, or nothing answers there.
    """
    scheme = address.partition("://")[0] if "://" in address else "tcp" if address else ""
    if scheme not in KINDS:
        known = ", ".join(f"{name}://" for name in KINDS if name)
        raise UserError(
            f"judges cannot be reached at {address}; known addresses begin with {known}"
        )
    return pkgutil.resolve_name(KINDS[scheme])(settings, address, processes)


def make_grader(settings: Settings) -> tuple[Grader, Callable[[], None]]:
    """Return a grader and the function that takes its sandbox down."""
    master = read_master(settings.master, settings.name)
    if settings.visible_only:
        master = master.visible()
    limits, blocked = rules.limits_of(master), rules.blocked_by(master)
    library = build_library(Path(settings.folder), blocked)
    around = walls.make(
        settings.walls, library, limits, blocked, _warm(master, blocked), rules.opened(master)
    )
    return Grader(master, around.worker, limits, blocked), around.stop


def _warm(master: Master, blocked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modules that the master imports, to be imported once for all students."""
    import ast

    found = {"numpy"}
    for source in (*master.setup, *master.imports):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return tuple(sorted(m for m in found if not m.startswith((*blocked, "cs231n_lib.course"))))
