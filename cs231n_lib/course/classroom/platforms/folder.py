"""Plain folders: one a student, with the notebook in it or below the assignment's name."""

from pathlib import PurePosixPath

from cs231n_lib.course.classroom.platforms.platform import Container, Platform, View
from cs231n_lib.course.errors import Refused

#: Folders around a download that are no student's.
AROUND = ("submissions", "submitted", "downloads", "download", "handed-in")
#: What notebooks are called that say nothing of their owner.
NOBODY = ("notebook", "submission", "untitled")


class Folder(Platform):
    """Folders and files called after the student, as nbgrader's ``submitted`` has them."""

    name = "folder"

    def wraps(self, folder: str) -> bool:
        """Whether the folder's name is one that people give to all submissions together."""
        return folder in AROUND

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Read ``anne/a1.ipynb``, ``anne/a1/a1.ipynb``, ``anne-a1.ipynb`` and ``anne.zip``."""
        if len(path) > 1:
            other = path[1] if len(path) > 2 else ""
            if other != view.assignment and other in view.assignments:
                raise Refused(f"handed in for {other}, not for {view.assignment}")
            depth = 2 if other == view.assignment else 1
            return Container((path[0],), "", depth, guessed=True)
        file = PurePosixPath(path[0])
        stem = file.stem
        for mark in ("-", "_"):
            stem = stem.removesuffix(f"{mark}{view.assignment}")
        known = file.suffix.lower() in (".ipynb", ".zip")
        if not known or stem.lower() in (view.assignment.lower(), *NOBODY):
            raise Refused(
                f"whose is it? Expected STUDENT/{view.assignment}.ipynb, a platform's download, "
                "or --student"
            )
        return Container((stem,), "", file=f"{view.assignment}{file.suffix}")
