"""The gradebook costs the same for every student, and is the same in SQLite and PostgreSQL."""

import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import sysconfig
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.sql.compiler import SQLCompiler

from cs231n_lib.course.checks.verdict import Outcome
from cs231n_lib.course.classroom import granting
from cs231n_lib.course.classroom.gradebook import database, gradebook
from cs231n_lib.course.classroom.gradebook import notebook as notebooks
from cs231n_lib.course.classroom.gradebook.cells import CellChanges
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.incoming import roster
from cs231n_lib.course.classroom.outgoing import pages
from cs231n_lib.course.classroom.standing import lateness_of
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge.result import CellReport, Result
from tests.course.conftest import make_course
from tests.course.notebooks import TESTS, cell, notebook, submission, to_bytes

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
    cost = {"write": [], "changes": [], "grades": []}
    with Gradebook(make_course(tmp_path / "course", gradebook_template), "a1") as book:
        book.write(results(100, 99), {})  # until there are grades, nbgrader makes the cells anew
        for n in (10, 20, 30):
            for name, work in (
                ("write", lambda n=n: book.write(results(n, n - 10), {})),
                ("changes", lambda n=n: book.changes(results(n, n - 10))),
                ("grades", lambda: book.grades({}, {})),
            ):
                with counted() as found:
                    work()
                cost[name].append(sum(found.values()))
        assert len(book.grades({}, {})) == 31
    assert len(set(cost["write"])) == 1
    assert len(set(cost["changes"])) == 1
    steps = [b - a for a, b in itertools.pairwise(cost["grades"])]
    assert len(set(steps)) == 1, "the cost of a student grows with their number"
    assert cost["write"][0] < 10 * 30
    assert cost["changes"][0] < 30
    assert steps[0] < 10, "a statement for each student"


