"""Why a name that a test needs is not there: the cause, told where it is, and once in full."""

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from cs231n_lib.course.assignment.master import Master, defined_names
from cs231n_lib.course.checks.keys import nearest
from cs231n_lib.course.checks.raising import OTHER_CELLS, misspelt, outside_class
from cs231n_lib.course.checks.verdict import Diagnosis
from cs231n_lib.course.inside.cells import lines_of, parse

#: What a merge that was not finished leaves in a text.
CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
LINE = re.compile(r"line (\d+)")
PROMPT = re.compile(r"^(>>>|\.\.\.) ", re.MULTILINE)
CELL, WORD = re.compile(r'File "<([^"\n]+)>"'), re.compile(r"[^\W\d]\w+")
#: What an error of a cell says, and what to do about it where that does not say so.
ADVICE = (
    (
        re.compile("invalid (character|non-printable)"),
        ". It was copied from a text: type it on the keyboard",
    ),
    (re.compile("TabError"), ": indent with four blanks each"),
)
#: What defines a name.
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _methods(body: list[ast.stmt]) -> set[str]:
    members = (member for c in body if isinstance(c, ast.ClassDef) for member in c.body)
    return {member.name for member in members if isinstance(member, DEFINITIONS)}


def _elsewhere(name: str, source: str, wanted: Collection[str]) -> str:
    """Say where a cell that ran has what should have had this name; ``wanted`` are right ones."""
    body = parse(source).body
    for statement in body:
        within = (d for d in ast.walk(statement) if isinstance(d, DEFINITIONS))
        if any(d.name == name for d in within):
            outer = getattr(statement, "name", None)
            where = f"in {outer}" if outer else "in another statement"
            return f"it stands {where}, indented: move its lines to the left, where a line begins"
    near = nearest(name, {d.name for d in body if isinstance(d, DEFINITIONS)}.difference(wanted))
    if near is not None:
        return f"it defines {near}: write {name}"
    return "it does not: has it been renamed?"


def _binds(line: str, name: str) -> bool:
    """Whether a line gives something this name, as far as a line alone can tell."""
    if re.match(rf"\s*(def|class)\s+{name}\b", line):
        return True
    # Step by step: one pattern for all of it would try each place of the name with each end.
    targets, equals, value = line.partition("=")
    plain = equals and not value.startswith("=") and "#" not in targets and "(" not in targets
    return bool(plain and re.search(rf"\b{name}\b", targets))


@dataclass
class Causes:
    """Finds the cause for each missing name of one submission.

    Parameters
    ----------
    master : Master
        Says which cell should define which name.
    sources : dict
        Grade id -> text of the answer.
    others : sequence of str
        The texts of the student's own cells.
    """

    master: Master
    sources: dict[str, str]
    others: Sequence[str] = ()
    told: set[str] = field(default_factory=set)

    def of(self, name: str, errors: dict[str, str]) -> str:
        """Return why ``name`` is not defined, given the errors of the cells that failed."""
        cell = self._owner(name)
        if cell is None:
            return f"not run: {name} is not defined"
        if cell in self.told:
            return f"not run because of it: the cell {cell} does not define {name} (see above)"
        self.told.add(cell)
        return f"not run: the cell {cell} should define {name}, but {self._why(name, cell, errors)}"

    def _owner(self, name: str) -> str | None:
        owners = (c for c, m in self.master.answers.items() if name in defined_names(m.source))
        return next(owners, None)

    def _why(self, name: str, cell: str, errors: dict[str, str]) -> str:
        if cell not in self.sources:
            return (
                "it is missing: it was deleted, or copied by hand and so lost its name. Get the "
                f"notebook anew (cs231n lab {self.master.name} --reset keeps what you have beside "
                "it) and put your code into its own cells"
            )
        source = self.sources[cell]
        if CONFLICT.search(source):
            return (
                "it holds marks of a merge (<<<<<<<, =======, >>>>>>>): choose one side and "
                "delete the marks"
            )
        if cell not in errors:
            return _elsewhere(name, source, defined_names(self.master.answers[cell].source))
        advice = next((text for mark, text in ADVICE if mark.search(errors[cell])), "")
        if PROMPT.search(source):
            advice = ". The marks of a prompt (>>> and ...) are no Python: delete them"
        number = LINE.search(errors[cell])
        lines = lines_of(source)
        shown = ""
        if number and 0 < int(number[1]) <= len(lines):
            shown = f"\n    {lines[int(number[1]) - 1].strip()[:200]}"
        return f"it ended with {errors[cell]}{advice}{shown}"

    def of_attribute(self, name: str, cell: str) -> Diagnosis | None:
        """Return where the attribute is that an object of the class in ``cell`` lacks."""
        body = parse(self.sources.get(cell, "")).body
        outside = [d for d in body if isinstance(d, ast.FunctionDef) and d.name == name]
        if any(argument.arg == "self" for d in outside for argument in d.args.args):
            return outside_class(name)
        answer = self.master.answers.get(cell)
        wanted = _methods(parse(answer.source).body) if answer else set()
        near = nearest(name, _methods(body) - wanted)
        return None if near is None else misspelt(name, near)

    def of_name(self, name: str, details: str) -> Diagnosis | None:
        """Return why code that runs does not find ``name``; None if that is not known.

        Parameters
        ----------
        name : str
            What was not defined.
        details : str
            The student's own traceback.
        """
        cells = [self.sources[c] for c in CELL.findall(details) if c in self.sources]
        if not cells:
            return None
        own, owner = cells[-1], self._owner(name)
        if owner is not None:
            return Diagnosis("first", f"the cell {owner} should define it: mend that one first.")
        if re.search(rf"\bself\.{name}\b", own):
            return Diagnosis("no_self", f"is it self.{name}?")
        if any(_binds(line, name) for source in self.others for line in lines_of(source)):
            return Diagnosis("other_cell", f"{name} is defined in another cell. {OTHER_CELLS}")
        near = get_close_matches(name, {*WORD.findall(own)} - {name}, n=1, cutoff=0.75)
        if near:
            return Diagnosis("misspelt", f"nothing of that name is there: is it {near[0]}?")
        return Diagnosis(
            "undefined", "nothing in your notebook defines it: is an import missing, or is it "
            "misspelt?",
        )  # fmt: skip
