"""Why a name that a test needs is not there: the cause, told where it is, and once in full."""

import re
from dataclasses import dataclass, field

from cs231n_lib.course.assignment.master import Master, defined_names

#: What a merge that was not finished leaves in a text.
CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
LINE = re.compile(r"line (\d+)")


@dataclass
class Causes:
    """Finds the cause for each missing name of one submission.

    Parameters
    ----------
    master : Master
        Says which cell should define which name.
    sources : dict
        Grade id -> text of the answer.
    """

    master: Master
    sources: dict[str, str]
    told: set[str] = field(default_factory=set)

    def of(self, name: str, errors: dict[str, str]) -> str:
        """Return why ``name`` is not defined, given the errors of the cells that failed."""
        owners = (c for c, m in self.master.answers.items() if name in defined_names(m.source))
        cell = next(owners, None)
        if cell is None:
            return f"not run: {name} is not defined"
        if cell in self.told:
            return f"not run because of it: the cell {cell} does not define {name} (see above)"
        self.told.add(cell)
        return f"not run: the cell {cell} should define {name}, but {self._why(cell, errors)}"

    def _why(self, cell: str, errors: dict[str, str]) -> str:
        if cell not in self.sources:
            return (
                "it is missing: it was deleted, or copied by hand and so lost its name. Get the "
                "notebook anew and put your code into its own cells"
            )
        source = self.sources[cell]
        if CONFLICT.search(source):
            return (
                "it holds marks of a merge (<<<<<<<, =======, >>>>>>>): choose one side and "
                "delete the marks"
            )
        if cell not in errors:
            return "it does not: has it been renamed, or is it indented into something else?"
        number = LINE.search(errors[cell])
        lines = source.splitlines()
        shown = ""
        if number and 0 < int(number[1]) <= len(lines):
            shown = f"\n    {lines[int(number[1]) - 1].strip()[:200]}"
        return f"it ended with {errors[cell]}{shown}"
