"""What became of a check: the mistake by name, the failure, and whose exception it was."""

from dataclasses import dataclass
from typing import ClassVar

NOT_YET = "not implemented yet"
#: The kind of a `StudentError` whose message says all: there was nothing to call.
NOT_RUN = "NotRun"


@dataclass(frozen=True)
class Diagnosis:
    """The name of a mistake: a short ``id`` for tables, a ``sentence`` for its author."""

    #: What every face puts before the sentence: a cause is inferred, never certain.
    label: ClassVar[str] = "Likely reason:"
    id: str
    sentence: str

    def __str__(self) -> str:
        """Return the sentence as its author reads it."""
        return f"{self.label} {self.sentence}"


NOT_IMPLEMENTED = Diagnosis("not_implemented", "the body still raises NotImplementedError.")
PYTHON_2 = Diagnosis("python_2", "xrange is Python 2; write range.")


def told(message: str, diagnosis: Diagnosis | None) -> str:
    """Return a message and, where there is one, the likely reason: plain text."""
    return f"{message}\n{diagnosis}" if diagnosis else message


@dataclass(frozen=True)
class Outcome:
    """What became of one test cell: the only record of it, for every face that shows it.

    Parameters
    ----------
    name, title : str
        The test's name, and what it tries, in words.
    points, score : float
        What it is worth, and what was earned.
    message : str
        What was found; empty if it passed.
    diagnosis : Diagnosis, optional
        The likely mistake.
    error_size : float, optional
        How far the result is from the expected one, relative to its size.
    details : str
        The place in the student's own code.
    """

    name: str
    title: str
    points: float
    score: float = 0.0
    message: str = ""
    diagnosis: Diagnosis | None = None
    error_size: float | None = None
    details: str = ""

    @property
    def passed(self) -> bool:
        """Whether all its points were earned."""
        return self.score == self.points and not self.message

    @property
    def waits(self) -> bool:
        """Whether there is nothing to test yet."""
        return self.diagnosis == NOT_IMPLEMENTED

    @property
    def text(self) -> str:
        """Message and likely reason as plain text."""
        return told(self.message, self.diagnosis)


class CheckFailed(AssertionError):
    """A check did not hold.

    Parameters
    ----------
    message : str
        What was expected and what was found; never a hidden input.
    diagnosis : Diagnosis, optional
        The likely mistake.
    error_size : float, optional
        How far the result is from the expected one, relative to its size.
    details : str, optional
        The student's own traceback.
    """

    def __init__(
        self,
        message: str,
        diagnosis: Diagnosis | None = None,
        error_size: float | None = None,
        details: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.diagnosis = diagnosis
        self.error_size = error_size
        self.details = details

    def __str__(self) -> str:
        """Return the message and, where there is one, the likely reason."""
        return told(self.message, self.diagnosis)

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the message alone: the machinery of a check teaches nothing."""
        return [*self.details.splitlines(), f"Check failed: {self}"]


class StudentError(Exception):
    """An exception that the student's code raised in another process."""

    def __init__(self, type_name: str, message: str, traceback: str = "") -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback
