"""Fixtures of the numeric tests: the array libraries that the code has to run on."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cs231n_lib import _parallel
from cs231n_lib.backend import gpu_is_available, to_host


class Backend:
    """One array library on one device, and the ways in and out of it."""

    def __init__(self, name: str, namespace: ModuleType, device: Any = None) -> None:
        self.name = name
        self.namespace = namespace
        self.device = device

    def __repr__(self) -> str:
        return f"Backend({self.name})"

    def asarray(self, host: Any, dtype: Any = None) -> Any:
        """Move host data there; `dtype` is a NumPy dtype or its name."""
        return self.namespace.asarray(np.asarray(host, dtype=dtype), device=self.device)

    def to_host(self, x: Any) -> np.ndarray:
        assert self.is_native(x), f"{type(x).__name__} is not an array of {self!r}"
        return to_host(x)

    def is_native(self, x: Any) -> bool:
        """Tell whether `x` is an array of this library on this device."""
        return isinstance(x, self.array_type) and (self.device is None or x.device == self.device)

    @property
    def array_type(self) -> tuple[type, ...]:
        array = type(self.namespace.asarray(np.zeros(1)))
        return (array, np.generic) if self.name == "numpy" else (array,)


def make_backend(name: str) -> Backend:
    """Build a :class:`Backend`, or skip the running test and say why."""
    if name == "numpy":
        return Backend(name, np)
    if name == "array-api-strict":
        strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
        return Backend(name, strict, strict.Device("device1"))
    if not gpu_is_available():
        pytest.skip("no CUDA device: CuPy is not installed or finds no GPU")
    return Backend(name, importlib.import_module("cupy"))


BACKENDS = [
    pytest.param("numpy", id="numpy"),
    pytest.param("array-api-strict", id="strict"),
    pytest.param("cupy", id="cupy", marks=pytest.mark.gpu),
]


@pytest.fixture(params=BACKENDS, scope="session")
def xp(request: pytest.FixtureRequest) -> Backend:
    """Every array library in turn, the second device of array-api-strict among them.

    Session scope: a hypothesis test may use it (it has no state that a test could change).
    """
    return make_backend(request.param)


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make BLAS say that it has three threads, whatever the machine has."""

    class Library:
        num_threads = 3

        def set_num_threads(self, threads: int) -> None:
            self.num_threads = threads

    class Controller:
        lib_controllers = (Library(),)

    monkeypatch.setattr(_parallel, "_blas", Controller)
