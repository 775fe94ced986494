"""A live page, used as a reader uses it: run, edit, break, interrupt, leave, come back."""

import base64
import io
import subprocess
import time

import nbformat
import numpy as np
import pytest
from matplotlib.image import imsave

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import build, notebooks
from tests.browser.pages import settle

pytestmark = pytest.mark.browser

FIRST, DOUBLE, FIGURE, PROGRESS, WAIT, AFTER_HIDDEN, RICH, PRACTICE, CHECK, FOLDED = range(10)
#: How long a page must be left alone for a connection that is not kept up to be dropped.
LONG = 45
DISPLAYS = r"""
from IPython.display import HTML, JSON, SVG, Latex, Markdown, Math, display
display(JSON({"depth": [1, {"of": "nested"}]}))
display(Markdown("**bold** and $a_1 * b_1$, 5$ a piece\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
display(Latex(r"Euler: $$e^{i\pi} = -1$$"), Math(r"\frac{1}{2}"))
display(HTML("<table><tr><th>k</th><td>5</td></tr></table>"))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" role="img" '
            'aria-label="A dot"><circle cx="20" cy="20" r="9" fill="currentColor"/></svg>'))
"""
STUB = "def accuracy(y_pred, y):\n    raise NotImplementedError"


def code(source, *outputs, tags=()):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    cell.metadata.tags = list(tags)
    return cell


def sample():
    """A chapter with one cell for each thing that a cell can do."""
    picture = io.BytesIO()
    imsave(picture, np.full((8, 8, 3), 0.5), format="png")
    image = {"image/png": base64.b64encode(picture.getvalue()).decode()}
    cells = [
        nbformat.v4.new_markdown_cell("# A sample page\n\nWith $x^2$."),
        code('x = 6\nprint("x is", x)', nbformat.v4.new_output("stream", text="x is 6\n")),
        code("x * 7"),
        code(
            "import matplotlib.pyplot as plt\nplt.plot([1, x])\nplt.show()",
            nbformat.v4.new_output("display_data", image),
        ),
        code(
            "import sys\nfrom tqdm import tqdm\n"
            "for _ in tqdm(range(40), file=sys.stdout, ncols=60):\n    pass"
        ),
        code("import time\nseconds = 0\nfor _ in range(10 * seconds):\n    time.sleep(0.1)"),
        code("hidden = 10 * x", tags=["remove-input"]),
        code("hidden + 1"),
        code(DISPLAYS.strip()),
        code(STUB, tags=["practice"]),
        code(
            "from cs231n_lib.course.student import practice\npractice.check('accuracy')",
            tags=["practice-check"],
        ),
        code("print('folded', x)", tags=["hide-input"]),
    ]
    cells[3].metadata.mystnb = {
        "image": {"alt": "A grey square."},
        "figure": {"caption": "A caption.", "name": "fig-grey"},
    }
    for n, cell in enumerate(c for c in cells if c.cell_type == "code"):
        cell.execution_count = n + 1
    page = nbformat.v4.new_notebook(cells=cells)
    notebooks.normalise(page)
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The sample page, built with the book's own settings, styles and scripts."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "src" / "appendices").mkdir(parents=True)
    for name in ("_web", "_static", "_vendor", "references.bib"):
        (folder / "src" / name).symlink_to(root() / "book" / name)
    (folder / "src" / "_toc.yml").write_text("format: jb-book\nroot: sample\n")
    notebooks.write(sample(), folder / "src" / "sample.ipynb")
    options = ["--config", root() / "_config.yml", "--path-output", folder, "-W", "-q"]
    source, quiet = str(folder / "src"), subprocess.DEVNULL
    assert build.jupyter_book(*map(str, options), source=source, output=quiet)
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def server(serve, site):
    return serve(site)


@pytest.fixture(scope="module")
def signed_in(sign_in, server):
    return sign_in(server)


