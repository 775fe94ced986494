"""The fully connected layer: a matrix product and a bias."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from cs231n_lib._arguments import check_count, check_flag, normalise
from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import matmul
from cs231n_lib.backend import A, Array, array_namespace, device, float_dtype
from cs231n_lib.layers.cached import read_cache
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Reader, Shape

Cache = Any


def affine_forward(x: A, w: A, b: A) -> tuple[A, Cache]:
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
    _check(x, w, b)
    return matmul(_flatten(x), w) + b, (x, w, b)


def affine_backward(dout: A, cache: Cache) -> tuple[A, A, A]:
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
        If `dout` has another dtype or shape than the output had, or `cache` is another one.

    Examples
    --------
    >>> import numpy as np
    >>> _, cache = affine_forward(np.ones((1, 2)), np.array([[3.0], [4.0]]), np.zeros(1))
    >>> dx, dw, db = affine_backward(np.array([[2.0]]), cache)
    >>> dx, dw.shape, db
    (array([[6., 8.]]), (2, 1), array([2.]))
    """
    dw, db = _parameter_gradients(dout, cache)
    x, w, _ = cache
    xp = array_namespace(x)
    return xp.reshape(matmul(dout, xp.matrix_transpose(w)), x.shape), dw, db


def _parameter_gradients(dout: A, cache: Cache) -> tuple[A, A]:
    """Return what :func:`affine_backward` does, without dx."""
    x, w, b = read_cache(cache, "affine_forward", x=..., w=2, b=1)
    _check(x, w, b)
    xp = array_namespace(x)
    check_upstream(dout, (x.shape[0], w.shape[1]), x)
    return matmul(xp.matrix_transpose(_flatten(x)), dout), xp.sum(dout, axis=0)


def _check(x: Array, w: Array, b: Array) -> None:
    float_dtype(x, w, b)
    if x.ndim < 1 or w.ndim != 2 or math.prod(x.shape[1:]) != w.shape[0]:
        raise ValueError(
            f"expected x of shape (N, ...) with {w.shape[0] if w.ndim else '?'} numbers an example "
            f"and w of shape (D, M), got x {tuple(x.shape)} and w {tuple(w.shape)}"
        )
    if b.shape != (w.shape[1],):
        raise ValueError(f"expected b of shape ({w.shape[1]},), got {tuple(b.shape)}")


def _flatten(x: A) -> A:
    return array_namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))


@dataclass(frozen=True)
class FC(Layer):
    """Fully connected layer with `width` neurons, as `affine_forward`; images are flattened.

    Examples
    --------
    >>> FC(10).parameters((3, 4, 4))
    {'W': (48, 10), 'b': (10,)}
    """

    width: int
    bias: bool = True

    weights: ClassVar = ("W",)
    example: ClassVar = "FC-10"

    def __post_init__(self) -> None:
        """Check the width."""
        normalise(self, check_count, "width")
        normalise(self, check_flag, "bias")

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        return (self.width,)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        weights = {"W": (math.prod(shape), self.width)}
        return weights | ({"b": (self.width,)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        return math.prod(shape) * self.width

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Multiply and add; see `Layer.forward`."""
        w = params["W"]
        xp = array_namespace(w)
        b = params["b"] if self.bias else xp.zeros(w.shape[1], dtype=w.dtype, device=device(w))
        return *affine_forward(x, w, b), {}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        dx: Array | None = None
        if need_dx:
            dx, dw, db = affine_backward(dout, cache)
        else:  # the first layer of a network: a third of its products is not asked for
            dw, db = _parameter_gradients(dout, cache)
        return dx, {"W": dw, "b": db} if self.bias else {"W": dw}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        out, dx = batch * self.width * itemsize, batch * math.prod(shape) * itemsize * need_dx
        grads = itemsize * sum(map(math.prod, self.parameters(shape).values()))
        return Memory(forward=2 * out, backward=dx + grads, dx=dx)  # before and after the bias

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read ``-k``."""
        reader.expect("-", "expected - and the number of neurons")
        return cls(reader.number("the number of neurons"))
