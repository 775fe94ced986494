"""Whatever archive is thrown at it: right student, every version kept, nothing outside touched."""

import io
import os
import stat
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.classroom import archives
from cs231n_lib.course.classroom.collect import _Refused, collect, identify
from cs231n_lib.course.errors import UserError
from tests.course.conftest import make_course


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


@pytest.mark.parametrize(
    ("where", "student"),
    [
        ("anne/a1.ipynb", "anne"),
        ("download/anne/a1/a1.ipynb", "anne"),
        ("anne.ipynb", "anne"),
        ("anne-a1.ipynb", "anne"),
        ("submissions/doeanne_1234_5678_a1.ipynb", "canvas-1234"),
        ("doeanne_LATE_1234_5678_a1-2.ipynb", "canvas-1234"),
        ("bulk/Anne Doe_4711_assignsubmission_file_/a1.ipynb", "moodle-4711"),
        ("bulk/Anne Doe_4711_assignsubmission_file_a1.ipynb", "moodle-4711"),
        ("assignment_9_export/submission_31415/a1.ipynb", "gradescope-31415"),
        ("inbound/anne+a1+2026-02-03 10:11:12.000000 UTC+abc/a1.ipynb", "anne"),
    ],
)
def test_known_layouts_name_their_student(where, student):
    assert identify(where, "a1")[0] == student


@pytest.mark.parametrize("where", ["a1.ipynb", "x/notebook.ipynb", "x/other.ipynb"])
def test_an_unknown_layout_is_refused_not_guessed(where):
    with pytest.raises(_Refused, match="whose"):
        identify(where, "a1")


def test_every_version_is_kept_and_the_latest_is_graded(course, tmp_path):
    path = tmp_path / "in" / "anne" / "a1.ipynb"
    path.parent.mkdir(parents=True)
    for second, data in enumerate([b"one", b"two", b"one"]):
        path.write_bytes(data)
        os.utime(path, (1_700_000_000 + second, 1_700_000_000 + second))
        report = collect(course, "a1", [path.parent.parent])
        assert len(report.accepted) == (second < 2)
    kept = sorted(p.read_bytes() for p in course.received("a1").glob("anne/*"))
    assert kept == [b"one", b"two"]
    (latest,) = course.submissions("a1")
    assert latest.path.read_bytes() == b"two"
    assert latest.received.timestamp() == 1_700_000_001
    assert [e["event"] for e in course.read_log()] == ["collect"] * 3


def test_an_old_file_collected_late_does_not_replace_a_newer_one(course, tmp_path):
    for data, time in ((b"new", 2_000_000_000), (b"old", 1_000_000_000)):
        path = tmp_path / "anne.ipynb"
        path.write_bytes(data)
        os.utime(path, (time, time))
        collect(course, "a1", [path])
    assert course.submissions("a1")[0].path.read_bytes() == b"new"


def test_zips_in_zips_are_read_one_level_deep(course, tmp_path):
    inner = io.BytesIO()
    make_zip(inner, {"a1.ipynb": b"{}", "deep.zip": b"PK"})
    report = collect(course, "a1", [make_zip(tmp_path / "all.zip", {"anne.zip": inner.getvalue()})])
    assert [f.student for f in report.accepted] == ["anne"]


@pytest.mark.parametrize(
    "name",
    ["../../evil/a1.ipynb", "/etc/evil/a1.ipynb", "x/../../a1.ipynb", "C:/evil/a1.ipynb",
     "..\\..\\evil\\a1.ipynb", "../a1.ipynb"],
)  # fmt: skip
def test_names_that_lead_outside_are_refused(course, tmp_path, name):
    before = inventory(tmp_path)
    report = collect(course, "a1", [make_zip(tmp_path / "x.zip", {name: b"{}"})])
    assert not report.accepted
    assert "leads out" in report.refused[0][1]
    after = {n for n in inventory(tmp_path) if n not in before}
    assert after == {"x.zip", "course/.nbgrader/log.jsonl"}


@pytest.mark.parametrize("student", ["..", ".", "-x", "a b", "a/b", "a\nb", "x" * 101, "ä", "a\0"])
def test_odd_student_ids_are_refused(course, tmp_path, student):
    path = tmp_path / "some.ipynb"
    path.write_bytes(b"{}")
    report = collect(course, "a1", [path], student)
    assert "student's id" in report.refused[0][1]
    assert not course.submissions("a1")


def test_links_are_refused(course, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"secret")
    folder = tmp_path / "in" / "anne"
    folder.mkdir(parents=True)
    (folder / "a1.ipynb").symlink_to(secret)
    entry = zipfile.ZipInfo("bob/a1.ipynb")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "in" / "z.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    report = collect(course, "a1", [tmp_path / "in"])
    assert not report.accepted
    assert {reason for _, reason in report.refused} == {"a link, not a file"}


def test_a_bomb_is_refused_without_being_unpacked(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_NOTEBOOK_BYTES", 10_000)
    monkeypatch.setattr(archives, "MAX_ARCHIVE_BYTES", 15_000)
    bomb = {f"s{n}/a1.ipynb": bytes(10**6) for n in range(5)} | {"z/a1.ipynb": b"{}"}
    report = collect(course, "a1", [make_zip(tmp_path / "bomb.zip", bomb)])
    assert not report.accepted
    assert "bomb" in report.refused[0][1]


def test_a_broken_archive_does_not_stop_the_others(course, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "broken.zip").write_bytes(b"PK\3\4 nonsense")
    (folder / "anne.ipynb").write_bytes(b"%PDF")
    report = collect(course, "a1", [folder])
    assert [f.student for f in report.accepted] == ["anne"]
    assert "not a usable zip" in report.refused[0][1]


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
    collect(course, "a1", [path])
    outside = {n for n in inventory(tmp_path) if not n.startswith("course/.nbgrader/")}
    assert outside <= {"fuzz.zip", "course/nbgrader_config.py", "course/solutions/a1/a1.ipynb"}
