"""Where a course keeps what: the folders that ``nbgrader_config.py`` names, and our own.

Beside nbgrader's folders there are, per assignment, ``received/`` with every file that was ever
handed in, and ``judge/`` with a result per distinct submission; and one ``log.jsonl`` for all.
"""

import contextlib
import getpass
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cs231n_lib.course.assignment.master import with_checks
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.classroom.folder.config import CONFIG, course_config
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.exclusive import alone
from cs231n_lib.course.files import read_record, write_atomically


@dataclass(frozen=True)
class Course:
    """A course folder, the one with ``nbgrader_config.py`` in it."""

    root: Path

    @classmethod
    def find(cls, folder: Path | None = None) -> "Course":
        """Return the course that ``folder`` (else the current folder) is, or lies in.

        Raises
        ------
        UserError
            If there is no ``nbgrader_config.py``, neither there nor in a folder above.
        """
        start = (folder or Path.cwd()).resolve()
        for candidate in (start, *start.parents):
            if (candidate / CONFIG).is_file():
                return cls(candidate)
        raise UserError(
            f"{start} is no course folder and lies in none: there is no {CONFIG}. Go to your "
            "course's folder, name it by --course FOLDER, or begin one: cs231n course new FOLDER"
        )

    @cached_property
    def config(self) -> Any:
        """Nbgrader's configuration; `UserError` if its file is broken."""
        try:
            return course_config(self.root)
        except UserError:
            raise
        except Exception as error:  # the file is a program: it may raise anything
            reason = f"{type(error).__name__}: {error}"
            raise UserError(f"{self.root}/nbgrader_config.py cannot be used: {reason}") from None

    def _folder(self, key: str, default: str) -> Path:
        return self.root / str(self.config.CourseDirectory.get(key, default))

    @property
    def state(self) -> Path:
        """Where our own records are."""
        return self.root / ".nbgrader"

    @property
    def submitted(self) -> Path:
        """Nbgrader's ``submitted/STUDENT/ASSIGNMENT/``."""
        return self._folder("submitted_directory", "submitted")

    @property
    def autograded(self) -> Path:
        """Nbgrader's ``autograded/STUDENT/ASSIGNMENT/``."""
        return self._folder("autograded_directory", "autograded")

    @property
    def feedback(self) -> Path:
        """Nbgrader's ``feedback/STUDENT/ASSIGNMENT/``."""
        return self._folder("feedback_directory", "feedback")

    @property
    def db_url(self) -> str:
        """The gradebook, an SQLAlchemy address."""
        default = f"sqlite:///{self.root / 'gradebook.db'}"
        return str(self.config.CourseDirectory.get("db_url", default))

    @property
    def source(self) -> Path:
        """Nbgrader's ``source/ASSIGNMENT/``: the masters."""
        return self._folder("source_directory", "source")

    def assignments(self) -> list[str]:
        """Return the names of the assignments that have a master notebook."""
        return assignments(self.source)

    def master(self, assignment: str) -> bytes:
        """Return the master notebook of ``assignment``; `UserError` if there is none."""
        if assignment not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise UserError(f"no assignment {assignment!r} in this course. There are: {known}")
        data = (self.source / assignment / f"{assignment}.ipynb").read_bytes()
        checks = self.checks(assignment)
        return with_checks(data, checks.read_text(encoding="utf-8")) if checks.is_file() else data

    def checks(self, assignment: str) -> Path:
        """Return where the references and mistakes of an assignment of one's own are.

        Not beside the master: nbgrader hands out what lies there.
        """
        return self.root / "checks" / f"{assignment}.py"

    def samples(self, assignment: str, exercise: str) -> Path:
        """Return where the answers are that an exercise of one's own is tried on."""
        return self.root / "samples" / assignment / f"{exercise}.txt"

    def judge(self, assignment: str) -> Path:
        """Return the folder with the results of ``assignment``."""
        return self.state / "judge" / assignment

    def received(self, assignment: str) -> Path:
        """Return the folder with every file that was handed in for ``assignment``."""
        return self.state / "received" / assignment

    def sheet(self, assignment: str, platform: str) -> Path:
        """Return where the sheet that came from a platform is kept, for the way back."""
        return self.state / "sheets" / f"{assignment}-{platform}.csv"

    @property
    def zone(self) -> tzinfo:
        """The time zone of the course, nbgrader's ``c.Exchange.timezone``; UTC by default."""
        name = str(self.config.Exchange.get("timezone", "UTC"))
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise UserError(
                f"c.Exchange.timezone in nbgrader_config.py is {name!r}: no time zone"
            ) from None

    @property
    def checks_owners(self) -> bool:
        """Whether owners of the exchange's folders are compared with their names.

        It is nbgrader's ``c.ExchangeCollect.check_owner``, and True unless that says False.
        """
        told = self.config.ExchangeCollect.get("check_owner", True)
        if not isinstance(told, bool):
            raise UserError(
                f"c.ExchangeCollect.check_owner in nbgrader_config.py is {told!r}; expected True "
                "or False"
            )
        return told

    @property
    def book(self) -> str:
        """The public address of the book, ``c.Cs231n.book``; ``""`` if it has none.

        Raises
        ------
        UserError
            If it is no address of a web page.
        """
        found = self.config.Cs231n.get("book", "")
        if found and not str(found).startswith(("https://", "http://")):
            raise UserError(
                f"c.Cs231n.book in nbgrader_config.py is {found!r}: no address of a book; "
                "expected https://... or http://..."
            )
        return str(found)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock that every command holds while it writes in the course.

        What a command that was killed had begun to write is cleared away first. Judges write
        their results without the lock, so those folders are left alone.
        """
        with alone(self.state):
            tops = {p for p in self.state.iterdir() if p.name != "judge"}
            for top in tops | {self.submitted, self.autograded, self.feedback}:
                for part in [top] if top.is_file() else top.rglob("*.part"):
                    if part.name.startswith(".") and part.suffix == ".part":
                        part.unlink(missing_ok=True)
            yield

    def log(self, event: str, **details: Any) -> None:
        """Append one line to the log: what was done when by whom, and never change one."""
        line = {"time": datetime.now(UTC).isoformat(timespec="seconds"),
                "user": _user(), "event": event, **details}  # fmt: skip
        try:
            self.state.mkdir(exist_ok=True)
            with open(self.state / "log.jsonl", "a+b") as file:
                if file.tell():  # a line that a full disk or a power cut tore ends here
                    file.seek(-1, os.SEEK_END)
                    torn = file.read(1) != b"\n"
                else:
                    torn = False
                file.write(b"\n" * torn + json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise UserError(f"cannot write {self.state}/log.jsonl: {error.strerror}") from None

    def read_log(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of the log, oldest first; a torn last line is left out."""
        with contextlib.suppress(FileNotFoundError), open(self.state / "log.jsonl", "rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def seed(self, assignment: str, master: str, fresh: bool) -> int:
        """Return the seed of the current grading run, drawn by the system's own randomness.

        An interrupted run goes on with its seed, so that all its students meet the same tests;
        a finished one is over, and the next gets another that nobody can have learnt.
        """
        path = self.judge(assignment) / "run.json"
        if path.exists() and not fresh:
            run = read_record(path)
            if run["master"] == master and not run["finished"]:
                return int(run["seed"])
        seed = new_seed()
        self._write_run(assignment, master, seed, finished=False)
        return seed

    def finish_run(self, assignment: str, master: str, seed: int) -> None:
        """Note that every submission of the run has its result."""
        self._write_run(assignment, master, seed, finished=True)

    def _write_run(self, assignment: str, master: str, seed: int, finished: bool) -> None:
        run = {"master": master, "seed": seed, "finished": finished}
        write_atomically(self.judge(assignment) / "run.json", json.dumps(run).encode())


def new_seed() -> int:
    """Return a seed that nobody can have learnt."""
    return secrets.randbits(63)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
