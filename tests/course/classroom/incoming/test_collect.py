"""Whatever archive is thrown at it: right student, every version kept, nothing outside touched."""

import io
import os
import stat
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.grading import start
from cs231n_lib.course.classroom.incoming import archives
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.owners import owner_of
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.platforms.platform import View
from cs231n_lib.course.errors import Refused, UserError
from cs231n_lib.course.limits import MAX_NOTEBOOK_BYTES
from cs231n_lib.course.text import student_id
from tests.course.classroom.counting import Counting
from tests.course.conftest import make_course
from tests.course.notebooks import submission, to_bytes


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def inventory(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def students(report):
    """Return whose files were accepted, in the order of the report."""
    return [name for line in report.of("accepted") for name in line.students]


def reasons(report):
    return [line.reason for line in report.of("refused")]


@pytest.mark.parametrize(
    ("where", "owner"),
    [
        ("anne/a1.ipynb", "anne"),
        ("anne/a1/a1.ipynb", "anne"),
        ("anne.ipynb", "anne"),
        ("anne-a1.ipynb", "anne"),
        ("doeanne_1234_5678_a1.ipynb", "canvas-1234"),
        ("doeanne_LATE_1234_5678_a1-2.ipynb", "canvas-1234"),
        ("doeanne_LATE_1234_text.html", "canvas-1234"),
        ("student_01_1001_50001_a1.ipynb", "canvas-1001"),
        ("anon_Ab12C_88001_a1.ipynb", "canvas-anon-Ab12C-6c94f3e9"),
        ("Anne Doe_4711_assignsubmission_file_/a1.ipynb", "moodle-4711"),
        ("Anne Doe_4711_assignsubmission_file_a1.ipynb", "moodle-4711"),
        ("Third_123_assignsubmission_file_x_999_assignsubmission_file_a1.ipynb", "moodle-123"),
        ("Group 7_4711_assignsubmission_onlinetext_/onlinetext.html", "moodle-4711"),
        ("anne+a1+2026-02-03 10:11:12.000000 UTC+abc/a1.ipynb", "anne"),
        ("a+b+a1+2026-02-03 10:11:12.000000 +0545+abc/a1.ipynb", "a+b"),
    ],
)
def test_known_layouts_name_their_student(course, where, owner):
    container = owner_of(tuple(where.split("/")), View("a1", ["a1"], Names(course)))
    assert [str(found) for found in container.owners] == [owner]


@pytest.mark.parametrize("where", ["a1.ipynb", "notebook.ipynb", "table.csv"])
def test_an_unknown_layout_is_refused_not_guessed(course, where):
    with pytest.raises(Refused, match="whose"):
        owner_of((where,), View("a1", ["a1"], Names(course)))


def test_a_folder_that_answers_nothing_is_nobodys(course, tmp_path):
    archive = make_zip(tmp_path / "x.zip", {"plots/other.ipynb": b"{}", "plots/b.png": b""})
    report = collect(course, "a1", [archive])
    assert len(report.of("refused")) == 2
    assert all("on no roster" in reason for reason in reasons(report))


def test_every_version_is_kept_and_going_back_counts_again(course, tmp_path):
    path = tmp_path / "in" / "anne" / "a1.ipynb"
    path.parent.mkdir(parents=True)
    for second, data in enumerate([b"one", b"two", b"one"]):
        path.write_bytes(data)
        os.utime(path, (1_700_000_000 + second, 1_700_000_000 + second))
        report = collect(course, "a1", [path.parent.parent])
        assert len(report.of("accepted")) == 1
        assert len(collect(course, "a1", [path.parent.parent]).of("known")) == 1
    kept = sorted(p.read_bytes() for p in course.received("a1").glob("anne/*.file"))
    assert kept == [b"one", b"one", b"two"]
    (latest,) = submissions(course, "a1")
    assert latest.path.read_bytes() == b"one"
    assert latest.received.timestamp() == 1_700_000_002


def test_an_old_file_collected_late_does_not_replace_a_newer_one(course, tmp_path):
    for data, time in ((b"new", 1_700_000_000), (b"old", 1_600_000_000)):
        path = tmp_path / "anne.ipynb"
        path.write_bytes(data)
        os.utime(path, (time, time))
        collect(course, "a1", [path])
    assert submissions(course, "a1")[0].path.read_bytes() == b"new"


@pytest.mark.parametrize("time", [2_000_000_000, 0, 4_000_000_000])
def test_a_time_that_cannot_be_true_beats_none_that_can(course, tmp_path, time):
    for data, when in ((b"good", 1_700_000_000), (b"absurd", time)):
        path = tmp_path / "anne.ipynb"
        path.write_bytes(data)
        os.utime(path, (when, when))
        report = collect(course, "a1", [path])
    assert any("cannot be true" in reason for _, reason in report.notes)
    assert submissions(course, "a1")[0].path.read_bytes() == b"good"


def packed(entries, depth):
    """Return an archive in so many archives."""
    data = io.BytesIO()
    make_zip(data, entries)
    for _ in range(depth - 1):
        inner, data = data, io.BytesIO()
        make_zip(data, {"inner.zip": inner.getvalue()})
    return data.getvalue()


@pytest.mark.parametrize(("depth", "read"), [(1, True), (3, True), (4, False)])
def test_archives_in_archives_are_read_so_deep(course, tmp_path, depth, read):
    entries = {"anne.zip": packed({"a1.ipynb": b"{}"}, depth)}
    report = collect(course, "a1", [make_zip(tmp_path / "all.zip", entries)])
    assert students(report) == (["anne"] if read else [])
    assert report.complete == read


@pytest.mark.parametrize(
    "name",
    ["../../evil/a1.ipynb", "/etc/evil/a1.ipynb", "x/../../a1.ipynb", "C:/evil/a1.ipynb",
     "..\\..\\evil\\a1.ipynb", "../a1.ipynb"],
)  # fmt: skip
def test_names_that_lead_outside_are_refused(course, tmp_path, name):
    before = inventory(tmp_path)
    report = collect(course, "a1", [make_zip(tmp_path / "x.zip", {name: b"{}"})])
    assert not report.of("accepted")
    assert "leads out" in reasons(report)[0]
    after = {n for n in inventory(tmp_path) if n not in before}
    records = {f"course/.nbgrader/{name}" for name in ("log.jsonl", "lock", "logins.json")}
    assert {"x.zip"} <= after <= {"x.zip", *records}


@pytest.mark.parametrize("student", ["..", ".", "--", "a/b", "a\nb", "x" * 201, "a\0", "a\x1b[2J"])
def test_what_can_be_nobodys_login_is_refused(course, tmp_path, student):
    path = tmp_path / "some.ipynb"
    path.write_bytes(b"{}")
    with pytest.raises(UserError, match="student's id"):
        collect(course, "a1", [path], student)
    assert not submissions(course, "a1")


LOGINS = ["o'neil", "UNI\\jdoe2", "müller", "zoë@example.edu", "李雷", "Анна", "a b", "anne",
          "x" * 150, "ida.o'kern@example.edu", "-x"]  # fmt: skip


def test_every_login_gets_a_folder_of_its_own(course, tmp_path):
    path = tmp_path / "some.ipynb"
    for n, login in enumerate(LOGINS):
        path.write_bytes(submission(mean=f"def mean(x):\n    return {n}"))
        collect(course, "a1", [path], login)
    found = submissions(course, "a1")
    assert len(found) == len(LOGINS)
    names = Names(course)
    assert {names.login_of(s.student) for s in found} == set(LOGINS)
    assert all(s.student.isascii() and len(s.student) < 100 for s in found)


def test_two_spellings_of_a_login_are_one_student(course, tmp_path):
    for name in ("Anne", "anne", "ANNE", "Müller", "mu\u0308ller"):
        path = tmp_path / f"{name}.ipynb"
        path.write_bytes(submission(mean=f"def mean(x):\n    return {name!r}"))
        collect(course, "a1", [path])
    assert [s.student for s in submissions(course, "a1")] == ["Anne", student_id("Müller")]


def test_two_spellings_in_one_download_are_one_hand_in(course, tmp_path):
    """At one time, nothing says which counts: neither is graded by accident."""
    names = ("Anne/a1.ipynb", "anne/a1.ipynb", "müller/a1.ipynb", "mu\u0308ller/x/a1.ipynb")
    files = {n: submission(mean=str(i)) for i, n in enumerate(names)}
    report = collect(course, "a1", [make_zip(tmp_path / "in.zip", files)])
    assert len(report.of("refused")) == 4
    assert all("nothing says which one" in reason for reason in reasons(report))
    assert [s.student for s in submissions(course, "a1")] == ["Anne", student_id("müller")]


@pytest.mark.parametrize(
    "folder",
    ["anne+a1+2026-02-03 10_11_12.000000 UTC+02_00+r", "anne+a1+yesterday+r", "anne+a1+", "+a1+x",
     "anne+a1+2026-02-03 10:11:12 GMT+2+r"],
)  # fmt: skip
def test_a_folder_of_the_exchange_that_cannot_be_read_is_no_new_student(course, tmp_path, folder):
    archive = make_zip(tmp_path / "in.zip", {f"{folder}/a1.ipynb": submission()})
    report = collect(course, "a1", [archive])
    assert "a time that cannot be read" in reasons(report)[0]
    assert submissions(course, "a1") == []


def test_a_source_without_a_file_is_told(course, tmp_path):
    (tmp_path / "empty").mkdir()
    report = collect(course, "a1", [tmp_path / "empty", make_zip(tmp_path / "none.zip", {})])
    assert [where for where, _ in report.notes] == [
        str(tmp_path / "empty"), str(tmp_path / "none.zip")
    ]  # fmt: skip
    assert {reason for _, reason in report.notes} == {"there is no file in it"}
    assert not report.complete


def test_links_are_refused(course, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"secret")
    folder = tmp_path / "in" / "anne"
    folder.mkdir(parents=True)
    (folder / "a1.ipynb").symlink_to(secret)
    entry = zipfile.ZipInfo("a1.ipynb")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "in" / "z.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    report = collect(course, "a1", [tmp_path / "in"])
    assert not report.of("accepted")
    assert "a link, not a file" in reasons(report)
    assert b"secret" not in inventory(course.state).values()


def test_a_bomb_is_refused_and_the_others_are_taken(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_NOTEBOOK_BYTES", 10_000)
    bomb = {f"s{n}/a1.ipynb": bytes(10**6) for n in range(5)} | {"z/a1.ipynb": b"{}"}
    report = collect(course, "a1", [make_zip(tmp_path / "bomb.zip", bomb)])
    assert students(report) == ["z"]
    assert len([r for r in reasons(report) if "bomb" in r and "clear the outputs" in r]) == 5


def test_a_students_bomb_is_theirs_alone_and_leaves_nothing(course, tmp_path):
    bomb = packed({f"victim{n}/a1.ipynb": bytes(2**22) for n in range(80)}, 1)
    archive = make_zip(tmp_path / "all.zip", {"eve.zip": bomb, "anne/a1.ipynb": submission()})
    collect(course, "a1", [archive])
    assert [s.student for s in submissions(course, "a1")] == ["anne", "eve"]
    assert sum(len(data) for data in inventory(course.state).values()) < 2 * 2**22 + 10**5


def with_a_long_index(kind, copies):
    """Return a zip whose table of contents has its one entry ``copies`` times."""
    data = packed({"a1.ipynb": submission()}, 1)
    end = data.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<II", data, end + 12)
    index = data[start : start + size] * copies
    told = struct.pack("<II", len(index), start) + bytes(2)
    first = data[:start] + index
    if kind == "a mark among the counts":  # which nobody reads
        return first + b"PK\5\6" + bytes(4) + b"PK\5\6" + told
    if kind == "a mark in the place of the start":
        return first + b"PK\5\6" + bytes(8) + told[:4] + b"PK\5\6" + bytes(2)
    if kind == "the record of large archives":
        large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, copies, copies, len(index),
                            start)  # fmt: skip
        finder = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(index), 1)
        return first + large + finder + data[end : end + 12] + struct.pack("<IIH", size, start, 0)
    return first + b"PK\5\6" + bytes(8) + told


