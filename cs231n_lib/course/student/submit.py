"""Hand in: one file that is always the latest, every attempt beside it, and a receipt for each.

``submission/a1.ipynb`` is the file to hand in. ``submission/attempts/`` keeps each one that there
was under the time of its making, with its receipt.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cs231n_lib.course.assignment.answers import take_answers
from cs231n_lib.course.assignment.notebook import read_content
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.student import places
from cs231n_lib.course.student.check import Opened, read

RECEIPT = ".receipt.json"


@dataclass(frozen=True)
class Receipt:
    """What was handed in, in words that its author can compare later.

    Parameters
    ----------
    assignment, time : str
        What for, and when, with the offset to UTC.
    file, sha256 : str
        The attempt's name, and the checksum of its bytes.
    size : int
        Its length in bytes.
    points, of : float
        By the visible tests.
    passed, tests : int
        How many of them passed, and how many there are.
    answers : list of str
        The answers in it.
    blank : list of str
        The written answers that are still blank.
    failed : list of str
        The visible tests that did not pass.
    """

    assignment: str
    time: str
    file: str
    sha256: str
    size: int
    points: float
    of: float
    passed: int
    tests: int
    answers: list[str]
    blank: list[str]
    failed: list[str]

    def lines(self) -> Iterator[str]:
        """Yield it as text."""
        yield f"Handed in   {self.assignment}, {self.time}"
        yield f"Points      {self.points:g} of {self.of:g} by the visible tests"
        yield f"Tests       {self.passed} of {self.tests} passed"
        yield f"Inside      {len(self.answers)} answers: {', '.join(self.answers)}"
        if self.blank:
            yield f"Blank       {', '.join(self.blank)}"
        yield f"Checksum    sha256 {self.sha256}"


@dataclass(frozen=True)
class Handed:
    """What :func:`submit` wrote.

    Parameters
    ----------
    target, attempt : Path
        The file to hand in, and the copy that stays.
    receipt : Receipt
        What is in it.
    replaced : Receipt, optional
        What the file to hand in was before; None if it is the first, or is unknown.
    changed : bool
        Whether there was such a file, of whatever origin, with other bytes.
    """

    target: Path
    attempt: Path
    receipt: Receipt
    replaced: Receipt | None
    changed: bool


def submit(
    opened: Opened, result: Result, output: Path | None = None, force: bool = False
) -> Handed:
    """Write the file to hand in: the notebook without its outputs; keep it as an attempt.

    Parameters
    ----------
    opened : Opened
        The notebook.
    result : Result
        What checking it found.
    output : Path, optional
        Where to write the file to hand in.
    force : bool
        Even if a visible test fails or a written answer is blank.

    Raises
    ------
    UserError
        If something is missing and ``force`` is not given, or nothing can be written.
    """
    if not force:
        _refuse_what_is_missing(opened, result)
    data = _without_outputs(opened.data)
    folder = places.home_of(opened.path) / places.SUBMISSION
    target = output or folder / f"{opened.master.name}.ipynb"
    if target.is_dir():
        target = target / f"{opened.master.name}.ipynb"
    before = read(target) if target.is_file() else None
    replaced = next((r for r in reversed(attempts(folder, opened.master.name))
                     if before is not None and r.sha256 == _checksum(before)), None)  # fmt: skip
    now = dt.datetime.now().astimezone().replace(microsecond=0)
    attempt = _free(folder / places.ATTEMPTS / f"{opened.master.name}-{now:%Y-%m-%dT%H%M%S}.ipynb")
    failed = [t.name for t in result.tests if not t.passed]
    receipt = Receipt(
        opened.master.name, now.isoformat(sep=" "), attempt.name, _checksum(data), len(data),
        result.score, result.points, len(result.tests) - len(failed), len(result.tests),
        sorted(take_answers(opened.data, opened.master).sources), opened.blank, failed,
    )  # fmt: skip
    write_atomically(attempt, data)
    text = json.dumps(asdict(receipt), indent=1, ensure_ascii=False) + "\n"
    write_atomically(attempt.with_name(attempt.stem + RECEIPT), text.encode())
    write_atomically(target, data)
    return Handed(target, attempt, receipt, replaced, before not in (None, data))


def _refuse_what_is_missing(opened: Opened, result: Result) -> None:
    missing = []
    failed = [t.name for t in result.tests if not t.passed]
    if failed:
        shown = ", ".join(failed[:5]) + (", ..." if len(failed) > 5 else "")
        missing.append(f"{len(failed)} of {len(result.tests)} visible tests fail ({shown})")
    if opened.blank:
        points = sum(opened.master.manual[name] for name in opened.blank)
        missing.append(
            f"{len(opened.blank)} written answers are still blank ({', '.join(opened.blank)}): "
            f"{points:g} points"
        )
    if missing:
        raise UserError(
            "nothing was handed in.\n"
            + "\n".join(f"- {text}" for text in missing)
            + f"\nSee why: cs231n check {opened.path}"
            f"\nHand it in as it is: cs231n submit {opened.path} --force"
        )


def attempts(folder: Path, assignment: str) -> list[Receipt]:
    """Return the receipts of an assignment in a ``submission`` folder, the oldest first."""
    found = []
    made = (folder / places.ATTEMPTS).glob(f"{assignment}-*{RECEIPT}")
    for path in sorted(made, key=lambda path: path.name.removesuffix(RECEIPT)):
        try:
            found.append(Receipt(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue  # edited by hand: no receipt any more
    return found


def _free(path: Path) -> Path:
    """Return ``path``, or one with a number where it is taken: two attempts in one second."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _without_outputs(data: bytes) -> bytes:
    content = read_content(data)  # what is no notebook has been refused before
    for cell in content["cells"]:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"
