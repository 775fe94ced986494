"""The engine in a second browser: chapters, an exercise, an endless loop, a host that goes away."""

from contextlib import ExitStack

import pytest

from tests.browser.engine import CHAPTERS, differences, start
from tests.browser.host import BASE, PAGE, RIGHT, WRONG, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: A page's buttons and what it says, without Playwright.
HANDS = """window.press = (label) => {
  const found = [...document.querySelectorAll("button")].find((b) => b.textContent === label);
  found.click();
};
window.bar = () => document.querySelector(".live-bar");
window.write = (selector, text) =>
  document.querySelector(`${selector} .CodeMirror`).CodeMirror.setValue(text);
window.inside = (selector, label) =>
  [...document.querySelectorAll(`${selector} button`)].find((b) => b.textContent === label);
window.verdict = () => document.querySelector("div.tag_practice-check .practice")?.dataset.state;
"""
LOOP = "n = 0\nwhile True:\n    n += 1"


@pytest.fixture(scope="module")
def page(mozilla, engine_site):
    """The page of the engine: opened once, as its program is compiled each time that it is."""
    page = mozilla.new_page()
    start(page, engine_site[1])
    page.wait_for_function("engine.image")
    yield page
    page.close()


@pytest.mark.parametrize(
    "path", [path for path in CHAPTERS if path.stem[:2] in ("01", "03", "09", "12")],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_a_chapter_says_what_it_stored(page, path):
    page.evaluate("engine.restart()")
    assert page.evaluate("states.at(-1)[0]") == "restarted", page.evaluate("states")
    wrong = differences(page, path)
    assert not wrong, "\n".join(map(str, wrong))


def visit(mozilla, address):
    page = mozilla.new_page()
    page.goto(address)
    page.evaluate(f"() => {{ {HANDS} }}")
    page.wait_for_function("bar()")
    return page


def check(page, source, verdict):
    page.evaluate("text => write('div.tag_practice', text)", source)
    page.evaluate("inside('div.tag_practice', 'Check').click()")
    page.wait_for_function(f"verdict() === '{verdict}'")


def test_a_reader_works_with_a_page_and_comes_back(mozilla, published):
    with ExitStack() as open_host:
        address = open_host.enter_context(served(published)) + f"{BASE[1:]}{PAGE}.html"
        page = visit(mozilla, address)
        page.wait_for_function("bar().textContent.includes('MB, once')")
        page.evaluate("press('Run this page live')")
        page.wait_for_function("bar().dataset.state === 'ready'")
        check(page, WRONG, "failed")
        assert "Likely reason:" in page.evaluate("document.body.innerText")
        page.close()
        page = visit(mozilla, address)
        page.wait_for_function("bar().textContent.includes('Python is here already')")
        page.evaluate("press('Run this page live')")
        page.wait_for_function("bar().dataset.state === 'ready'")
    # The host is gone now.
    assert "-dists" in page.evaluate(
        "document.querySelector('div.tag_practice .CodeMirror').CodeMirror.getValue()"
    )
    check(page, RIGHT, "passed")
    page.evaluate("text => write('div.tag_practice', text)", LOOP)
    page.evaluate("inside('div.tag_practice', 'Check').click()")
    page.wait_for_function("bar().dataset.state === 'busy'")
    page.evaluate("press('Interrupt')")
    page.wait_for_function("document.body.innerText.includes('KeyboardInterrupt')")
    page.close()
