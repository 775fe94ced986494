"""Names that look alike: whoever they belong to, no two students' work shares a folder."""

import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.incoming.roster import read_roster
from cs231n_lib.course.classroom.platforms.platform import Label
from cs231n_lib.course.errors import Refused
from cs231n_lib.course.text import student_id
from tests.course.conftest import make_course
from tests.course.notebooks import submission

#: Pairs that are two students, and that people, file systems or databases may take for one.
TWO = [
    ("anne", "ａｎｎｅ"),  # full width
    ("anne", "аnne"),  # a Cyrillic letter
    ("anne", "anne."),  # Windows leaves a dot at the end out
    ("anne", "an\u034fne"),  # a character that is not seen
    ("strasse", "straße"),
    ("fiona", "ﬁona"),
    ("istanbul", "ıstanbul"),
    ("muller", "müller"),
    ("x2", "x²"),
    ("a-b", "a b"),
    ("o'neil", "o’neil"),
    ("con", "con.x"),
]
letters = st.sampled_from("aAäÄbßſsSKkKﬁi\u0307\u0308\u034fIıİ.-_ '’@＠²２2аa")


def place(student):
    """Return what a file system that folds all it can makes of a folder's name."""
    return unicodedata.normalize("NFKC", student).casefold().rstrip(". ")


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.mark.parametrize(("one", "other"), TWO)
@pytest.mark.parametrize("turned", [False, True])
def test_logins_that_look_alike_are_two_students(course, one, other, turned):
    names = Names(course)
    first, second = (names.id_of(n) for n in ((other, one) if turned else (one, other)))
    assert place(first) != place(second)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logins=st.lists(st.text(letters, min_size=1, max_size=4), max_size=6))
@example(["straße", "strasse", "STRASSE", "STRAßE"])
@example(["a", "A", "ä", "a\u0308", "A\u0308"])
def test_students_differ_wherever_their_folders_lie(course, logins):
    names, students = Names(course), {}
    for login in logins:
        try:
            students.setdefault(names.id_of(login), set()).add(login)
        except Refused:
            continue
    assert len({place(student) for student in students}) == len(students)
    for spelt in students.values():  # one student's spellings differ in capitals and form alone
        assert len({unicodedata.normalize("NFC", s.strip()).lower() for s in spelt}) == 1


@pytest.mark.parametrize("name", ["con", "NUL", "Com1", "lpt9.txt", "aux."])
def test_no_folder_has_the_name_of_a_device(name):
    assert student_id(name).lower().startswith(f"{name.lower().strip('.')}-")


def test_an_id_that_is_taken_is_not_given_again(course):
    names = Names(course)
    taken = names.id_of(student_id("müller"))  # a login that is spelt as another's id
    assert names.id_of("müller") != taken
    assert names.id_of(taken) == taken
    names.save()
    again = Names(course)
    assert again.id_of("MÜLLER") != again.id_of(taken) == taken


def test_a_login_at_two_numbers_makes_no_two_students_one(course, tmp_path):
    sheet = tmp_path / "canvas.csv"
    sheet.write_text(
        "Student,ID,SIS Login ID,Section,a1 (7)\n"
        '"Doe, Anne",1,adoe,1,\n"Doe, Ada",2,ADOE,1,\n"Roe, Ben",3,ben,1,\n'
    )
    for number in (1, 2, 3):
        (tmp_path / f"d_{number}_9_a1.ipynb").write_bytes(
            submission(mean=f"def mean(x): return {number}")
        )
    files = [tmp_path / f"d_{number}_9_a1.ipynb" for number in (1, 2, 3)]
    report = collect(course, "a1", [sheet, *files])
    found = {s.student: s.path.read_bytes() for s in submissions(course, "a1")}
    assert found.keys() == {"canvas-1", "canvas-2", "ben"}
    assert b"return 2" in found["canvas-2"]
    assert [where for where, _ in report.notes] == ["canvas-1", "canvas-2"]


def test_hidden_names_that_differ_in_capitals_are_two_students():
    one, other = (str(Label("canvas", f"anon-{code}")) for code in ("Ab12C", "aB12c"))
    assert place(one) != place(other)


def test_a_roster_cannot_hold_two_that_are_told_apart_by_capitals(course, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nanne\nAnne\nben\n")
    students, refused = read_roster(roster, Names(course))
    assert [s.student for s in students] == ["anne", "ben"]
    assert refused == [(3, "'Anne' stands there twice")]


def test_what_is_refused_teaches_no_spelling(course, tmp_path):
    stray, work = tmp_path / "stray" / "ANNE" / "x.txt", tmp_path / "work" / "anne" / "a1.ipynb"
    for path, data in ((stray, b"nothing of the assignment"), (work, submission())):
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    assert collect(course, "a1", [tmp_path / "stray"]).counts["refused"] == 1
    assert "anne" not in Names(course)
    assert collect(course, "a1", [tmp_path / "work"]).complete
    assert Names(course).login_of("anne") == "anne"
