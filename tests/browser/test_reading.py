"""The built book as a reader meets it: complete, offline, searchable, on any screen."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build
from tests.browser.pages import boxed, foreign, settle, watched

pytestmark = pytest.mark.browser

MEGABYTE = 1e6
CHAPTERS = [
    path.relative_to(root() / "book").with_suffix(".html").as_posix() for path in build.notebooks()
]
#: Any one chapter, for what all of them have in common.
CHAPTER = next(chapter for chapter in CHAPTERS if chapter[0].isdigit())


class Targets(HTMLParser):
    """Collects what a page links to and what can be linked to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.names, self.undescribed = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names |= {given.get("id"), given.get("name") if tag == "a" else None}
        self.links += [given[name] for name in ("href", "src") if given.get(name)]
        if tag == "img" and "alt" not in given:
            self.undescribed.append(given.get("src", "")[:80])


@pytest.fixture(scope="module")
def pages(html):
    found = [path for path in html.rglob("*.html") if "_static" not in path.parts]
    return {path: Targets(path.read_text(encoding="utf-8")) for path in found}


def test_every_internal_link_and_anchor_leads_somewhere(html, pages):
    broken = []
    for page, targets in pages.items():
        for link in targets.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            missing = not target.exists()
            known = pages[target].names if target in pages else None
            lost = parts.fragment and known is not None and unquote(parts.fragment) not in known
            if missing or lost:
                broken.append(f"{page.relative_to(html)}: {link}")
    assert broken == []


def test_every_picture_is_described(html, pages):
    undescribed = {
        page.relative_to(html).as_posix(): targets.undescribed
        for page, targets in pages.items()
        if targets.undescribed
    }
    assert undescribed == {}


def test_a_table_that_a_cell_shows_is_a_table(pages):
    as_typed = [page.name for page in pages if "<p>| " in page.read_text(encoding="utf-8")]
    assert as_typed == []


def test_every_notebook_is_a_page(html):
    assert [page for page in CHAPTERS if not (html / page).is_file()] == []


def visit(chromium, address, **options):
    """Open a page in a browser of its own."""
    page = watched(chromium.new_context(**options))
    page.goto(address)
    return settle(page)


@pytest.fixture
def open_page(chromium):
    """Return a function that opens a page."""
    pages = []

    def open_page(address, **options):
        pages.append(visit(chromium, address, **options))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture(scope="module")
def origin(book_server):
    return book_server.origin


@pytest.fixture(scope="module", params=CHAPTERS)
def page(request, chromium, origin):
    """Each page of the book in turn, opened once for all that is asked of it."""
    page = visit(chromium, f"{origin}/{request.param}", color_scheme="light")
    yield page
    page.context.close()


def test_a_static_page_offers_what_the_build_says_works(chromium, html, expect):
    told = {
        "Colab": "https://colab.example/x.ipynb",
        "Binder": "https://binder.example/x.ipynb",
        "install": "%pip install something",
    }
    context = chromium.new_context()
    context.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
          for (const [name, content] of Object.entries(TOLD)) document.head.append(
            Object.assign(document.createElement("meta"), { name: `launch:${name}`, content }));
        }, true)""".replace("TOLD", json.dumps(told))
    )
    page = context.new_page()
    page.goto((html / CHAPTER).as_uri())
    bar = page.locator(".launch-bar")
    expect(bar.get_by_role("link")).to_have_text(["Colab", "Binder", "Download the notebook"])
    assert bar.get_by_role("link").first.get_attribute("href") == told["Colab"]
    expect(bar).to_contain_text("In Colab, run first: %pip install something")
    notebook = bar.get_by_role("link", name="Download the notebook").get_attribute("href")
    assert notebook.endswith(f"_sources/{CHAPTER.replace('.html', '.ipynb')}")
    context.close()


def test_an_assignment_is_downloaded_from_a_page_in_a_folder(open_page, html):
    page = open_page((html / "teaching" / "students.html").as_uri())
    with page.expect_download() as download:
        page.locator(".assignment").get_by_role("link", name="Download the notebook").first.click()
    released = root() / "exercises" / "a1" / "a1.ipynb"
    assert download.value.suggested_filename == "a1.ipynb"
    assert Path(download.value.path()).read_bytes() == released.read_bytes()


def test_a_served_page_asks_no_other_host(page, origin):
    assert foreign(page, origin) == []
    assert page.failed == []
    assert page.errors == []


def test_a_page_is_light(page, record_property):
    transferred, paint = page.evaluate(
        """() => {
          const loaded = performance.getEntriesByType("resource");
          const all = [performance.getEntriesByType("navigation")[0], ...loaded];
          const paint = performance.getEntriesByName("first-contentful-paint")[0];
          return [all.reduce((sum, e) => sum + e.transferSize, 0), paint?.startTime ?? 0];
        }"""
    )
    record_property("megabytes", transferred / MEGABYTE)
    record_property("first_paint_ms", paint)
    print(f"{page.url}: {transferred / MEGABYTE:.2f} MB, first paint after {paint:.0f} ms")
    assert 0 < transferred < 2 * MEGABYTE
    # One second is the aim on an idle machine; this bound only catches what is badly wrong.
    assert 0 < paint < 10_000


def findings(page, violations, only=None):
    """Return what axe finds, less the choices of a quiz that it cannot read but Chromium can.

    axe sees no text in MathML, so to it a choice that is a formula has no label.
    """
    return [each for each in violations(page, only=only) if "quiz-" not in each]


def nameless(page):
    """Return the choices of a page's quiz that have no name for Chromium."""
    choices = page.locator(".quiz input:is([type=radio], [type=checkbox])").all()
    names = [choice.aria_snapshot() for choice in choices]
    return [name for name in names if not re.match(r'- (radio|checkbox) "?.', name)]


