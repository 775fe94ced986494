"""Nonlinearities: each number that comes out depends on one number that goes in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cs231n_lib._arguments import check_finite
from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import by_rows, by_rows_bytes
from cs231n_lib.backend import A, Array, array_namespace, float_dtype
from cs231n_lib.layers.cached import read_cache
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Shape
from cs231n_lib.layers.masking import where_kept

Cache = Any


def relu_forward(x: A) -> tuple[A, Cache]:
    """Compute ``max(0, x)`` elementwise.

    Parameters
    ----------
    x : array of any shape, float32 or float64

    Returns
    -------
    out : array
        Same shape and dtype.
    cache : array
        For :func:`relu_backward`.

    Raises
    ------
    TypeError
        If `x` is not floating point.

    Notes
    -----
    Source: V. Nair and G. Hinton, "Rectified linear units improve restricted Boltzmann
    machines", ICML 2010.

    Examples
    --------
    >>> import numpy as np
    >>> relu_forward(np.array([-1.0, 2.0]))[0]
    array([0., 2.])
    """
    xp = array_namespace(x)
    float_dtype(x)
    return by_rows(lambda x: xp.maximum(x, 0.0), x), x


def relu_backward(dout: A, cache: Cache) -> A:
    """Pass the upstream gradient where the input was positive; elsewhere, and at 0, it is 0.

    Parameters
    ----------
    dout : array
        Upstream gradient, of the shape and dtype of the output.
    cache : array
        What the forward function returned.

    Returns
    -------
    dx : array of the same shape
        Where nothing passes it is 0, even if `dout` is infinite or NaN.

    Raises
    ------
    TypeError, ValueError
        If `dout` has another dtype or shape than the output had, or `cache` is another one.

    Examples
    --------
    >>> import numpy as np
    >>> relu_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]))
    array([0., 5.])
    """
    x = read_cache(cache, "relu_forward", x=...)
    check_upstream(dout, x.shape, x)
    return by_rows(lambda dout, x: where_kept(x > 0, dout), dout, x)


def leaky_relu_forward(x: A, alpha: float = 0.01) -> tuple[A, Cache]:
    """Compute x where it is positive and ``alpha * x`` elsewhere.

    Parameters
    ----------
    x : array of any shape, float32 or float64
    alpha : float
        Slope for negative inputs, so that no neuron is dead for good.

    Returns
    -------
    out : array
        Same shape and dtype.
    cache : tuple
        For :func:`leaky_relu_backward`.

    Raises
    ------
    TypeError
        If `x` is not floating point, or `alpha` no number.
    ValueError
        If `alpha` is infinite or NaN.

    Notes
    -----
    Source: A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu_forward(np.array([-1.0, 2.0]), alpha=0.1)[0]
    array([-0.1,  2. ])
    """
    xp = array_namespace(x)
    float_dtype(x)
    alpha = check_finite("alpha", alpha)
    return xp.where(x > 0, x, _scaled(alpha, x)), (x, alpha)


def leaky_relu_backward(dout: A, cache: Cache) -> A:
    """Scale the upstream gradient by 1 where the input was positive, elsewhere by `alpha`.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu_backward(np.array([5.0, 5.0]), (np.array([-1.0, 2.0]), 0.1))
    array([0.5, 5. ])
    """
    x, alpha = read_cache(cache, "leaky_relu_forward", x=..., alpha=(int, float))
    xp = array_namespace(x)
    check_upstream(dout, x.shape, x)
    return xp.where(x > 0, dout, _scaled(alpha, dout))


def _scaled(alpha: float, values: A) -> Any:
    """Return `alpha` times `values`: a slope of 0 makes 0 of infinity too."""
    return alpha * values if alpha else array_namespace(values).zeros_like(values)


def sigmoid_forward(x: A) -> tuple[A, Cache]:
    """Compute the logistic function ``1 / (1 + exp(-x))`` elementwise.

    Parameters
    ----------
    x : array of any shape, float32 or float64
        Any finite numbers: ``exp`` only ever sees ``-abs(x)``, so nothing overflows.

    Returns
    -------
    out : array
        Between 0 and 1, same shape and dtype.
    cache : array
        The output, which is all that the way back needs.

    Raises
    ------
    TypeError
        If `x` is not floating point.

    Notes
    -----
    Source: lecture section "Backpropagation", the sigmoid gate.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid_forward(np.array([-1000.0, 0.0, 1000.0]))[0]
    array([0. , 0.5, 1. ])
    """
    xp = array_namespace(x)
    float_dtype(x)
    z = xp.exp(-xp.abs(x))
    out = xp.where(x < 0, z, 1.0) / (1 + z)
    return out, out


def sigmoid_backward(dout: A, cache: Cache) -> A:
    """Return ``dout * s * (1 - s)``: the local gradient comes from the output alone.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = sigmoid_forward(np.array([0.0]))
    >>> sigmoid_backward(np.array([4.0]), cache)
    array([1.])
    """
    out = read_cache(cache, "sigmoid_forward", out=...)
    check_upstream(dout, out.shape, out)
    return dout * out * (1 - out)


def tanh_forward(x: A) -> tuple[A, Cache]:
    """Compute the hyperbolic tangent elementwise.

    Parameters
    ----------
    x : array of any shape, float32 or float64

    Returns
    -------
    out : array
        Between -1 and 1, same shape and dtype.
    cache : array
        The output.

    Raises
    ------
    TypeError
        If `x` is not floating point.

    Examples
    --------
    >>> import numpy as np
    >>> tanh_forward(np.array([0.0, 1000.0]))[0]
    array([0., 1.])
    """
    xp = array_namespace(x)
    float_dtype(x)
    out = xp.tanh(x)
    return out, out


def tanh_backward(dout: A, cache: Cache) -> A:
    """Return ``dout * (1 - t * t)``, where t is the output.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> tanh_backward(np.array([3.0]), np.array([0.0]))
    array([3.])
    """
    out = read_cache(cache, "tanh_forward", out=...)
    check_upstream(dout, out.shape, out)
    return dout * (1 - out * out)


@dataclass(frozen=True)
class ReLU(Layer):
    """``max(x, 0)``, as `relu_forward`."""

    example: ClassVar = "RELU"

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Cut off below 0; see `Layer.forward`."""
        return *relu_forward(x), {}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        return relu_backward(dout, cache), {}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        out = batch * math.prod(shape) * itemsize
        flags = 1 / itemsize  # one for each value
        back = by_rows_bytes(out, batch, reads=2, whole=flags, each=1 + flags, results=1)
        there = by_rows_bytes(out, batch, reads=1, whole=0, each=1, results=1)
        return Memory(forward=out + there, backward=out + back, dx=out)
