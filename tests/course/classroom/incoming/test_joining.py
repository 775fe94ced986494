"""A student who is known by an address here and by a login there is one, whichever came first."""

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook.database import open_gradebook
from cs231n_lib.course.classroom.gradebook.gradebook import Gradebook
from cs231n_lib.course.classroom.grading import start
from cs231n_lib.course.classroom.granting import extend, set_due, take_roster
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.numbers import number_of
from cs231n_lib.course.classroom.incoming.received import holders, submissions
from cs231n_lib.course.classroom.standing import standing
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.conftest import make_course
from tests.course.notebooks import submission

LIST = """student,first_name,last_name,email
anne,Anne,Archer,Anne@example.edu
bela,Béla,Bartos,bela@example.edu
carl,Carl,Cohen,carl@example.edu
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,a1 (9)
"Archer, A.",1,,anne,X,
"Bartos, B.",2,,bela,X,
"""
MOODLE = (
    'Identifier,"Full name",{}"Email address",Status,Grade,"Maximum grade","Grade can be changed"\n'
)
LINE = '"Participant {}","{}",{}{},"Submitted for grading - ",,6.00,Yes\n'
MOODLE_PEOPLE = (
    (11, "Anne Archer", "anne@example.edu"), (12, "Bela Bartos", "bela@example.edu"),
    (14, "Dora Dee", "dora@example.edu"),
)  # fmt: skip
#: Hand-in -> the name under which it comes, hour, and points.
HAND_INS = {
    "moodle": [("Anne Archer_11_assignsubmission_file_/a1.ipynb", 1, 1),
               ("Dora Dee_14_assignsubmission_file_/a1.ipynb", 1, 2)],
    "canvas": [("archera_1_7_a1.ipynb", 2, 2), ("bartosb_2_8_a1.ipynb", 2, 1)],
    "address": [("ANNE@example.edu/a1.ipynb", 3, 3)],
    "login": [("bela/a1.ipynb", 1, 0)],
}  # fmt: skip
STEPS = ("list", "canvas sheet", "moodle sheet", *HAND_INS)


def number(n):
    return submission(mean=f"def mean(x):\n    return {n}")


def write(root, usernames):
    """Write down the lists; Moodle tells usernames or addresses alone."""
    (root / "list.csv").write_text(LIST)
    (root / "canvas.csv").write_text(CANVAS)
    text = MOODLE.format("Username," if usernames else "")
    for n, name, address in MOODLE_PEOPLE:
        login = f"{address.partition('@')[0]}," if usernames else ""
        text += LINE.format(n, name, login, address)
    (root / "moodle.csv").write_text(text)


def hand_in(course, root, kind):
    """Collect hand-ins of a kind, each at its hour."""
    for i, (name, hour, points) in enumerate(HAND_INS[kind]):
        path = root / f"{kind}{i}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number(points))
        when = datetime(2026, 2, 1, hour, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
        collect(course, "a1", [root / f"{kind}{i}"])


def grade(course):
    if submissions(course, "a1"):
        run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
        run.write()
        assert not run.faults


def step(course, root, name):
    if name == "list":
        assert not (taken := take_roster(course, root / "list.csv")).refused
        assert not taken.doubtful
    elif name.endswith("sheet"):
        assert not collect(course, "a1", [root / f"{name.split()[0]}.csv"]).notes
    else:
        hand_in(course, root, name)


def state(course):
    """Return the roster, what counts of whom, grades, and the numbers of the ways back."""
    with open_gradebook(course) as gradebook:
        people = {s.id: (s.first_name or "", s.last_name or "", (s.email or "").lower())
                  for s in gradebook.students}  # fmt: skip
    counts = {s.student: (s.content(), s.received.hour) for s in submissions(course, "a1")}
    now = standing(course, "a1")
    grades = {student: g.score for student, g in now.grades.items()}
    numbers = {form: number_of(course, "a1", form) for form in ("canvas", "moodle")}
    missing = [g.student for g in now.missing]
    return people, counts, grades, numbers, missing


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(STEPS), grades=st.sets(st.sampled_from(STEPS), max_size=3),
       usernames=st.booleans())  # fmt: skip
