"""Solve and check in the page: the exercises of two chapters, as a reader works on them."""

import pytest

from cs231n_lib.course.authoring.samples import read_samples
from cs231n_lib.course.student.report import MARKS
from tests.grader.table import SAMPLES

pytestmark = pytest.mark.browser
EXERCISES = {
    "03_k_nearest_neighbours": ("a1", "predict_labels"),
    "06_svm_loss": ("a2", "svm_loss_naive"),
}


@pytest.fixture(params=EXERCISES)
def chapter(request, chromium, book_server, sign_in, signed_in):
    """A chapter, live, and the samples of its exercise."""
    context = chromium.new_context(storage_state=signed_in, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.goto(f"{book_server.origin}/{request.param}.html")
    page.get_by_role("button", name="Run this page live").click()
    page.locator(".live-bar[data-state=ready]").wait_for()
    assignment, exercise = EXERCISES[request.param]
    yield page, read_samples(SAMPLES / assignment / f"{exercise}.txt")
    context.close()


@pytest.fixture(scope="module")
def signed_in(sign_in, book_server):
    return sign_in(book_server)


def check(page, source):
    """Write an answer below the stub's first line, and press Check."""
    cell = page.locator("div.tag_practice")
    cell.locator(".CodeMirror").evaluate(
        "(e, text) => e.CodeMirror.setValue(text)", f"import numpy as np\n\n\n{source}"
    )
    cell.get_by_role("button", name="Check your code").click()


def test_a_reader_solves_the_exercise_of_a_chapter(chapter, expect, violations):
    page, samples = chapter
    report = page.locator("div.tag_practice-check .practice")
    expect(report).to_contain_text("not attempted yet")
    wrong = next(s for s in samples if s.diagnoses)
    check(page, wrong.code)
    expect(report).to_have_attribute("data-state", "failed")
    expect(report.get_by_text("Likely reason:").first).to_be_visible()
    assert violations(page, "div.tag_practice-check") == []
    check(page, next(s for s in samples if s.correct).code)
    expect(report).to_have_attribute("data-state", "passed")
    expect(report.locator("td").first).to_have_text(f"{MARKS['passed']} passed")
    assert page.locator("div.live-cell").first.get_attribute("data-live") == ""
