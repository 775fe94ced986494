"""Where the book explains what an exercise asks for."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("sections.toml")


@dataclass(frozen=True)
class Section:
    """A section of the book.

    Parameters
    ----------
    page : str
        The name of its page, without an ending.
    heading : str
        What stands above it.
    """

    page: str
    heading: str

    @property
    def title(self) -> str:
        """What the section is called in a sentence.

        Examples
        --------
        >>> Section("03_k_nearest_neighbours", "Let the neighbours vote").title
        'chapter 3, k nearest neighbours: Let the neighbours vote'
        """
        number, _, words = self.page.partition("_")
        return f"chapter {int(number)}, {words.replace('_', ' ')}: {self.heading}"

    @property
    def anchor(self) -> str:
        """The id that the section has on its page."""
        return re.sub("[^a-z0-9]+", "-", self.heading.lower()).strip("-")

    def address(self, book: str) -> str:
        """Return the section's address, given that of the book.

        Examples
        --------
        >>> Section("07_softmax_loss", "The gradient").address("https://book.example/vision")
        'https://book.example/vision/07_softmax_loss.html#the-gradient'
        """
        return f"{book.rstrip('/')}/{self.page}.html#{self.anchor}"


@cache
def _read() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def section_of(assignment: str, exercise: str) -> Section | None:
    """Return the section that explains an exercise; None for one that is not the course's own."""
    found = _read().get(assignment, {}).get(exercise)
    return Section(*found) if found else None
