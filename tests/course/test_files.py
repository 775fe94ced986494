"""Files and folders that are made whole or not at all."""

import errno
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cs231n_lib.course import checkout
from cs231n_lib.course.classroom.founding import begin
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import cannot_write, copy_folder, folder_in_one_step, write_atomically


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


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }


def test_a_folder_takes_the_place_of_another_in_one_step(tmp_path):
    for text in ("first", "second"):
        with folder_in_one_step(tmp_path / "new" / "site", replace=True) as site:
            (site / text).write_text(text)
            assert (tmp_path / "new" / "site" / "first").exists() == (text == "second")
        assert contents(tmp_path) == {f"new/site/{text}": text}


def test_a_folder_in_use_is_replaced_only_if_that_is_wanted(tmp_path):
    (tmp_path / "page").write_text("mine")
    for place, told in ((tmp_path, "not empty"), (tmp_path / "page", "is a file")):
        with pytest.raises(UserError, match=told), folder_in_one_step(place):
            pass
    assert contents(tmp_path) == {"page": "mine"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, "full")])
def test_a_folder_that_is_cut_short_leaves_the_old_one_alone(tmp_path, error):
    with folder_in_one_step(tmp_path / "site") as site:
        (site / "page").write_text("old")

    def cut_short():
        with folder_in_one_step(tmp_path / "site", replace=True) as site:
            (site / "page").write_text("new")
            raise error

    with pytest.raises((KeyboardInterrupt, UserError)):
        cut_short()
    assert contents(tmp_path) == {"site/page": "old"}


def full(source, target):
    raise OSError(errno.ENOSPC, "No space left on device", source, None, target)


@pytest.mark.parametrize(
    "words",
    [
        "course new {}",
        "course add a2 --course course",
        "book new {}",
        "demo {}",
        "lab a1 --folder {}",
    ],
)
def test_a_disk_that_fills_up_is_told_in_a_line_and_leaves_nothing(tmp_path, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin(tmp_path / "course", assignments=("a1",))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(shutil, "copy2", full)
    run = CliRunner().invoke(app, words.format(tmp_path / "new").split())
    assert isinstance(run.exception, UserError), run.output
    message = str(run.exception)
    assert "No space left on device" in message
    assert "room" in message or "--folder" in message
    assert "\n" not in message
    assert len(message) < 300
    left = {path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"}
    assert left <= set(before)


def test_a_file_is_copied_at_the_first_failure_no_further(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / "from" / name).mkdir(parents=True)
        (tmp_path / "from" / name / "file").touch()
    tried = []
    monkeypatch.setattr(shutil, "copy2", lambda *paths: tried.append(paths) or full(*paths))
    with pytest.raises(OSError, match="No space left") as failed:
        copy_folder(tmp_path / "from", tmp_path / "to")
    assert len(tried) == 1
    assert failed.value.filename == tried[0][1]


def test_folders_are_copied_in_one_way():
    copied = {
        path.relative_to(checkout.tooling()).as_posix()
        for path in checkout.tooling().rglob("*.py")
        if "copytree(" in path.read_text(encoding="utf-8")
    }
    assert copied == {"files.py", "inside/zygote.py"}  # that one is alone behind the walls


def test_a_folder_that_is_cut_short_at_the_last_step_is_put_back(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page").write_text("old")
    rename = Path.rename

    def cut_short(self, target):
        if self.name == "new":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", cut_short)
    with pytest.raises(KeyboardInterrupt), folder_in_one_step(tmp_path / "site", replace=True):
        pass
    assert contents(tmp_path) == {"site/page": "old"}


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EROFS, "you may write to"), (errno.ENOENT, "there is")],
)
def test_the_remedy_is_that_of_the_reason(tmp_path, number, remedy):
    assert remedy in str(cannot_write(tmp_path, OSError(number, "why")))


@pytest.mark.parametrize(
    "words", ["course new", "book new", "book publish", "release a1 --bundles", "demo"]
)
def test_a_place_where_nothing_can_be_made_is_told_in_words(tmp_path, words, monkeypatch):
    course = tmp_path / "course"
    made = CliRunner().invoke(app, ["course", "new", str(course), "--assignments", "a1"])
    assert made.exit_code == 0, made.output
    monkeypatch.chdir(course)
    (tmp_path / "file").write_text("mine")
    done = CliRunner().invoke(app, [*words.split(), str(tmp_path / "file" / "x")])
    assert isinstance(done.exception, UserError), done.exception
    assert f"cannot write {tmp_path}/file/x" in str(done.exception)
    assert {path.name for path in tmp_path.iterdir()} == {"course", "file"}
    assert (tmp_path / "file").read_text() == "mine"
