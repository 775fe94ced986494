"""Figures that cells drew: one picture for each theme, and one more for a phone.

On a narrow screen panels that stand side by side come one below the other, and the rows of a grid
of pictures are broken.  What is then still too wide to be read scrolls (``--legible`` is the width
at which the smallest letters can be read).  What is not on the screen is not loaded.
"""

import math
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from cs231n_lib.course.publishing import drawings
from cs231n_lib.course.publishing.sphinx.cells import notebook_of, shown_cells

#: Panels side by side that a cell asks Matplotlib for, and whether they share the vertical axis.
PANELS = re.compile(r"(?:subplots|add_subplot)\(\s*([12]),\s*([2-4])\b")
SHARED = "sharey=True"
#: How a cell goes through rows of panels one after the other; else a row belongs to that above it.
BY_ROWS = "axes.flat"
GRID = re.compile(r"\bshow_(?:images|templates)\(")
#: The smallest type of a drawing in points: what its cell asks for, else what the library's own
#: functions set (`cs231n_lib.plots`), else that of numbers on axes.
ASKED = re.compile(r"\b(?:fontsize|labelsize)=(\d+)")
SET = {"show_images(": 9, "show_templates(": 9}
USUAL = 11
NARROW = "(max-width: 600px)"
#: A phone, which pictures cross from edge to edge, and the smallest type read there, in pixels.
SCREEN, LEGIBLE = 390, 11


def note_drawings(app: Sphinx, document: nodes.document) -> None:
    """Note with each figure of a page that was just read how its cell drew it."""
    notebook = notebook_of(app)
    if notebook is None:
        return
    for cell in shown_cells(document):
        source = notebook.cells[cell["cell_index"]].source
        for picture in cell.findall(nodes.image):
            if picture["uri"].endswith(".png"):
                picture["drawn"] = source


def smallest_type(source: str) -> float:
    """Return the height in pixels of the smallest letters in what a cell draws.

    Examples
    --------
    >>> round(smallest_type("ax.legend(fontsize=9)"), 1), round(smallest_type("ax.plot(x)"), 1)
    (12.5, 15.3)
    """
    sizes = [int(size) for size in ASKED.findall(source)]
    sizes += [size for function, size in SET.items() if function in source]
    return min([*sizes, USUAL]) * drawings.POINT


def narrow(drawn: np.ndarray, source: str) -> np.ndarray | None:
    """Return a figure as a phone shows it, None if it is no other than on a wide screen."""
    fitting = SCREEN * smallest_type(source) / LEGIBLE
    if drawn.shape[1] <= fitting or not drawings.has_text(drawn):
        return None
    asked = PANELS.search(source)
    if asked:
        panels = int(asked[2])
        rows = drawings.rows(drawn, int(asked[1]), panels) if BY_ROWS in source else None
        tall = [drawings.stacked(row, panels, shared=SHARED in source) for row in rows or [drawn]]
        parts = [part for part in tall if part is not None]
        return drawings.column(parts, len(drawn) // 24) if len(parts) == len(tall) else None
    if GRID.search(source):
        return drawings.wrapped(drawn, drawings.columns(drawn), fitting)
    return None


def write_picture(self: HTML5Translator, node: nodes.image) -> None:
    """Write a figure; those that no cell drew are left to Sphinx."""
    if "drawn" not in node:
        return HTML5Translator.visit_image(self, node)
    builder = self.builder
    drawn = drawings.read((Path(builder.srcdir) / node["uri"]).read_bytes())
    folder = Path(builder.outdir) / builder.imagedir
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(node["uri"]).stem
    tall = narrow(drawn, node["drawn"])
    said = ""
    if drawings.has_text(drawn):
        text = smallest_type(node["drawn"])
        on_phone = drawn if tall is None else tall
        least = on_phone.shape[1] * LEGIBLE / text
        said = f' data-text="{text:.2f}" style="--legible: {math.ceil(least)}px"'
    for theme in drawings.INK:
        shown = f"{name}-{theme}.png"
        (folder / shown).write_bytes(drawings.write(drawings.inked(drawn, theme)))
        self.body.append(f'<picture class="drawn on-{theme}">')
        if tall is not None:
            other = f"{name}-{theme}-tall.png"
            (folder / other).write_bytes(drawings.write(drawings.inked(tall, theme)))
            self.body.append(
                f'<source media="{NARROW}" srcset="{builder.imgpath}/{other}"'
                f' width="{tall.shape[1]}" height="{tall.shape[0]}">'
            )
        self.body.append(
            f'<img src="{builder.imgpath}/{shown}" alt="{escape(node.get("alt", ""))}"'
            f' width="{drawn.shape[1]}" height="{drawn.shape[0]}" loading="lazy"{said}></picture>'
        )


def close_picture(self: HTML5Translator, node: nodes.image) -> None:
    """Nothing is left to close."""
    if "drawn" not in node:
        HTML5Translator.depart_image(self, node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event and the writer."""
    app.add_node(nodes.image, override=True, html=(write_picture, close_picture))
    app.connect("doctree-read", note_drawings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
