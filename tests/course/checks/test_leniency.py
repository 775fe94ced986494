"""What means a number, a tuple or a dictionary is taken for one, whatever its type."""

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import parse, read_master
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.judge import grader

DISGUISE = """
import collections, enum, functools

class Number(float):
    pass

class Name(str):
    pass

class Listing(list):
    pass

def disguised(x, depth=0):
    "Return x as a relative of its type, all the way down."
    if type(x) is dict and depth < 3:
        other = collections.defaultdict(float) if depth else collections.OrderedDict()
        for key, value in x.items():
            key = np.int64(key) if type(key) is int else Name(key) if type(key) is str else key
            other[key] = disguised(value, depth + 1)
        return other
    if type(x) is tuple and x:
        fields = collections.namedtuple("Fields", [f"f{n}" for n in range(len(x))])
        return fields(*(disguised(item, depth + 1) for item in x))
    if type(x) is list:
        return Listing(disguised(item, depth + 1) for item in x)
    if type(x) is float:
        return np.array(x) if depth else Number(x)
    if type(x) is int:
        return np.int64(x)
    if isinstance(x, np.generic):
        return np.asarray(x)
    return x

def wrap(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return disguised(function(*args, **kwargs))
    return wrapper
"""


def disguise(source: str) -> str:
    """Return an answer cell whose functions return relatives of plain values."""
    lines = [DISGUISE, source]
    for node in parse(source).body:
        if type(node).__name__ == "FunctionDef":
            lines.append(f"{node.name} = wrap({node.name})")
        if type(node).__name__ == "ClassDef":
            methods = [n.name for n in node.body if type(n).__name__ == "FunctionDef"]
            public = [m for m in methods if not m.startswith("_")]
            lines += [f"{node.name}.{m} = wrap({node.name}.{m})" for m in public]
    return "\n".join(lines)


@pytest.mark.parametrize("name", assignments())
def test_relatives_of_plain_values_are_accepted(name, walls):
    path = checkout.root() / "solutions" / name / f"{name}.ipynb"
    master = read_master(path.read_bytes(), name)
    import json

    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        info = cell["metadata"].get("nbgrader", {})
        if info.get("solution") and cell["cell_type"] == "code":
            cell["source"] = disguise("".join(cell["source"]))
    result = grader.Grader(master, walls.worker, walls.limits).grade(
        json.dumps(notebook).encode(), 1
    )
    assert [(t.name, t.message) for t in result.tests if not t.passed] == []
    assert "disguised" in result.answers[next(iter(master.answers))]
