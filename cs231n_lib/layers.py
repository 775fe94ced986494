"""Layers of a network, each a forward and a backward function joined by a cache.

``out, cache = f_forward(x, ...)`` computes the output and keeps what the way back needs.
``dx, ... = f_backward(dout, cache)`` takes the gradient of the loss with respect to ``out`` and
returns the gradients with respect to the inputs: upstream gradient times local gradient.
No function changes its arguments in place; results have the dtype of ``x``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cs231n_lib.backend import array_namespace, asarray_like, float_dtype
from cs231n_lib.parallel import by_rows, matmul

__all__ = [
    "affine_backward",
    "affine_forward",
    "dropout_backward",
    "dropout_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "tanh_backward",
    "tanh_forward",
]

Array = Any
Cache = Any


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Compute ``out = x @ w + b``: every output neuron sees every input (fully connected).

    Parameters
    ----------
    x : array of shape (N, d_1, ..., d_k), float32 or float64
        N examples of D = d_1 * ... * d_k numbers each; flattened here.
    w : array of shape (D, M)
        Weights.
    b : array of shape (M,)
        Biases.

    Returns
    -------
    out : array of shape (N, M)
    cache : tuple
        ``(x, w, b)`` for :func:`affine_backward`.

    Raises
    ------
    TypeError
        If the arrays are not of one floating dtype and one library.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: lecture section "Fully connected layer".

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = affine_forward(np.ones((2, 3)), np.ones((3, 1)), np.array([0.5]))
    >>> out
    array([[3.5],
           [3.5]])
    """
    float_dtype(x, w, b)
    if x.ndim < 1 or w.ndim != 2 or math.prod(x.shape[1:]) != w.shape[0]:
        raise ValueError(
            f"expected x of shape (N, ...) with {w.shape[0] if w.ndim else '?'} numbers an example "
            f"and w of shape (D, M), got x {tuple(x.shape)} and w {tuple(w.shape)}"
        )
    if b.shape != (w.shape[1],):
        raise ValueError(f"expected b of shape ({w.shape[1]},), got {tuple(b.shape)}")
    return matmul(_flatten(x), w) + b, (x, w, b)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Return the gradients of :func:`affine_forward`; the shapes alone tell the formulas.

    Parameters
    ----------
    dout : array of shape (N, M)
        Upstream gradient.
    cache : tuple
        What the forward function returned.

    Returns
    -------
    dx : array of shape (N, d_1, ..., d_k)
    dw : array of shape (D, M)
    db : array of shape (M,)

    Raises
    ------
    TypeError, ValueError
        If `dout` has another dtype or shape than the output had.

    Examples
    --------
    >>> import numpy as np
    >>> _, cache = affine_forward(np.ones((1, 2)), np.array([[3.0], [4.0]]), np.zeros(1))
    >>> dx, dw, db = affine_backward(np.array([[2.0]]), cache)
    >>> dx, dw.shape, db
    (array([[6., 8.]]), (2, 1), array([2.]))
    """
    x, w, _ = cache
    xp = array_namespace(x)
    check_upstream(dout, (x.shape[0], w.shape[1]), x)
    dx = xp.reshape(matmul(dout, xp.matrix_transpose(w)), x.shape)
    dw = matmul(xp.matrix_transpose(_flatten(x)), dout)
    db = xp.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x: Array) -> tuple[Array, Cache]:
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


def relu_backward(dout: Array, cache: Cache) -> Array:
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

    Raises
    ------
    TypeError, ValueError
        If `dout` has another dtype or shape than the output had.

    Examples
    --------
    >>> import numpy as np
    >>> relu_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]))
    array([0., 5.])
    """
    xp = array_namespace(cache)
    check_upstream(dout, cache.shape, cache)
    return by_rows(lambda dout, x: dout * xp.astype(x > 0, dout.dtype), dout, cache)


def leaky_relu_forward(x: Array, alpha: float = 0.01) -> tuple[Array, Cache]:
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
        If `x` is not floating point.

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
    return xp.where(x > 0, x, float(alpha) * x), (x, float(alpha))


def leaky_relu_backward(dout: Array, cache: Cache) -> Array:
    """Scale the upstream gradient by 1 where the input was positive, elsewhere by `alpha`.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu_backward(np.array([5.0, 5.0]), (np.array([-1.0, 2.0]), 0.1))
    array([0.5, 5. ])
    """
    x, alpha = cache
    xp = array_namespace(x)
    check_upstream(dout, x.shape, x)
    return xp.where(x > 0, dout, alpha * dout)


