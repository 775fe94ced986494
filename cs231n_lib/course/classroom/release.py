"""Make the students' version of an assignment: nbgrader strips, this module checks and packs."""

import errno
import hashlib
import io
import os
import re
import tempfile
import zipfile
from datetime import UTC
from pathlib import Path

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.due import with_due
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.assignment.releases import marked
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.classroom.folder.config import course_config
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.database import open_gradebook
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import PUBLIC, write_atomically

INSTRUCTIONS = """\
{title}
{underline}

1. Install the course once (Python 3.11 to 3.13), in the folder that you got it in:
{install}
   and let the terminal find its command, each time that you open one:
       . .venv/bin/activate        (Windows: .venv\\Scripts\\activate)
2. Open the notebook:
       jupyter lab {name}.ipynb
3. Write your code where it says YOUR CODE HERE.  Do not delete, copy or move cells, and
   leave the test cells as they are: yours are replaced by fresh ones when you are graded.
4. See where you stand, at any time, as a whole or in one exercise{hints}:
       cs231n check {name}.ipynb
       cs231n check {name}.ipynb NAME
{hint}5. Hand in:
       cs231n submit {name}.ipynb
"""
#: What stands under the instructions of our own assignments.
DATA = """
Data
----
The notebook draws its images itself (the course's small "scenes" set): nothing to download.
Real CIFAR-10 is not needed here.  To play with it: cs231n data fetch
"""
CLONE = "       make install"
#: Where there is no checkout, the wheel is handed out together with the zip.
WHEEL = """\
       python -m venv .venv
       .venv/bin/pip install "{wheel}[course]"
                                   (Windows: .venv\\Scripts\\pip)"""

#: How SQLite and the system say that a disk is full.
NO_ROOM = ("disk is full", os.strerror(errno.ENOSPC))


def _generate(root: Path, name: str, destination: Path) -> None:
    """Let nbgrader write the release of ``name`` to ``destination / name``."""
    from nbgrader.apps import NbGraderAPI

    config = course_config(root)
    config.CourseDirectory.release_directory = str(destination.relative_to(root))
    result = NbGraderAPI(config=config).generate_assignment(name, force=True, create=True)
    if not result["success"]:
        log = str(result.get("log")).splitlines()
        reason = "\n".join(line for line in log if "Error" in line) or result.get("error")
        remedy = f"Correct solutions/{name}/{name}.ipynb"
        if any(word in str(reason) for word in NO_ROOM):
            remedy = f"Make room on the disk of {root}"
        raise UserError(
            f"nbgrader could not make the release of {name}:\n{reason}\n{remedy}, then run again."
        )


def release(name: str, root: Path) -> Path:
    """Generate ``exercises/<name>`` from ``solutions/<name>``.

    nbgrader replaces solutions by stubs, removes hidden tests and outputs, locks the test
    cells and records the assignment in the gradebook.  The release is made aside and put in
    place when it is complete; it says when the assignment is due, if the gradebook does.

    Parameters
    ----------
    name : str
        The assignment, ``"a1"`` say.
    root : Path
        The course folder.

    Returns
    -------
    Path
        The folder of the release.

    Raises
    ------
    UserError
        If there is no such assignment or nbgrader refuses the source.
    """
    course = Course(root)
    course.master(name)  # refuses an assignment that there is not
    target = root / "exercises" / name
    state = root / ".nbgrader"
    state.mkdir(exist_ok=True)
    with open_gradebook(course):
        pass  # nbgrader finds it made: it would take longer, and a program to do it
    with tempfile.TemporaryDirectory(prefix="release-", dir=state) as scratch:
        _generate(root, name, Path(scratch))
        made = Path(scratch) / name
        ours = of_checkout(course)
        (made / "README.txt").write_text(instructions(name, ours), encoding="utf-8")
        notebook = made / f"{name}.ipynb"
        if not ours:  # there it becomes what comes with the package
            write_atomically(notebook, marked(name, notebook.read_bytes()), PUBLIC)
        say_due(course, name, notebook)
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            target.rename(Path(scratch) / "old")
        made.rename(target)
    return target


def of_checkout(course: Course) -> bool:
    """Whether the course's folder is the checkout itself, as it is for those who write ours."""
    return checkout.find() == course.root


def say_due(course: Course, name: str, notebook: Path) -> None:
    """Have a released notebook say when it is due: what the gradebook knows, and nothing else.

    Raises
    ------
    UserError
        If it is damaged.
    """
    with Gradebook(course, name) as book:
        due = book.due_dates().get(name)
    local = due.replace(tzinfo=UTC).astimezone(course.zone) if due else None
    before = notebook.read_bytes()
    try:
        after = with_due(before, local)
    except Damaged as error:
        raise UserError(
            f"{notebook} is damaged: {error}. Make it anew: cs231n release {name}"
        ) from None
    if after != before:
        write_atomically(notebook, after)


def instructions(name: str, in_checkout: bool) -> str:
    """Return the text that goes with the notebook: how to install, open, check and hand in.

    Our own assignments have hints, and a word on their data. Who gets a release together with
    the checkout installs that, and everyone else the wheel.
    """
    title = f"Assignment {re.sub('^a(?=[0-9])', '', name)}"
    ours = name in assignments()
    text = INSTRUCTIONS.format(
        title=title, underline="=" * len(title), name=name,
        install=CLONE if in_checkout else WHEEL.format(wheel=checkout.wheel()),
        hints=", and what to think about" if ours else "",
        hint=f"       cs231n hint {name} NAME\n" if ours else "",
    )  # fmt: skip
    return text + DATA if ours else text


def bundle(folder: Path, archive: Path) -> Path:
    """Zip the release in ``folder``; the same content gives the same bytes.

    Returns
    -------
    Path
        The archive, ``archive`` itself.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())
    write_atomically(archive, content.getvalue(), PUBLIC)
    return archive


def digest(folder: Path) -> str:
    """Return a checksum of all files in ``folder``, names and bytes."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
