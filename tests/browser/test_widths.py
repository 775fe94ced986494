"""Every page from a folder, at every width.

Nothing is cut, what scrolls says so, the theme moves nothing, no other host is asked.
"""

from types import SimpleNamespace

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build
from cs231n_lib.course.publishing.sphinx import figures
from tests.browser.pages import foreign, settle, watched

pytestmark = pytest.mark.browser

#: 320 is a screen of 1280 at a zoom of 400 %.
WIDTHS = (320, 390, 768, 1280, 1920)
BOOK = root() / "book"
PAGES = sorted(
    path.relative_to(BOOK).with_suffix(".html").as_posix()
    for pattern in ("*.ipynb", "*.md")
    for path in BOOK.rglob(pattern)
    if path.name != "README.md" and not build.IGNORED & set(path.parts)
)


def source(name):
    """Return the text of the notebook of a page; "" if it has none."""
    path = (BOOK / name).with_suffix(".ipynb")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


MEASURE = """() => {
  const found = [];
  const name = (e) => `${e.tagName}.${e.className} "${e.textContent.trim().slice(0, 40)}"`;
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) found.push(`the page is ${page.scrollWidth} px wide`);
  for (const e of document.querySelectorAll(".bd-article :is(.cell_input, .listing) .wraps"))
    found.push(`a line of code is broken: ${name(e)}`);
  for (const e of document.querySelectorAll(".bd-article thead"))
    if (e.checkVisibility() && !e.textContent.trim()) found.push("a row of headings is empty");
  for (const e of document.querySelectorAll(".bd-article *")) {
    const hidden = e.scrollWidth - e.clientWidth;
    const below = e.scrollHeight - e.clientHeight - e.scrollTop;
    const field = e.tagName === "TEXTAREA";
    if (below > 4 && getComputedStyle(e).overflowY === "auto" && !field && !("below" in e.dataset))
      found.push(`scrolls down without a sign: ${name(e)}`);
    if (hidden < 2 || e.clientWidth < 2 || e.closest("span.math, mjx-container *")) continue;
    const style = getComputedStyle(e);
    if (style.display === "inline" || !e.checkVisibility()) continue;
    if (["hidden", "clip"].includes(style.overflowX)) found.push(`cut: ${name(e)}`);
    if (!["auto", "scroll"].includes(style.overflowX)) continue;
    if (!e.dataset.more) found.push(`scrolls without a sign: ${name(e)}`);
    if (e.tabIndex < 0) found.push(`no key scrolls: ${name(e)}`);
    if (innerWidth >= 1280 && e.tagName === "PRE") found.push(`a line is cut: ${name(e)}`);
  }
  if (innerWidth === 390)
    for (const e of document.querySelectorAll(".bd-article mjx-container")) {
      const table = e.closest(".pst-scrollable-table-container, .cell_output");
      const parts = e.hasAttribute("display") ? [e, e.closest("div.math") ?? e] : [];
      const cut = parts.some((part) => part.scrollWidth - part.clientWidth > 1);
      const over = e.getBoundingClientRect().right > innerWidth;
      if (!table && e.checkVisibility() && (cut || over))
        found.push(`an equation is too long for a phone: ${e.textContent.slice(0, 40)}`);
    }
  for (const e of document.querySelectorAll(".bd-article span.math mjx-math")) {
    const place = e.closest("p, li, td, dd, figcaption, summary, label, div");
    const { right } = place.getBoundingClientRect();
    if (e.checkVisibility() && [...e.getClientRects()].some((line) => line.right > right + 1))
      found.push(`a formula in the text is cut: ${e.parentElement.textContent.slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll(".bd-article :is(svg[role='img'], picture img)"))
    for (let up = e.parentElement; up && e.checkVisibility(); up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible" && !up.scrollLeft
          && e.getBoundingClientRect().left < up.getBoundingClientRect().left - 1)
        found.push(`cut on the left: ${e.getAttribute("alt") ?? e.getAttribute("aria-label")}`);
  for (const e of document.querySelectorAll(".bd-article picture.drawn"))
    if (e.checkVisibility() && e.parentElement.querySelectorAll("button.enlarge").length === 0)
      found.push(`cannot be enlarged: ${e.querySelector("img").alt.slice(0, 40)}`);
  const list = document.querySelector(".bd-sidebar-secondary");
  for (const e of list?.querySelectorAll(".toc-entry code") ?? [])
    if (e.getBoundingClientRect().right > list.getBoundingClientRect().right)
      found.push(`cut in the list of contents: ${e.textContent}`);
  if (document.querySelector("[tabindex]:not([tabindex='0'], [tabindex='-1'])"))
    found.push("something jumps the queue of the Tab key");
  return found;
}"""


