"""The one long page on paper: what is opened, left out and added, and where page numbers go."""

import re

import pytest

from cs231n_lib.course.publishing import paper

PAGE = """<html><head><script src="mathjax/tex-chtml.js"></script></head><body>
<script src="quiz.js"></script><button>Search</button><article>
<section id="book"><h1>Book<a class="headerlink" href="#book">#</a></h1><p>Welcome.</p>
<span id="document-one"></span><section id="one"><h1>1. "One"<a class="headerlink">#</a></h1>
<section id="first"><h2>1.1. First</h2><p>A <a href="book.html#term-loss">loss</a>,
<a id="id1" class="headerlink" href="#id1">#</a> <a class="work" href="book.html#id1">Somebody</a>,
<a class="far" href="https://book.example/book.html#id1">far</a>.</p>
<details class="hide"><summary>Show the code</summary>code</details>
<details class="hide"><summary>Show the code of the figure</summary>draw</details>
<details><summary>Answer</summary>42</details>
<div id="listing-cs231n_lib.nearest">def</div></section></section>
<span id="document-appendices/glossary"></span><section id="glossary"><h1>Glossary</h1>
<dl><dt id="term-loss">loss<a class="headerlink">#</a></dt>
<dd>See <a href="#term-loss">loss</a>.</dd></dl>
<div class="citation" id="id1">Somebody, a work.</div></section>
<span id="document-appendices/api/losses"></span><section id="api"><h1>Losses</h1></section>
</section></article></body></html>"""
PDF = rb"""7 0 obj
<</Type /Page
endobj
9 0 obj
<</Length 3>> stream
1 0 obj
<</Type /Page
endstream
12 0 obj
<</Type /Page
endobj
13 0 obj
<</one [7 0 R /XYZ 6 826 0]
/term-a#20b [12 0 R /XYZ 6 826 0]
/lost [99 0 R /XYZ 6 826 0]>>
"""


@pytest.fixture
def soup():
    return paper.prepare(PAGE, "An author\nVersion 1\n2026-01-02")


def test_folds_stand_open_and_buttons_are_gone(soup):
    assert all(fold.has_attr("open") for fold in soup.find_all("details"))
    assert "Show the code" not in soup.text
    assert "Answer" in soup.text
    assert "code" in soup.text
    assert "draw" not in soup.text
    assert not soup.select("button, details.hide")
    assert [script["src"] for script in soup.find_all("script")] == ["mathjax/tex-chtml.js"]


def test_the_description_of_the_library_is_left_out(soup):
    assert soup.find(id="api") is None
    assert soup.find(id="glossary") is not None


def test_the_title_page_names_author_version_and_date(soup):
    facts = [p.text for p in soup.select("section#book > h1 + .paper-facts p")]
    assert facts == ["An author", "Version 1", "2026-01-02"]


def test_each_chapter_stands_at_the_head_of_its_sheets(soup):
    style = soup.style.string
    heads = re.findall(r'@page (\S+) \{\s*@top-right \{ content: "([^"]*)"', style)
    assert heads == [("sheet-1", "1. 'One'"), ("sheet-2", "Glossary")]
    assert soup.find(id="one")["style"] == "page: sheet-1"


def test_contents_leave_out_the_sections_that_every_chapter_has():
    chapter = (
        '<span id="document-{0}"></span><section id="{0}"><h1>{0}. Chapter</h1>'
        "<section><h2>{0}.1. Of its own {0}</h2></section>"
        "<section><h2>{0}.2. {1}</h2></section>"
        "<section><h2>{0}.3. Exercises</h2></section></section>"
    )
    names = ("Pairs", "Pairs", "Pairs", "Alone")
    body = "".join(chapter.format(n, name) for n, name in enumerate(names, 1))
    soup = paper.prepare(f"<section><h1>Book</h1>{body}</section>", "Author")
    lines = [line.text.removesuffix("000") for line in soup.select(".paper-contents li li")]
    assert lines == [
        line
        for n, name in enumerate(names, 1)
        for line in (f"{n}.1. Of its own {n}", f"{n}.2. {name}")
    ]
    assert soup.text.count("Exercises") == len(names)


def test_contents_and_index_get_page_numbers(soup):
    places = {heading.parent["id"]: heading["id"] for heading in soup.select("[id^=place-]")}
    pages = {places["one"]: 3, places["first"]: 4, places["glossary"]: 9, "term-loss": 9}
    paper.number(soup, {**pages, "listing-cs231n_lib.nearest": 4})
    lines = [line.text for line in soup.select(".paper-contents .paper-line")]
    assert lines == ['1. "One"3', "1.1. First4", "Glossary9"]
    assert [li.text for li in soup.select(".paper-index li")] == ["loss 49", "nearest 4"]


def test_links_between_chapters_lead_to_places_on_the_same_paper(soup):
    place = soup.select_one("a.work")["href"]
    assert soup.find(id=place.removeprefix("#")).text == "Somebody, a work."
    assert soup.find("a", string="loss")["href"] == "#term-loss"
    assert soup.select_one("a.far")["href"] == "https://book.example/book.html#id1"


def test_a_page_that_is_not_known_is_left_out(soup):
    paper.number(soup, {soup.find(id="one").h1["id"]: 3})
    assert [a.text for a in soup.select(".paper-page")] == ["3"]


def test_targets_are_read_from_what_chromium_writes():
    assert paper.targets(PDF) == {"one": 1, "term-a b": 2}


def test_anything_else_than_the_long_page_is_refused():
    with pytest.raises(ValueError, match="singlehtml"):
        paper.prepare("<p>Nothing</p>", "")
