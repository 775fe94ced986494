"""A published folder on hosts as they are: below a sub-path, odd about types, strict."""

import json
from contextlib import ExitStack

import pytest

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import build, publish
from tests.browser.host import BASE, PAGE, RIGHT, WRONG, Host, Plain, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
STRICT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "worker-src 'self'; connect-src 'self'"
)


class Unpacks(Host):
    """Says that a .gz is the packed form of something else: the browser unpacks it on the way."""

    def end_headers(self):
        if self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()


class WrongTypes(Host):
    """Knows no .wasm and no .gz, and takes .json for a text."""

    types = {".gz": "text/plain", ".json": "text/plain", ".wasm": "text/html"}  # noqa: RUF012


class KeepsForEver(Host):
    """Has everything kept for a year, pages included."""

    extra = {"Cache-Control": "public, max-age=31536000, immutable"}  # noqa: RUF012


class StrictPolicy(Host):
    """Forbids evaluation and blobs: then a running cell cannot be interrupted, only restarted."""

    extra = {"Content-Security-Policy": STRICT}  # noqa: RUF012


@pytest.fixture
def serve_as(published):
    with ExitStack() as hosts:
        yield lambda kind: hosts.enter_context(served(published, kind)) + f"{BASE[1:]}{PAGE}.html"


def make_live(page):
    page.get_by_role("button", name="Run this page live").click()
    page.locator(".live-bar[data-state=ready]").wait_for()


def check(page, source):
    exercise = page.locator("div.tag_practice")
    exercise.locator(".CodeMirror").evaluate("(e, text) => e.CodeMirror.setValue(text)", source)
    exercise.get_by_role("button", name="Check your code").click()


def test_it_is_what_a_static_host_needs(published):
    assert (published / ".nojekyll").is_file()
    told = json.loads((published / "live.json").read_text())["engines"]
    assert list(told) == ["in-page"]
    assert told["in-page"]["bytes"] < 25_000_000
    modes = {path: path.stat().st_mode & 0o777 for path in (published, *published.rglob("*"))}
    wrong = [p for p, mode in modes.items() if mode != (0o755 if p.is_dir() else 0o644)]
    assert wrong == []  # a web server runs as another user
    assert (published / "engine" / "LICENSES.txt").stat().st_size > 100_000


@pytest.mark.parametrize("kind", [Plain, Unpacks, WrongTypes, KeepsForEver, StrictPolicy])
def test_a_page_runs_whatever_the_host_is_like(chromium, serve_as, expect, kind):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(serve_as(kind))
    expect(page.locator(".live-status")).to_contain_text("MB, once")
    make_live(page)
    check(page, WRONG)
    report = page.locator("div.tag_practice-check .practice")
    expect(report).to_have_attribute("data-state", "failed")
    expect(report.get_by_text("Likely reason:").first).to_be_visible()
    context.set_offline(True)  # after the first visit, nothing is asked for
    check(page, RIGHT)
    expect(report).to_have_attribute("data-state", "passed")
    context.close()


def test_a_file_that_is_missing_is_told_and_asked_for_again(chromium, published, serve_as, expect):
    (library,) = (published / "engine").glob("library-*")
    library.rename(away := published / "away")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(serve_as(Plain))
    page.get_by_role("button", name="Run this page live").click()
    expect(page.locator(".live-status")).to_contain_text("did not arrive")
    away.write_bytes((whole := away.read_bytes())[:1_000_000])  # half of it comes
    away.rename(library)
    for _ in range(2):  # the half is no use: it is asked for once more
        page.wait_for_event("response", lambda r: "/library-" in r.url and r.ok)
    expect(page.locator(".live-status")).to_contain_text("did not arrive")
    library.write_bytes(whole)
    page.locator(".live-bar[data-state=ready]").wait_for()
    context.close()


def test_an_old_browser_is_offered_the_notebook(chromium, serve_as, expect):
    context = chromium.new_context()
    context.add_init_script("delete globalThis.DecompressionStream")
    page = context.new_page()
    page.goto(serve_as(Plain))
    expect(page.locator(".launch-bar")).to_contain_text("Download the notebook")
    assert page.locator(".live-bar").count() == 0
    context.close()


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        publish.publish(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        publish.publish(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_page_that_does_not_run_is_not_published(published, tmp_path, monkeypatch):
    before = sorted(path.name for path in published.iterdir())
    monkeypatch.setattr(build, "build", lambda **_: True)
    monkeypatch.setattr(publish.bundle, "write", lambda site: (site / "live.json").write_text("{}"))
    with pytest.raises(UserError, match="does not run in the browser: the button did not come"):
        publish.publish(published)
    assert sorted(path.name for path in published.iterdir()) == before
