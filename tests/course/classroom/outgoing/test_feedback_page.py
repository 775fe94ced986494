"""The feedback page: the failing first, own code beside the finding; safe and readable."""

import re
from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from docutils.nodes import make_id

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.sections import section_of
from cs231n_lib.course.checkout import root
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis, Outcome
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.grade import CellGrade, Grade, Lateness
from cs231n_lib.course.classroom.outgoing import pages
from cs231n_lib.course.classroom.outgoing.findings import exercises, may_show_solutions
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import GRADED, Result
from cs231n_lib.course.student.report import Report

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
NOW = datetime(2027, 5, 1, 12, tzinfo=UTC)


def master(**settings):
    found = read_master((root() / "solutions" / "a1" / "a1.ipynb").read_bytes(), "a1")
    found.settings.update(settings)
    return found


def result(**changed):
    tests = [
        Outcome("compute_distances_l1-example", "From (0, 0) to (3, -4) it is 7.", 1, 1),
        Outcome("predict_labels-example", "Three rows.", 2, 2),
        Outcome("predict_labels-ties", "Ties.", 3, 0, "expected 1, found 2",
                Diagnosis("ties", "the smallest label wins."), 0.5, "line 3"),
    ]  # fmt: skip
    answers = {"predict_labels": "def predict_labels(): ...", "answer-7a": "Because it is so."}
    return Result(GRADED, 0, "", "", tests=tests, answers=answers, **changed)


def grade(comment="", **changed):
    cells = (
        CellGrade("compute_distances_l1-example", 1, 1, 1),
        CellGrade("predict_labels-example", 2, 2, 2),
        CellGrade("predict_labels-ties", 1.5, 3, 0, 1.5, comment=comment),
        CellGrade("answer-7a", 3, 5, None, 3, comment="Give a reason for (v)."),
        CellGrade("answer-7b", 0, 5, needs_hand=True),
    )
    return Grade("anne", "anne", 7.5, 16, cells=cells, **changed)


def words(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_every_face_words_a_diagnosis_alike(monkeypatch):
    monkeypatch.setattr(Diagnosis, "label", "Perhaps, for all we know:")
    failed = result().tests[2]
    shown = Report("predict_labels", (failed,))
    error = CheckFailed(failed.message, failed.diagnosis)
    page = pages.feedback("a1", result(), grade())
    for face in (failed.text, str(error), repr(shown), words(shown._repr_html_()), words(page)):
        assert "Perhaps, for all we know: the smallest label wins." in face


def test_what_failed_comes_first_in_the_page_and_in_its_exercise():
    found = exercises("a1", result(), grade())
    assert [e.name for e in found] == ["predict_labels", "compute_distances_l1"]
    assert [t.name for t, _ in found[0].tests] == ["predict_labels-ties", "predict_labels-example"]


def test_subtotals_are_those_that_count():
    found = exercises("a1", result(), grade())
    assert (found[0].score, found[0].points) == (3.5, 5)
    assert "predict_labels 3.5 of 5 points" in words(pages.feedback("a1", result(), grade()))


def test_own_code_answers_comments_and_points_by_hand_are_shown():
    page = words(pages.feedback("a1", result(), grade("Half of it is right.")))
    for text in ("def predict_labels(): ...", "Because it is so.", "Give a reason for (v).",
                 "3 of 5 points", "not graded yet", "You left it blank", "by hand: 1.5",
                 "Half of it is right.", "the smallest label wins",
                 "7.5 of 16 points"):  # fmt: skip
        assert text in page


def test_nothing_of_a_strangers_is_markup_and_no_script_is_in_it():
    hostile = result(notes=[HOSTILE], reason=HOSTILE)
    hostile.answers = {"predict_labels": HOSTILE, "answer-7a": HOSTILE}
    hostile.tests[2] = Outcome(
        f"predict_labels-{HOSTILE}", HOSTILE, 3, 0, HOSTILE, Diagnosis("", HOSTILE), None, HOSTILE
    )
    page = pages.feedback("a1", hostile, grade(HOSTILE))
    assert "<script" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!https://book)', page)


def test_sections_are_linked_where_the_book_has_an_address():
    page = pages.feedback("a1", result(), grade(), book="https://book.example/v/")
    section = "03_k_nearest_neighbours.html#let-the-neighbours-vote"
    assert f'href="https://book.example/v/{section}"' in page
    plain = pages.feedback("a1", result(), grade())
    assert "<a " not in plain
    assert "chapter 3, k nearest neighbours: Let the neighbours vote" in plain


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("", ""),
        ('c.Cs231n.book = "https://book.example/v"', "https://book.example/v"),
        ('c.Cs231n.book = "javascript:alert(1)"', None),
        ("c.Cs231n.book = 7", None),
    ],
)
def test_the_books_address_is_the_courses(tmp_path, line, address):
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
    if address is None:
        with pytest.raises(UserError, match=r"c\.Cs231n\.book .* no address of a book"):
            _ = Course(tmp_path).book
    else:
        assert Course(tmp_path).book == address


def test_every_exercise_has_a_section_that_there_is():
    for path in root().glob("solutions/*/*.ipynb"):
        source = read_master(path.read_bytes(), path.stem)
        for name in {test.name.partition("-")[0] for test in source.tests}:
            section = section_of(path.stem, name)
            assert section is not None, (path.stem, name)
            chapter = nbformat.read(root() / "book" / f"{section.page}.ipynb", as_version=4)
            text = "\n".join(c.source for c in chapter.cells if c.cell_type == "markdown")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            assert headings.count(section.heading) == 1, section
            assert section.anchor == make_id(section.heading)


def test_model_answers_are_shown_only_where_they_are_given():
    page = pages.feedback("a1", result(), grade())
    assert "bincount" not in page
    assert "Rubric" not in page
    page = pages.feedback("a1", result(), grade(), master())
    assert "np.bincount(closest_y)" in page
    assert "The training error" in page or "training error is 0" in page
    assert "BEGIN SOLUTION" not in page


def test_model_answers_wait_until_nobody_can_hand_in_any_more():
    early, late = (grade(lateness=Lateness(due=NOW + timedelta(days=days))) for days in (-3, 2))
    assert may_show_solutions(master(), [early], asked=True, now=NOW)
    assert not may_show_solutions(master(), [early], asked=False, now=NOW)
    with pytest.raises(UserError, match="2027-05-03 12:00 UTC for somebody, extensions"):
        may_show_solutions(master(), [early, late], asked=True, now=NOW)


def test_model_answers_come_by_themselves_on_their_day():
    dated = master(solutions="2027-05-01T13:00+00:00")
    assert not may_show_solutions(dated, [grade()], asked=False, now=NOW)
    assert may_show_solutions(dated, [grade()], asked=False, now=NOW + timedelta(hours=1))
    with pytest.raises(UserError, match="expected a day"):
        may_show_solutions(master(solutions="in May"), [], asked=False, now=NOW)
