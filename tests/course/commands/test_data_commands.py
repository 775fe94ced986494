"""``cs231n data``: what the commands print, how they exit, and what they leave alone."""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from cs231n_lib import data
from cs231n_lib.course import cli

COUNT = 10
FOLDER = "cifar-10-batches-py"


def official_files():
    """Make one image of every class a batch, in the official layout."""
    rng = np.random.default_rng(0)
    files = {"readme.html": b"read me"}
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        pixels = rng.integers(0, 256, (COUNT, 3072), dtype=np.uint8)
        files[name] = pickle.dumps({b"data": pixels, b"labels": list(range(10))}, protocol=2)
    names = [name.encode() for name in data.CLASS_NAMES]
    return files | {"batches.meta": pickle.dumps({b"label_names": names}, protocol=2)}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Serve a small CIFAR-10 from this machine in place of the real one."""
    folder = tmp_path / "site"
    folder.mkdir()
    files = official_files()
    with tarfile.open(folder / "cifar.tar.gz", "w:gz") as archive:
        for name, raw in files.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    release = data.Release(
        f"http://127.0.0.1:{server.server_port}/cifar.tar.gz",
        hashlib.sha256((folder / "cifar.tar.gz").read_bytes()).hexdigest(),
        {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()},
        COUNT,
    )
    monkeypatch.setattr(data, "CIFAR10", release)
    yield folder
    server.shutdown()
    server.server_close()


@pytest.fixture
def cs231n(monkeypatch, capsys, tmp_path):
    """Run a command as ``main`` does; return its exit status, output and error output."""
    monkeypatch.setenv("CS231N_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cs231n", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return stop.value.code or 0, printed.out, printed.err

    return run


def test_fetch_then_verify_then_info(site, cs231n, tmp_path):
    status, out, _ = cs231n("data", "fetch")
    assert status == 0
    assert f"CIFAR-10 is in {tmp_path / 'data' / FOLDER}" in out

    status, out, _ = cs231n("data", "verify")
    assert status == 0
    rows = [line for line in out.splitlines() if line.startswith("│")]
    assert len(rows) == 8
    assert all("ok" in row for row in rows)
    assert str(tmp_path / "data" / FOLDER) in out

    status, out, _ = cs231n("data", "info")
    assert status == 0
    assert "Dataset(50 training and 10 test images, 32×32×3 uint8, 10 classes)" in out
    assert "Dataset(5,000 training and 1,000 test images" in out
    assert [cell.strip() for cell in out.splitlines()[-2].split("│")[1:-1]] == [
        "9 truck", "500", "100", "5", "1"
    ]  # fmt: skip


@pytest.mark.parametrize("inner", ["", FOLDER])
def test_folder_can_be_named(site, cs231n, tmp_path, inner):
    where = tmp_path / "elsewhere" / inner
    assert cs231n("data", "fetch", where)[0] == 0
    assert (tmp_path / "elsewhere" / FOLDER / "test_batch").is_file()
    assert cs231n("data", "verify", where)[0] == 0
    assert not (tmp_path / "data").exists()


def test_verify_points_at_the_damaged_file(site, cs231n, tmp_path):
    cs231n("data", "fetch")
    (tmp_path / "data" / FOLDER / "data_batch_2").write_bytes(b"damaged")
    (tmp_path / "data" / FOLDER / "test_batch").unlink()
    status, out, err = cs231n("data", "verify", tmp_path / "data")
    assert status == 1
    wrong = {line.split("│")[1].strip(): line for line in out.splitlines() if line[:1] == "│"}
    assert "7 bytes here" in wrong["data_batch_2"]
    assert "missing" in wrong["test_batch"]
    assert sum("ok" in line for line in wrong.values()) == 6
    assert f"cs231n data fetch {tmp_path / 'data'}" in err

    status, out, _ = cs231n("data", "info")
    assert status == 0
    assert "CIFAR-10: not available." in out
    assert "data_batch_2" in out
    assert "scenes training" in out
    assert "CIFAR-10 training" not in out

    assert cs231n("data", "fetch")[0] == 0
    assert cs231n("data", "verify")[0] == 0


def test_verify_without_data_fails_and_says_what_to_do(cs231n):
    status, out, err = cs231n("data", "verify")
    assert status == 1
    assert out.count("missing") == 8
    assert "To mend that: cs231n data fetch\n" in err


@pytest.mark.parametrize("command", ["verify", "info"])
def test_folder_that_is_not_there_is_a_mistake(cs231n, tmp_path, command):
    status, out, err = cs231n("data", command, tmp_path / "[nowhere]")
    assert (status, out) == (2, "")
    assert f"there is no folder {tmp_path / '[nowhere]'}" in err


def test_failed_fetch_is_told_without_a_traceback(site, cs231n, tmp_path):
    (site / "cifar.tar.gz").unlink()
    status, out, err = cs231n("data", "fetch")
    assert (status, out) == (2, "")
    assert "Error: " in err
    assert "answers 404" in err
    assert list((tmp_path / "data").iterdir()) == []


def test_bad_usage_exits_with_2(cs231n):
    assert cs231n("data", "mend")[0] == 2
    assert cs231n("data", "fetch", "a", "b")[0] == 2


def test_group_explains_itself(cs231n):
    _, out, err = cs231n("data")
    assert all(word in out + err for word in ("fetch", "info", "verify"))


def test_base_install_suffices(tmp_path):
    """The commands load nothing that only the extras bring."""
    extras = ["jupyter_book", "sphinx", "nbformat", "nbgrader", "nbclient", "IPython", "scipy"]
    code = (
        "import sys; from cs231n_lib.course import cli; sys.argv = ['cs231n', 'data', 'verify']\n"
        "try:\n    cli.main()\nexcept SystemExit as stop:\n    assert stop.code == 1, stop.code\n"
        f"assert not [name for name in {extras} if name in sys.modules]"
    )
    environment = os.environ | {"CS231N_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
