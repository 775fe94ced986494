"""Self-contained HTML for teachers and students: the report of a run, feedback on a notebook.

Everything that a student wrote, or that their code printed, is text here and never markup:
the templates escape by default, and the pages forbid scripts to run at all.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.grade import Grade
from cs231n_lib.course.classroom.incoming import received
from cs231n_lib.course.classroom.outgoing import findings
from cs231n_lib.course.classroom.platforms import PLATFORMS
from cs231n_lib.course.classroom.standing import Standing, standing
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import PUBLIC, write_atomically
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.text import visible

_environment = Environment(
    loader=PackageLoader(__package__, "templates"),
    autoescape=True,
    finalize=lambda value: visible(value) if isinstance(value, str) else value,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def feedback(
    assignment: str, result: Result, grade: Grade, master: Master | None = None, book: str = ""
) -> str:
    """Return a student's feedback: findings, own code and answers, points by test and by hand.

    Parameters
    ----------
    assignment : str
        For what.
    result : Result
        From the judge. What tests printed while they ran is not in it: a student could print
        the hidden inputs there.
    grade : Grade
        From the gradebook: what counts, points and comments given by hand, lateness.
    master : Master, optional
        The assignment, if the model answers are to be shown.
    book : str
        The address of the book, which sections are linked to; without one they are named.
    """
    output = {name: cell for name, cell in result.cells.items() if cell.output or cell.error}
    return _environment.get_template("feedback.html").render(
        assignment=assignment, result=result, grade=grade, book=book, output=output,
        exercises=findings.exercises(assignment, result, grade, master),
        written=findings.written(result, grade, master),
    )  # fmt: skip


def write_feedback(
    course: Course, assignment: str, student: str = "", solutions: bool = False
) -> tuple[int, Standing]:
    """Write the page of each student where nbgrader releases feedback from.

    Beside each page lie the time and the secret of the hand-in, by which nbgrader's students find
    it again. Model answers are in it with ``solutions``, or from the day that the assignment names.

    Returns
    -------
    int
        How many pages.
    Standing
        Who has none, and why.
    """
    now = standing(course, assignment, student)
    master = read_master(course.master(assignment), assignment)
    everybody = standing(course, assignment) if student else now
    shown = findings.may_show_solutions(
        master, [*everybody.grades.values(), *everybody.missing], solutions
    )
    book = course.book
    with course.writing():
        # nbgrader copies a page with its rights, and the student it is for has to read the copy.
        course.feedback.mkdir(mode=0o750, parents=True, exist_ok=True)
        for name, result in now.results.items():
            model = master if shown else None
            page = feedback(assignment, result, now.grades[name], model, book).encode()
            handed_in = course.submitted / name / assignment
            folder = course.feedback / name / assignment
            for companion in ("timestamp.txt", "submission_secret.txt"):
                told = handed_in / companion
                data = told.read_bytes() if told.is_file() else b""
                if companion == "submission_secret.txt" and not data:
                    data = received.secret_for(course, f"{assignment}/{name}").encode()
                write_atomically(folder / companion, data)
            write_atomically(folder / f"{assignment}.html", page, PUBLIC)
    return len(now.results), now


def pack_feedback(course: Course, assignment: str, form: str, output: Path) -> list[str]:
    """Pack the pages into an archive that a platform takes back; return who is not in it.

    Parameters
    ----------
    course, assignment
        Whose pages; they have been written.
    form : str
        The platform.
    output : Path
        The archive.

    Raises
    ------
    UserError
        If the platform takes no such archive, or nobody came from it.
    """
    platform = next((p for p in PLATFORMS if p.name == form), None)
    if platform is None:
        raise UserError(f"no platform {form!r}; there are {', '.join(p.name for p in PLATFORMS)}")
    buffer, left_out, names = io.BytesIO(), [], set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, (record, _) in sorted(received.latest(course, assignment).items()):
            page = course.feedback / student / assignment / f"{assignment}.html"
            name = platform.feedback_name(record.outer, assignment) if record.outer else None
            if name is None or name in names or not page.is_file() or not _is_text(name):
                left_out.append(student)
                continue
            names.add(name)
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, page.read_bytes())
    if not names:
        raise UserError(f"nobody's hand-in came by a download of {form}: there is nothing to pack")
    write_atomically(output, buffer.getvalue())
    return left_out


def _is_text(name: str) -> bool:
    """Whether a name can be written down: that of a file on disk may be any bytes."""
    return name.encode("utf-8", "ignore").decode() == name


def write_report(course: Course, assignment: str, output: Path | None = None) -> Path:
    """Write the report of an assignment; return where."""
    now = standing(course, assignment)
    master = read_master(course.master(assignment), assignment)
    figures = summary(master, now.results, now.waiting, course.read_log())
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    page = report(assignment, figures, now.grades, when, now.missing)
    path = output or course.state / "reports" / f"{assignment}.html"
    write_atomically(path, page.encode())
    return path


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


def report(
    assignment: str, figures: dict[str, Any], grades: Mapping[str, Grade], when: str,
    missing: Iterable[Grade] = (),
) -> str:  # fmt: skip
    """Return the page that shows :func:`summary`, a row per student, and who is missing."""
    return _environment.get_template("report.html").render(
        assignment=assignment, figures=figures, grades=grades, when=when, missing=list(missing),
        highest=max([*figures["distribution"], 1]),
    )  # fmt: skip
