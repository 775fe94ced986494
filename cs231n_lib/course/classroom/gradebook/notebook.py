"""The notebook for the grader's eyes: the student's answers, the outcome of our tests.

It is shown in the formgrader, which renders what it is given. So whatever a student wrote or made
their code print is plain text here: no control characters, no markup of HTML.
"""

import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from cs231n_lib.course.assignment.master import HIDDEN, Test
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.text import visible

#: Where Markdown begins a tag, a comment or a declaration of HTML; goes on to the address of a link
#: or a picture; and where a formula calls what makes a link or a style.
ACTIVE = re.compile(
    r"<(?=[A-Za-z/!?])|\](?=[(\[:])|\\(?=(?:href|url|style|class|cssId|data|require|mmlToken|bbox)"
    r"(?![A-Za-z]))"
)
#: Keeps two characters apart and takes no room.
APART = "\u200b"


def stub_of(master: bytes, config: Any) -> NotebookNode:
    """Return the master as students are given it: without solutions and outputs."""
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    notebook = nbformat.reads(master.decode(), as_version=4)
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, _ = step(config=config).preprocess(notebook, {})
    return notebook


def grade_id(cell: NotebookNode) -> str:
    """Return nbgrader's name of a cell, ``""`` if it has none."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def unanswered(stub: NotebookNode, result: Result) -> set[str]:
    """Return the answers that are missing, or still what the student was given."""
    given = {
        grade_id(c): c.source for c in stub.cells if c.metadata.get("nbgrader", {}).get("solution")
    }
    return {n for n, text in given.items() if result.answers.get(n, text).strip() == text.strip()}


def shown_answers(stub: NotebookNode, result: Result) -> dict[str, str]:
    """Return the answers as :func:`rebuilt` shows them."""
    kinds = {grade_id(c): c.cell_type for c in stub.cells}
    return {
        name: as_markdown(text) if kinds.get(name) == "markdown" else visible(text)
        for name, text in result.answers.items()
    }


def as_markdown(text: str) -> str:
    """Return a stranger's Markdown without HTML, links and pictures: these are seen as typed.

    A picture would be fetched, and its author told, as soon as anybody looks; an address that runs
    a script can be written in more ways than can be listed. Addresses of the web stay links where
    they stand by themselves.

    Examples
    --------
    >>> as_markdown("<b>a</b> if a < b: [x](javascript:y)").replace(APART, "~")
    '<~b>a<~/b> if a < b: [x]~(javascript:y)'
    """
    return ACTIVE.sub(rf"\g<0>{APART}", visible(text))


def rebuilt(stub: NotebookNode, result: Result) -> NotebookNode:
    """Return the notebook for the grader's eyes."""
    notebook = nbformat.from_dict(stub)
    notebook.cells = [cell.copy() for cell in stub.cells]
    tests = {test.name: test for test in result.tests}
    answers = shown_answers(stub, result)
    for cell in notebook.cells:
        name = grade_id(cell)
        if name in answers:
            cell.source = answers[name]
        if cell.cell_type == "code" and name in result.cells:
            printed = result.cells[name].output
            cell.outputs = [_stream(printed)] if printed else []
        if name in tests:
            cell.source = Test(name, cell.source, 0).visible().source
            assert HIDDEN[0] not in cell.source, "a hidden test would be shown"
            test = tests[name]
            text = f"{test.score:g} of {test.points:g} points. {test.text}"
            cell.outputs = [_stream(text.strip() + "\n")]
    if result.reason:
        note = f"**Not graded by tests:** {as_markdown(result.reason)}"
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(note, id="judge-note"))
    return notebook


def as_bytes(notebook: NotebookNode) -> bytes:
    """Return what is written to disk."""
    return nbformat.v4.writes_json(notebook).encode()


def answers_in(data: bytes) -> dict[str, str]:
    """Return the sources of the named cells in a notebook that :func:`as_bytes` gave."""
    notebook = nbformat.reads(data.decode(), as_version=4)
    return {grade_id(cell): cell.source for cell in notebook.cells if grade_id(cell)}


def _stream(text: str | None) -> NotebookNode:
    # nbformat's own new_output() validates each: a third of the time that writing takes.
    return NotebookNode(output_type="stream", name="stdout", text=visible(text or ""))
