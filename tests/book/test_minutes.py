"""The table on the front page says of each chapter and assignment what its own head says."""

import re

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing import notebooks

BOOK = root() / "book"


def head(path):
    return "".join(cell.source for cell in notebooks.read(path).cells[:3])


def said_by_heads():
    chapters = {
        path.stem: int(re.search(r"(\d+) minutes\.", head(path))[1])
        for path in BOOK.glob("[01][0-9]_*.ipynb")
    }
    assignments = {
        f"assignment {path.stem[1:]}": 60 * int(re.search(r"about (\d+) hours", head(path))[1])
        for path in (root() / "solutions").glob("a?/a?.ipynb")
    }
    return chapters | assignments


def said_by_the_front():
    front = "\n".join(cell.source for cell in notebooks.read(BOOK / "intro.ipynb").cells)
    rows = re.findall(
        r"^\| (?:\{doc\}`([01][0-9]_\w+)`|\*(assignment \d)\*) \|.*\| (\d+) \|$", front, re.M
    )
    return {chapter or assignment: int(minutes) for chapter, assignment, minutes in rows}


def test_the_front_page_has_the_minutes_of_the_heads():
    heads = said_by_heads()
    assert len(heads) >= 18
    assert said_by_the_front() == heads


WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}


def test_the_front_page_has_the_minutes_of_the_labs():
    labs = {
        path.stem: WORDS[re.search(r"About (\w+)\s+minutes on\s+two", head(path))[1]]
        for path in (BOOK / "labs").glob("*.ipynb")
    }
    front = "\n".join(cell.source for cell in notebooks.read(BOOK / "intro.ipynb").cells)
    rows = re.findall(r"^\| \{doc\}`labs/(\w+)` \|.*\| (\d+) \|$", front, re.M)
    assert len(labs) >= 4
    assert {lab: int(minutes) for lab, minutes in rows} == labs
