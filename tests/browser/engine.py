"""The engine alone on a plain static host, and a page that runs what it is told to."""

import json
import shutil

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build, notebooks
from cs231n_lib.course.publishing.engine import bundle

#: A page without editors: it runs what it is told to and gives back what was said.
HARNESS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Engine</title>
<base href="ROOT"><link rel="icon" href="data:,"><script src="_static/dom.js"></script>
<script type="module">
import { InPage } from "./live/engines/inpage.js";
const told = (await (await fetch("live.json")).json()).engines["in-page"];
const engine = new InPage(document.baseURI, told);
window.states = [];
window.engine = engine;
window.offer = await InPage.offer(told, document.baseURI);
window.cell = async (code, options = {}) => {
  const outputs = [];
  const answer = await engine.run(code, { show: (output) => outputs.push(output), ...options });
  return { ...answer, outputs };
};
window.started = engine.start((state, sentence) => window.states.push([state, sentence]));
</script></head><body></body></html>"""
READ = [path for path in build.notebooks() if path.parent.name not in ("labs", "teaching")]


def noted(path):
    """How many seconds the cells of a notebook take, as far as it says so."""
    cells = json.loads(path.read_bytes())["cells"]
    return sum(cell["metadata"].get(notebooks.SECONDS, 0) for cell in cells)


#: Errata reads other notebooks with their outputs, which the engine does not carry. Two processes
#: begin with half of the list each and take from its end what the other has left: both have their
#: longest first.
LONGEST_FIRST = sorted((path for path in READ if path.stem != "errata"), key=noted, reverse=True)
CHAPTERS = LONGEST_FIRST[::2] + LONGEST_FIRST[1::2]


def write(site):
    """Write the engine into a folder, and nothing else of the book."""
    shutil.copytree(root() / "book/_web", site, dirs_exist_ok=True)
    for name in ("_static", "_vendor/wasi-shim"):
        shutil.copytree(root() / "book" / name, site / name.removeprefix("_vendor/"))
    bundle.write(site)
    for folder, base in (("", "./"), ("appendices", "../")):
        (site / folder).mkdir(exist_ok=True)
        (site / folder / "index.html").write_text(HARNESS.replace("ROOT", base), "utf-8")


def opened(chromium, address):
    """A page in a browser of its own, with the engine ready."""
    context = chromium.new_context()
    page = context.new_page()
    start(page, address)
    return page


def start(page, address):
    """Load the page of an engine, and wait until that is ready."""
    page.goto(address)
    page.wait_for_function("window.started")
    page.evaluate("window.started")
    assert page.evaluate("states.at(-1)[0]") == "ready", page.evaluate("states")


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


def folder_of(path):
    """Where the page of a notebook lies below the top of the book."""
    return f"{path.parent.name}/" if path.parent.name == "appendices" else ""


def differences(page, path):
    """Run all cells of a notebook; return those that say something else than they stored."""
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
    return wrong