@pytest.fixture(scope="module", autouse=True)
def left_alone(chromium, server, signed_in):
    """A live page that nobody touches while the other tests run, and when that began."""
    context = chromium.new_context(storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{server.origin}/sample.html")
    page.get_by_role("button", name="Run this page live").click()
    state(page, "ready")
    run(page, FIRST)
    done(page, FIRST)
    (session,) = page.evaluate("fetch('api/sessions').then(a => a.json())")
    yield page, time.monotonic(), session["kernel"]["id"]
    context.close()


@pytest.fixture
def page(chromium, server, signed_in):
    """A page in a browser of its own, signed in; any error in a script fails the test."""
    context = chromium.new_context(storage_state=signed_in, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.origin}/sample.html")
    yield page
    context.close()
    assert errors == []


def state(page, expected):
    page.locator(f".live-bar[data-state={expected}]").wait_for()


@pytest.fixture
def live(page):
    """The page, with its kernel ready."""
    page.get_by_role("button", name="Run this page live").click()
    state(page, "ready")
    return page


def cell(page, number):
    return page.locator("div.live-cell").nth(number)


def edit(page, number, text):
    cell(page, number).locator(".CodeMirror").evaluate(
        "(e, text) => e.CodeMirror.setValue(text)", text
    )


def text(page, number):
    return cell(page, number).locator(".CodeMirror").evaluate("e => e.CodeMirror.getValue()")


def run(page, number):
    cell(page, number).get_by_role("button", name="Run cell").click()


def done(page, number, how="done"):
    page.wait_for_function(
        "([n, how]) => document.querySelectorAll('div.live-cell')[n].dataset.live === how",
        arg=[number, how],
    )


def output(page, number):
    return cell(page, number).locator(".cell_output")


def running_sessions(page):
    return page.evaluate("fetch('api/sessions').then(a => a.json()).then(s => s.length)")


def test_nothing_is_loaded_before_the_click(page):
    page.get_by_role("button", name="Run this page live").wait_for()
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map("
        "e => [new URL(e.name).pathname, e.encodedBodySize])"
    )
    heavy = (
        "/thebe/",
        "/codemirror/",
        "/dompurify/",
        "/marked/",
        "/live/live.css",
        "/live/page.js",
    )
    assert not [name for name, _ in loaded if name.startswith(heavy)]
    # What may run here is asked; that takes a few small files.
    assert 0 < sum(size for name, size in loaded if name.startswith("/live/")) < 20_000
    assert page.locator(".CodeMirror").count() == 0


def test_shift_enter_runs_a_cell_and_what_it_needs_above(live, expect):
    cell(live, DOUBLE).locator(".CodeMirror").click()
    live.keyboard.press("Shift+Enter")
    expect(output(live, DOUBLE)).to_contain_text("42")
    done(live, FIRST)
    assert cell(live, FIGURE).get_attribute("data-live") == ""
    state(live, "ready")


def test_typing_changes_what_runs(live, expect):
    run(live, FIRST)
    cell(live, DOUBLE).locator(".CodeMirror").click()
    live.keyboard.press("Control+A")
    live.keyboard.type("x * 100")
    live.keyboard.press("Shift+Enter")
    expect(output(live, DOUBLE)).to_contain_text("600")
    live.keyboard.press("Escape")
    assert live.evaluate("document.activeElement.tagName") != "TEXTAREA"


def test_run_all_fills_every_output_in_place(live, expect):
    live.get_by_role("button", name="Run all cells from the top").click()
    done(live, AFTER_HIDDEN)
    expect(output(live, FIRST)).to_have_text("x is 6")
    expect(output(live, PROGRESS)).to_contain_text("100%")
    assert output(live, PROGRESS).inner_text().count("%") == 1
    figure = output(live, FIGURE).locator("img")
    assert figure.evaluate("image => image.naturalWidth") > 100
    assert figure.get_attribute("alt") == "A grey square."
    expect(cell(live, FIGURE).locator("figure#fig-grey")).to_contain_text("Fig. 1 A caption.")
    expect(output(live, AFTER_HIDDEN)).to_contain_text("61")


def test_run_to_here_stops_there(live):
    cell(live, DOUBLE).get_by_role("button", name="Run to here").click()
    done(live, DOUBLE)
    assert cell(live, FIGURE).get_attribute("data-live") == ""


def test_rich_outputs_are_shown_as_what_they_are(live, expect):
    run(live, RICH)
    shown = output(live, RICH)
    drawing = shown.locator("img[src^='data:image/svg']")
    expect(drawing).to_have_attribute("alt", "Figure drawn by cell 7")
    assert drawing.evaluate("image => image.naturalWidth") == 40
    expect(shown).to_contain_text('"of": "nested"')
    expect(shown.locator("strong")).to_have_text("bold")
    expect(shown).to_contain_text("5$ a piece")
    expect(shown.locator("table")).to_have_count(2)
    expect(shown.locator("mjx-container")).to_have_count(3)
    assert shown.locator("mjx-merror").count() == 0
    assert shown.locator("em").count() == 0
    expect(shown).not_to_contain_text("IPython.core")


def test_a_script_in_displayed_markdown_does_not_run(live, expect):
    source = "from IPython.display import Markdown\nMarkdown('<img src=x onerror=window.bad=1> ok')"
    edit(live, FIRST, source)
    run(live, FIRST)
    expect(output(live, FIRST)).to_contain_text("ok")
    assert live.evaluate("window.bad") is None


def check(page, source=None):
    if source is not None:
        edit(page, PRACTICE, source)
    cell(page, PRACTICE).get_by_role("button", name="Check your code").click()


def test_an_exercise_is_checked_alone(live, expect):
    check(live)
    expect(output(live, CHECK)).to_contain_text("not attempted yet")
    check(live, "def accuracy(y_pred, y):\n    return (y_pred == y).sum()")
    expect(output(live, CHECK)).to_contain_text("0 of 3 checks passed")
    expect(output(live, CHECK)).to_contain_text("Likely reason: this is the number of hits")
    check(live, "def accuracy(y_pred, y):\n    return (y_pred == y).mean()")
    expect(output(live, CHECK)).to_contain_text("all 3 checks passed")
    assert output(live, CHECK).get_attribute("aria-live") == "polite"
    assert cell(live, FIRST).get_attribute("data-live") == ""


def test_code_that_does_not_run_is_not_checked(live, expect):
    check(live, "def accuracy(:")
    expect(output(live, PRACTICE)).to_contain_text("SyntaxError")
    expect(output(live, CHECK)).to_contain_text("Not checked")
    cell(live, PRACTICE).get_by_role("button", name="Reset cell").click()
    cell(live, PRACTICE).get_by_role("button", name="Throw away").click()
    cell(live, PRACTICE).locator(".CodeMirror").click()
    live.keyboard.press("Shift+Enter")
    expect(output(live, CHECK)).to_contain_text("not attempted yet")


def test_a_folded_cell_unfolds_with_its_editor(live, expect):
    assert not cell(live, FOLDED).locator(".CodeMirror").is_visible()
    cell(live, FOLDED).locator("summary").click()
    expect(cell(live, FOLDED).locator(".CodeMirror")).to_contain_text("folded")
    run(live, FOLDED)
    expect(output(live, FOLDED)).to_have_text("folded 6")


def test_an_error_is_shown_and_stops_what_follows(live, expect):
    edit(live, DOUBLE, "x / 0")
    live.get_by_role("button", name="Run all cells from the top").click()
    done(live, DOUBLE, "failed")
    expect(output(live, DOUBLE)).to_contain_text("ZeroDivisionError: division by zero")
    assert cell(live, FIGURE).get_attribute("data-live") == ""
    edit(live, DOUBLE, "x / 2")
    run(live, DOUBLE)
    expect(output(live, DOUBLE)).to_contain_text("3.0")


def test_a_running_cell_can_be_interrupted(live, expect):
    edit(live, WAIT, "import time\nprint('begun')\ntime.sleep(60)")
    run(live, WAIT)
    done(live, WAIT, "running")
    state(live, "busy")
    expect(output(live, WAIT)).to_contain_text("begun")
    live.get_by_role("button", name="Interrupt").click()
    expect(output(live, WAIT)).to_contain_text("KeyboardInterrupt")
    state(live, "ready")


def test_a_loop_that_prints_for_ever_is_stopped_and_the_page_stays_usable(live, expect):
    edit(live, WAIT, "n = 0\nwhile True:\n    n += 1\n    print(n)")
    run(live, WAIT)
    done(live, WAIT, "failed")
    expect(output(live, WAIT)).to_contain_text("this cell printed 2,000,000 characters")
    assert len(output(live, WAIT).inner_text()) < 200_000
    state(live, "ready")
    edit(live, WAIT, "n > 1000")
    run(live, WAIT)
    expect(output(live, WAIT)).to_have_text("True")


def test_text_that_no_budget_counts_is_cut_in_the_page(live, expect):
    source = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while 1: print(1)'])"
    edit(live, WAIT, source)
    run(live, WAIT)
    done(live, WAIT, "running")
    live.get_by_role("button", name="Interrupt").click()
    done(live, WAIT, "failed")
    assert len(output(live, WAIT).inner_text()) < 200_000


@pytest.mark.slow
def test_an_endless_check_is_stopped_as_a_grader_would(live, expect):
    check(live, "def accuracy(y_pred, y):\n    while True:\n        pass")
    expect(cell(live, CHECK).locator(".live-mark")).to_contain_text("still running after")
    expect(output(live, CHECK)).to_contain_text("Stopped after 20 seconds")
    check(live, "def accuracy(y_pred, y):\n    return (y_pred == y).mean()")
    expect(output(live, CHECK)).to_contain_text("all 3 checks passed")


def test_restart_forgets_variables(live, expect):
    run(live, FIRST)
    done(live, FIRST)
    live.get_by_role("button", name="Restart Python").click()
    state(live, "restarted")
    edit(live, FIRST, "print('x' in globals())")
    run(live, FIRST)
    expect(output(live, FIRST)).to_have_text("False")


def test_a_keyboard_goes_on_where_it_was_when_buttons_come_and_go(page, expect):
    page.get_by_role("button", name="Run this page live").press("Enter")
    state(page, "ready")
    expect(page.get_by_role("group", name="Live page")).to_be_focused()
    for name in ("Run all", "Interrupt", "Restart"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    state(page, "restarted")
    expect(page.get_by_role("button", name="Restart Python")).to_be_focused()


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_from_an_editor_one_key_leads_to_the_next_button(live, key):
    cell(live, DOUBLE).locator(".CodeMirror textarea").focus()
    live.keyboard.press("Escape")
    live.keyboard.press(key)
    assert live.evaluate("document.activeElement.tagName") == "BUTTON"


def test_the_bar_leaves_a_low_screen_to_the_page(live):
    bar = live.locator(".live-bar")
    assert bar.evaluate("e => getComputedStyle(e).position") == "sticky"
    live.set_viewport_size({"width": 320, "height": 256})  # 1280 by 1024, at 400 %
    assert bar.evaluate("e => getComputedStyle(e).position") == "static"


def test_edits_survive_a_reload_until_reset(live, expect):
    edit(live, FIRST, "x = 8")
    live.reload()
    expect(live.locator(".live-status")).to_contain_text("Your edits of this page are kept")
    live.get_by_role("button", name="Run this page live").click()
    state(live, "ready")
    assert text(live, FIRST) == "x = 8"
    run(live, DOUBLE)
    expect(output(live, DOUBLE)).to_contain_text("56")
    cell(live, FIRST).get_by_role("button", name="Reset cell 1").click()
    cell(live, FIRST).get_by_role("button", name="Throw away").click()
    assert text(live, FIRST) == 'x = 6\nprint("x is", x)'
    expect(output(live, FIRST)).to_contain_text("x is 6")
    live.reload()
    expect(live.locator(".live-status")).not_to_contain_text("kept")


def test_reset_page_brings_back_stored_text_and_figure(live, expect):
    pictures = output(live, FIGURE).locator("img")  # one for each theme
    stored = [picture.get_attribute("src") for picture in pictures.all()]
    assert stored
    cell(live, FIGURE).locator("summary").first.click()  # the code of a figure is folded
    edit(live, FIGURE, "1 + 1")
    run(live, FIGURE)
    expect(output(live, FIGURE)).to_contain_text("2")
    live.get_by_role("button", name="Reset page").click()
    live.get_by_role("button", name="Throw away").click()
    assert text(live, FIGURE).startswith("import matplotlib")
    assert [picture.get_attribute("src") for picture in pictures.all()] == stored


@pytest.mark.parametrize("answer", ["Enter", "Escape"])
def test_what_was_written_stays_unless_the_reader_agrees(live, expect, violations, answer):
    edit(live, PRACTICE, "mine = 1")
    asker = cell(live, PRACTICE).get_by_role("button", name="Reset cell")
    asker.focus()
    live.keyboard.press("Enter")
    question = cell(live, PRACTICE).get_by_role("group", name="Throw away what you wrote here?")
    expect(question.get_by_role("button", name="Keep my text")).to_be_focused()
    expect(asker).to_be_hidden()
    assert violations(live, ".live-tools") == []
    live.keyboard.press(answer)
    expect(question).to_have_count(0)
    expect(asker).to_be_focused()
    assert text(live, PRACTICE) == "mine = 1"
    live.keyboard.press("Enter")
    live.keyboard.press("Shift+Tab")
    live.keyboard.press("Enter")
    assert text(live, PRACTICE) == STUB
    expect(cell(live, PRACTICE).get_by_role("button", name="Check your code")).to_be_focused()


def test_resetting_a_page_asks_only_where_something_was_written(live, expect):
    edit(live, FIRST, "x = 8")
    edit(live, DOUBLE, "x = 9")
    live.get_by_role("button", name="Reset page").click()
    question = live.get_by_role("group", name="Throw away what you wrote in 2 cells?")
    question.get_by_role("button", name="Throw away").click()
    assert text(live, FIRST).startswith("x = 6")
    live.get_by_role("button", name="Reset page").click()
    expect(question).to_have_count(0)


def test_two_pages_have_two_kernels_and_let_them_go(live, server):
    before = running_sessions(live)
    other = live.context.new_page()
    other.goto(f"{server.origin}/sample.html")
    other.get_by_role("button", name="Run this page live").click()
    state(other, "ready")
    run(live, FIRST)
    done(live, FIRST)
    edit(other, FIRST, "print('x' in globals())")
    run(other, FIRST)
    done(other, FIRST)
    assert output(other, FIRST).inner_text().strip() == "False"
    assert running_sessions(live) == before + 1
    other.close()
    live.wait_for_function(
        f"fetch('api/sessions').then(a => a.json()).then(s => s.length === {before})"
    )


def test_a_killed_kernel_is_replaced(live, expect):
    run(live, FIRST)
    done(live, FIRST)
    edit(live, WAIT, "import os\nos.kill(os.getpid(), 9)")
    run(live, WAIT)
    state(live, "died")
    expect(live.locator(".live-status")).to_contain_text("a fresh one was started")
    expect(output(live, WAIT)).to_contain_text("Python went away")
    edit(live, WAIT, "1")
    run(live, DOUBLE)
    expect(output(live, DOUBLE)).to_contain_text("42")


def test_a_deleted_kernel_is_replaced(live, left_alone, expect):
    run(live, FIRST)
    done(live, FIRST)
    live.evaluate(
        """kept => fetch('api/kernels').then(a => a.json()).then(ks => Promise.all(
          ks.filter(k => k.id !== kept).map(k => fetch(`api/kernels/${k.id}`, {
            method: 'DELETE',
            headers: {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1]},
          }))))""",
        left_alone[2],
    )
    state(live, "died")
    run(live, DOUBLE)
    expect(output(live, DOUBLE)).to_contain_text("42")


def test_a_stopped_server_is_noticed_and_found_again(chromium, serve, site, expect):
    server = serve(site)
    context = chromium.new_context()
    page, unclicked = context.new_page(), context.new_page()
    page.goto(server.address)
    page.wait_for_url("**/sample.html")  # the front page sends readers on
    unclicked.goto(page.url)
    page.get_by_role("button", name="Run this page live").click()
    state(page, "ready")
    edit(page, FIRST, "x = 9")
    server.stop()
    state(page, "lost")
    expect(page.locator(".live-status")).to_contain_text("cs231n book serve")
    assert cell(page, FIRST).get_by_role("button", name="Run cell").is_disabled()
    unclicked.get_by_role("button", name="Run this page live").click()
    expect(unclicked.locator(".live-status")).to_contain_text("The server does not answer")
    again = serve(site, server.port)
    assert again.port == server.port
    state(page, "died")
    run(page, DOUBLE)
    expect(output(page, DOUBLE)).to_contain_text("63")
    expect(unclicked.locator(".live-status")).to_contain_text("The server is back")
    unclicked.get_by_role("button", name="Run this page live").click()
    state(unclicked, "ready")
    run(unclicked, AFTER_HIDDEN)
    expect(output(unclicked, AFTER_HIDDEN)).to_contain_text("91")
    context.close()
    again.stop()


def test_a_server_that_goes_while_the_page_becomes_live(page, expect):
    gone = True

    def answer(route):
        if gone:
            route.abort("connectionrefused")
        else:
            route.continue_()

    page.route("**/api/sessions**", answer)
    page.get_by_role("button", name="Run this page live").click()
    state(page, "lost")
    expect(page.locator(".live-status")).to_contain_text("cs231n book serve")
    gone = False
    state(page, "ready")
    run(page, DOUBLE)
    expect(output(page, DOUBLE)).to_contain_text("42")


def test_a_browser_without_the_cookie_reads_but_does_not_run(chromium, server, expect):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{server.origin}/sample.html")
    expect(page.get_by_role("button", name="Run this page live")).to_be_disabled()
    expect(page.locator(".live-status")).to_contain_text("the address that the terminal shows")
    assert page.evaluate("fetch('api/kernels').then(a => a.status)") == 403
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_live_page_is_accessible(chromium, server, signed_in, violations, expect, scheme):
    context = chromium.new_context(storage_state=signed_in, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server.origin}/sample.html")
    page.get_by_role("button", name="Run this page live").click()
    state(page, "ready")
    page.get_by_role("button", name="Run all cells from the top").click()
    done(page, FOLDED)
    edit(page, DOUBLE, "x / 0")
    run(page, DOUBLE)
    done(page, DOUBLE, "failed")
    edit(page, PRACTICE, "def accuracy(y_pred, y):\n    return 1 / 0")
    cell(page, PRACTICE).get_by_role("button", name="Check your code").click()
    expect(output(page, CHECK)).to_contain_text("0 of 3 checks passed")
    assert violations(page) == []
    context.close()


def test_no_other_host_is_asked_even_when_live(chromium, server, signed_in):
    asked = []
    context = chromium.new_context(storage_state=signed_in)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    page.goto(f"{server.origin}/sample.html")
    page.get_by_role("button", name="Run this page live").click()
    state(page, "ready")
    page.get_by_role("button", name="Run all cells from the top").click()
    done(page, FOLDED)
    page.locator("mjx-container").nth(3).wait_for()
    context.close()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((server.origin, "data:", "blob:"))] == []


def test_the_copy_opened_from_a_folder_offers_no_live_button(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto((site / "sample.html").as_uri())
    settle(page)
    assert page.locator(".live-bar").count() == 0
    assert "x is 6" in page.inner_text("article")
    context.close()


@pytest.mark.slow
def test_a_page_left_alone_keeps_its_kernel(left_alone, expect):
    page, since, _ = left_alone
    page.wait_for_timeout(1000 * max(0, LONG - (time.monotonic() - since)))
    state(page, "ready")
    edit(page, DOUBLE, "x + 1")
    run(page, DOUBLE)
    expect(output(page, DOUBLE)).to_contain_text("7")
    assert cell(page, FIRST).get_attribute("data-live") == "done"
