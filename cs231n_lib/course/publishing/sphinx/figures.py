"""Figures that cells drew: one picture for each theme, and one more for a phone.

A picture of several panels side by side has them one below the other on a narrow screen.  What is
not on the screen is not loaded.
"""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from cs231n_lib.course.publishing import drawings
from cs231n_lib.course.publishing.sphinx.cells import notebook_of, shown_cells

#: Panels side by side that a cell asks Matplotlib for.  Where they share an axis, only the first
#: has its numbers, so they stay together.
PANELS = re.compile(r"subplots\(\s*1,\s*([2-4])\b(?!.*sharey)", re.S)
NARROW = "(max-width: 600px)"


def note_panels(app: Sphinx, document: nodes.document) -> None:
    """Note with each figure of a page that was just read that a cell drew it, and its panels."""
    notebook = notebook_of(app)
    if notebook is None:
        return
    for cell in shown_cells(document):
        asked = PANELS.search(notebook.cells[cell["cell_index"]].source)
        for picture in cell.findall(nodes.image):
            if picture["uri"].endswith(".png"):
                picture["panels"] = int(asked[1]) if asked else 1


def write_picture(self: HTML5Translator, node: nodes.image) -> None:
    """Write a figure; those that no cell drew are left to Sphinx."""
    if "panels" not in node:
        return HTML5Translator.visit_image(self, node)
    builder = self.builder
    drawn = drawings.read((Path(builder.srcdir) / node["uri"]).read_bytes())
    folder = Path(builder.outdir) / builder.imagedir
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(node["uri"]).stem
    tall = drawings.stacked(drawn, node["panels"]) if node["panels"] > 1 else None
    for theme in drawings.INK:
        shown = f"{name}-{theme}.png"
        (folder / shown).write_bytes(drawings.write(drawings.inked(drawn, theme)))
        self.body.append(f'<picture class="drawn on-{theme}">')
        if tall is not None:
            narrow = f"{name}-{theme}-tall.png"
            (folder / narrow).write_bytes(drawings.write(drawings.inked(tall, theme)))
            self.body.append(
                f'<source media="{NARROW}" srcset="{builder.imgpath}/{narrow}"'
                f' width="{tall.shape[1]}" height="{tall.shape[0]}">'
            )
        self.body.append(
            f'<img src="{builder.imgpath}/{shown}" alt="{escape(node.get("alt", ""))}"'
            f' width="{drawn.shape[1]}" height="{drawn.shape[0]}" loading="lazy"></picture>'
        )


def close_picture(self: HTML5Translator, node: nodes.image) -> None:
    """Nothing is left to close."""
    if "panels" not in node:
        HTML5Translator.depart_image(self, node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event and the writer."""
    app.add_node(nodes.image, override=True, html=(write_picture, close_picture))
    app.connect("doctree-read", note_panels)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
