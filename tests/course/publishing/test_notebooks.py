"""The book's notebooks are fit to be read, and the checks that say so can fail."""

import base64
import copy
import io
import shutil
import subprocess

import nbformat
import numpy as np
import pytest
from matplotlib.image import imsave

from cs231n_lib.course.checkout import python, root
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import notebooks
from cs231n_lib.course.publishing.build import notebooks as book_notebooks


@pytest.mark.parametrize(
    "path", book_notebooks(), ids=lambda path: path.relative_to(root() / "book").as_posix()
)
def test_a_page_of_the_book_is_fit_to_be_read(path):
    assert notebooks.problems(notebooks.read(path)) == []


def png(image):
    file = io.BytesIO()
    imsave(file, image, format="png")
    return file.getvalue()


@pytest.fixture
def page():
    """A small notebook, run through, with one described figure."""
    shown = nbformat.v4.new_output(
        "display_data", {"image/png": base64.b64encode(png(np.zeros((4, 4, 3)))).decode()}
    )
    cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell("x = 1")]
    cells.append(nbformat.v4.new_code_cell("draw(x)", outputs=[shown]))
    cells[1].execution_count, cells[2].execution_count = 1, 2
    cells[2].metadata.mystnb = {"image": {"alt": "A black square of four by four pixels."}}
    return nbformat.v4.new_notebook(cells=cells)


def test_a_good_page_has_no_problems(page):
    assert notebooks.problems(page) == []


def unrun(page):
    page.cells[1].execution_count = None


def out_of_order(page):
    page.cells[1].execution_count = 7


def failing(page):
    page.cells[1].outputs = [nbformat.v4.new_output("error", ename="E", evalue="no")]


def warning(page):
    page.cells[1].outputs = [nbformat.v4.new_output("stream", name="stderr", text="beware")]


def undescribed(page):
    del page.cells[2].metadata["mystnb"]


def twins(page):
    page.cells[1].id = page.cells[0].id


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (unrun, "1 of 2 code cells were never run"),
        (out_of_order, "not run once each from top to bottom: \\[7, 2\\]"),
        (failing, "stores an error: E: no"),
        (warning, "on stderr: 'beware'"),
        (undescribed, "without alt text"),
        (twins, "need ids, all different"),
    ],
)
def test_an_unfit_page_is_refused(page, damage, message):
    damage(page)
    with pytest.raises(AssertionError, match=message):
        assert not notebooks.problems(page), "\n".join(notebooks.problems(page))


def test_an_expected_error_is_no_problem(page):
    failing(page)
    page.cells[1].metadata.tags = ["raises-exception"]
    assert notebooks.problems(page) == []


def test_figures_are_compared_as_a_reader_sees_them():
    picture = np.random.default_rng(0).random((60, 80, 3))
    one, faint, moved = png(picture), png(picture * 0.97), png(np.roll(picture, 5, axis=1))
    assert notebooks.figures_differ(one, one) is None
    assert notebooks.figures_differ(one, faint) is None
    assert "% of the pixels differ" in notebooks.figures_differ(one, moved)
    assert "the size was" in notebooks.figures_differ(one, png(picture[:50]))


def test_a_missing_figure_is_noticed(page):
    outputs = page.cells[2].outputs
    assert notebooks.compare_figures(outputs, outputs) is None
    assert "1 figures are stored, the re-run drew 0" in notebooks.compare_figures(outputs, [])


