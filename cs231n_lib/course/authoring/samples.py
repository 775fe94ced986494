"""Answers as students would write them, right ones and wrong ones, read from a text file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib.course.errors import UserError


@dataclass(frozen=True)
class Sample:
    """One student-like answer: ``loses`` names the tests that should fail, none if correct.

    ``diagnoses`` are the names of its mistake: ids of the catalogue, or the exception that it is.
    The tests in ``unnamed`` are lost without a word of it.
    """

    name: str
    code: str
    loses: frozenset[str] = frozenset()
    diagnoses: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()

    @property
    def correct(self) -> bool:
        """Whether it is to get every point."""
        return not self.loses


def read_samples(path: Path) -> list[Sample]:
    r"""Read a sample file.

    ``=== correct NAME`` and ``=== wrong NAME | tests it loses | diagnosis`` begin a sample; a test
    with a question mark is lost without its mistake being named, and so are all where there is no
    diagnosis.  Its body is code, or ``from NAME`` and pairs of ``- old`` and ``+ new`` text to
    change there (``\\n`` stands for a new line).

    Raises
    ------
    UserError
        If a sample has a wrong head, occurs twice, changes what is not there, or no test names
        its mistake.
    """
    samples: dict[str, Sample] = {}
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, body = block.partition("\n")
        kind, _, rest = head.partition(" ")
        if kind == "same":
            continue
        name, loses, diagnoses = ([part.strip() for part in rest.split("|")] + ["", ""])[:3]
        if re.match(r"from .*\n- ", body):
            base, edits = body.split("\n", 1)
            base = base.removeprefix("from ").strip()
            if base not in samples:
                raise UserError(f"{path.name}, {name}: there is no sample {base!r} before it")
            code = samples[base].code
            for pair in re.findall(r"^- (.*)\n\+ ?(.*)$", edits, flags=re.M):
                old, new = (text.replace("\\n", "\n") for text in pair)
                if old not in code:
                    raise UserError(f"{path.name}, {name}: {old!r} does not occur")
                code = code.replace(old, new)
        else:
            code = body
        lost = frozenset(loses.replace("?", "").split())
        unnamed = frozenset(t.rstrip("?") for t in loses.split() if t.endswith("?"))
        if (kind == "wrong") != bool(lost) or kind not in ("wrong", "correct"):
            raise UserError(
                f"{path.name}: a sample begins with '=== correct NAME' or "
                f"'=== wrong NAME | tests it loses | diagnosis', not with '=== {head}'"
            )
        if name in samples:
            raise UserError(f"{path.name}: {name!r} occurs twice")
        names = frozenset(diagnoses.split())
        if names and unnamed == lost:
            raise UserError(f"{path.name}, {name}: no test names the mistake")
        samples[name] = Sample(name, code, lost, names, unnamed if names else lost)
    return list(samples.values())


def unexplained(path: Path, survivors: Iterable[str]) -> set[str]:
    """Return the ``survivors`` that no ``=== same NAME`` declares to be right as well.

    A name that ends in ``...`` stands for all that begin like it.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    declared = re.findall(r"^=== same (.*)$", text, flags=re.M)
    begins = tuple(name.removesuffix("...") for name in declared if name.endswith("..."))
    return {name for name in survivors if name not in declared and not name.startswith(begins)}
