"""What a page says of itself to search engines and in a preview; the search; a page for lost ways.

The preview has a picture once the book has a public address (`html: baseurl` in ``_config.yml``):
only a full address can be fetched by whoever shows the link.
"""

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

#: Characters of a description that search engines show.
DESCRIPTION = 160
LOST = Path(__file__).with_name("404.html")
SCORER = Path(__file__).with_name("scorer.js")


def describe(document: nodes.document) -> str:
    """Return the first paragraph of a page, cut at the end of a word; "" if it has none."""
    found = (p.astext() for p in document.findall(nodes.paragraph) if p.parent.tagname == "section")
    words = " ".join(next(found, "").split())
    if len(words) <= DESCRIPTION:
        return words
    return words[: DESCRIPTION - 1].rpartition(" ")[0].rstrip(",;:. ") + "…"


def introduce(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add a page's title, description and, where it can be fetched, a picture to its head."""
    if doctree is None:
        return
    title = app.env.titles[page].astext()
    tags = {"og:type": "article", "og:site_name": app.config.html_title, "og:title": title}
    if text := describe(doctree):
        context["metatags"] += f'<meta name="description" content="{escape(text)}" />\n'
        tags["og:description"] = text
    base = app.config.html_baseurl
    picture = next((p for p in doctree.findall(nodes.image) if "drawn" in p), None)
    if base:
        base = base.rstrip("/")
        tags["og:url"] = f"{base}/{page}.html"
        if picture is not None:
            name = f"{Path(picture['uri']).stem}-light.png"
            tags["og:image"] = f"{base}/{app.builder.imagedir}/{name}"
            tags["og:image:alt"] = picture.get("alt", title)
    for name, content in tags.items():
        context["metatags"] += f'<meta property="{name}" content="{escape(content)}" />\n'


def order_search(app: Sphinx, config: Config) -> None:
    """Have the search name functions first."""
    config.html_search_scorer = str(SCORER)


def add_lost_page(app: Sphinx, error: Exception | None) -> None:
    """Put the page that a host shows for an address that does not exist beside the others."""
    if error is None and app.builder.name == "html":
        (Path(app.outdir) / "404.html").write_text(LOST.read_text("utf-8"), "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the events."""
    app.connect("config-inited", order_search)
    app.connect("html-page-context", introduce)
    app.connect("build-finished", add_lost_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
