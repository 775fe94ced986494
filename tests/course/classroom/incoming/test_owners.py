"""Nothing that a student packs is anybody else's: a search for a counter-example.

The property: below a part of a path that names a person, names, folders and archives of any kind
leave the owner what it was, or the file is refused; they create no student and set no time.
"""

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.incoming.archives import Download
from cs231n_lib.course.classroom.incoming.collect import collect
from cs231n_lib.course.classroom.incoming.owners import hand_ins, owner_of
from cs231n_lib.course.classroom.incoming.received import submissions
from cs231n_lib.course.classroom.platforms.platform import Label, View
from cs231n_lib.course.errors import Refused
from tests.course.conftest import make_course
from tests.course.notebooks import submission

VICTIM = 999
METADATA = (
    "submission_{n}:\n  :submitters:\n  - :sid: {who}\n  :created_at: 2027-01-01 00:00:00 Z\n"
)
#: What an attacker calls files and folders: every form in which anything ever named a person.
TEMPTING = (
    "x_999_1_a1.ipynb", "victim_999_2_mine.zip", "anon_Ab12C_3_a1.ipynb",
    "LATE_anon_Ab12C_3_a1.ipynb",
    "V V_999_assignsubmission_file_", "V V_999_assignsubmission_file_a1.ipynb", "submission_999",
    "victim+a1+2027-01-01 00:00:00.000000 UTC+r", "victim", "victim.ipynb", "victim.zip", "a1",
    "a1.ipynb", "inbound", "submitted", "submissions", "assignment_9_export", "timestamp.txt",
    "submission_metadata.yml", "submission_secret.txt", "canvas-999", "moodle-999", "..", "x\ny",
    "victim-a1.ipynb", "notebook.ipynb", "\x1b]0;owned\x07", "é", "CON", " ", "victim/a1/a1.ipynb",
)  # fmt: skip
parts = st.one_of(st.sampled_from(TEMPTING), st.text(min_size=1, max_size=12))
#: The attacker's own place in a download, and who that makes them.
PLACES = {
    "aa_7_70_{}": "canvas-7",
    "A A_7_assignsubmission_file_/{}": "moodle-7",
    "A A_7_assignsubmission_file_{}": "moodle-7",
    "submission_7/{}": "attacker",
    "attacker+a1+2026-02-02 00:00:00.000000 UTC+r/{}": "attacker",
    "attacker/{}": "attacker",
    "attacker/a1/{}": "attacker",
}
#: The victim's, and the time that it has to keep.
VICTIMS = {
    "vv_999_9_a1.ipynb": "canvas-999",
    "V V_999_assignsubmission_file_/a1.ipynb": "moodle-999",
    "submission_999/a1.ipynb": "victim",
    "victim+a1+2026-02-01 00:00:00.000000 UTC+r/a1.ipynb": "victim",
    "victim/a1.ipynb": "victim",
}
TIME = (2026, 2, 1, 0, 0, 0)


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(sorted(PLACES)), below=st.lists(parts, min_size=1, max_size=4))
def test_the_first_part_that_names_a_person_is_final(course, place, below):
    view = View("a1", ["a1", "a2"], Names(course), {Label("canvas", "999"): "V V"})
    view.metadata["gradescope", ()] = {"submission_7": {":submitters": [{":sid": "attacker"}]}}
    path = tuple(place.format("/".join(below)).split("/"))
    try:
        container = owner_of(path, view)
    except Refused:
        return
    assert [str(owner) for owner in container.owners] == [PLACES[place]]
    if container.time is not None:
        assert container.time == datetime(2026, 2, 2, tzinfo=UTC)


pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


def packed(tree):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in tree:
            # A student may write any date into an archive of theirs.
            entry = zipfile.ZipInfo(name.replace("\0", ""), (2099, 1, 1, 0, 0, 0))
            archive.writestr(entry, content if isinstance(content, bytes) else packed(content))
    return data.getvalue()


