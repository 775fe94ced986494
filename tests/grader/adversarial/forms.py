"""Submissions that are odd in their bytes, in their metadata, and in the order of their cells."""

import json

from tests.course.notebooks import ANSWERS, notebook, to_bytes
from tests.grader.adversarial.attacks import WRONG, Attack, broken, by_id, changed

RIGHT = to_bytes(notebook(ANSWERS))


def _same_ids(content):
    for each in content["cells"]:
        each["id"] = "same"


def _names_exchanged(content):
    one, other = by_id(content, "double"), by_id(content, "mean")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]


def _half_a_character(content):
    by_id(content, "mean")["cell_type"] = "\ud800"


def _two_thousand_times(content):
    content["cells"] += [dict(by_id(content, "mean")) for _ in range(1900)]


def _wrong_afterwards(content):
    content["cells"].append({**by_id(content, "mean"), "source": WRONG["mean"]})


def _merged(content):
    by_id(content, "mean")["source"] = f"<<<<<<< HEAD\n{ANSWERS['mean']}\n=======\n>>>>>>> x"


def _large(content):
    for each in content["cells"]:
        each["attachments"] = {"a.png": {"image/png": "A" * 10**6}}


def _with(key, text):
    """Return the right notebook with something more in it."""
    return RIGHT.rstrip()[:-1] + f', "{key}": {text}}}'.encode()


FORMS = [
    changed("one id for all cells", "changed metadata", _same_ids, 4),
    changed("half a character for a type", "changed metadata", _half_a_character, 4),
    changed("attachments of megabytes", "changed metadata", _large, 4),
    changed("the names of two answers exchanged", "moved cells", _names_exchanged, 4),
    changed("an answer two thousand times", "moved cells", _two_thousand_times, 4),
    changed("a wrong answer after the right one", "moved cells", _wrong_afterwards, 3),
    changed("marks of a merge in an answer", "moved cells", _merged, 3),
    broken("the cells named twice", _with("cells", "[]")),
    broken("lists without end", _with("x", "[" + "[]," * 3_000_000 + "[]]")),
    broken("text in UTF-16", RIGHT.decode().encode("utf-16")),
    broken("a zero between two words", RIGHT.replace(b'"cells"', b'"cells"\0', 1)),
    broken("a format that is true", RIGHT.replace(b'"nbformat": 4', b'"nbformat": true', 1)),
    broken("lists in lists", _with("x", "[" * 90_000 + "]" * 90_000)),
    Attack("a mark of the order of bytes", "right", b"\xef\xbb\xbf" + RIGHT, 4.0),
    Attack("a zero in an answer", "text", to_bytes(notebook(
        {**ANSWERS, "double": ANSWERS["double"] + "\n#\0"})), 1.0),
    Attack("numbers that JSON has not", "right",
           _with("x", json.dumps([float("nan"), 1e999])), 4.0),
]  # fmt: skip
