"""The check of an exercise in the notebook it is written in, and the exercises of the chapters."""

import re

import nbformat
import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.authoring.samples import read_samples
from cs231n_lib.course.checkout import root
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import build
from cs231n_lib.course.student import practice
from tests.grader.table import SAMPLES

DOCSTRING = re.compile(r'^ *""".*?"""\n', re.DOTALL | re.MULTILINE)
CHAPTERS = [path for path in build.notebooks() if path.stem[0].isdigit()]


def cells(path):
    """Return the stub of a chapter's exercise, and its check."""
    notebook = nbformat.read(path, as_version=4)
    tagged = [
        c for c in notebook.cells if {"practice", "practice-check"} & {*c.metadata.get("tags", [])}
    ]
    assert [c.metadata.tags for c in tagged] == [["practice"], ["practice-check"]]
    return tagged


def run(check, *sources):
    """Run sources one after the other, then the line of a check cell; return its report."""
    names = {}
    for source in sources:
        exec(source, names)
    lines = check.source.splitlines()
    exec("\n".join(lines[:-1]), names)
    return eval(lines[-1], names)


def asked(check):
    """Return what a check cell checks: the name, and the assignment or None."""
    name, assignment = re.search(r'check\("(\w+)"(?:, "(\w+)")?\)', check.source).groups()
    return name, assignment


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_ends_with_an_exercise_not_attempted_yet(path):
    stub, check = cells(path)
    report = run(check, stub.source)
    assert report.state == practice.WAITING
    assert check.outputs[0].data["text/plain"] == repr(report)
    assert "".join(check.outputs[0].data["text/html"]) == report._repr_html_()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_stub_of_a_chapter_is_that_of_the_assignment(path):
    stub, check = cells(path)
    name, assignment = asked(check)
    if assignment is None:
        assert f"def {name}(" in stub.source
        return
    released = (root() / "exercises" / assignment / f"{assignment}.ipynb").read_bytes()
    asked_for = read_master(released, assignment).answers[name].source
    # Lines of a chapter are shorter, so that its docstring may have fewer words.
    assert DOCSTRING.sub("", stub.source).endswith(DOCSTRING.sub("", asked_for))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_right_answer_passes_and_known_mistakes_are_named(path):
    stub, check = cells(path)
    name, assignment = asked(check)
    samples = read_samples(SAMPLES / (assignment or "chapters") / f"{name}.txt")
    # The samples are bodies of an answer cell: what they import stands in other cells.
    head = "import numpy as np\nfrom cs231n_lib.backend import array_namespace"

    for right in (s for s in samples if s.correct):
        assert run(check, stub.source, head, right.code).state == practice.PASSED
    named = 0
    for wrong in (s for s in samples if s.diagnoses):
        report = run(check, stub.source, head, wrong.code)
        named += any(o.diagnosis and o.diagnosis.id in wrong.diagnoses for o in report.outcomes)
    assert named >= 4


def test_every_exercise_of_every_assignment_can_be_checked():
    known = {(a, n) for a, n in practice.tasks() if a}
    for path in sorted((root() / "exercises").glob("*/*.ipynb")):
        master = read_master(path.read_bytes(), path.stem)
        tested = {t.name.partition("-")[0] for t in master.tests}
        assert {(path.stem, name) for name in tested} <= known


def accuracy(y_pred, y):
    return 1 / 0


def test_an_exception_is_shown_with_the_place_where_it_happened():
    report = practice.check("accuracy")
    assert report.headline == "accuracy: 0 of 3 checks passed."
    assert "ZeroDivisionError: division by zero" in repr(report)
    assert "in accuracy" in report.outcomes[0].details
    html = report._repr_html_()
    assert "<summary>Where</summary>" in html
    assert "return 1 / 0" in html


def test_nothing_of_the_students_is_markup(monkeypatch):
    def hostile(y_pred, y):
        raise ValueError("<script>alert(1)</script>")

    monkeypatch.setitem(globals(), "accuracy", hostile)
    html = practice.check("accuracy")._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_name_that_is_not_defined_yet_is_no_error():
    report = practice.check("affine_forward")
    assert report.headline.startswith("affine_forward is not defined yet")
    assert report.state == practice.WAITING


def test_the_name_of_a_function_finds_the_exercise_it_is_part_of():
    tasks = practice.tasks()
    assert tasks["a3", "affine_backward"] is tasks["a3", "affine"]


def test_an_exercise_can_be_checked_before_those_that_it_builds_on_are_written():
    names = {"practice": practice}
    samples = read_samples(SAMPLES / "a1" / "cross_validate.txt")
    exec("import numpy as np\n" + next(s.code for s in samples if s.correct), names)
    report = eval("practice.check('cross_validate')", names)
    assert report.state == practice.PASSED
    assert "compute_distances_no_loops" not in names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no_such",), "there is no exercise 'no_such'; there are: .*svm_loss_naive"),
        (("predict_labels", "a9"), "there is no assignment 'a9'; there are: a1, a2"),
        (("predict_labels", "a2"), "no exercise 'predict_labels' in assignment 'a2'"),
        (("compute_distances_no_loops",), 'write check\\("compute_distances_no_loops", "a1"\\) or'),
    ],
)
def test_an_unknown_exercise_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        practice.check(*arguments)


def test_the_names_of_a_notebook_stay_as_they_are():
    names = {"practice": practice}
    exec("def predict_labels(dists, y_train, k=1):\n    return y_train[:len(dists)]", names)
    before = {*names}
    eval("practice.check('predict_labels')", names)
    assert {*names} == before
