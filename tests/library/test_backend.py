"""The arrays decide where code runs; nothing moves between devices unseen."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from cs231n_lib import backend
from cs231n_lib.backend import (
    array_namespace,
    as_float,
    asarray_like,
    device,
    float_dtype,
    gpu_is_available,
    to_host,
)

DTYPES = ["float32", "float64", "int64", "uint8", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_round_trip_keeps_values_dtype_and_device(xp, dtype, shape):
    host = (np.arange(np.prod(shape, dtype=int)) % 5).reshape(shape).astype(dtype)
    like = xp.asarray(np.zeros(2))
    there = asarray_like(host, like)
    assert xp.is_native(there)
    assert device(there) == device(like)
    back = to_host(there)
    assert type(back) is np.ndarray
    assert back.dtype == host.dtype
    np.testing.assert_array_equal(back, host)


def test_to_host_of_numpy_is_the_same_array_and_of_others_is_writable(xp):
    x = xp.asarray([1.0, 2.0])
    host = to_host(x)
    if xp.name == "numpy":
        assert host is x
    host[0] = 7.0


def test_namespace_computes_on_the_device(xp):
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    ns = array_namespace(x, None, 2, 0.5)
    y = ns.sum(ns.permute_dims(x, (1, 0)) * 2, axis=0)
    assert xp.is_native(y)
    np.testing.assert_array_equal(xp.to_host(y), [6.0, 14.0])


def test_asarray_like_takes_a_dtype_and_plain_sequences(xp):
    like = xp.asarray(np.zeros(2, dtype=np.float32))
    moved = asarray_like([1, 2], like, dtype=like.dtype)
    assert moved.dtype == like.dtype
    np.testing.assert_array_equal(xp.to_host(moved), [1.0, 2.0])


@pytest.mark.parametrize("bad", [[1.0], (1.0,), "text", {1.0}])
def test_namespace_refuses_what_is_no_array(bad):
    with pytest.raises(TypeError, match=f"got {type(bad).__name__}; convert it first"):
        array_namespace(np.ones(1), bad)


@pytest.mark.parametrize("bad", [(), (1.0,), (None, 2)])
def test_namespace_needs_at_least_one_array(bad):
    with pytest.raises(TypeError, match="at least one array"):
        array_namespace(*bad)


def test_mixed_libraries_are_named():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="array_api_strict and numpy"):
        array_namespace(np.ones(1), strict.asarray([1.0]))


def test_asarray_like_refuses_device_data():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="in host memory, got an array of array_api_strict"):
        asarray_like(strict.asarray([1.0]), np.ones(1))


def test_as_float(xp):
    value = as_float(xp.asarray(0.25))
    assert type(value) is float
    assert value == 0.25
    assert as_float(xp.asarray([[3.0]])) == 3.0
    assert type(as_float(2)) is float
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        as_float(xp.asarray([1.0, 2.0]))
    with pytest.raises(TypeError, match="expected an array, got str"):
        as_float("0.5")


def test_float_dtype(xp):
    single, double = xp.asarray([1.0], "float32"), xp.asarray([1.0], "float64")
    assert float_dtype(single, single) == single.dtype
    assert float_dtype(double) == double.dtype
    with pytest.raises(TypeError, match=r"expected one dtype, got .*float32 and .*float64"):
        float_dtype(single, double)
    with pytest.raises(TypeError, match=r"expected float32 or float64, got .*uint8"):
        float_dtype(xp.asarray([1], "uint8"))
    for missing in (None, 1.0):  # what is required is an array, also beside others
        with pytest.raises(TypeError, match=f"expected an array, got {missing}; convert it first"):
            float_dtype(single, missing)


def test_the_other_order_of_bytes_is_named():
    with pytest.raises(TypeError, match=r"got >f4, in another order of bytes; convert it first"):
        float_dtype(np.ones(2, ">f4"))


def test_gpu_is_available_asks_the_device_not_the_import(monkeypatch):
    fake = types.ModuleType("cupy")
    for answer in (False, True):
        fake.is_available = lambda answer=answer: answer
        monkeypatch.setitem(sys.modules, "cupy", fake)
        assert gpu_is_available() is answer
    monkeypatch.setitem(sys.modules, "cupy", None)  # makes `import cupy` fail
    assert gpu_is_available() is False


def test_cupy_arrays_leave_the_device_by_get(monkeypatch):
    """The one CuPy branch, on machines without a GPU too."""

    class OnDevice:
        def get(self):
            return np.arange(2)

    monkeypatch.setattr(backend, "array_namespace", lambda x: None)
    monkeypatch.setattr(backend.array_api_compat, "is_cupy_array", lambda x: True)
    np.testing.assert_array_equal(to_host(OnDevice()), [0, 1])


def test_an_array_that_its_library_keeps_is_explained(monkeypatch):
    """As PyTorch keeps one that records gradients."""

    class Recording:
        def __dlpack__(self, **_):
            raise BufferError("Can't export tensors that require gradient")

        def __dlpack_device__(self):
            return (1, 0)

    monkeypatch.setattr(backend, "array_namespace", lambda x: None)
    with pytest.raises(TypeError, match=r"require gradient. If it records .* detach it first"):
        to_host(Recording())