@pytest.mark.parametrize("kind", ["plain", "a mark among the counts",
                                  "a mark in the place of the start",
                                  "the record of large archives"])  # fmt: skip
def test_a_table_of_contents_without_end_is_not_read(course, tmp_path, monkeypatch, kind):
    read = zipfile.ZipFile.__init__

    def opened(self, file, *args, **kwargs):
        assert isinstance(file, (str, os.PathLike)) or kwargs or args, "it was read"
        read(self, file, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", opened)
    archive = tmp_path / "in" / "anne_1_1_a1.zip"
    archive.parent.mkdir()
    archive.write_bytes(with_a_long_index(kind, 20_000))
    report = collect(course, "a1", [archive.parent])
    assert report.not_graded == {"canvas-1": "a table of contents that is too long (a zip bomb?)"}


def test_a_file_exchanged_for_a_link_or_another_is_not_read(course, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(submission())
    for swap in (Path.symlink_to, Path.hardlink_to, lambda path, _: os.mkfifo(path)):
        path = tmp_path / "in" / "anne" / "a1.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"seen")
        with archives.Download(tmp_path / "in") as download:
            (tmp_path / "kept").unlink(missing_ok=True)
            path.rename(tmp_path / "kept")
            swap(path, secret)
            refused = []
            assert not list(
                archives.inner_files(download.files[0], archives.Budget(10**6), refused)
            )
        assert len(refused) == 1
        path.unlink()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_step_by_step_is_not_unpacked(course, tmp_path, method):
    """The standard library unpacks these without a bound: a kilobyte of bzip2 into gigabytes."""
    inner, outer = io.BytesIO(), tmp_path / "in.zip"
    with zipfile.ZipFile(inner, "w", method) as archive:
        archive.writestr("a1.ipynb", submission())
    make_zip(outer, {"aa_1_1_mine.zip": inner.getvalue(), "bb_2_2_a1.ipynb": submission()})
    with zipfile.ZipFile(outer, "a", method) as archive:
        archive.writestr("cc_3_3_a1.ipynb", submission())
    report = collect(course, "a1", [outer])
    assert students(report) == ["canvas-2"]
    assert all("make it a plain zip file" in reason for reason in reasons(report))
    assert {line.students for line in report.of("refused")} == {("canvas-1",), ("canvas-3",)}


@pytest.mark.parametrize("deep", [1, 2, 3])
def test_the_files_of_a_hand_in_are_counted_in_all_its_archives_together(
    course, tmp_path, monkeypatch, deep
):
    monkeypatch.setattr(archives, "MAX_HAND_IN_FILES", 50)
    data = packed({f"{n}.zip": b"no archive" for n in range(40)}, 1)
    for _ in range(deep - 1):
        data = packed({f"{n}.zip": data for n in range(40)}, 1)
    files = {"aa_1_1_mine.zip": data, "bb_2_2_a1.ipynb": submission()}
    report = collect(course, "a1", [make_zip(tmp_path / "in.zip", files)])
    assert students(report) == ["canvas-2"]
    assert len(report.notes) <= 50 + deep
    assert any("more than 50 files" in reason for _, reason in report.notes) == (deep > 1)


def test_a_file_that_is_gone_when_it_is_looked_at_stops_nobody(course, tmp_path, monkeypatch):
    for name in ("anne", "bob"):
        path = tmp_path / "in" / name / "a1.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(submission(mean=name))
    look = Path.lstat

    def lstat(path):
        if path.parent.name == "anne":
            path.unlink(missing_ok=True)
        return look(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    report = collect(course, "a1", [tmp_path / "in"])
    assert students(report) == ["bob"]
    assert reasons(report) == ["cannot be read: No such file or directory"]


def test_names_in_archives_are_told_in_short(course, tmp_path):
    names = {"x" * 60_000 + f"{n}.zip": b"no archive" for n in range(15)}
    archive = packed(names, 1)
    report = collect(course, "a1", [make_zip(tmp_path / "in.zip", {"anne_1_1_a1.zip": archive})])
    assert len(report.notes) == 15
    assert max(len(where) + len(reason) for where, reason in report.notes) < 500


def test_links_and_files_without_end_that_nbgrader_collected(course, tmp_path):
    for student in ("anne", "bob"):
        (course.submitted / student / "a1").mkdir(parents=True)
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(submission())
    (course.submitted / "anne" / "a1" / "a1.ipynb").symlink_to(secret)
    with open(course.submitted / "bob" / "a1" / "a1.ipynb", "wb") as file:
        file.truncate(2**40)
    anne, bob = submissions(course, "a1")
    assert anne.reason
    assert len(bob.content()) == MAX_NOTEBOOK_BYTES + 1


BROKEN = {
    "nonsense": b"PK\3\4 nonsense",
    "cut off": packed({"a1.ipynb": submission()}, 1)[:-30],
    "empty": b"",
    "no zip": b"Rar!\x1a\x07",
}


def encrypted():
    data = bytearray(packed({"a1.ipynb": submission()}, 1))
    data[6] |= 1
    place = data.index(b"PK\1\2")
    data[place + 8] |= 1
    return bytes(data)


def corrupt():
    data = bytearray(packed({"a1.ipynb": submission()}, 1))
    middle = data.index(b"a1.ipynb") + 40
    data[middle : middle + 20] = b"\xff" * 20
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        BROKEN["nonsense"],
        BROKEN["cut off"],
        BROKEN["empty"],
        BROKEN["no zip"],
        encrypted(),
        corrupt(),
    ],
    ids=["nonsense", "cut off", "empty", "rar", "encrypted", "corrupt"],
)
@pytest.mark.parametrize("packed_download", [True, False])
def test_a_broken_archive_does_not_stop_the_others(course, tmp_path, data, packed_download):
    files = {
        "aa_1_1_a1.ipynb": submission(),
        "bb_2_2_mine.zip": data,
        "cc_3_3_a1.ipynb": submission(mean="1"),
    }
    source = tmp_path / "in"
    if packed_download:
        source = make_zip(tmp_path / "in.zip", files)
    else:
        source.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content)
    report = collect(course, "a1", [source])
    assert students(report) == ["canvas-1", "canvas-3"]
    (refused,) = report.of("refused")
    assert refused.where == "bb_2_2_mine.zip"
    assert refused.students == ("canvas-2",)
    assert not report.complete
    found = {s.student: s.reason for s in submissions(course, "a1")}
    assert found["canvas-1"] == found["canvas-3"] == ""
    assert found["canvas-2"]


