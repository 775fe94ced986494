"""Hints on demand: a question, the idea, the shape of the answer; never the answer itself.

They are told to who asks, and nobody else ever learns that somebody did: nothing is written.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from cs231n_lib.course.assignment.notebook import read_cells
from cs231n_lib.course.assignment.releases import released

STEPS = {"question": "A question", "idea": "The idea", "shape": "The shape of the answer"}
FOLDER = Path(__file__).with_name("hints")
#: The switch in an assignment's metadata: ``"cs231n": {"hints": false}``.
SWITCH = "hints"


@dataclass(frozen=True)
class Hints:
    """The three steps for an exercise.

    Parameters
    ----------
    name : str
        The exercise.
    steps : tuple of str
        From a question to the shape of the answer.
    shown : int
        How many of them plain text shows; a notebook shows all, folded.
    again : str
        How to ask for one more.
    """

    name: str
    steps: tuple[str, ...]
    shown: int = 1
    again: str = ""

    def __repr__(self) -> str:
        """Return the steps that were asked for, and how to get the next."""
        told = zip(STEPS.values(), self.steps[: self.shown], strict=False)
        lines = [f"{number}. {title}: {text}" for number, (title, text) in enumerate(told, 1)]
        if self.shown < len(self.steps) and self.again:
            lines.append(f"The next step: {self.again}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the steps, each folded until it is opened."""
        return "\n".join(
            f'<details class="practice-hint"><summary>Hint {number}: {escape(title.lower())}'
            f"</summary><p>{escape(text)}</p></details>"
            for number, (title, text) in enumerate(zip(STEPS.values(), self.steps, strict=True), 1)
        )


@cache
def _switched_off() -> frozenset[str]:
    """Return the assignments whose instructor wants no hints."""
    settings = {p.stem: read_cells(p.read_bytes())[1].get("cs231n") for p in released()}
    return frozenset(
        name for name, s in settings.items() if isinstance(s, dict) and s.get(SWITCH) is False
    )


@cache
def _read(assignment: str) -> dict[str, tuple[str, ...]]:
    path = FOLDER / f"{assignment or 'chapters'}.toml"
    if assignment in _switched_off() or not path.is_file():
        return {}
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: tuple(steps[key] for key in STEPS) for name, steps in content.items()}


def steps_for(name: str, assignment: str) -> tuple[str, ...]:
    """Return the steps for an exercise of an assignment (``""``: of a chapter); () if none."""
    return _read(assignment).get(name, ())
