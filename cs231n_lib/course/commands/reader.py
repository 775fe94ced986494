"""``cs231n book new|build|serve|engine|publish|execute|check|vendor``: the book."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.say import say, working
from cs231n_lib.course.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Build, read, run and check the book.")
Files = Annotated[list[Path] | None, typer.Argument(help="Notebooks; all of them by default.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder for the book's sources.")],
) -> None:
    """Write the book's sources, as this package carries them, into a folder of your own.

    The other commands of this group work in it and below it, and in a checkout of the project.

    Example: [bold]cs231n book new book27[/]
    """
    from cs231n_lib.course.publishing import carried

    say(f"{carried.begin(folder)}")
    say(f"Next: cd {shlex.quote(str(folder))} && cs231n book build")


@app.command()
def build(
    force: Annotated[bool, typer.Option(help="Build even if nothing changed.")] = False,
) -> None:
    """Build the pages into _build/html; do nothing if they are up to date."""
    from cs231n_lib.course.publishing import build as building

    built = building.build(force=force)
    say(("built" if built else "up to date") + f": {building.html_folder() / 'index.html'}")


@app.command()
def pdf() -> None:
    """Print the whole book to one PDF; needs Chromium or Chrome, no LaTeX."""
    from cs231n_lib.course.publishing import paper, pdf

    written = pdf.build()
    content = written.read_bytes()
    say(f"printed: {written} ({paper.count(content)} pages, {len(content) / 1e6:.0f} MB)")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port; the next free one if it is taken.")] = 8888,
    ip: Annotated[str, typer.Option(help="Where to listen; see the warning.")] = "localhost",
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the book in a browser.")
    ] = True,
    watch: Annotated[bool, typer.Option(help="Rebuild and reload pages that change.")] = False,
    behind: Annotated[
        str, typer.Option(help="Where a proxy shows it: https://hub.example.edu/book/, say.")
    ] = "",
) -> None:
    """Serve the book with kernels, so that every page can be run and edited."""
    from cs231n_lib.course.publishing import server

    server.serve(ip=ip, port=port, open_page=open_page, watch=watch, behind=behind)


@app.command()
def engine() -> None:
    """Fetch the Python that runs cells in the reader's browser; `build` then takes it along."""
    from cs231n_lib.course.publishing.engine import bundle, fetch

    with working("fetching"):
        fetch.fetch()
    with working("taking out what no cell uses"):
        size = sum(len(part) for name, part in bundle.interpreter().items() if "LIC" not in name)
    say(f"ready: {size / 1e6:.1f} MB in {fetch.folder()}")


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one published before.")],
) -> None:
    """Write the book with its engine into FOLDER, for any static host, and try a page of it."""
    from cs231n_lib.course.publishing import publish

    found = publish.publish(folder)
    say(f"published: {folder}\n{found}")


@app.command()
def execute(
    files: Files = None,
    labs: Annotated[bool, typer.Option(help="Also the labs, on the real CIFAR-10.")] = False,
) -> None:
    """Run notebooks from top to bottom and store their outputs.

    A notebook with a cell that fails is left as it was.
    """
    from cs231n_lib.course.publishing import build as building
    from cs231n_lib.course.publishing import notebooks

    chosen = files or [p for p in building.notebooks() if labs or p.parent.name != "labs"]
    for path in chosen:
        with working(f"running {path.name}"):
            notebooks.execute(path)
        say(f"stored {path}")


@app.command()
def check(files: Files = None) -> None:
    """Refuse notebooks that are not run through, hold errors, or show undescribed figures."""
    from cs231n_lib.course.publishing import build as building
    from cs231n_lib.course.publishing import notebooks

    chosen = files or building.notebooks()
    wrong = [
        f"{path}: {problem}"
        for path in chosen
        for problem in notebooks.problems(notebooks.read(path))
    ]
    if wrong:
        raise UserError("these notebooks are not ready to be read:\n" + "\n".join(wrong))
    say(f"{len(chosen)} notebooks are in order")


@app.command()
def vendor() -> None:
    """Fetch MathJax, thebe and axe anew with npm, as recorded in versions.toml (maintainers)."""
    from cs231n_lib.course.project import vendor

    files = vendor.vendor()
    say(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB")


def register(parent: typer.Typer) -> None:
    """Add this group's commands to ``parent``."""
    parent.add_typer(app, name="book", rich_help_panel="For readers")
