"""The feedback page in a browser: it fits a phone, in both themes, and everyone can use it."""

import pytest

from cs231n_lib.course.assignment.sections import _read, section_of
from cs231n_lib.course.classroom.outgoing import pages
from tests.course.classroom.outgoing.test_feedback_page import grade, master, result

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_and_is_accessible(chromium, violations, tmp_path, theme, width):
    found = result(notes=["the cell compute_distances_no_loops is missing"])
    found.answers["predict_labels"] = "x" * 500 + "\n" + "    word " * 60
    text = pages.feedback("a1", found, grade("Well. " * 80), master(), "https://book.example")
    (tmp_path / "a1.html").write_text(text, encoding="utf-8")
    page = chromium.new_page(color_scheme=theme, viewport={"width": width, "height": 800})
    page.goto((tmp_path / "a1.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page, "body") == []
    page.close()


def test_every_section_that_a_page_links_is_there_in_the_book(html):
    linked = [section_of(name, exercise) for name, own in _read().items() for exercise in own]
    for section in linked:
        page = (html / f"{section.page}.html").read_text(encoding="utf-8")
        assert f'id="{section.anchor}"' in page, section
