"""The rooms of the book's scripts: who knows of what, and what must never happen in which."""

import re

import pytest

from cs231n_lib.course.checkout import root

BOOK = root() / "book"
SCRIPTS = sorted([*(BOOK / "_static").glob("*.js"), *(BOOK / "_web").rglob("*.js")])
ROOMS = sorted(path for path in (BOOK / "_web").rglob("*") if path.is_dir())
#: What one file alone may know of, and that file.
ALONE = {
    r"thebe": "_web/live/engines/jupyter.js",
    r"CodeMirror": "_web/live/editor.js",
    r"DOMPurify|innerHTML": "_web/live/outputs.js",
    r"createElement": "_static/dom.js",
}
MODULE = re.compile(r"^\s*(import|export)\b", re.M)


def name(path):
    return path.relative_to(BOOK).as_posix()


def test_there_is_something_to_look_at():
    assert len(SCRIPTS) > 15
    assert {"live", "engines", "explore", "quiz"} <= {path.name for path in ROOMS}


@pytest.mark.parametrize("word", ALONE)
def test_one_file_knows_of_it(word):
    found = {name(path) for path in SCRIPTS if re.search(word, path.read_text("utf-8"))}
    assert found == {ALONE[word]}


@pytest.mark.parametrize("folder", ["_static", "_web/explore", "_web/quiz"])
def test_a_script_of_a_book_opened_from_a_folder_is_no_module(folder):
    files = sorted((BOOK / folder).glob("*.js"))
    assert files
    assert [name(path) for path in files if MODULE.search(path.read_text("utf-8"))] == []


def test_only_the_chooser_knows_the_engines():
    engines = {path.name for path in (BOOK / "_web/live/engines").glob("*.js")} - {"engine.js"}
    assert engines
    naming = re.compile("|".join(re.escape(f"/{each}") for each in engines))
    found = {name(path) for path in SCRIPTS if naming.search(path.read_text("utf-8"))}
    assert found == {"_web/live/engines/engine.js"}


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_says_what_it_is_for_and_is_short(path):
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) < 250


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_says_who_may_enter(room):
    text = (room / "README.md").read_text("utf-8")
    assert "Never" in text
    missing = [
        p.name for p in room.iterdir() if p.suffix in (".js", ".css") and f"`{p.name}`" not in text
    ]
    if room.name != "explore":  # one file a figure, and the figures name themselves
        assert missing == []
