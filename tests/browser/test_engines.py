"""A stranger's engine: one file, one line, and the page runs with it on a static host."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cs231n_lib.course.checkout import root
from tests.browser.pages import settle

pytestmark = pytest.mark.browser

#: Knows one thing: how to say its code backwards.
BACKWARDS = """// Says every cell's code backwards.
export class Backwards {
  static words = { away: "It is away.", back: "It is back." };
  static offer(told) { return { mayRun: told.able, sentence: told.able ? "" : "Not today." }; }
  constructor() { this.id = 0; }
  async start(report) { this.report = report; this.id += 1; report("ready", "ready"); }
  async run(code, { show = () => {} } = {}) {
    const text = [...code].reverse().join("");
    show({ output_type: "stream", name: "stdout", text });
    return { ok: true };
  }
  interrupt() {}
  async restart() { await this.start(this.report); }
  end() {}
}
"""
PAGE = """<!doctype html><html lang="en" data-content_root="./"><head><meta charset="utf-8">
<title>Cells</title><script src="_static/dom.js"></script><script src="_static/start.js"></script>
</head><body><main><article class="bd-article"><h1>Cells</h1>
<div class="cell" id="cell-one"><div class="cell_input"><pre>abc</pre></div></div>
<a class="btn-download-source-button" href="cells.ipynb">.ipynb</a>
<template data-cell="unseen">x &lt; y</template>
<div class="cell seconds-20" id="cell-two"><div class="cell_input"><pre>def</pre></div></div>
</article></main></body></html>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def end_headers(self):
        # A file that changes twice in a second has one time of change: never keep it.
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A folder with the book's scripts, the new engine and a page, on a plain static host."""
    site = tmp_path_factory.mktemp("site")
    for name in ("_web", "_vendor"):
        shutil.copytree(root() / "book" / name, site, dirs_exist_ok=True)
    shutil.copytree(root() / "book" / "_static", site / "_static")
    (site / "page.html").write_text(PAGE, "utf-8")
    (site / "live/engines/backwards.js").write_text(BACKWARDS, "utf-8")
    chooser = site / "live/engines/engine.js"
    known = "const ENGINES = { "
    text = chooser.read_text("utf-8")
    assert known in text
    line = 'import { Backwards } from "./backwards.js";\n'
    chooser.write_text(line + text.replace(known, known + "backwards: Backwards, "), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site, f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    server.server_close()


def open_page(chromium, host, told):
    site, address = host
    (site / "live.json").write_text(json.dumps(told), "utf-8")
    page = chromium.new_page()
    page.goto(address)
    return page


def test_an_engine_is_one_file_and_one_line(chromium, host, expect):
    page = open_page(chromium, host, {"engines": {"backwards": {"able": True}}})
    page.get_by_role("button", name="Run this page live").click()
    page.locator(".live-bar[data-state=ready]").wait_for()
    cells = page.locator(".live-cell")
    expect(cells.nth(1).locator(".live-mark")).to_have_text("took 20 s when this page was made")
    cells.nth(1).get_by_role("button", name="Run cell").click()
    expect(cells.nth(1).locator(".cell_output")).to_have_text("fed")
    expect(cells.nth(0).locator(".cell_output")).to_have_text("cba")
    page.get_by_role("button", name="Restart").click()
    expect(cells.nth(0)).to_have_attribute("data-live", "")
    page.close()


def test_edits_belong_to_the_cell_and_not_to_its_place(chromium, host, expect):
    site, address = host
    context = chromium.new_context()
    page = context.new_page()
    (site / "live.json").write_text('{"engines": {"backwards": {"able": true}}}', "utf-8")
    page.goto(address)
    page.get_by_role("button", name="Run this page live").click()
    page.locator("#cell-two .CodeMirror").evaluate("e => e.CodeMirror.setValue('mine')")
    before = '<div class="cell" id="cell-new"><div class="cell_input"><pre>n</pre></div></div>'
    (site / "page.html").write_text(PAGE.replace("<template", before + "<template"), "utf-8")
    page.reload()
    expect(page.locator(".live-status")).to_contain_text("Your edits of this page are kept")
    page.get_by_role("button", name="Run this page live").click()
    expect(page.locator(".CodeMirror")).to_have_count(3)
    texts = page.locator(".CodeMirror").evaluate_all("es => es.map(e => e.CodeMirror.getValue())")
    assert texts == ["abc", "n", "mine"]
    (site / "page.html").write_text(PAGE, "utf-8")
    context.close()


def test_an_engine_that_may_not_says_why(chromium, host, expect):
    page = open_page(chromium, host, {"engines": {"backwards": {"able": False}}})
    expect(page.get_by_role("button", name="Run this page live")).to_be_disabled()
    expect(page.locator(".live-status")).to_have_text("Not today.")
    page.close()


@pytest.mark.parametrize("told", [{}, {"engines": {}}, {"engines": {"unknown": {}}}, []])
def test_without_an_engine_there_is_no_offer(chromium, host, told):
    page = open_page(chromium, host, told)
    settle(page)
    assert page.locator(".live-bar").count() == 0
    page.close()


def test_a_host_that_sends_scripts_as_text_is_offered_the_notebook(chromium, host, expect):
    site, address = host
    (site / "live.json").write_text('{"engines": {"backwards": {"able": true}}}', "utf-8")
    page = chromium.new_page()

    def as_text(route):
        answer = route.fetch()
        route.fulfill(response=answer, headers=answer.headers | {"content-type": "text/plain"})

    page.route("**/live/**", as_text)
    page.goto(address)
    expect(page.locator(".launch-bar")).to_contain_text("Download the notebook")
    page.close()
