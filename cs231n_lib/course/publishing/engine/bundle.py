"""The files that a page loads: the program, Python's library, fonts, and the book's own code.

Every file's name holds the hash of its content, so a browser may keep it for ever and never mixes
two builds.  The same inputs give the same bytes.
"""

import gzip
import hashlib
import importlib.util
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cs231n_lib.course.checkout import sources
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import PUBLIC, write_atomically
from cs231n_lib.course.limits import MAX_ENGINE_BYTES
from cs231n_lib.course.publishing import bounded
from cs231n_lib.course.publishing.engine import fetch
from cs231n_lib.course.publishing.engine.slim import slim

#: What a page asks its host for first; it names the engines and their files.
OFFER = "live.json"
#: The folder of the engine's files on a site.
FOLDER = "engine"
#: A moment that archives may hold: the same one always.
THEN = (2026, 1, 1, 0, 0, 0)
LICENCES = "LICENSES.txt"


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive whose members are stored as they are: it is compressed as a whole."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files, key=lambda name: (name.rpartition(".")[2], name)):
            target.writestr(zipfile.ZipInfo(name, THEN), files[name])
    return out.getvalue()


def packed(data: bytes) -> bytes:
    """Return data as gzip, without a time of day."""
    return gzip.compress(data, 9, mtime=0)


def pick(names: Iterable[str], drop: Iterable[str], pattern: str) -> list[str]:
    """Return the files of an archive that stay: whole packages go, and parts that match."""
    unwanted, parts = set(drop), re.compile(pattern)

    def goes(name: str) -> bool:
        top = re.split(r"[/.]", name, maxsplit=1)[0]
        project = name.partition("-")[0].replace("-", "_").lower() if ".dist-info/" in name else top
        return name.endswith("/") or project in unwanted or bool(parts.search(name))

    return [name for name in names if not goes(name)]


def interpreter() -> dict[str, bytes]:
    """Return the parts that come from the fetched package, kept in the cache once made.

    Raises
    ------
    UserError
        If the package is not in the cache.
    """
    wheel = fetch.wheel()
    if wheel is None:
        raise UserError("the interpreter is not here yet: run `cs231n book engine`")
    rules = hashlib.sha256(b"".join(p.read_bytes() for p in _recipe())).hexdigest()[:16]
    kept = fetch.folder() / f"made-{rules}"
    names = ("python.wasm.gz", "library.zip.gz", "fonts.zip.gz", LICENCES)
    if not all((kept / name).is_file() for name in names):
        for name, data in zip(names, _make(wheel), strict=True):
            write_atomically(kept / name, data)
        for old in fetch.folder().glob("made-*"):
            if old != kept:
                shutil.rmtree(old, ignore_errors=True)
    return {name: (kept / name).read_bytes() for name in names}


def _recipe() -> list[Path]:
    here = Path(__file__).parent
    return [here / "contents.toml", here / "slim.py", here / "bundle.py"]


def _make(wheel: Path) -> tuple[bytes, bytes, bytes, bytes]:
    rules = fetch.contents()
    with zipfile.ZipFile(wheel) as package:
        read = rules["interpreter"]
        program = slim(
            package.read(read["program"]), [(u["from"], u["until"]) for u in rules["unused"]]
        )
        licences = b"\n".join(package.read(name) for name in read["licences"])
        with zipfile.ZipFile(io.BytesIO(package.read(read["library"]))) as library:
            part = rules["library"]
            names = [name for name in library.namelist() if name != read["fonts"]]
            files = {n: library.read(n) for n in pick(names, part["drop"], part["drop_matching"])}
            files |= dict.fromkeys(part["stubs"], b'"""Left out here."""\n')
            inner = io.BytesIO(library.read(read["fonts"]))
    with zipfile.ZipFile(inner) as data:
        names = pick(data.namelist(), (), rules["fonts"]["drop_matching"])
        fonts = {name.rpartition("mpl-data/")[2]: data.read(name) for name in names}
    return packed(program), packed(archive(files)), packed(archive(fonts)), licences


def book_files() -> dict[str, bytes]:
    """Return the library, the exercises and the packages that cells import, by path."""
    rules = fetch.contents()["book"]
    files = {}
    for pattern in rules["checkout"]:
        for path in sorted(sources().glob(pattern)):
            files[path.relative_to(sources()).as_posix()] = path.read_bytes()
    for name in rules["packages"]:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise UserError(f"the engine carries {name}, which is not installed: run make install")
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*.py")):
            if "tests" not in path.relative_to(folder).parts:
                files[path.relative_to(folder.parent).as_posix()] = path.read_bytes()
    guest = sorted(Path(__file__).with_name("guest").glob("*.py"))
    for path in (*guest, Path(bounded.__file__)):
        files[path.name] = path.read_bytes()
    files["book/README"] = b"Cells run in this folder.\n"
    return files


def write(site: Path) -> dict[str, Any]:
    """Lay the engine beside the pages of a site.

    Parameters
    ----------
    site : Path
        The folder of the built pages.

    Returns
    -------
    dict
        What the pages are told: the files by their part, and how many bytes they are.

    Raises
    ------
    UserError
        If the interpreter is not in the cache, or the files are larger than a page may load.
    """
    made = interpreter()
    licences = made.pop(LICENCES)
    made["book.zip.gz"] = packed(archive(book_files()))
    size = sum(map(len, made.values()))
    if size > MAX_ENGINE_BYTES:
        raise UserError(
            f"the engine's files have {size / 1e6:.1f} MB; a first visit may load "
            f"{MAX_ENGINE_BYTES / 1e6:.0f}"
        )
    named = {}
    for name, data in made.items():
        stem, dot, ending = name.partition(".")
        named[stem] = f"{FOLDER}/{stem}-{hashlib.sha256(data).hexdigest()[:12]}{dot}{ending}", data
    shutil.rmtree(site / FOLDER, ignore_errors=True)
    for path, data in named.values():
        write_atomically(site / path, data, PUBLIC)
    write_atomically(site / FOLDER / LICENCES, licences, PUBLIC)
    told = {"files": {stem: path for stem, (path, _) in named.items()}, "bytes": size}
    write_atomically(site / OFFER, json.dumps({"engines": {"in-page": told}}).encode(), PUBLIC)
    return told


def remove(site: Path) -> None:
    """Take the engine out of a site."""
    shutil.rmtree(site / FOLDER, ignore_errors=True)
    (site / OFFER).unlink(missing_ok=True)
