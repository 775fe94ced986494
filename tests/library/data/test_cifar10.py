"""CIFAR-10's files: read when right, refused with reasons when wrong, fetched whole or not at all.

The archives here are made of random pixels in the official layout and served from this machine.
"""

import codecs
import gzip
import hashlib
import io
import os
import pickle
import tarfile
import threading
from collections import OrderedDict
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n_lib import data as library
from cs231n_lib.data import (
    CIFAR10,
    CLASS_NAMES,
    DataError,
    Release,
    cifar10_dir,
    data_dir,
    fetch_cifar10,
    load_cifar10,
    verify_cifar10,
)
from cs231n_lib.data._batches import read_batch, unpickle
from cs231n_lib.data._download import ResumingDownloader

COUNT = 20
FOLDER = "cifar-10-batches-py"
BATCHES = [f"data_batch_{i}" for i in range(1, 6)]
REAL = os.environ.get("CS231N_DATA_DIR")


def batch(seed, **changes):
    """Make what is in a batch file; ``changes`` replace or (``None``) remove entries."""
    rng = np.random.default_rng(seed)
    content = {
        b"batch_label": b"a batch",
        b"labels": rng.integers(0, 10, COUNT).tolist(),
        b"data": rng.integers(0, 256, (COUNT, 3072), dtype=np.uint8),
        b"filenames": [b"x.png"] * COUNT,
    }
    content |= {key.encode(): value for key, value in changes.items()}
    return {key: value for key, value in content.items() if value is not None}