@pytest.mark.parametrize("harm", [
    lambda record: record.write_bytes(b"{"), lambda record: record.write_bytes(b"[1]"),
    lambda record: record.write_bytes(b'{"time": "\xff"}'),
    lambda record: record.with_suffix(".file").unlink(),
])  # fmt: skip
def test_a_record_that_is_damaged_stops_nobody_else_and_is_mended_by_the_download(
    course, tmp_path, harm
):
    files = {f"{name}/a1.ipynb": submission(mean=name) for name in ("anne", "bob")}
    first = make_zip(tmp_path / "first.zip", files)
    collect(course, "a1", [first])
    (record,) = course.received("a1").glob("anne/*.json")
    harm(record)
    report = collect(course, "a1", [make_zip(tmp_path / "b.zip", {"carl/a1.ipynb": submission()})])
    assert students(report) == ["carl"]
    assert list(report.not_graded) == ["anne"]
    assert str(record) in report.not_graded["anne"]
    run = start(course, "a1", Counting(read_master(course.master("a1"), "a1")))
    assert list(run.faults) == ["anne"]
    assert sorted(run.results) == ["bob", "carl"]
    report = collect(course, "a1", [first])
    assert (students(report), report.complete) == (["anne"], True)


@pytest.mark.parametrize("record", ["logins.json", "numbers/canvas.json"])
def test_a_record_of_the_course_that_is_damaged_is_named(course, tmp_path, record):
    path = course.state / record
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"a": ')
    source = make_zip(tmp_path / "b.zip", {"carl/a1.ipynb": submission()})
    with pytest.raises(UserError, match=f"{record} is damaged: put a copy"):
        collect(course, "a1", [source])


