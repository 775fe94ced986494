"""Canvas: files called after name, number and attachment; its gradebook as a sheet."""

import re
from typing import Any

from cs231n_lib.course.classroom.platforms.platform import (
    Answer,
    Container,
    Label,
    Person,
    Platform,
    View,
)
from cs231n_lib.course.classroom.platforms.sheets import Table, as_table
from cs231n_lib.course.errors import Refused, UserError

NUMBER = re.compile(r"[1-9][0-9]{0,19}")
#: What it calls a student whose name it hides: five characters without 0, O, I and l.
ANONYMOUS = re.compile(r"(?=\d*[A-Za-z])[1-9A-HJ-NP-Za-km-z]{5}")
NO_FILE = ("text.html", "link.html")
#: What stands for a text or an address: after the student's number comes no other.
NO_ATTACHMENT = re.compile(r"(?:^|_)(?![1-9][0-9]*_[1-9][0-9]*_)[^_]+_[^_]+_(?:text|link)\.html$")
#: An assignment in the header: its name, and its number in brackets.
COLUMN = re.compile(r".+ \(\d+\)")
OWN_COLUMNS = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID",
               "Integration ID", "Root Account", "Section")  # fmt: skip


class Canvas(Platform):
    """Canvas: *Download Submissions* and *Grades > Export*."""

    name = "canvas"
    exports = True
    by_number = True

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Read ``doeanne_LATE_1234_88001_a1.ipynb``, or the folder that was unpacked from such."""
        readings = list(_readings(path[0]))
        if not readings:
            return None
        if len(readings) > 1:
            readings = [
                (name, number, file) for name, number, file in readings
                if _same(name, view.people.get(Label(self.name, number)))
            ]  # fmt: skip
        if len(readings) != 1:
            raise Refused(
                "whose is it? Its name can be read as two students'. Collect it together with "
                "Canvas's own sheet (Grades > Export), or with --student"
            )
        ((_, number, file),) = readings
        label = Label(self.name, number)
        return Container((label,), str(label), file=file if len(path) == 1 else "")

    def read_sheet(self, table: Table) -> list[Person] | None:
        """Read *Grades > Export Entire Gradebook*, with one column of names or two."""
        number = table.column("ID")
        whole, last = table.column("Student"), table.column("LastName", "Last Name")
        if number is None or table.column("Section") is None or whole is last is None:
            return None
        first = table.column("FirstName", "First Name")
        ids = [table.column(n) for n in ("SIS Login ID", "SIS User ID")]
        found = []
        for _, row in table.rows:
            if row[number].strip().isascii() and row[number].strip().isdigit():
                if whole is not None:
                    family, _, given = row[whole].partition(",")
                else:
                    assert last is not None
                    family, given = row[last], row[first] if first is not None else ""
                login = next((row[i].strip() for i in ids if i is not None and row[i].strip()), "")
                label = Label(self.name, row[number].strip())
                found.append(Person(label, login, given.strip(), family.strip()))
        return found

    def export(self, answer: Answer) -> dict[str, bytes]:
        """Write its gradebook import: the columns that name a student, and one assignment.

        The row of points possible is left out: it would set Canvas's own maximum.
        """
        column = self._column(answer)
        name = f"{answer.assignment}-{self.name}.csv"
        if answer.table is None:
            header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
            grades: list[list[Any]] = []
            for g in answer.grades:
                known = answer.numbers.get(g.student, "")
                login = "" if g.login == str(Label(self.name, known)) else g.login
                grades.append([g.full_name, known, "", login, "", g.score])
            return {name: as_table(header, grades)}
        table = answer.table
        keep = [i for i, cell in enumerate(table.header) if cell in (*OWN_COLUMNS, column)]
        place, number = table.header.index(column), table.column("ID")
        students = {n: student for student, n in answer.numbers.items()}
        scores = {g.student: g.score for g in answer.grades}
        told = [row[number].strip() if number is not None else "" for _, row in table.rows]
        answers = {n: scores[students[t]] for n, t in enumerate(told) if students.get(t) in scores}
        return {name: table.answered(place, answers, keep)}

    def _column(self, answer: Answer) -> str:
        headers = answer.table.header if answer.table else []
        known = [h for h in headers if COLUMN.fullmatch(h)]
        if answer.column:
            if known.count(answer.column) == 1 or (not headers and COLUMN.fullmatch(answer.column)):
                return answer.column
            problem = f"Canvas has no column {answer.column!r}"
        else:
            wanted = [h for h in known if h.rpartition(" (")[0] == answer.assignment]
            if len(wanted) == 1:
                return wanted[0]
            problem = "which of Canvas's columns is it? Another name would make a new assignment"
        shown = ", ".join(repr(h) for h in known[:20]) or "the header in Canvas's own export"
        raise UserError(f"{problem}. Give --column, as it stands there with its number: {shown}")

    def feedback_name(self, outer: str, assignment: str) -> str | None:
        """Canvas finds student and attachment by the name of the file that was downloaded.

        What was typed in has no attachment: a name without one would be passed over in silence.
        """
        if not _readings(outer) or NO_ATTACHMENT.search(outer):
            return None
        return f"{outer.removesuffix('.ipynb').removesuffix('.zip')}-feedback.html"


def _readings(name: str) -> list[tuple[str, str, str]]:
    """Return every way to read a file's name: the student's name, the number, the own file."""
    found = []
    parts = name.split("_")
    for i in range(len(parts) - 1):
        before = parts[:i]
        hidden = (
            parts[i] == "anon" and before in ([], ["LATE"]) and ANONYMOUS.fullmatch(parts[i + 1])
        )
        at = i + 1 if hidden else i
        number, rest = parts[at], parts[at + 1 :]
        if not hidden and (not NUMBER.fullmatch(number) or not before):
            continue
        if before[-1:] == ["LATE"]:
            before = before[:-1]
        number = f"anon-{number}" if hidden else number
        if len(rest) > 1 and NUMBER.fullmatch(rest[0]) and "".join(rest[1:]):
            found.append(("_".join(before), number, "_".join(rest[1:])))
        elif len(rest) == 1 and rest[0] in NO_FILE:
            found.append(("_".join(before), number, rest[0]))
    return found


def _same(name: str, full_name: str | None) -> bool:
    """Whether Canvas makes ``name`` of the name that stands in its sheet."""
    return full_name is not None and _bare(name) == _bare(full_name)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