def official_files(numpy_core=b"numpy.core"):
    meta = {b"label_names": [name.encode() for name in CLASS_NAMES], b"num_vis": 3072}
    contents = {"batches.meta": meta, "test_batch": batch(9)}
    contents |= {name: batch(number) for number, name in enumerate(BATCHES)}
    files = {name: pickle.dumps(content, protocol=2) for name, content in contents.items()}
    # Files from before NumPy 2, the official ones too, call the module by its old name.
    files = {name: raw.replace(b"numpy._core", numpy_core) for name, raw in files.items()}
    return files | {"readme.html": b"<p>read me</p>"}


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def tar(members, folder=FOLDER):
    """Pack ``{name: bytes or TarInfo}``."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        if folder:
            top = tarfile.TarInfo(folder)
            top.type = tarfile.DIRTYPE
            archive.addfile(top)
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                member = tarfile.TarInfo(f"{folder}/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


FILES = official_files()
ARCHIVE = tar(FILES)
RELEASE = Release(
    "http://127.0.0.1/archive.tar.gz",
    sha256(ARCHIVE),
    {name: sha256(raw) for name, raw in FILES.items()},
    COUNT,
)


def write(folder, files=FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def released(files):
    """Return a release in which ``files`` are what is expected."""
    return replace(RELEASE, files={name: sha256(raw) for name, raw in files.items()})


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """Keep every test away from the data and the cache of whoever runs it."""
    monkeypatch.setenv("CS231N_DATA_DIR", str(tmp_path / "default"))


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize("numpy_core", [b"numpy.core", b"numpy._core"])
def test_pixels_and_labels_arrive_where_they_belong(tmp_path, numpy_core):
    files = official_files(numpy_core)
    data = load_cifar10(write(tmp_path, files), release=released(files))
    assert repr(data) == "Dataset(100 training and 20 test images, 32×32×3 uint8, 10 classes)"
    for number in range(5):
        content, rows = batch(number), slice(number * COUNT, (number + 1) * COUNT)
        red, green, blue = np.split(content[b"data"], 3, axis=1)
        for channel, plane in enumerate((red, green, blue)):
            np.testing.assert_array_equal(
                data.X_train[rows, :, :, channel].reshape(COUNT, -1), plane
            )
        assert data.y_train[rows].tolist() == content[b"labels"]
    np.testing.assert_array_equal(data.y_test, batch(9)[b"labels"])
    assert data.X_test[3, 5, 7, 2] == batch(9)[b"data"][3, 2 * 1024 + 5 * 32 + 7]
    assert data.X_test.flags.c_contiguous


@pytest.mark.parametrize("inner", ["", FOLDER])
def test_folder_or_its_parent_will_do(tmp_path, monkeypatch, inner):
    write(tmp_path / "somewhere" / inner)
    by_argument = load_cifar10(tmp_path / "somewhere", release=RELEASE)
    monkeypatch.setenv("CS231N_DATA_DIR", str(tmp_path / "somewhere"))
    by_variable = load_cifar10(release=RELEASE)
    np.testing.assert_array_equal(by_argument.X_train, by_variable.X_train)


def test_default_place_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("CS231N_DATA_DIR")
    assert data_dir().name == "cs231n_lib"
    assert cifar10_dir() == data_dir() / FOLDER
    assert cifar10_dir(tmp_path / FOLDER) == tmp_path / FOLDER


@pytest.mark.skipif(not REAL, reason="CS231N_DATA_DIR does not name a folder with CIFAR-10")
def test_the_real_thing():
    data = load_cifar10(REAL)
    assert data.X_train.shape == (50_000, 32, 32, 3)
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert set(verify_cifar10(REAL).values()) == {"ok"}
    # The first training image, a frog: its first pixel is known from many a tutorial.
    assert (data.y_train[0], data.X_train[0, 0, 0].tolist()) == (6, [59, 62, 63])


def test_official_release_names_every_file():
    assert set(CIFAR10.files) == set(FILES)
    assert all(len(digest) == 64 for digest in [*CIFAR10.files.values(), CIFAR10.archive_sha256])


def damage(folder, name, how):
    path = folder / name
    if how == "missing":
        path.unlink()
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "one bit":
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize(
    ("how", "verdict"),
    [
        ("missing", "missing"),
        ("folder", "not a file"),
        ("truncated", "differs: SHA-256"),
        ("empty", "differs: SHA-256 e3b0c44298fc"),
        ("one bit", "differs: SHA-256"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, how, verdict):
    damage(write(tmp_path), name, how)
    verdicts = verify_cifar10(tmp_path, release=RELEASE)
    assert verdicts.pop(name).startswith(verdict)
    assert set(verdicts.values()) == {"ok"}
    with pytest.raises(DataError) as error:
        load_cifar10(tmp_path, release=RELEASE)
    for word in (str(tmp_path / name), verdict, "cs231n data fetch", "CS231N_DATA_DIR"):
        assert word in str(error.value)


def test_unreadable_file_is_named(tmp_path, monkeypatch):
    write(tmp_path)

    def refuse(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    verdicts = verify_cifar10(tmp_path, release=RELEASE)
    assert set(verdicts.values()) == {"unreadable: Permission denied"}


def test_nothing_there_is_explained(tmp_path):
    with pytest.raises(DataError, match=r"data_batch_1: missing\. Run: cs231n data fetch"):
        load_cifar10(tmp_path / "none", release=RELEASE)
    assert set(verify_cifar10(tmp_path / "none", release=RELEASE).values()) == {"missing"}


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Unhelpful(str):
    __slots__ = ()


# What an attacker could put in a file whose checksum is "right"; each must be refused unrun.
MALICIOUS = {
    "os.system": Evil(os.system, "touch {mark}"),
    "eval": Evil(eval, "open({mark!r}, 'w')"),
    "open": Evil(open, "{mark}", "w"),
    "exec": Evil(exec, "open({mark!r}, 'w').close()"),
    "getattr": Evil(getattr, "x", "upper"),
    "import": Evil(__import__, "antigravity"),
    "numpy.save": Evil(np.save, "{mark}", 0),
    "numpy.loads": Evil(np.load, "{mark}"),
    "a codec": Evil(codecs.encode, "x", "rot13"),
    "a class": OrderedDict(a=1),
    "a subclass": Unhelpful("x"),
}


@pytest.mark.parametrize("attack", MALICIOUS)
@pytest.mark.parametrize("place", ["alone", "within"])
def test_malicious_pickles_run_nothing(tmp_path, attack, place):
    mark = tmp_path / "was-run"
    value = MALICIOUS[attack]
    if isinstance(value, Evil):
        function, arguments = value.call
        texts = [a.format(mark=str(mark)) if isinstance(a, str) else a for a in arguments]
        value = Evil(function, *texts)
    content = value if place == "alone" else batch(0, labels=value)
    files = FILES | {"data_batch_1": pickle.dumps(content, protocol=2)}
    # Under the official checksums it is not even opened, ...
    with pytest.raises(DataError, match=r"data_batch_1: differs"):
        load_cifar10(write(tmp_path / "d", files), release=RELEASE)
    # ... and with a checksum that fits, the reader refuses it.
    with pytest.raises(DataError, match=r"data_batch_1 is not a CIFAR-10 file .* asks for|bytes"):
        load_cifar10(tmp_path / "d", release=released(files))
    assert not mark.exists()


def test_evil_would_have_worked(tmp_path):
    """The attacks above are real ones: Python's own reader runs them."""
    mark = tmp_path / "was-run"
    pickle.loads(pickle.dumps(Evil(open, str(mark), "w"), protocol=2)).close()
    assert mark.exists()