@example(order=("moodle sheet", "moodle", "address", "list", "canvas", "canvas sheet", "login"),
         grades={"address", "login"}, usernames=False)  # fmt: skip
@example(order=("list", "canvas sheet", "moodle sheet", "login", "canvas", "moodle", "address"),
         grades=set(), usernames=True)  # fmt: skip
def test_in_whatever_order_things_come_the_class_is_the_same(
    tmp_path_factory, gradebook_template, order, grades, usernames
):
    root = tmp_path_factory.mktemp("orders")
    course = make_course(root / "course", gradebook_template)
    write(root, usernames)
    for name in order:
        step(course, root, name)
        if name in grades:
            grade(course)
    grade(course)
    dora = "dora" if usernames else "dora@example.edu"
    people, counts, points, numbers, missing = state(course)
    assert people == {
        "anne": ("Anne", "Archer", "anne@example.edu"),
        "bela": ("Béla", "Bartos", "bela@example.edu"),
        "carl": ("Carl", "Cohen", "carl@example.edu"),
        dora: ("", "Dora Dee", "dora@example.edu"),
    }
    assert counts == {"anne": (number(3), 3), "bela": (number(1), 2), dora: (number(2), 1)}
    assert points.keys() == counts.keys()
    assert missing == ["carl"]
    assert numbers == {
        "canvas": {"anne": "1", "bela": "2"},
        "moodle": {"anne": "11", "bela": "12", dora: "14"},
    }
    tops = (course.submitted, course.autograded)
    for top in tops:
        assert {p.parent.name for p in top.glob("*/a1")} == counts.keys()


@pytest.fixture
def course(tmp_path, gradebook_template):
    return make_course(tmp_path / "course", gradebook_template)


def class_list(course, *lines):
    path = course.root / "roster.csv"
    path.write_text("\n".join(["student,email", *lines]))
    return take_roster(course, path)


def people(course):
    with open_gradebook(course) as gradebook:
        return sorted(s.id for s in gradebook.students)


