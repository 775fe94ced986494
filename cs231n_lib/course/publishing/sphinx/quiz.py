"""Self-check questions: a ``{quiz}`` directive whose body is a Markdown list.

A numbered item is a question. Its bullets are the choices, each with a mark in front and its
explanation as a nested bullet::

    1. Which label does 1-NN predict?
       - (x) that of the nearest stored image
         - It copies the label of its one neighbour.
       - ( ) the most frequent label
         - That is the limit of k = N.

``(x)`` is right and ``( )`` wrong; several ``(x)`` make a question with several right choices.
``(= 2.30 +- 0.01)`` asks for a number: the first is the answer, further ones are mistakes known
by their value, and ``(else)`` explains all others. The page is complete without JavaScript, with
the answers in a closed box; ``book/_web/quiz/quiz.js`` turns it into a form.
"""

import re
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MARK = re.compile(r"\((x| |else|=\s*[^()]*)\)\s*")
NUMBER = re.compile(r"=\s*([-+.\deE]+)(?:\s*(?:\+-|±)\s*([.\deE-]+))?\s*")


class QuizError(ValueError):
    """A quiz that breaks the rules; the message names the question and the rule."""


class element(nodes.General, nodes.Element):
    """An HTML element (``tag``) with attributes (``data``); other formats show its content."""


@dataclass(frozen=True)
class Choice:
    """One choice: what it says, whether it is right, why, and its value if it is a number."""

    text: list[nodes.Node]
    mark: str
    explanation: list[nodes.Node]
    value: float | None = None
    tolerance: float = 0.0


@dataclass(frozen=True)
class Question:
    """One question: ``kind`` is ``"single"``, ``"multiple"`` or ``"number"``."""

    text: list[nodes.Node]
    kind: str
    choices: list[Choice]


def read_quiz(parsed: nodes.Element) -> list[Question]:
    """Read the questions out of a parsed Markdown list.

    Parameters
    ----------
    parsed : docutils element
        The body of the directive: one numbered list.

    Returns
    -------
    list of Question
        In the order of the page.

    Raises
    ------
    QuizError
        If anything else stands there, a choice has no mark or no explanation, or the marks do
        not make a question that can be answered.
    """
    if len(parsed.children) != 1 or not isinstance(parsed[0], nodes.enumerated_list):
        raise QuizError("a quiz is one numbered list of questions, and nothing else")
    return [_read_question(item, f"question {n}") for n, item in enumerate(parsed[0].children, 1)]


def _read_question(item: nodes.Element, where: str) -> Question:
    if len(item) < 2 or not isinstance(item[-1], nodes.bullet_list):
        raise QuizError(f"{where}: needs a text, then its choices as a bullet list")
    choices = [_read_choice(c, f"{where}, choice {n}") for n, c in enumerate(item[-1].children, 1)]
    marks = [choice.mark for choice in choices]
    if marks[0] == "right" and choices[0].value is not None:
        numbers = choices[1:-1]
        if marks[-1] != "else" or any(choice.value is None for choice in numbers):
            raise QuizError(f"{where}: after (= number) come further (= number), then one (else)")
        kind = "number"
    else:
        if "else" in marks or any(choice.value is not None for choice in choices):
            raise QuizError(f"{where}: a question for a number starts with (= number)")
        if len(choices) < 2 or "right" not in marks:
            raise QuizError(f"{where}: needs two choices or more, and one marked (x)")
        kind = "single" if marks.count("right") == 1 else "multiple"
    return Question(item.children[:-1], kind, choices)


def _read_choice(item: nodes.Element, where: str) -> Choice:
    first = item[0] if len(item) else None
    mark = MARK.match(first.astext()) if isinstance(first, nodes.paragraph) else None
    if first is None or mark is None:
        raise QuizError(f"{where}: starts with none of (x), ( ), (= number), (else)")
    lead = first[0]
    if not isinstance(lead, nodes.Text) or not MARK.match(lead):
        raise QuizError(f"{where}: the mark must be plain text")
    rest = MARK.sub("", str(lead), count=1)
    text = ([nodes.Text(rest)] if rest else []) + first.children[1:]
    nested = item[1] if len(item) == 2 else None
    if not isinstance(nested, nodes.bullet_list) or len(nested) != 1 or not nested.astext().strip():
        raise QuizError(f"{where}: needs one nested bullet that explains why it is right or wrong")
    explanation = nested[0].children
    if not mark[1].startswith("="):
        name = {"x": "right", " ": "wrong", "else": "else"}[mark[1]]
        if name != "else" and not "".join(node.astext() for node in text).strip():
            raise QuizError(f"{where}: says nothing after its mark")
        return Choice(text, name, explanation)
    number = NUMBER.fullmatch(mark[1])
    try:
        value, tolerance = float(number[1]), float(number[2] or 0)  # type: ignore[index]
    except (TypeError, ValueError):
        raise QuizError(
            f"{where}: ({mark[1]}) is not (= number) or (= number +- tolerance)"
        ) from None
    known_mistake = item.parent.index(item) > 0
    return Choice(text, "wrong" if known_mistake else "right", explanation, value, tolerance)


def _shown(choice: Choice, kind: str) -> nodes.Node:
    """Return a choice with its verdict and explanation, as the answer box shows it."""
    verdict = {"right": "Right", "wrong": "Wrong", "else": "Any other number"}[choice.mark]
    data: dict[str, Any] = {"data-mark": choice.mark}
    if choice.value is not None:
        verdict += f": {choice.value:,.12g}" if not choice.text else ""
        data |= {"data-value": repr(choice.value), "data-tolerance": repr(choice.tolerance)}
    line = nodes.paragraph("", "", nodes.strong(text=verdict + (": " if choice.text else ".")))
    line += [node.deepcopy() for node in choice.text]
    return element("", line, *choice.explanation, tag="div", classes=["quiz-answer"], data=data)


def _question_node(question: Question, number: int) -> nodes.Node:
    heading = nodes.paragraph("", f"Question {number}", classes=["quiz-number"])
    text = element("", *question.text, tag="div", classes=["quiz-text"], data={})
    choices = nodes.bullet_list(classes=["quiz-choices"])
    if question.kind != "number":
        for choice in question.choices:
            choices += nodes.list_item("", nodes.paragraph("", "", *choice.text))
    summary = element("", nodes.Text(f"Answer to question {number}"), tag="summary", data={})
    answers = [_shown(choice, question.kind) for choice in question.choices]
    return element(
        "", heading, text, *([choices] if len(choices) else []),
        element("", summary, *answers, tag="details", data={}),
        tag="div", classes=["quiz-question"], data={"data-kind": question.kind},
    )  # fmt: skip


class Quiz(SphinxDirective):
    """Questions to check oneself, with an explanation for every choice."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the quiz as readable text; the page's script makes a form of it."""
        parsed = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, parsed)
        try:
            questions = read_quiz(parsed)
        except QuizError as error:
            raise self.error(f"quiz: {error}") from None
        shown = [_question_node(question, n) for n, question in enumerate(questions, 1)]
        return [element("", *shown, tag="div", classes=["quiz"], data={})]


def _open(self: Any, node: element) -> None:
    self.body.append(self.starttag(node, node["tag"], "\n", **node["data"]))


def _close(self: Any, node: element) -> None:
    self.body.append(f"</{node['tag']}>\n")


def _nothing(self: Any, node: element) -> None:
    """Other formats show what is inside and no box."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and how its elements are written."""
    plain = (_nothing, _nothing)
    app.add_node(element, html=(_open, _close), latex=plain, text=plain, man=plain, texinfo=plain)
    app.add_directive("quiz", Quiz)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
