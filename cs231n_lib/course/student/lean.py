"""Leave out what a check does not need: an import that no answer uses may cost a second.

The judge runs all imports of a notebook. On one's own machine, where an answer is wanted at once,
those whose names no answer and no helper mentions are left out: matplotlib's, mostly.
"""

import ast
import json
import re
from collections.abc import Iterable

from cs231n_lib.course.assignment.notebook import read_content
from cs231n_lib.course.inside.cells import HELPERS, IMPORTS, parse, statements

WORD = re.compile(r"\w+")


def lean(data: bytes) -> tuple[bytes, set[str]]:
    """Return a notebook without unused imports in its free cells, and all words that it uses.

    Words in free cells count where they stand in what the judge runs: functions and classes.

    Parameters
    ----------
    data : bytes
        A notebook that was found to be one.
    """
    content = read_content(data)
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    answers = [cell for cell in code if _is_answer(cell)]
    free = [cell for cell in code if not _is_answer(cell)]
    helpers = tuple(kind for kind in HELPERS if kind not in IMPORTS)
    used = words(_source(cell) for cell in answers)
    used |= words(statements(_source(cell), helpers) for cell in free)
    for cell in free:
        cell["source"] = without_unused(_source(cell), used)
    return json.dumps(content).encode(), used


def words(sources: Iterable[str]) -> set[str]:
    """Return all words in some sources."""
    return {word for source in sources for word in WORD.findall(source)}


def without_unused(source: str, used: set[str]) -> str:
    r"""Return ``source`` without the imports whose names are not among those that are used.

    Examples
    --------
    >>> without_unused("import numpy as np, os.path\nfrom math import pi", {"np"})
    'import numpy as np'
    """
    kept = []
    for node in parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [a for a in node.names if _binds(a) in used | {"*"}]
            if not node.names:
                continue
        kept.append(ast.unparse(node))
    return "\n".join(kept)


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _source(cell: dict[str, object]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)  # type: ignore[arg-type]


def _is_answer(cell: dict[str, object]) -> bool:
    match cell.get("metadata"):
        case {"nbgrader": {"solution": True}}:
            return True
    return False
