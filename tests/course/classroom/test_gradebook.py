"""The gradebook costs the same for every student, and is the same in SQLite and PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.classroom import gradebook, roster
from cs231n_lib.course.classroom.gradebook import Gradebook
from cs231n_lib.course.judge.result import Result
from tests.course.conftest import make_course
from tests.course.notebooks import TESTS

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def result(passed):
    tests = [
        Outcome(name, name, points, points if n < passed else 0.0)
        for n, (name, (points, _)) in enumerate(TESTS.items())
    ]
    return Result("graded", 1, "m", "s", tests=tests, answers={"why": "Because."})


def results(last, first=0):
    return {f"student{n:04}": result(n % 4) for n in range(first, last)}


@contextmanager
def counted():
    """Count the statements that reach a database."""
    found = Counter()

    def count(connection, cursor, statement, *_):
        found[statement.split(None, 1)[0]] += 1

    event.listen(Engine, "before_cursor_execute", count)
    yield found
    event.remove(Engine, "before_cursor_execute", count)


def test_every_student_costs_the_same_few_statements(tmp_path, monkeypatch, gradebook_template):
    monkeypatch.setattr(gradebook, "BATCH", 5)
    book = Gradebook(make_course(tmp_path / "course", gradebook_template), "a1")
    cost = {"write": [], "changes": [], "students": []}
    for n in (10, 20, 30):
        for name, work in (
            ("write", lambda n=n: book.write(results(n, n - 10), {})),
            ("changes", lambda n=n: book.changes(results(n, n - 10))),
            ("students", book.students),
        ):
            with counted() as found:
                work()
            cost[name].append(sum(found.values()))
    assert len(book.students()) == 30
    for name, found in cost.items():
        assert len(set(found)) == 1, (name, found)
    assert cost["write"][0] < 30 * 10
    assert cost["changes"][0] < 30
    assert cost["students"][0] < 20


def test_what_is_looked_up_has_an_index(gradebook_template):
    """Without, the time of each look-up grows with the number of students."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine(f"sqlite:///{gradebook_template}")
    for table, column in gradebook.INDEXES:
        indexed = [index["column_names"] for index in inspect(engine).get_indexes(table)]
        assert [column] in indexed, (table, column)
    engine.dispose()


def walk_through(course):
    """Do to a gradebook all that a course does; return what is in it at the end."""
    book = Gradebook(course, "a1")
    received = dict.fromkeys(results(6), NOON)
    book.write(results(6), received)
    changed = {**results(6), "student0001": result(3)}
    assert [(c.student, c.test) for c in book.changes(changed)] == [
        ("student0001", "double-random"), ("student0001", "mean-random"),
    ]  # fmt: skip
    book.write(changed, received)
    book.override("student0002", "why", 1.5)
    with gradebook.open_gradebook(course) as found:
        found.find_assignment("a1").duedate = datetime(2026, 2, 2, 12)
        found.db.commit()
    anne = roster.Student("student0003", "Anne", "Doe", "a@example.edu", late_days=2)
    roster.enrol(course, [anne])
    spent = roster.spend_late_days(course, [anne])
    assert spent == {"student0003": {"a1": 1}}
    with gradebook.open_gradebook(course) as found:
        assert found.find_submission("a1", "student0003").to_dict()["score"] == 4
    return book.students()


def test_the_gradebook_in_sqlite(tmp_path, gradebook_template):
    students = walk_through(make_course(tmp_path / "course", gradebook_template))
    assert [row["score"] for row in students.values()] == [0, 4, 4.5, 4, 0, 1]
    assert students["student0003"]["last_name"] == "Doe"
    late = {student for student, row in students.items() if row["seconds_late"]}
    assert late == set(students) - {"student0003"}


def postgresql_programs():
    """Return the folder of PostgreSQL's server programs, the newest installed; None if none."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).parent] if on_path and shutil.which("initdb") else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def postgresql():
    """The address of a database on a server of our own, reached by a socket in a private folder."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's server (Debian: apt install postgresql)")
    if find_spec("psycopg") is None:
        pytest.skip("needs the extra 'postgres': pip install -e '.[postgres]'")
    before = []
    folder = Path(tempfile.mkdtemp(prefix="cs231n-pg-"))  # a socket's path has to be short
    if os.getuid() == 0:  # the server refuses to be root
        if shutil.which("setpriv") is None:
            pytest.skip("as root, starting PostgreSQL needs setpriv (Debian: util-linux)")
        before = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")

    def call(program, *words):
        command = [*before, str(programs / program), *words]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=folder, timeout=120, **quiet)

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "grader", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql+psycopg://grader@/postgres?host={folder}"
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_the_gradebook_in_postgresql_is_the_same(postgresql, tmp_path, gradebook_template):
    expected = walk_through(make_course(tmp_path / "sqlite", gradebook_template))
    assert walk_through(make_course(tmp_path / "postgresql", db_url=postgresql)) == expected


@pytest.mark.slow
def test_an_address_without_a_server_is_told_in_words(postgresql, tmp_path):
    from cs231n_lib.course.errors import UserError

    course = make_course(tmp_path / "course", db_url=postgresql.replace("/postgres?", "/nowhere?"))
    with pytest.raises(UserError, match=r"(?s)nowhere.*db_url"):
        Gradebook(course, "a1")
