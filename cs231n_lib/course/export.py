"""Grades in the formats that learning platforms read."""

import csv
import io
import json
from typing import Any

from cs231n_lib.course.judge import Result

FORMATS = ("csv", "canvas", "moodle", "gradescope")


def _csv(header: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[_harmless(value) for value in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    """Quote what a spreadsheet would run as a formula: ids and names are strangers' text."""
    text = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if text else value


def _name(student: str, row: dict[str, Any]) -> str:
    parts = [p for p in (row.get("last_name"), row.get("first_name")) if p]
    return ", ".join(parts) or student


def as_csv(assignment: str, students: dict[str, Any], results: dict[str, Result]) -> bytes:
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


def as_canvas(assignment: str, students: dict[str, Any], results: dict[str, Result]) -> bytes:
    """Return Canvas's gradebook import: the student id is the SIS login."""
    rows: list[list[Any]] = [["    Points Possible", "", "", "", "", _points(students)]]
    rows += [[_name(s, row), "", "", s, "", row["score"]] for s, row in students.items()]
    return _csv(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment], rows)


def as_moodle(assignment: str, students: dict[str, Any], results: dict[str, Result]) -> bytes:
    """Return Moodle's offline grading worksheet; ids from a Moodle download are taken apart."""
    rows = [
        [f"Participant {s.removeprefix('moodle-')}", _name(s, row), row.get("email") or "",
         row["score"], row["max_score"]]
        for s, row in students.items()
    ]  # fmt: skip
    header = ["Identifier", "Full name", "Email address", "Grade", "Maximum grade"]
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
                "output": f"{t.message} {t.diagnosis}".strip(),
            }
            for t in result.tests
        ],
    }


def as_gradescope(assignment: str, students: dict[str, Any], results: dict[str, Result]) -> bytes:
    """Return the ``results.json`` of every student, by student."""
    content = {student: gradescope_results(result) for student, result in results.items()}
    return json.dumps(content, indent=1).encode()


def _points(students: dict[str, Any]) -> float:
    return max((row["max_score"] for row in students.values()), default=0)


WRITERS = {"csv": as_csv, "canvas": as_canvas, "moodle": as_moodle, "gradescope": as_gradescope}