BOXES = """() => [...document.querySelectorAll(".bd-article *")]
  .filter((e) => e.checkVisibility())
  .map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    return [e.tagName, ...[x, y, width, height].map(Math.round)].join(" ");
  })
  .join("\\n")
"""  # one text: a list is handed over line by line

LETTERS = """() => [...document.querySelectorAll(".bd-article picture.drawn img[data-text]")]
  .filter((e) => e.checkVisibility())
  .map((e) => {
    const drawn = e.parentElement.querySelector("source") ?? e; // what a phone is given
    return [e.alt.slice(0, 50), e.dataset.text * e.clientWidth / drawn.getAttribute("width")];
  })"""

WHOLE = """() => [...document.querySelectorAll(".bd-article picture.drawn")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .map((e) => {
    const image = e.querySelector("img");
    const drawn = (e.querySelector("source") ?? image).getAttribute("width");
    return [image.alt.slice(0, 50), image.dataset.text * image.clientWidth / drawn];
  })"""

#: Formulas in running text whose comma, full stop or bracket stands on the next line.
PARTED = """() => [...document.querySelectorAll(".bd-article :is(p, li) span.math")]
  .filter((e) => {
    const after = e.nextSibling;
    if (after?.nodeType !== Node.TEXT_NODE || !e.checkVisibility()) return false;
    if (!/^[^\\s\\p{L}\\p{N}([“‘]/u.test(after.data)) return false;
    const sign = document.createRange();
    sign.setStart(after, 0);
    sign.setEnd(after, 1);
    return sign.getBoundingClientRect().left < [...e.getClientRects()].at(-1).right - 3;
  })
  .map((e) => e.closest("p, li").textContent.trim().slice(0, 60))"""

#: What is measured on every page, and at which widths.
MEASURED = {
    MEASURE: WIDTHS,
    PARTED: WIDTHS[:3],
    LETTERS: (390,),
    WHOLE: (390,),
}
#: The widths at which the dark theme is tried too, on the way back from the widest: one change of
#: theme does for both.
THEMED = (1280, 390)
STEPS = [*((width, "light") for width in WIDTHS), *((width, "dark") for width in THEMED)]


