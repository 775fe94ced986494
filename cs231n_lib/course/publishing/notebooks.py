"""What the book's notebooks must be like: executed in order, free of errors, figures described.

A notebook is the one source of a page.  `execute` runs it and stores what came out;
`problems` says what would make it an unreliable page; `figures_differ` compares two
drawings of one figure, which nbval, comparing text only, cannot.
"""

import base64
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode

from cs231n_lib.course.errors import UserError

#: The metadata of a notebook that takes minutes; it is re-run only when CS231N_LONG_LABS=1.
LONG = "cs231n_long"
#: The metadata of a cell that takes long: how many seconds its kernel computed, to one digit.
#: Unlike what a clock says, that is the same while the machine is busy.
SECONDS, LONG_S = "cs231n_seconds", 5.0
#: ipykernel warns that a loopback connection is not encrypted: no news to a reader.
KERNEL_OPTIONS = ["--IPKernelApp.log_level=ERROR"]
#: Figures belong below their cells, whatever the shell asks of matplotlib.
KERNEL_ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
#: Threads of BLAS spin while they wait: on a busy machine a second of work would be noted as ten.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
FIGURE_TYPES = ("image/png", "image/jpeg", "image/svg+xml")


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises
    ------
    UserError
        If the file is missing or is not a notebook of format 4.
    """
    try:
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise UserError(f"there is no notebook {path}") from None
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} is not a readable Jupyter notebook: {reason}") from None
    if notebook.nbformat != 4:
        raise UserError(f"{path} has notebook format {notebook.nbformat}; save it in format 4")
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that ``path`` holds either the old content or the new, never half."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            nbformat.write(notebook, file)
        Path(temporary).chmod(path.stat().st_mode if path.exists() else 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def normalise(notebook: NotebookNode) -> None:
    """Take out of a notebook what differs between machines and runs, in place."""
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)
    kept = {key: notebook.metadata[key] for key in notebook.metadata if key.startswith("cs231n")}
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"), **kept
    )
    for n, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{n:02}")
        for noise in ("collapsed", "execution", "ExecuteTime", "jp-MarkdownHeadingCollapsed"):
            cell.metadata.pop(noise, None)


def execute(path: Path, timeout: float | None = 3600) -> None:
    """Run every cell of a notebook from a fresh kernel and store the outputs.

    Parameters
    ----------
    path : Path
        The notebook; it is changed only if every cell ran.
    timeout : float, optional
        Seconds that one cell may take; None for no limit.

    Raises
    ------
    UserError
        If a cell fails; the message names it.  The stored file is left as it was.
    """
    import psutil
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", record_timing=False,
        coalesce_streams=True,  # a busy machine would cut one text into several boxes
        extra_arguments=KERNEL_OPTIONS, resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    running: list[int] = []
    begun: list[float] = []

    def computed() -> float:
        assert client.km is not None  # a local kernel, which therefore is a process
        times = psutil.Process(client.km.provisioner.pid).cpu_times()  # type: ignore[union-attr]
        return float(times.user + times.system)

    def begin(cell: NotebookNode, cell_index: int) -> None:
        running.append(cell_index)
        begun.append(computed())

    def end(cell: NotebookNode, cell_index: int, execute_reply: object) -> None:
        note_seconds(cell, computed() - begun[-1])

    client.on_cell_execute, client.on_cell_executed = begin, end
    try:
        client.execute(env={**ONE_THREAD, **os.environ, **KERNEL_ENVIRONMENT})
    except (CellExecutionError, CellTimeoutError) as error:
        cell = notebook.cells[running[-1]]
        code = "\n".join(f"    {line}" for line in cell.source.splitlines())
        if isinstance(error, CellExecutionError):
            reason = f"{error.ename}: {error.evalue}"
        else:
            reason = f"it ran for more than {timeout:g} seconds"
        raise UserError(
            f"{path.name}: cell {running[-1]} (id {cell.get('id')}) failed; the stored "
            f"notebook was left as it was.\n{code}\n{reason}"
        ) from None
    normalise(notebook)
    write(notebook, path)


def note_seconds(cell: NotebookNode, seconds: float) -> None:
    """Write into a cell how long it took, if that is long: a reader is told before the click."""
    cell.metadata.pop(SECONDS, None)
    if seconds >= LONG_S:
        cell.metadata[SECONDS] = int(float(f"{seconds:.1g}"))


def figures(outputs: list[NotebookNode]) -> Iterator[bytes]:
    """Yield the PNG figures among a code cell's outputs, decoded from base64."""
    for output in outputs:
        picture = output.get("data", {}).get("image/png")
        if picture is not None:
            yield base64.b64decode(picture)


