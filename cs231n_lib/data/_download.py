"""Fetch one file over HTTP: a broken transfer is taken up where it stopped.

Pooch keeps the cache and checks the checksum; this is the downloader it is given.
"""

import os
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path

from tqdm import tqdm

from cs231n_lib.data.dataset import DataError

_PIECE = 1 << 18


def _first_byte(response: HTTPResponse) -> int:
    """Return where in the file the body begins: 0 if the server sends all of it."""
    if response.status != 206:
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if found is None:
        raise HTTPException("the server sends a part of the file and does not say which")
    return int(found[1])


def _open(path: Path, start: int) -> FileIO:
    """Open to write from byte ``start`` on, unbuffered: a full disk shows when writing."""
    try:
        file = FileIO(path, "r+" if start else "w")
        if start:
            file.seek(start)
            file.truncate()
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error
    return file


def _write(file: FileIO, piece: bytes) -> None:
    """Write all of ``piece``; tell a full disk from a broken connection."""
    try:
        while piece:
            piece = piece[file.write(piece) :]
    except OSError as error:
        raise DataError(f"cannot write {file.name}: {error.strerror}") from error


class ResumingDownloader:
    """Downloads to ``part`` and goes on from what is there already.

    Parameters
    ----------
    part : Path
        The file that grows; it stays when a transfer breaks and is renamed when complete.
    attempts : int
        How often to take up a broken transfer before giving up.
    wait : float
        Seconds before the second attempt; doubled for every further one.
    timeout : float
        Seconds without a byte after which a transfer counts as broken.
    progress : bool
        Show a progress bar.
    """

    def __init__(
        self,
        part: Path,
        *,
        attempts: int = 5,
        wait: float = 1.0,
        timeout: float = 30.0,
        progress: bool = True,
    ) -> None:
        self.part, self.attempts, self.wait = part, attempts, wait
        self.timeout, self.progress = timeout, progress

    def __call__(self, url: str, output_file: str, pooch: object = None) -> None:
        """Fetch ``url`` whole, then rename the part to ``output_file`` (called by pooch).

        Raises
        ------
        DataError
            If the server refuses, the transfer broke ``attempts`` times or the disk is full.
        """
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.wait * 2 ** (attempt - 1))
            try:
                self._transfer(url)
                break
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == 416 and self._holds_all(error):
                    break
                if error.code == 416:  # the part is longer than the file: not a part of it
                    self.part.unlink()
                elif error.code < 500:
                    raise DataError(f"{url} answers {error.code} {error.reason}") from error
                problem: Exception = error
            except (OSError, HTTPException) as error:
                problem = error
        else:
            kept = self.part.stat().st_size if self.part.exists() else 0
            raise DataError(
                f"the download of {url} broke {self.attempts} times, last with: {problem}. "
                f"{kept:,} bytes are kept in {self.part}: run the command again to go on from there"
            )
        os.replace(self.part, output_file)

    def _transfer(self, url: str) -> None:
        """Append to the part until the file is whole; raise if the connection ends before."""
        have = self.part.stat().st_size if self.part.exists() else 0
        request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        with urllib.request.urlopen(request, timeout=self.timeout) as response:
            start = _first_byte(response)
            if start > have:
                raise HTTPException(f"the server goes on at byte {start}, {have} were there")
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else None
            with (
                _open(self.part, start) as part,
                tqdm(
                    total=total, initial=start, unit="B", unit_scale=True,
                    desc=self.part.stem, disable=not self.progress,
                ) as bar,
            ):  # fmt: skip
                while piece := response.read(_PIECE):
                    _write(part, piece)
                    bar.update(len(piece))
                if total is not None and part.tell() != total:
                    raise HTTPException(
                        f"the connection ended at byte {part.tell():,} of {total:,}"
                    )

    def _holds_all(self, refusal: urllib.error.HTTPError) -> bool:
        """Tell whether a server that has nothing more to send says our part is the whole."""
        return refusal.headers.get("Content-Range") == f"bytes */{self.part.stat().st_size}"
