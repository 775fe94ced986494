"""``cs231n override|due|extend|roster``: what an instructor grants."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from cs231n_lib.course.commands.options import Assignment, CourseFolder, course_in
from cs231n_lib.course.commands.say import say


def _told(moment: datetime, zone: tzinfo) -> str:
    """Return a moment in the words of the course's clock, and in those of UTC if they differ."""
    local = f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    utc = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S %Z}"
    return local if local == utc else f"{local} ({utc})"


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
    from cs231n_lib.course.classroom.granting import override as set_points

    set_points(course_in(course), assignment, student, test, points, reason)
    say(f"{student}: {test} has {points:g} points now ({reason})")


def due(
    assignment: Assignment,
    when: Annotated[str, typer.Argument(help="2026-03-01, 2026-03-01 17:00, or none.")],
    course: CourseFolder = None,
) -> None:
    """Set when an assignment is due: in the course's time zone, a day alone means its end.

    Its release says the same date from then on, and a student's [bold]cs231n status[/] shows it.

    Example: [bold]cs231n due a1 "2026-03-01 17:00"[/]
    """
    from cs231n_lib.course.classroom.granting import set_due

    home = course_in(course)
    found = set_due(home, assignment, when)
    say(f"{assignment} is due {_told(found, home.zone)}" if found else f"{assignment}: no date")


def extend(
    assignment: Assignment,
    student: Annotated[str, typer.Argument(help="Who gets longer.")],
    days: Annotated[float, typer.Option(help="Days after the date for all; 0 takes them back.")],
    course: CourseFolder = None,
) -> None:
    """Give a student more time for an assignment; late days count from there on.

    Example: [bold]cs231n extend a1 anne --days 3[/]
    """
    from cs231n_lib.course.classroom.granting import extend as grant

    home = course_in(course)
    found = grant(home, assignment, student, days)
    say(f"{assignment} is due {_told(found, home.zone)} for {student}")


def roster(
    path: Annotated[
        Path, typer.Argument(help="CSV: student, first_name, last_name, email, late_days, account.")
    ],
    late_days: Annotated[
        bool, typer.Option("--late-days", help="The column late_days counts: take it over.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="All of the class: nobody else is on the list any more.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Take the class list into the gradebook; with --late-days, delays are covered by late days.

    Who handed in under the address that stands here becomes one with this student. With --whole so
    does who was on an earlier list by another login and the same address, and is not on this one.
    Exit status: 1 if a line could not be taken or an address is several people's; all others were.

    Example: [bold]cs231n roster roster.csv --late-days[/]
    """
    from cs231n_lib.course.classroom.granting import take_roster

    taken = take_roster(course_in(course), path, late_days, whole)
    for number, reason in taken.refused:
        say(f"refused: {path}, line {number}: {reason}", err=True)
    for address, reason in taken.doubtful:
        say(f"refused: {address}: {reason}", err=True)
    say(f"{len(taken.students)} student{'' if len(taken.students) == 1 else 's'}")
    for student, found in taken.spent.items() if late_days else ():
        days = ", ".join(f"{name}: {count}" for name, count in found.items())
        say(f"{student} spent late days on {days}")
    if taken.refused or taken.doubtful:
        raise typer.Exit(1)
