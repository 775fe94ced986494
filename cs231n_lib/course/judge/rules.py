"""What an assignment allows: the modules that answers may import, and the limits of a run."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import cs231n_lib
from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import Limits

PACKAGE = "cs231n_lib"
#: Modules of the library that answers may use; the others are what they are to be written from.
ALLOWED = ("cs231n_lib.backend", "cs231n_lib.data", "cs231n_lib.plots")
#: Packages that would give the answer away, or its gradient.
FOREIGN = ("autograd", "faiss", "jax", "micrograd", "scipy", "sklearn", "tensorflow", "torch")


def limits_of(master: Master) -> Limits:
    """Return the limits: the defaults, changed by ``cs231n.limits`` in the master's metadata.

    Raises
    ------
    UserError
        If a limit is not known, or no positive number.
    """
    changed = master.settings.get("limits", {})
    kinds = {f.name: type(f.default) for f in fields(Limits)}
    if not isinstance(changed, dict) or not all(
        type(value) in (int, kinds.get(name)) and value > 0 and name in kinds
        for name, value in changed.items()
    ):
        raise UserError(
            f"the limits {changed!r} in the metadata of {master.name} cannot be used. There are "
            f"{', '.join(kinds)}: positive numbers, whole ones but for wall and call"
        )
    return Limits(**changed)


def blocked_by(master: Master) -> tuple[str, ...]:
    """Return the modules answers must not import; ``cs231n.allow`` in the metadata opens some.

    What is opened is opened with all that it imports, for a module cannot be imported without.

    Raises
    ------
    UserError
        If the metadata open something that there is not.
    """
    allowed = master.settings.get("allow", [])
    if not isinstance(allowed, list) or not all(isinstance(name, str) for name in allowed):
        raise UserError(
            f"`allow` in the metadata of {master.name} is {allowed!r}; it has to be a list of "
            'modules: "allow": ["cs231n_lib.layers"]'
        )
    modules = modules_of(Path(cs231n_lib.__file__).parent)
    unknown = sorted(set(allowed) - set(modules) - set(FOREIGN))
    if unknown:
        raise UserError(
            f"`allow` in the metadata of {master.name} names {', '.join(unknown)}, which there is "
            f"not. There are: {', '.join(sorted(set(modules) - {PACKAGE}) + list(FOREIGN))}"
        )
    opened = opened_by((*ALLOWED, *(name for name in allowed if name in modules)), modules)
    closed = sorted(name for name in modules if not _holds_one_of(name, opened))
    return (*_without_parts(closed), *(name for name in FOREIGN if name not in allowed))


def opened(master: Master) -> tuple[str, ...]:
    """Return the packages of others that ``cs231n.allow`` in the metadata opens."""
    blocked = blocked_by(master)
    return tuple(name for name in FOREIGN if name not in blocked)


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of the library, less its course: dotted name -> file, at every depth."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] != "course":
            found[".".join((PACKAGE, *parts)).removesuffix(".__init__")] = path
    return found


def opened_by(names: Iterable[str], modules: Mapping[str, Path]) -> frozenset[str]:
    """Return the ``names``, all that is in those that are packages, and all that these import."""
    opened: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in modules and name not in opened and name != PACKAGE:
            opened.add(name)
            parts = [other for other in modules if other.startswith(f"{name}.")]
            waiting += [*parts, *_imported_by(modules[name])]
            # Where no part of a package is missing its front stays as it is, and is run.
            package = name.rpartition(".")[0]
            if all(other in opened for other in modules if other.startswith(f"{package}.")):
                waiting.append(package)
    return frozenset(opened)


def _imported_by(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports from the library, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name != PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module.startswith(f"{PACKAGE}."):
                yield node.module
            # The names may be modules themselves; those that are not are in no list of modules.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _holds_one_of(name: str, opened: frozenset[str]) -> bool:
    return any(other == name or other.startswith(f"{name}.") for other in opened | {PACKAGE})


def _without_parts(names: list[str]) -> list[str]:
    """Leave out what lies in a package that is named itself."""
    return [n for n in names if not any(n.startswith(f"{other}.") for other in names)]
