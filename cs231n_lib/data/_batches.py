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


#: Of dtypes: what a pickle calls them, and what NumPy does.
_NAMES = {f"{each.kind}{each.itemsize}": each.name for each in map(np.dtype, np.typecodes["All"])}


class _Dtype:
    """Stand in for ``numpy.dtype``, which takes flags from a pickle that crash it later."""

    def __init__(self, name: Any, align: Any = False, copy: Any = False) -> None:
        self.name = name.decode("latin1") if isinstance(name, bytes) else str(name)

    def __setstate__(self, state: Any) -> None:
        """Pass over the state: a byte has no order of bytes."""


class _Array:
    """Stand in for ``numpy.ndarray``: keeps what a pickle says of it, and believes nothing."""

    state: Any = ()

    def __setstate__(self, state: Any) -> None:
        """Keep the version, the shape, the dtype, the order of axes and the bytes."""
        self.state = state

    def pixels(self, rows: int, columns: int) -> np.ndarray | None:
        """Return uint8 (rows, columns), if it is that and nothing else."""
        match self.state:
            case (_, (int(height), int(width)), _Dtype(name="u1" | "uint8"), False | 0, bytes(raw)):
                if (height, width) == (rows, columns) and len(raw) == rows * columns:
                    return np.frombuffer(raw, np.uint8).reshape(rows, columns)
        return None

    def __str__(self) -> str:
        """Say what it claims to be."""
        match self.state:
            case (_, tuple(shape), _Dtype(name=name), *_):
                return f"{_NAMES.get(name, 'another dtype')} {shape!r:.40}"
        return "an array of another form"


def _reconstruct(*_: Any) -> _Array:
    """Stand in for NumPy's function of this name: the array that a pickle then fills."""
    return _Array()


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
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
    if not isinstance(data, _Array):
        raise DataError(f"{path}: 'data' must be an array, not {type(data).__name__}")
    pixels = data.pixels(count, 3072)
    if pixels is None:
        raise DataError(f"{path}: 'data' must be uint8 ({count}, 3072), not {data}")
    if not (
        isinstance(labels, list)
        and len(labels) == count
        and all(type(label) is int and 0 <= label < len(CLASS_NAMES) for label in labels)
    ):
        raise DataError(f"{path}: 'labels' must be a list of {count} integers from 0 to 9")
    return pixels.reshape(count, 3, 32, 32).transpose(0, 2, 3, 1), np.array(labels, dtype=np.int64)
