"""The one long page of the book, made ready for paper.

Folds stand open but for the code of figures, a title page and contents come first, an index last,
each chapter has its title at the head of its sheets, and the description of the library is left to
the screen.  Page numbers are known only once a first copy was printed: `targets` reads them there,
`number` puts them in.
"""

import re
from collections import Counter
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag

from cs231n_lib.course.publishing.sphinx.folds import DRAWING

#: What stands before a page's name where it begins in the one long page.
DOCUMENT = "document-"
#: Signs that Chromium leaves as they are in the name of a target.
PLAIN = "/:;=@!$&'()*+,-._~"
#: How Chromium begins a sheet of a PDF.
SHEET = re.compile(rb"(\d+) 0 obj\n<</Type /Page\n")
#: The number before a heading, and in how many chapters at most a section of the contents stands:
#: one that nearly all of them have tells nothing.
NUMBER, COMMON = re.compile(r"^[\d.]+\s+"), 3
#: How a link to another chapter begins.
ACROSS = re.compile(r"^[^/:#]+\.html#")
LEFT_OUT = re.compile(rf"{DOCUMENT}appendices/api")
#: The frame of the theme with its buttons, a list of contents without page numbers, and what a
#: page says of work that was not done on it.
SCREEN = (
    "nav, button, dialog, footer, .bd-header, .bd-header-article, .bd-sidebar-primary, "
    ".bd-sidebar-secondary, #jb-print-docs-body, #pst-skip-link, "
    ".practice-headline"
)
HEAD = """@page {name} {{
  @top-right {{ content: "{title}"; font: 8.5pt "Source Sans 3", sans-serif; }}
}}"""


def prepare(page: str, facts: str) -> BeautifulSoup:
    """Return the one long page as it is to be printed, page numbers still missing.

    Parameters
    ----------
    page : str
        The HTML that Sphinx's builder `singlehtml` wrote.
    facts : str
        Author, version and date, one a line.

    Raises
    ------
    ValueError
        If it has no page that begins with a heading.
    """
    soup = BeautifulSoup(page, "html.parser")
    for mark in soup.find_all("span", id=LEFT_OUT):
        section = mark.find_next_sibling("section")
        if section is not None:
            section.decompose()
        mark.decompose()
    _leave_the_screen(soup)
    _lead_inside(soup)
    for n, section in enumerate(soup.find_all("section")):
        if heading := _heading(section):
            heading["id"] = f"place-{n}"  # chapters have sections of the same name
    documents = _documents(soup)
    if not documents:
        raise ValueError("expected a page of Sphinx's builder 'singlehtml': no document in it")
    heads = []
    for n, section in enumerate(documents[1:], 1):
        start = section.find_previous_sibling("span")
        if start is not None:
            section.insert(0, start.extract())  # alone between two sheets it would get one
        section["style"] = f"page: sheet-{n}"
        title = _title(_heading(section)).replace("\\", "").replace('"', "'")
        heads.append(HEAD.format(name=f"sheet-{n}", title=title))
    style = soup.new_tag("style")
    style.string = "\n".join(heads)
    (soup.head or soup).append(style)
    first = _heading(documents[0])
    assert first is not None
    first["class"] = "paper-title"
    about = _made(
        soup, "div", "paper-facts", *(_made(soup, "p", "", f) for f in facts.splitlines())
    )
    first.insert_after(about, _contents(soup, documents))
    documents[-1].insert_after(_index(soup))
    return soup


def _leave_the_screen(soup: BeautifulSoup) -> None:
    """Open what folds, and take out what only works on a screen, in place.

    What draws a figure is of use only where it can be run.  Of the scripts formulas alone need
    one; a quiz is then a list of questions with their answers.
    """
    for part in soup.select(SCREEN):
        part.decompose()
    for script in soup.find_all("script"):
        if "mathjax" not in f"{script.get('src', '')}{script.string or ''}".lower():
            script.decompose()
    if soup.html is not None:
        soup.html["data-theme"] = "light"
    for fold in soup.find_all("details"):
        fold["open"] = ""
    for fold in soup.select("details.hide"):
        if fold.summary is not None and DRAWING in fold.summary.text:
            fold.decompose()
            continue
        fold.name = "div"
        fold["class"] = "paper-fold"
        if fold.summary is not None:
            fold.summary.decompose()


def _lead_inside(soup: BeautifulSoup) -> None:
    """Have links between chapters lead to a place on the same paper, in place.

    Sphinx names the long page in them.  Each chapter counts places from `id1`: works are renamed.
    """
    works = {str(work["id"]): work for work in soup.select("div.citation[id]")}
    for name, work in works.items():
        work["id"] = f"work-{name}"
    for link in soup.find_all("a", href=ACROSS):
        place = ACROSS.sub("", str(link["href"]))
        link["href"] = f"#work-{place}" if place in works else f"#{place}"


def _documents(soup: BeautifulSoup) -> list[Tag]:
    """Return the sections that are a page each on the screen, the first, which holds all, too."""
    marks = soup.find_all("span", id=re.compile(DOCUMENT))
    if not marks:
        return []
    found = [marks[0].find_parent("section"), *(m.find_next_sibling("section") for m in marks)]
    return [s for s in found if isinstance(s, Tag) and _heading(s)]


