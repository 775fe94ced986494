"""An assignment as a page: every cell is there, in order, and says what it is for."""

import re

import pytest
from sphinx.cmd.build import build_main

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing.notebooks import read

CONF = """
root_doc = "intro"
extensions = ["myst_nb", "sphinx_book_theme", "cs231n_lib.course.publishing.sphinx.launch",
              "cs231n_lib.course.publishing.sphinx.worksheet"]
myst_enable_extensions = ["dollarmath"]
html_theme = "sphinx_book_theme"
"""
INTRO = "# Intro\n\n```{assignment} a1\n```\n\n```{toctree}\nassignments/a1\n```\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A small book with the page of the first assignment, which is found beside the book."""
    folder = tmp_path_factory.mktemp("worksheet")
    (folder / "exercises").symlink_to(root() / "exercises")
    source = folder / "book"
    (source / "assignments").mkdir(parents=True)
    (source / "conf.py").write_text(CONF)
    (source / "intro.md").write_text(INTRO)
    (source / "assignments/a1.md").write_text("```{worksheet} a1\n```\n")
    return source


def built(source, builder):
    target = source.parent / builder
    arguments = ["-q", "-W", "-b", builder, "-d", str(target / "read"), str(source), str(target)]
    assert build_main(arguments) == 0
    return target


@pytest.fixture(scope="module")
def page(source):
    return (built(source, "html") / "assignments/a1.html").read_text("utf-8")


@pytest.fixture(scope="module")
def cells(page):
    """The classes of the cells in the page, by their ids, in the order of the page."""
    found = re.findall(r'<div class="cell ([^"]*)" id="cell-([^"]*)"', page)
    return {name: set(classes.split()) - {"docutils", "container"} for classes, name in found}


def test_every_cell_of_the_released_notebook_is_in_the_page(cells):
    released = read(root() / "exercises/a1/a1.ipynb").cells
    wanted = [c.id for c in released if c.cell_type == "code" or "nbgrader" in c.metadata]
    assert list(cells) == wanted


def test_a_cell_says_what_it_is_for(cells):
    assert cells["setup"] == {"worksheet-setup"}
    assert cells["data"] == set()
    assert cells["predict_labels"] == {"worksheet-answer", "tag_practice"}
    assert cells["check-predict_labels"] == {"tag_practice-check"}
    assert cells["predict_labels-ties"] == {"worksheet-test"}
    assert cells["answer-7a"] == {"worksheet-written"}
    practice = [name for name, kinds in cells.items() if "tag_practice" in kinds]
    assert [f"check-{name}" for name in practice] == [n for n in cells if n.startswith("check-")]


def test_its_text_has_sections_as_a_chapter_has(page):
    (article,) = re.findall(r"<article.*?</article>", page, re.S)
    assert article.count("<h1>") == 1
    assert "<h2>5. The vote (8 points)" in page
    assert r"\sqrt{\textstyle\sum_{j=1}^{D}" in page


def test_the_page_carries_the_notebook_and_elsewhere_is_linked(page, source):
    assert page.count("data-worksheet") == 1
    assert "Work on it in this book" not in page
    intro = (source.parent / "html/intro.html").read_text("utf-8")
    assert "data-worksheet" not in intro
    assert re.search(r'href="assignments/a1.html"><span[^>]*>Work on it in this book', intro)


def test_in_print_an_assignment_is_told_and_not_worked_on(source):
    text = (built(source, "singlehtml") / "intro.html").read_text("utf-8")
    assert "You write a nearest-neighbour classifier" in text
    assert "cell-predict_labels" not in text


def test_an_unknown_assignment_is_a_warning_with_its_place(tmp_path, capsys):
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "intro.md").write_text("# Intro\n\n```{worksheet} a99\n```\n")
    assert build_main(["-q", "-W", "-b", "html", str(tmp_path), str(tmp_path / "html")]) != 0
    assert "there is no assignment 'a99'" in capsys.readouterr().err


def test_every_assignment_has_a_page():
    pages = {path.stem for path in (root() / "book/assignments").glob("*.md")}
    assert pages == {path.stem for path in (root() / "exercises").glob("*/*.ipynb")}
