"""Tables are read as the csv module reads them, and what nobody answered goes back as it came."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cs231n_lib.course.classroom.platforms import sheets
from cs231n_lib.course.classroom.platforms.sheets import as_table, read_table
from cs231n_lib.course.errors import UserError

#: What tables are made of, odd characters included.
PIECES = st.sampled_from(
    ["a", "é", "1,5", '"', '""', ",", ";", "\t", "\n", "\r", "\r\n", " ", "=1"]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@given(TEXTS, st.sampled_from(",;\t"))
@example('a,"b\nc"\r\n,,\n"unclosed', ",")
@example('"a"b"c,d', ",")
def test_rows_are_those_of_the_csv_module(text, delimiter):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = [(reader.line_num, row) for row in reader]
    before, found = sheets._records(text, delimiter)
    wanted = [row for _, row in rows if any(cell.strip() for cell in row)]
    assert [record.cells for record in found] == wanted
    whole = before + "".join(delimiter.join(r.raw) + r.end for r in found)
    assert whole == text


@given(TEXTS.filter(str.strip), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
def test_a_table_that_nobody_answered_is_the_bytes_that_came(tmp_path_factory, text, encoding):
    path = tmp_path_factory.mktemp("sheet") / "table.csv"
    path.write_bytes(text.encode(encoding))
    try:
        table = read_table(path)
    except UserError:  # nothing but delimiters and quotes
        return
    assert table.answered(0, {}) == path.read_bytes()


@pytest.mark.parametrize("data", [
    b'a,"b",c\n"x, y",,\n\n=z,"",last', b"\xef\xbb\xbfa;b;c\r\nx;1,5;\r\nz;;\r\n",
    b"sep=;\r\n\r\na;b;c\r\nx;;\r\nz;;", b"a\tb\tc\nx\nz\t\x81\t",
    "\ufeffa,b\nx,\nz,".encode("utf-16-be"),
    '\ufeffa,"b"\nx,"2.0"\nz,'.encode("utf-16-le"),
])  # fmt: skip
def test_nothing_changes_but_the_cells_that_are_answered(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    came = read_table(path)
    path.write_bytes(came.answered(1, {1: 2.5}))
    went = read_table(path)
    assert (went.before, went.mark, went.header) == (came.before, came.mark, came.header)
    assert [record.end for record in went.records] == [record.end for record in came.records]
    number = "2,5" if came.decimal == "," else "2.5"
    assert went.rows[1][1][1] == number
    assert went.records[1] == came.records[1]
    last, before = went.records[2].raw, came.records[2].raw
    assert [c for i, c in enumerate(last) if i != 1] == [c for i, c in enumerate(before) if i != 1]


def test_two_columns_of_one_name_are_not_taken_for_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("student,Grade,grade\nanne,1,2\n")
    table = read_table(path)
    assert table.column("student") == 0
    with pytest.raises(UserError, match="two columns of the sheet are called 'Grade'"):
        table.column("Grade")


def test_a_table_of_our_own_has_no_formula():
    assert b"'=1+1" in as_table(["=1+1"], [["@x", 1.5]])


@pytest.mark.parametrize("cell", ['"a@x.org', '"', '"a""', '"a\n"'])
def test_a_cell_that_is_never_closed_does_not_swallow_the_rest(tmp_path, cell):
    path = tmp_path / "table.csv"
    path.write_text(f"student,email\nanne,{cell}\nbob,b@x.org\n")
    if cell.endswith('\n"'):  # closed, on the next line
        assert [row[0] for _, row in read_table(path).rows] == ["anne", "bob"]
        return
    with pytest.raises(UserError, match="none ends it before line 4"):
        read_table(path)
