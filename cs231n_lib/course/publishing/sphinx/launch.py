"""Ways to open a notebook from a page that no kernel stands behind, as a small Sphinx extension.

Colab and Binder open notebooks of a public repository.  Its address is set in one place,
``repository`` in ``_config.yml``; while it is empty, only downloads are offered.

``{assignment} a2`` shows what an assignment asks for and offers its released notebook, and the page
of the book to work on it.
"""

import base64
import re
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from cs231n_lib.course.checkout import sources
from cs231n_lib.course.publishing.notebooks import read

#: The page of the book that holds an assignment's cells, where the book has one.
PAGE = "assignments/{}"
#: How Binder calls the hosts that it knows.
BINDER_HOSTS = {"github.com": "gh", "gitlab.com": "gl"}


def hosts(options: dict[str, Any], path: str) -> dict[str, str]:
    """Return where a notebook of the repository can be opened.

    Parameters
    ----------
    options : dict
        The theme's options: the repository, its branch, and the hosts wished for.
    path : str
        The notebook in the repository.

    Returns
    -------
    dict
        Name of the host -> address; empty while the repository has no address.

    Examples
    --------
    >>> hosts({"repository_url": ""}, "a.ipynb")
    {}
    >>> hosts({"repository_url": "https://github.com/o/r", "repository_branch": "main",
    ...        "launch_buttons": {"colab_url": "https://colab.example"}}, "a.ipynb")
    {'Colab': 'https://colab.example/github/o/r/blob/main/a.ipynb'}
    """
    address = urlsplit(options.get("repository_url", ""))
    repository = address.path.strip("/").removesuffix(".git")
    branch = options.get("repository_branch") or "main"
    wished = options.get("launch_buttons", {})
    found = {}
    if wished.get("colab_url") and address.netloc == "github.com":
        found["Colab"] = f"{wished['colab_url']}/github/{repository}/blob/{branch}/{path}"
    if wished.get("binderhub_url") and address.netloc in BINDER_HOSTS:
        kind = BINDER_HOSTS[address.netloc]
        name = repository if kind == "gh" else quote(repository, safe="")
        binder = f"{wished['binderhub_url']}/v2/{kind}/{name}/{branch}"
        found["Binder"] = f"{binder}?urlpath=lab/tree/{path}"
    return found


class Assignment(SphinxDirective):
    """Show the title of an assignment, what it takes, and the ways to open its notebook.

    With the option ``here`` it stands on the page where one works on the assignment.
    """

    required_arguments = 1
    option_spec: ClassVar = {"here": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return a box with a download and, where they work, links to Colab and Binder."""
        name = self.arguments[0]
        path = f"exercises/{name}/{name}.ipynb"
        if not (sources() / path).is_file():
            raise self.error(f"there is no assignment {name!r} in exercises/")
        self.env.note_dependency(str(sources() / path))
        text = read(sources() / path).cells[0].source
        title = text.partition("\n")[0].lstrip("# ")
        facts = dict(re.findall(r"^\| (Points|Time) \| (.*?) \|$", text, re.M))
        box = nodes.container(classes=["assignment"])
        here = "here" in self.options
        if not here:
            box += nodes.paragraph("", "", nodes.strong(text=title), classes=["assignment-title"])
            box += nodes.paragraph(text=f"Points: {facts['Points']}. Time: {facts['Time']}.")
        # In the page itself: a page opened from a folder may link to files, not download them.
        content = base64.b64encode((sources() / path).read_bytes()).decode()
        download = (
            f'<a class="launch" download="{name}.ipynb" {"data-worksheet " * here}'
            f'href="data:application/x-ipynb+json;base64,{content}">Download the notebook</a>'
        )
        line = nodes.paragraph("", "", nodes.raw("", download, format="html"))
        if not here and PAGE.format(name) in self.env.found_docs:
            line += [nodes.Text(" "), _link(PAGE.format(name), "Work on it in this book")]
        for host, address in hosts(self.config.html_theme_options, path).items():
            open_there = nodes.reference("", f"Open in {host}", refuri=address, classes=["launch"])
            line += [nodes.Text(" "), open_there]
        command = nodes.literal(text=f"cs231n lab {name}")
        line += [nodes.Text(" or, on your own machine: "), command]
        box += line
        return [box]


def _link(page: str, text: str) -> nodes.Node:
    """Return a link to a page of the book."""
    link = addnodes.pending_xref(
        "", nodes.inline("", text), refdomain="std", reftype="doc", reftarget=f"/{page}",
        refexplicit=True, refwarn=True,
    )  # fmt: skip
    return nodes.inline("", "", link, classes=["launch"])


def offer_what_works(app: Sphinx, config: Config) -> None:
    """Show no Colab and Binder buttons while the book has no public address to open."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        options["launch_buttons"] = {}


def name_repository(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Tell the scripts of a notebook's page where it can be opened."""
    options = app.config.html_theme_options
    folder = options.get("path_to_docs", "").strip("/")
    if context.get("page_source_suffix") != ".ipynb" or not options.get("repository_url"):
        return
    for host, address in hosts(options, f"{folder}/{page}.ipynb").items():
        context["metatags"] += f'<meta name="launch:{host}" content="{escape(address)}" />\n'
    install = escape(f"%pip install 'cs231n_lib[book] @ git+{options['repository_url']}'")
    context["metatags"] += f'<meta name="launch:install" content="{install}" />\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the events."""
    app.add_directive("assignment", Assignment)
    app.connect("config-inited", offer_what_works)
    app.connect("html-page-context", name_repository)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
