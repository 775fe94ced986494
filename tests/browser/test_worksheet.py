"""An assignment in the page: solved, checked, kept, handed in, and graded as it was checked.

The engine's package is fetched by `cs231n book engine`; without it these tests are skipped.
"""

import shutil
import subprocess
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import nbformat
import pytest
from typer.testing import CliRunner

from cs231n_lib.course.assignment.answers import take_answers
from cs231n_lib.course.checkout import root
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.standing import standing
from cs231n_lib.course.cli import app
from cs231n_lib.course.judge.walls import bubblewrap
from cs231n_lib.course.publishing import build
from cs231n_lib.course.publishing.engine import bundle, fetch
from cs231n_lib.course.student.check import VisibleTests, open_notebook, reports
from cs231n_lib.course.student.report import state_of
from tests.browser.test_engines import Quiet
from tests.grader.table import SAMPLES, read_samples

pytestmark = [pytest.mark.browser, pytest.mark.slow]
EXERCISE = "predict_labels"
WRITTEN = "The **order** of the distances stays, so *nothing* changes: $d(x, x') = d(cx, cx')/|c|$."


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page of the first assignment on a plain static host, with the engine."""
    if fetch.wheel() is None:
        pytest.skip("the engine is not in the cache: run `cs231n book engine`")
    folder = tmp_path_factory.mktemp("worksheet")
    source = folder / "src"
    source.mkdir()
    for name in ("_web", "_static", "_vendor", "references.bib", "assignments"):
        (source / name).symlink_to(root() / "book" / name)
    (source / "intro.md").write_text("# Intro\n\n```{assignment} a1\n```\n", "utf-8")
    toc = "format: jb-book\nroot: intro\nchapters:\n  - file: assignments/a1\n"
    (source / "_toc.yml").write_text(toc)
    options = ["--config", root() / "_config.yml", "--path-output", folder, "-W", "-q"]
    quiet = subprocess.DEVNULL
    assert build.jupyter_book(*map(str, options), source=str(source), output=quiet)
    site = folder / "_build/html"
    bundle.write(site)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    shutil.rmtree(folder)


#: Whether the browser has stored Python as it is after the usual imports, which comes last.
HAS_PYTHON = """async () => {
  const kept = await (await caches.open("cs231n-engine")).keys();
  return kept.some(({ url }) => url.includes("/engine/image"));
}"""


@pytest.fixture(scope="module")
def visited(chromium, address):
    """The browser of somebody who has run the page before."""
    context = chromium.new_context()
    page = opened(context, address)
    make_live(page)
    page.wait_for_function(HAS_PYTHON)
    yield context
    context.close()


@pytest.fixture
def context(visited, address):
    """That browser, with Python and no work in it."""
    for page in visited.pages:
        page.close()
    page = visited.new_page()
    page.goto(f"{address}intro.html")
    page.evaluate("localStorage.clear()")
    page.close()
    return visited


@pytest.fixture(scope="module")
def samples():
    found = read_samples(SAMPLES / "a1" / f"{EXERCISE}.txt")
    return next(s for s in found if s.diagnoses), next(s for s in found if s.correct)


def opened(context, address):
    """The page of the assignment, found as a reader finds it."""
    page = context.new_page()
    page.goto(f"{address}intro.html")
    page.get_by_role("link", name="Work on it in this book").click()
    return page


def make_live(page):
    page.get_by_role("button", name="Run this page live").click()
    page.locator(".live-bar[data-state=ready]").wait_for()


def write(page, cell, text):
    editor = page.locator(f"#cell-{cell} .CodeMirror")
    editor.evaluate("(e, text) => e.CodeMirror.setValue(text)", text)


def told(page):
    """What the page's check says: each test, its state, and the likely reason."""
    rows = page.locator(f"#cell-check-{EXERCISE} .practice tbody tr")
    return rows.evaluate_all(
        "rows => rows.map((row) => [row.querySelector('th').innerText, row.dataset.state,"
        " row.querySelector('p')?.innerText ?? ''])"
    )


