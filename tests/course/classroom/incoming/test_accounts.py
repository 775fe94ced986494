"""The exchange takes a folder of any name from any account: the owner has to fit the name."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.granting import take_roster
from cs231n_lib.course.classroom.incoming import accounts, archives, roster
from cs231n_lib.course.classroom.incoming import collect as collecting
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.errors import UserError
from tests.course.conftest import make_course
from tests.course.notebooks import submission

WRONG = submission(mean="def mean(x):\n    return 0")
OFF = "\nc.ExchangeCollect.check_owner = False\n"


@pytest.fixture
def course(tmp_path, gradebook_template):
    return make_course(tmp_path / "course", gradebook_template)


@pytest.fixture
def exchange(tmp_path):
    """The exchange of an instructor, prof; whoever collects is prof too unless a test says so."""
    (tmp_path / "inbound").mkdir()
    return tmp_path / "inbound"


@pytest.fixture
def owned(monkeypatch, exchange):
    """Return a function that says whose a file or folder is, for who must not be root to do so."""
    owners = {exchange.stat().st_ino: "prof"}
    monkeypatch.setattr(archives, "account_of", lambda status: owners.get(status.st_ino, "prof"))
    monkeypatch.setattr(accounts, "trusted", lambda: {"prof", "root"})

    def give(path, account):
        owners[path.stat().st_ino] = account

    return give


def put(exchange, owned, login, account, time="2026-02-03 10:11:12", data=None):
    """Hand in as nbgrader does, under a login by an account."""
    folder = exchange / f"{login}+a1+{time}.000000 UTC+r"
    folder.mkdir()
    for name, text in (
        ("a1.ipynb", data or submission()),
        ("timestamp.txt", f"{time} UTC".encode()),
    ):
        (folder / name).write_bytes(text)
        owned(folder / name, account)
    owned(folder, account)
    return folder


def test_what_one_student_puts_there_takes_no_room_from_another(
    course, exchange, owned, monkeypatch
):
    monkeypatch.setattr(collecting, "MAX_OWNER_BYTES", 50_000)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 50)
    for n in range(30):
        put(exchange, owned, "adam", "adam", f"2026-02-03 10:11:{n:02}", bytes(20_000))
    put(exchange, owned, "bela", "bela")
    told = " ".join(line.reason for line in collect(course, "a1", [exchange]).of("refused"))
    (bela,) = (s for s in submissions(course, "a1") if s.student == "bela")
    assert not bela.reason
    assert "zip bomb" in told
    assert "more than 50 files of adam's" in told


def enrol(course, text):
    path = course.root / "roster.csv"
    path.write_text(text)
    assert not take_roster(course, path).refused


def who(course):
    return [s.student for s in submissions(course, "a1")]


@pytest.mark.parametrize("account", ["bela", "carl", "visitor", "jovyan", "uid 4711", "anne2"])
def test_nobody_hands_in_under_anothers_name(course, exchange, owned, account):
    enrol(course, "student\nanne\ncarl\n")
    put(exchange, owned, "bela", "bela")
    put(exchange, owned, "anne", "anne")
    put(exchange, owned, "anne", account, "2026-02-04 00:00:00", WRONG)
    put(exchange, owned, "newcomer", account)
    report = collect(course, "a1", [exchange])
    assert who(course) == ["anne", "bela"]
    assert submissions(course, "a1")[0].content() == submission()
    reasons = [line.reason for line in report.of("refused")]
    assert reasons == [f"{account} put it there, under another's name"] * 4
    assert report.notes.count(("owners", accounts.REMEDY)) == 1
    assert not report.complete
    assert "newcomer" not in Names(course)


@pytest.mark.parametrize(("ago", "told"), [(1, False), (9, False), (20, True), (5000, True)])
def test_a_time_that_a_student_made_up_is_told(course, exchange, owned, ago, told):
    """The folder's name says when, and its author writes it; the system knows better."""
    time = datetime.now(UTC) - timedelta(minutes=ago)
    folder = put(exchange, owned, "anne", "anne", f"{time:%Y-%m-%d %H:%M:%S}")
    put(exchange, owned, "bela", "prof", "2026-02-03 10:11:12")  # a copy, say
    report = collect(course, "a1", [exchange])
    notes = [where for where, why in report.notes if "long after the time in the name" in why]
    assert notes == [folder.name] * told
    assert report.complete
    assert who(course) == ["anne", "bela"]


