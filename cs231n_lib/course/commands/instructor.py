"""``cs231n collect|grade|report|export|feedback|override|roster|demo``: for instructors."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cs231n_lib.course.commands.say import say, say_table

if TYPE_CHECKING:
    from cs231n_lib.course.classroom.course import Course
    from cs231n_lib.course.classroom.grading import Run

PANEL = "For instructors"
CORES = os.cpu_count() or 1
Assignment = Annotated[str, typer.Argument(help="The assignment, a1 say.")]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", help="The folder with nbgrader_config.py.")
]


def _course(folder: Path | None) -> "Course":
    from cs231n_lib.course.classroom.course import Course

    return Course.find(folder)


def collect(
    assignment: Assignment,
    files: Annotated[list[Path], typer.Argument(help="Notebooks, zip files or folders of them.")],
    student: Annotated[str, typer.Option(help="Whose they are, where names do not tell.")] = "",
    course: CourseFolder = None,
) -> None:
    """Take submissions in: a folder, zips, the exchange, a Canvas, Moodle or Gradescope download.

    Every file is kept with its time; a later one never overwrites an earlier one. Canvas and
    Moodle name files by numbers: give their grade sheet too, which says whose they are.

    Examples: [bold]cs231n collect a1 submissions.zip[/],
    [bold]cs231n collect a1 submissions.zip grades.csv[/],
    [bold]cs231n collect a1 anne.ipynb --student anne[/]
    """
    from cs231n_lib.course.classroom.collect import collect as take_in

    report = take_in(_course(course), assignment, files, student)
    for where, reason in report.refused:
        say(f"refused: {where}: {reason}", err=True)
    say(
        f"{len(report.accepted)} new, {len(report.repeated)} known already, "
        f"{len(report.refused)} refused"
    )
    if report.refused:
        raise typer.Exit(1)


@contextmanager
def _progress_bar() -> Any:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns) as bar:
        task = bar.add_task("grading", total=None)

        def started(total: int) -> None:
            bar.update(task, total=total)

        def advance(_: object) -> None:
            bar.advance(task)

        yield started, advance


def grade(
    assignment: Assignment,
    processes: Annotated[
        int, typer.Option("--processes", "-n", min=1, help="Judges side by side.")
    ] = CORES,
    again: Annotated[
        bool, typer.Option("--again", help="Grade everything anew, with new random inputs.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write changed grades without asking.")
    ] = False,
    scheduler: Annotated[
        str, typer.Option(help="Address of a Dask scheduler to send the work to.")
    ] = "",
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run students' code with NO isolation.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Grade the latest submission of every student, behind walls, and write the gradebook.

    What has been graded is not graded again unless its bytes or the assignment changed, so an
    interrupted run simply goes on. Grades that would change are shown before they are written.

    Exit status: 0 if every submission was graded, 1 if the machine failed for some of them.

    Examples: [bold]cs231n grade a1[/], [bold]cs231n grade a1 --again --yes[/]
    """
    from cs231n_lib.course.classroom import grading as running
    from cs231n_lib.course.judge.pools.local import LocalPool
    from cs231n_lib.course.judge.walls import bubblewrap

    home = _course(course)
    if not unsafe and not scheduler:
        bubblewrap.require_isolation()
    settings = running.settings_for(home, assignment, unsafe)
    pool: Any
    if scheduler:
        from cs231n_lib.course.judge.pools.cluster import ClusterPool

        pool = ClusterPool(settings, scheduler)
    else:
        pool = LocalPool(settings, processes)
    with pool, _progress_bar() as (started, advance):
        run = running.start(home, assignment, pool, again, started, advance)
    _confirm_changes(run, yes)
    run.write()
    _show(run)
    if run.faults:
        raise typer.Exit(1)


def _confirm_changes(run: "Run", yes: bool) -> None:
    changes = run.changes()
    if not changes:
        return
    say(f"{len(changes)} grades in the gradebook would change:")
    for change in changes:
        say(f"  {change.student}  {change.test}: {change.before:g} -> {change.after:g}")
    if not yes and not typer.confirm("Write them?"):
        say("Nothing was written. The results are kept; run again to write them.")
        raise typer.Exit(1)


def _show(run: "Run") -> None:
    graded = [
        (student, f"{result.score:g} / {result.points:g}", result.outcome, result.reason)
        for student, result in sorted(run.results.items())
    ]
    faults = [(s, "", "infrastructure fault", reason) for s, reason in sorted(run.faults.items())]
    say_table(("Student", "Points", "Outcome", "Why"), graded + faults)


