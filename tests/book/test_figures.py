"""The stored figures: whole on a phone, with letters that are read and bars that are seen."""

import ast

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build, drawings, notebooks
from cs231n_lib.course.publishing.sphinx import figures

BOOK = root() / "book"
BARS = {"bar", "barh", "hist"}
PAGES = {path.relative_to(BOOK).with_suffix("").as_posix(): path for path in build.notebooks(BOOK)}


def narrowest(png, source):
    """Return the width at which the smallest letters of a figure on a phone can be read."""
    drawn = drawings.read(png)
    if not drawings.has_text(drawn):
        return 0
    tall = figures.narrow(drawn, source)
    width = (drawn if tall is None else tall).shape[1]
    return width * figures.LEGIBLE / figures.smallest_type(source)


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_figures_whole(name):
    scrolling = {
        cell.metadata.mystnb.figure.name
        for cell in notebooks.read(PAGES[name]).cells
        for png in notebooks.figures(cell.get("outputs", []))
        if narrowest(png, cell.source) > figures.SCREEN
    }
    assert scrolling == set()


@pytest.mark.parametrize("name", PAGES)
def test_bars_have_the_full_strength_of_their_colour(name):
    """A colour of `plots.COLOURS` is told from both pages by three to one; half of it is not."""
    faint = [
        call.lineno
        for cell in notebooks.read(PAGES[name]).cells
        if "figure" in cell.metadata.get("mystnb", {})
        for call in ast.walk(ast.parse(cell.source))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in BARS
        if any(given.arg == "alpha" for given in call.keywords)
    ]
    assert faint == []
