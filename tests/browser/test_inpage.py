"""The engine in the page: all cells of the book against what they stored, and what it survives.

The engine's package is fetched by `cs231n book engine`; without it these tests are skipped.
"""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build, notebooks
from cs231n_lib.course.publishing.engine import bundle, fetch

pytestmark = pytest.mark.browser

#: A page without editors: it runs what it is told to and gives back what was said.
HARNESS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Engine</title>
<link rel="icon" href="data:,"><script src="_static/dom.js"></script><script type="module">
import { InPage } from "./live/engines/inpage.js";
const told = (await (await fetch("live.json")).json()).engines["in-page"];
const engine = new InPage(new URL("./", location.href).href, told);
window.states = [];
window.engine = engine;
window.offer = await InPage.offer(told, engine.root);
window.cell = async (code, options = {}) => {
  const outputs = [];
  const answer = await engine.run(code, { show: (output) => outputs.push(output), ...options });
  return { ...answer, outputs };
};
window.started = engine.start((state, sentence) => window.states.push([state, sentence]));
</script></head><body></body></html>"""
READ = [path for path in build.notebooks() if path.parent.name not in ("labs", "teaching")]
#: Reads other notebooks with their outputs, which the engine does not carry.
CHAPTERS = [path for path in READ if path.stem != "errata"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def engine_site(tmp_path_factory):
    """A folder with the engine and nothing else of the book, on a plain static host."""
    if fetch.wheel() is None:
        pytest.skip("the engine is not in the cache: run `cs231n book engine`")
    site = tmp_path_factory.mktemp("engine")
    shutil.copytree(root() / "book/_web", site, dirs_exist_ok=True)
    for name in ("_static", "_vendor/wasi-shim"):
        shutil.copytree(root() / "book" / name, site / name.removeprefix("_vendor/"))
    bundle.write(site)
    (site / "index.html").write_text(HARNESS, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def opened(chromium, address):
    """A page in a browser of its own, with the engine ready."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(address)
    page.wait_for_function("window.started")
    page.evaluate("window.started")
    assert page.evaluate("states.at(-1)[0]") == "ready", page.evaluate("states")
    return page


@pytest.fixture
def page(chromium, engine_site):
    page = opened(chromium, engine_site[1])
    yield page
    page.context.close()


def cell(page, source):
    """Run one cell; return whether it ran through, and its outputs as a notebook has them."""
    answer = page.evaluate("code => cell(code)", source)
    return answer["ok"], merged(answer["outputs"])


def merged(outputs):
    """Join what came in pieces."""
    whole = []
    for each in outputs:
        last = whole[-1] if whole else {}
        if each["output_type"] == "stream" and last.get("name") == each["name"]:
            last["text"] += each["text"]
        else:
            whole.append(dict(each))
    return whole


def texts(outputs):
    """What a reader reads: text and tables, without figures and their names."""
    shown = []
    for output in outputs:
        if output["output_type"] == "stream":
            shown.append((output["name"], output["text"]))
        elif output["output_type"] == "error":
            shown.append(("error", output["ename"], output["evalue"]))
        else:
            data = output["data"]
            kinds = [kind for kind in data if not kind.startswith("image/")]
            if "image/png" in data:
                kinds.remove("text/plain")
            shown += [(kind, data[kind]) for kind in sorted(kinds)]
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_what_it_stored(page, path):
    wrong = []
    for each in notebooks.read(path).cells:
        if each.cell_type != "code" or not each.source.strip():
            continue
        ok, found = cell(page, each.source)
        if not ok and "raises-exception" not in each.metadata.get("tags", []):
            wrong.append((each.id, "failed", texts(found)))
        elif "nbval-ignore-output" not in each.metadata.get("tags", []):
            if texts(found) != texts(each.outputs):
                wrong.append((each.id, texts(found), texts(each.outputs)))
            elif differs := notebooks.compare_figures(each.outputs, found):
                wrong.append((each.id, differs))
    assert not wrong, "\n".join(map(str, wrong))
