"""Fetch the browser code that the book carries with it: exact versions, checked, trimmed.

``versions.toml`` names for each npm package the version, the tarball's SHA-512 and the
files that are used.  ``cs231n book vendor`` fetches the tarballs with npm, checks them and
writes the files anew; with nothing changed in ``versions.toml`` it changes nothing.
"""

import base64
import fnmatch
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path

from cs231n_lib.course.checkout import root
from cs231n_lib.course.errors import UserError

#: The folders with vendored code; each holds a versions.toml.  Only the first is published.
FOLDERS = ("book/_vendor", "tests/browser/vendor")


def vendor() -> list[Path]:
    """Write every vendored file anew and return their paths.

    Raises
    ------
    UserError
        If npm is missing or fails, a tarball is not the recorded one, or a named file is
        not in it.  The stored files are then left as they were.
    """
    if shutil.which("npm") is None:
        raise UserError("fetching the vendored packages needs npm, which comes with Node.js")
    written = []
    for folder in (root() / name for name in FOLDERS):
        packages = tomllib.loads((folder / "versions.toml").read_text())
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as temporary:
            fresh = Path(temporary)
            for name, wanted in packages.items():
                extract(fetch(name, wanted, fresh), wanted, fresh / wanted["folder"])
            for target in sorted({wanted["folder"] for wanted in packages.values()}):
                shutil.rmtree(folder / target, ignore_errors=True)
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                (fresh / target).rename(folder / target)
                written += sorted(p for p in (folder / target).rglob("*") if p.is_file())
    return written


def fetch(name: str, wanted: dict, folder: Path) -> Path:
    """Fetch one package's tarball into ``folder`` with npm and check it."""
    package = f"{name}@{wanted['version']}"
    command = ["npm", "pack", package, "--json", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise UserError(f"npm could not fetch {package}:\n{done.stderr.strip()}")
    tarball = folder / Path(json.loads(done.stdout)[0]["filename"]).name
    require_recorded(tarball, wanted["integrity"])
    return tarball


def require_recorded(tarball: Path, integrity: str) -> None:
    """Refuse a tarball whose SHA-512 is not the recorded one."""
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if integrity != f"sha512-{digest}":
        raise UserError(
            f"{tarball.name} is not the recorded package: its integrity is sha512-{digest}, "
            f"versions.toml says {integrity}. Nothing was changed."
        )


def extract(tarball: Path, wanted: dict, target: Path) -> None:
    """Copy to ``target`` the files below ``wanted["from"]`` that match ``wanted["files"]``.

    A file of the package's top folder, such as LICENSE, is copied by its bare name.
    """
    start = wanted.get("from", "")
    unused = set(wanted["files"])
    with tarfile.open(tarball) as archive:
        for member in archive:
            inside = member.name.partition("/")[2]
            name = inside.removeprefix(start) if inside.startswith(start) else inside
            hits = [pattern for pattern in wanted["files"] if fnmatch.fnmatchcase(name, pattern)]
            source = archive.extractfile(member) if hits and ".." not in name else None
            if source is None:
                continue
            unused -= set(hits)
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read())
    if unused:
        raise UserError(f"{tarball.name} holds no file for {', '.join(sorted(unused))}")
