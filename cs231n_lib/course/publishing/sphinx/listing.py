"""Links between the book and the library, both ways, as a small Sphinx extension.

``{listing} cs231n_lib.neighbors.nearest`` shows the source of a function as it stands in
the tested file, with links to its entry in the API appendix and to the whole file; the entry in
turn names the pages that show it.  Docstrings and guards, which refuse bad input before the work
begins, are left out: a reader of a chapter looks for the work.
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
from sphinx.ext.viewcode import viewcode_anchor
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import cs231n_lib

PACKAGE = cs231n_lib.__name__
#: The pages of the API appendix, one a room of the library: a module, or a folder with all in it.
API_PAGES = "appendices/api/"
PLACEHOLDER = "MODULES"
#: How calls begin that return nothing of use and raise if an argument is bad.
GUARDS = ("check_", "float_dtype")


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


def locate(dotted: str, *, guards: bool = False) -> tuple[Path, str, list[str]]:
    """Find where a name of the library is written.

    Parameters
    ----------
    dotted : str
        The full name, such as ``cs231n_lib.neighbors.KNearestNeighbor.fit``.
    guards : bool
        Keep the guards.

    Returns
    -------
    path : Path
        The source file.
    qualname : str
        The name inside the module.
    lines : list of str
        Line ranges without docstrings and guards, relative to the start of the definition.

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
        node = matches[-1]  # the others are its signatures, as `@overload`
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    text = path.read_text(encoding="utf-8").splitlines()
    left_out = {n for first, last in _left_out(node, guards) for n in range(first, last + 1)}
    kept: list[int] = []
    for n in range(start, node.end_lineno + 1):
        blank = not text[n - 1].strip()
        # No blank line stands where what it set apart is gone.
        gone = n - 1 in left_out or (kept and text[kept[-1] - 1].strip() == "")
        if n not in left_out and not (blank and gone):
            kept.append(n)
    return path, ".".join(names), _ranges([n - start + 1 for n in kept])


def _left_out(
    definition: ast.FunctionDef | ast.ClassDef, guards: bool
) -> Iterator[tuple[int, int]]:
    """Yield the first and last lines of each docstring, and unless kept guard, of a definition."""
    body = definition.body
    dropped = [s for s in body if _is_docstring(s) or (not guards and _is_guard(s))]
    for statement in dropped if len(dropped) < len(body) else dropped[:-1]:
        assert statement.end_lineno is not None
        yield statement.lineno, statement.end_lineno
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield from _left_out(statement, guards)


def _is_docstring(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_guard(statement: ast.stmt) -> bool:
    """Return whether a statement does nothing but refuse what it is given."""
    if isinstance(statement, ast.If):
        return not statement.orelse and all(isinstance(s, ast.Raise) for s in statement.body)
    call = statement.value if isinstance(statement, ast.Expr) else None
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    return named and call.func.id.lstrip("_").startswith(GUARDS)  # type: ignore[union-attr]


def _ranges(numbers: list[int]) -> list[str]:
    """Return whole numbers in rising order as ranges: ``["1-3", "7"]``.

    Examples
    --------
    >>> _ranges([1, 2, 3, 7])
    ['1-3', '7']
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [f"{first}-{last}" if first < last else str(first) for first, last in found]


class Listing(SphinxDirective):
    """Show the source of one function or class of the library, as a chapter needs it."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"guards": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the listing under a line that links to the entry in the API appendix."""
        dotted = self.arguments[0]
        try:
            path, qualname, lines = locate(dotted, guards="guards" in self.options)
        except LookupError as error:
            raise self.error(str(error)) from None
        shown_in(self.env).setdefault(dotted, set()).add(self.env.docname)
        options: dict[str, Any] = {
            "pyobject": qualname,
            "language": "python",
            "lines": ",".join(lines),
        }
        if "." in qualname:
            options["dedent"] = 4 * qualname.count(".")
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
        module = dotted.removesuffix(f".{qualname}")
        whole = viewcode_anchor(
            reftarget=f"_modules/{module.replace('.', '/')}",
            refid=qualname, refdoc=self.env.docname,
        )  # fmt: skip
        title += [nodes.Text("Defined in "), link, nodes.Text(" "), whole]
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
