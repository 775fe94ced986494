"""What a learning platform is to the classroom: the interface that each file here implements."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.grade import Grade
from cs231n_lib.course.classroom.platforms.sheets import Table
from cs231n_lib.course.judge.result import Result


@dataclass(frozen=True)
class Label:
    """The number under which a platform knows a student."""

    platform: str
    number: str

    def __str__(self) -> str:
        """Return ``canvas-1234``, say: the student's id as long as no sheet tells the login.

        A number with letters gets a digest: two that differ in capitals alone are two students.
        """
        text = f"{self.platform}-{self.number}"
        same = text == text.lower()
        return text if same else f"{text}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Person:
    """One line of a platform's sheet."""

    label: Label
    login: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Container:
    """What the outermost layer says of the files in one hand-in: whose they are, and when.

    Attributes
    ----------
    owners : tuple of (Label or str)
        Labels, or logins where the platform writes them; several for a group.
    key : str
        Tells one hand-in from another of the same owner, where there can be two.
    depth : int
        How many parts of a path, from the top, are the platform's and not the student's.
    file : str
        The student's own name of a file that the platform put its name in front of.
    time, written : datetime or None, str
        When it was handed in if the platform says so, and its very words.
    guessed : bool
        Whether any name would have been taken, so that it should be one that is known.
    """

    owners: tuple[Label | str, ...]
    key: str
    depth: int = 1
    file: str = ""
    time: datetime | None = None
    written: str = ""
    guessed: bool = False


@dataclass
class View:
    """What is known when a download is read.

    Attributes
    ----------
    people : mapping
        Each label's full name, as the sheets give it.
    around : tuple of str
        The folders that lie around the path that is looked at.
    metadata : dict
        What the files of `Platform.metadata` say, by platform and the folders around them.
    shared : Platform, optional
        The one whose folder the path lies in, if students write into that folder themselves.
    """

    assignment: str
    assignments: Sequence[str]
    names: Names
    people: Mapping[Label, str] = field(default_factory=dict)
    around: tuple[str, ...] = ()
    metadata: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)
    zone: tzinfo = UTC
    shared: "Platform | None" = None


@dataclass(frozen=True)
class Answer:
    """All that the way back to a platform needs."""

    assignment: str
    grades: Sequence[Grade]
    missing: Sequence[Grade]
    results: Mapping[str, Result]
    numbers: Mapping[str, str]
    table: Table | None
    column: str = ""


class Platform:
    """A learning platform; each method may be left as it is here, which means: not this one.

    Attributes
    ----------
    name : str
        What it is called on the command line and in labels.
    metadata : str
        The file, at the top of an export, that says whose its folders are.
    numbers_change : bool
        Whether it draws a student's number anew for each assignment.
    shared : bool
        Whether students write into its folder themselves: then nothing in there is a hand-in but
        what has its own form, for a folder of any name can be put beside.
    exports : bool
        Whether :meth:`export` writes something.
    by_number : bool
        Whether :meth:`export` names students by their number on the platform, so that it leaves out
        those whose number no sheet has told.
    """

    name = ""
    metadata = ""
    numbers_change = False
    shared = False
    exports = False
    by_number = False

    def wraps(self, folder: str) -> bool:
        """Whether ``folder`` is one that the platform puts around its whole export."""
        return False

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Return whose the file at ``path`` is, from its outermost parts; None if not known.

        Raises
        ------
        Refused
            If the layout is this platform's, but does not say whose the file is.
        """
        return None

    def read_metadata(self, data: bytes, view: View) -> Any:
        """Return what the file `metadata` says, for :meth:`identify` to find in the view."""

    def read_sheet(self, table: Table) -> list[Person] | None:
        """Return the people of the platform's own sheet; None if it is another's."""
        return None

    def export(self, answer: Answer) -> dict[str, bytes]:
        """Return the files that the platform reads grades from, by name.

        Raises
        ------
        UserError
            If it would have nothing to read.
        """
        raise NotImplementedError

    def feedback_name(self, outer: str, assignment: str) -> str | None:
        """Return what feedback is called in an archive that the platform takes back.

        Parameters
        ----------
        outer : str
            The outermost part of the path under which the hand-in came.
        assignment : str
            The assignment.
        """
        return None
