"""What of a cell a reader sees in a built page: names of folds, marks, figures for two themes."""

import base64
import io
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from sphinx.cmd.build import build_main

from cs231n_lib import plots
from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import drawings, notebooks
from cs231n_lib.course.publishing.sphinx import figures

SPHINX = "cs231n_lib.course.publishing.sphinx"
CONF = f"""
extensions = ["myst_nb", "{SPHINX}.figures", "{SPHINX}.folds", "{SPHINX}.pages"]
nb_execution_mode = "off"
numfig = True
html_theme = "sphinx_book_theme"
html_baseurl = "https://book.example/"
project = "A book"
"""
PICTURES = np.random.default_rng(0).integers(256, size=(2, 8, 8, 3)).astype(np.uint8)
PANELS = "figure, axes = plt.subplots(1, 2)"


def drawn(panels):
    """Return a figure with so many panels, as a notebook stores it."""
    with plots.style():
        figure, axes = plt.subplots(1, panels, figsize=(3 * panels, 2), squeeze=False)
        for ax in axes.flat:
            ax.set(xlabel="x", ylabel="y")
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    data = {"image/png": base64.b64encode(file.getvalue()).decode()}
    return nbformat.v4.new_output("display_data", data)


def cell(name, source, *tags, figure=False, outputs=()):
    made = nbformat.v4.new_code_cell(source, outputs=list(outputs), id=name)
    made.metadata.tags = list(tags)
    if figure:
        made.metadata.mystnb = {"figure": {"caption": "Seen."}, "image": {"alt": "two <axes>"}}
    return made


