"""The database of nbgrader: is it there, opening it with failures in words, renaming a student."""

import contextlib
import functools
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.limits import MAX_DATABASES, MAX_STATEMENTS


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Any]:
    """Open nbgrader's gradebook, and put its failures in words.

    Raises
    ------
    UserError
        If the database cannot be reached, or is none of nbgrader's.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from nbgrader import api
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    api.create_engine = _engine  # nbgrader makes one at each opening, and one more to save cells
    try:
        make_tables(course)
        with api.Gradebook(course.db_url) as gradebook, warnings.catch_warnings():
            # nbgrader adds a submission to its session after it has linked it to the rest.
            warnings.simplefilter("ignore", SAWarning)
            yield gradebook
    except ModuleNotFoundError as error:
        raise UserError(
            f"the gradebook's database needs {error.name}. For PostgreSQL: "
            "pip install 'cs231n_lib[postgres]'"
        ) from None
    except (SQLAlchemyError, api.InvalidEntry) as error:
        with contextlib.suppress(SQLAlchemyError):
            shown = make_url(course.db_url).render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        advice = (
            "Its address is c.CourseDirectory.db_url in nbgrader_config.py. If it is damaged, put "
            "a copy of it back or move it away, then grade again: results are kept apart from it."
        )
        if "locked" in reason:
            advice = "Another program is writing in it: close that, then run this again."
        if "readonly" in reason or "read-only" in reason:
            advice = "You may not write in it: give yourself the right to, then run this again."
        raise UserError(f"the gradebook {shown} cannot be used: {reason}.\n{advice}") from None


@functools.lru_cache(MAX_DATABASES)
def _first_engine(url: str) -> Any:
    """Return the engine of a database from which all others are made."""
    from sqlalchemy import create_engine
    from sqlalchemy.util import LRUCache

    return create_engine(url, execution_options={"compiled_cache": LRUCache(MAX_STATEMENTS)})


def _engine(url: str, **_: Any) -> Any:
    """Return a new engine with connections of its own, which compiles no statement again.

    To compile them took a third of the processor time of a command. SQLAlchemy looks a compiled
    one up by its dialect, and each call of `create_engine` makes another.
    """
    from sqlalchemy.engine import Engine

    first = _first_engine(url)
    options = first.get_execution_options()
    return Engine(first.pool.recreate(), first.dialect, first.url, execution_options=options)


def make_tables(course: Course) -> None:
    """Give a database that has no tables those of nbgrader, all of them or none.

    nbgrader does so itself, but to learn which layout is its newest it runs the program
    ``alembic``, which takes seconds; where that program is not found, it leaves the gradebook
    half-made.
    """
    from sqlalchemy import inspect

    engine = _engine(course.db_url)
    try:
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                _make_tables(connection)
    finally:
        engine.dispose()


def _make_tables(connection: Any) -> None:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.api import Base
    from nbgrader.dbutil import ALEMBIC_DIR

    if connection.dialect.name == "sqlite":  # whose driver else commits each table by itself
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    Base.metadata.create_all(connection)
    MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")


def exists(course: Course) -> bool:
    """Whether there is a gradebook; one on a server counts as being there."""
    from sqlalchemy.engine import make_url

    url = make_url(course.db_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def people(gradebook: Any) -> dict[str, dict[str, str]]:
    """Return the students of a gradebook, each with what it says of them."""
    return {
        row.id: {part: getattr(row, part) or "" for part in ("first_name", "last_name", "email")}
        for row in gradebook.students
    }


def write_people(gradebook: Any, told: Mapping[str, Mapping[str, str]]) -> None:
    """Write what is told of students in one commit, since each takes the disk its time."""
    from nbgrader.api import Student

    rows = {row.id: row for row in gradebook.students}
    for student, parts in told.items():
        row = rows.setdefault(student, Student(id=student))
        for part, text in parts.items():
            setattr(row, part, text or getattr(row, part))
    gradebook.db.add_all(rows.values())
    gradebook.db.commit()


def rename(gradebook: Any, old: str, new: str) -> dict[str, dict[str, float]]:
    """Give the student ``old`` the id ``new``, with all that they handed in.

    Where both have a submission, the one with grades given by hand stays, else that of ``new``.

    Returns
    -------
    dict
        Assignment -> points by hand of each cell, of a submission that did not stay.
    """
    lost: dict[str, dict[str, float]] = {}
    from nbgrader.api import Student, SubmittedAssignment

    db = gradebook.db
    before = db.get(Student, old)
    if before is None:
        return lost
    after = gradebook.update_or_create_student(new)
    if not (after.first_name or after.last_name):
        after.first_name, after.last_name = before.first_name, before.last_name
    after.email = after.email or before.email
    db.commit()
    for submission in db.query(SubmittedAssignment).filter_by(student_id=old).all():
        name = submission.assignment.name
        rival = db.query(SubmittedAssignment).filter_by(
            student_id=new, assignment_id=submission.assignment_id
        ).first()  # fmt: skip
        loser = None
        if rival is not None:
            loser = new if _by_hand(submission) and not _by_hand(rival) else old
            if points := _by_hand(submission if loser == old else rival):
                lost[name] = points
            gradebook.remove_submission(name, loser)
        if loser != old:
            db.query(SubmittedAssignment).filter_by(id=submission.id).update({"student_id": new})
            db.commit()
    db.expire_all()
    gradebook.remove_student(old)
    return lost


def _by_hand(submission: Any) -> dict[str, float]:
    grades = (grade for notebook in submission.notebooks for grade in notebook.grades)
    return {g.name: g.manual_score for g in grades if g.manual_score is not None}
