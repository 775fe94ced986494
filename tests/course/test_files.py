"""Files that are written whole or not at all."""

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically


def test_a_file_is_replaced_and_nothing_else_stays(tmp_path):
    for data in (b"first", b"second"):
        write_atomically(tmp_path / "new" / "a.csv", data)
    assert [path.read_bytes() for path in (tmp_path / "new").iterdir()] == [b"second"]


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(UserError, match="which is a folder; name a file"):
        write_atomically(tmp_path / "folder", b"x")
    with pytest.raises(UserError, match="cannot write"):
        write_atomically(tmp_path / "file" / "a.csv", b"x")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}
