"""Logins of institutions and the ids that stand for them, which `text.student_id` makes."""

import json
import unicodedata

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

    Attributes
    ----------
    logins : dict
        Id -> login.
    joined : dict
        Id -> the id of the same student that is used for both.
    """

    def __init__(self, course: Course) -> None:
        self.path, self.joints = course.state / "logins.json", course.state / "joined.json"
        self.logins: dict[str, str] = read_record(self.path, {})
        self.joined: dict[str, str] = read_record(self.joints, {})
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
        self._learn(login)
        return self.find(login)

    def _learn(self, login: str) -> None:
        if login not in self:
            student = student_id(login)
            if student in self:  # another's, by chance or by intent
                student = student_id(login, LONG)
            self.logins[student] = _composed(login)
            self.known |= {spelling(login): student, spelling(student): student}

    def join(self, login: str, student: str) -> None:
        """Let a login, or an id, be another name of a student, and no student of its own.

        Raises
        ------
        Refused
            If it can be nobody's.
        """
        self._learn(login)
        other = self.known[spelling(login)]
        self.joined = {old: student if new == other else new for old, new in self.joined.items()}
        self.joined[other] = student
        self.joined.pop(student, None)

    def lead(self, login: str) -> str:
        """Let a student be called by this login from now on; return the id."""
        self._learn(login)
        own = self.known[spelling(login)]
        if self.find(login) != own:
            self.join(self.find(login), own)
        return own

    def find(self, login: str) -> str:
        """Return the id of a login, or of an id, that has been met; what was given if none has."""
        found = self.known.get(spelling(login), login)
        return self.joined.get(found, found)

    def login_of(self, student: str) -> str:
        """Return the login of a student, as the institution writes it."""
        return self.logins.get(student, student)

    def save(self) -> None:
        """Write what has been learnt."""
        for path, record in ((self.path, self.logins), (self.joints, self.joined)):
            data = json.dumps(record, indent=1, sort_keys=True).encode()
            if record and (not path.exists() or path.read_bytes() != data):
                write_atomically(path, data)