def sigmoid_forward(x: Array) -> tuple[Array, Cache]:
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


def sigmoid_backward(dout: Array, cache: Cache) -> Array:
    """Return ``dout * s * (1 - s)``: the local gradient comes from the output alone.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = sigmoid_forward(np.array([0.0]))
    >>> sigmoid_backward(np.array([4.0]), cache)
    array([1.])
    """
    check_upstream(dout, cache.shape, cache)
    return dout * cache * (1 - cache)


def tanh_forward(x: Array) -> tuple[Array, Cache]:
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


def tanh_backward(dout: Array, cache: Cache) -> Array:
    """Return ``dout * (1 - t * t)``, where t is the output.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> tanh_backward(np.array([3.0]), np.array([0.0]))
    array([3.])
    """
    check_upstream(dout, cache.shape, cache)
    return dout * (1 - cache * cache)


def dropout_forward(
    x: Array, dropout_param: dict[str, Any], rng: np.random.Generator | None = None
) -> tuple[Array, Cache]:
    """Set a random part of `x` to 0 in training and do nothing at test time.

    The kept values are divided by the probability of being kept ("inverted" dropout), so that
    their expectation is the same in both modes.

    Parameters
    ----------
    x : array of any shape, float32 or float64
    dropout_param : dict
        ``"mode"``: ``"train"`` or ``"test"``. ``"keep_prob"``: the probability that a value is
        kept, above 0 and at most 1. (PyTorch's ``p`` is the opposite, the part that is dropped.)
    rng : numpy.random.Generator
        Draws the mask, on the host: every array library sees the same one. Needed in training.

    Returns
    -------
    out : array
        Same shape and dtype.
    cache : array or None
        The scaled mask; None at test time.

    Raises
    ------
    TypeError
        If `x` is not floating point, or `rng` is missing in training.
    ValueError
        If the mode or the probability is not one of the above.

    Notes
    -----
    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> dropout_forward(np.ones(6), {"mode": "train", "keep_prob": 0.5}, rng)[0]
    array([0., 2., 2., 2., 0., 0.])
    """
    xp = array_namespace(x)
    float_dtype(x)
    keep_prob = dropout_param["keep_prob"]
    if not 0 < keep_prob <= 1:
        raise ValueError(f"keep_prob must be above 0 and at most 1, got {keep_prob}")
    if not is_training(dropout_param):
        return x, None
    if not isinstance(rng, np.random.Generator):
        raise TypeError("dropout in training needs rng=numpy.random.default_rng(seed)")
    kept = asarray_like(rng.random(x.shape) < keep_prob, x)
    mask = xp.astype(kept, x.dtype) / float(keep_prob)
    return x * mask, mask


def dropout_backward(dout: Array, cache: Cache) -> Array:
    """Send the upstream gradient through the same mask.

    Parameters, results and errors are those of :func:`relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> dropout_backward(np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    array([0., 6.])
    """
    if cache is None:  # test time: the identity
        return dout
    check_upstream(dout, cache.shape, cache)
    return dout * cache


def is_training(param: dict[str, Any]) -> bool:
    """Read ``param["mode"]`` of a layer that behaves differently in training and at test time.

    Examples
    --------
    >>> is_training({"mode": "test"})
    False
    """
    if param["mode"] not in ("train", "test"):
        raise ValueError(f"mode must be 'train' or 'test', got {param['mode']!r}")
    return bool(param["mode"] == "train")


def check_upstream(dout: Array, shape: tuple[int, ...], like: Array) -> None:
    """Reject an upstream gradient that is not of the output's shape, dtype and library.

    Examples
    --------
    >>> import numpy as np
    >>> check_upstream(np.ones(3), (2,), np.ones(3))
    Traceback (most recent call last):
    ...
    ValueError: expected dout of shape (2,), that of the layer's output, got (3,)
    """
    float_dtype(dout, like)
    if dout.shape != shape:
        raise ValueError(
            f"expected dout of shape {tuple(shape)}, that of the layer's output, "
            f"got {tuple(dout.shape)}"
        )


def _flatten(x: Array) -> Array:
    return array_namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))
