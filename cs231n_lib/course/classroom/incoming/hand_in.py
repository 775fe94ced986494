"""A hand-in: the files of one owner at one time, and which of them is the notebook to grade."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.assignment.notebook import Damaged, read_cells
from cs231n_lib.course.classroom.incoming.archives import Inner
from cs231n_lib.course.text import line

#: Files that nbgrader and this package put beside a notebook.
COMPANIONS = ("timestamp.txt", "submission_secret.txt", "not-graded.txt", "submission_metadata.yml")
#: What a file is that is no notebook, for those who wonder why it was not graded.
KINDS = {
    ".pdf": "a PDF", ".py": "Python code", ".html": "a web page or a text typed in", ".txt": "text",
    ".rar": "a RAR archive", ".7z": "a 7z archive", ".gz": "a tar or gzip archive",
    ".tgz": "a tar archive", ".tar": "a tar archive", ".docx": "a Word document",
}  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A file that was handed in, as far as it has to be kept in mind."""

    name: str
    data: bytes
    digest: str
    answers: bool

    @property
    def path(self) -> PurePosixPath:
        """Its name as a path."""
        return PurePosixPath(self.name.replace("\\", "/"))


@dataclass(frozen=True)
class Choice:
    """The notebook to grade; ``reason`` says why it cannot be, if so.

    Attributes
    ----------
    name, data, digest : str, bytes, str
        The file; of a hand-in that cannot be graded the one that was looked at first.
    fits : bool
        Whether a file answers the assignment, or at least has its name.
    refused : bool
        Whether it cannot be graded for a fault of the files, not for their kind.
    """

    name: str = ""
    data: bytes = b""
    digest: str = ""
    reason: str = ""
    fits: bool = False
    refused: bool = False


def choose(files: Iterable[Inner], master: Master) -> Choice:
    """Return the file to grade: with this assignment's answer cells, then with its name.

    Parameters
    ----------
    files : iterable of Inner
        All files of one hand-in; of those that are read one after the other, only notebooks that
        may be it stay in memory.
    master : Master
        The assignment.
    """
    notebooks: list[Candidate] = []
    other: Candidate | None = None
    for file in files:
        path = PurePosixPath(file.name.replace("\\", "/"))
        if path.name in COMPANIONS:
            continue
        digest = hashlib.sha256(file.data).hexdigest()
        if path.suffix.lower() != ".ipynb":
            named = path.stem == master.name
            if other is None or (named and other.path.stem != master.name):
                other = Candidate(file.name, file.data, digest, False)
            continue
        found = Candidate(file.name, file.data, digest, answers_some(file.data, master))
        notebooks = _better([*notebooks, found], master)
    called = any(c.path.stem == master.name for c in notebooks)
    if len({c.digest for c in notebooks}) > 1:
        names = ", ".join(line(c.name, 60) for c in notebooks[:5])
        reason = f"{len(notebooks)} notebooks, and nothing says which one to grade: {names}"
        first = notebooks[0]
        together = hashlib.sha256("".join(sorted(c.digest for c in notebooks)).encode())
        return Choice(first.name, first.data, together.hexdigest(), reason,
                      first.answers or called, refused=True)  # fmt: skip
    if notebooks:
        best = notebooks[0]
        return Choice(best.name, best.data, best.digest, "", best.answers or called)
    if other is not None:
        kind = KINDS.get(other.path.suffix.lower(), "no notebook")
        shown = line(other.path.name, 80)
        reason = f"the file {shown} is {kind}: hand in the .ipynb file itself"
        return Choice(other.name, other.data, other.digest, reason, other.path.stem == master.name)
    return Choice(reason="there is no file in it that can be read")


def _better(candidates: Sequence[Candidate], master: Master) -> list[Candidate]:
    """Keep those that are as good as the best: two of a kind at most have to be in memory."""
    rank = [(c.answers, c.path.stem == master.name) for c in candidates]
    best = [c for c, r in zip(candidates, rank, strict=True) if r == max(rank)]
    different = {c.digest: c for c in reversed(best)}
    kept = sorted(different.values(), key=lambda c: c.name)
    # Names of the rest are enough to say that nothing tells them apart.
    return [*kept[:1], *(Candidate(c.name, b"", c.digest, c.answers) for c in kept[1:])]


def answers_some(data: bytes, master: Master) -> bool:
    """Whether a notebook has one of the assignment's answer cells."""
    try:
        cells, _ = read_cells(data)
    except Damaged:
        return False
    return any(cell.grade_id in master.answers for cell in cells)
