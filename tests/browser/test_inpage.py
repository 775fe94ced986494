"""The engine in the page: all cells of the book against what they stored, and what it survives.

The engine's package is fetched by `cs231n book engine`; without it these tests are skipped.
"""

import pytest

from tests.browser.engine import CHAPTERS, cell, differences, folder_of, opened, start

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def afresh(chromium, engine_site):
    """Return a function: a page of the engine in a folder of the book, with nothing run in it yet.

    The page is opened once. What its Python begins with is, each time, the image that the page has
    made of a first start: compiled once, the program need not be compiled again. A page of another
    folder finds the image in the storage of the same browser, as a reader's does.
    """
    pages = {}
    context = chromium.new_context()

    def afresh(folder=""):
        if folder not in pages:
            pages[folder] = context.new_page()
            start(pages[folder], engine_site[1] + folder)
            pages[folder].wait_for_function("engine.image")
        page = pages[folder]
        page.evaluate("engine.restart()")
        assert page.evaluate("states.at(-1)[0]") == "restarted", page.evaluate("states")
        return page

    yield afresh
    context.close()


@pytest.fixture
def page(afresh):
    return afresh()


def begin(page, source):
    """Have a cell run, and wait for the first that it says; `said` is all, `running` its answer."""
    page.evaluate(
        """code => {
          window.said = [];
          window.running = cell(code, { show: (output) => said.push(output) });
        }""",
        source,
    )
    page.wait_for_function("said.length")


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_what_it_stored(afresh, path):
    wrong = differences(afresh(folder_of(path)), path)
    assert not wrong, "\n".join(map(str, wrong))


def test_an_endless_loop_is_interrupted_and_its_variables_survive(page):
    begin(page, "n = 0; print('begun')\nwhile True:\n    n += 1")
    assert page.evaluate("engine.state") == "busy"
    page.evaluate("() => { engine.interrupt(); }")
    assert page.evaluate("running")["ok"] is False
    begun, error = page.evaluate("said")
    assert begun["text"] == "begun\n"
    assert error["ename"] == "KeyboardInterrupt"
    told = "\n".join(error["traceback"])
    assert 'File "<cell 1>", line 3' in told
    assert "cellrunner" not in told  # the reader's own lines, and nothing of the engine
    assert cell(page, "n > 100")[1][0]["data"]["text/plain"] == "True"


def test_an_endless_loop_of_prints_ends_by_itself(page):
    ok, found = cell(page, "while True:\n    print('x' * 99)")
    assert not ok
    assert len(found[0]["text"]) == 2_000_000
    assert found[-1]["ename"] == "TooMuchPrinted"
    ok, found = cell(page, "print('again')")
    assert ok
    assert found[0]["text"] == "again\n"


def test_a_restart_forgets_even_in_the_middle_of_compiled_code(page):
    cell(page, "import numpy as np\nx = np.ones((3000, 3000))")
    before = page.evaluate("engine.id")
    begin(page, "print('begun')\nwhile True: x @ x")
    page.evaluate("engine.restart()")
    assert page.evaluate("running") == {"ok": False, "gone": True, "outputs": []}
    assert page.evaluate("engine.id") == before + 1
    assert page.evaluate("states.at(-1)[0]") == "restarted"
    assert cell(page, "'x' in globals()")[1][0]["data"]["text/plain"] == "False"


