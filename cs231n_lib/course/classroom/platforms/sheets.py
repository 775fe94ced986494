"""Tables in text files, in whatever dialect a spreadsheet or a platform wrote them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import MAX_SHEET_BYTES
from cs231n_lib.course.text import for_cell

DELIMITERS = ",;\t"
SUFFIXES = (".csv", ".tsv")
#: What spreadsheets keep to themselves; a table in text is asked for.
WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")
NUMBER = re.compile(r"\s*-?\d+([.,]\d+)?\s*")


@dataclass(frozen=True)
class Table:
    """A table and how it was written, so that an answer can be written in the same way.

    Attributes
    ----------
    header : list of str
        The first row, as it stands in the file.
    rows : list of (int, list of str)
        Line number and cells of the others, blank ones left out, filled to the header's length.
    """

    header: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str = ","
    encoding: str = "utf-8-sig"

    def column(self, *names: str) -> int | None:
        """Return the place of the first of ``names`` that heads a column, whatever its case."""
        found = [_plain(cell) for cell in self.header]
        return next((found.index(_plain(n)) for n in names if _plain(n) in found), None)

    @property
    def decimal(self) -> str:
        """The decimal mark of the numbers in it."""
        cells = [c for _, row in self.rows for c in row if NUMBER.fullmatch(c)]
        commas = sum("," in c for c in cells)
        return "," if commas and not any("." in c for c in cells) else "."

    def number(self, value: float) -> Any:
        """Return a number for a cell: as text where the decimal mark is a comma."""
        return f"{value:g}".replace(".", ",") if self.decimal == "," else value

    def written(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Return the very header and ``rows`` in the dialect that the table came in."""
        return as_table(self.header, rows, self.delimiter, self.encoding)


def as_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",",
    encoding: str = "utf-8-sig",
) -> bytes:  # fmt: skip
    """Return a table as bytes; no text in it is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([_cell(cell) for cell in header])
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return out.getvalue().encode(encoding, "replace")


def _cell(value: Any) -> Any:
    """Return what is written for a cell; the dash with which Moodle says "none" is no formula."""
    return value if value == "-" else for_cell(value)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def read_table(path: Path) -> Table:
    """Read a table in text: any of `DELIMITERS`; UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises
    ------
    UserError
        If it cannot be read, or is a workbook.
    """
    if path.suffix.lower() in WORKBOOKS:
        raise UserError(f"{path} is a workbook: save the sheet as CSV (UTF-8) and give that")
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SHEET_BYTES + 1)
    except OSError as error:
        raise UserError(f"the sheet {path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_SHEET_BYTES:
        raise UserError(f"the sheet {path} has more than {MAX_SHEET_BYTES >> 20} MiB: is it one?")
    text, encoding = _decoded(data)
    if "\0" in text:
        raise UserError(f"the sheet {path} is not text: save it as CSV (UTF-8)")
    declared = re.match(r"sep=(.)\r?\n", text)  # a line that Excel writes for itself
    text = text[declared.end() :] if declared else text
    best: list[tuple[int, list[str]]] = []
    delimiter = declared[1] if declared else ","
    for candidate in [delimiter] if declared else DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=candidate)
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            raise UserError(f"the sheet {path} cannot be read: {error}") from None
        rows = [(n, row) for n, row in rows if any(cell.strip() for cell in row)]
        if rows and (not best or len(rows[0][1]) > len(best[0][1])):
            best, delimiter = rows, candidate
    if not best:
        raise UserError(f"the sheet {path} is empty")
    (_, header), *rest = best
    filled = [(n, row + [""] * (len(header) - len(row))) for n, row in rest]
    return Table(header, filled, delimiter, encoding)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252"
