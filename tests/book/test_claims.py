"""No sentence of the settled pages claims what nothing on the page shows, and the list can fail."""

import pytest

from cs231n_lib.course.checkout import root
from tests.book.claims import excuses, unbacked, unexcused
from tests.book.pages import Section, sections

BOOK = root() / "book"
PAGES = sorted(BOOK.glob("[01][0-9]_*.ipynb")) + sorted(BOOK.glob("labs/*.ipynb"))


def name_of(path):
    return path.relative_to(BOOK).with_suffix("").as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_sentence_claims_more_than_its_page_shows(path):
    left, stale = unexcused(name_of(path), sections(path), path.parent)
    assert [f"{sentence} ({missing})" for sentence, missing in left] == []
    assert stale == set(), "these excuses are not needed any more"


def test_excuses_have_a_page_and_a_reason():
    for name, excused in excuses().items():
        assert (BOOK / f"{name}.ipynb").is_file()
        assert all(len(reason) > 10 for reason in excused.values())


def backed(sentence, **parts):
    page = [Section("", [sentence], **parts)]
    return not list(unbacked(page, BOOK))


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("It is right in 43 % of them.", {"outputs": ["accuracy 0.430"]}),
        ("There are 5,000 images.", {"code": ["n = 5_000"]}),
        ("The fall was 0.72.", {"outputs": ["0.7185"]}),
        ("The sum is 73.", {"math": ["$46 + 12 + 14 + 1 = 73$"]}),
        ("The regions are always convex.", {"code": ["assert convex"]}),
        ("Every region is convex. *Proof.* Let $x$ be in it.", {}),
        ("People reach 94 % {cite:p}`Somebody2018`.", {}),
        ("See chapter 12.", {}),
        ("Is it true of all images?", {}),
    ],
)
def test_what_the_page_shows_is_backed(sentence, parts):
    assert backed(sentence, **parts)


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("It is right in 44 % of them.", {"outputs": ["accuracy 0.430"]}),
        ("It is right in 43 % of them.", {}),
        ("The fall was 0.73.", {"outputs": ["0.7185"]}),
        ("There are 59 of them.", {"outputs": ["58.7"]}),
        ("The regions are always convex.", {"code": ["print(convex)"]}),
        ("All templates look the same.", {}),
        ("This never happens.", {"math": ["$x = 1$"]}),
    ],
)
def test_what_nothing_shows_is_listed(sentence, parts):
    assert not backed(sentence, **parts)


def test_an_assertion_backs_its_own_section_alone():
    page = [Section("one", code=["assert x"]), Section("two", ["It is always so."])]
    assert [sentence for sentence, _ in unbacked(page, BOOK)] == ["It is always so."]


def test_code_quizzes_and_formulas_are_no_prose():
    path = BOOK / "05_linear_classification.ipynb"
    sentences = [s for section in sections(path) for s in section.sentences()]
    assert len(sentences) > 100
    assert not [
        s for s in sentences if "```" in s or "$$" in s or ":label:" in s or s.startswith("(x) ")
    ]
