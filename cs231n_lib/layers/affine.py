"""The fully connected layer: a matrix product and a bias."""

from __future__ import annotations

import math
from typing import Any

from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import matmul
from cs231n_lib.backend import Array, array_namespace, float_dtype

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


def _flatten(x: Array) -> Array:
    return array_namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))