WRONG = submission(mean="def mean(x):\n    return 0")
leaves = st.sampled_from(
    [WRONG, b"", b"PK\3\4", METADATA.format(n=7, who="victim").encode(), b"2027-01-01 00:00:00 UTC"]
)
names = st.lists(parts, min_size=1, max_size=3).map("/".join)
trees = st.recursive(
    leaves, lambda inner: st.lists(st.tuples(names, inner), max_size=3), max_leaves=8
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    victim=st.sampled_from(sorted(VICTIMS)),
    place=st.sampled_from(sorted(PLACES)),
    name=names,
    tree=trees,
)
def test_whatever_an_attacker_hands_in_the_victim_keeps_file_and_time(
    tmp_path_factory, victim, place, name, tree
):
    root = tmp_path_factory.mktemp("class")
    course = make_course(root / "course")
    told = METADATA.format(n=999, who="victim").replace("2027", "2026")
    told += METADATA.format(n=7, who="attacker").replace("2027", "2026")
    content = tree if isinstance(tree, bytes) else packed(tree)
    theirs = place.format(f"{name}.zip" if not isinstance(tree, bytes) else name)
    # The exchange is a folder of its own: it is the only one that students write into themselves.
    shelves = ["inbound/" if "+" in where else "" for where in (victim, place)]
    theirs, honest = shelves[1] + theirs, shelves[0] + victim
    entries = [
        (honest, submission()), ("submission_metadata.yml", told.encode()), (theirs, content),
    ]  # fmt: skip
    with zipfile.ZipFile(root / "all.zip", "w") as archive:
        for entry, data in entries:
            archive.writestr(zipfile.ZipInfo(entry, TIME), data)
        count = sum(not entry.is_dir() for entry in archive.infolist())
    report = collect(course, "a1", [root / "all.zip"])
    assert sum(report.counts.values()) == count
    found = {s.student: s for s in submissions(course, "a1")}
    assert set(found) <= {VICTIMS[victim], PLACES[place]}
    honest = found[VICTIMS[victim]]
    assert honest.path.read_bytes() == submission()
    assert honest.received.year == 2026
    for submitted in found.values():
        assert submitted.received is None or submitted.received.year == 2026
    assert not [p for p in root.iterdir() if p.name not in ("course", "all.zip")]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(below=st.lists(parts, min_size=1, max_size=4), called=st.sampled_from(["inbound", "x"]))
@example(below=["victim", "a1.ipynb"], called="x")
@example(below=["._"], called="x")
@example(below=["submitted", "x_999_1_a1.ipynb"], called="inbound")
@example(below=["V V_999_assignsubmission_file_", "a1.ipynb"], called="x")
def test_what_lies_beside_the_exchanges_own_folders_is_nobodys(
    course, tmp_path_factory, below, called
):
    """Whoever may hand in there may make a folder of any name, and a file of any time."""
    root = tmp_path_factory.mktemp("exchange") / called
    honest = root / "victim+a1+2026-02-01 00:00:00.000000 UTC+r" / "a1.ipynb"
    honest.parent.mkdir(parents=True)
    honest.write_bytes(submission())
    names = [part for text in below for part in text.replace("\0", "").split("/")]
    forged = root.joinpath(*(n for n in names if n not in ("", ".", "..")))
    try:
        forged.parent.mkdir(parents=True, exist_ok=True)
        forged.write_bytes(WRONG)
    except (OSError, ValueError):  # no name of a file, or one that is a folder already
        return
    with Download(root) as download:
        refused, aside = [], []
        view = View("a1", ["a1"], Names(course))
        found = list(hand_ins(download, view, refused, aside))
    assert all(hand_in.container.written for hand_in in found)
    assert sum(len(h.files) for h in found) + len(refused) + len(aside) == len(download.files)


def test_the_property_would_be_seen_to_fail(course, monkeypatch):
    """A reading that looks anywhere in a path is what the search is for."""
    from cs231n_lib.course.classroom.platforms.moodle import Moodle

    real = Moodle.identify
    monkeypatch.setattr(Moodle, "identify", lambda self, path, view: real(self, path[-2:], view))
    view = View("a1", ["a1"], Names(course))
    path = ("attacker", "V V_999_assignsubmission_file_", "a1.ipynb")
    assert [str(owner) for owner in owner_of(path, view).owners] == ["moodle-999"]
