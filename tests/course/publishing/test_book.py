"""Building the book, its links to the library, and the code it carries from elsewhere."""

import base64
import hashlib
import io
import logging
import os
import subprocess
import tarfile
import threading
import tomllib
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.project import vendor
from cs231n_lib.course.publishing import build, server
from cs231n_lib.course.publishing.engine import fetch
from cs231n_lib.course.publishing.sphinx import launch, listing
from tests import loops

MODULE = '''"""A module."""

import functools


@functools.cache
def shown(x):
    """Say what it does.

    At length.
    """
    y = x + 1
    return y


def bare(x):
    return x


@overload
def several(x: int) -> int: ...


def several(x):
    """Say it of all."""
    return x


class Thing:
    """A thing."""

    def method(self):
        """Only a docstring."""


class Guarded:
    """A thing that refuses."""

    size = 3

    def work(self, x):
        """Work."""
        check_count("x", x)
        if x > self.size:
            raise ValueError(
                "too large"
            )

        if x:
            return 2 * x
        raise LookupError(x)
'''
LISTED = """\
class Guarded:
    size = 3

    def work(self, x):
        if x:
            return 2 * x
        raise LookupError(x)"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library with one module, and a folder with the same in its front and in a file."""
    (tmp_path / "room").mkdir()
    for name in ("module.py", "room/__init__.py", "room/file.py"):
        (tmp_path / name).write_text(MODULE)
    monkeypatch.setattr(listing.cs231n_lib, "__path__", [str(tmp_path)])
    return tmp_path


def lines(found):
    return [line for part in found for line in numbered(part)]


def numbered(part):
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def test_a_listing_is_the_source_without_its_docstring(library):
    path, qualname, kept = listing.locate("cs231n_lib.module.shown")
    source = MODULE.splitlines()
    start = source.index("@functools.cache")
    shown = [source[start + n - 1] for n in lines(kept)]
    assert (path.name, qualname) == ("module.py", "shown")
    assert shown == ["@functools.cache", "def shown(x):", "    y = x + 1", "    return y"]


@pytest.mark.parametrize("name", ["room", "room.file"])
def test_a_listing_is_found_in_a_folder(library, name):
    path, qualname, _ = listing.locate(f"cs231n_lib.{name}.Thing.method")
    assert qualname == "Thing.method"
    assert path == library / ("room/file.py" if name == "room.file" else "room/__init__.py")


def test_a_function_without_docstring_is_listed_whole(library):
    assert listing.locate("cs231n_lib.module.bare")[2] == ["1-2"]


def test_a_method_is_found_in_its_class(library):
    _, qualname, kept = listing.locate("cs231n_lib.module.Thing.method")
    assert (qualname, kept) == ("Thing.method", ["1-2"])


def test_a_listing_of_an_overloaded_function_is_its_work_and_not_a_signature(library):
    path, _, kept = listing.locate("cs231n_lib.module.several")
    assert lines(kept) == [1, 3]  # of the last definition, less its docstring
    assert path.name == "module.py"


def test_a_listing_leaves_out_guards_and_inner_docstrings(library):
    _, _, kept = listing.locate("cs231n_lib.module.Guarded")
    source = MODULE.splitlines()
    start = source.index("class Guarded:")
    assert "\n".join(source[start + n - 1] for n in lines(kept)) == LISTED
    _, _, whole = listing.locate("cs231n_lib.module.Guarded", guards=True)
    assert len(lines(whole)) == len(lines(kept)) + 6  # with its blank line


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("numpy.dot", "is not cs231n_lib.module.name"),
        ("cs231n_lib", "is not cs231n_lib.module.name"),
        ("cs231n_lib.module", "is not cs231n_lib.module.name"),
        ("cs231n_lib.none.shown", "no module 'none'"),
        ("cs231n_lib.room.none", "no function or class 'none' in __init__.py"),
        ("cs231n_lib.room.file", "is a module"),
        ("cs231n_lib.module.none", "no function or class 'none' in module.py"),
        ("cs231n_lib.module.Thing.none", "no function or class 'none'"),
    ],
)
def test_a_listing_of_nothing_is_refused(library, name, message):
    with pytest.raises(LookupError, match=message):
        listing.locate(name)


def test_every_public_module_is_on_one_page_of_the_api_appendix():
    modules = listing.public_modules()
    assert modules["cs231n_lib.backend"] is modules["cs231n_lib.layers.conv.naive"] is False
    assert modules["cs231n_lib.layers.conv"] is True
    assert not [name for name in modules if name.startswith("cs231n_lib.course") or "._" in name]
    pages = sorted((root() / "book" / listing.API_PAGES).glob("*.md"))
    described = [name for p in pages for name in listing.modules_of(f"{listing.API_PAGES}{p.stem}")]
    assert sorted(described) == sorted(modules), "make book/appendices/api/ROOM.md for a new room"
    assert all(page.read_text().count(listing.PLACEHOLDER) == 1 for page in pages)
    assert not listing.modules_of("appendices/glossary")


