"""Printing to PDF: the browser is real, the page is small."""

import shutil

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import paper, pdf

PAGE = """<!doctype html><title>Two sheets</title>
<h1>First</h1><p>Text.</p><h1 style="break-before: page">Second</h1><p>More.</p>"""


def test_prints_every_sheet_with_an_outline_and_leaves_nothing_else(program, tmp_path):
    page, target = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(PAGE)
    pdf.print_page(page, target)
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    assert paper.count(content) == 2
    assert b"/Outlines" in content
    assert sorted(tmp_path.iterdir()) == [page, target]


def test_page_numbers_are_those_of_the_printed_sheets(program, tmp_path):
    chapter = (
        '<span id="document-{0}"></span><section id="{0}"><h2>{0}</h2>'
        '<section id="alike"><h3 style="break-before: page">Alike</h3></section></section>'
    )
    body = "".join(map(chapter.format, ("one", "two")))
    soup = paper.prepare(f"<section><h1>Book</h1>{body}</section>", "Author")
    page, target = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(str(soup))
    pdf.print_page(page, target)
    paper.number(soup, paper.targets(target.read_bytes()))
    assert [a.text for a in soup.select(".paper-contents .paper-page")] == ["2", "3", "4", "5"]


def test_says_what_to_install_without_a_browser(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="apt install chromium"):
        pdf.build()


def test_keeps_the_old_file_when_nothing_was_printed(tmp_path, monkeypatch):
    target = tmp_path / "book.pdf"
    target.write_text("old")
    monkeypatch.setattr(pdf, "browser", lambda: shutil.which("false"))
    with pytest.raises(UserError, match="printed nothing"):
        pdf.print_page(tmp_path / "page.html", target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
