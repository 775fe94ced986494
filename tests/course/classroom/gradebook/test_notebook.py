"""What a student wrote is read in the formgrader, and does nothing there."""

from html.parser import HTMLParser

import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from cs231n_lib.course.classroom.gradebook.notebook import APART, as_markdown

TEXTS = [
    "<script>alert(1)</script>",
    '\\<img src="x" onerror="alert(1)">',
    "<javascript:alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JavaScript\\:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6a;avascript:alert(1))",
    "[x](vbscript&colon;a)",
    "[x](data\\:text/html,a)",
    "[x][y]\n\n[y]: java&#x73;cript:alert(1)",
    "[y]\n\n[y]: javascript:alert(1) 'a title'",
    "[a [b](javascript:x) c](javascript:y)",
    "![x](https://example.org/seen-by-the-grader.png)",
    "![x][y]\n\n[y]: https://example.org/seen.png",
    "![x](attachment:that-is-not-there.png)",
]


class Active(HTMLParser):
    """Collects what would be fetched or run, and the addresses of links."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        address = dict(attributes).get("href") or ""
        if tag not in ("p", "code", "pre", "a") or (tag == "a" and not address.startswith("http")):
            self.found.append((tag, *attributes))


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_in_an_answer_runs_or_is_fetched(text):
    assert Active(markdown2html_mistune(as_markdown(text))).found == []


@pytest.mark.parametrize("text", TEXTS[:1] + TEXTS[3:14])
def test_without_it_something_would(text):
    """A check of the check, by the same texts as they were handed in."""
    assert Active(markdown2html_mistune(text)).found


@pytest.mark.parametrize("command", ["href", "style", "class", "require", "mmlToken", "bbox"])
def test_formulas_make_no_links(command):
    told = as_markdown(rf"$\{command}{{javascript:alert(1)}}{{x}} + \{command}x$")
    assert told == rf"$\{APART}{command}{{javascript:alert(1)}}{{x}} + \{command}x$"


def test_code_and_formulas_are_seen_as_they_were_written():
    text = "`x[0](1) < y` and $a < b$, $x_{i]}$ at https://example.org, a[0] = b[1]"
    assert as_markdown(text).replace(APART, "") == text
    assert 'href="https://example.org"' in markdown2html_mistune(as_markdown(text))
