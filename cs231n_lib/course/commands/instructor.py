"""``cs231n release|collect|grade|report|export|feedback|...``: for instructors."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cs231n_lib.course.commands.granting import due, extend, override, roster
from cs231n_lib.course.commands.options import Assignment, CourseFolder, OneStudent, course_in
from cs231n_lib.course.commands.say import say, say_table

if TYPE_CHECKING:
    from cs231n_lib.course.classroom.gradebook.cells import CellChanges
    from cs231n_lib.course.classroom.grading import Run

PANEL = "For instructors"
CORES = os.cpu_count() or 1


def release(
    names: Annotated[
        list[str] | None, typer.Argument(help="Assignments, a1 say. All of them by default.")
    ] = None,
    bundles: Annotated[
        Path | None, typer.Option(help="Where to put the zip files. Default: .nbgrader/bundles")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """Generate exercises/ from solutions/, and a zip bundle for students of each assignment.

    Examples: [bold]cs231n release a1[/], [bold]cs231n release --bundles /tmp[/]
    """
    from cs231n_lib.course.classroom import release as releasing

    found = course_in(course)
    root = found.root
    folder = bundles or root / ".nbgrader" / "bundles"
    for name in names or found.assignments():
        made = releasing.release(name, root)
        archive = releasing.bundle(made, folder / f"{name}.zip")
        say(f"{name}: {made.relative_to(root)}/ and {archive}")


def collect(
    assignment: Assignment,
    files: Annotated[list[Path], typer.Argument(help="Notebooks, zip files or folders of them.")],
    student: Annotated[str, typer.Option(help="Whose they are, where names do not tell.")] = "",
    course: CourseFolder = None,
) -> None:
    """Take submissions in: a folder, zips, the exchange, a Canvas, Moodle or Gradescope download.

    Every hand-in is kept with its time; a later one never overwrites an earlier one. Canvas and
    Moodle name files by numbers: give their grade sheet too, which says whose they are.

    Each file ends as accepted, known, set aside or refused, the latter two with the reason. Exit
    status: 0 if all that was handed in can be graded, 1 if not.

    Examples: [bold]cs231n collect a1 submissions.zip[/],
    [bold]cs231n collect a1 submissions.zip grades.csv[/],
    [bold]cs231n collect a1 anne.ipynb --student anne[/]
    """
    from cs231n_lib.course.classroom.incoming.collect import collect as take_in

    report = take_in(course_in(course), assignment, files, student)
    for line in report.lines:
        if line.reason:
            say(f"{line.status}: {line.where}: {line.reason}", err=True)
    for where, reason in report.notes:
        say(f"note: {where}: {reason}", err=True)
    say(", ".join(f"{count} {status}" for status, count in report.counts.items())
        + f" of {len(report.lines)} files")  # fmt: skip
    if not report.complete:
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
        str, typer.Option(help="Where to send the work: tcp://... of a Dask scheduler.")
    ] = "",
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run students' code with NO isolation.")
    ] = False,
    student: OneStudent = "",
    course: CourseFolder = None,
) -> None:
    """Grade the latest submission of every student, behind walls, and write the gradebook.

    What has been graded is not graded again unless its bytes or the assignment changed, so an
    interrupted run simply goes on. Grades that would change are shown before they are written.

    Exit status: 0 if every submission was graded, 1 if the machine failed for some of them.

    Examples: [bold]cs231n grade a1[/], [bold]cs231n grade a1 --again --yes[/]
    """
    from cs231n_lib.course.classroom import grading as running
    from cs231n_lib.course.judge import pools
    from cs231n_lib.course.judge.walls import bubblewrap

    home = course_in(course)
    if not unsafe and not scheduler:
        bubblewrap.require_isolation()
    settings = running.settings_for(home, assignment, unsafe)
    _confirm_cells(running.cell_changes(home, assignment), yes)
    with pools.make(settings, scheduler, processes) as pool, _progress_bar() as (started, advance):
        run = running.start(home, assignment, pool, again, started, advance, student)
    _confirm_changes(run, yes)
    run.write()
    _show(run)
    if run.faults:
        raise typer.Exit(1)


def _confirm_cells(changes: "CellChanges", yes: bool) -> None:
    if not (changes.added or changes.removed):
        return
    say("The assignment's cells are not those of the first grading.")
    say(f"  added: {', '.join(changes.added) or 'none'}")
    say(f"  removed: {', '.join(changes.removed) or 'none'}")
    say(f"Grades of all other cells are kept; {changes.by_hand} given by hand go with the removed.")
    if not yes and not typer.confirm("Grade by the new cells?"):
        say("Nothing was graded.")
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
        (row.student, f"{row.score:g} / {row.points:g}", row.outcome, row.reason)
        for row in run.rows
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
    from cs231n_lib.course.classroom.outgoing import pages

    say(f"{pages.write_report(course_in(course), assignment, output)}")


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
        str, typer.Option(help="The header of the assignment in the platform's own sheet.")
    ] = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Even if answers are not graded by hand yet.")
    ] = False,
    student: OneStudent = "",
    course: CourseFolder = None,
) -> None:
    """Write the grades for a spreadsheet or a learning platform.

    Grades that are not finished are refused, and who has handed in nothing is listed.
    nbgrader's own [bold]nbgrader export[/] works on the same gradebook.

    Examples: [bold]cs231n export a1 -o a1.csv[/],
    [bold]cs231n export a1 --format canvas --column "Assignment 1 (241017)"[/]
    """
    from cs231n_lib.course.classroom.outgoing.export import export as write

    done = write(course_in(course), assignment, form, output, column, partial, student)
    for name, why in done.left_out.items():
        say(f"left out: {name}: {why}", err=True)
    for name in done.unfinished:
        say(f"unfinished: {name}: answers are not graded by hand yet", err=True)
    for name, why in done.waiting.items():
        say(f"left out: {name}: {why}", err=True)
    for grade in done.missing:
        say(f"missing: {grade.login}: nothing handed in", err=True)
    say(f"{done.path}")


def feedback(
    assignment: Assignment,
    pack: Annotated[
        Path | None, typer.Option("--zip", help="Pack the pages for the platform's own upload.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", "-f", help="For --zip: canvas or moodle.")
    ] = "canvas",
    student: OneStudent = "",
    with_solutions: Annotated[
        bool,
        typer.Option("--with-solutions", help="Show the model answers, once nobody can hand in."),
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Write an HTML page per student: points per test and by hand, comments, diagnosis, output.

    The pages go where nbgrader releases feedback from: [bold]nbgrader release_feedback[/].
    Model answers are shown with --with-solutions, or by themselves from the day that stands in
    the assignment's metadata: "cs231n": {"solutions": "2027-05-10"}; not before the last due date.

    Examples: [bold]cs231n feedback a1[/],
    [bold]cs231n feedback a1 --format moodle --zip feedback.zip[/]
    """
    from cs231n_lib.course.classroom.outgoing import pages

    home = course_in(course)
    count, now = pages.write_feedback(home, assignment, student, with_solutions)
    for name, why in now.waiting.items():
        say(f"no page: {name}: {why}", err=True)
    say(f"{home.feedback}/*/{assignment}/{assignment}.html ({count} students)")
    if pack is not None:
        for name in pages.pack_feedback(home, assignment, form, pack):
            say(f"left out: {name}: did not hand in by {form}", err=True)
        say(f"{pack}")


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


def archive(
    output: Annotated[Path, typer.Argument(help="The archive, a new zip file.")],
    clear: Annotated[
        bool, typer.Option("--clear", help="Then remove the term's records from the course.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Pack a term: hand-ins, gradebook, feedback, log and masters; --clear begins the next.

    Example: [bold]cs231n archive autumn26.zip --clear[/]
    """
    from cs231n_lib.course.classroom.term import archive as pack

    count = pack(course_in(course), output, clear)
    say(f"{output}: {count} files" + (", and the course is empty again" if clear else ""))


COMMANDS: tuple[Callable[..., None], ...] = (
    release, collect, grade, report, export, feedback, override, due, extend, roster, archive, demo,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    for command in COMMANDS:
        app.command(rich_help_panel=PANEL)(command)