def in_the_dark(page):
    """Have a page take the dark theme."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")


def with_plain_code(page):
    """Have code be plain: its coloured words are half of a page's elements, and alike on all."""
    page.evaluate(
        "document.querySelectorAll('div.highlight pre').forEach("
        "(pre) => { pre.textContent = pre.textContent; })"
    )


def test_a_page_is_accessible(page, violations):
    with_plain_code(page)
    page.add_style_tag(content="* { transition: none !important; }")
    assert nameless(page) == []
    with boxed(page):
        assert findings(page, violations) == []
        in_the_dark(page)  # which changes colours and nothing else
        assert findings(page, violations, only=["color-contrast"]) == []
    assert nameless(page) == []
    page.emulate_media(color_scheme="light")


#: Faults in the drawn part of a formula, in its spoken part, and beside it.
FAULTS = """() => {
  const formulas = [...document.querySelectorAll(".bd-article mjx-container")];
  const within = (n, part) => formulas[n].querySelector(`${part} > *`);
  within(0, "mjx-math").insertAdjacentHTML("beforeend", "<a href='#'>planted</a>");
  within(1, "mjx-math").tabIndex = 0;
  within(2, "math").setAttribute("role", "planted");
  within(3, "math").setAttribute("aria-planted", "spoken");
  formulas[4].setAttribute("aria-planted", "beside");
  formulas[5].insertAdjacentHTML("beforebegin", "<b style='color: #ccc'>pale</b>");
  formulas[6].insertAdjacentHTML("afterend", "<img src='data:,'>");
  formulas[7].tabIndex = -1; // no key scrolls it
  formulas[7].style.cssText = "display: block; width: 9px; overflow: auto";
}"""


def test_a_fault_in_or_beside_a_formula_is_found_where_formulas_are_boxes(
    open_page, origin, violations
):
    page = open_page(f"{origin}/13_gpu.html", color_scheme="light")
    with_plain_code(page)
    article = page.locator("article")
    before = article.inner_html()
    with boxed(page) as parts:
        assert parts == 2 * page.locator("mjx-container").count() > 50
        assert article.inner_html() != before
    assert article.inner_html() == before
    page.evaluate(FAULTS)
    # A moment later the page marks what scrolls by now.
    article.locator("mjx-container[tabindex='-1'][data-more]").wait_for(state="attached")
    with boxed(page):
        found = findings(page, violations)
    assert found == findings(page, violations)
    assert len(found) == 8


def test_code_is_readable_on_both_themes(open_page, origin, violations):
    page = open_page(f"{origin}/{CHAPTER}", color_scheme="light")
    page.add_style_tag(content="* { transition: none !important; }")
    assert violations(page, "div.cell:has(div.highlight)") == []
    in_the_dark(page)
    assert violations(page, "div.cell:has(div.highlight)", only=["color-contrast"]) == []


def test_a_phone_shows_a_page_without_scrolling_sideways(page):
    before = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(before)
    assert width <= 360


@pytest.mark.parametrize(
    "name",
    [
        "appendices/api.html",
        "appendices/api/layers.html",
        "appendices/glossary.html",
        "genindex.html",
    ],
)
def test_the_appendices_fit_a_phone_too(open_page, origin, name):
    page = open_page(f"{origin}/{name}", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_formulas_are_typeset_from_the_book_itself(open_page, origin, html):
    with_formulas = [name for name in CHAPTERS if 'class="math' in (html / name).read_text()]
    page = open_page(f"{origin}/{with_formulas[0]}")
    page.locator("mjx-container").first.wait_for()
    assert page.locator("mjx-merror").count() == 0
    assert any("/mathjax/" in url for url in page.asked)


def test_a_page_without_formulas_loads_no_mathjax(open_page, origin):
    page = open_page(f"{origin}/genindex.html")
    assert not any("mathjax" in url for url in page.asked)


def test_search_finds_a_chapter(open_page, origin, expect):
    page = open_page(f"{origin}/intro.html")
    page.keyboard.press("Control+K")
    page.keyboard.type("neighbour")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results").inner_text()
    assert re.search("nearest neighbour", found, re.I)
    page.locator("#search-results li a").first.click()
    expect(page.locator("article h1")).to_be_visible()


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_and_the_switch(open_page, origin):
    dark = open_page(f"{origin}/intro.html", color_scheme="dark")
    light = open_page(f"{origin}/intro.html", color_scheme="light")
    assert background(dark) != background(light)
    before = background(light)
    for _ in range(3):  # auto, light, dark in some order
        light.locator(".theme-switch-button:visible").click()
        if background(light) != before:
            break
    assert background(light) == background(dark)
    light.reload()
    assert background(light) == background(dark)


def test_code_can_be_copied(chromium, origin):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{origin}/{CHAPTER}")
    block = page.locator("div.cell_input div.highlight:visible").first
    block.hover()
    block.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == block.locator("pre").inner_text().strip()
    context.close()


def test_the_notebook_can_be_downloaded(open_page, origin):
    page = open_page(f"{origin}/{CHAPTER}")
    link = page.locator("a.btn-download-source-button").get_attribute("href")
    assert link.endswith(".ipynb")
    answer = page.request.get(f"{origin}/{link}")
    assert answer.json()["nbformat"] == 4


def test_buttons_that_would_not_work_are_not_shown(open_page, origin):
    """Without a repository address there is nothing for Colab, Binder or GitHub to open."""
    words = open_page(f"{origin}/{CHAPTER}").content().lower()
    assert [
        name for name in ("mybinder.org", "colab.research", "github.com") if name in words
    ] == []
