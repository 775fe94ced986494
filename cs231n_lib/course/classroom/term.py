"""The end of a term: everything into one archive, and an empty course for the next."""

import contextlib
import shutil
import zipfile
from pathlib import Path

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
        The archive, a zip file that must not be there yet.
    clear : bool
        Remove the records from the course folder, once the archive has been read back whole.

    Raises
    ------
    UserError
        If there is nothing to keep, ``output`` is there already or cannot be written, or the
        gradebook is on a server.
    """
    output = output.resolve()
    if output.exists():
        raise UserError(f"{output} is there already; name a new file")
    if course.state in output.parents:
        raise UserError(f"{output} is in the folder that is to be archived; name another place")
    if not course.db_url.startswith("sqlite"):
        raise UserError(
            "the gradebook is on a server: archive it with the server's own program (pg_dump), "
            "then this folder by hand"
        )
    with course.writing():
        files = _files(course)
        if not any(course.state in p.parents for p in files):
            raise UserError(f"there is nothing to archive in {course.state}")
        part = output.with_name(f".{output.name}.part")
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
                for path in files:
                    info = zipfile.ZipInfo.from_file(
                        path, path.relative_to(course.root).as_posix(), strict_timestamps=False
                    )
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
        if clear:
            for path in files:
                if course.state in path.parents:
                    path.unlink()
            for folder in sorted(course.state.rglob("*"), reverse=True):
                if folder.is_dir():
                    folder.rmdir()
    return len(files)


def _files(course: Course) -> list[Path]:
    tops = [course.state, course.source, course.root / "checks", course.root / "samples",
            course.submitted, course.autograded, course.feedback]  # fmt: skip
    found = {course.root / "nbgrader_config.py"}
    for top in tops:
        if course.root in top.parents:
            found |= {p for p in top.rglob("*") if p.is_file() and not p.is_symlink()}
    database = course.db_url.removeprefix("sqlite:///")
    if Path(database).is_file() and course.root in Path(database).parents:
        found.add(Path(database))
    return sorted(p for p in found if p.name not in LEFT_OUT)
