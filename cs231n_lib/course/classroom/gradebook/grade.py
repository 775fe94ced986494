"""A student's grade: all that pages and exports see of the gradebook."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CellGrade:
    """The points of one test or answer.

    Attributes
    ----------
    score : float
        What counts: the points by hand if there are any, else those of the test.
    auto, by_hand : float or None
        What the test gave, and what a person gave.
    comment : str
        What a person wrote to the student.
    needs_hand : bool
        Whether a person still has to look at it.
    """

    name: str
    score: float
    max_score: float
    auto: float | None = None
    by_hand: float | None = None
    extra_credit: float = 0.0
    comment: str = ""
    needs_hand: bool = False

    @property
    def overridden(self) -> bool:
        """Whether a person set points aside that a test had given."""
        return self.by_hand is not None and self.auto is not None and self.by_hand != self.auto


@dataclass(frozen=True)
class Lateness:
    """What a student's account says of one assignment.

    Attributes
    ----------
    due : datetime or None
        When it was due for this student, extension included.
    seconds : float
        How much later it came; 0 if late days cover it.
    days_spent, days_left : int
        Late days that it took, and that are left after it.
    """

    due: datetime | None = None
    seconds: float = 0.0
    days_spent: int = 0
    days_left: int = 0


@dataclass(frozen=True)
class Grade:
    """One student's grade for one assignment.

    Attributes
    ----------
    student, login : str
        The id that folders carry, and the login as the institution writes it.
    score, max_score : float
        Points that count, after the penalty for lateness.
    penalty : float
        Points taken off for lateness.
    handed_in : datetime or None
        When.
    cells : tuple of CellGrade
        The points of each test and each answer that is graded by hand.
    reason : str
        Why nothing could be graded, if so.
    """

    student: str
    login: str
    score: float
    max_score: float
    penalty: float = 0.0
    handed_in: datetime | None = None
    lateness: Lateness = Lateness()
    cells: tuple[CellGrade, ...] = ()
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    reason: str = ""

    @property
    def needs_hand(self) -> tuple[str, ...]:
        """The cells that a person still has to grade."""
        return tuple(cell.name for cell in self.cells if cell.needs_hand)

    @property
    def full_name(self) -> str:
        """``Last, First`` as far as it is known; the login if it is not."""
        return ", ".join(n for n in (self.last_name, self.first_name) if n) or self.login