def report(
    assignment: Assignment,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.")] = None,
    course: CourseFolder = None,
) -> None:
    """Write an HTML report: distribution, pass rates, diagnoses, who needs attention.

    Example: [bold]cs231n report a1 -o a1.html[/]
    """
    from cs231n_lib.course.assignment.master import read_master
    from cs231n_lib.course.classroom import pages
    from cs231n_lib.course.classroom.grading import grades
    from cs231n_lib.course.files import write_atomically

    home = _course(course)
    results, students = grades(home, assignment)
    waiting = {s.student for s in home.submissions(assignment)} - set(results)
    faults = dict.fromkeys(sorted(waiting), "run cs231n grade again")
    master = read_master(home.master(assignment), assignment)
    figures = pages.summary(master, results, faults, home.read_log())
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    page = pages.report(assignment, figures, students, when)
    path = output or home.state / "reports" / f"{assignment}.html"
    write_atomically(path, page.encode())
    say(f"{path}")


def export(
    assignment: Assignment,
    form: Annotated[
        str, typer.Option("--format", "-f", help="csv, canvas, moodle or gradescope.")
    ] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file; for gradescope a folder."),
    ] = None,
    column: Annotated[
        str, typer.Option(help="For Canvas: the header of the assignment in Canvas's own export.")
    ] = "",
    course: CourseFolder = None,
) -> None:
    """Write the grades for a spreadsheet or a learning platform.

    nbgrader's own [bold]nbgrader export[/] works on the same gradebook.

    Examples: [bold]cs231n export a1 -o a1.csv[/],
    [bold]cs231n export a1 --format canvas --column "Assignment 1 (241017)"[/]
    """
    from cs231n_lib.course.classroom.export import export as write

    path, left_out = write(_course(course), assignment, form, output, column)
    for student in left_out:
        say(f"left out: {student}: the platform's number is not known", err=True)
    say(f"{path}")


def feedback(
    assignment: Assignment,
    course: CourseFolder = None,
) -> None:
    """Write an HTML page per student: points per test, diagnosis, their own output.

    The pages go where nbgrader releases feedback from: [bold]nbgrader release_feedback[/].

    Example: [bold]cs231n feedback a1[/]
    """
    from cs231n_lib.course.classroom import pages
    from cs231n_lib.course.classroom.grading import grades
    from cs231n_lib.course.files import write_atomically

    home = _course(course)
    results, students = grades(home, assignment)
    for student, result in results.items():
        page = pages.feedback(assignment, student, result, students[student])
        write_atomically(home.feedback / student / assignment / f"{assignment}.html", page.encode())
    say(f"{home.feedback}/*/{assignment}/{assignment}.html ({len(results)} students)")


def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for the course.")] = Path("demo"),
) -> None:
    """Make a small course with good, wrong, broken and hostile submissions, and grade it.

    Afterwards every command can be tried on it with [bold]--course demo[/].

    Example: [bold]cs231n demo[/]
    """
    from cs231n_lib.course.classroom import demo as demonstration
    from cs231n_lib.course.judge.walls import bubblewrap

    bubblewrap.require_isolation()
    name = demonstration.ASSIGNMENT
    submissions = demonstration.make(folder)
    collect(name, [submissions], course=folder)
    grade(name, course=folder, yes=True)
    report(name, course=folder)
    feedback(name, course=folder)


def override(
    assignment: Assignment,
    student: Annotated[str, typer.Argument(help="Whose grade.")],
    test: Annotated[str, typer.Argument(help="The name of the test or answer.")],
    points: Annotated[float, typer.Argument(help="The points it shall have.")],
    reason: Annotated[str, typer.Option(help="Why; it goes into the log.")],
    course: CourseFolder = None,
) -> None:
    """Set the points of one test by hand, with a reason on record.

    Example: [bold]cs231n override a1 anne predict_labels-ties 2 --reason "agreed in office hour"[/]
    """
    from cs231n_lib.course.classroom.gradebook import Gradebook

    home = _course(course)
    Gradebook(home, assignment).override(student, test, points)
    home.log("override", assignment=assignment, student=student, test=test, points=points,
             reason=reason)  # fmt: skip
    say(f"{student}: {test} has {points:g} points now ({reason})")


def roster(
    path: Annotated[
        Path, typer.Argument(help="CSV: student, first_name, last_name, email, late_days.")
    ],
    late_days: Annotated[
        bool, typer.Option("--late-days", help="Spend late days on late submissions.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Take the class list into the gradebook; with --late-days, cover delays by late days.

    Example: [bold]cs231n roster roster.csv --late-days[/]
    """
    from cs231n_lib.course.classroom import roster as rosters

    home = _course(course)
    students = rosters.read_roster(path)
    rosters.enrol(home, students)
    say(f"{len(students)} students")
    if late_days:
        for student, spent in rosters.spend_late_days(home, students).items():
            days = ", ".join(f"{name}: {days}" for name, days in spent.items())
            say(f"{student} spent late days on {days}")


COMMANDS: tuple[Callable[..., None], ...] = (
    collect, grade, report, export, feedback, override, roster, demo,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    for command in COMMANDS:
        app.command(rich_help_panel=PANEL)(command)
