"""Grades in the formats that learning platforms read."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cs231n_lib.course.classroom import platforms
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.classroom.grading import grades
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.text import for_cell

FORMATS = ("csv", "canvas", "moodle", "gradescope")


def _csv(header: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[for_cell(value) for value in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _name(student: str, row: dict[str, Any]) -> str:
    parts = [p for p in (row.get("last_name"), row.get("first_name")) if p]
    return ", ".join(parts) or student


def as_csv(students: dict[str, Any], results: Mapping[str, Result]) -> bytes:
    """Return everything: a row per student, a column per test."""
    tests = [t.name for t in next(iter(results.values())).tests] if results else []
    header = ["student", "score", "max_score", "needs_manual_grade", "seconds_late", "penalty",
              "outcome", "reason", *tests]  # fmt: skip
    rows = []
    for student, row in students.items():
        result = results.get(student)
        scores = [t.score for t in result.tests] if result else [""] * len(tests)
        rows.append([student, row["score"], row["max_score"], row["needs_manual_grade"],
                     row["seconds_late"], row["penalty"],
                     result.outcome if result else "", result.reason if result else "",
                     *scores])  # fmt: skip
    return _csv(header, rows)


def as_canvas(students: dict[str, Any], numbers: dict[str, str], column: str) -> bytes:
    """Return Canvas's gradebook import; it looks for the number first, then for the login.

    Parameters
    ----------
    students : dict
        From `gradebook.Gradebook.students`.
    numbers : dict
        Student -> Canvas's number, where it is known.
    column : str
        Canvas's name of the assignment, ``Assignment 1 (12345)`` in its own export.
    """
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
    rows: list[list[Any]] = [["    Points Possible", "", "", "", "", _points(students)]]
    for student, row in students.items():
        number = numbers.get(student, "")
        login = "" if student == f"canvas-{number}" else student
        rows.append([_name(student, row), number, "", login, "", row["score"]])
    return _csv(header, rows)


def as_moodle(students: dict[str, Any], numbers: dict[str, str], when: datetime) -> bytes:
    """Return Moodle's offline grading worksheet; Moodle reads rows by their number alone.

    A grade that was changed in Moodle after ``when`` is left alone there.

    Raises
    ------
    UserError
        If nobody's number is known.
    """
    if not numbers.keys() & students.keys():
        raise UserError(
            "Moodle knows students by numbers, and none is known. Collect Moodle's download "
            "together with its grading worksheet: cs231n collect ASSIGNMENT download.zip grades.csv"
        )
    header = ["Identifier", "Full name", "Email address", "Grade", "Maximum grade",
              "Last modified (grade)"]  # fmt: skip
    rows = [
        [f"Participant {numbers[s]}", _name(s, row), row.get("email") or "", row["score"],
         row["max_score"], f"{when:%Y-%m-%d %H:%M:%S %Z}"]
        for s, row in students.items() if s in numbers
    ]  # fmt: skip
    return _csv(header, rows)


def gradescope_results(result: Result) -> dict[str, Any]:
    """Return one student's ``results.json`` as Gradescope's autograder harness reads it."""
    return {
        "score": result.score,
        "output": result.reason,
        "visibility": "visible",
        "tests": [
            {
                "name": t.name,
                "score": t.score,
                "max_score": t.points,
                "status": "passed" if t.passed else "failed",
                "output": t.text,
            }
            for t in result.tests
        ],
    }


def _points(students: dict[str, Any]) -> float:
    return max((row["max_score"] for row in students.values()), default=0)


def export(
    course: Course, assignment: str, form: str, output: Path | None = None, column: str = ""
) -> tuple[Path, list[str]]:
    """Write the grades of an assignment in one of `FORMATS`.

    Parameters
    ----------
    course, assignment
        Whose grades.
    form : str
        The format.
    output : Path, optional
        The file, for Gradescope the folder; named after assignment and format by default.
    column : str
        For Canvas: its own name of the assignment.

    Returns
    -------
    Path
        What was written.
    list of str
        Students who are not in it, for the platform's number of theirs is not known.

    Raises
    ------
    UserError
        If there is no such format, or nothing to write.
    """
    if form not in FORMATS:
        raise UserError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    results, students = grades(course, assignment)
    if form == "gradescope":
        folder = output or Path(f"{assignment}-gradescope")
        for student, result in results.items():
            content = json.dumps(gradescope_results(result), indent=1).encode()
            write_atomically(folder / student / "results.json", content)
        return folder, []
    path = output or Path(f"{assignment}-{form}.csv")
    numbers = platforms.number_of(course, assignment, form)
    left_out: list[str] = []
    if form == "csv":
        data = as_csv(students, results)
    elif form == "canvas":
        data = as_canvas(students, numbers, column or assignment)
    else:
        data = as_moodle(students, numbers, datetime.now(UTC))
        left_out = sorted(students.keys() - numbers.keys())
    write_atomically(path, data)
    return path, left_out
