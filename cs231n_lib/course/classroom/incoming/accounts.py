"""Accounts of this machine: who may have put a hand-in into a folder that students share.

nbgrader's exchange takes a folder of any name from any account, so there the name is a claim and
the owner is the proof.  An account that has no name here proves nothing and is refused like a
stranger's: whoever has subordinate ids can own files by such a number.
"""

import os
from collections.abc import Iterable
from functools import lru_cache

from cs231n_lib.course.classroom.folder.config import CONFIG
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names, spelling
from cs231n_lib.course.classroom.incoming.roster import listed
from cs231n_lib.course.errors import Refused

#: What to do about refused owners, once for all of them.
REMEDY = (
    "what lies in the exchange has to be owned by the account that its name says. A student whose "
    "account has another name: give it in the column 'account' of the class list (cs231n roster). "
    "A hub on which all students share one account: c.ExchangeCollect.check_owner = False in "
    f"{CONFIG}, and then nobody looks who handed in"
)


def account_of(status: os.stat_result) -> str:
    """Return what the owner of a file is called on this machine."""
    return _called(status.st_uid)


@lru_cache
def _called(uid: int) -> str:
    """Return the name of an account, or the number of one that has none."""
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"uid {uid}"


def trusted() -> set[str]:
    """Return who could write all of the course anyway: whoever runs this, and the system."""
    return {_called(os.geteuid()), _called(0)} if hasattr(os, "geteuid") else set()


class Accounts:
    """Which account is which student's: the one on the class list, else the one called as they."""

    def __init__(self, course: Course, names: Names) -> None:
        self.checked, self.names, self.trusted = course.checks_owners, names, trusted()
        told = {student: line.get("account") for student, line in listed(course).items()}
        self.owner = {account: student for student, account in told.items() if account}
        self.elsewhere = set(self.owner.values())

    def check(self, accounts: Iterable[str], claimed: Iterable[str]) -> None:
        """Refuse what other accounts than those of the students that it claims have made.

        Parameters
        ----------
        accounts : iterable of str
            Whose the files are, and the folders around them.
        claimed : iterable of str
            The logins that the folder is called after.

        Raises
        ------
        Refused
            If one is another's.
        """
        if not self.checked:
            return
        students = {spelling(self.names.find(login)) for login in claimed}
        others = {a for a in accounts if a not in self.trusted and self._whose(a) not in students}
        if others:
            raise Refused(f"{', '.join(sorted(others))} put it there, under another's name")

    def _whose(self, account: str) -> str | None:
        student = self.owner.get(account)
        if student is None:
            student = self.names.find(account)
            if student in self.elsewhere:  # the class list says that theirs is another
                return None
        return spelling(student)
