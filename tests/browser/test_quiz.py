"""Quizzes and reading progress, in a small book of their own with the real theme."""

import json

import pytest
from sphinx.cmd.build import build_main

from cs231n_lib.course.checkout import root
from cs231n_lib.course.student import status
from tests.browser import host

pytestmark = pytest.mark.browser

CONF = """
project = html_title = "Small book"
root_doc = "intro"
extensions = ["myst_nb", "sphinx_book_theme", "cs231n_lib.course.publishing.sphinx.quiz"]
html_theme = "sphinx_book_theme"
html_static_path, html_extra_path = ["{book}/_static"], ["{book}/_web"]
html_js_files = ["dom.js", "start.js"]
mathjax_path = "absent.js"
myst_enable_extensions = ["dollarmath"]
"""
PAGES = {
    "intro": """# Intro

<div class="progress-box" data-progress>Kept in your browser when JavaScript is on.</div>

```{toctree}
01_first
02_second
labs/one
appendices/words
```
""",
    "01_first": "# First\n\nText.\n",
    "02_second": """# Second

```{quiz}
1. Which label does 1-NN predict?
   - ( ) the most frequent one
     - That is the limit of large k.
   - (x) that of the nearest image
     - It copies its one neighbour.

2. Which are hyperparameters?
   - (x) the number of neighbours
     - Chosen on validation data.
   - ( ) the stored images
     - They are the data.
   - (x) the distance
     - Chosen on validation data too.

3. What is the softmax loss of ten equal scores?
   - (= 2.303 +- 0.005) as asked
     - The logarithm of ten.
   - (= 9)
     - That is the hinge loss.
   - (else)
     - Start from a probability of 1/10.
```
""",
    "labs/one": "# Lab one\n",
    "appendices/words": "# Words\n",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages of the small book."""
    source = tmp_path_factory.mktemp("source")
    conf = CONF.replace("{book}", str(root() / "book"))
    (source / "conf.py").write_text(conf, encoding="utf-8")
    for name, text in PAGES.items():
        path = source / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    html = tmp_path_factory.mktemp("html")
    assert build_main(["-q", "-W", "-n", str(source), str(html)]) == 0
    return html


@pytest.fixture(scope="module")
def address(site):
    """Where the small book is served."""
    with host.served(site) as address:
        yield address


@pytest.fixture
def context(chromium, address):
    """A new browser profile, whose pages ask the small book for all that they have."""
    context = chromium.new_context(base_url=address)
    errors, asked = [], []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("request", lambda request: asked.append(request.url))
    yield context
    context.close()
    assert not errors
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


@pytest.fixture
def page(context):
    page = context.new_page()
    page.goto("02_second.html")
    page.wait_for_selector(".quiz-score")
    return page


def question(page, number):
    return page.locator(".quiz-question").nth(number - 1)


def feedback(page, number):
    return question(page, number).locator(".quiz-feedback")


def stored(page):
    return json.loads(page.evaluate("localStorage.getItem('cs231n-progress')") or "{}")


def test_a_single_choice_by_keyboard(page, expect):
    question(page, 1).get_by_role("button", name="Check").press("Enter")
    expect(feedback(page, 1)).to_have_text("Choose an answer first.")
    question(page, 1).get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(feedback(page, 1)).to_contain_text("✗ Not this one.")
    expect(feedback(page, 1)).to_contain_text("That is the limit of large k.")
    expect(feedback(page, 1)).not_to_contain_text("It copies its one neighbour.")
    page.keyboard.press("ArrowDown")  # looking at the next choice does not answer
    expect(feedback(page, 1)).to_contain_text("✗ Not this one.")
    page.keyboard.press("Enter")
    expect(feedback(page, 1)).to_contain_text("✓ Right.")
    expect(feedback(page, 1)).to_contain_text("It copies its one neighbour.")
    assert stored(page) == {"02_second": {"solved": [0], "total": 3}}


def test_several_choices_are_judged_as_a_set(page, expect):
    boxes = question(page, 2).get_by_role("checkbox")
    check = question(page, 2).get_by_role("button", name="Check")
    boxes.nth(0).check()
    boxes.nth(1).check()
    check.click()
    expect(feedback(page, 2)).to_contain_text("1 of 3 boxes are as they should be")
    expect(feedback(page, 2)).to_contain_text("They are the data.")
    expect(feedback(page, 2)).to_contain_text("Chosen on validation data too.")
    assert stored(page) == {}
    boxes.nth(1).uncheck()
    boxes.nth(2).check()
    check.click()
    expect(feedback(page, 2)).to_contain_text("✓ All right.")
    assert stored(page)["02_second"]["solved"] == [1]


@pytest.mark.parametrize(
    ("text", "verdict", "explanation"),
    [
        ("2.3026", "✓ Right.", "The logarithm of ten."),
        (" 2,303 ", "✓ Right.", "The logarithm of ten."),
        ("2.298", "✓ Right.", "The logarithm of ten."),
        ("2303/1000", "✓ Right.", "The logarithm of ten."),
        ("2.2979", "✗ Not this number.", "Start from"),
        ("−2.303", "✗ Not this number.", "Start from"),
        ("9.0", "✗ Not this number.", "That is the hinge loss."),
        ("9,001", "✗ Not this number.", "Start from"),
        ("log 10", "Write a number", ""),
        ("", "Write a number", ""),
        ("1/0", "Write a number", ""),
    ],
)
def test_numbers_are_read_as_people_write_them(page, expect, text, verdict, explanation):
    answer = question(page, 3).get_by_label("Your answer:")
    answer.fill(text)
    answer.press("Enter")
    expect(feedback(page, 3)).to_contain_text(verdict)
    expect(feedback(page, 3)).to_contain_text(explanation)


def test_feedback_is_spoken_and_forms_are_named(page):
    assert feedback(page, 1).get_attribute("aria-live") == "polite"
    names = [group.aria_snapshot() for group in page.get_by_role("group").all()]
    assert len(names) == 3
    for number, name in enumerate(names, 1):
        assert name.startswith(f'- group "Question {number}')


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_quiz_and_progress_are_accessible(page, violations, theme):
    page.set_viewport_size({"width": 360, "height": 800})
    page.evaluate("t => { localStorage.mode = localStorage.theme = t; }", theme)
    page.reload()
    page.wait_for_selector(".quiz-score")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    question(page, 1).get_by_role("radio").first.check()
    question(page, 2).get_by_role("checkbox").first.check()
    question(page, 3).get_by_label("Your answer:").fill("2.3026")
    for number in (1, 2, 3):
        question(page, number).get_by_role("button").click()
    assert violations(page, ".quiz") == []
    assert violations(page, ".progress-read") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("intro.html")
    page.wait_for_selector(".progress-box progress")
    assert violations(page, ".progress-box") == []


def test_progress_shows_in_the_sidebar_and_on_the_intro_page(page, expect):
    page.get_by_label("I have read this chapter").check()
    question(page, 1).get_by_role("radio").nth(1).check()
    question(page, 1).get_by_role("button").click()
    link = page.locator(".bd-sidebar-primary a.internal", has_text="Second")
    expect(link.locator("[aria-hidden]")).to_have_text("✓ 1/3")
    expect(link).to_have_accessible_name("Second (read, quiz 1 of 3)")
    expect(page.locator(".bd-sidebar-primary .progress-mark")).to_have_count(1)
    expect(page.locator(".quiz-score")).to_contain_text("1 of 3 questions answered rightly")

    page.goto("labs/one.html")  # from another folder the links are the same pages
    expect(page.locator(".bd-sidebar-primary .progress-mark")).to_have_text(
        "✓ 1/3 (read, quiz 1 of 3)"
    )
    page.get_by_label("I have read this chapter").check()

    page.goto("intro.html")
    box = page.locator("[data-progress]")
    expect(box).to_contain_text("2 of 3 chapters and labs read")  # the appendix does not count
    expect(box.get_by_role("listitem")).to_have_text(["Second: read, quiz 1 of 3", "Lab one: read"])
    assert box.get_by_role("progressbar").evaluate("e => [e.value, e.max]") == [2, 3]

    page.goto("02_second.html")
    expect(page.get_by_label("I have read this chapter")).to_be_checked()
    expect(page.locator(".quiz-solved")).to_have_count(1)
    page.get_by_label("I have read this chapter").uncheck()
    expect(page.locator(".bd-sidebar-primary a", has_text="Second")).to_have_text(
        "Second 1/3 (quiz 1 of 3)"
    )


def test_progress_can_be_saved_as_a_file_that_the_status_reads(page, expect, tmp_path):
    page.get_by_label("I have read this chapter").check()
    question(page, 1).get_by_role("radio").nth(1).check()
    question(page, 1).get_by_role("button").click()
    page.goto("intro.html")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save my progress as a file").click()
    assert download.value.suggested_filename == status.PROGRESS
    download.value.save_as(tmp_path / status.PROGRESS)
    read = status.reading(tmp_path / status.PROGRESS)
    assert (read.chapters, read.solved, read.questions) == (1, 1, 3)


def test_progress_can_be_forgotten_after_a_question(page, expect):
    page.get_by_label("I have read this chapter").check()
    page.goto("intro.html")
    button = page.get_by_role("button", name="Forget my progress")
    page.once("dialog", lambda dialog: dialog.dismiss())
    button.click()
    assert stored(page) != {}
    page.once("dialog", lambda dialog: dialog.accept())
    button.press("Enter")
    expect(page.locator("[data-progress]")).to_contain_text("0 of 3 chapters and labs read")
    expect(button).to_be_focused()
    assert stored(page) == {}


def test_progress_is_shared_by_tabs_and_survives_nonsense(context, page, expect):
    other = context.new_page()
    other.goto("01_first.html")
    other.get_by_label("I have read this chapter").check()
    expect(page.locator(".bd-sidebar-primary .progress-mark")).to_have_count(1)
    page.evaluate("localStorage.setItem('cs231n-progress', '[broken')")
    page.reload()
    page.get_by_label("I have read this chapter").check()
    assert stored(page) == {"02_second": {"read": True}}


def test_nothing_is_sent_anywhere(context, page, address):
    sent = []
    context.on("request", lambda request: sent.append(request.url))
    question(page, 1).get_by_role("radio").nth(1).check()
    question(page, 1).get_by_role("button").click()
    page.get_by_label("I have read this chapter").check()
    # Requests go out in order: what the page had to send would come before this one.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
    page.evaluate("fetch('intro.html').then((answer) => answer.text())")
    assert sent == [f"{address}intro.html"]


def test_without_javascript_questions_answers_and_reasons_can_be_read(chromium, site, expect):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "02_second.html").as_uri())
    expect(question(page, 1).locator(".quiz-choices li")).to_have_count(2)
    reason = question(page, 1).get_by_text("It copies its one neighbour.")
    expect(reason).not_to_be_visible()
    question(page, 1).get_by_text("Answer to question 1").click()
    expect(reason).to_be_visible()
    page.goto((site / "intro.html").as_uri())
    expect(page.locator("[data-progress]")).to_have_text(
        "Kept in your browser when JavaScript is on."
    )
    context.close()