@pytest.mark.parametrize(("address", "shown"), [("", False), ("https://example.org/a/b", True)])
def test_launch_buttons_need_a_public_address(address, shown):
    options = {"repository_url": address, "launch_buttons": {"colab_url": "x"}}
    launch.offer_what_works(None, types.SimpleNamespace(html_theme_options=options))
    assert bool(options["launch_buttons"]) is shown


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one page, whose Jupyter Book writes one file and counts its runs."""
    for name in ("book", "cs231n_lib"):
        (tmp_path / name).mkdir()
    (tmp_path / "_config.yml").touch()
    (tmp_path / "constraints.txt").touch()
    (tmp_path / "book" / "page.md").write_text("# Page")
    (tmp_path / "cs231n_lib" / "module.py").write_text("x = 1")
    place = types.SimpleNamespace(folder=tmp_path, runs=[], status=0)

    def run(command, **_):
        place.runs.append(command)
        (tmp_path / "_build" / "html").mkdir(parents=True, exist_ok=True)
        (tmp_path / "_build" / "html" / "index.html").touch()
        return types.SimpleNamespace(returncode=place.status)

    monkeypatch.setattr(build, "sources", lambda: tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    # Whether an engine was fetched on this machine is no matter of these tests.
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, str(tmp_path / "engine"))
    return place


def test_an_unchanged_book_is_not_built_again(checkout):
    assert build.build() is True
    assert build.build() is False
    assert len(checkout.runs) == 1
    assert build.build(force=True) is True


def test_who_builds_second_waits_and_finds_it_built(checkout, monkeypatch):
    if os.name == "nt":
        pytest.skip("needs the locks of POSIX")
    begun, waits, heard = threading.Event(), threading.Event(), []

    def jupyter_book(*_, **__):
        if not begun.is_set():
            begun.set()
            waits.wait()
        page = checkout.folder / "_build" / "html" / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.touch()
        return True

    def told(step):
        heard.append(step)
        waits.set()

    monkeypatch.setattr(build, "jupyter_book", jupyter_book)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(build.build)
        begun.wait()
        try:
            assert build.build(told=told) is False
        finally:
            waits.set()
    assert first.result() is True
    assert heard == ["another command is building the book: this one waits for it"]


@pytest.mark.parametrize("name", ["book/page.md", "cs231n_lib/module.py", "_config.yml"])
def test_a_change_of_pages_library_or_settings_builds_again(checkout, name):
    build.build()
    (checkout.folder / name).write_text("changed")
    assert build.build() is True
    (checkout.folder / "cs231n_lib" / "__pycache__").mkdir()
    (checkout.folder / "cs231n_lib" / "__pycache__" / "module.pyc").write_text("cache")
    assert build.build() is False


def test_warnings_are_errors_and_nothing_is_taken_as_built(checkout):
    checkout.status = 1
    with pytest.raises(UserError, match="warnings stand above"):
        build.build()
    assert {"-W", "-n", "--keep-going", "--all"} < set(checkout.runs[0])
    checkout.status = 0
    assert build.build() is True


def test_the_watcher_builds_what_changed_and_survives_a_bad_page(checkout, monkeypatch):
    heard = []
    log = logging.getLogger("watch")
    monkeypatch.setattr(log, "warning", lambda *words: heard.append(words))
    watcher = server.Watcher(log)
    loops.run(watcher.rebuild_if_changed())
    assert checkout.runs == []
    page = checkout.folder / "book" / "page.md"
    page.write_text("# Changed")
    os.utime(page, ns=(1, 1))
    loops.run(watcher.rebuild_if_changed())
    assert len(checkout.runs) == 1
    assert "--all" not in checkout.runs[0]
    checkout.status = 1
    page.write_text("# Broken")
    loops.run(watcher.rebuild_if_changed())
    assert len(heard) == 1


def tarball(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def test_a_tarball_is_checked_and_trimmed(tmp_path):
    path = tmp_path / "kit-1.0.tgz"
    files = {
        "package/LICENSE": b"free",
        "package/lib/kit.js": b"1",
        "package/lib/kit.js.map": b"2",
        "package/lib/../../../evil.js": b"3",
    }
    integrity = tarball(path, files)
    vendor.require_recorded(path, integrity)
    with pytest.raises(UserError, match="not the recorded package"):
        vendor.require_recorded(path, integrity[:-4] + "AAA=")
    wanted = {"from": "lib/", "files": ["LICENSE", "*.js"]}
    vendor.extract(path, wanted, tmp_path / "out")
    found = sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")
    )
    assert found == ["LICENSE", "kit.js"]
    with pytest.raises(UserError, match=r"holds no file for kit\.css"):
        vendor.extract(path, {"from": "lib/", "files": ["kit.css"]}, tmp_path / "out")


@pytest.mark.parametrize("folder", vendor.FOLDERS)
def test_vendored_code_has_version_checksum_and_licence(folder):
    packages = tomllib.loads((root() / folder / "versions.toml").read_text())
    for name, wanted in packages.items():
        assert wanted["integrity"].startswith("sha512-"), name
        assert wanted["version"][0].isdigit(), name
        assert list((root() / folder / wanted["folder"]).glob("LICENSE*")), name
