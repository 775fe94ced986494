"""Code that computes nothing earns nothing, in every assignment and whatever it returns."""

import ast
import re

import pytest

from tests.grader import table

CONSTANTS = {
    "None": "None",
    "0": "0",
    "1": "1",
    "True": "True",
    "the first argument": "{first}",
    "the last argument": "{last}",
    "an empty array": "np.array([])",
    "an empty tuple": "()",
    "an empty dictionary": "{{}}",
    "two zeros": "(0, 0)",
    "zeros like the first argument": "np.zeros_like({first})",
    "zeros like all arguments": "tuple(np.zeros_like(a) for a in ({all},))",
}
SOLUTION = re.compile(r"### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)


def without_work(source: str, constant: str) -> str:
    """Return the answer cell with functions that only return ``constant``."""
    tree = ast.parse(SOLUTION.sub("pass", source))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.name == "__init__":
            continue
        names = [a.arg for a in node.args.args if a.arg != "self"] or ["0"]
        text = constant.format(first=names[0], last=names[-1], all=", ".join(names))
        node.body = ast.parse(f"def f():\n    return {text}").body[0].body
    return ast.unparse(ast.fix_missing_locations(tree))


@pytest.mark.parametrize(("assignment", "exercise"), table.everywhere())
def test_constants_earn_nothing(assignment, exercise):
    answer = table.answers_of(assignment)[exercise]
    answers = {what: without_work(answer, constant) for what, constant in CONSTANTS.items()}
    assert not table.earned(assignment, exercise, answers)
