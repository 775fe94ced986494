"""A cell as plain Python: magics left out, imports and helpers picked.

The judge and the worker read cells by the same rules, so the rules stand where both may look.
"""

import ast
import re

from cs231n_lib.course.inside.limits import MAX_MAGICS

CELL_MAGICS_THAT_RUN = ("%%time", "%%timeit", "%%capture", "%%prun")


def lines_of(source: str) -> list[str]:
    r"""Return the lines as Python counts them: a page break or U+2028 in a text ends none.

    Examples
    --------
    >>> lines_of("a\r\nb\x0cc")
    ['a', 'b\x0cc']
    """
    return re.split("\r\n|\r|\n", source)


def without_magics(source: str) -> tuple[str, list[str]]:
    r"""Return ``source`` as plain Python, and notes on the IPython lines that were ignored.

    Examples
    --------
    >>> without_magics("%matplotlib inline\nx = 7 % 4")
    ('pass\nx = 7 % 4', ['ignored: %matplotlib inline'])
    """
    notes = []
    lines = lines_of(source)
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        notes.append(f"ignored: {lines[first]}")
        if lines[first].split()[0] not in CELL_MAGICS_THAT_RUN:
            return "pass", notes  # %%bash, %%html, %%writefile ...: not Python
        lines[first] = ""
    for _ in range(min(len(lines), MAX_MAGICS)):
        try:
            ast.parse("\n".join(lines))
            break
        except (SyntaxError, ValueError, RecursionError) as error:
            # Only a line that is wrong as Python can be a magic: a % in a string is not.
            number = (getattr(error, "lineno", None) or 0) - 1
            plain = _plain(lines[number]) if 0 <= number < len(lines) else None
            if plain is None:
                break
            notes.append(f"ignored: {lines[number].strip()}")
            lines[number] = plain
    return "\n".join(lines), notes


def _plain(line: str) -> str | None:
    """Return the Python that stands for an IPython line; None if it is not one."""
    text = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if text.startswith("%time "):
        return indent + text.removeprefix("%time ")
    if text.startswith(("%", "!", "?")) or text.endswith("?"):
        return indent + "pass"
    name, equals, value = text.partition("=")
    if equals and value.strip().startswith(("!", "%")) and name.strip().isidentifier():
        return f"{indent}{name.strip()} = None"
    return None


IMPORTS = (ast.Import, ast.ImportFrom)
HELPERS = (*IMPORTS, ast.FunctionDef, ast.ClassDef)


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a cell; an empty one if it is not Python."""
    try:
        return ast.parse(without_magics(source)[0])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def statements(source: str, kinds: tuple[type[ast.stmt], ...]) -> str:
    """Return the top-level statements of the given kinds, less imports of the course's tooling."""
    kept = [ast.unparse(node) for node in parse(source).body if isinstance(node, kinds)]
    return "\n".join(line for line in kept if "cs231n_lib.course" not in line)