def figures_differ(one: bytes, other: bytes, *, tolerance: float = 0.02) -> str | None:
    """Compare two PNG images as a reader would see them.

    Parameters
    ----------
    one, other : bytes
        PNG files.
    tolerance : float
        The greatest share of pixels that may differ clearly (by more than a tenth of the
        range in some channel): fonts and antialiasing differ a little between machines.

    Returns
    -------
    str or None
        What differs, or None if a reader would see the same figure.
    """
    from matplotlib.image import imread

    a, b = (imread(io.BytesIO(png), format="png") for png in (one, other))
    height, width = (abs(m - n) for m, n in zip(a.shape[:2], b.shape[:2], strict=True))
    if max(height, width) > 0.02 * max(a.shape[:2]) or a.shape[2:] != b.shape[2:]:
        return f"the size was {a.shape} and is now {b.shape}"
    rows, columns = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    change = np.abs(a[:rows, :columns] - b[:rows, :columns])
    share = float(np.mean(np.max(change.reshape(rows, columns, -1), axis=2) > 0.1))
    if share > tolerance:
        return f"{100 * share:.1f} % of the pixels differ visibly"
    return None


def compare_figures(stored: list[NotebookNode], rerun: list[NotebookNode]) -> str | None:
    """Say how the figures among a cell's stored outputs differ from those of a re-run, or None."""
    before, now = list(figures(stored)), list(figures(rerun))
    if len(before) != len(now):
        return f"{len(before)} figures are stored, the re-run drew {len(now)}"
    return next(filter(None, map(figures_differ, before, now)), None)


def reason_to_skip(path: Path, notebook: NotebookNode, environ: Mapping[str, str]) -> str | None:
    """Say why a notebook cannot be re-run here, or None if it can.

    Parameters
    ----------
    path : Path
        Where the notebook is: those in ``labs`` need the real CIFAR-10.
    notebook : NotebookNode
        The notebook.
    environ : mapping
        The environment variables.
    """
    if path.parent.name == "labs":
        folder = Path(environ.get("CS231N_DATA_DIR", ""))
        batches = (folder / "data_batch_1", folder / "cifar-10-batches-py" / "data_batch_1")
        if not environ.get("CS231N_DATA_DIR"):
            return f"{path.stem} needs the real CIFAR-10: set CS231N_DATA_DIR to its folder"
        if not any(batch.is_file() for batch in batches):
            return f"{path.stem} needs the real CIFAR-10: none in CS231N_DATA_DIR={folder}"
    if LONG in notebook.metadata and environ.get("CS231N_LONG_LABS", "0") in ("", "0"):
        return f"{path.stem} takes {notebook.metadata[LONG]}: set CS231N_LONG_LABS=1 to re-run it"
    return None


def problems(notebook: NotebookNode) -> list[str]:
    """Say what makes a notebook unfit to be a page of the book.

    Returns
    -------
    list of str
        One sentence for each problem; empty if there is none.
    """
    found: list[str] = []
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        found.append("cells need ids, all different: run `cs231n book execute`")
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    counts = [cell.execution_count for cell in code]
    if None in counts:
        found.append(f"{counts.count(None)} of {len(counts)} code cells were never run")
    elif counts != list(range(1, len(counts) + 1)):
        found.append(f"cells were not run once each from top to bottom: {counts}")
    for cell in code:
        found += [f"cell {cell.get('id')!r} {text}" for text in _cell_problems(cell)]
    return found


def _cell_problems(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        expected = "raises-exception" in cell.metadata.get("tags", [])
        if output.output_type == "error" and not expected:
            yield f"stores an error: {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"stores text on stderr: {output.text.strip()[:80]!r}"
    drawn = any(kind in o.get("data", {}) for o in cell.outputs for kind in FIGURE_TYPES)
    # A glued figure gets its alt text where it is pasted.
    glued = any("scrapbook" in o.get("metadata", {}) for o in cell.outputs)
    if drawn and not glued and len(alt_text(cell)) < 15:
        yield (
            "shows a figure without alt text: put what the figure shows, in a sentence, into "
            'the cell\'s metadata: "mystnb": {"image": {"alt": "..."}}'
        )


def alt_text(cell: NotebookNode) -> str:
    """Return the alt text in a code cell's metadata, or an empty string."""
    return str(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")).strip()
