"""A notebook that a stranger wrote: its bytes become cells, and nothing in them is believed."""

import json
from dataclasses import dataclass
from typing import Any

from cs231n_lib.course.limits import MAX_CELLS, MAX_NOTEBOOK_BYTES, MAX_PARTS


class Damaged(Exception):
    """A submission that is no notebook; the message is for its author."""


@dataclass(frozen=True)
class Cell:
    """A cell as far as it matters here."""

    kind: str
    source: str
    nbgrader: dict[str, Any]

    @property
    def grade_id(self) -> str:
        """The name that the assignment gave the cell; ``""`` if none."""
        name = self.nbgrader.get("grade_id", "")
        return name if isinstance(name, str) else ""


def read_cells(data: bytes) -> tuple[list[Cell], dict[str, Any]]:
    """Return the cells and the metadata of the notebook in ``data``.

    Raises
    ------
    Damaged
        If ``data`` is not a notebook of format 4.
    """
    content = _content(data)
    return [_cell(c) for c in content["cells"]], metadata_of(content)


def read_content(data: bytes) -> dict[str, Any]:
    """Return the notebook in ``data`` as it is written, to be changed and written again.

    Raises
    ------
    Damaged
        As `read_cells`.
    """
    content = _content(data)
    for cell in content["cells"]:
        _cell(cell)
    return content


def metadata_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a whole notebook; none, if they are no dictionary."""
    metadata = content.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _content(data: bytes) -> dict[str, Any]:
    """Decode ``data``; its cells are a list of anything yet."""
    if not data.strip():
        raise Damaged("the file is empty")
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Damaged(
            f"the notebook has {len(data) >> 20} MiB, {MAX_NOTEBOOK_BYTES >> 20} are allowed: "
            "clear its outputs (Edit > Clear Outputs of All Cells) and hand it in again"
        )
    begins = data.startswith(b"<<<<<<< ") or b"\n<<<<<<< " in data
    if begins and b"\n>>>>>>> " in data:
        raise Damaged(
            "the file holds both sides of a merge that Git could not decide (<<<<<<< and >>>>>>>): "
            "keep one side of each, or take your own whole file: git checkout --ours FILE"
        )
    for magic, name in ((b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive"), (b"<", "a web page"),
                        (b"\x89PNG", "a picture"), (b"\x1f\x8b", "a gzip archive")):  # fmt: skip
        if data.lstrip()[:4].startswith(magic):
            raise Damaged(f"the file is {name}, not a notebook: hand in the .ipynb file itself")
    if data.count(b"[") + data.count(b"{") > MAX_PARTS:
        raise Damaged(
            f"the notebook holds more than {MAX_PARTS:,} lists and objects: clear its outputs "
            "(Edit > Clear Outputs of All Cells) and hand it in again"
        )
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Damaged(
                "the file is text in UTF-16, as > in PowerShell writes it, not a notebook: take "
                "the file that it was copied from"
            ) from None
        raise Damaged("the file is not text in UTF-8, so it is not a notebook") from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Damaged(f"the file is not a complete notebook: its JSON is broken{where}") from None
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Damaged("the file is JSON, but not a notebook")
    if content["nbformat"] != 4:
        version = str(content["nbformat"])[:10]
        raise Damaged(f"the notebook has format {version}; open it in JupyterLab and save it anew")
    cells = content.get("cells")
    if not isinstance(cells, list) or len(cells) > MAX_CELLS:
        raise Damaged(f"the notebook has no list of cells, or more than {MAX_CELLS}")
    return content


def _cell(cell: Any) -> Cell:
    match cell:
        case {"cell_type": str(kind), "source": str(source)}:
            pass
        case {"cell_type": str(kind), "source": list(lines)} if all(
            isinstance(line, str) for line in lines
        ):
            source = "".join(lines)
        case _:
            raise Damaged("a cell of the notebook has no type or no source")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return Cell(kind, source, nbgrader if isinstance(nbgrader, dict) else {})
