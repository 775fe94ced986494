"""Run one piece of code on NumPy, CuPy or any array API library: dispatch follows the data.

There is no switch. The first line of every numeric function is ``xp = array_namespace(x)``;
arrays made inside live on the device of ``x``; and host memory is reached through
:func:`to_host`, :func:`asarray_like` and :func:`as_float` only, so that each transfer is
visible in the text.

CuPy makes new arrays on its current device, whatever it is asked for. On a machine with several
GPUs, work on the second one inside ``with cupy.cuda.Device(1):``, as CuPy itself wants it.
"""

from __future__ import annotations

import importlib
from typing import Any

import array_api_compat
import numpy as np

from cs231n_lib._array import A, Array

__all__ = [
    "A",
    "Array",
    "array_namespace",
    "as_float",
    "asarray_like",
    "device",
    "float_dtype",
    "gpu_is_available",
    "to_host",
]


#: Arrays of NumPy that do not follow its rules, and what to do about them.
UNLIKE = {
    np.ma.MaskedArray: "its mask would be forgotten; fill it first, x.filled(value)",
    np.matrix: "its products are others; convert it first, numpy.asarray(x)",
}


def array_namespace(*arrays: Array) -> Any:
    """Return the array API namespace that all of `arrays` belong to.

    Parameters
    ----------
    *arrays : array
        Arrays of one library. ``None`` and Python numbers are passed over.

    Returns
    -------
    module
        The array-api-compat namespace: ``xp.sum``, ``xp.permute_dims``, ``xp.concat``, ...

    Raises
    ------
    TypeError
        If there is no array among the arguments, one of them is a list or another object, or
        they come from two libraries (moving one silently would hide a transfer).

    Notes
    -----
    Source: the Python array API standard, and array-api-compat's implementation of it.

    Examples
    --------
    >>> import numpy as np
    >>> xp = array_namespace(np.ones((2, 3)), None, 2.0)
    >>> xp.permute_dims(np.ones((2, 3)), (1, 0)).shape
    (3, 2)
    """
    plain = (type(None), bool, int, float, complex)
    for x in arrays:
        if isinstance(x, plain):
            continue
        # A class has the attributes of its arrays.
        if isinstance(x, type) or not array_api_compat.is_array_api_obj(x):
            raise TypeError(
                f"expected an array, got {type(x).__name__}; convert it first, "
                "e.g. numpy.asarray(x)"
            )
        for kind, why in UNLIKE.items():
            if isinstance(x, kind):
                raise TypeError(f"expected a plain array, got a {type(x).__name__}: {why}")
    if all(isinstance(x, plain) for x in arrays):
        raise TypeError(
            "expected at least one array, got none; convert with numpy.asarray(x) first"
        )
    libraries = sorted({_library(x) for x in arrays if not isinstance(x, plain)})
    if len(libraries) > 1:
        raise TypeError(
            f"arrays of different libraries were mixed: {' and '.join(libraries)}; move them to "
            "one of them first with to_host(x) or asarray_like(x, like)"
        )
    return array_api_compat.array_namespace(*arrays)


def _library(x: Array) -> str:
    return "numpy" if array_api_compat.is_numpy_array(x) else type(x).__module__.split(".")[0]


def device(x: Array) -> Any:
    """Return the device on which `x` lives, in the terms of its own library.

    Examples
    --------
    >>> import numpy as np
    >>> device(np.ones(3))
    'cpu'
    """
    array_namespace(x)
    return array_api_compat.device(x)


def to_host(x: Array) -> np.ndarray:
    """Return `x` as a NumPy array: the one way from a device to host memory.

    Parameters
    ----------
    x : array
        An array of any supported library. A NumPy array is returned as it is, not copied.

    Returns
    -------
    numpy.ndarray
        Same shape, dtype and values.

    Raises
    ------
    TypeError
        If `x` is not an array, or one that its library does not hand over.

    Examples
    --------
    >>> import numpy as np
    >>> to_host(np.arange(3))
    array([0, 1, 2])
    """
    array_namespace(x)
    if array_api_compat.is_numpy_array(x):
        return np.asarray(x)
    array: Any = x
    if array_api_compat.is_cupy_array(x):
        return array.get()
    try:
        # A copy: what DLPack hands over is read-only.
        return np.array(np.from_dlpack(array, device="cpu"))
    except (BufferError, RuntimeError) as error:
        raise TypeError(
            f"{_library(x)} does not hand over the numbers of this array: {error}. If it records "
            "gradients of its own, detach it first"
        ) from error


