"""What CIFAR-10 consists of, where it lies, and whether each file is what it should be.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical
report, University of Toronto, 2009.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cs231n_lib._extras import extra

FOLDER = "cifar-10-batches-py"
META, TEST = "batches.meta", "test_batch"
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
LARGEST_FILE = 1 << 26  # the batches have 31 MB


@dataclass(frozen=True)
class Release:
    """Where a set of batch files comes from and what exactly is in them.

    Attributes
    ----------
    url : str
        Address of the ``.tar.gz`` archive.
    archive_sha256 : str
        Checksum of the archive.
    files : mapping of str to str
        SHA-256 checksum of every file in it.
    images_per_batch : int
        How many images each batch file holds.
    """

    url: str
    archive_sha256: str
    files: Mapping[str, str]
    images_per_batch: int = 10_000


CIFAR10 = Release(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    # The official page gives the MD5 c58f30108f718f92721af3b95e74349a; Keras checks this one.
    archive_sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    files={
        "batches.meta": "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb",
        "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
        "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
        "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
        "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
        "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
        "readme.html": "4d1c3fb199d6a183ae03f5162b469d7bc04edf2fad9547bd5f224271d52f98e5",
        "test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
    },
)


def data_dir() -> Path:
    """Return the folder for data: ``CS231N_DATA_DIR`` if set, else the user's cache."""
    named = os.environ.get("CS231N_DATA_DIR")
    if named:
        return Path(named).expanduser()
    with extra("data", "the cache for data (or set CS231N_DATA_DIR)"):
        import pooch  # here, because only a machine with a cache needs it

    return Path(pooch.os_cache("cs231n_lib"))


def cifar10_dir(folder: str | os.PathLike[str] | None = None) -> Path:
    """Return where the batch files are, or would be put.

    Parameters
    ----------
    folder : path, optional
        The folder ``cifar-10-batches-py`` itself, under any name, or its parent;
        :func:`data_dir` if not given.
    """
    base = data_dir() if folder is None else Path(folder).expanduser()
    if base.name == FOLDER or any(os.path.exists(base / name) for name in (*BATCHES, TEST, META)):
        return base
    return base / FOLDER


def check_file(path: Path, sha256: str) -> str:
    """Compare one file with its checksum.

    Returns
    -------
    str
        ``"ok"``, or what is wrong: ``"missing"``, ``"not a file"``, ``"unreadable: ..."``
        or ``"differs: ..."`` with both checksums.
    """
    if not os.path.exists(path):
        return "missing"
    if not os.path.isfile(path):
        return "not a file"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    if found != sha256:
        size = path.stat().st_size
        return f"differs: SHA-256 {found[:12]}…, expected {sha256[:12]}… ({size:,} bytes here)"
    return "ok"


def verify_cifar10(
    folder: str | os.PathLike[str] | None = None, *, release: Release = CIFAR10
) -> dict[str, str]:
    """Compare every file with its checksum.

    Parameters
    ----------
    folder : path, optional
        As in :func:`cifar10_dir`.
    release : Release
        The files and checksums to expect.

    Returns
    -------
    dict of str to str
        For every file the verdict of ``check_file``.
    """
    where = cifar10_dir(folder)
    return {name: check_file(where / name, sha256) for name, sha256 in release.files.items()}
