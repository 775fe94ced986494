"""What the engine in the page is made of: fetched by its hash, slimmed, packed, told to pages."""

import gzip
import hashlib
import importlib.util
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import bounded
from cs231n_lib.course.publishing.engine import bundle, fetch
from cs231n_lib.course.publishing.engine.slim import (
    CODE,
    CUSTOM,
    EMPTY,
    WasmError,
    calls,
    number,
    read_program,
    slim,
)

PARTS = ("python.wasm.gz", "library.zip.gz", "fonts.zip.gz", bundle.LICENCES)


def section(kind, content):
    return bytes([kind]) + number(len(content)) + content


def vector(items):
    return number(len(items)) + b"".join(items)


def text(name):
    return number(len(name)) + name.encode()


def program(calls, names, table=(), exports=(0,)):
    """A WebAssembly program: function n calls the functions in ``calls[n]``."""
    bodies = []
    for called in calls:
        code = b"\0" + b"".join(b"\x10" + number(n) for n in called) + b"\x41\x05\x1a\x0b"
        bodies.append(number(len(code)) + code)
    named = vector([number(n) + text(name) for n, name in enumerate(names)])
    return b"".join(
        [
            b"\0asm\1\0\0\0",
            section(1, vector([b"\x60\0\0"])),
            section(3, vector([number(0) for _ in calls])),
            section(4, vector([b"\x70\0" + number(len(table))])),
            section(7, vector([text(f"e{n}") + b"\0" + number(n) for n in exports])),
            section(9, vector([b"\0\x41\0\x0b" + vector([number(n) for n in table])])),
            section(10, vector(bodies)),
            section(0, text("name") + b"\1" + number(len(named)) + named),
        ]
    )


#: main calls sort, which lies in the library's stretch; the table holds its other functions.
CALLS = [[2], [], [3], [], [5], [], []]
NAMES = ["main", "lib_init", "lib_sort", "std::swap", "lib_fit", "lib_loop", "after"]


def emptied(data):
    found = read_program(data)
    return [data[at : at + size] == EMPTY[1:] for at, size in found.bodies]


def test_code_that_nothing_calls_is_emptied_and_nothing_else_changes():
    whole = program(CALLS, NAMES, table=[1, 4, 6])
    small = slim(whole, [("lib_init", "after")])
    assert emptied(small) == [False, True, False, False, True, True, False]
    before, after = read_program(whole), read_program(small)
    assert after.names == {}
    assert (after.exported, after.in_table) == (before.exported, before.in_table)
    kept = [kind for kind, *_ in before.sections if kind]
    assert [kind for kind, *_ in after.sections] == kept
    assert small == slim(whole, [("lib_init", "after")])


def test_what_libraries_share_stays_where_it_is_reached_by_the_table():
    whole = program(CALLS, NAMES, table=[1, 3], exports=())
    assert emptied(slim(whole, [("lib_init", "after")]))[3] is False


@pytest.mark.parametrize("names", [NAMES[:1] * 7, ["main", "lib_init", *"abcde"]])
def test_a_symbol_that_is_missing_or_twice_is_refused(names):
    with pytest.raises(WasmError, match="stands in the binary"):
        slim(program(CALLS, names), [("main", "after")])


def test_an_unknown_instruction_is_refused():
    odd = program(CALLS, NAMES).replace(b"\x41\x05\x1a\x0b", b"\x06\x05\x1a\x0b", 1)
    with pytest.raises(WasmError, match="0x6 is not known"):
        slim(odd, [("lib_init", "after")])
    with pytest.raises(WasmError, match="not a WebAssembly binary"):
        slim(b"\x7fELF....", [])


def content(data, sections):
    """The sections' kinds and bytes, without the code and without the names of functions."""
    found = [(kind, data[at : at + size]) for kind, at, size in sections if kind != CODE]
    return [(kind, each) for kind, each in found if (kind, each[:5]) != (CUSTOM, text("name"))]


@pytest.mark.slow
def test_the_program_that_pages_load_is_the_whole_one_but_for_what_nothing_calls():
    """So it computes the same: what is missing ends the interpreter, and gives no wrong number."""
    wheel = fetch.wheel()
    if wheel is None:
        pytest.skip("the engine is not in the cache: run `cs231n book engine`")
    rules = fetch.contents()
    whole = zipfile.ZipFile(wheel).read(rules["interpreter"]["program"])
    small = gzip.decompress(bundle.interpreter()["python.wasm.gz"])
    before, after = read_program(whole), read_program(small)
    assert content(small, after.sections) == content(whole, before.sections)
    places = {name: n for n, name in before.names.items()}
    unused = [range(places[u["from"]], places[u["until"]]) for u in rules["unused"]]
    assert len(before.bodies) == len(after.bodies)
    gone = set()
    for n, ((a, size), (b, left)) in enumerate(zip(before.bodies, after.bodies, strict=True)):
        old, new = whole[a : a + size], small[b : b + left]
        if old != new:
            assert new == EMPTY[1:]
            gone.add(n + before.imported)
    assert len(gone) > 10_000
    assert not gone & before.exported
    # What stays calls none of them by name, and through the table only what the recipe names.
    for n, body in enumerate(after.bodies, before.imported):
        if n not in gone:
            assert gone.isdisjoint(calls(small, body))
    assert all(any(n in stretch for stretch in unused) for n in gone & before.in_table)