def test_a_crash_is_told_and_python_comes_back(page):
    """A module whose code was taken out ends the interpreter; nothing else does."""
    before = page.evaluate("engine.id")
    answer = page.evaluate("cell('import _sqlite3')")
    assert (answer["ok"], answer["gone"]) == (False, True)
    assert page.evaluate("states.at(-1)[0]") == "died"
    assert page.evaluate("engine.id") == before + 1
    assert cell(page, "1 + 1")[1][0]["data"]["text/plain"] == "2"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import numpy as np\nnp.ones((60_000, 60_000))", "ValueError"),
        ("b = []\nwhile True:\n    b.append(bytearray(2**28))", "MemoryError"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("import threading\nthreading.Thread(target=print).start()", "RuntimeError"),
        ("input('name? ')", "RuntimeError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import scipy", "ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_is_a_python_error_and_the_page_goes_on(page, source, name):
    ok, found = cell(page, source)
    assert not ok
    assert found[-1]["ename"] == name
    assert cell(page, "1 + 1")[1][0]["data"]["text/plain"] == "2"


def test_objects_are_shown_as_in_a_notebook(page):
    source = (
        "from IPython.display import HTML, Math, display\n"
        "display(HTML('<b>bold</b>'), Math('x^2'))\n"
        "import sys\nprint('to', 'stderr', file=sys.stderr)\n"
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.plot([2, 1]);"
    )
    ok, found = cell(page, source)
    assert ok
    kinds = [output["output_type"] for output in found]
    assert kinds == ["display_data", "display_data", "stream", "display_data", "display_data"]
    assert found[0]["data"]["text/html"] == "<b>bold</b>"
    assert found[1]["data"]["text/latex"] == "$\\displaystyle x^2$"
    assert found[2]["name"] == "stderr"
    assert all(output["data"]["image/png"].startswith("iVBOR") for output in found[3:])


def test_the_second_visit_asks_the_host_for_no_part_of_it(chromium, engine_site):
    page = opened(chromium, engine_site[1])
    page.evaluate("""async () => { // the image is stored last
      const kept = await caches.open("cs231n-engine");
      while (!(await kept.match(engine.files.root + engine.files.image)))
        await new Promise((done) => setTimeout(done, 100));
    }""")
    kept = page.evaluate("""async () => {
      const keys = await (await caches.open("cs231n-engine")).keys();
      return keys.map(({ url }) => url).filter((url) => !url.includes("/engine/image"));
    }""")
    endings = sorted(url.rpartition(".")[2] for url in kept)
    assert endings == ["wasm", "zip", "zip", "zip"]  # unpacked: the next start need not
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_function("window.started")
    page.evaluate("started")
    assert page.evaluate("offer.sentence") == "Runs in your browser. Python is here already."
    assert [url for url in asked if "/engine/" in url] == []
    ok, found = cell(page, "import numpy as np\nnp.arange(3).sum()")
    assert ok
    assert found[0]["data"]["text/plain"] == "np.int32(3)"  # the integers of a 32-bit Python
    page.context.close()


def test_a_full_storage_is_told_and_the_page_runs(chromium, engine_site):
    context = chromium.new_context()
    context.add_init_script("Cache.prototype.put = () => Promise.reject(new Error('no room'))")
    page = context.new_page()
    page.goto(engine_site[1])
    page.wait_for_function("window.started")
    page.evaluate("started")
    state, sentence = page.evaluate("states.at(-1)")
    assert state == "ready"
    assert "no room to keep Python" in sentence
    assert cell(page, "1 + 1")[1][0]["data"]["text/plain"] == "2"
    context.close()


def test_a_blocked_worker_is_told_with_a_way_on(chromium, engine_site):
    def forbid(route):
        answer = route.fetch()
        headers = answer.headers | {"content-security-policy": "worker-src 'none'"}
        route.fulfill(response=answer, headers=headers)

    context = chromium.new_context()
    page = context.new_page()
    page.route(engine_site[1], forbid)
    page.goto(engine_site[1])
    page.wait_for_function("window.started")
    page.evaluate("started")
    state, sentence = page.evaluate("states.at(-1)")
    assert state == "lost"
    assert "Download the notebook and open it elsewhere" in sentence
    context.close()


def test_chance_is_not_the_same_after_every_start(page):
    drawn = set()
    for _ in range(2):
        page.evaluate("engine.restart()")
        ok, found = cell(
            page, "import random\nimport numpy as np\nrandom.random(), np.random.rand()"
        )
        assert ok
        drawn.add(found[0]["data"]["text/plain"])
    assert len(drawn) == 2


def test_an_exercise_is_checked_without_a_server(page):
    given = "from cs231n_lib.course.student import practice\ndef accuracy(y_pred, y):\n    "
    for body, headline in [
        ("raise NotImplementedError", "accuracy: not attempted yet"),
        ("return (y_pred == y).sum()", "accuracy: 0 of 3 checks passed."),
        ("return (y_pred == y).mean()", "accuracy: all 3 checks passed."),
    ]:
        ok, found = cell(page, f"{given}{body}\npractice.check('accuracy')")
        assert ok, found
        assert headline in found[-1]["data"]["text/html"]
        wrong = "this is the number of hits" in found[-1]["data"]["text/html"]
        assert wrong == ("sum" in body)


def test_steps_are_counted_of_the_first_call_too(page):
    page.evaluate("engine.restart()")
    code = """
from cs231n_lib.course.inside.metering import count_events
def loop(n):
    for k in range(n): pass
few, many, few_again = (count_events(loop, n)[1] for n in (10, 210, 10))
few == few_again, many > few + 190"""
    ok, found = cell(page, code)
    assert ok, found
    assert found[-1]["data"]["text/plain"] == "(True, True)"