GLOBAL_IN_STACK = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
BOMB = pickle.dumps(batch(0), protocol=2).replace(
    b"K\x00\x85", b"\x8a\x06\xff\xff\xff\xff\xff\x00\x85"
)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "EOFError"),
        (b"not a pickle", "is not a CIFAR-10 file"),
        (pickle.dumps(batch(0), protocol=2)[:-1], "is not a CIFAR-10 file"),
        (pickle.dumps(batch(0), protocol=2)[:5000], "is not a CIFAR-10 file"),
        (GLOBAL_IN_STACK, "asks for os.system"),
        (b"\x80\x02}q\x00" + b"(" * 200, "is not a CIFAR-10 file"),
        (b"(" * 100_000 + b"l" * 100_000 + b".", "holds a list, not a dictionary"),
        (b"Pmemory\n.", "is not a CIFAR-10 file"),
        (b"\x80\x02\x8b\xff\xff\xff\x7fx.", "is not a CIFAR-10 file"),
        (pickle.dumps([1, 2]), "holds a list, not a dictionary"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_broken_pickles_are_refused(tmp_path, raw, message):
    (tmp_path / "batch").write_bytes(raw)
    with pytest.raises(DataError, match=message):
        unpickle(tmp_path / "batch")


def test_strings_of_python_2_are_read_as_bytes(tmp_path):
    """The official files were pickled by Python 2, whose strings Python 3 would decode as ASCII."""
    (tmp_path / "batch").write_bytes(b"\x80\x02}U\x02\xe9xK\x01s.")
    assert unpickle(tmp_path / "batch") == {b"\xe9x": 1}


def test_an_array_cannot_claim_endless_memory(tmp_path):
    assert pickle.dumps(batch(0), protocol=2) != BOMB
    (tmp_path / "batch").write_bytes(BOMB)
    images, _ = read_batch(tmp_path / "batch", COUNT)  # the claim is ignored, the content read
    assert images.nbytes == COUNT * 3072


def test_flags_of_a_dtype_are_not_believed(tmp_path):
    """NumPy takes them from a pickle, and stumbles over them when the array goes."""
    plain = pickle.dumps(batch(0), protocol=2)
    state = 2 * b"J\xff\xff\xff\xff"  # no size and no alignment of its own; then the flags
    flagged = plain.replace(state + b"K\x00t", state + b"K\x3ft")
    assert flagged != plain
    (tmp_path / "batch").write_bytes(flagged)
    images, _ = read_batch(tmp_path / "batch", COUNT)
    assert np.array_equal(images, batch(0)[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_mutilated_batch_raises_anything_else(tmp_path_factory, data):
    raw = bytearray(FILES["test_batch"])
    for _ in range(data.draw(st.integers(1, 4))):
        # The first bytes hold the structure; most of the rest is pixels.
        raw[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "batch"
    path.write_bytes(raw)
    try:
        images, labels = read_batch(path, COUNT)
    except DataError:
        return
    assert (images.shape, images.dtype) == ((COUNT, 32, 32, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((COUNT,), np.int64)


def test_oversized_file_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("cs231n_lib.data._batches.LARGEST_FILE", 100)
    with pytest.raises(DataError, match="too large"):
        read_batch(write(tmp_path) / "data_batch_1", COUNT)


PIXELS = batch(0)[b"data"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": None}, "'data' must be an array, not NoneType"),
        ({"data": [1, 2]}, "'data' must be an array, not list"),
        ({"data": PIXELS[:-1]}, r"must be uint8 \(20, 3072\), not uint8 \(19, 3072\)"),
        ({"data": PIXELS.reshape(COUNT, 3, 1024)}, r"not uint8 \(20, 3, 1024\)"),
        ({"data": PIXELS.astype(np.float32)}, "not float32"),
        ({"data": PIXELS.astype(object)}, "not object"),
        ({"labels": None}, "'labels' must be a list of 20 integers from 0 to 9"),
        ({"labels": [0] * 19}, "'labels' must be a list of 20"),
        ({"labels": [10] * COUNT}, "from 0 to 9"),
        ({"labels": [-1] * COUNT}, "from 0 to 9"),
        ({"labels": [True] * COUNT}, "from 0 to 9"),
        ({"labels": ["1"] * COUNT}, "from 0 to 9"),
        ({"labels": np.zeros(COUNT, int)}, "must be a list"),
    ],
)
def test_wrong_contents_are_named(tmp_path, changes, message):
    files = FILES | {"data_batch_2": pickle.dumps(batch(0, **changes), protocol=2)}
    with pytest.raises(DataError, match=f"data_batch_2: .*{message}"):
        load_cifar10(write(tmp_path, files), release=released(files))


def test_other_class_names_are_refused(tmp_path):
    files = FILES | {"batches.meta": pickle.dumps({b"label_names": [b"tulip"]}, protocol=2)}
    with pytest.raises(DataError, match=r"batches\.meta: 'label_names' are .*tulip"):
        load_cifar10(write(tmp_path, files), release=released(files))


# --- fetching -----------------------------------------------------------------------------


class Web:
    """A web server on this machine that behaves as a test wants it to."""

    def __init__(self):
        self.body, self.requests = ARCHIVE, []
        self.break_after = []  # bytes to send before hanging up, one entry a request
        self.status = []  # refusals to begin with
        self.ranges, self.length, self.shift = True, True, 0
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                web.requests.append(self.headers.get("Range"))
                web.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/archive.tar.gz"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        if self.status:
            handler.send_error(self.status.pop(0))
            return
        start, total = 0, len(self.body)
        wanted = handler.headers.get("Range")
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + self.shift
            if start >= total:
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{total}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            handler.send_response(206)
            if self.ranges != "silent":
                handler.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            handler.send_response(200)
        if self.length:
            handler.send_header("Content-Length", str(total - start))
        handler.end_headers()
        piece = self.body[start:]
        if self.break_after:
            piece = piece[: self.break_after.pop(0)]
        handler.wfile.write(piece)


@pytest.fixture
def web():
    server = Web()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def fetch(web, tmp_path):
    def fetch(folder=None, release=RELEASE, **options):
        options = {"wait": 0.0, "timeout": 5.0, "progress": False} | options
        part = (folder or tmp_path) / "archive.tar.gz.part"
        downloader = ResumingDownloader(part, **options)
        where = replace(release, url=web.url)
        return fetch_cifar10(folder or tmp_path, release=where, downloader=downloader)

    return fetch


def left(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


COMPLETE = sorted([FOLDER, *(f"{FOLDER}/{name}" for name in FILES)])


def test_fetch_unpacks_and_leaves_nothing_else(fetch, web, tmp_path):
    assert fetch() == tmp_path / FOLDER
    assert left(tmp_path) == COMPLETE
    assert load_cifar10(tmp_path, release=RELEASE).X_train.shape == (5 * COUNT, 32, 32, 3)
    assert web.requests == [None]


def test_second_fetch_asks_for_nothing(fetch, web):
    fetch()
    fetch()
    assert len(web.requests) == 1


@pytest.mark.parametrize("name", FILES)
def test_fetch_mends_one_damaged_file(fetch, tmp_path, name):
    where = fetch()
    (where / name).write_bytes(b"damaged")
    (where / "notes.txt").write_text("mine")
    fetch()
    assert left(tmp_path) == sorted([*COMPLETE, f"{FOLDER}/notes.txt"])
    assert set(verify_cifar10(tmp_path, release=RELEASE).values()) == {"ok"}


def test_load_can_fetch_first(web, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CS231N_DATA_DIR", str(tmp_path / "new" / "place"))
    data = load_cifar10(download=True, release=replace(RELEASE, url=web.url))
    assert len(data.y_train) == 5 * COUNT
    assert left(tmp_path / "new" / "place") == COMPLETE
    assert "archive.tar.gz" in capsys.readouterr().err  # the progress bar


def test_broken_transfer_goes_on_where_it_stopped(fetch, web, tmp_path):
    web.break_after = [1000, 5000]
    fetch()
    assert web.requests == [None, "bytes=1000-", "bytes=6000-"]
    assert left(tmp_path) == COMPLETE


def test_next_call_goes_on_where_the_last_one_stopped(fetch, web, tmp_path):
    web.break_after = [1000, 1000]
    with pytest.raises(DataError, match=r"broke 2 times.* 2,000 bytes are kept in .*again"):
        fetch(attempts=2)
    assert left(tmp_path) == ["archive.tar.gz.part"]
    fetch()
    assert web.requests == [None, "bytes=1000-", "bytes=2000-"]
    assert left(tmp_path) == COMPLETE


def test_server_without_ranges_sends_all_again(fetch, web, tmp_path):
    web.ranges, web.break_after = False, [1000]
    fetch()
    assert left(tmp_path) == COMPLETE


def test_server_without_lengths_is_caught_by_the_checksum(fetch, web, tmp_path):
    web.length, web.break_after = False, [1000]
    with pytest.raises(DataError, match="damaged or is not CIFAR-10"):
        fetch()
    assert left(tmp_path) == []
    fetch()
    assert left(tmp_path) == COMPLETE


@pytest.mark.parametrize(("ranges", "shift"), [("silent", 0), (True, 7)])
def test_misleading_ranges_are_not_believed(fetch, web, tmp_path, ranges, shift):
    web.ranges, web.shift, web.break_after = ranges, shift, [1000]
    with pytest.raises(DataError, match=r"broke 3 times.*(does not say which|goes on at byte)"):
        fetch(attempts=3)
    assert left(tmp_path) == ["archive.tar.gz.part"]


def test_server_that_goes_back_a_little_is_followed(fetch, web, tmp_path):
    web.shift, web.break_after = -300, [1000]
    fetch()
    assert left(tmp_path) == COMPLETE


def test_part_that_is_whole_already_is_used(fetch, web, tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(ARCHIVE)
    fetch()
    assert web.requests == [f"bytes={len(ARCHIVE)}-"]
    assert left(tmp_path) == COMPLETE


def test_part_of_something_longer_is_thrown_away(fetch, web, tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(ARCHIVE + b"more")
    fetch()
    assert web.requests == [f"bytes={len(ARCHIVE) + 4}-", None]
    assert left(tmp_path) == COMPLETE


def test_part_of_something_else_is_found_out_and_thrown_away(fetch, tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(b"something else")
    with pytest.raises(DataError, match="damaged or is not CIFAR-10"):
        fetch()
    assert left(tmp_path) == []


def test_busy_server_is_asked_again(fetch, web, tmp_path):
    web.status = [503, 500]
    fetch()
    assert left(tmp_path) == COMPLETE


@pytest.mark.parametrize("status", [403, 404, 410])
def test_refusal_is_final(fetch, web, tmp_path, status):
    web.status = [status] * 9
    with pytest.raises(DataError, match=f"answers {status}"):
        fetch()
    assert len(web.requests) == 1
    assert left(tmp_path) == []


def test_no_server_is_explained(tmp_path, web):
    web.server.server_close()
    downloader = ResumingDownloader(tmp_path / "p", attempts=2, wait=0.01, progress=False)
    with pytest.raises(DataError, match=r"broke 2 times, last with: .*refused.*0 bytes"):
        fetch_cifar10(tmp_path, release=replace(RELEASE, url=web.url), downloader=downloader)
    web.server.shutdown()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_is_told_from_a_broken_connection(web, tmp_path):
    with pytest.raises(DataError, match="cannot write /dev/full: No space left"):
        ResumingDownloader(Path("/dev/full"), progress=False)(web.url, str(tmp_path / "out"))
    assert len(web.requests) == 1


def test_part_that_cannot_be_opened_is_explained(web, tmp_path):
    with pytest.raises(DataError, match=r"cannot write .*nowhere/part: No such file"):
        ResumingDownloader(tmp_path / "nowhere" / "part", progress=False)(web.url, "out")


def test_place_that_cannot_be_used_is_explained(fetch, tmp_path):
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(DataError, match=f"cannot keep CIFAR-10 in .*{FOLDER}"):
        fetch()
    assert (tmp_path / FOLDER).read_text() == "in the way"


def link(name, target, kind):
    member = tarfile.TarInfo(f"{FOLDER}/{name}")
    member.type, member.linkname = kind, target
    return member


def named(name):
    return tarfile.TarInfo(name)


BAD_ARCHIVES = {
    "another file": FILES | {"extra": b"x"},
    "a file outside": FILES | {"up": named("../evil")},
    "a file further out": FILES | {"up": named(f"{FOLDER}/../../evil")},
    "an absolute path": FILES | {"up": named("/tmp/evil")},
    "a soft link": FILES | {"test_batch": link("test_batch", "/etc/passwd", tarfile.SYMTYPE)},
    "a hard link": FILES | {"test_batch": link("test_batch", "x", tarfile.LNKTYPE)},
    "a device": FILES | {"test_batch": link("test_batch", "", tarfile.CHRTYPE)},
    "a pipe": FILES | {"test_batch": link("test_batch", "", tarfile.FIFOTYPE)},
    "a folder": FILES | {"test_batch": link("test_batch", "", tarfile.DIRTYPE)},
    "a file twice": FILES | {"again": named(f"{FOLDER}/test_batch")},
    "a file too few": {name: raw for name, raw in FILES.items() if name != "test_batch"},
    "a file changed": FILES | {"test_batch": b"changed"},
    "nothing": {},
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_bad_archives_leave_nothing_behind(fetch, web, tmp_path, name):
    # Their checksum is "right", so that only the unpacking can refuse them.
    web.body = tar(BAD_ARCHIVES[name])
    folder = tmp_path / "deep" / "data"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match=r"is not CIFAR-10: (it holds|it lacks|cifar-10)"):
        fetch(folder, replace(RELEASE, archive_sha256=sha256(web.body)))
    assert left(tmp_path) == ["deep", "deep/data"]


BROKEN_ARCHIVES = {
    "empty": b"",
    "a web page": b"<html>",
    "half": ARCHIVE[: len(ARCHIVE) // 2],
    "its head": ARCHIVE[:100],
    "a tar without gzip": gzip.decompress(ARCHIVE),
}


@pytest.mark.parametrize("name", BROKEN_ARCHIVES)
def test_broken_archives_leave_nothing_behind(fetch, web, tmp_path, name):
    web.body = body = BROKEN_ARCHIVES[name]
    with pytest.raises(DataError, match="damaged or is not CIFAR-10"):
        fetch(release=replace(RELEASE, archive_sha256=sha256(body)))
    assert left(tmp_path) == []


def test_wrong_checksum_leaves_nothing_behind(fetch, web, tmp_path):
    web.body = ARCHIVE[:-1] + b"x"
    with pytest.raises(DataError, match="does not match the known hash"):
        fetch()
    assert left(tmp_path) == []


def test_member_too_large_is_not_unpacked(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr("cs231n_lib.data.cifar10.LARGEST_FILE", 100)
    with pytest.raises(DataError, match="it holds"):
        fetch()
    assert left(tmp_path) == []


def test_everything_public_is_exported():
    assert all(hasattr(library, name) for name in library.__all__)
