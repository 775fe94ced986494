"""What may be told of an exception that hidden inputs have led to: its type and its line.

The text of an exception, its class's name and the lines of a traceback are whatever the student's
code makes of them: hidden inputs written out in full, for the next attempt.
"""

import builtins
import re
from collections.abc import Sequence

from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.inside.cells import lines_of
from cs231n_lib.course.text import visible

#: The names that an exception may have here: those of Python itself, of NumPy, and the judge's own.
TYPES = frozenset(
    [n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, BaseException)]
    + ["LinAlgError", "AxisError", "ProtocolError", "NoInput", "CountEnded"]
)
_FRAME = re.compile(r'File "<([^"\n]{1,100})>", line (\d{1,6})')


def type_and_line(error: StudentError, cells: Sequence[tuple[str, str, bool]]) -> StudentError:
    r"""Return ``error`` with nothing in it but its type and a line of the student's own source.

    Parameters
    ----------
    error : StudentError
        As the worker reports it.
    cells : sequence of (str, str, bool)
        Label and source of the student's cells.

    Examples
    --------
    >>> told = StudentError("Secret1", "0.25", 'File "<double>", line 2, in double')
    >>> error = type_and_line(told, [("double", "def double(x):\n    raise Secret1(x)", False)])
    >>> str(error), error.traceback
    ('an exception of its own: at line 2 of the cell double', '    raise Secret1(x)')
    """
    kind = error.type_name if error.type_name in TYPES else "an exception of its own"
    sources = {label: lines_of(source) for label, source, _ in cells}
    for label, number in reversed(_FRAME.findall(error.traceback)):
        lines = sources.get(label, [])
        if 1 <= int(number) <= len(lines):
            where = f"at line {int(number)} of the cell {visible(label)}"
            return StudentError(kind, where, visible(lines[int(number) - 1])[:200])
    return StudentError(kind, "in your code", "")
