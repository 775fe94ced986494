"""Show this Python behind walls: the standard library and a list of packages, no more.

All is named that is to be seen; what is not named is not there, wherever it lies. Names outside
become other names inside (`PLACE`), so that no folder of the machine is shown for what else is in
it, and shared libraries are gathered one by one.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.limits import START_SECONDS

#: Where it is shown, and the folder of packages that is to be put on the path.
PLACE = "/python"
PACKAGES = f"{PLACE}/packages"
#: What answers may import besides the standard library; each comes with all that it needs.
ALLOWED = ("numpy", "matplotlib", "tqdm", "threadpoolctl", "array-api-compat", "array-api-strict")
_NOT_MODULES = re.compile(r"lib-dynload|__pycache__|LICENSE.*|_sysconfigdata_.*")


@dataclass(frozen=True)
class Python:
    """What is to be shown.

    Attributes
    ----------
    shown : tuple of (str, str)
        File or folder outside, and its place inside.
    masked : tuple of (str, bool)
        Place inside the shown folders that is to be empty, and whether it is a folder.
    interpreter : str
        The program, inside.
    """

    shown: tuple[tuple[str, str], ...]
    masked: tuple[tuple[str, bool], ...]
    interpreter: str = f"{PLACE}/bin/python"


def see(packages: tuple[str, ...], notes: Path) -> Python:
    """Return what is to be shown of this Python.

    Parameters
    ----------
    packages : tuple of str
        Packages that the assignment allows besides ``ALLOWED``, as they are imported.
    notes : Path
        Folder that remembers which shared libraries are needed: to find out takes seconds.
    """
    executable = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    standard = Path(os.path.realpath(sysconfig.get_path("stdlib")))
    inside = f"{PLACE}/{sys.platlibdir}/{standard.name}"
    compiled = Path(os.path.realpath(sysconfig.get_config_var("DESTSHARED") or ""))
    shown = [(executable, f"{PLACE}/bin/python"), (str(standard), inside)]
    if not compiled.is_relative_to(standard):
        shown.append((str(compiled), f"{inside}/lib-dynload"))
    sold_as = metadata.packages_distributions() if packages else {}
    wanted = (*ALLOWED, *(name for p in packages for name in sold_as.get(p, [p])))
    folders = sorted(set(_packages(wanted)))
    shown += [(str(path), f"{PACKAGES}/{path.name}") for path in folders]
    masked = tuple(_foreign(standard, inside))
    return Python((*shown, *_libraries(executable, compiled, folders, notes)), masked)


def _foreign(standard: Path, inside: str) -> Iterator[tuple[str, bool]]:
    """Yield what lies in the folder of the standard library and is none of it."""
    for folder in (standard, standard / "__pycache__"):
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            # A link leads to what is shown, or nowhere.
            known = entry.is_symlink() or entry.name.split(".")[0] in sys.stdlib_module_names
            if not known and not _NOT_MODULES.fullmatch(entry.name):
                yield f"{inside}/{entry.relative_to(standard)}", entry.is_dir()


def requirements(names: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Return the installed distributions ``names`` with all that they need, by name."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for text in distribution.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return found


def _packages(names: Iterable[str]) -> Iterator[Path]:
    """Yield the top files and folders of the packages ``names`` and of all that they need."""
    for name, distribution in requirements(names).items():
        if distribution.files is None:
            raise InfrastructureError(
                f"the package {name} does not say which files are its own, so what else would be "
                "shown to students' code is not known; install it with pip in a virtual environment"
            )
        for top in {f.parts[0] for f in distribution.files} - {"..", "__pycache__"}:
            path = Path(str(distribution.locate_file(top)))
            if path.exists():
                yield Path(os.path.realpath(path.parent), path.name)


def _libraries(
    executable: str, compiled: Path, packages: list[Path], notes: Path
) -> list[tuple[str, str]]:
    """Return the shared libraries that the interpreter and the packages need."""
    binaries = [executable, *map(str, sorted(compiled.glob("*.so")))]
    binaries += [str(p) for package in packages for p in sorted(package.rglob("*.so*"))]
    times = [(path, os.stat(path).st_mtime_ns) for path in binaries]
    note = notes / "shared-libraries.json"
    try:
        known = json.loads(note.read_text())
        if known["of"] == json.loads(json.dumps(times)):
            return [(outside, inside) for outside, inside in known["are"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        told = subprocess.run(
            ["ldd", *binaries], capture_output=True, text=True, check=False,
            env={**os.environ, "LC_ALL": "C"}, timeout=START_SECONDS,
        ).stdout  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InfrastructureError("ldd does not say which shared libraries are needed") from None
    own = tuple(f"{os.path.realpath(p)}/" for p in packages)
    found: dict[str, str] = {}
    for name, path in re.findall(r"^\s+(?:(\S+) => )?(/\S+) \(0x", told, re.MULTILINE):
        real = os.path.realpath(path)
        if not real.startswith(own):  # else it comes with its package
            # The loader is looked for where it is; the others in the folder of LD_LIBRARY_PATH.
            found[f"{PLACE}/shared/{name}" if name else path] = real
    libraries = sorted((real, place) for place, real in found.items())
    partial = note.with_name(f"{note.name}.{os.getpid()}")
    partial.write_text(json.dumps({"of": times, "are": libraries}))
    partial.replace(note)
    return libraries
