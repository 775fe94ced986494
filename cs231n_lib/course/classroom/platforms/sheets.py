"""Tables in text files, in whatever dialect a spreadsheet or a platform wrote them."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import MAX_SHEET_BYTES
from cs231n_lib.course.text import for_cell

DELIMITERS = ",;\t"
SUFFIXES = (".csv", ".tsv")
#: What spreadsheets keep to themselves; a table in text is asked for.
WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")
QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"?(.*)', re.DOTALL)
#: A cell whose quotation mark is never closed: all that follows it is in that one cell.
OPEN = re.compile(r'"[^"]*(?:""[^"]*)*')
BREAK, LONE = re.compile(r"\r\n|\r|\n"), re.compile("[\ud800-\udfff]")
NUMBER = re.compile(r"\s*-?\d+([.,]\d+)?\s*")


@dataclass(frozen=True)
class Record:
    """A row as it stands in the file.

    Attributes
    ----------
    number : int
        The line of the file that it ends on.
    raw : tuple of str
        Its cells with their quotes.
    end : str
        What ends it, blank rows after it included: nothing at the end of some files.
    """

    number: int
    raw: tuple[str, ...]
    end: str

    @property
    def cells(self) -> list[str]:
        """What the cells say."""
        return [_said(cell) for cell in self.raw]


@dataclass(frozen=True)
class Table:
    """A table and how it was written, so that an answer is what came, but for the answers.

    Attributes
    ----------
    records : list of Record
        All of it, the header being the first; blank ones are left out.
    delimiter : str
        Between cells.
    before : str
        What stands before the header: blank lines, or Excel's line ``sep=;``.
    encoding, errors, mark : str, str, bytes
        How text became bytes, and the mark at the beginning of the file.
    """

    records: list[Record]
    delimiter: str = ","
    before: str = ""
    encoding: str = "utf-8"
    errors: str = "strict"
    mark: bytes = b""

    @cached_property
    def header(self) -> list[str]:
        """The first row."""
        return self.records[0].cells

    @cached_property
    def rows(self) -> list[tuple[int, list[str]]]:
        """Line number and cells of the other rows, filled to the header's length."""
        width = len(self.header)
        filled = ((r.number, r.cells) for r in self.records[1:])
        return [(number, cells + [""] * (width - len(cells))) for number, cells in filled]

    def column(self, *names: str) -> int | None:
        """Return the place of the first of ``names`` that heads a column, whatever its case.

        Raises
        ------
        UserError
            If two columns have that name.
        """
        found = [_plain(cell) for cell in self.header]
        for name in names:
            if found.count(_plain(name)) > 1:
                raise UserError(f"two columns of the sheet are called {name!r}: rename one of them")
        return next((found.index(_plain(n)) for n in names if _plain(n) in found), None)

    @property
    def decimal(self) -> str:
        """The decimal mark of the numbers in it."""
        cells = [c for _, row in self.rows for c in row if NUMBER.fullmatch(c)]
        commas = sum("," in c for c in cells)
        return "," if commas and not any("." in c for c in cells) else "."

    def answered(
        self, place: int, answers: Mapping[int, float], columns: Sequence[int] | None = None
    ) -> bytes:
        """Return the very bytes that came, but for numbers in one column.

        What others wrote is not quoted for spreadsheets: the platform wrote it so, and looks for
        whoever it names.

        Parameters
        ----------
        place : int
            The column that takes the numbers.
        answers : mapping
            Place of a row in ``rows`` -> its number.
        columns : sequence of int, optional
            Only these columns, and only rows with an answer; by default all that there is.
        """
        text = self.before
        for n, record in enumerate(self.records, -1):
            if n >= 0 and columns is not None and n not in answers:
                continue
            raw = list(record.raw)
            if n in answers:
                raw += [""] * (place + 1 - len(raw))
                raw[place] = self._number(answers[n], raw[place])
            if columns is not None:
                raw = [raw[i] if i < len(raw) else "" for i in columns]
            text += self.delimiter.join(raw) + record.end
            if columns is not None and not record.end:
                text += self.records[0].end
        return self.mark + text.encode(self.encoding, self.errors)

    def _number(self, value: float, before: str) -> str:
        """Return a number as a cell, in quotes where those before or its comma ask for them."""
        text = f"{value:g}".replace(".", ",") if self.decimal == "," else str(value)
        return f'"{text}"' if before[:1] == '"' or self.delimiter in text else text


def as_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table of our own as bytes; no text in it is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([for_cell(cell) for cell in header])
    writer.writerows([[for_cell(cell) for cell in row] for row in rows])
    return out.getvalue().encode("utf-8-sig", "replace")


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
    text, found = _decoded(data)
    if "\0" in text:
        raise UserError(f"the sheet {path} is not text: save it as CSV (UTF-8)")
    declared = re.match(r"sep=(.)\r?\n", text)  # a line that Excel writes for itself
    begin = declared.end() if declared else 0
    best: list[Record] = []
    delimiter, before = ",", ""
    for candidate in [declared[1]] if declared else DELIMITERS:
        blank, records = _records(text[begin:], candidate)
        if records and (not best or len(records[0].raw) > len(best[0].raw)):
            best, delimiter, before = records, candidate, text[:begin] + blank
    if not best:
        raise UserError(f"the sheet {path} is empty")
    if any(OPEN.fullmatch(cell) for cell in best[-1].raw):
        raise UserError(
            f"the sheet {path} cannot be read: a quotation mark begins a cell, and none ends it "
            f"before line {best[-1].number}, the last. Correct that cell, or save the sheet anew"
        )
    return Table(best, delimiter, before, *found)


def _records(text: str, delimiter: str) -> tuple[str, list[Record]]:
    """Return what stands before the first row, and the rows; blank ones end the one before."""
    plain = f"[^{re.escape(delimiter)}\r\n]*"
    cell = re.compile(rf'"[^"]*(?:""[^"]*)*(?:"|\Z){plain}|{plain}')
    found: list[
        tuple[int, int, tuple[str, ...], int]
    ] = []  # begin, number, cells, end of the cells
    at, number = 0, 1
    while at < len(text):
        begin, raw = at, list[str]()
        while True:
            match = cell.match(text, at)
            assert match is not None  # nothing is a cell, too
            raw.append(match[0])
            at = match.end()
            if text[at : at + 1] != delimiter:
                break
            at += 1
        number += sum(len(BREAK.findall(c)) for c in raw)
        if any(_said(c).strip() for c in raw):
            found.append((begin, number, tuple(raw), at))
        at += 2 if text.startswith("\r\n", at) else 1
        number += 1
    ends = [*(begin for begin, *_ in found[1:]), len(text)]
    return text[: found[0][0] if found else None], [
        Record(number, raw, text[stop:end])
        for (_, number, raw, stop), end in zip(found, ends, strict=found != [])
    ]


def _said(raw: str) -> str:
    """Return what a cell says; a byte that is no letter in its encoding becomes a sign for that."""
    if quoted := QUOTED.fullmatch(raw):
        raw = quoted[1].replace('""', '"') + quoted[2]
    return LONE.sub("\ufffd", raw)


def _decoded(data: bytes) -> tuple[str, tuple[str, str, bytes]]:
    """Return the text, and how it becomes the same bytes again: encoding, errors, mark."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[2:].decode(encoding, "replace"), (encoding, "replace", mark)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        return data[len(mark) :].decode(), ("utf-8", "strict", mark)
    except UnicodeDecodeError:
        kept = ("cp1252", "surrogateescape", b"")
        return data.decode(*kept[:2]), kept
