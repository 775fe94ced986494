"""What a reader sees and no checker of accessibility asks for: one look for what is of one kind."""

import re

import pytest

from cs231n_lib.course.publishing import build
from tests.browser.pages import settle

pytestmark = pytest.mark.browser

CHAPTER = next(path.stem for path in build.notebooks() if path.stem[0].isdigit())
GRAPHS = "09_backpropagation.html"
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])

CONTRAST = """(inks) => {
  const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0.05);
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return inks.map((e) => light(getComputedStyle(e).fill))
    .map((ink) => Math.max(ink, ground) / Math.min(ink, ground));
}"""

ASTRAY = """(names) => names.filter((e) => {
  const { bottom } = e.querySelector(".viewcode-link").getBoundingClientRect();
  return bottom > e.getBoundingClientRect().bottom + 1;
}).map((e) => e.id)"""


@pytest.fixture
def seen(chromium, book_server):
    """Return a function that opens a page of the book on a wide screen."""
    contexts = []

    def seen(name, scheme="light"):
        options = {"color_scheme": scheme, "viewport": {"width": 1280, "height": 900}}
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.goto(f"{book_server.origin}/{name}")
        return settle(page)

    yield seen
    for context in contexts:
        context.close()


@SCHEMES
@pytest.mark.parametrize("name", ["appendices/errata.html", "appendices/api/nets.html"])
def test_links_have_one_colour_in_tables_and_around_code_too(seen, name, scheme):
    links = seen(name, scheme).locator(".bd-article :is(p, td, dd) a.reference:visible")
    colours = links.evaluate_all(
        "(links) => links.map((e) => getComputedStyle(e.querySelector('code') ?? e).color)"
    )
    assert len(colours) > 10
    assert len(set(colours)) == 1


@SCHEMES
def test_the_numbers_of_a_graph_are_readable(seen, scheme):
    numbers = seen(GRAPHS, scheme).locator(".cell_output svg[role=img] text")
    ratios = numbers.evaluate_all(CONTRAST)
    assert len(ratios) > 50
    assert min(ratios) > 4.5


@pytest.mark.parametrize("name", [f"{CHAPTER}.html", "assignments/a1.html", "intro.html"])
def test_no_button_has_the_look_of_the_browser(seen, name):
    page = seen(name)
    page.get_by_role("button", name="Run this page live").wait_for()
    raw = page.locator(".bd-article button:visible").evaluate_all(
        "(all) => all.filter((e) => getComputedStyle(e).borderStyle === 'outset')"
        ".map((e) => e.textContent)"
    )
    assert raw == []


def test_a_signature_says_what_its_author_wrote(html):
    """No address in memory, no class in angle brackets, no constant with all that is in it."""
    signature = re.compile(r'<dt class="sig[^"]*" id="([^"]*)">.*?</dt>', re.S)
    said = {
        match[1]: re.sub("<[^>]*>", "", match[0])
        for page in (html / "appendices" / "api").glob("*.html")
        for match in signature.finditer(page.read_text("utf-8"))
    }
    assert len(said) > 100
    assert [name for name, text in said.items() if "&lt;" in text or len(text) > 400] == []


def test_the_link_to_a_source_stands_beside_its_name(seen):
    names = seen("appendices/api/nets.html").locator("dt:has(.viewcode-link)")
    assert names.count() > 10
    assert names.evaluate_all(ASTRAY) == []


def test_the_source_of_a_module_is_shown_whole(seen):
    source = seen("_modules/cs231n_lib/layers/affine.html").locator(".bd-article pre")
    assert source.evaluate("e => e.scrollWidth - e.clientWidth") < 2