def handed_in(page, folder):
    """Download the notebook, and return its path."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download with your answers").click()
    assert download.value.suggested_filename == "a1.ipynb"
    download.value.save_as(folder / "a1.ipynb")
    return folder / "a1.ipynb"


def graded(path):
    """What the judge says of the exercise in a notebook, in the same form as `told`."""
    notebook = open_notebook(path)
    with VisibleTests(notebook, EXERCISE) as tests:
        (report,) = reports(tests.run(notebook), notebook.master)
    said = []
    for outcome, again in report.told():
        reason = str(outcome.diagnosis) if outcome.diagnosis else ""
        reason = "For the same reason." if again else reason
        said.append([outcome.title, state_of(outcome), reason])
    return said


def test_an_exercise_is_checked_as_it_is_graded(context, address, samples, expect, tmp_path):
    page = opened(context, address)
    make_live(page)
    report = page.locator(f"#cell-check-{EXERCISE} .practice")
    for sample, state in zip(samples, ("failed", "passed"), strict=True):
        write(page, EXERCISE, sample.code)
        page.locator(f"#cell-{EXERCISE}").get_by_role("button", name="Check your code").click()
        expect(report).to_have_attribute("data-state", state)
        path = handed_in(page, tmp_path)
        nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))
        assert told(page) == graded(path)
    # Only what the exercise stands on was run before it: the setup and the answers above.
    ran = page.locator(".live-cell:not([data-live=''])").evaluate_all("es => es.map(e => e.id)")
    assert ran[0] == "cell-setup"
    assert f"cell-{EXERCISE}-example" not in ran
    assert "cell-no-loops-figure" not in ran


def test_work_is_kept_and_goes_where_its_writer_goes(chromium, context, address, expect, tmp_path):
    page = opened(context, address)
    make_live(page)
    answer = page.locator("#cell-answer-7a")
    write(page, "answer-7a", WRITTEN)
    write(page, "data", "free = 'mine'")
    answer.get_by_role("button", name="Show").click()
    expect(answer.locator("strong")).to_have_text("order")
    expect(answer.locator("mjx-container")).to_be_visible()
    locked = page.locator("#cell-setup .CodeMirror")
    assert locked.evaluate("e => e.CodeMirror.getOption('readOnly')") is True
    page.reload()  # and nothing is started: no engine is needed to take the work along
    path = handed_in(page, tmp_path)
    notebook = open_notebook(path)
    assert take_answers(notebook.data, notebook.master).sources["answer-7a"] == WRITTEN
    assert "answer-7a" not in notebook.blank
    assert "free = 'mine'" in path.read_text("utf-8")

    elsewhere = chromium.new_context()
    page = opened(elsewhere, address)
    chooser = page.locator("input[type=file]")
    (tmp_path / "thesis.ipynb").write_text("{")
    chooser.set_input_files(tmp_path / "thesis.ipynb")
    expect(page.locator(".assignment")).to_contain_text("no notebook of this assignment")
    with page.expect_navigation():
        chooser.set_input_files(path)
    chooser.set_input_files(path)  # what stands in the page is thrown away only if that is wished
    with page.expect_navigation():
        page.get_by_role("button", name="Replace").click()
    again = open_notebook(handed_in(page, tmp_path))
    assert take_answers(again.data, again.master).sources["answer-7a"] == WRITTEN
    elsewhere.close()


def test_what_is_written_in_the_page_is_collected_graded_and_counts(
    context, address, samples, tmp_path
):
    """The file that the browser saves goes through the commands that an instructor gives."""
    if reason := bubblewrap.why_not_isolated():
        pytest.skip(reason)
    page = opened(context, address)
    make_live(page)
    write(page, EXERCISE, samples[1].code)
    write(page, "answer-7a", WRITTEN)
    write(page, "data", "import os\nfree = 1 / 0")
    path = handed_in(page, tmp_path)

    course = tmp_path / "course"
    (course / "solutions").mkdir(parents=True)
    shutil.copytree(root() / "solutions" / "a1", course / "solutions" / "a1")
    shutil.copy(root() / "nbgrader_config.py", course)

    def run(*words):
        done = CliRunner().invoke(app, [*words, "--course", str(course)])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    assert "accepted" in run("collect", "a1", str(path), "--student", "anne")
    run("grade", "a1")
    grade = standing(Course(course), "a1").grades["anne"]
    own = [cell for cell in grade.cells if cell.name.startswith(EXERCISE)]
    assert grade.score == sum(cell.max_score for cell in own) > 0
    assert [cell.needs_hand for cell in grade.cells if cell.name == "answer-7a"] == [True]


def test_run_all_goes_on_where_an_exercise_is_not_solved(context, address, expect):
    page = opened(context, address)
    make_live(page)
    page.get_by_role("button", name="Run all").click()
    last = page.locator("#cell-folds-figure")
    expect(last).to_have_attribute("data-live", "done")
    expect(page.locator("#cell-check-cross_validate .practice")).to_contain_text("not attempted")
    expect(page.locator(f"#cell-{EXERCISE}-example")).to_have_attribute("data-live", "failed")


def test_the_page_is_readable_by_all(context, address, violations):
    page = opened(context, address)
    make_live(page)
    assert violations(page, "article") == []