def said(text):
    return [nbformat.v4.new_output("stream", text=text)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    text = nbformat.v4.new_markdown_cell
    cells = [
        text("# Cells\n\nA page about " + "cells and more " * 20),
        cell("imports", "import numpy", "hide-input"),
        cell("marked", "a = [1,\n     2]  # fmt: skip\nb = 3  # noqa: E731"),
        cell("figure", PANELS, figure=True, outputs=[drawn(2)]),
        cell("taught", "plt.plot()", "show-code", figure=True, outputs=[drawn(1)]),
        cell("other", "c = 4", "hide-input"),
        cell("long", "print()", outputs=said("x" * 100)),
        cell("longer", "print()", outputs=said("y" * 120)),
        text("## Exercises"),
        cell("answer", "d = 5", "hide-input"),
        text("## Practise"),
        cell("another", "e = 6", "hide-input"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebooks.normalise(notebook)
    notebooks.write(notebook, folder / "index.ipynb")
    (folder / "conf.py").write_text(CONF, "utf-8")
    assert build_main(["-q", "-W", str(folder), str(folder / "html")]) == 0
    return folder / "html"


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text("utf-8")


def test_every_fold_says_what_it_holds(page):
    summaries = re.findall(r"<summary[^>]*>(.*?)</summary>", page, re.S)
    shown = [match[1] for each in summaries if (match := re.search("Show ([a-z ]+)", each))]
    names = ["the imports", "the code of the figure", "the code", "our answer", "our answer"]
    assert shown == names


def test_marks_for_the_formatter_are_not_shown(page):
    assert "fmt: skip" not in page
    assert "noqa" not in page


def test_long_lines_are_set_smaller_or_broken(page):
    assert re.search(r'class="[^"]*\bwide\b[^"]*"><div class="highlight"><pre><span></span>x', page)
    assert re.search(
        r'class="[^"]*\bwraps\b[^"]*"><div class="highlight"><pre><span></span>y', page
    )


def test_a_figure_is_a_picture_for_each_theme(folder, page):
    sources = re.findall(
        r'<picture class="drawn on-(light|dark)">(<source [^>]*>)?<img src="([^"]*)"', page
    )
    assert [theme for theme, _, _ in sources] == ["light", "dark", "light", "dark"]
    assert [bool(narrow) for _, narrow, _ in sources] == [True, True, False, False]
    for theme, _, source in sources:
        pixels = drawings.read((folder / source).read_bytes())
        opaque = {tuple(p) for p in pixels[pixels[..., 3] == 255][:, :3].tolist()}
        assert opaque == {drawings.INK[theme]}
    assert 'alt="two &lt;axes&gt;"' in page


def contrast(one, other):
    """Return the contrast of two colours, as WCAG defines it."""
    light = []
    for colour in (one, other):
        c = np.array(colour) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        light.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(light) / min(light)


@pytest.mark.parametrize(("theme", "ground"), [("light", "fffefb"), ("dark", "15181b")])
def test_ink_is_readable_on_the_page(theme, ground):
    style = (root() / "book" / "_static" / "book.css").read_text("utf-8")
    assert f"--pst-color-background: #{ground};" in style
    assert contrast(drawings.INK[theme], tuple(bytes.fromhex(ground))) > 4.5


def test_a_photograph_keeps_its_grey():
    photograph = np.full((9, 9, 4), 255, dtype=np.uint8)
    photograph[4, 4, :3] = 0x77
    assert np.array_equal(drawings.inked(photograph, "dark"), photograph)


def lettered(colour):
    """Return a drawing of numbers of one colour, on the bare page and on translucent fills."""
    with plots.style():
        figure, ax = plt.subplots(figsize=(3, 2))
        ax.axis("off")
        for n, opacity in enumerate((0, 0.3, 0.45)):
            face = (*to_rgb(plots.COLOURS[n]), opacity)
            ax.add_patch(Rectangle((n, 0), 1, 1, facecolor=face, edgecolor="none"))
            ax.text(n + 0.5, 0.5, "30", ha="center", va="center", color=colour)
        ax.set(xlim=(0, 3), ylim=(0, 1))
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    return drawings.read(file.getvalue())


@pytest.mark.parametrize("theme", drawings.INK)
def test_letters_on_a_fill_are_in_ink_as_if_they_had_been_drawn_so(theme):
    ink = "#" + bytes(drawings.INK[theme]).hex()
    grey, wanted = lettered(plots.GREY), lettered(ink).astype(int)
    visible = wanted[..., 3] > 25
    assert abs(drawings.inked(grey, theme).astype(int) - wanted)[visible].max() <= 8
    assert abs(grey.astype(int) - wanted)[visible].max() > 20


def test_panels_are_cut_before_the_label_of_the_next():
    pixels = drawings.read(base64.b64decode(drawn(2).data["image/png"]))
    tall = drawings.stacked(pixels, 2)
    half = tall.shape[0] // 2
    inked = [np.flatnonzero(part[..., 3].any(axis=0)) for part in (tall[:half], tall[half:])]
    assert abs(len(inked[0]) - len(inked[1])) < 4  # each has its numbers and its label
    assert tall.shape[1] < 0.55 * pixels.shape[1]


def test_a_panel_without_a_frame_is_told_apart_by_what_is_empty_beside_it():
    with plots.style():
        figure = plt.figure(figsize=(6, 2.5))
        figure.add_subplot(1, 2, 1, projection="3d", facecolor="none")
        figure.add_subplot(1, 2, 2).set(xlabel="x", ylabel="y")
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    pixels = drawings.read(file.getvalue())
    tall = figures.narrow(pixels, "bowl = fig.add_subplot(1, 2, 1, projection='3d')")
    assert tall.shape[0] > 2 * pixels.shape[0]
    assert tall.shape[1] < 0.6 * pixels.shape[1]
    assert np.count_nonzero(tall[..., 3]) == np.count_nonzero(pixels[..., 3])


@pytest.mark.parametrize(("number", "columns", "rows"), [(10, 3, 5), (9, 3, 3), (7, 2, 4)])
def test_pictures_go_on_in_the_next_row_so_that_rows_are_full(number, columns, rows):
    many = np.tile(PICTURES[:1], (number, 1, 1, 1))
    figure = plots.show_images(many, [str(n) for n in range(number)], columns=5, size=1.2)
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    pixels = drawings.read(file.getvalue())
    pitch = pixels.shape[1] // 5
    grid = drawings.wrapped(pixels, 5, columns * pitch + 40)
    height = len(pixels) / -(-number // 5)  # of a row
    assert round(len(grid) / height) == rows
    assert grid.shape[1] <= columns * pitch + 40
    assert np.count_nonzero(grid[..., 3]) == np.count_nonzero(pixels[..., 3])


def test_each_panel_has_the_numbers_of_an_axis_that_all_share():
    with plots.style():
        figure, axes = plt.subplots(1, 3, figsize=(9, 2), sharey=True)
        axes[0].set(ylabel="y")
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    tall = drawings.stacked(drawings.read(file.getvalue()), 3, shared=True)
    heights = np.array_split(tall[..., 3] > 0, 3)
    left = [int(np.flatnonzero(part.any(axis=0))[0]) for part in heights]
    assert max(left) - min(left) < 4


def test_a_grid_of_panels_is_read_row_by_row():
    with plots.style():
        figure, axes = plt.subplots(2, 2, figsize=(7, 5), sharex=True, sharey=True)
        for ax, colour in zip(axes.flat, plots.COLOURS, strict=False):
            ax.plot([0, 1], color=colour)
            ax.set_title("panel")
        axes[1, 0].set_xlabel("x")
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    pixels = drawings.read(file.getvalue())
    tall = figures.narrow(pixels, "for ax in axes.flat: # plt.subplots(2, 2, sharey=True)")
    assert tall.shape[1] < 0.6 * pixels.shape[1]
    colours = [tuple(bytes.fromhex(colour[1:])) for colour in plots.COLOURS[:4]]
    tops = [
        np.flatnonzero((tall[..., :3] == colour).all(axis=2).any(axis=1))[0] for colour in colours
    ]
    assert tops == sorted(tops)
    inked = [np.count_nonzero(part[..., 3]) for part in np.array_split(tall, 4)]
    assert max(inked) < 1.3 * min(inked)  # all have numbers


@pytest.mark.parametrize(
    ("source", "drawing"),
    [
        ("plots.show_images(x, y)", lambda: plots.show_images(PICTURES, ["a", "b"])),
        ("plots.show_templates(x, y)", lambda: plots.show_templates(PICTURES / 255, ["a", "b"])),
        (
            "plots.show_confusion(c, n)",
            lambda: plots.show_confusion(np.eye(2, dtype=int), ["a", "b"]).figure,
        ),
        (
            "plots.show_images_by_class(x, y, n)",
            lambda: plots.show_images_by_class(PICTURES, np.arange(2), ["a", "b"], per_class=1),
        ),
        ("ax.plot(x)", lambda: plt.subplots()[0]),
    ],
)
def test_the_smallest_type_is_known_of_each_kind_of_drawing(source, drawing):
    with plots.style():
        figure = drawing()
        figure.canvas.draw()
        words = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
        assert min(t.get_fontsize() for t in words) * drawings.POINT == figures.smallest_type(
            source
        )
    plt.close(figure)


def test_a_page_says_what_it_is_about(page):
    described = re.search(r'<meta name="description" content="([^"]*)"', page)[1]
    assert described.startswith("A page about cells and more")
    assert len(described) <= 160
    assert described.endswith("…")
    assert '<meta property="og:title" content="Cells"' in page
    assert re.search(r'"og:image" content="https://book.example/_images/[0-9a-f]+-light.png"', page)


def test_an_address_that_does_not_exist_has_a_page(folder):
    assert "intro.html" in (folder / "404.html").read_text("utf-8")