@pytest.fixture(scope="module")
def context(chromium):
    context = chromium.new_context(color_scheme="light", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture(scope="module")
def window(context):
    """One page, for what is tried on pages of one's choice."""
    return context.new_page()


@pytest.fixture(scope="module", params=PAGES)
def page(request, context, html):
    """What was seen on each page in turn, opened from its folder once and measured at every width.

    `found` holds what each script of ``MEASURED`` gave, and `boxes` where everything stands in
    each theme, by width.
    """
    page = watched(context)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.goto((html / request.param).as_uri())
    settle(page)
    explored = page.locator("[data-explore]").count()
    page.wait_for_function(f"document.querySelectorAll('[data-ready]').length >= {explored}")
    ready = page.locator("[data-ready]").count()
    bars = [page.locator(f".{bar}-bar").count() for bar in ("live", "launch")]
    # An assignment has its own offer, above its text.
    sheet = page.locator("a[data-worksheet]").count() > 0
    runs = page.locator("div.cell_input").count() > 0 and not sheet
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    found, boxes = {script: {} for script in MEASURED}, {width: {} for width in THEMED}
    for width, scheme in STEPS:
        in_theme(page, scheme)
        at(page, width)
        if width in THEMED:
            boxes[width][scheme] = page.evaluate(BOXES).splitlines()
        for script, widths in MEASURED.items():
            if scheme == "light" and width in widths:
                found[script][width] = page.evaluate(script)
    seen = SimpleNamespace(
        name=request.param, bars=bars, runs=runs, found=found, boxes=boxes,
        explored=explored, ready=ready,
        asked=[*page.asked], failed=[*page.failed], errors=[*page.errors],
    )  # fmt: skip
    page.close()
    return seen


def at(page, width):
    """Give a page a width, and have it laid out: marks are set once a frame was."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
    return page


def in_theme(page, scheme):
    """Have a page take a theme, if it has the other one."""
    if page.evaluate("document.documentElement.dataset.theme") != scheme:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")


def test_a_page_opened_from_a_folder_asks_no_other_host(page, html):
    assert foreign(page, html.as_uri()) == []
    assert page.failed == []
    assert page.errors == []


def test_a_page_opened_from_a_folder_offers_its_notebook(page):
    assert page.bars == [0, int(page.runs)]


def test_figures_to_explore_come_to_life(page, html):
    named = (html / page.name).read_text(encoding="utf-8").count('data-explore="')
    assert page.ready == page.explored == named


def test_nothing_is_cut_at_any_width(page):
    assert {width: lines for width, lines in page.found[MEASURE].items() if lines} == {}


@pytest.mark.parametrize("width", THEMED)
def test_the_theme_moves_nothing(page, width):
    boxes = page.boxes[width]
    assert boxes["light"]
    assert boxes["dark"] == boxes["light"]


def test_letters_in_figures_are_read_on_a_phone(page, record_property):
    letters = page.found[LETTERS][390]
    record_property("pixels", letters)
    assert letters or "image/png" not in source(page.name)
    assert [(alt, size) for alt, size in letters if size < 11] == []


def test_a_figure_scrolls_on_a_phone_only_if_its_letters_are_the_smallest(page):
    scrolling = page.found[WHOLE][390]
    assert [(alt, size) for alt, size in scrolling if size > figures.LEGIBLE + 0.1] == []


def test_no_line_begins_with_the_comma_of_a_formula(page):
    assert page.found[PARTED] == {width: [] for width in WIDTHS[:3]}


FORMULAS = """() => [...document.querySelectorAll(".bd-article mjx-container[display]")]
  .filter((e) => e.checkVisibility())
  .map((e) => {
    const size = parseFloat(getComputedStyle(e).fontSize);
    const text = parseFloat(getComputedStyle(e.parentElement).fontSize);
    e.style.setProperty("--fit", 1);
    return [size / text, e.scrollWidth > e.clientWidth];
  })"""


def test_a_formula_on_a_phone_is_smaller_than_the_text_only_to_fit(window, html):
    window.set_viewport_size({"width": 390, "height": 844})
    window.goto((html / "08_optimisation.html").as_uri())
    settle(window)
    shares = at(window, 390).evaluate(FORMULAS)
    assert {share for share, over in shares if not over} == {1}
    smaller = [share for share, over in shares if over]
    assert smaller
    assert all(0.8 < share < 1 for share in smaller)


def test_the_table_of_both_losses_fits_a_phone(window, html):
    window.set_viewport_size({"width": 390, "height": 844})
    window.goto((html / "06_svm_loss.html").as_uri())
    table = window.locator(".explore-table").first
    table.wait_for()
    assert table.evaluate("(e) => e.scrollWidth <= e.parentElement.clientWidth")


def test_a_formula_is_whole_again_where_there_is_room(window, html):
    window.set_viewport_size({"width": 320, "height": 844})
    window.goto((html / "08_optimisation.html").as_uri())
    settle(window)
    broken = window.locator(".bd-article span.math.broken")
    broken.first.wait_for()
    assert broken.first.evaluate("(e) => e.querySelector('mjx-math').getClientRects().length") > 1
    window.set_viewport_size({"width": 1280, "height": 844})
    broken.first.wait_for(state="detached")


def test_a_figure_opens_in_full_size_and_gives_the_focus_back(window, html):
    window.set_viewport_size({"width": 390, "height": 844})
    window.goto((html / "05_linear_classification.html").as_uri())
    button = window.locator("button.enlarge").first
    button.focus()
    window.keyboard.press("Enter")
    dialog = window.get_by_role("dialog", name="Fig. 5.1")
    picture = dialog.locator("img")
    assert picture.evaluate(
        "(e) => e.complete || new Promise((done) => { e.onload = () => done(true); })"
    )
    assert picture.evaluate("(e) => e.clientWidth >= e.naturalWidth")
    assert picture.get_attribute("alt")
    window.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("(e) => e === document.activeElement")


def test_each_theme_has_figures_of_its_own(window, html):
    window.goto((html / "05_linear_classification.html").as_uri())
    shown = {}
    for scheme in ("light", "dark"):
        window.emulate_media(color_scheme=scheme)
        window.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        visible = [each for each in window.locator("picture.drawn").all() if each.is_visible()]
        shown[scheme] = [each.locator("img").get_attribute("src") for each in visible]
    window.emulate_media(color_scheme="light")
    assert shown["light"]
    assert [src.replace("-light", "-dark") for src in shown["light"]] == shown["dark"]


def test_panels_stand_below_one_another_on_a_phone(window, html):
    shape = {}
    for width in (390, 1280):
        window.set_viewport_size({"width": width, "height": 844})
        window.goto((html / "06_svm_loss.html").as_uri())
        picture = window.locator("picture.on-light:has(source) img").first
        picture.scroll_into_view_if_needed()
        picture.evaluate(
            "(e) => e.complete || new Promise((done) => { e.onload = () => done(true); })"
        )
        box = picture.bounding_box()
        shape[width] = box["height"] / box["width"]
    assert shape[390] > 1 > shape[1280]


def test_stillness_is_kept_where_it_is_asked_for(window, html):
    window.goto((html / "intro.html").as_uri())
    assert window.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert (
        window.evaluate(
            "[...document.querySelectorAll('*')]"
            ".filter((e) => parseFloat(getComputedStyle(e).transitionDuration)).length"
        )
        == 0
    )
