"""Links between the book and the library, both ways, as a small Sphinx extension.

``{listing} cs231n_lib.neighbors.nearest`` shows the source of a function as it stands in
the tested file, with a link to its entry in the API appendix; the entry in turn names the
pages that show it.
"""

import ast
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import cs231n_lib

PACKAGE = cs231n_lib.__name__
#: The pages of the API appendix, one a room of the library: a module, or a folder with all in it.
API_PAGES = "appendices/api/"
PLACEHOLDER = "MODULES"


def public_modules() -> dict[str, bool]:
    """Return the numeric library's public modules, in depth, and which of them are folders."""
    return dict(_modules_in(Path(cs231n_lib.__path__[0]), PACKAGE))


def _modules_in(folder: Path, package: str) -> Iterator[tuple[str, bool]]:
    for module in pkgutil.iter_modules([str(folder)]):
        name = f"{package}.{module.name}"
        if module.name[0] != "_" and name != f"{PACKAGE}.course":
            yield name, module.ispkg
            if module.ispkg:
                yield from _modules_in(folder / module.name, name)


def locate(dotted: str) -> tuple[Path, str, list[str]]:
    """Find where a name of the library is written.

    Parameters
    ----------
    dotted : str
        The full name, such as ``cs231n_lib.neighbors.KNearestNeighbor.fit``.

    Returns
    -------
    path : Path
        The source file.
    qualname : str
        The name inside the module.
    lines : list of str
        Line ranges without the docstring, relative to the start of the definition.

    Raises
    ------
    LookupError
        If the library has no such module, or the module no such function or class.
    """
    package, *names = dotted.split(".")
    if package != PACKAGE or len(names) < 2:
        raise LookupError(f"{dotted!r} is not {PACKAGE}.module.name")
    library = path = Path(cs231n_lib.__path__[0])
    while names and (path / names[0]).is_dir():
        path /= names.pop(0)
    if names and (path / f"{names[0]}.py").is_file():
        path /= f"{names.pop(0)}.py"
    elif names and path == library:
        raise LookupError(f"{dotted!r}: {PACKAGE} has no module {names[0]!r}")
    else:
        path /= "__init__.py"
    if not names:
        raise LookupError(f"{dotted!r} is a module: name a function or class in it")
    node: Any = ast.parse(path.read_text(encoding="utf-8"))
    for name in names:
        kinds = (ast.FunctionDef, ast.ClassDef)
        matches = [n for n in node.body if isinstance(n, kinds) and n.name == name]
        if not matches:
            raise LookupError(f"{dotted!r}: no function or class {name!r} in {path.name}")
        node = matches[0]
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    last = node.end_lineno - start + 1
    if ast.get_docstring(node) is None:
        return path, ".".join(names), [f"1-{last}"]
    text = node.body[0]
    before, after = text.lineno - start, text.end_lineno - start + 2
    kept = [f"1-{before}"] + ([f"{after}-{last}"] if after <= last else [])
    return path, ".".join(names), kept


class Listing(SphinxDirective):
    """Show the source of one function or class of the library, without its docstring."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "docstring": directives.flag,
        "emphasize-lines": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Return the listing under a line that links to the entry in the API appendix."""
        dotted = self.arguments[0]
        try:
            path, qualname, lines = locate(dotted)
        except LookupError as error:
            raise self.error(str(error)) from None
        shown_in(self.env).setdefault(dotted, set()).add(self.env.docname)
        options = {"pyobject": qualname, "language": "python", "lines": ",".join(lines)}
        if "docstring" in self.options:
            del options["lines"]
        if "emphasize-lines" in self.options:
            options["emphasize-lines"] = self.options["emphasize-lines"]
        source = Path(os.path.relpath(path, self.env.srcdir)).as_posix()
        include = LiteralInclude(
            "literalinclude", [f"/{source}"], options, self.content,
            self.lineno, self.content_offset, self.block_text, self.state, self.state_machine,
        )  # fmt: skip
        title = nodes.paragraph(classes=["listing-title"])
        link = addnodes.pending_xref(
            "", nodes.literal(text=dotted), refdomain="py", reftype="obj", reftarget=dotted,
            refdoc=self.env.docname, refwarn=True, refspecific=False,
        )  # fmt: skip
        self.set_source_info(link)
        title += [nodes.Text("Defined in "), link]
        box = nodes.container("", title, *include.run(), classes=["listing"])
        box["ids"].append(f"listing-{dotted}")
        return [box]


def shown_in(env: BuildEnvironment) -> dict[str, set[str]]:
    """Return, for each name of the library, the pages that show its source."""
    return vars(env).setdefault("cs231n_listings", {})


def modules_of(docname: str) -> dict[str, bool]:
    """Return the public modules that the page ``docname`` of the API appendix describes."""
    if not docname.startswith(API_PAGES):
        return {}
    room = f"{PACKAGE}.{docname.removeprefix(API_PAGES)}"
    modules = public_modules()
    return {n: ispkg for n, ispkg in modules.items() if f"{n}.".startswith(f"{room}.")}


def list_modules(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put one section for every public module of a room in its API page."""
    sections = []
    for name, is_folder in modules_of(docname).items():
        # What the front of a folder hands on is described once, in the file that defines it.
        options = ":members:\n   :ignore-module-all:" if is_folder else ":members:"
        sections.append(
            f"## `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   {options}\n```\n"
        )
    if sections:
        source[0] = source[0].replace(PLACEHOLDER, "\n".join(sections))


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop what a page showed, because it is about to be read again."""
    for pages in shown_in(env).values():
        pages.discard(docname)


def merge_pages(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    """Take over what a parallel reader found."""
    for name, pages in shown_in(other).items():
        shown_in(env).setdefault(name, set()).update(pages & set(docnames))


def rewrite_api_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have the API pages written again: a chapter may show other functions now."""
    return [page for page in env.found_docs if page.startswith(API_PAGES)]


def link_back(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add "Shown in" with links to the chapters below the API entries they quote."""
    for signature in doctree.findall(addnodes.desc_signature):
        for name in signature.get("ids", []):
            pages = sorted(shown_in(app.env).get(name, ()))
            if not pages:
                continue
            line = nodes.paragraph("", "Shown in ", classes=["shown-in"])
            for n, page in enumerate(pages):
                title = nodes.Text(app.env.titles[page].astext())
                link = make_refnode(app.builder, docname, page, f"listing-{name}", title)
                line += [nodes.Text(", "), link] if n else [link]
            signature.parent.children[-1].append(line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the events."""
    app.add_directive("listing", Listing)
    app.connect("source-read", list_modules)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("env-updated", rewrite_api_pages)
    app.connect("doctree-resolved", link_back)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