def _contents(soup: BeautifulSoup, documents: list[Tag]) -> Tag:
    inner = [
        [part for part in section.find_all("section", recursive=False) if _heading(part)]
        for section in documents[1:]
    ]
    often = Counter(name for parts in inner for name in {_name(part) for part in parts})
    lines = []
    for section, within in zip(documents[1:], inner, strict=True):
        telling = [part for part in within if often[_name(part)] <= COMMON]
        parts = [_made(soup, "li", "", _line(soup, part)) for part in telling]
        line = _line(soup, section)
        lines.append(
            _made(soup, "li", "", line, *([_made(soup, "ol", "", *parts)] if parts else []))
        )
    heading = _made(soup, "p", "paper-heading", "Contents")
    return _made(soup, "nav", "paper-contents", heading, _made(soup, "ol", "", *lines))


def _index(soup: BeautifulSoup) -> Tag:
    """Return an index: the words of the glossary, and the functions shown, with their places."""
    places: dict[str, list[str]] = {}
    uses: dict[str, list[str]] = {}
    for link in soup.find_all("a", href=re.compile("^#term-")):
        section = link.find_parent("section")
        if section is not None and _heading(section):
            uses.setdefault(str(link["href"])[1:], []).append(_place(section))
    for term in soup.find_all("dt", id=re.compile("^term-")):
        start, glossary = str(term["id"]), term.find_parent("section")
        own = _place(glossary) if glossary is not None and _heading(glossary) else ""
        used = [place for place in uses.get(start, []) if place != own]
        places[_title(term)] = list(dict.fromkeys([*used, start]))  # the glossary stands last
    for box in soup.find_all(id=re.compile("^listing-")):
        place = str(box["id"])
        places.setdefault(place.rpartition(".")[2], []).append(place)
    lines = []
    for name in sorted(places, key=str.casefold):
        pages = [_page(soup, place) for place in places[name]]
        lines.append(_made(soup, "li", "", f"{name} ", *pages))
    heading = _made(soup, "h1", "", "Index")
    return _made(soup, "section", "paper-index", heading, _made(soup, "ul", "", *lines))


def _heading(section: Tag) -> Tag | None:
    """Return a section's own heading: its level says how deep the section stands."""
    return section.find(re.compile(r"^h[1-6]$"), recursive=False)


def _place(section: Tag) -> str:
    """Return the name under which links find a section's heading."""
    heading = _heading(section)
    assert heading is not None
    return str(heading["id"])


def _title(heading: Tag | None) -> str:
    """Return the words of a heading without the link that the page puts beside it."""
    words = heading.strings if heading else ()
    kept = (w for w in words if w.parent and w.parent.get("class") != ["headerlink"])
    return "".join(kept).strip()


def _name(section: Tag) -> str:
    """Return a section's title without its number."""
    return NUMBER.sub("", _title(_heading(section)))


def _line(soup: BeautifulSoup, section: Tag) -> Tag:
    """Return a section's title and the place of its page number."""
    place = _place(section)
    title = _link(soup, place, _title(_heading(section)))
    return _made(soup, "div", "paper-line", title, _page(soup, place))


def _link(soup: BeautifulSoup, place: str, text: str) -> Tag:
    link = _made(soup, "a", "", text)
    link["href"] = f"#{place}"
    return link


def _page(soup: BeautifulSoup, place: str) -> Tag:
    """Return a link whose page number is not known yet."""
    link = _link(soup, place, "000")
    link["class"] = "paper-page"
    return link


def _made(soup: BeautifulSoup, tag: str, kind: str, *content: Tag | str) -> Tag:
    made = soup.new_tag(tag, attrs={"class": kind} if kind else {})
    made.extend(content)
    return made


def targets(pdf: bytes) -> dict[str, int]:
    """Return on which sheet of a PDF, counted from 1, each target of a link is.

    Parameters
    ----------
    pdf : bytes
        As Chromium writes it: objects in plain text, sheets in their order.
    """
    bare = re.sub(rb"stream\r?\n.*?endstream", b"", pdf, flags=re.S)
    sheets = {each: n for n, each in enumerate(SHEET.findall(bare), 1)}
    found = re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ [^\]]*\]", bare)
    return {
        re.sub(rb"#(..)", lambda m: bytes([int(m[1], 16)]), name).decode(): sheets[sheet]
        for name, sheet in found
        if sheet in sheets
    }


def count(pdf: bytes) -> int:
    """Return how many sheets a PDF has, as Chromium writes it."""
    return len(SHEET.findall(re.sub(rb"stream\r?\n.*?endstream", b"", pdf, flags=re.S)))


def number(soup: BeautifulSoup, pages: dict[str, int]) -> None:
    """Put the page numbers into contents and index, in place; a place without one is left out."""
    for link in soup.select("a.paper-page"):
        place = str(link["href"])[1:]
        page = pages.get(place) or pages.get(quote(place, safe=PLAIN))
        before = {each.string for each in link.find_previous_siblings("a")}
        if page is None or str(page) in before:
            link.decompose()
        else:
            link.string = str(page)
