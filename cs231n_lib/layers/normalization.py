"""Batch and layer normalisation: one idea, different choices of what to average over.

All of them subtract a mean, divide by a standard deviation, then scale by ``gamma`` and shift by
``beta``. Batch normalisation takes the statistics of a feature over the batch, its spatial
variant those of a channel over batch and positions, layer normalisation those of one example
over its features.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cs231n_lib._arguments import check_number, check_param, is_training
from cs231n_lib._checks import check_upstream
from cs231n_lib._parallel import by_rows, by_rows_bytes
from cs231n_lib.backend import A, Array, array_namespace, float_dtype
from cs231n_lib.layers.cached import check_fit, read_cache
from cs231n_lib.layers.layer import REUSED, Arrays, Layer, Memory, Shape

Cache = Any
Axes = tuple[int, ...]


def batchnorm_forward(x: A, gamma: A, beta: A, bn_param: dict[str, Any]) -> tuple[A, Cache]:
    """Normalise every feature over the batch.

    Parameters
    ----------
    x : array of shape (N, D), float32 or float64
    gamma, beta : arrays of shape (D,)
        Learnt scale and shift.
    bn_param : dict
        ``"mode"``, which is required: ``"train"`` uses the statistics of this batch, ``"test"``
        the running ones. ``"eps"`` (default 1e-5) is added to the variance. ``"momentum"``
        (default 0.9): each training batch moves the running averages by ``1 - momentum`` of the
        way. ``"running_mean"`` and ``"running_var"``, arrays of shape (D,): read at test time and
        replaced by new arrays in training; they start at 0 and 1.

    Returns
    -------
    out : array of shape (N, D)
    cache : tuple
        For :func:`batchnorm_backward`.

    Raises
    ------
    TypeError
        If the arrays, running averages included, are not of one floating dtype and one library.
    ValueError
        If shapes do not fit, `bn_param` has other keys, a number is out of range, the mode is
        unknown, training finds no example or test mode no running averages.

    Notes
    -----
    Source: S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015. As there, and in PyTorch,
    a batch is divided by its own (biased) variance, while the running variance averages the
    unbiased one, N / (N - 1) times as large.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [2.0]])
    >>> bn_param = {"mode": "train", "eps": 0.0}
    >>> out, cache = batchnorm_forward(x, np.ones(1), np.zeros(1), bn_param)
    >>> out.tolist(), np.round(bn_param["running_mean"], 3)
    ([[-1.0], [1.0]], array([0.1]))
    """
    _check_ndim(x, 2, "(N, D)")
    return _batchnorm_forward(x, gamma, beta, bn_param, (0,))


def batchnorm_backward(dout: A, cache: Cache) -> tuple[A, A, A]:
    """Return the gradients of :func:`batchnorm_forward`, in the mode that it ran in.

    Parameters
    ----------
    dout : array of shape (N, D)
        Upstream gradient.
    cache : tuple
        What the forward function returned.

    Returns
    -------
    dx : array of shape (N, D)
    dgamma, dbeta : arrays of shape (D,)

    Raises
    ------
    TypeError, ValueError
        If `dout` has another dtype or shape than the output had, or `cache` is another one.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [2.0]])
    >>> _, cache = batchnorm_forward(x, np.ones(1), np.zeros(1), {"mode": "train"})
    >>> dx, dgamma, dbeta = batchnorm_backward(np.ones((2, 1)), cache)
    >>> dx.tolist(), dgamma.tolist(), dbeta.tolist()
    ([[0.0], [0.0]], [0.0], [2.0])
    """
    return _batchnorm_backward(dout, cache)


def spatial_batchnorm_forward(x: A, gamma: A, beta: A, bn_param: dict[str, Any]) -> tuple[A, Cache]:
    """Normalise every channel over the batch and all positions, after a convolution.

    Parameters
    ----------
    x : array of shape (N, C, H, W), float32 or float64
    gamma, beta : arrays of shape (C,)
    bn_param : dict
        As for :func:`batchnorm_forward`; the running averages have shape (C,).

    Returns
    -------
    out : array of shape (N, C, H, W)
    cache : tuple
        For :func:`spatial_batchnorm_backward`.

    Raises
    ------
    TypeError, ValueError
        As for :func:`batchnorm_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> out, _ = spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), {"mode": "train"})
    >>> np.allclose(out[0, 0], out[0, 1])
    True
    """
    _check_ndim(x, 4, "(N, C, H, W)")
    return _batchnorm_forward(x, gamma, beta, bn_param, (0, 2, 3))


def spatial_batchnorm_backward(dout: A, cache: Cache) -> tuple[A, A, A]:
    """Return the gradients of :func:`spatial_batchnorm_forward`.

    Parameters, results and errors are those of :func:`batchnorm_backward`, with shapes
    (N, C, H, W) and (C,).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> _, cache = spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), {"mode": "train"})
    >>> [g.shape for g in spatial_batchnorm_backward(x, cache)]
    [(1, 2, 2, 2), (2,), (2,)]
    """
    return _batchnorm_backward(dout, cache)


def layernorm_forward(
    x: A, gamma: A, beta: A, ln_param: dict[str, Any] | None = None
) -> tuple[A, Cache]:
    """Normalise every example over its features; training and test are the same.

    Parameters
    ----------
    x : array of shape (N, D), float32 or float64
    gamma, beta : arrays of shape (D,)
    ln_param : dict, optional
        ``"eps"`` (default 1e-5) is added to the variance.

    Returns
    -------
    out : array of shape (N, D)
    cache : tuple
        For :func:`layernorm_backward`.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, `ln_param` has other keys, or ``eps`` is negative.

    Notes
    -----
    Source: J. Ba, J. Kiros and G. Hinton, "Layer normalization", arXiv:1607.06450, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), {"eps": 0.0})[0]
    array([[-1.,  1.]])
    """
    _check_ndim(x, 2, "(N, D)")
    xp = _check(x, gamma, beta)
    (eps,) = check_param("ln_param", {} if ln_param is None else ln_param, (), {"eps": 1e-5})
    eps = check_number("eps", eps)
    centred = x - xp.mean(x, axis=1, keepdims=True)
    # Far from 0 the mean is rounded too much: what it lacks is the mean of the differences.
    centred = centred - xp.mean(centred, axis=1, keepdims=True)
    inv_std = 1 / xp.sqrt(xp.mean(centred**2, axis=1, keepdims=True) + eps)
    normalised = centred * inv_std
    return normalised * gamma + beta, (normalised, gamma, inv_std)


def layernorm_backward(dout: A, cache: Cache) -> tuple[A, A, A]:
    """Return the gradients of :func:`layernorm_forward`.

    Parameters, results and errors are those of :func:`batchnorm_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> _, cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))
    >>> layernorm_backward(np.array([[1.0, 1.0]]), cache)[0]
    array([[0., 0.]])
    """
    forward = "layernorm_forward"
    normalised, gamma, inv_std = read_cache(cache, forward, normalised=2, gamma=1, inv_std=2)
    check_fit(forward, "gamma", gamma, normalised.shape[1:])
    check_fit(forward, "inv_std", inv_std, (normalised.shape[0], 1))
    float_dtype(normalised, gamma, inv_std)
    xp = array_namespace(normalised)
    check_upstream(dout, normalised.shape, normalised)
    dgamma, dbeta = xp.sum(dout * normalised, axis=0), xp.sum(dout, axis=0)
    dnorm = dout * gamma
    # x acts directly, through the mean and through the variance.
    through_mean = xp.mean(dnorm, axis=1, keepdims=True)
    through_var = normalised * xp.mean(dnorm * normalised, axis=1, keepdims=True)
    return (dnorm - through_mean - through_var) * inv_std, dgamma, dbeta


def _batchnorm_forward(
    x: A, gamma: A, beta: A, bn_param: dict[str, Any], axes: Axes
) -> tuple[A, Cache]:
    xp = _check(x, gamma, beta)
    mode, eps, momentum, running_mean, running_var = check_param(
        "bn_param",
        bn_param,
        ("mode",),
        {"eps": 1e-5, "momentum": 0.9, "running_mean": None, "running_var": None},
    )
    eps, momentum = check_number("eps", eps), check_number("momentum", momentum, most=1)
    running = {"running_mean": running_mean, "running_var": running_var}
    float_dtype(x, *(average for average in running.values() if average is not None))
    for name, average in running.items():
        if average is not None and average.shape != gamma.shape:
            expected, got = tuple(gamma.shape), tuple(average.shape)
            raise ValueError(f"expected {name} of shape {expected}, got {got}")
    training = is_training(mode)
    if training:
        if x.shape[0] == 0:
            raise ValueError("batch normalisation cannot train on a batch of no examples")
        count = math.prod(x.shape[axis] for axis in axes)
        mean = _sums(lambda x: (x,), x, axes=axes)[0] / count
        centre = _spread(mean, x, axes)
        # Far from 0 the mean is rounded too much: what it lacks is the mean of the differences.
        first, second = _sums(lambda x: (d := x - centre, d**2), x, axes=axes)
        rest = _spread(first / count, x, axes)
        var = xp.clip(second / count - (first / count) ** 2, 0)
        unbiased = var * (count / max(count - 1, 1))
        for name, now, start in (("running_mean", mean, 0.0), ("running_var", unbiased, 1.0)):
            old = start if running[name] is None else running[name]
            bn_param[name] = momentum * old + (1 - momentum) * now
    elif running_mean is not None and running_var is not None:
        mean, var = running_mean, running_var
        centre, rest = _spread(mean, x, axes), 0.0
    else:
        raise ValueError("test mode needs running_mean and running_var: train first")
    inv_std = _spread(1 / xp.sqrt(var + eps), x, axes)
    scale, shift = _spread(gamma, x, axes), _spread(beta, x, axes)

    def normalise(x: A) -> tuple[A, A]:
        normalised = (x - centre - rest) * inv_std
        return normalised, normalised * scale + shift

    normalised, out = by_rows(normalise, x)
    return out, (normalised, scale * inv_std, axes, training)


def _batchnorm_backward(dout: A, cache: Cache) -> tuple[A, A, A]:
    forward = "batchnorm_forward"
    normalised, slope, axes, training = read_cache(
        cache, forward, normalised=..., slope=..., axes=tuple, training=bool
    )
    form = tuple(1 if axis in axes else size for axis, size in enumerate(normalised.shape))
    check_fit(forward, "slope", slope, form)
    float_dtype(normalised, slope)
    check_upstream(dout, normalised.shape, normalised)
    dgamma, dbeta = _sums(lambda dout, n: (dout * n, dout), dout, normalised, axes=axes)
    if not training:  # the running averages do not depend on x
        return dout * slope, dgamma, dbeta
    # x acts directly, through the mean and through the variance. The last two are averages of
    # what has been summed already, because gamma is the same for all that they average over.
    count = math.prod(dout.shape[axis] for axis in axes)
    through_mean = _spread(dbeta, dout, axes) / count
    through_var = _spread(dgamma, dout, axes) / count
    dx = by_rows(lambda dout, n: (dout - through_mean - n * through_var) * slope, dout, normalised)
    return dx, dgamma, dbeta


def _sums(work: Callable[..., tuple[A, ...]], *arrays: A, axes: Axes) -> tuple[A, ...]:
    """Sum what ``work(*arrays)`` returns: within every example first, then over the batch."""
    xp = array_namespace(arrays[0])

    def within(*rows: A) -> tuple[A, ...]:
        return tuple(xp.sum(terms, axis=axes[1:]) for terms in work(*rows))

    sums = by_rows(within, *arrays) if axes[1:] else work(*arrays)
    return tuple(xp.sum(terms, axis=0) for terms in sums)


def _spread(values: A, x: A, axes: Axes) -> A:
    """Reshape per-feature values so that they broadcast against x: length 1 along `axes`."""
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    return array_namespace(values).reshape(values, shape)


def _check(x: Array, gamma: Array, beta: Array) -> Any:
    xp = array_namespace(x)
    float_dtype(x, gamma, beta)
    features = (x.shape[1],)
    if gamma.shape != features or beta.shape != features:
        raise ValueError(
            f"expected gamma and beta of shape {features} for x {tuple(x.shape)}, got "
            f"{tuple(gamma.shape)} and {tuple(beta.shape)}"
        )
    return xp


def _check_ndim(x: Array, ndim: int, form: str) -> None:
    float_dtype(x)
    if x.ndim != ndim:
        raise ValueError(f"expected x of shape {form}, got {tuple(x.shape)}")


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation of every channel (images) or feature (vectors).

    As `spatial_batchnorm_forward` or `batchnorm_forward`, with their default settings.
    """

    starts: ClassVar = {"gamma": 1.0, "running_var": 1.0}
    example: ClassVar = "BN"

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return {"gamma": (shape[0],), "beta": (shape[0],)}

    def buffers(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the running averages by name."""
        return {"running_mean": (shape[0],), "running_var": (shape[0],)}

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Normalise; see `Layer.forward`."""
        run = spatial_batchnorm_forward if x.ndim == 4 else batchnorm_forward
        bn_param: dict[str, Any] = {"mode": mode, **buffers}
        out, cache = run(x, params["gamma"], params["beta"], bn_param)
        return out, cache, {name: bn_param[name] for name in buffers}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        dx, dgamma, dbeta = _batchnorm_backward(dout, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        out, grads = batch * math.prod(shape) * itemsize, 2 * shape[0] * itemsize
        return Memory(
            forward=2 * out + by_rows_bytes(out, batch, reads=1, whole=1, each=3, results=2),
            backward=out + grads + by_rows_bytes(out, batch, reads=2, whole=2, each=3, results=1),
            dx=out,
            kept=out,
            keeps_input=False,
        )


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Layer normalisation of vectors, as `layernorm_forward` with its default settings."""

    starts: ClassVar = {"gamma": 1.0}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        if len(shape) != 1:
            raise ValueError(f"needs vectors (D,), got images {shape}: put it behind FC")
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return {"gamma": shape, "beta": shape}

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Normalise; see `Layer.forward`."""
        return *layernorm_forward(x, params["gamma"], params["beta"]), {}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        dx, dgamma, dbeta = layernorm_backward(dout, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        out, grads = batch * shape[0] * itemsize, 2 * shape[0] * itemsize
        largest = (3 if out >= REUSED else 4) * out
        return Memory(
            forward=largest,
            backward=largest + grads,
            dx=out,
            kept=out + batch * itemsize,
            keeps_input=False,
        )
