"""Read a batch file of CIFAR-10, which is a pickle, without running what may be in it.

The reader knows nothing but plain containers, numbers, bytes and arrays, and refuses a
file that asks for more.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from cs231n_lib.data.cifar10_files import LARGEST_FILE
from cs231n_lib.data.dataset import CLASS_NAMES, DataError


def _latin1(text: str, encoding: str) -> bytes:
    """Stand in for ``_codecs.encode``, by which Python 3 writes bytes in old pickles."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes encoded as {encoding!r}")
    return text.encode("latin1")


def _empty_array(subtype: type, shape: tuple[int, ...], dtype: bytes) -> np.ndarray:
    """Stand in for NumPy's ``_reconstruct``: the array that a pickle then fills."""
    return np.empty(0, dtype=np.uint8)


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("_codecs", "encode"): _latin1,
}


class _Unpickler(pickle.Unpickler):
    """Refuses every name but the few that the official files need; calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _KNOWN[module, name]


def unpickle(path: Path) -> dict[bytes, Any]:
    """Return the dictionary that a file of CIFAR-10 holds, or raise ``DataError``."""
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(f"{path} is too large for a CIFAR-10 file; it was not opened")
    try:
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="bytes").load()
    # A damaged pickle may raise nearly anything, and none of it concerns the caller.
    except Exception as error:
        raise DataError(
            f"{path} is not a CIFAR-10 file ({type(error).__name__}: {error}); nothing in it was "
            "run. Delete it and run: cs231n data fetch"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, not a dictionary")
    return content


def read_batch(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (count, 32, 32, 3) and labels (count,) of one batch file."""
    content = unpickle(path)
    data, labels = content.get(b"data"), content.get(b"labels")
    if not isinstance(data, np.ndarray):
        raise DataError(f"{path}: 'data' must be an array, not {type(data).__name__}")
    if data.dtype != np.uint8 or data.shape != (count, 3072):
        raise DataError(
            f"{path}: 'data' must be uint8 ({count}, 3072), not {data.dtype} {data.shape}"
        )
    if not (
        isinstance(labels, list)
        and len(labels) == count
        and all(type(label) is int and 0 <= label < len(CLASS_NAMES) for label in labels)
    ):
        raise DataError(f"{path}: 'labels' must be a list of {count} integers from 0 to 9")
    return data.reshape(count, 3, 32, 32).transpose(0, 2, 3, 1), np.array(labels, dtype=np.int64)
