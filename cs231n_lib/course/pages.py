"""Self-contained HTML for teachers and students: the report of a run, feedback on a notebook.

Everything that a student wrote, or that their code printed, is text here and never markup:
the templates escape by default, and the pages forbid scripts to run at all.
"""

from collections import Counter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cs231n_lib.course.judge import Result
from cs231n_lib.course.rebuild import Master

_environment = Environment(
    loader=PackageLoader("cs231n_lib.course", "templates"),
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
        ``score``, ``max_score``, ``penalty`` and ``needs_manual_grade`` of `gradebook.Book`.
    """
    output = {
        name: cell for name, cell in result.cells.items() if cell.get("output") or cell.get("error")
    }
    return _environment.get_template("feedback.html").render(
        assignment=assignment, student=student, result=result, gradebook=gradebook, output=output
    )  # fmt: skip


def summary(
    master: Master, results: dict[str, Result], faults: dict[str, str], log: list[dict[str, Any]]
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
    scores = [r.score for r in results.values()]
    bins = [0] * 10
    for score in scores:
        bins[min(int(10 * score / points), 9) if points else 0] += 1
    diagnoses = Counter(
        (t.name, t.diagnosis) for r in results.values() for t in r.tests if t.diagnosis
    )
    attention = {student: f"not graded: {reason}" for student, reason in faults.items()}
    for student, result in results.items():
        if result.reason:
            attention[student] = result.reason
        elif result.score == 0:
            attention[student] = "no test passed"
        elif any("error" in cell for cell in result.cells.values()):
            attention[student] = "a cell ended with an error"
    return {
        "points": points,
        "mean": sum(scores) / len(scores) if scores else 0.0,
        "distribution": bins,
        "tests": [
            (t, sum(r.tests[n].passed for r in results.values()), len(results))
            for n, t in enumerate(master.tests)
        ],
        "diagnoses": diagnoses.most_common(15),
        "attention": attention,
        "changed": _changed(master.name, log),
    }


def _changed(assignment: str, log: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return whose score differs between the two latest gradings on record."""
    history: dict[str, list[float]] = {}
    for line in log:
        if line.get("event") == "grade" and line.get("assignment") == assignment:
            history.setdefault(line["student"], []).append(line["score"])
    last_two = {s: tuple(h[-2:]) for s, h in history.items() if len(h) > 1}
    return {s: (h[0], h[1]) for s, h in last_two.items() if h[0] != h[1]}


def report(assignment: str, figures: dict[str, Any], students: dict[str, Any], when: str) -> str:
    """Return the page that shows :func:`summary` and a row per student."""
    return _environment.get_template("report.html").render(
        assignment=assignment, figures=figures, students=students, when=when,
        highest=max([*figures["distribution"], 1]),
    )  # fmt: skip
