"""The quiz directive: what it reads, what it refuses, and every quiz of the book."""

import json
import re

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.docutils_ import Parser

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing.sphinx.quiz import Question, QuizError, _shown, read_quiz

GOOD = """
1. Which label does 1-NN predict?
   - ( ) the most frequent one
     - That is the limit of $k = N$.
   - (x) that of the nearest stored image
     - It copies its one neighbour.

2. Which are hyperparameters?
   - (x) $k$
     - It is chosen on validation data.
   - (x) the distance
     - It is chosen on validation data.
   - ( ) the stored images
     - They are the data.

3. What is $\\log 10$?
   - (= 2.30 +- 0.01) as it is
     - Look it up.
   - (= 1)
     - To base 10.
   - (else)
     - Neither.
"""


def read(text: str) -> list[Question]:
    """Read a quiz from Markdown; roles that only Sphinx knows are left as they are."""
    settings = {"report_level": 5, "myst_enable_extensions": ["dollarmath", "smartquotes"]}
    document = publish_doctree(text, parser=Parser(), settings_overrides=settings)
    for message in list(document.findall(nodes.system_message)):
        message.parent.remove(message)
    return read_quiz(document)


def test_reads_the_three_kinds_of_question():
    single, multiple, number = read(GOOD)
    assert [q.kind for q in (single, multiple, number)] == ["single", "multiple", "number"]
    assert [c.mark for c in single.choices] == ["wrong", "right"]
    assert "".join(n.astext() for n in single.choices[0].text) == "the most frequent one"
    assert single.choices[0].explanation[0].astext() == "That is the limit of k = N."
    assert [(c.mark, c.value, c.tolerance) for c in number.choices] == [
        ("right", 2.30, 0.01), ("wrong", 1.0, 0.0), ("else", None, 0.0),
    ]  # fmt: skip


def test_a_large_number_is_shown_in_digits():
    text = "1. How many?\n   - (= 240) as many\n     - Yes.\n   - (= 60000000)\n     - No.\n"
    [question] = read(text + "   - (else)\n     - Count.\n")
    assert _shown(question.choices[1], "number").astext().startswith("Wrong: 60,000,000.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1. Which label", "- Which label", "one numbered list"),
        ("     - That is the limit of $k = N$.\n", "", "question 1, choice 1: needs one nested"),
        ("( ) the most", "the most", "question 1, choice 1: starts with none of"),
        ("(x) that of", "( ) that of", "question 1: needs two choices or more, and one marked"),
        ("( ) the stored images", "( )", "question 2, choice 3: says nothing"),
        ("( ) the stored images", "(else) the rest", "question 2: a question for a number"),
        ("   - (else)\n     - Neither.\n", "", "question 3: after"),
        ("(= 1)", "( ) 1", "question 3: after"),
        ("(= 1)", "(= one)", "question 3, choice 2: .*is not"),
        ("(= 2.30 +- 0.01)", "(= 2.3.0)", "question 3, choice 1: .*is not"),
        ("(x) $k$", "**(x)** $k$", "question 2, choice 1: the mark must be plain text"),
    ],
)
def test_refuses_a_broken_quiz_and_names_the_place(old, new, message):
    assert old in GOOD
    with pytest.raises(QuizError, match=message):
        read(GOOD.replace(old, new, 1))


FENCE = re.compile(r"^(`{3,}|:{3,})\{quiz\}[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)


def quizzes() -> list:
    """Return every quiz of the book, as ``(page, body)`` cases."""
    found = []
    for path in sorted((root() / "book").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                text = "".join(cell["source"])
                found += [(path.stem, body) for _, body in FENCE.findall(text)]
    return [pytest.param(page, body, id=page) for page, body in found]


@pytest.mark.parametrize(("page", "body"), quizzes())
def test_every_quiz_of_the_book_is_sound(page, body):
    questions = read(body)
    assert len(questions) >= 5, f"{page}: a chapter asks five questions or more"
    for question in questions:
        texts = ["".join(node.astext() for node in choice.text) for choice in question.choices]
        if question.kind != "number":
            assert len(set(texts)) == len(texts), f"{page}: the same choice twice"
    places = [
        [c.mark for c in question.choices].index("right")
        for question in questions
        if question.kind == "single"
    ]
    assert len(places) < 3 or len(set(places)) > 1, f"{page}: the right choice is always no. 1"


def test_every_chapter_has_a_quiz():
    chapters = {path.stem for path in (root() / "book").glob("[0-9][0-9]_*.ipynb")}
    assert chapters <= {case.values[0] for case in quizzes()}
