"""The interpreter's package: fetched once, by its hash, into the user's cache."""

import hashlib
import os
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from cs231n_lib.course.checkout import python
from cs231n_lib.course.errors import UserError

#: Where fetched packages and what was made of them are kept, if set.
FOLDER_VARIABLE = "CS231N_ENGINE_DIR"


def contents() -> dict[str, Any]:
    """Return what ``contents.toml`` says the engine is made of."""
    return tomllib.loads(Path(__file__).with_name("contents.toml").read_text("utf-8"))


def folder() -> Path:
    """Return the folder of the cache: ``CS231N_ENGINE_DIR`` if set, else the user's own."""
    import pooch

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else Path(pooch.os_cache("cs231n_lib")) / "engine"


def wheel() -> Path | None:
    """Return the fetched package, None if it is not in the cache or not the recorded one."""
    wanted = contents()["interpreter"]["sha256"]
    path = folder() / f"{wanted}.whl"
    return path if path.is_file() and digest(path) == wanted else None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch() -> Path:
    """Fetch the package from the package index that pip uses, unless it is there.

    Returns
    -------
    Path
        The package's file in the cache.

    Raises
    ------
    UserError
        If it cannot be fetched, or is not the recorded one; the cache then stays as it was.
    """
    if found := wheel():
        return found
    wanted = contents()["interpreter"]
    target = folder() / f"{wanted['sha256']}.whl"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
            _download(wanted, Path(temporary)).replace(target)
    except OSError as error:
        raise UserError(
            f"cannot write to {target.parent}: {error.strerror or error}. Name another folder in "
            f"{FOLDER_VARIABLE}."
        ) from None
    return target


def _download(wanted: dict[str, Any], to: Path) -> Path:
    name = f"{wanted['package']}=={wanted['version']}"
    (to / "wanted.txt").write_text(f"{name} --hash=sha256:{wanted['sha256']}\n")
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(to), "-q"]
    command = python("-m", "pip", "download", *options, "-r", str(to / "wanted.txt"))
    done = subprocess.run(command, capture_output=True, text=True)
    found = list(to.glob("*.whl"))
    if done.returncode or len(found) != 1:
        reason = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise UserError(f"{name} could not be fetched from the package index: {reason}")
    return found[0]