def test_whole_packages_go_and_their_parts_that_match():
    names = [
        "numpy/__init__.pyc", "numpy/tests/a.pyc", "pandas/x.pyc", "pandas-3.0.dist-info/METADATA",
        "turtle.pyc", "turtledemo.pyc", "folder/",
    ]  # fmt: skip
    kept = bundle.pick(names, ["pandas", "turtle"], r"(^|/)tests?/")
    assert kept == ["numpy/__init__.pyc", "turtledemo.pyc"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache that holds a tiny package, recorded as if it were the real one."""
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, str(tmp_path / "cache"))
    wheel = tmp_path / "tiny.whl"
    with zipfile.ZipFile(wheel, "w") as package:
        package.writestr("tiny", "tiny")
    known = fetch.contents()
    known["interpreter"]["sha256"] = fetch.digest(wheel)
    monkeypatch.setattr(fetch, "contents", lambda: known)
    made = tuple(gzip.compress(name.encode()) for name in PARTS)
    monkeypatch.setattr(bundle, "_make", lambda path: made)
    (tmp_path / "cache").mkdir()
    wheel.rename(tmp_path / "cache" / f"{known['interpreter']['sha256']}.whl")
    return tmp_path / "cache"


def test_pages_are_told_files_by_their_content(cache, tmp_path):
    told = bundle.write(tmp_path / "site")
    assert json.loads((tmp_path / "site/live.json").read_text()) == {"engines": {"in-page": told}}
    sizes = 0
    for part, path in told["files"].items():
        data = (tmp_path / "site" / path).read_bytes()
        assert path.startswith(f"engine/{part}-{hashlib.sha256(data).hexdigest()[:12]}.")
        sizes += len(data)
    assert told["bytes"] == sizes
    assert (tmp_path / "site/engine/LICENSES.txt").is_file()
    assert bundle.write(tmp_path / "site") == told
    bundle.remove(tmp_path / "site")
    assert [*(tmp_path / "site").iterdir()] == []


def test_the_book_and_what_runs_cells_are_in_it(cache):
    files = bundle.book_files()
    for name in ("cs231n_lib/__init__.py", "exercises/a1/a1.ipynb", "cellrunner.py", "bounded.py",
                 "cs231n_lib/course/student/hints/a1.toml",
                 "array_api_compat/__init__.py", "_config.yml"):  # fmt: skip
        assert name in files
    assert not [name for name in files if {"solutions", "samples"} & set(Path(name).parts)]


def test_packages_below_a_folder_called_tests_are_in_it(cache, tmp_path, monkeypatch):
    for place in ("tests/site/odd/__init__.py", "tests/site/odd/tests/test_odd.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    spec = importlib.util.spec_from_file_location("odd", tmp_path / "tests/site/odd/__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert [name for name in bundle.book_files() if name.startswith("odd")] == ["odd/__init__.py"]


def test_more_than_a_first_visit_may_load_is_refused(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MAX_ENGINE_BYTES", 1000)
    with pytest.raises(UserError, match="a first visit may load"):
        bundle.write(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_without_the_package_the_command_is_named(cache):
    for path in cache.iterdir():
        path.write_bytes(b"another one")  # half a download, or a changed file
    assert fetch.wheel() is None
    with pytest.raises(UserError, match="cs231n book engine"):
        bundle.interpreter()


def test_a_failed_fetch_says_why_and_leaves_nothing(cache, monkeypatch):
    for path in cache.iterdir():
        path.unlink()

    def fail(command, **options):
        assert "--require-hashes" in command
        return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: no network\n")

    monkeypatch.setattr(fetch.subprocess, "run", fail)
    with pytest.raises(UserError, match="no network"):
        fetch.fetch()
    assert [*cache.iterdir()] == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    with pytest.raises(UserError, match=fetch.FOLDER_VARIABLE):
        fetch.fetch()


def test_text_within_the_budget_is_written_and_no_more(monkeypatch):
    monkeypatch.setattr(bounded, "MOST_TEXT", 10)
    budget, written = bounded.Budget(), []
    write = bounded.bounded(written.append, budget)
    write("12345")
    write("67890")
    for _ in range(2):  # who catches it gets it again
        with pytest.raises(bounded.TooMuchPrinted, match="printed 10 characters"):
            write("x")
    assert written == ["12345", "67890"]
    assert not issubclass(bounded.TooMuchPrinted, Exception)
    budget.renew()
    write("again")
    assert written[-1] == "again"
