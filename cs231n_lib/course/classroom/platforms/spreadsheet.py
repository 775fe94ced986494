"""A spreadsheet of everything: a row for each student, a column for each test."""

from typing import Any

from cs231n_lib.course.classroom.platforms.platform import Answer, Platform
from cs231n_lib.course.classroom.platforms.sheets import as_table


class Spreadsheet(Platform):
    """CSV for people, with those who have handed in nothing at the end."""

    name = "csv"
    exports = True

    def export(self, answer: Answer) -> dict[str, bytes]:
        """Return one table; a test's column has the points that count, by hand or not."""
        cells = list(dict.fromkeys(c.name for g in answer.grades for c in g.cells))
        header = ["student", "login", "last_name", "first_name", "score", "max_score",
                  "needs_manual_grade", "handed_in", "seconds_late", "late_days", "penalty",
                  "outcome", "reason", *cells]  # fmt: skip
        rows: list[list[Any]] = []
        for g in answer.grades:
            result = answer.results.get(g.student)
            scores = {c.name: c.score for c in g.cells}
            rows.append([
                g.student, g.login, g.last_name, g.first_name, g.score, g.max_score,
                bool(g.needs_hand), g.handed_in.isoformat() if g.handed_in else "",
                g.lateness.seconds, g.lateness.days_spent, g.penalty,
                result.outcome if result else "", g.reason,
                *(scores.get(name, "") for name in cells),
            ])  # fmt: skip
        for g in answer.missing:
            row = [g.student, g.login, g.last_name, g.first_name, "", g.max_score, False, "", "",
                   "", "", "missing", "nothing handed in", *[""] * len(cells)]  # fmt: skip
            rows.append(row)
        return {f"{answer.assignment}-csv.csv": as_table(header, rows)}
