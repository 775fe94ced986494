"""Where the book explains what an exercise asks for."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("sections.toml")


@dataclass(frozen=True)
class Section:
    """A page of the book.

    Parameters
    ----------
    page : str
        Its name, without an ending.
    """

    page: str

    @property
    def title(self) -> str:
        """What the page is called in a sentence.

        Examples
        --------
        >>> Section("03_k_nearest_neighbours").title
        'chapter 3, k nearest neighbours'
        """
        number, _, words = self.page.partition("_")
        return f"chapter {int(number)}, {words.replace('_', ' ')}"

    def address(self, book: str) -> str:
        """Return the page's address, given that of the book.

        Examples
        --------
        >>> Section("06_svm_loss").address("https://book.example/vision")
        'https://book.example/vision/06_svm_loss.html'
        """
        return f"{book.rstrip('/')}/{self.page}.html"


@cache
def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def section_of(assignment: str, exercise: str) -> Section | None:
    """Return the page that explains an exercise; None for one that is not the course's own."""
    page = _read().get(assignment, {}).get(exercise)
    return Section(page) if page else None
