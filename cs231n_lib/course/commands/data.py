"""``cs231n data fetch|info|verify``: the data sets, whether they are here and whether whole."""

from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.say import say, say_table
from cs231n_lib.course.errors import UserError

Folder = Annotated[
    Path | None,
    typer.Argument(
        help="The folder cifar-10-batches-py or its parent. By default CS231N_DATA_DIR, "
        "else the user's cache.",
        show_default=False,
    ),
]


def _existing(folder: Path | None) -> Path | None:
    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder}. Name one that holds CIFAR-10, or none")
    return folder


def fetch(folder: Folder = None) -> None:
    """Download CIFAR-10 (170 MB), unless it is here already; go on where a download broke."""
    from cs231n_lib import data

    try:
        where = data.fetch_cifar10(folder, release=data.CIFAR10)
    except data.DataError as error:
        raise UserError(str(error)) from error
    say(f"CIFAR-10 is in {where}, every file as it should be.")


def verify(folder: Folder = None) -> None:
    """Compare each file of CIFAR-10 with its checksum; exit with 1 if one is wrong."""
    from cs231n_lib import data

    where = data.cifar10_dir(_existing(folder))
    verdicts = data.verify_cifar10(where, release=data.CIFAR10)
    say(f"CIFAR-10 in {where}")
    rows = []
    for name, verdict in verdicts.items():
        size = f"{(where / name).stat().st_size:,}" if (where / name).is_file() else ""
        rows.append((name, size, verdict))
    say_table(("file", "bytes", "verdict"), rows)
    if any(verdict != "ok" for verdict in verdicts.values()):
        mend = f"cs231n data fetch {folder or ''}".rstrip()
        say(f"Not every file is as it should be. To mend that: {mend}", err=True)
        raise typer.Exit(1)


def info(folder: Folder = None) -> None:
    """Show which data sets there are, where they lie and what is in them."""
    import numpy as np

    from cs231n_lib import data

    where = data.cifar10_dir(_existing(folder))
    sets = {"scenes": data.load_scenes()}
    places = {"scenes": "built in, drawn from a seed", "CIFAR-10": str(where)}
    try:
        sets["CIFAR-10"] = data.load_cifar10(where, release=data.CIFAR10)
    except data.DataError as error:
        places["CIFAR-10"] = f"not available. {error}"

    for name, place in places.items():
        say(f"{name}: {place}")
        if name in sets:
            say(f"  {sets[name]}")
    columns = [f"{name} {part}" for name in sets for part in ("training", "test")]
    counts = [
        np.bincount(y, minlength=len(data.CLASS_NAMES))
        for dataset in sets.values()
        for y in (dataset.y_train, dataset.y_test)
    ]
    rows = [
        (f"{label} {name}", *(f"{count[label]:,}" for count in counts))
        for label, name in enumerate(data.CLASS_NAMES)
    ]
    say_table(("class", *columns), rows)


def register(app: typer.Typer) -> None:
    """Add the group ``data`` to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Fetch, inspect and verify the data sets.")
    for command in (fetch, info, verify):
        group.command()(command)
    app.add_typer(group, name="data")
