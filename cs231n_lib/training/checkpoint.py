"""Checkpoint files: named arrays and a little JSON, written as a whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["read_checkpoint", "write_checkpoint"]

PathLike = str | os.PathLike[str]

FORMAT = "cs231n checkpoint 1"  # raise the number when the content changes


def write_checkpoint(
    path: PathLike, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write arrays and `meta` to one file of :func:`numpy.savez`, without pickles.

    Parameters
    ----------
    path : path
        Where to; a file that is there is replaced.
    meta : mapping
        What JSON can hold, and NumPy arrays inside it, which become lists. Numbers keep all
        their digits.
    arrays : mapping of str to numpy.ndarray
        Arrays in host memory, under any name but ``meta``.

    Raises
    ------
    OSError
        If the file cannot be written; an older one at that place is untouched.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "run.npz"
    >>> write_checkpoint(path, {"epoch": 3}, {"params/W1": np.ones(2)})
    >>> read_checkpoint(path)
    ({'epoch': 3}, {'params/W1': array([1., 1.])})
    >>> folder.cleanup()
    """
    path = Path(path)
    text = json.dumps({"format": FORMAT, **meta}, default=np.ndarray.tolist)
    content: dict[str, Any] = {"meta": np.array(text), **arrays}
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            np.savez(file, **content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def read_checkpoint(path: PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what :func:`write_checkpoint` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    meta : dict
    arrays : dict of str to numpy.ndarray

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    ValueError
        If the file is damaged or something else.

    Examples
    --------
    >>> read_checkpoint(Path(np.__file__))
    Traceback (most recent call last):
    ...
    ValueError: __init__.py is not a checkpoint, or is damaged
    """
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop("meta")))
        if meta.pop("format") != FORMAT:
            raise ValueError(f"it is not in the format {FORMAT!r}")
    except OSError:
        raise
    except Exception as error:  # zipfile, numpy and json each complain in their own way
        raise ValueError(f"{Path(path).name} is not a checkpoint, or is damaged") from error
    return meta, arrays
