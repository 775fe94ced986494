"""A class of 400, a quarter from each platform, in which everything happens that ever went wrong.

`EXPECTED` was written before: for each kind of hand-in what has to become of it. The downloads are
built from the forms that the platforms document, not by the code that reads them.
"""

import gzip
import io
import stat
import warnings
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.received import submissions
from tests.course.conftest import make_course
from tests.course.notebooks import submission, to_bytes

EACH = 100
#: The kinds of hand-in, and what has to become of them: graded is the file that counts ("own": the
#: student's only good one), or what is left of an attack ("theirs": whatever of their own files
#: counts, or none), else the words that the reason has to have.
EXPECTED = {
    "plain": "own",
    "zipped": "own",
    "zipped in a folder called submission": "own",
    "zip in a zip": "own",
    "renamed": "own",
    "with a scratch notebook": "own",
    "with a picture and a data file": "own",
    "forged: the next student's place inside a zip": "theirs",
    "forged: metadata inside a zip": "own",
    "forged: a date in the future inside a zip": "own",
    "a pdf": "is a PDF",
    "an .ipynb.txt": "is text",
    "encrypted": "encrypted",
    "cut off": "not a usable zip",
    "two that answer": "nothing says which",
    "a bomb and the notebook": "own",
    "surrogates and escapes in an answer": "own",
    "nested too deep": "archives in archives",
    "empty notebook file": "own",
    "handed in twice": "own",
    "packed by bzip2": "make it a plain zip file",
    "an .ipynb.gz": "is a tar or gzip archive",
    "printed as a web page": "is a web page",
    "an Untitled alone": "own",
    "another assignment's notebook": "own",
    "nbgrader's marks in an answer": "own",
    "two entries of one name": "nothing says which",
    "a link in a zip": "a link, not a file",
    "a way out of the zip": "own",
    "a size that is not so": "unreadable",
    "a zip of the large kind": "own",
    "a zip of 2,001 files": "more than 2000 files",
    "what a Mac adds": "own",
}
KINDS = list(EXPECTED)
START = datetime(2026, 2, 2, 10, tzinfo=UTC)


def own(number):
    """Return the notebook of a student, unlike all others."""
    return submission(mean=f"def mean(x):\n    return {number} + x.mean()")


def packed(entries, when=(2026, 2, 2, 10, 0, 0)):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return data.getvalue()


def encrypted(data):
    changed = bytearray(data)
    changed[6] |= 1
    changed[changed.index(b"PK\1\2") + 8] |= 1
    return bytes(changed)


def entry(name, method=zipfile.ZIP_DEFLATED):
    found = zipfile.ZipInfo(name, (2026, 2, 2, 10, 0, 0))
    found.compress_type = method
    return found


def with_entries(*entries):
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # of two entries of one name
        for one, content in entries:
            archive.writestr(one, content)
    return data.getvalue()


def lying(data):
    """Return a zip whose table of contents says that its file has one byte."""
    place = data.index(b"PK\1\2") + 24
    return data[:place] + (1).to_bytes(4, "little") + data[place + 4 :]


