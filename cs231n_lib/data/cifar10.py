"""CIFAR-10 from its official files: load it, fetch it.

A file is trusted only after its checksum, and even then unpickled with care.
"""

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from cs231n_lib._extras import extra
from cs231n_lib.data._batches import read_batch, unpickle
from cs231n_lib.data._download import ResumingDownloader
from cs231n_lib.data.cifar10_files import (
    BATCHES,
    CIFAR10,
    FOLDER,
    LARGEST_FILE,
    META,
    TEST,
    Release,
    check_file,
    cifar10_dir,
    verify_cifar10,
)
from cs231n_lib.data.dataset import CLASS_NAMES, DataError, Dataset


def load_cifar10(
    folder: str | os.PathLike[str] | None = None,
    download: bool = False,
    *,
    release: Release = CIFAR10,
) -> Dataset:
    """Read CIFAR-10: 50,000 training and 10,000 test images.

    Parameters
    ----------
    folder : path, optional
        The folder that holds the batch files, or its parent; if not given,
        ``CS231N_DATA_DIR`` or else the user's cache.
    download : bool
        Fetch what is missing or damaged first.
    release : Release
        The files and checksums to expect.

    Returns
    -------
    Dataset
        Training images in the order of the batches 1 to 5.

    Raises
    ------
    DataError
        If a file is missing, damaged or not what it should be; says which and what to do.
    """
    where = fetch_cifar10(folder, release=release) if download else cifar10_dir(folder)
    for name in (*BATCHES, TEST, META):
        verdict = check_file(where / name, release.files[name])
        if verdict != "ok":
            raise DataError(
                f"CIFAR-10: {where / name}: {verdict}. Run: cs231n data fetch, or let "
                f"CS231N_DATA_DIR name the folder that holds {FOLDER}"
            )
    names = unpickle(where / META).get(b"label_names")
    if names != [name.encode() for name in CLASS_NAMES]:
        raise DataError(f"{where / META}: 'label_names' are {names!r}, not {CLASS_NAMES}")
    count = release.images_per_batch
    X_train = np.empty((len(BATCHES) * count, 32, 32, 3), dtype=np.uint8)
    y_train = np.empty(len(X_train), dtype=np.int64)
    for number, name in enumerate(BATCHES):
        rows = slice(number * count, (number + 1) * count)
        X_train[rows], y_train[rows] = read_batch(where / name, count)
    X_test, y_test = read_batch(where / TEST, count)
    return Dataset(X_train, y_train, np.ascontiguousarray(X_test), y_test)


def _unpack(archive: Path, target: Path, release: Release) -> None:
    """Put the expected members into ``target``; refuse an archive that holds anything else."""
    wanted = {f"{FOLDER}/{name}": name for name in release.files}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if member.isdir() and member.name == FOLDER:
                continue
            name = wanted.pop(member.name, None)
            if name is None or not member.isreg() or member.size > LARGEST_FILE:
                raise ValueError(f"it holds {member.name!r}, which is no part of it")
            source = tar.extractfile(member)
            assert source is not None  # it is a regular file
            with (target / name).open("wb") as file:
                shutil.copyfileobj(source, file)
            verdict = check_file(target / name, release.files[name])
            if verdict != "ok":
                raise ValueError(f"{member.name}: {verdict}")
    if wanted:
        raise ValueError(f"it lacks {', '.join(sorted(wanted))}")


def fetch_cifar10(
    folder: str | os.PathLike[str] | None = None,
    *,
    release: Release = CIFAR10,
    downloader: ResumingDownloader | None = None,
) -> Path:
    """Download CIFAR-10 (170 MB), unless every file is there and right.

    A transfer that broke is taken up where it stopped, by the next call at the latest.
    Files appear under their names only when they are whole and their checksums right.

    Parameters
    ----------
    folder : path, optional
        Where to put the folder of batch files; as in `cifar10_dir`.
    release : Release
        The address, files and checksums to expect.
    downloader : ResumingDownloader, optional
        By default one that shows its progress and keeps its part beside the files.

    Returns
    -------
    Path
        The folder with the batch files.

    Raises
    ------
    DataError
        If the download fails, or what came is not what was expected.
    """
    with extra("data", "fetching CIFAR-10"):
        import pooch  # here, where something is fetched: a browser's Python has no network

    where = cifar10_dir(folder)
    if all(verdict == "ok" for verdict in verify_cifar10(where, release=release).values()):
        return where
    base, name = where.parent, release.url.rpartition("/")[2]
    downloader = downloader or ResumingDownloader(base / f"{name}.part")
    archive = base / name
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            release.url, f"sha256:{release.archive_sha256}", name, base, downloader=downloader
        )
        with tempfile.TemporaryDirectory(dir=base, prefix=".unpacked-") as unpacked:
            _unpack(archive, Path(unpacked), release)
            where.mkdir(exist_ok=True)
            for file in release.files:
                os.replace(Path(unpacked) / file, where / file)
    except (ValueError, EOFError, tarfile.TarError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(
            f"what {release.url} sent is damaged or is not CIFAR-10: {error}. Run the command "
            "again; if it stays so, the file there has changed"
        ) from error
    except OSError as error:
        raise DataError(f"cannot keep CIFAR-10 in {where}: {error}") from error
    archive.unlink()
    return where
