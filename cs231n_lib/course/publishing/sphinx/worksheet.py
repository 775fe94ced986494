"""An assignment as a page of the book, so that it can be worked on in the page itself.

``{worksheet} a1`` stands for the released notebook: its text, and its cells as those of a chapter.
What a cell is for (an answer, a test, the setup that answers need) stands in its classes, which is
all that the page's scripts know of it.
"""

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cs231n_lib.course.checkout import sources
from cs231n_lib.course.publishing.notebooks import read
from cs231n_lib.course.publishing.sphinx.cells import PREFIX

#: Where the cells wait until the text around them has been read.
WAITING = "worksheet"
#: How the check of an exercise is named, which stands right below it.
CHECK = "check-"


class Worksheet(SphinxDirective):
    """The whole of an assignment; in print, where nobody can work on it, its first cell only."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the assignment's sections."""
        name = self.arguments[0]
        path = sources() / "exercises" / name / f"{name}.ipynb"
        if not path.is_file():
            raise self.error(f"there is no assignment {name!r} in exercises/")
        self.env.note_dependency(str(path))
        cells = read(path).cells
        box = f"```{{assignment}} {name}\n:here:\n```"
        rest = [] if self.env.app.builder.name == "singlehtml" else _texts(cells[1:])
        below = [cell.id for cell in cells[1:]] + [""]
        self.env.temp_data[WAITING] = {
            cell.id: (cell, check == CHECK + cell.id)
            for cell, check in zip(cells, below, strict=True)
        }
        text = "\n\n".join([cells[0].source, box, *rest])
        page = nodes.Element()
        lines = StringList(text.splitlines(), str(path))
        self.state.nested_parse(lines, 0, page, match_titles=True)
        return page.children


def _texts(cells: list[NotebookNode]) -> Iterator[str]:
    for cell in cells:
        written = cell.cell_type == "markdown" and "nbgrader" not in cell.metadata
        yield cell.source if written else f"```{{worksheet-cell}} {cell.id}\n```"


class WorksheetCell(SphinxDirective):
    """One cell of the worksheet around it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the cell as a chapter's page has it."""
        name = self.arguments[0]
        cell, checked = self.env.temp_data[WAITING][name]
        language = "ipython3" if cell.cell_type == "code" else "markdown"
        code = nodes.literal_block(cell.source, cell.source, language=language)
        classes = ["cell", *kinds(cell, checked=checked)]
        shown = nodes.container("", code, classes=["cell_input"])
        return [nodes.container("", shown, classes=classes, ids=[PREFIX + name])]


def kinds(cell: NotebookNode, *, checked: bool) -> Iterator[str]:
    """Yield the classes that say what a cell of an assignment is for.

    Parameters
    ----------
    cell : NotebookNode
        A code cell, or one for a written answer.
    checked : bool
        Whether the cell below it is its check.
    """
    told = cell.metadata.get("nbgrader", {})
    if cell.cell_type == "markdown":
        yield "worksheet-written"
    elif told.get("solution"):
        yield from ("worksheet-answer", *["tag_practice"] * checked)
    elif told.get("grade"):
        yield "worksheet-test"
    elif told:
        yield "worksheet-setup"
    elif cell.id.startswith(CHECK):
        yield "tag_practice-check"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("worksheet", Worksheet)
    app.add_directive("worksheet-cell", WorksheetCell)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
