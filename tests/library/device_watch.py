"""A stand-in for a GPU: what would launch a kernel there, and what would wait for it.

The arrays are those of array-api-strict on its second device: a type of their own that does not
become a NumPy array by itself, does not mix with one, and does not mix with the first device. Here
each of its operations is counted as CuPy would carry it out: one kernel, unless it only makes
another view; and each value that leaves the device as a blocking read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

#: Other views of the same memory, and questions about types: no kernel.
FREE = {
    "permute_dims", "expand_dims", "broadcast_to", "broadcast_arrays", "squeeze",
    "matrix_transpose", "moveaxis", "isdtype", "finfo", "iinfo", "can_cast", "result_type",
    "empty", "empty_like", "unstack", "broadcast_shapes", "from_dlpack",
    "get_array_api_strict_flags", "set_array_api_strict_flags", "reset_array_api_strict_flags",
}  # fmt: skip
READS = {"__bool__", "__int__", "__float__", "__index__", "__complex__", "__dlpack__", "__iter__"}
#: How many values there are decides the shape of the result: the device is asked.
DATA_DEPENDENT = {"nonzero", "unique_values", "unique_inverse", "unique_counts", "unique_all"}
KERNELS = {
    f"__{before}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or")
    for before in ("", "r", "i")
} | {f"__{name}__" for name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "setitem")}


class Watch:
    """Names of what happened on the device, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.depth = 0

    @property
    def kernels(self) -> list[str]:
        return [name for kind, name in self.events if kind == "kernel"]

    @property
    def reads(self) -> list[str]:
        return [name for kind, name in self.events if kind == "read"]

    def counting(self, kind: str, function: Any) -> Any:
        """Return `function`, noted when it is called from outside the library itself."""

        @wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            if not self.depth and not _is_view(function.__name__, *args):
                self.events.append((kind, function.__name__))
            self.depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self.depth -= 1

        return noted


def _is_view(name: str, x: Any = None, *_: Any) -> bool:
    """Tell whether a reshape needs no copy."""
    return name == "reshape" and x._array.flags.c_contiguous


@contextmanager
def watched() -> Iterator[Watch]:
    """Count what happens on the device as long as the ``with`` lasts."""
    watch, array = Watch(), type(strict.asarray(0.0))
    with pytest.MonkeyPatch.context() as patch:
        for name in strict.__all__:
            function = getattr(strict, name)
            if isinstance(function, FunctionType) and name not in FREE:
                kind = "read" if name in DATA_DEPENDENT else "kernel"
                patch.setattr(strict, name, watch.counting(kind, function))
        for kind, names in (("read", READS), ("kernel", KERNELS)):
            for name in names:
                patch.setattr(array, name, watch.counting(kind, getattr(array, name)))
        yield watch


def on_device(host: Any) -> Any:
    """Move host data to the second device."""
    return strict.asarray(np.asarray(host), device=strict.Device("device1"))