def test_what_was_given_to_an_address_is_the_students(course, tmp_path):
    write(tmp_path, usernames=False)
    for name in ("moodle sheet", "moodle"):
        step(course, tmp_path, name)
    grade(course)
    set_due(course, "a1", "2026-01-31")
    extend(course, "a1", "anne@example.edu", 3)
    with Gradebook(course, "a1") as book:
        book.override("anne@example.edu", "why", 1.5)
    step(course, tmp_path, "list")
    found = standing(course, "a1").grades["anne"]
    assert {c.name: c.by_hand for c in found.cells}["why"] == 1.5
    assert not found.needs_hand
    assert found.lateness.due == datetime(2026, 2, 3, 23, 59, 59)
    grade(course)
    assert standing(course, "a1").grades["anne"].score == found.score
    assert not standing(course, "a1").grades["anne"].needs_hand


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["anne,both@example.edu", "bob,both@example.edu"], "both@example.edu"),
        (["anne,Both@example.edu", "bob,both@EXAMPLE.edu"], "both@example.edu"),
        (["anne,bob@example.edu", "bob@example.edu,"], "bob@example.edu"),
        (["bob@example.edu,bob@example.edu", "anne,BOB@example.edu"], "bob@example.edu"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_address_that_may_be_anothers_joins_nobody_and_is_told(
    course, tmp_path, lines, told, first
):
    if first:
        collect(course, "a1", [make_zip(tmp_path / "x.zip", {f"{told}/a1.ipynb": number(1)})])
        grade(course)
    taken = class_list(course, *lines)
    assert [address for address, _ in taken.doubtful] == [told]
    if not first:
        report = collect(
            course, "a1", [make_zip(tmp_path / "x.zip", {f"{told}/a1.ipynb": number(1)})]
        )
        assert told in dict(report.notes)
    assert [s.student for s in submissions(course, "a1")] == [told]
    listed = {line.partition(",")[0] for line in lines}
    assert listed <= set(people(course))


def test_an_address_that_was_joined_stays_where_it_is(course, tmp_path):
    class_list(course, "anne,a@example.edu")
    collect(course, "a1", [make_zip(tmp_path / "x.zip", {"a@example.edu/a1.ipynb": number(1)})])
    assert holders(course, "a1") == {"anne": "anne"}
    taken = class_list(course, "anne,a@example.edu", "bob,a@example.edu")
    assert [address for address, _ in taken.doubtful] == ["a@example.edu"]
    assert [s.student for s in submissions(course, "a1")] == ["anne"]


def test_the_class_list_says_what_a_student_is_called(course, tmp_path):
    """Its logins are addresses, Moodle's are not: in both orders the class list's stay."""
    write(tmp_path, usernames=True)
    step(course, tmp_path, "moodle sheet")
    step(course, tmp_path, "moodle")
    class_list(course, "anne@example.edu,anne@example.edu")
    assert people(course) == ["anne@example.edu", "bela", "dora"]
    assert [s.student for s in submissions(course, "a1")] == ["anne@example.edu", "dora"]
    assert Names(course).find("anne") == "anne@example.edu"


def test_what_nbgrader_collected_under_an_address_is_handed_over(course):
    folder = course.submitted / "a@example.edu" / "a1"
    folder.mkdir(parents=True)
    (folder / "a1.ipynb").write_bytes(number(1))
    (folder / "timestamp.txt").write_text("2026-02-01 00:00:00 UTC")
    grade(course)
    class_list(course, "anne,a@example.edu")
    assert [s.student for s in submissions(course, "a1")] == ["anne"]
    assert people(course) == ["anne"]
    assert list(standing(course, "a1").grades) == ["anne"]


def test_what_was_given_to_a_number_is_the_students_when_a_sheet_tells_whose_it_is(
    course, tmp_path
):
    write(tmp_path, usernames=False)
    step(course, tmp_path, "canvas")
    grade(course)
    set_due(course, "a1", "2026-01-31")
    extend(course, "a1", "canvas-1", 3)
    step(course, tmp_path, "canvas sheet")
    assert standing(course, "a1").grades["anne"].lateness.due == datetime(2026, 2, 3, 23, 59, 59)


def test_a_corrected_sheet_takes_nobody_off_the_class_list(course, tmp_path):
    """The number was said to be Anne's and is Bela's: Anne stays, and keeps what is hers."""
    write(tmp_path, usernames=False)
    class_list(course, "anne,", "bela,")
    for name in ("canvas sheet", "canvas"):
        step(course, tmp_path, name)
    collect(course, "a1", [make_zip(tmp_path / "x.zip", {"anne/a1.ipynb": number(3)})])
    grade(course)
    assert [s.student for s in submissions(course, "a1")] == ["anne", "bela"]
    (tmp_path / "canvas.csv").write_text(CANVAS.replace(",2,,bela", ",2,,dora").replace(
        ",1,,anne", ",1,,bela"))  # fmt: skip
    step(course, tmp_path, "canvas sheet")
    assert people(course) == ["anne", "bela", "dora"]
    grade(course)
    counts = {s.student: s.content() for s in submissions(course, "a1")}
    assert counts == {"anne": number(3), "bela": number(2), "dora": number(1)}


@pytest.mark.parametrize("whole", [False, True])
def test_a_login_that_changes_in_mid_term_takes_its_grades_along(course, tmp_path, whole):
    class_list(course, "anne,a@example.edu", "bela,b@example.edu")
    collect(course, "a1", [make_zip(tmp_path / "x.zip", {"anne/a1.ipynb": number(2)})])
    grade(course)
    with Gradebook(course, "a1") as book:
        book.override("anne", "why", 1.5)
    before = standing(course, "a1").grades["anne"].score
    path = tmp_path / "new.csv"
    path.write_text("student,email\nbela,b@example.edu\nannie,a@example.edu\n")
    taken = take_roster(course, path, whole=whole)
    assert bool(taken.doubtful) == (not whole)
    name = "annie" if whole else "anne"
    assert people(course) == (["annie", "bela"] if whole else ["anne", "annie", "bela"])
    grade(course)
    assert {s: g.score for s, g in standing(course, "a1").grades.items()} == {name: before}