@pytest.mark.parametrize("account", ["prof", "root"])
def test_who_rules_over_the_exchange_may_hand_in_for_others(course, exchange, owned, account):
    """A copy is the copier's, and where one account runs everything it owns the exchange too."""
    enrol(course, "student\nanne\nprof\n")  # an instructor who is enrolled to try things out
    put(exchange, owned, "anne", account)
    assert collect(course, "a1", [exchange]).complete
    assert who(course) == ["anne"]


def test_the_copy_of_a_colleague_is_taken(course, exchange, owned):
    owned(exchange, "colleague")
    put(exchange, owned, "anne", "colleague")
    assert collect(course, "a1", [exchange]).complete


def test_a_folder_between_is_nobodys_privilege(course, exchange, owned):
    """An exchange that a student made inside of what is collected does not make its owner rule."""
    owned(exchange, "evil")
    put(exchange, owned, "anne", "evil")
    report = collect(course, "a1", [exchange.parent])
    assert "anne" not in who(course)
    assert any("evil put it there" in line.reason for line in report.of("refused"))


@pytest.mark.parametrize("what", ["folder", "notebook", "companion"])
def test_no_part_of_a_hand_in_is_anothers(course, exchange, owned, what):
    """nbgrader lets everybody write into the folder of a hand-in, and a file can be linked."""
    folder = put(exchange, owned, "anne", "anne")
    part = {"folder": "", "notebook": "a1.ipynb", "companion": "timestamp.txt"}[what]
    owned(folder / part, "bela")
    assert not collect(course, "a1", [exchange]).complete
    assert who(course) == []


def test_an_account_of_another_name_stands_on_the_class_list(course, exchange, owned):
    enrol(course, "student,account\nanne@example.edu,aarcher\nbela,\n")
    put(exchange, owned, "anne@example.edu", "aarcher")
    put(exchange, owned, "bela", "bela")
    assert collect(course, "a1", [exchange]).complete
    assert who(course) == ["anne@example.edu", "bela"]
    put(exchange, owned, "anne@example.edu", "anne@example.edu", "2026-02-05 00:00:00", WRONG)
    put(exchange, owned, "bela", "aarcher", "2026-02-05 00:00:00", WRONG)
    assert not collect(course, "a1", [exchange]).complete
    assert all(s.content() == submission() for s in submissions(course, "a1"))


def test_an_account_of_two_is_refused_and_the_next_list_may_leave_it_out(course):
    path = course.root / "roster.csv"
    path.write_text("account,student\na,anne\nb,bela\nb,carl\n")
    taken = take_roster(course, path)
    assert [s.student for s in taken.students] == ["anne"]
    assert [number for number, _ in taken.refused] == [3, 4]
    enrol(course, "student\nanne\ndora\n")
    assert roster.listed(course) == {"anne": {"account": "a"}, "dora": {}}


def test_the_check_is_off_by_an_explicit_word_alone(course, exchange, owned):
    put(exchange, owned, "anne", "jovyan")
    config = course.root / "nbgrader_config.py"
    before = config.read_text()
    config.write_text(before + '\nc.ExchangeCollect.check_owner = "no"\n')
    with pytest.raises(UserError, match="check_owner"):
        collect(type(course)(course.root), "a1", [exchange])
    config.write_text(before + OFF)
    assert collect(type(course)(course.root), "a1", [exchange]).complete
    assert who(course) == ["anne"]


def test_real_owners_are_those_of_the_system(course, exchange, capsys):
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        with capsys.disabled():
            print("files are given to another account by root alone: not tried")
        pytest.skip("needs root")
    folder = put(exchange, lambda *_: None, "anne", "")
    os.chown(folder / "a1.ipynb", 987_654, 987_654)
    (line, _) = collect(course, "a1", [exchange]).of("refused")
    assert line.reason == "uid 987654 put it there, under another's name"
    os.chown(folder / "a1.ipynb", os.geteuid(), os.getegid())
    assert collect(course, "a1", [exchange]).complete
