r"""A stranger's text, made safe for the place where it is shown.

Every string that came from a student, a platform or a file of theirs is printed, written or
rendered through one of these functions. Nothing is dropped: what could act on a terminal, turn
the reading direction or hide is shown as an escape, ``\x1b`` say.
"""

import hashlib
import re
import unicodedata
from typing import Any

from cs231n_lib.course.errors import Refused
from cs231n_lib.course.limits import MAX_LINE, MAX_LOGIN

#: What a student id may be: it becomes a folder's name.
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
#: What Windows takes for a device, whatever comes after a dot; a dot at the end it leaves out.
TAKEN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.", re.IGNORECASE)
#: What no student id has in it.
ODD = re.compile(r"[^A-Za-z0-9._@+-]+")
#: Format characters that words are written with: joiners of Persian, Hindi and emoji.
JOINERS = "\u200c\u200d"
#: What a spreadsheet takes for the beginning of a formula, in the widths that it understands.
FORMULA = "=+-@＝＋－＠﹦﹢﹣﹫−"


def _acts(character: str) -> bool:
    """Whether a character does something else than being seen."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or (kind == "Cf" and character not in JOINERS)


def visible(value: object, keep: str = "\n\t") -> str:
    r"""Return ``value`` as text in which each character is seen, and which can be encoded.

    Parameters
    ----------
    value : object
        Text, or what is to be shown as text.
    keep : str
        Control characters that are left as they are.

    Examples
    --------
    >>> visible("a\x1b[2Jb\u202ec\ud800")
    'a\\x1b[2Jb\\u202ec\\ud800'
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode() if c not in keep and _acts(c) else c for c in text
    )


def student_id(login: str, digits: int = 8) -> str:
    r"""Return the id of the student with a login: the login itself, where it can name a folder.

    Otherwise what is left of it in plain letters, and a digest of so many digits that tells it from
    all others, on file systems too that fold capitals or leave out a dot at the end.

    Raises
    ------
    Refused
        If it can be nobody's: empty, without letters or digits, with a slash or a control
        character, longer than `MAX_LOGIN`.

    Examples
    --------
    >>> student_id("anne@example.edu"), student_id("o'neil"), student_id("UNI\\jdoe2")
    ('anne@example.edu', 'o-neil-eb1aed4f', 'UNI-jdoe2-7873ee54')
    """
    login = unicodedata.normalize("NFC", login.strip())
    if STUDENT.fullmatch(login) and ".." not in login and not TAKEN.fullmatch(login):
        return login
    if (
        not any(c.isalnum() for c in login)
        or len(login) > MAX_LOGIN
        or any(c == "/" or (unicodedata.category(c)[0] in "CZ" and c != " ") for c in login)
    ):
        raise Refused(
            f"{login[:40]!r} cannot be a student's id: expected 1 to {MAX_LOGIN} characters, one a "
            "letter or a digit, and no slash or sign that is not seen"
        )
    plain = unicodedata.normalize("NFKD", login).encode("ascii", "ignore").decode()
    plain = ODD.sub("-", plain).replace("..", ".").strip("-.")[:60] or "student"
    return f"{plain}-{hashlib.sha256(login.encode()).hexdigest()[:digits]}"


def file_name(name: str) -> str:
    """Return a file's name with nothing in it that is more than a name.

    Examples
    --------
    >>> file_name("../my essay.pdf"), file_name("...")
    ('_my_essay.pdf', 'handed-in')
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return plain[-80:].lstrip(".") or "handed-in"


def line(value: object, limit: int = MAX_LINE) -> str:
    r"""Return ``value`` as one line of at most ``limit`` characters.

    Examples
    --------
    >>> line("a\n b\x07", 4)
    'a b…'
    """
    text = visible(" ".join(str(value).split()), keep="")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def for_terminal(value: object) -> str:
    """Return ``value`` as a terminal may show it: lines and tabs stay, controls are seen."""
    return visible(value)


def for_markup(value: object) -> str:
    r"""Return ``value`` for a text in rich's markup: ``[bold]`` of a stranger's is shown as it is.

    Examples
    --------
    >>> for_markup("[bold]x")
    '\\[bold]x'
    """
    from rich.markup import escape

    return escape(visible(value))


def for_cell(value: Any) -> Any:
    r"""Return ``value`` for a cell of a spreadsheet; numbers as they are, no text as a formula.

    A text that begins like a formula, after whatever blanks a spreadsheet skips, is quoted by
    an apostrophe.

    Examples
    --------
    >>> for_cell("\t=1+1"), for_cell("-anne"), for_cell("anne"), for_cell(-2.5)
    ("'\\t=1+1", "'-anne", 'anne', -2.5)
    """
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    text = str(value)
    bare = "".join(c for c in text if not (c.isspace() or _acts(c) or c in JOINERS))
    text = visible(text, keep="")
    return f"'{text}" if bare[:1] and bare[0] in FORMULA else text