def large(content):
    """Return a zip with the records of those that are larger than 4 GiB."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w") as archive,
        archive.open(entry("a1.ipynb"), "w", force_zip64=True) as file,
    ):
        file.write(content)
    return data.getvalue()


def files_of(kind, number, place):
    """Return what a student hands in, and the notebook that has to count.

    Parameters
    ----------
    kind : str
        One of `EXPECTED`.
    number : int
        Whose.
    place : callable
        Number -> the path that a platform gives to that student's ``a1.ipynb``.
    """
    mine, wrong = own(number), submission(mean="def mean(x):\n    return 0")
    scratch = to_bytes({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    good = {"a1.ipynb": mine}
    deep = packed(good)
    for _ in range(3):
        deep = packed({"inner.zip": deep})
    match kind:
        case "plain" | "handed in twice":
            return good, mine
        case "zipped":
            return {"work.zip": packed(good)}, mine
        case "zipped in a folder called submission":
            return {"submission.zip": packed({"submission/a1.ipynb": mine})}, mine
        case "zip in a zip":
            return {"work.zip": packed({"inner/work.zip": packed(good)})}, mine
        case "renamed":
            return {"final version (2).ipynb": mine}, mine
        case "with a scratch notebook":
            return {"Untitled.ipynb": scratch, "a1.ipynb": mine}, mine
        case "with a picture and a data file":
            return {"a1.ipynb": mine, "plot.png": b"\x89PNG", "data.csv": b"1,2"}, mine
        case "forged: the next student's place inside a zip":
            return {"mine.zip": packed({place(number + 1): wrong, "a1.ipynb": mine})}, mine
        case "forged: metadata inside a zip":
            told = f"submission_{number + 1}:\n  :submitters:\n  - :sid: thief\n".encode()
            return {"mine.zip": packed({"submission_metadata.yml": told, "a1.ipynb": mine})}, mine
        case "forged: a date in the future inside a zip":
            return {"mine.zip": packed(good, (2099, 1, 1, 0, 0, 0))}, mine
        case "a pdf":
            return {"a1.pdf": b"%PDF-1.7"}, None
        case "an .ipynb.txt":
            return {"a1.ipynb.txt": mine}, None
        case "encrypted":
            return {"work.zip": encrypted(packed(good))}, None
        case "cut off":
            return {"work.zip": packed(good)[:-40]}, None
        case "two that answer":
            return {"first.ipynb": mine, "second.ipynb": wrong}, None
        case "a bomb and the notebook":
            bomb = packed({"zeros": bytes(70 * 2**20)}) if number % 100 < 20 else b"PK\3\4"
            return {"work.zip": packed({"a1.ipynb": mine, "more.zip": bomb})}, mine
        case "surrogates and escapes in an answer":
            odd = submission(mean=f"def mean(x):\n    return '\\ud800 \x1b[2J {number}'")
            return {"a1.ipynb": odd}, odd
        case "nested too deep":
            return {"work.zip": deep}, None
        case "empty notebook file":
            return {"a1.ipynb": b""}, b""
        case "packed by bzip2":
            return {"work.zip": with_entries((entry("a1.ipynb", zipfile.ZIP_BZIP2), mine))}, None
        case "an .ipynb.gz":
            return {"a1.ipynb.gz": gzip.compress(mine)}, None
        case "printed as a web page":
            return {"a1.html": b"<!DOCTYPE html>"}, None
        case "an Untitled alone":
            return {"Untitled.ipynb": mine}, mine
        case "another assignment's notebook":
            return {"a2.ipynb": scratch}, scratch
        case "nbgrader's marks in an answer":
            marks = "### BEGIN HIDDEN TESTS\n# YOUR CODE HERE\n### END SOLUTION"
            odd = submission(mean=f"def mean(x):\n    return {number} + len({marks!r})\n{marks}")
            return {"a1.ipynb": odd}, odd
        case "two entries of one name":
            return {
                "work.zip": with_entries((entry("a1.ipynb"), mine), (entry("a1.ipynb"), wrong))
            }, None
        case "a link in a zip":
            link = entry("a1.ipynb")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            return {"work.zip": with_entries((link, f"../{number + 1}/a1.ipynb".encode()))}, None
        case "a way out of the zip":
            ways = (f"../../{place(number + 1)}", f"/{place(number + 1)}", "C:\\a1.ipynb")
            return {"work.zip": packed({"a1.ipynb": mine} | dict.fromkeys(ways, wrong))}, mine
        case "a size that is not so":
            return {"work.zip": lying(packed(good))}, None
        case "a zip of the large kind":
            return {"work.zip": large(mine)}, mine
        case "a zip of 2,001 files":
            first = {f"{n}.txt": b"" for n in range(2_000)}
            return {"work.zip": packed(first | good)}, None
        case "what a Mac adds":
            mac = {f"__MACOSX/{place(number + 1)}": wrong, "._a1.ipynb": wrong, ".DS_Store": b""}
            return {"work.zip": packed(mac | good)}, mine
    raise AssertionError(kind)


def canvas(number, name="a1.ipynb"):
    late = "LATE_" if number % 3 == 0 else ""
    return f"student{number % 7}_{late}{number}_{number + 70_000}_{name}"


def moodle(number, name="a1.ipynb"):
    if number % 2:
        return f"Stu Dent {number % 7}_{number}_assignsubmission_file_/{name}"
    return f"Stu Dent {number % 7}_{number}_assignsubmission_file_{name}"


def gradescope(number, name="a1.ipynb"):
    return f"assignment_9_export/submission_{number}/{name}"


def exchange(number, name="a1.ipynb", hours=0):
    time = START + timedelta(minutes=number, hours=hours)
    return f"inbound/s{number}+a1+{time:%Y-%m-%d %H:%M:%S.%f} UTC+{number}abc/{name}"


def build(platform, place, first):
    """Return the download of a platform, and student -> kind, bytes that count and time."""
    entries, expected = {}, {}
    for number in range(first, first + EACH):
        kind = KINDS[number % len(KINDS)]
        time = START + timedelta(minutes=number)
        files, counts = files_of(kind, number, place)
        if kind == "handed in twice" and platform == "exchange":
            entries[exchange(number, hours=1)] = (counts, time)
            entries[place(number)] = (submission(mean="1"), time)
            time += timedelta(hours=1)
        else:
            for name, data in files.items():
                entries[place(number, name)] = (data, time)
        expected[number] = (kind, counts, time)
    return entries, expected


SHEETS = {
    "canvas": "Student;ID;SIS Login ID;Section;a1 (7)\n"
    + "".join(
        f"Dent {n % 7}, Stu;{n};o'{chr(0xE0 + n % 20)}{n};x;\n" for n in range(1000, 1000 + EACH)
    ),
    "moodle": "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Zuletzt geändert\n"
    + "".join(
        f'Teilnehmer/in {n},Stu Dent {n % 7},m{n}@x.org,-,,"6,00",-\n'
        for n in range(2000, 2000 + EACH)
    ),
}
METADATA = "".join(
    f"submission_{n}:\n  :submitters:\n  - :sid: 'g{n}'\n"
    f"  :created_at: {START + timedelta(minutes=n):%Y-%m-%d %H:%M:%S} Z\n"
    for n in range(3000, 3000 + EACH)
)
PLATFORMS = {
    "canvas": (canvas, 1000, lambda n: f"o'{chr(0xE0 + n % 20)}{n}"),
    "moodle": (moodle, 2000, lambda n: f"m{n}@x.org"),
    "gradescope": (gradescope, 3000, lambda n: f"g{n}"),
    "exchange": (exchange, 4000, lambda n: f"s{n}"),
}


def write(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (data, time) in entries.items():
            archive.writestr(zipfile.ZipInfo(name, time.timetuple()[:6]), data)
    return path


@pytest.mark.slow
def test_each_of_400_gets_the_right_owner_time_and_file(tmp_path, gradebook_template):
    from cs231n_lib.course.classroom.folder.names import Names

    course = make_course(tmp_path / "course", gradebook_template)
    wanted = {}
    for platform, (place, first, login) in PLATFORMS.items():
        entries, expected = build(platform, place, first)
        if platform == "gradescope":
            entries["assignment_9_export/submission_metadata.yml"] = (METADATA.encode(), START)
        sources = [write(tmp_path / f"{platform}.zip", entries)]
        if platform in SHEETS:
            sources.append(tmp_path / f"{platform}.csv")
            sources[-1].write_text(SHEETS[platform], "utf-16" if platform == "canvas" else "utf-8")
        report = collect(course, "a1", sources)
        assert sum(report.counts.values()) == len(entries)
        assert not report.complete
        again = collect(course, "a1", sources)
        assert again.counts["accepted"] == 0
        wanted |= {login(number): found for number, found in expected.items()}
    logins = Names(course)
    found = {logins.login_of(s.student): s for s in submissions(course, "a1")}
    assert len(wanted) == 4 * EACH
    assert found.keys() == wanted.keys()
    for login, (kind, counts, time) in wanted.items():
        submitted, told = found[login], EXPECTED[kind]
        assert submitted.received == time, (login, kind)
        if told == "own":
            assert submitted.reason == "", (login, kind)
            assert submitted.path.read_bytes() == counts, (login, kind)
        elif told == "theirs":
            whole = submitted.path.read_bytes()
            assert whole == counts or "nothing says which" in submitted.reason, (login, kind)
        else:
            assert told in submitted.reason, (login, kind)


def test_the_expected_outcomes_cover_every_kind_on_every_platform():
    for place, first, _ in PLATFORMS.values():
        _, expected = build("", place, first)
        assert {kind for kind, _, _ in expected.values()} == set(EXPECTED)
