"""A tiny assignment of four points, and notebooks that answer it well, badly or not at all."""

import json
import zlib

ANSWERS = {
    "double": 'def double(x):\n    """Return 2 x."""\n    return 2 * x',
    "mean": 'def mean(x):\n    """Return the mean of x."""\n    return float(x.mean())',
}
STUB = {
    name: source.rpartition("\n")[0] + "\n    raise NotImplementedError"
    for name, source in ANSWERS.items()
}
TESTS = {
    "double-example": (1, """\
# One number.
import numpy as np

from cs231n_lib.course import checks

checks.require(np.array_equal(checks.call(double, np.ones(3)), [2, 2, 2]), 'not twice')"""),
    "double-random": (2, """\
from cs231n_lib.course import checks

### BEGIN HIDDEN TESTS
x = checks.rng('double').normal(size=5)
y, facts = checks.observe(double, x)
assert np.array_equal(y, 2 * x), f'SECRET {x}'
checks.require(facts['changed'] == [], 'x was changed')
### END HIDDEN TESTS"""),
    "mean-random": (1, """\
from cs231n_lib.course import checks

x = checks.rng('mean').normal(size=9)
checks.require(abs(checks.call(mean, x) - x.mean()) < 1e-9, 'not the mean')"""),
}  # fmt: skip


def cell(source, kind="code", **nbgrader):
    found = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        found |= {"execution_count": None, "outputs": []}
    if nbgrader:
        defaults = {"grade": False, "solution": False, "locked": False, "task": False}
        found["metadata"]["nbgrader"] = {**defaults, "schema_version": 3, **nbgrader}
    found["id"] = str(nbgrader.get("grade_id") or zlib.crc32(source.encode()))[:64]
    return found


def notebook(answers=ANSWERS, extra=(), written="Because.", settings=None):
    """Return the cells of the assignment with ``answers`` in place."""
    cells = [cell("# Tiny", "markdown"), cell("import numpy as np", grade_id="setup", locked=True)]
    cells += [cell(source) for source in extra]
    for name, source in answers.items():
        cells.append(cell(source, grade_id=name, solution=True))
        for test, (points, text) in TESTS.items():
            if test.startswith(name):
                cells.append(
                    cell(text, grade_id=test, grade=True, locked=True, points=points)
                )  # fmt: skip
    cells.append(
        cell(written, "markdown", grade_id="why", solution=True, grade=True, points=2)
    )  # fmt: skip
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "cs231n": settings or {},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def to_bytes(content):
    return json.dumps(content, indent=1).encode()


def submission(extra=(), **answers):
    """Return a submission whose answer cells are right, but for those given here."""
    return to_bytes(notebook({**ANSWERS, **answers}, extra))