def test_a_download_that_cannot_be_read_is_told(course, tmp_path):
    path = tmp_path / "all.zip"
    path.write_bytes(BROKEN["cut off"])
    report = collect(course, "a1", [path])
    assert "not a usable zip" in reasons(report)[0]


KINDS = ("a1.pdf", "a1.py", "a1.ipynb.txt", "a1.rar", "a1.tar.gz", "a1.ipynb.json", "a1.html")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_notebook_is_recorded_with_its_reason(course, tmp_path, kind):
    archive = make_zip(
        tmp_path / "x.zip", {f"aa_1_1_{kind}": submission(), "bb_2_text.html": b"hi"}
    )
    report = collect(course, "a1", [archive])
    assert report.counts == {"accepted": 0, "known": 0, "set aside": 2, "refused": 0}
    assert not report.complete
    found = submissions(course, "a1")
    assert [s.student for s in found] == ["canvas-1", "canvas-2"]
    assert all("hand in the .ipynb file itself" in s.reason for s in found)
    assert collect(course, "a1", [archive]).counts["known"] == 2


def test_a_pdf_does_not_take_the_place_of_the_notebook_before_it(course, tmp_path):
    for name in ("aa_1_1_a1.ipynb", "aa_1_2_a1.pdf"):
        path = tmp_path / name
        path.write_bytes(submission())
        report = collect(course, "a1", [path])
    assert report.not_graded
    assert submissions(course, "a1")[0].path.read_bytes() == submission()