def test_what_is_looked_up_has_an_index(gradebook_template):
    """Without, the time of each look-up grows with the number of students."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine(f"sqlite:///{gradebook_template}")
    for table, column in gradebook.INDEXES:
        indexed = [index["column_names"] for index in inspect(engine).get_indexes(table)]
        assert [column] in indexed, (table, column)
    engine.dispose()


def hand_in(course, student):
    folder = course.submitted / student / "a1"
    folder.mkdir(parents=True)
    (folder / "a1.ipynb").write_bytes(submission())
    (folder / "timestamp.txt").write_text(f"{NOON:%Y-%m-%d %H:%M:%S} UTC")


def walk_through(course):
    """Do to a gradebook all that a course does; return what is in it at the end."""
    for student in results(6):
        hand_in(course, student)
    received = dict.fromkeys(results(6), NOON)
    with Gradebook(course, "a1") as book:
        book.write(results(6), received)
        changed = {**results(6), "student0001": result(3)}
        assert [(c.student, c.test) for c in book.changes(changed)] == [
            ("student0001", "double-random"), ("student0001", "mean-random"),
        ]  # fmt: skip
        book.write(changed, received)
        assert book.override("student0002", "why", 1.5) == (None, 1.5)
    granting.set_due(course, "a1", "2026-02-02 12:00")
    line = "student0003,Anne,Doe,a@example.edu,2\n"
    (course.root / "roster.csv").write_text("student,first_name,last_name,email,late_days\n" + line)
    taken = granting.take_roster(course, course.root / "roster.csv", late_days=True)
    assert taken.spent == {"student0003": {"a1": 1}}
    with database.open_gradebook(course) as found:
        assert found.find_submission("a1", "student0003").to_dict()["score"] == 4
        rename = found.find_student("student0005").id
    roster.enrol(course, [], {rename: "renamed"})
    with Gradebook(course, "a1") as book:
        return book.grades(lateness_of(course, "a1", book), {})


def test_the_gradebook_in_sqlite(tmp_path, gradebook_template):
    grades = walk_through(make_course(tmp_path / "course", gradebook_template))
    assert sorted(grades) == ["renamed", *(f"student000{n}" for n in range(5))]
    assert [grades[s].score for s in sorted(grades)] == [1, 0, 4, 4.5, 4, 0]
    anne = grades["student0003"]
    assert (anne.last_name, anne.lateness.days_spent, anne.lateness.days_left) == ("Doe", 1, 1)
    late = {student for student, grade in grades.items() if grade.lateness.seconds}
    assert late == {f"student000{n}" for n in (0, 1, 2, 4)}


def test_no_statement_is_compiled_again_when_the_gradebook_is_opened_again(
    tmp_path, gradebook_template, monkeypatch
):
    real, compiled = SQLCompiler.__init__, []

    def compiling(self, *words, **options):
        compiled.append(self)
        real(self, *words, **options)

    monkeypatch.setattr(SQLCompiler, "__init__", compiling)
    counts = []
    for place in ("first", "second"):
        course = make_course(tmp_path / place, gradebook_template)
        for _ in range(2):
            with Gradebook(course, "a1") as book:
                book.write(results(2), {})
            with Gradebook(course, "a1") as book:
                assert len(book.grades({}, {})) == 2
            counts.append(len(compiled))
            compiled.clear()
    assert counts[0] > 20
    assert counts[1] < 10  # of what there is to say only when students are known
    assert counts[2] == counts[0]  # the other database has statements of its own


def test_a_gradebook_that_is_closed_leaves_another_open(tmp_path, gradebook_template):
    course = make_course(tmp_path / "course", gradebook_template)
    with Gradebook(course, "a1") as outer:
        outer.write(results(1), {})
        with Gradebook(course, "a1") as inner:
            assert inner.gradebook.engine.pool is not outer.gradebook.engine.pool
            assert inner.override("student0000", "why", 1.0) == (None, 1.0)
        assert outer.override("student0000", "why", 0.5) == (1.0, 0.5)


def test_one_student_that_cannot_be_written_is_named_and_stops_nobody(
    tmp_path, gradebook_template, monkeypatch
):
    real = notebooks.rebuilt

    def rebuilt(stub, found):
        if found.reason == "strange":
            raise ValueError("cannot be shown")
        return real(stub, found)

    monkeypatch.setattr(notebooks, "rebuilt", rebuilt)
    bad = result(2)
    bad.reason = "strange"
    with Gradebook(make_course(tmp_path / "course", gradebook_template), "a1") as book:
        faults = book.write({**results(4), "student0002": bad}, {})
        assert list(faults) == ["student0002"]
        grades = book.grades({}, {})
    assert [grades[f"student000{n}"].score for n in (0, 1, 3)] == [0, 1, 4]


STRANGE = ["\ud800", "### BEGIN HIDDEN TESTS", "\x1b[2J\x07", "<script>alert(1)</script>",
           "\0", "\u202e", "[x](javascript:alert(1))", "x" * 10**6]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE, ids=ascii)
def test_whatever_a_student_writes_can_be_written(tmp_path, gradebook_template, text):
    strange = result(2)
    strange.answers = dict.fromkeys(("double", "mean", "why"), f"some {text} words")
    strange.cells = {"double": CellReport(text, text, text)}
    strange.tests = [
        replace(t, message="" if t.passed else text, details=text) for t in strange.tests
    ]
    course = make_course(tmp_path / "course", gradebook_template)
    with Gradebook(course, "a1") as book:
        assert book.write({"eve": strange, **results(2)}, {}) == {}
        grade = book.grades({}, {"eve": text})["eve"]
    assert grade.score == 3
    shown = nbformat.read(course.autograded / "eve" / "a1" / "a1.ipynb", as_version=4)
    written = next(c for c in shown.cells if c.cell_type == "markdown" and "some" in c.source)
    assert "<script" not in written.source
    assert "](" not in written.source
    page = pages.feedback("a1", strange, grade)
    assert not set(page.encode().decode()) & set("\0\x07\x1b\u202e")
    assert "<script" not in page


def test_hand_grades_stay_done_until_the_answer_or_the_score_changes(tmp_path, gradebook_template):
    def open_cells(book):
        return {s: g.needs_hand for s, g in book.grades({}, {}).items() if g.needs_hand}

    with Gradebook(make_course(tmp_path / "course", gradebook_template), "a1") as book:
        book.write(results(3), {})
        assert open_cells(book) == dict.fromkeys(results(3), ("why",))
        for student in results(3):
            book.override(student, "why", 1)
        book.override("student0001", "mean-random", 1)
        book.write(results(4), {})
        assert open_cells(book) == {"student0003": ("why",)}
        other = result(0)
        other.answers = {"why": "For another reason."}
        book.write({"student0000": other, "student0001": result(3)}, {})
        assert open_cells(book) == {
            "student0000": ("why",), "student0001": ("mean-random",), "student0003": ("why",),
        }  # fmt: skip
        assert book.grades({}, {})["student0001"].score == 5


def test_cells_may_come_and_go_and_hand_grades_of_the_others_stay(tmp_path, gradebook_template):
    course = make_course(tmp_path / "course", gradebook_template)
    with Gradebook(course, "a1") as book:
        book.write(results(4), {})
        for student in results(4):
            book.override(student, "why", 2)
        book.override("student0001", "mean-random", 1)
    content = notebook()
    content["cells"] = [c for c in content["cells"] if c["id"] != "mean-random"]
    content["cells"].append(
        cell("New?", "markdown", grade_id="new", solution=True, grade=True, points=3)
    )
    (course.source / "a1" / "a1.ipynb").write_bytes(to_bytes(content))
    with Gradebook(course, "a1") as book:
        changes = book.cell_changes()
        assert (changes.added, changes.removed, changes.by_hand) == (("new",), ("mean-random",), 1)
        before = {s: {c.name: c.by_hand for c in g.cells} for s, g in book.grades({}, {}).items()}
        assert before["student0001"]["mean-random"] == 1
        book.write(results(4), {})
        assert book.cell_changes() == CellChanges()
        grades = book.grades({}, {})
    for grade in grades.values():
        assert {c.name: c.by_hand for c in grade.cells} == {
            "double-example": None, "double-random": None, "why": 2, "new": None,
        }  # fmt: skip
        assert grade.max_score == 8
    from nbgrader.apps import NbGraderAPI

    found = NbGraderAPI(config=course.config).get_submission("a1", "student0003")
    assert found["score"] == grades["student0003"].score


def test_a_gradebook_that_another_program_holds_says_so(tmp_path, gradebook_template):
    course = make_course(tmp_path / "course", gradebook_template)
    other = sqlite3.connect(course.state / "gradebook.db", timeout=0)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UserError, match="Another program is writing"), Gradebook(course, "a1"):
        pass
    other.close()


def layout(path):
    """Return the tables of a gradebook in SQLite, and the number of their layout."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        made = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        version = db.execute("SELECT version_num FROM alembic_version").fetchall()
    return {row for row in made if row[2] != "alembic_version"}, version