def asarray_like(host_array: Any, like: A, *, dtype: Any = None) -> A:
    """Move data from host memory to the library and device of `like`.

    Parameters
    ----------
    host_array : numpy.ndarray, number or nested sequence of numbers
        Data in host memory.
    like : array
        The array whose library and device the result shares.
    dtype : dtype, optional
        A dtype of that library (for instance ``like.dtype``). Default: the dtype of the data.

    Returns
    -------
    array
        Same shape and values. For NumPy this is the very same array when nothing has to change.

    Raises
    ------
    TypeError
        If `host_array` already belongs to a library other than NumPy, or `like` is no array.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones(2, dtype=np.float32)
    >>> asarray_like([1, 2], x, dtype=x.dtype)
    array([1., 2.], dtype=float32)
    """
    xp = array_namespace(like)
    if array_api_compat.is_array_api_obj(host_array) and not array_api_compat.is_numpy_array(
        host_array
    ):
        raise TypeError(
            f"expected data in host memory, got an array of {_library(host_array)}; "
            "call to_host(x) first if the transfer is meant"
        )
    try:
        host = np.asarray(host_array)
    except ValueError:  # rows of several lengths
        host = np.empty(0, object)
    if host.dtype.kind not in "biufc":
        raise TypeError(f"expected numbers, or nested lists of one length, got {host_array!r:.80}")
    try:
        return xp.asarray(host, dtype=dtype, device=array_api_compat.device(like))
    except TypeError as error:
        raise TypeError(f"{error}; dtype must be one of the library of `like`") from error


def as_float(x: Array | float) -> float:
    """Return an array of one element, or a number, as a Python float.

    On a GPU this waits for the device, so a training step should call it once, at its end.

    Raises
    ------
    ValueError
        If `x` has more or fewer elements than one.
    TypeError
        If `x` is neither a number nor an array.

    Examples
    --------
    >>> import numpy as np
    >>> as_float(np.float32(0.5))
    0.5
    """
    if isinstance(x, (bool, int, float)):
        return float(x)
    host = to_host(x)
    if host.size != 1:
        raise ValueError(
            f"expected one element, got an array of shape {host.shape}; reduce it first"
        )
    return float(host.reshape(()))


def float_dtype(*arrays: Array) -> Any:
    """Return the one floating dtype that `arrays` share, float32 or float64.

    Raises
    ------
    TypeError
        If something is no array (``None`` and numbers are none), has another dtype, or their
        dtypes differ: computing on would change the precision silently.

    Examples
    --------
    >>> import numpy as np
    >>> float_dtype(np.ones(2, dtype=np.float32))
    dtype('float32')
    """
    xp = array_namespace(*arrays)
    for x in arrays:
        if not array_api_compat.is_array_api_obj(x):
            raise TypeError(
                f"expected an array, got {x!r}; convert it first, e.g. numpy.asarray(x)"
            )
    dtypes = [x.dtype for x in arrays]
    for dtype in dtypes:
        if dtype not in (xp.float32, xp.float64):
            order = "" if getattr(dtype, "isnative", True) else ", in another order of bytes"
            raise TypeError(
                f"expected float32 or float64, got {dtype}{order}; convert it first, e.g. "
                "xp.astype(x, xp.float32)"
            )
        if dtype != dtypes[0]:
            raise TypeError(
                f"expected one dtype, got {dtypes[0]} and {dtype}; convert one of the arrays, "
                "e.g. xp.astype(x, y.dtype)"
            )
    return dtypes[0]


def gpu_is_available() -> bool:
    """Tell whether CuPy is installed and finds a CUDA device.

    CuPy imports without complaint on a machine that has no GPU, so the import alone proves
    nothing. Nothing is imported before this function is called.

    Examples
    --------
    >>> gpu_is_available() in (True, False)
    True
    """
    try:
        return bool(importlib.import_module("cupy").is_available())
    except ImportError:
        return False
