"""What of a cell a reader sees: folded code under a name of its own, lines that fit the column.

The code that draws a figure is folded, unless the cell is tagged ``show-code``: the figure is what
the page is about.  Marks for the formatter stand in the notebook alone.  A text that the column
would cut is marked ``wide``, and set smaller, or ``wraps``, and broken.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from cs231n_lib.course.publishing.sphinx.cells import notebook_of, shown_cells

#: What a fold is called, by what it holds; "Show" and "Hide" are put in front.
IMPORTS, DRAWING, ANSWER, OTHER = "the imports", "the code of the figure", "our answer", "the code"
#: Sections whose folds hold answers.
EXERCISES = {"Exercises", "Practise"}
#: For formatters and linters, not for readers.
MARKS = re.compile(r" *# (fmt: (skip|on|off)|noqa: [A-Z0-9, ]+)[ ]*$", re.M)
#: Characters that the column holds, and that it holds when set smaller (`.wide` in book.css).
COLUMN, SMALLER = 78, 100


def fold_cells(app: Sphinx, document: nodes.document) -> None:
    """Fold and name the cells of a page that was just read, in place."""
    notebook = notebook_of(app)
    if notebook is not None:
        cells = notebook.cells
        first = next((n for n, cell in enumerate(cells) if cell.cell_type == "code"), None)
        for node in shown_cells(document):
            metadata = cells[node["cell_index"]].metadata
            draws = "figure" in metadata.get("mystnb", {})
            if draws and "show-code" not in metadata.get("tags", []):
                node["hide_mode"] = "input"
            if node.get("hide_mode") == "input":
                name = DRAWING if draws else IMPORTS if node["cell_index"] == first else OTHER
                if name == OTHER and _in_exercises(node):
                    name = ANSWER
                node["prompt_show"], node["prompt_hide"] = f"Show {name}", f"Hide {name}"
    for block in document.findall(nodes.literal_block):
        text = block.astext()
        if MARKS.search(text) and block.rawsource == text:
            block.rawsource = text = MARKS.sub("", text)
            block.children = [nodes.Text(text)]
        longest = max(map(len, text.splitlines()), default=0)
        if longest > COLUMN:
            block["classes"].append("wide" if longest <= SMALLER else "wraps")


def _in_exercises(node: nodes.Node) -> bool:
    sections = set()
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.section):
            sections.add(node[0].astext())
    return not sections.isdisjoint(EXERCISES)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.connect("doctree-read", fold_cells)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