def test_execution_stores_outputs_without_noise(tmp_path, page):
    page.cells = page.cells[:2]
    page.cells[1].source = "print(6 * 7)"
    page.cells[1].metadata.collapsed = True
    path = tmp_path / "page.ipynb"
    notebooks.write(page, path)
    notebooks.execute(path)
    first = path.read_bytes()
    stored = notebooks.read(path)
    assert stored.cells[1].outputs[0].text == "42\n"
    assert stored.cells[1].id == page.cells[1].id
    assert stored.cells[1].metadata == {}
    assert notebooks.problems(stored) == []
    notebooks.execute(path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["page.ipynb"]


def test_a_cell_that_computes_long_says_so(tmp_path, page, monkeypatch):
    monkeypatch.setattr(notebooks, "LONG_S", 1.0)
    page.cells = [page.cells[0], page.cells[1], copy.deepcopy(page.cells[1])]
    page.cells[1].source = (
        "from time import process_time, sleep\nbegun = process_time()\n"
        "while process_time() - begun < 1.2:\n    pass"
    )
    page.cells[2].source = "sleep(1.5)  # waits, and computes nothing"
    page.cells[2].id = "waits"
    path = tmp_path / "page.ipynb"
    notebooks.write(page, path)
    notebooks.execute(path)
    told = [cell.metadata for cell in notebooks.read(path).cells]
    assert told[1:] == [{notebooks.SECONDS: 1}, {}]


@pytest.mark.parametrize(("seconds", "noted"), [(4.9, None), (5.4, 5), (14.0, 10), (26.0, 30)])
def test_seconds_are_noted_to_one_digit(seconds, noted):
    cell = nbformat.v4.new_code_cell("x", metadata={notebooks.SECONDS: 99})
    notebooks.note_seconds(cell, seconds)
    assert cell.metadata.get(notebooks.SECONDS) == noted


def test_blas_has_one_thread_unless_the_user_says_how_many(tmp_path, page, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    page.cells = page.cells[:2]
    page.cells[1].source = "import os\nprint(os.environ['OMP_NUM_THREADS'])"
    path = tmp_path / "page.ipynb"
    notebooks.write(page, path)
    for said, seen in [(None, "1"), ("3", "3")]:
        if said:
            monkeypatch.setenv("OMP_NUM_THREADS", said)
        notebooks.execute(path)
        assert [output.text for output in notebooks.read(path).cells[1].outputs] == [f"{seen}\n"]


def test_text_that_comes_in_pieces_is_stored_as_one(tmp_path, page):
    page.cells = page.cells[:2]
    source = "import time\nfor x in 'ab':\n    print(x, flush=True)\n    time.sleep(0.5)"
    page.cells[1].source = source
    path = tmp_path / "page.ipynb"
    notebooks.write(page, path)
    notebooks.execute(path)
    assert [output.text for output in notebooks.read(path).cells[1].outputs] == ["a\nb\n"]


def test_a_failing_cell_is_named_and_nothing_is_stored(tmp_path, page):
    path = tmp_path / "page.ipynb"
    page.cells[2].id = "culprit"
    page.cells[2].source = "1 / 0"
    notebooks.write(page, path)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"(?s)culprit.*1 / 0.*ZeroDivisionError: division by zero"):
        notebooks.execute(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [None, "", "{}", "not json", '{"nbformat": 3}'])
def test_what_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "page.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"page\.ipynb"):
        notebooks.read(path)


def test_labs_are_skipped_with_a_reason(tmp_path, page):
    lab = tmp_path / "labs" / "neighbours.ipynb"
    assert notebooks.reason_to_skip(tmp_path / "01.ipynb", page, {}) is None
    assert "set CS231N_DATA_DIR" in notebooks.reason_to_skip(lab, page, {})
    data = {"CS231N_DATA_DIR": str(tmp_path)}
    assert "none in CS231N_DATA_DIR" in notebooks.reason_to_skip(lab, page, data)
    (tmp_path / "data_batch_1").touch()
    assert notebooks.reason_to_skip(lab, page, data) is None
    page.metadata[notebooks.LONG] = "20 minutes"
    assert "takes 20 minutes: set" in notebooks.reason_to_skip(lab, page, data)
    assert notebooks.reason_to_skip(lab, page, data | {"CS231N_LONG_LABS": "1"}) is None


def drawing(page, function):
    """Return a page whose only cell draws with np.zeros or np.ones; what it stores is black."""
    page = copy.deepcopy(page)
    cell = page.cells[-1]
    cell.source = (
        "import numpy as np\nfrom io import BytesIO\nfrom IPython.display import display\n"
        "from matplotlib.image import imsave\nfile = BytesIO()\n"
        f"imsave(file, np.{function}((4, 4, 3)), format='png')\n"
        "display({'image/png': file.getvalue()}, raw=True)"
    )
    cell.execution_count = 1
    page.cells = [cell]
    return page


def test_nbval_compares_figures_and_says_why_a_lab_is_skipped(tmp_path, monkeypatch, page):
    monkeypatch.delenv("CS231N_DATA_DIR", raising=False)
    (tmp_path / "labs").mkdir()
    shutil.copy(root() / "book" / "conftest.py", tmp_path)
    notebooks.write(drawing(page, "zeros"), tmp_path / "same.ipynb")
    notebooks.write(drawing(page, "ones"), tmp_path / "changed.ipynb")
    notebooks.write(drawing(page, "ones"), tmp_path / "labs" / "real.ipynb")
    options = ["-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "-rs", "-q"]
    done = subprocess.run(
        python("-m", "pytest", *options, "."), cwd=tmp_path, capture_output=True, text=True
    )
    assert "1 failed, 1 passed, 1 skipped" in done.stdout, done.stdout
    assert "figure: 100.0 % of the pixels differ visibly" in done.stdout
    assert "real needs the real CIFAR-10: set CS231N_DATA_DIR" in done.stdout
