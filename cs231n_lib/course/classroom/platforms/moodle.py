"""Moodle: folders or files called after name and participant; its grading worksheet."""

import re

from cs231n_lib.course.classroom.platforms.platform import (
    Answer,
    Container,
    Label,
    Person,
    Platform,
    View,
)
from cs231n_lib.course.classroom.platforms.sheets import Table
from cs231n_lib.course.errors import UserError

#: Moodle takes underscores out of names, so the first number is the participant's.
PLACE = re.compile(
    r"(?P<name>[^_/]*)_(?P<user>\d{1,20})_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.S
)
#: "Participant 4711", in the language of whoever downloads it.
PARTICIPANT = re.compile(r"\D*(\d{1,20})\s*")
GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Voto", "Valutazione", "Nota", "Cijfer")
#: The worksheet has at least: whose, name, status, grade, may it change, last change.
MIN_COLUMNS = 6
#: What heads the status in worksheets: Status, Statut, Estado, Stato, Staat.
STATUS = re.compile(r"\s*(?:Sta|Esta)", re.IGNORECASE)
MAXIMUM = re.compile(r"\d+[.,]\d+")


class Moodle(Platform):
    """Moodle: *Download all submissions* and *Download grading worksheet*."""

    name = "moodle"
    numbers_change = True
    exports = True
    by_number = True

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Read ``Anne Doe_4711_assignsubmission_file_/a1.ipynb``, or the same as a flat name."""
        match = PLACE.fullmatch(path[0])
        if match is None:
            return None
        label = Label(self.name, match["user"])
        file = match["file"] or "" if len(path) == 1 else ""
        return Container((label,), str(label), file=file)

    def read_sheet(self, table: Table) -> list[Person] | None:
        """Read the worksheet in any language: its first column has a number for each row."""
        if len(table.header) < MIN_COLUMNS or not table.rows:
            return None
        found = [PARTICIPANT.fullmatch(row[0]) for _, row in table.rows]
        numbers = [m[1] for m in found if m]
        worded = any(m and not m[0].strip().isdigit() for m in found)
        if not worded or len(numbers) < len(found) or len(set(numbers)) < len(numbers):
            return None
        email = table.column("Email address", "E-mail", "E-Mail-Adresse")
        if email is None:
            email = _place(table, lambda cell: re.fullmatch(r"[^@\s]+@[^@\s]+", cell) is not None)
        ids = [table.column(n) for n in ("Username", "Anmeldename", "ID number", "ID-Nummer")]
        # Where Moodle hides names, the status follows the number.
        unnamed = [1] if STATUS.match(table.header[1]) else []
        people = []
        for number, (_, row) in zip(numbers, table.rows, strict=True):
            columns = [*ids, email]
            login = next((row[i].strip() for i in columns if i is not None and row[i].strip()), "")
            name = row[1].strip() if 1 not in (*columns, *unnamed) else ""
            address = row[email].strip() if email is not None else ""
            people.append(Person(Label(self.name, number), login, "", name, address))
        return people

    def export(self, answer: Answer) -> dict[str, bytes]:
        """Fill the grades into the worksheet that came; everything else stays as it was."""
        table = answer.table
        if table is None:
            raise UserError(
                "Moodle reads grades from its own worksheet alone, and none was given. Collect "
                "its download together with it (Download grading worksheet): "
                f"cs231n collect {answer.assignment} download.zip grades.csv"
            )
        place = self._column(answer, table)
        students = {n: student for student, n in answer.numbers.items()}
        scores = {g.student: g.score for g in answer.grades}
        places = [PARTICIPANT.fullmatch(row[0]) for _, row in table.rows]
        told = [students.get(match[1] if match else "", "") for match in places]
        filled = {n: scores[student] for n, student in enumerate(told) if student in scores}
        if not scores.keys() & answer.numbers.keys():
            raise UserError("nobody in Moodle's worksheet has a grade")
        return {f"{answer.assignment}-{self.name}.csv": table.answered(place, filled)}

    def _column(self, answer: Answer, table: Table) -> int:
        """Return where grades go: by its name, else the column before the maximum."""
        wanted = (answer.column,) if answer.column else GRADE
        place = table.column(*wanted)
        if place is None and not answer.column:
            maximum = _place(table, lambda cell: MAXIMUM.fullmatch(cell) is not None, one=True)
            place = maximum - 1 if maximum else None
        if place is None or place == 0:
            raise UserError(
                f"which column of the worksheet takes the grade? Give --column, one of: "
                f"{', '.join(table.header)}"
            )
        return place

    def feedback_name(self, outer: str, assignment: str) -> str | None:
        """Moodle finds the student by the folder's name, or by what stands before a flat name."""
        match = PLACE.fullmatch(outer)
        if match is None:
            return None
        folder = outer[: match.start("file")] if match["file"] else outer
        return f"{folder.rstrip('_')}_/{assignment}-feedback.html"


def _place(table: Table, fits: object, one: bool = False) -> int | None:
    """Return the first column whose cells all fit, and are all the same if ``one``."""
    for i in range(1, len(table.header)):
        cells = [row[i].strip() for _, row in table.rows]
        if all(fits(c) for c in cells) and (not one or len(set(cells)) == 1):  # type: ignore[operator]
            return i
    return None
