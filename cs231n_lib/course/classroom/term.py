"""The end of a term: everything into one archive, and an empty course for the next."""

import contextlib
import shutil
import zipfile
from pathlib import Path

from cs231n_lib.course.classroom.folder.config import CONFIG
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import cannot_write

#: What is no record of the term: locks, and what is made anew when it is needed.
LEFT_OUT = ("lock",)


def archive(course: Course, output: Path, clear: bool = False) -> int:
    """Pack the term's records, masters and configuration; return the number of files.

    Parameters
    ----------
    course : Course
        The course.
    output : Path
        The archive, a zip file that must not be there yet, but for one of the very records that
        are left of a clearing that was cut short.
    clear : bool
        Remove the records from the course folder, once the archive has been read back whole.

    Raises
    ------
    UserError
        If there is nothing to keep, ``output`` is there already or cannot be written, or the
        gradebook is on a server.
    """
    output = output.resolve()
    if any(top in output.parents for top in _records(course)):
        raise UserError(f"{output} is in the folder that is to be archived; name another place")
    if not course.db_url.startswith("sqlite"):
        raise UserError(
            "the gradebook is on a server: archive it with the server's own program (pg_dump), "
            "then this folder by hand"
        )
    with course.writing():
        records = _files(course, _records(course))
        files = sorted(records | _files(course, _kept(course)))
        there = output.exists()
        if there and not (clear and records and _holds(course, output, records)):
            raise UserError(f"{output} is there already; name a new file")
        if not records:
            raise UserError(f"there is nothing to archive in {course.state}")
        if not there:
            _pack(course, files, output)
        if clear:
            _clear(course, records)
    return len(files)


def _pack(course: Course, files: list[Path], output: Path) -> None:
    """Write the archive, and read it back before it gets its name."""
    part = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
            for path in files:
                info = zipfile.ZipInfo.from_file(path, _name(course, path), strict_timestamps=False)
                info.compress_type = zipfile.ZIP_DEFLATED
                with open(path, "rb") as source, out.open(info, "w") as entry:
                    shutil.copyfileobj(source, entry)
        with zipfile.ZipFile(part) as packed:
            broken = packed.testzip()
            if broken or len(packed.namelist()) != len(files):
                raise UserError(f"the archive could not be read back: {broken}")
        part.replace(output)
    except OSError as error:
        raise cannot_write(output, error) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _holds(course: Course, output: Path, records: set[Path]) -> bool:
    """Whether an archive has all that is left: then a clearing was cut short, and may go on."""
    try:
        with zipfile.ZipFile(output) as packed:
            for path in records:
                with open(path, "rb") as file, packed.open(_name(course, path)) as entry:
                    if file.read() != entry.read():
                        return False
    except (zipfile.BadZipFile, KeyError, OSError):
        return False
    return True


def _clear(course: Course, records: set[Path]) -> None:
    for path in records:
        path.unlink()
    for top in _records(course):
        if top.is_dir():
            for folder in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
                with contextlib.suppress(OSError):  # what was no file is left, and its folder
                    folder.rmdir()


def _name(course: Course, path: Path) -> str:
    return path.relative_to(course.root).as_posix()


def _records(course: Course) -> list[Path]:
    """Return what belongs to a term: folders and files."""
    return [course.state, course.submitted, course.autograded, course.feedback,
            Path(course.db_url.removeprefix("sqlite:///"))]  # fmt: skip


def _kept(course: Course) -> list[Path]:
    """Return what the next term begins with."""
    return [course.source, course.root / "checks", course.root / "samples", course.root / CONFIG]


def _files(course: Course, tops: list[Path]) -> set[Path]:
    """Return the files at and below ``tops``, as far as they lie in the course."""
    found: set[Path] = set()
    for top in tops:
        if course.root in top.parents:
            found |= {p for p in (top, *top.rglob("*")) if p.is_file() and not p.is_symlink()}
    return {p for p in found if p.name not in LEFT_OUT}
