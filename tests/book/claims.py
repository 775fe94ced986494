"""List the sentences that claim more than the page shows.

``python -m tests.book.claims`` prints, for every page, the sentences that have a number which no
cell or formula of the page contains, and those that say *all*, *every*, *always*, *never* or
*exactly* in a section without an assertion or a proof.  It is a reader's first suspicion made
cheap, no more: a number may stand on the page for another reason, and an assertion may assert
something else.  What it lists has to be backed, reworded, or excused with a reason in
``excused.toml``.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cs231n_lib.course.checkout import root
from tests.book.pages import Section, plain, sections

SWEEPING = re.compile(r"\b(all|every|always|never|exactly)\b", re.IGNORECASE)
# "all the same" and the like claim nothing; neither does naming a class "everything else".
HARMLESS = re.compile(r"\b(at all|all the same|after all|above all|exactly one|of all,)\b")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
REFERENCE = re.compile(r"\b(chapters?|sections?|assignments?|steps?|part) \d+(?:\.\d+)*")
LINK = re.compile(r"\{doc\}`(?:[^`<]*<)?([\w/.]+)>?`")
PROOF = re.compile(r"\*Proof|\\square|\bassert\b")


def _values(text: str) -> set[str]:
    return {token.replace(",", "").rstrip(".") for token in NUMBER.findall(text)}


def _shown(page: list[Section]) -> set[str]:
    """Return the numbers in the code, outputs and formulas of a page, shares also as percent."""
    text = "\n".join("\n".join(s.code + s.outputs + s.math) for s in page)
    text = re.sub(r"(?<=\d)[_{}]+,?[_{}]*(?=\d)", "", text)  # 5_000 and 240{,}000
    found = set(re.findall(r"\d+(?:\.\d+)?", text.replace(",", "")))
    return found | {f"{100 * float(value):.10g}" for value in found if "." in value}


def _lacking(values: set[str], shown: set[str]) -> list[str]:
    """Return the values that are not shown; one with decimals may be a shown one, rounded."""
    return sorted(
        value
        for value in values - shown
        if "." not in value
        or all(f"{float(other):.{len(value.partition('.')[2])}f}" != value for other in shown)
    )


def _elsewhere(sentence: str, folder: Path) -> set[str]:
    """Return the numbers shown on the notebooks that a sentence points to."""
    targets = (folder / f"{target}.ipynb" for target in LINK.findall(sentence))
    return {value for path in targets if path.is_file() for value in _shown(sections(path))}


def unbacked(page: list[Section], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a page that nothing on it backs, with what is missing."""
    shown = _shown(page)
    for section in page:
        proved = any(PROOF.search(text) for text in section.code + section.prose)
        for sentence in section.sentences():
            if "{cite" in sentence or sentence.endswith("?"):
                continue
            words = plain(sentence)
            missing = _lacking(_values(REFERENCE.sub(" ", words)), shown)
            if missing:
                missing = _lacking(set(missing), _elsewhere(sentence, folder))
            if missing:
                yield sentence, "no cell or formula has " + ", ".join(missing)
            elif SWEEPING.search(HARMLESS.sub(" ", words)) and not proved:
                yield sentence, "neither assertion nor proof in its section"


def excuses() -> dict[str, dict[str, str]]:
    """Return for each page the beginnings of excused sentences, with their reasons."""
    return tomllib.loads((Path(__file__).parent / "excused.toml").read_text())


def unexcused(
    name: str, page: list[Section], folder: Path
) -> tuple[list[tuple[str, str]], set[str]]:
    """Return what is unbacked and not excused, and the excuses that are not needed any more."""
    waiting = excuses().get(name, {})
    used, left = set(), []
    for sentence, missing in unbacked(page, folder):
        fitting = {begin for begin in waiting if sentence.startswith(begin)}
        used |= fitting
        if not fitting:
            left.append((sentence, missing))
    return left, set(waiting) - used


def main() -> None:
    """Print the list, of the pages named or of all chapters and labs."""
    book = root() / "book"
    wanted = [book / name for name in sys.argv[1:]]
    for path in wanted or sorted(book.glob("[0-9]*.ipynb")) + sorted(book.glob("labs/*.ipynb")):
        name = path.relative_to(book).with_suffix("").as_posix()
        left, stale = unexcused(name, sections(path), path.parent)
        print(f"{name}: {len(left)}")
        for sentence, missing in left:
            print(f"  {sentence}\n      {missing}")
        for begin in stale:
            print(f"  not needed any more: {begin}")


if __name__ == "__main__":
    main()
