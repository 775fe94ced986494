"""Read the book's prose as a reader does: sentences, without code, displays and quizzes."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from cs231n_lib.course.publishing import notebooks

# Sections that ask, point elsewhere, or repeat what the chapter has shown.
ASIDES = {
    "Check yourself", "Exercises", "Further reading", "Practise", "What to remember",
    "By hand", "To think about", "By code",
}  # fmt: skip

_FENCED = re.compile(r"^(`{3,}|:{3,}).*?^\1[`:]*\s*?$", re.DOTALL | re.MULTILINE)
_DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_MATH_DIRECTIVE = re.compile(r"^```\{math\}.*?^```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!\$)\$(?!\$)[^$]+\$")
_HTML = re.compile(r"<div.*?</div>", re.DOTALL)
_TABLE = re.compile(r"^\|.*$", re.MULTILINE)
_ROLE = re.compile(r"\{[\w:]+\}`[^`]*`")
_CODE = re.compile(r"`[^`]*`")
_END = re.compile(r"(?<=[.!?:])[*)\"]*\s+(?=[*(\"{$A-Z])")


@dataclass
class Section:
    """A heading with what stands below it, up to the next heading."""

    title: str
    prose: list[str] = field(default_factory=list)
    math: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Return the sentences of the prose, each on one line."""
        found = []
        for block in self.prose:
            for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", block):
                text = re.sub(r"^\s*(?:[-*]|\d+\.) ", "", " ".join(paragraph.split()))
                found += [sentence for sentence in _END.split(text) if sentence.strip()]
        return found


def sections(path: Path) -> list[Section]:
    """Return the sections of a notebook, those with a title of ``ASIDES`` left out."""
    found = [Section("")]
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            found[-1].code.append(cell.source)
            for output in cell.outputs:
                data = output.get("data", {})
                found[-1].outputs.append(output.get("text", "") + data.get("text/plain", ""))
            continue
        for piece in re.split(r"(?m)^(?=#+ )", cell.source):
            title = re.match(r"#+ (.*)\n?", piece)
            if title:
                found.append(Section(title[1].strip()))
                piece = piece[title.end() :]
            _file(piece, found[-1])
    return [section for section in found if section.title not in ASIDES]


def _file(text: str, section: Section) -> None:
    """Sort a piece of Markdown into prose and mathematics."""
    section.math += _MATH_DIRECTIVE.findall(text) + _DISPLAY.findall(text) + _INLINE.findall(text)
    for pattern in (_MATH_DIRECTIVE, _FENCED, _DISPLAY, _HTML, _TABLE):
        text = pattern.sub("\n\n", text)
    section.prose.append(re.sub(r"(?m)^\([\w-]+\)=$", "", text))


def plain(sentence: str) -> str:
    """Return a sentence without formulas, code and roles."""
    for pattern in (_INLINE, _ROLE, _CODE):
        sentence = pattern.sub(" ", sentence)
    return sentence
