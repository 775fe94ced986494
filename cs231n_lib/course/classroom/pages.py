"""Self-contained HTML for teachers and students: the report of a run, feedback on a notebook.

Everything that a student wrote, or that their code printed, is text here and never markup:
the templates escape by default, and the pages forbid scripts to run at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.judge.result import Result

_environment = Environment(
    loader=PackageLoader(__package__, "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def feedback(assignment: str, student: str, result: Result, gradebook: dict[str, Any]) -> str:
    """Return a student's feedback: points and diagnosis per named test, never hidden code.

    Parameters
    ----------
    assignment, student : str
        Whose and for what.
    result : Result
        From the judge. What tests printed while they ran is not in it: a student could print
        the hidden inputs there.
    gradebook : dict
        ``score``, ``max_score``, ``penalty`` and ``needs_manual_grade`` of `gradebook.Gradebook`.
    """
    output = {name: cell for name, cell in result.cells.items() if cell.output or cell.error}
    return _environment.get_template("feedback.html").render(
        assignment=assignment, student=student, result=result, gradebook=gradebook, output=output
    )  # fmt: skip


def summary(
    master: Master,
    results: Mapping[str, Result],
    faults: dict[str, str],
    log: Iterable[dict[str, Any]],
) -> dict[str, Any]:
    """Return the figures of a report.

    Returns
    -------
    dict
        ``distribution`` (ten bins of scores), ``tests`` (pass rate of each), ``diagnoses``
        (most common first), ``attention`` (student -> why a person should look) and
        ``changed`` (student -> score before and now).
    """
    points = sum(t.points for t in master.tests)
    total, bins = 0.0, [0] * 10
    passed, diagnoses = Counter[str](), Counter[tuple[str, str]]()
    attention = {student: f"not graded: {reason}" for student, reason in faults.items()}
    for student, result in results.items():
        total += result.score
        bins[min(int(10 * result.score / points), 9) if points else 0] += 1
        passed.update(t.name for t in result.tests if t.passed)
        diagnoses.update((t.name, t.diagnosis.sentence) for t in result.tests if t.diagnosis)
        if result.reason:
            attention[student] = result.reason
        elif result.score == 0:
            attention[student] = "no test passed"
        elif any(cell.error for cell in result.cells.values()):
            attention[student] = "a cell ended with an error"
    return {
        "points": points,
        "mean": total / len(results) if results else 0.0,
        "distribution": bins,
        "tests": [(t, passed[t.name], len(results)) for t in master.tests],
        "diagnoses": diagnoses.most_common(15),
        "attention": attention,
        "changed": _changed(master.name, log),
    }


def _changed(assignment: str, log: Iterable[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return whose score differs between the two latest gradings on record."""
    latest: dict[str, tuple[float, float]] = {}
    for line in log:
        if line.get("event") == "grade" and line.get("assignment") == assignment:
            score = line["score"]
            latest[line["student"]] = (latest.get(line["student"], (score, score))[1], score)
    return {student: (old, new) for student, (old, new) in latest.items() if old != new}


def report(assignment: str, figures: dict[str, Any], students: dict[str, Any], when: str) -> str:
    """Return the page that shows :func:`summary` and a row per student."""
    return _environment.get_template("report.html").render(
        assignment=assignment, figures=figures, students=students, when=when,
        highest=max([*figures["distribution"], 1]),
    )  # fmt: skip