def scratch():
    return to_bytes({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({"a1.ipynb": submission(), "scratch.ipynb": scratch()}, "a1.ipynb"),
        ({"Untitled.ipynb": submission(), "a1.ipynb": scratch()}, "Untitled.ipynb"),
        ({"a1.ipynb": submission(), "copy.ipynb": submission(mean="1")}, "a1.ipynb"),
        ({"my work.ipynb": submission()}, "my work.ipynb"),
        ({"x/a1.ipynb": submission(), "y/a1.ipynb": submission()}, "x/a1.ipynb"),
        ({"x/a1.ipynb": submission(), "y/a1.ipynb": submission(mean="1")}, None),
        ({"one.ipynb": submission(), "two.ipynb": submission(mean="1")}, None),
        ({"a1.ipynb": submission()[:-9], "b.ipynb": scratch()}, "a1.ipynb"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_of_several_notebooks_the_one_that_answers_or_none_is_taken(
    course, tmp_path, files, taken, zipped
):
    if zipped:
        entries = {"aa_1_1_mine.zip": packed(files, 1)}
    else:
        entries = {f"A A_1_assignsubmission_file_/{name}": data for name, data in files.items()}
    report = collect(course, "a1", [make_zip(tmp_path / "x.zip", entries)])
    (found,) = submissions(course, "a1")
    if taken is None:
        assert "nothing says which one" in found.reason
        assert report.of("refused")
        assert not report.of("accepted")
    else:
        assert found.path.read_bytes() == files[taken]
        assert len(report.of("accepted")) == 1
    assert sum(report.counts.values()) == len(entries)


def test_renamed_notebooks_in_nbgraders_own_layout_are_found_or_listed(course):
    for student, names in {
        "ida": ["a1 (1).ipynb"],
        "jon": ["a.ipynb", "b.ipynb"],
        "kim": ["a1.pdf"],
    }.items():
        for n, name in enumerate(names):
            path = course.submitted / student / "a1" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(submission(mean=str(n)))
    ida, jon, kim = submissions(course, "a1")
    assert (ida.reason, ida.path.name) == ("", "a1 (1).ipynb")
    assert "2 notebooks" in jon.reason
    assert "a PDF" in kim.reason


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-02-03 10:11:12.123456 UTC", datetime(2026, 2, 3, 10, 11, 12, 123456, UTC)),
        ("2026-07-01 00:15:00.000000 EDT", datetime(2026, 7, 1, 4, 15, tzinfo=UTC)),
        ("2026-07-01 00:15:00.000000 CEST", datetime(2026, 6, 30, 22, 15, tzinfo=UTC)),
        ("2026-03-01 00:15:00.000000 +0545", datetime(2026, 2, 28, 18, 30, tzinfo=UTC)),
        ("2026-03-01 00:15:00.000000 -03", datetime(2026, 3, 1, 3, 15, tzinfo=UTC)),
        ("2026-03-01 00:15:00.000000 +03", datetime(2026, 2, 28, 21, 15, tzinfo=UTC)),
        ("2026-03-01 00:15:00 XYZ", None),
        ("2026-13-01 00:15:00 UTC", None),
    ],
)
def test_the_exchange_writes_times_with_their_zones(course, tmp_path, text, utc):
    archive = make_zip(tmp_path / "x.zip", {f"anne+a1+{text}+r/a1.ipynb": submission()})
    report = collect(course, "a1", [archive])
    found = submissions(course, "a1")
    if utc is None:
        assert not any(s.received and s.student == "anne" for s in found)
        assert report.notes or report.of("refused")
    else:
        assert [(s.student, s.received) for s in found] == [("anne", utc)]
        assert (found[0].path.parent / "timestamp.txt").read_text() == text


def test_the_zone_of_an_archives_entries_is_the_courses_unless_they_tell(course, tmp_path):
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + '\nc.Exchange.timezone = "America/New_York"\n')
    plain = zipfile.ZipInfo("anne.ipynb", (2026, 7, 1, 12, 0, 0))
    told = zipfile.ZipInfo("bob.ipynb", (2026, 7, 1, 12, 0, 0))
    stamp = int(datetime(2026, 7, 1, 9, tzinfo=UTC).timestamp())
    told.extra = b"UT\x05\x00\x01" + stamp.to_bytes(4, "little")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(plain, submission())
        archive.writestr(told, submission())
    collect(course, "a1", [tmp_path / "x.zip"])
    anne, bob = submissions(course, "a1")
    assert anne.received == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert bob.received == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_a_broken_configuration_is_told(course):
    (course.root / "nbgrader_config.py").write_text("c = (")
    with pytest.raises(UserError, match=r"nbgrader_config\.py cannot be used: SyntaxError"):
        collect(course, "a1", [])


def test_mistakes_of_the_caller_are_told(course, tmp_path):
    with pytest.raises(UserError, match="no assignment 'a9'"):
        collect(course, "a9", [])
    with pytest.raises(UserError, match="no file or folder"):
        collect(course, "a1", [tmp_path / "nowhere"])


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=30), st.binary(max_size=20)), max_size=4))
def test_no_archive_writes_outside_the_course(course, tmp_path, entries):
    path = tmp_path / "fuzz.zip"
    try:
        make_zip(path, dict(entries))
    except (ValueError, UnicodeError, OSError, IndexError):
        return  # zipfile itself cannot write such a name
    report = collect(course, "a1", [path])
    assert sum(report.counts.values()) == len(dict(entries)) - sum(
        n.endswith("/") for n in dict(entries)
    )
    outside = {n for n in inventory(tmp_path) if not n.startswith("course/.nbgrader/")}
    assert outside <= {"fuzz.zip", "course/nbgrader_config.py", "course/solutions/a1/a1.ipynb"}
