"""Logins of institutions and the safe ids made of them: a folder's name for every login."""

import hashlib
import json
import re
import unicodedata
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import Refused
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.limits import MAX_LOGIN
from cs231n_lib.course.text import STUDENT

ODD = re.compile(r"[^A-Za-z0-9._@+-]+")


def student_id(login: str) -> str:
    r"""Return the id of the student with a login: the login itself, where it can name a folder.

    Otherwise what is left of it in plain letters, and a digest that tells it from all others.

    Raises
    ------
    Refused
        If it can be nobody's: empty, without letters or digits, with a slash or a control
        character, longer than `MAX_LOGIN`.

    Examples
    --------
    >>> student_id("anne@example.edu"), student_id("o'neil"), student_id("UNI\\jdoe2")
    ('anne@example.edu', 'o-neil-7ef7bb1d', 'UNI-jdoe2-bc01a97c')
    """
    login = unicodedata.normalize("NFC", login.strip())
    if STUDENT.fullmatch(login) and ".." not in login:
        return login
    if (
        not any(c.isalnum() for c in login)
        or len(login) > MAX_LOGIN
        or any(c == "/" or (unicodedata.category(c)[0] in "CZ" and c != " ") for c in login)
    ):
        raise Refused(f"{login[:40]!r} cannot be a student's id (letters, digits, . _ @ + - ' \\)")
    plain = unicodedata.normalize("NFKD", login).encode("ascii", "ignore").decode()
    plain = ODD.sub("-", plain).replace("..", ".").strip("-.")[:60] or "student"
    return f"{plain}-{hashlib.sha256(login.encode()).hexdigest()[:8]}"


class Names:
    """Which id stands for which login; two spellings that differ in case are one student.

    What is learnt is written by :meth:`save`, and only then.
    """

    def __init__(self, course: Course) -> None:
        self.path: Path = course.state / "logins.json"
        self.logins: dict[str, str] = {}
        if self.path.exists():
            self.logins = json.loads(self.path.read_bytes())
        self.known = {login.casefold(): student for student, login in self.logins.items()}
        self.known |= {student.casefold(): student for student in self.logins}

    def __contains__(self, login: str) -> bool:
        """Whether the login, or the id, has been met before."""
        return unicodedata.normalize("NFC", login.strip()).casefold() in self.known

    def id_of(self, login: str) -> str:
        """Return the id for ``login``, the one that it had before if it has been met.

        Raises
        ------
        Refused
            If it can be nobody's.
        """
        login = unicodedata.normalize("NFC", login.strip())
        if login.casefold() not in self.known:
            student = student_id(login)
            self.logins[student] = login
            self.known |= {login.casefold(): student, student.casefold(): student}
        return self.known[login.casefold()]

    def login_of(self, student: str) -> str:
        """Return the login of a student, as the institution writes it."""
        return self.logins.get(student, student)

    def save(self) -> None:
        """Write what has been learnt."""
        data = json.dumps(self.logins, indent=1, sort_keys=True).encode()
        if not self.path.exists() or self.path.read_bytes() != data:
            write_atomically(self.path, data)
