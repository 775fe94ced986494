"""The ids of cells in a built page, and the code that stands there unseen."""

import re

import nbformat
import pytest
from sphinx.cmd.build import build_main

from cs231n_lib.course.publishing import notebooks

CONF = """
extensions = ["myst_nb", "cs231n_lib.course.publishing.sphinx.cells"]
nb_execution_mode = "off"
html_theme = "sphinx_book_theme"
"""
OUTPUT = nbformat.v4.new_output("stream", text="said\n")


def cell(name, source, *tags, outputs=()):
    made = nbformat.v4.new_code_cell(source, outputs=list(outputs), id=name)
    made.metadata.tags = list(tags)
    return made


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    cells = [
        nbformat.v4.new_markdown_cell("# Cells"),
        cell("gone-1", "a = 1 < 2", "remove-cell"),
        cell("seen-1", "a"),
        nbformat.v4.new_markdown_cell("Text, then a cell that says nothing."),
        cell("empty", "  "),
        cell("output-only", "print('said')  # </template>", "remove-input", outputs=[OUTPUT]),
        cell("gone_2", "b = 2", "remove-input", "remove-output"),
        cell("folded", "b", "hide-input"),
        cell("last", "c = 3", "remove-cell"),
    ]
    cells[7].metadata[notebooks.SECONDS] = 20
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebooks.normalise(notebook)
    notebooks.write(notebook, folder / "index.ipynb")
    (folder / "conf.py").write_text(CONF, "utf-8")
    assert build_main(["-q", "-W", str(folder), str(folder / "html")]) == 0
    return (folder / "html/index.html").read_text("utf-8")


def test_every_cell_of_the_page_has_its_own_id(page):
    found = re.findall(r'<div class="cell [^>]*id="cell-([^"]*)"', page)
    assert found == ["seen-1", "output-only", "folded"]


def test_code_that_is_not_shown_stands_before_the_cell_that_follows_it(page):
    places = [page.index(f'data-cell="{n}"') for n in ("gone-1", "output-only", "gone_2")]
    seen, folded = page.index('id="cell-seen-1"'), page.index('id="cell-folded"')
    assert places == sorted(places)
    assert places[0] < seen < places[1] < places[2] < folded
    assert 'data-cell="empty"' not in page


def test_code_is_text_whatever_it_holds(page):
    assert '<template data-cell="gone-1">a = 1 &lt; 2</template>' in page
    assert page.count("</template>") == 3


def test_a_cell_that_takes_long_says_how_long(page):
    found = re.findall(r'<div class="cell ([^"]*)" id="cell-([^"]*)"', page)
    assert [name for classes, name in found if "seconds-20" in classes.split()] == ["folded"]
    assert page.count("seconds-") == 1
