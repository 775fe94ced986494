"""Chapters use the letters that the notation page lists, and the words that the book has chosen."""

import re

import pytest

from cs231n_lib.course.checkout import root
from tests.book.pages import Section, plain, sections

BOOK = root() / "book"
CHAPTERS = sorted(BOOK.glob("[01][0-9]_*.ipynb"))
GREEK = (
    "alpha|beta|gamma|delta|Delta|varepsilon|epsilon|eta|theta|lambda|mu|nu|pi|rho|sigma|tau|phi|"
    "omega|ell|varphi|kappa|xi|zeta|chi|psi|Gamma|Theta|Lambda|Sigma|Phi|Omega"
)
WORDS = re.compile(r"\\(?:text|mathrm|operatorname|mathbb|begin|end)\*?\{[^}]*\}|:label: *\S+")

# What the book does not say, and what it says instead.
VOCABULARY = {
    r"\b(?:one|a) (?:number|row|column|constant|picture|mean|call) an? "
    r"(?:class|image|pixel|pair|entry)\b": "per class, or for each class",
    r"\b(?:gradient|derivative|slope)s? (?:of [\w ]+ )?by (?:the|its|one|a)\b": "with respect to",
    r"\b(?:3,072|D) pixels\b": "entries: a pixel is a place, an entry is a number",
    r"\b(?:step size|step length)s?\b": "learning rate",
    r"\bmini ?batch": "mini-batch",
    r"(?i)\b(?:neighbor|colou?rs? space|behavior|(?:normal|regular|optim|vector|initial)iz)": (
        "British spelling"
    ),
}


def letters(formula: str) -> set[str]:
    """Return the Latin and Greek letters of a formula, without those of words and commands."""
    formula = WORDS.sub(" ", formula.replace("```{math}", " ").replace("```", " "))
    greek = set(re.findall(rf"\\({GREEK})(?![a-zA-Z])", formula))
    return greek | set(re.findall(r"[A-Za-z]", re.sub(r"\\[a-zA-Z]+", " ", formula)))


def table() -> list[tuple[set[str], set[int], bool]]:
    """Return the rows of the notation page: letters, chapters, whether of passing use."""
    text = (BOOK / "appendices" / "notation.md").read_text().partition("## Letters by chapter")[2]
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"[\d ]+", cells[2]):
            named = cells[0] + (cells[1] if cells[0] == "passing" else "")
            found = {x for formula in re.findall(r"\$[^$]+\$", named) for x in letters(formula)}
            rows.append((found, set(map(int, cells[2].split())), cells[0] == "passing"))
    return rows


def test_a_letter_has_one_meaning_in_a_chapter():
    kept = [(letter, n) for found, where, passing in table() if not passing for letter in found
            for n in where]  # fmt: skip
    assert len(kept) > 50
    assert [pair for pair in kept if kept.count(pair) > 1] == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_letters_of_a_chapter_are_on_the_notation_page(path):
    number = int(path.stem[:2])
    listed = set().union(*(found for found, where, _ in table() if number in where))
    used = {x for section in sections(path) for formula in section.math for x in letters(formula)}
    assert len(used) > 5
    assert sorted(used - listed) == []


def strange_words(page: list[Section]) -> list[str]:
    return [
        f"{match[0]!r} (say: {better}) in: {sentence}"
        for section in page
        for sentence in section.sentences()
        for pattern, better in VOCABULARY.items()
        for match in [re.search(pattern, plain(sentence))]
        if match
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_words_are_those_that_the_book_has_chosen(path):
    assert strange_words(sections(path)) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "It keeps one number a class.",
        "Take the gradient by the score.",
        "The 3,072 pixels are flattened.",
        "Choose the step size.",
        "Each minibatch is drawn.",
        "The nearest neighbor wins.",
    ],
)
def test_a_word_that_is_not_the_books_is_found(sentence):
    assert strange_words([Section("", [sentence])])
    assert not strange_words([Section("", ["The gradient with respect to the score, by hand."])])


def test_letters_are_read_out_of_formulas():
    formula = r"$\frac{1}{N} \sum_i \mathbb{1}[\hat y_i = y_i] \quad\text{for } \lambda > 0$"
    assert letters(formula) == {"N", "i", "y", "lambda"}
