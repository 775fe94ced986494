"""Where a line may be broken: not between a formula and its comma, but in a name after its dots.

A formula is a box, and a browser breaks a line before and after a box, even before a full stop.
A long name of the library has no space at all.
"""

import re
from html import unescape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

#: The class of what stays on one line; its look is in book/_static/book.css.
UNBROKEN = "unbroken"
OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[^\s\w(\[“‘]+")
#: A space before a percent sign, on both sides of a plus-minus sign, and before a number that
#: names a chapter or a figure.
UNIT = re.compile(r"(?<=[\d%]) (?=[%±])|(?<=±) (?=\d)|(?<=hapter) (?=\d)|(?<=\bFig\.) (?=\d)")
#: A formula that is a sign between two numbers of the text.
PLUS_MINUS = r"\pm"
#: The sign of a negative number, as a program prints it.
MINUS = re.compile(r"(?<![^\s(\[])-(?=\d)")
#: Code, examples among it, formulas and what is written in HTML: not text of ours to change.
AS_THEY_ARE = (nodes.literal, nodes.FixedTextElement, nodes.math, addnodes.desc_signature)
#: A word of code in a page, and the dots of a qualified name.
WORD = re.compile(r'<span class="pre">([^<\s]+)</span>')
DOT = re.compile(r"(?<=\w)\.(?=[A-Za-z_]|$)")
#: Characters of a word that fits any column, and is not broken at its hyphens either.
SHORT = 20


class KeepTogether(SphinxPostTransform):
    """Join formulas with their punctuation, and numbers with their signs, in a page's text."""

    default_priority = 900  # after the numbers that cells put into the text
    formats = ("html",)

    def run(self, **options: Any) -> None:
        """Change the document in place."""
        for parent in list(self.document.findall(nodes.Element)):
            if _as_it_is(parent):
                continue
            # From the parent down: a text that a cell put in does not know where it stands.
            for place, text in enumerate(parent.children):
                if isinstance(text, nodes.Text) and (joined := kept_together(text)) != text:
                    parent[place] = nodes.Text(joined)
        for formula in list(self.document.findall(nodes.math)):
            if formula.astext().strip() == PLUS_MINUS:
                write_sign(formula)
            else:
                join(formula)


def kept_together(text: str) -> str:
    r"""Return a text whose numbers have their signs beside them.

    Examples
    --------
    >>> kept_together("from -3 % to 5 ± 1").replace("\N{NO-BREAK SPACE}", "~")
    'from −3~% to 5~±~1'
    """
    return MINUS.sub("\N{MINUS SIGN}", UNIT.sub("\N{NO-BREAK SPACE}", text))


def _as_it_is(node: nodes.Node | None) -> bool:
    while node is not None and not isinstance(node, AS_THEY_ARE):
        node = node.parent
    return node is not None


def write_sign(formula: nodes.math) -> None:
    """Make a plus-minus sign a letter that stays beside its numbers, in place.

    A line may be broken beside every box, even at a space that says it must not.
    """
    parent = formula.parent
    place = parent.index(formula)
    parent[place] = nodes.Text("±")
    for near, space in ((place - 1, re.compile(" $")), (place + 1, re.compile("^ "))):
        if 0 <= near < len(parent) and isinstance(parent[near], nodes.Text):
            parent[near] = nodes.Text(space.sub("\N{NO-BREAK SPACE}", parent[near]))


def join(formula: nodes.math) -> None:
    """Put a formula and the punctuation that touches it into one unbroken piece, in place."""
    parent = formula.parent
    place = parent.index(formula)
    pieces: list[nodes.Node] = [formula]
    before = parent[place - 1] if place else None
    after = parent[place + 1] if place + 1 < len(parent) else None
    if isinstance(after, nodes.Text) and (found := CLOSING.search(after)):
        parent[place + 1] = nodes.Text(after[found.end() :])
        pieces.append(nodes.Text(found[0]))
    if isinstance(before, nodes.Text) and (found := OPENING.search(before)):
        parent[place - 1] = nodes.Text(before[: found.start()])
        pieces.insert(0, nodes.Text(found[0]))
    if len(pieces) > 1:
        parent[place] = nodes.inline("", "", *pieces, classes=[UNBROKEN])


def open_names(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let a browser break the long names on a page after their dots, and no short word of code."""
    if "body" in context:
        context["body"] = WORD.sub(_opened, context["body"])


def _opened(word: re.Match[str]) -> str:
    if len(unescape(word[1])) < SHORT:
        return f'<span class="pre {UNBROKEN}">{word[1]}</span>'
    return f'<span class="pre">{DOT.sub(".<wbr>", word[1])}</span>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform and the event."""
    app.add_post_transform(KeepTogether)
    app.connect("html-page-context", open_names)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