def test_a_gradebook_is_made_as_nbgrader_makes_it_without_a_program(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook as Stock

    programs = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    monkeypatch.setenv("PATH", programs)
    Stock(f"sqlite:///{tmp_path}/stock.db").close()
    monkeypatch.setenv("PATH", "")
    course = make_course(tmp_path / "course")
    with Gradebook(course, "a1") as book:
        assert book.due_dates() == {}
    assert layout(course.state / "gradebook.db") == layout(tmp_path / "stock.db")


def test_a_gradebook_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    from alembic.migration import MigrationContext

    def interrupted(*_):
        raise KeyboardInterrupt

    course = make_course(tmp_path / "course")
    with monkeypatch.context() as here:
        here.setattr(MigrationContext, "stamp", interrupted)
        with pytest.raises(KeyboardInterrupt):
            database.make_tables(course)
    with contextlib.closing(sqlite3.connect(course.state / "gradebook.db")) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == []
    with database.open_gradebook(course) as made:
        assert made.students == []


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
        subprocess.run(command, check=True, cwd=folder, timeout=600, **quiet)

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
    course = make_course(tmp_path / "course", db_url=postgresql.replace("/postgres?", "/nowhere?"))
    with pytest.raises(UserError, match=r"(?s)nowhere.*db_url"), Gradebook(course, "a1"):
        pass
