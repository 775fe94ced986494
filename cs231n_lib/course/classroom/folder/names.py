"""Logins of institutions and the ids that stand for them, which `text.student_id` makes."""

import json
import unicodedata
from pathlib import Path

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.files import read_record, write_atomically
from cs231n_lib.course.text import student_id

#: Digits of the digest in an id where another has one with fewer already.
LONG = 32


def spelling(login: str) -> str:
    r"""Return what all spellings of a login have in common: they are one student's.

    Capitals alone are made small: to fold more would make one student of strasse and straße.

    Examples
    --------
    >>> spelling(" Mu\u0308ller") == spelling("M\u00dcLLER")
    True
    """
    return _composed(login).lower()


def _composed(login: str) -> str:
    return unicodedata.normalize("NFC", login.strip())


class Names:
    """Which id stands for which login; two spellings that differ in case are one student.

    What is learnt is written by :meth:`save`, and only then.
    """

    def __init__(self, course: Course) -> None:
        self.path: Path = course.state / "logins.json"
        self.logins: dict[str, str] = {}
        if self.path.exists():
            self.logins = read_record(self.path)
        self.known = {spelling(login): student for student, login in self.logins.items()}
        self.known |= {spelling(student): student for student in self.logins}

    def __contains__(self, login: str) -> bool:
        """Whether the login, or the id, has been met before."""
        return spelling(login) in self.known

    def id_of(self, login: str) -> str:
        """Return the id for ``login``, the one that it had before if it has been met.

        Raises
        ------
        Refused
            If it can be nobody's.
        """
        if login not in self:
            student = student_id(login)
            if student in self:  # another's, by chance or by intent
                student = student_id(login, LONG)
            self.logins[student] = _composed(login)
            self.known |= {spelling(login): student, spelling(student): student}
        return self.known[spelling(login)]

    def find(self, login: str) -> str:
        """Return the id of a login, or of an id, that has been met; what was given if none has."""
        return self.known.get(spelling(login), login)

    def login_of(self, student: str) -> str:
        """Return the login of a student, as the institution writes it."""
        return self.logins.get(student, student)

    def save(self) -> None:
        """Write what has been learnt."""
        data = json.dumps(self.logins, indent=1, sort_keys=True).encode()
        if not self.path.exists() or self.path.read_bytes() != data:
            write_atomically(self.path, data)
