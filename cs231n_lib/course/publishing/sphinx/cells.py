"""Each code cell of a notebook keeps its own id in the page, as a small Sphinx extension.

The page's scripts find a cell, and what the reader typed into it, by this id.  Code that the page
does not show (tags such as ``remove-input``) stands in the page unseen, at its place among the
cells, because the cells below it need it.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx

from cs231n_lib.course.publishing.notebooks import SECONDS, read

#: What stands before a cell's id in the page, where other things have ids as well.
PREFIX = "cell-"
#: Where the notebook of a page is kept while the page is read.
NOTEBOOK = "cs231n_notebook"


def notebook_of(app: Sphinx) -> NotebookNode | None:
    """Return the notebook of the page that is being read, read once; None if it has none."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return None
    kept = app.env.temp_data
    if NOTEBOOK not in kept:
        kept[NOTEBOOK] = read(source)
    return kept[NOTEBOOK]


def shown_cells(document: nodes.document) -> list[nodes.container]:
    """Return the code cells that a page shows; ``cell_index`` is their place in the notebook."""
    found = document.findall(nodes.container)
    return [node for node in found if node.get("nb_element") == "cell_code"]


def name_cells(app: Sphinx, document: nodes.document) -> None:
    """Give the cells of a page that was just read their ids, and add the code that is not shown.

    Parameters
    ----------
    app : Sphinx
        The application; the page is the one that it is reading.
    document : docutils document
        The page, changed in place.
    """
    notebook = notebook_of(app)
    if notebook is None:
        return
    shown = {node["cell_index"]: node for node in shown_cells(document)}
    hidden: list[nodes.Node] = []
    for index, cell in _code_cells(notebook):
        node = shown.get(index)
        if node is not None:
            node["ids"].insert(0, PREFIX + cell.id)
            if seconds := cell.metadata.get(SECONDS):
                node["classes"].append(f"seconds-{seconds}")
        if node is None or not _shows_code(node):
            hidden.append(_template(cell))
        elif hidden:
            node.parent[node.parent.index(node) : node.parent.index(node)] = hidden
            hidden = []


def _code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Yield the code cells that have an id and say anything, with their place among all cells."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip() and "id" in cell:
            yield index, cell


def _shows_code(cell: nodes.container) -> bool:
    found = cell.findall(nodes.container)
    return any(part.get("nb_element") == "cell_code_source" for part in found)


def _template(cell: NotebookNode) -> nodes.raw:
    """Return the code of a cell as an element that a browser keeps and does not show."""
    text = f'<template data-cell="{cell.id}">{escape(cell.source)}</template>'
    return nodes.raw("", text, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.connect("doctree-read", name_cells)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
