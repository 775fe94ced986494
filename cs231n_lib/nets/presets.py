"""Networks that need no pattern: two layers, many layers, and the usual ConvNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers.affine import affine_backward, affine_forward
from cs231n_lib.layers.conv import conv_backward, conv_forward
from cs231n_lib.layers.dropout import dropout_backward, dropout_forward
from cs231n_lib.layers.elementwise import relu_backward, relu_forward
from cs231n_lib.layers.normalization import (
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from cs231n_lib.layers.pooling import max_pool_backward, max_pool_forward
from cs231n_lib.nets.model import Grads, Model
from cs231n_lib.nets.weights import Init

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


class TwoLayerNet(Model):
    """affine - ReLU - affine: the smallest network that a linear classifier is not.

    Parameters
    ----------
    input_dim, hidden_dim, num_classes : int
        D, H and C. Images of any shape are flattened to D numbers.
    reg : float
        Strength of the penalty ``reg * sum(W * W)``.
    init : {"he", "xavier"} or float
        See :func:`~cs231n_lib.nets.weights.initial_weights`.
    rng : numpy.random.Generator
        Draws the initial weights.
    dtype : dtype
        numpy.float32 or numpy.float64.
    like : array, optional
        The parameters live in the library and on the device of this array; default NumPy.

    Attributes
    ----------
    params : dict of str to array
        ``W1`` (D, H), ``b1`` (H,), ``W2`` (H, C), ``b2`` (C,).

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    Source: lecture section "Fully connected layer".

    Examples
    --------
    >>> net = TwoLayerNet(12, 5, 3, rng=np.random.default_rng(0))
    >>> X = np.ones((2, 2, 2, 3), dtype=np.float32)
    >>> net.loss(X).shape
    (2, 3)
    >>> loss, grads = net.loss(X, np.array([0, 2]))
    >>> sorted(grads)
    ['W1', 'W2', 'b1', 'b2']
    """

    def __init__(
        self,
        input_dim: int = 3072,
        hidden_dim: int = 100,
        num_classes: int = 10,
        *,
        reg: float = 0.0,
        init: Init = "he",
        rng: np.random.Generator,
        dtype: Any = np.float32,
        like: Array | None = None,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like)
        self._add_layer(1, (input_dim, hidden_dim))
        self._add_layer(2, (hidden_dim, num_classes))

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any]:
        p = self.params
        out, fc1 = affine_forward(X, p["W1"], p["b1"])
        out, relu = relu_forward(out)
        scores, fc2 = affine_forward(out, p["W2"], p["b2"])
        return scores, (fc1, relu, fc2)

    def _backward(self, dscores: Array, caches: Any) -> Grads:
        fc1, relu, fc2 = caches
        dout, dW2, db2 = affine_backward(dscores, fc2)
        dout = relu_backward(dout, relu)
        _, dW1, db1 = affine_backward(dout, fc1)
        return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


class FullyConnectedNet(Model):
    """[affine - normalisation? - ReLU - dropout?] * (L - 1) - affine.

    Parameters
    ----------
    hidden_dims : sequence of int
        Widths of the L - 1 hidden layers; empty for a linear classifier.
    input_dim, num_classes : int
        D and C.
    normalization : {None, "batchnorm", "layernorm"}
    keep_prob : float
        Probability that dropout keeps a value; 1 (the default) for no dropout.
    reg, init, rng, dtype, like
        As for :class:`TwoLayerNet`; `rng` also draws the masks of dropout.

    Attributes
    ----------
    params : dict of str to array
        ``W1``, ``b1``, ... and with normalisation ``gamma1``, ``beta1``, ...
    buffers : dict of str to array
        ``running_mean1``, ``running_var1``, ... with batch normalisation.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> net = FullyConnectedNet([6, 5], 8, 3, normalization="layernorm",
    ...                         rng=np.random.default_rng(0))
    >>> {name: w.shape for name, w in net.params.items() if name.startswith("W")}
    {'W1': (8, 6), 'W2': (6, 5), 'W3': (5, 3)}
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3072,
        num_classes: int = 10,
        *,
        normalization: str | None = None,
        keep_prob: float = 1.0,
        reg: float = 0.0,
        init: Init = "he",
        rng: np.random.Generator,
        dtype: Any = np.float32,
        like: Array | None = None,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like)
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(
                f"normalization must be None, 'batchnorm' or 'layernorm', got {normalization!r}"
            )
        if not 0 < keep_prob <= 1:
            raise ValueError(f"keep_prob must be above 0 and at most 1, got {keep_prob}")
        self.normalization = normalization
        self.keep_prob = float(keep_prob)
        self.num_layers = len(hidden_dims) + 1
        dims = [input_dim, *hidden_dims, num_classes]
        for i in range(1, self.num_layers + 1):
            self._add_layer(i, (dims[i - 1], dims[i]))
            if normalization and i < self.num_layers:
                self._add_normalization(i, dims[i])
            if normalization == "batchnorm" and i < self.num_layers:
                self._add_running_averages(i, dims[i])

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any]:
        p, out, caches = self.params, X, []
        for i in range(1, self.num_layers):
            out, fc = affine_forward(out, p[f"W{i}"], p[f"b{i}"])
            out, norm = self._normalize(out, i, mode)
            out, relu = relu_forward(out)
            out, drop = self._dropout(out, mode)
            caches.append((fc, norm, relu, drop))
        scores, fc = affine_forward(out, p[f"W{self.num_layers}"], p[f"b{self.num_layers}"])
        return scores, (caches, fc)

    def _normalize(self, x: Array, i: int, mode: str) -> tuple[Array, Any]:
        if self.normalization == "batchnorm":
            return self._batchnorm(batchnorm_forward, x, i, mode)
        if self.normalization == "layernorm":
            return layernorm_forward(x, self.params[f"gamma{i}"], self.params[f"beta{i}"])
        return x, None

    def _dropout(self, x: Array, mode: str) -> tuple[Array, Any]:
        if self.keep_prob == 1:
            return x, None
        return dropout_forward(x, {"mode": mode, "keep_prob": self.keep_prob}, self.rng)

    def _backward(self, dscores: Array, caches: Any) -> Grads:
        hidden, fc = caches
        last, grads = self.num_layers, {}
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, fc)
        for i in range(last - 1, 0, -1):
            fc, norm, relu, drop = hidden[i - 1]
            dout = relu_backward(dropout_backward(dout, drop), relu)
            if self.normalization is not None:
                backward = {"batchnorm": batchnorm_backward, "layernorm": layernorm_backward}
                dout, dgamma, dbeta = backward[self.normalization](dout, norm)
                grads |= {f"gamma{i}": dgamma, f"beta{i}": dbeta}
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, fc)
        return grads


class ConvNet(Model):
    """[[conv - batchnorm? - ReLU] * 2 - pool] * B - affine - ReLU - affine.

    All convolutions have stride 1 and keep height and width (pad (F - 1) / 2); every 2 x 2 max
    pooling halves both.

    Parameters
    ----------
    input_shape : tuple of int
        (C, H, W); H and W divisible by two as often as there are blocks.
    num_filters : sequence of int
        Filters in each of the B blocks.
    filter_size : int
        F, odd.
    hidden_dim, num_classes : int
        Neurons of the hidden fully connected layer, and classes.
    batchnorm : bool
        Whether every convolution is followed by spatial batch normalisation.
    reg, init, rng, dtype, like
        As for :class:`TwoLayerNet`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    Source: lecture section "Convolutional networks", the common pattern of layers; the blocks
    are those of K. Simonyan and A. Zisserman, "Very deep convolutional networks", ICLR 2015.

    Examples
    --------
    >>> net = ConvNet((3, 8, 8), [4], hidden_dim=6, rng=np.random.default_rng(0))
    >>> net.loss(np.zeros((2, 3, 8, 8), dtype=np.float32)).shape
    (2, 10)
    >>> net.params["W2"].shape, net.params["W3"].shape
    ((4, 4, 3, 3), (64, 6))
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int] = (3, 32, 32),
        num_filters: Sequence[int] = (32, 64),
        *,
        filter_size: int = 3,
        hidden_dim: int = 128,
        num_classes: int = 10,
        batchnorm: bool = True,
        reg: float = 0.0,
        init: Init = "he",
        rng: np.random.Generator,
        dtype: Any = np.float32,
        like: Array | None = None,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like)
        channels, height, width = input_shape
        shrink = 2 ** len(num_filters)
        if height % shrink or width % shrink:
            raise ValueError(
                f"{len(num_filters)} blocks halve the image as many times: height and width must "
                f"be multiples of {shrink}, got {height} and {width}"
            )
        if filter_size % 2 == 0:
            raise ValueError(f"filter_size must be odd to keep the image size, got {filter_size}")
        self.input_shape = tuple(input_shape)
        self.batchnorm = batchnorm
        self.num_convs = 2 * len(num_filters)
        self._conv_param = {"stride": 1, "pad": (filter_size - 1) // 2}
        number = 0
        for filters in num_filters:
            for _ in range(2):
                number += 1
                self._add_layer(number, (filters, channels, filter_size, filter_size))
                if batchnorm:
                    self._add_normalization(number, filters)
                    self._add_running_averages(number, filters)
                channels = filters
        flat = channels * (height // shrink) * (width // shrink)
        self._add_layer(number + 1, (flat, hidden_dim))
        self._add_layer(number + 2, (hidden_dim, num_classes))

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any]:
        if tuple(X.shape[1:]) != self.input_shape:
            raise ValueError(
                f"expected images of shape (N, {', '.join(map(str, self.input_shape))}), channels "
                f"first, got {tuple(X.shape)}; (N, H, W, C) becomes that by "
                "xp.permute_dims(X, (0, 3, 1, 2))"
            )
        p, out, caches = self.params, X, []
        norm = pool = None
        for i in range(1, self.num_convs + 1):
            out, conv = conv_forward(out, p[f"W{i}"], p[f"b{i}"], self._conv_param)
            if self.batchnorm:
                out, norm = self._batchnorm(spatial_batchnorm_forward, out, i, mode)
            out, relu = relu_forward(out)
            if i % 2 == 0:
                out, pool = max_pool_forward(out, POOL)
            caches.append((conv, norm, relu, pool))
        i = self.num_convs + 1
        out, fc1 = affine_forward(out, p[f"W{i}"], p[f"b{i}"])
        out, relu = relu_forward(out)
        scores, fc2 = affine_forward(out, p[f"W{i + 1}"], p[f"b{i + 1}"])
        return scores, (caches, fc1, relu, fc2)

    def _backward(self, dscores: Array, caches: Any) -> Grads:
        convs, fc1, relu, fc2 = caches
        grads: Grads = {}
        i = self.num_convs + 1
        dout, grads[f"W{i + 1}"], grads[f"b{i + 1}"] = affine_backward(dscores, fc2)
        dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(relu_backward(dout, relu), fc1)
        for i in range(self.num_convs, 0, -1):
            conv, norm, relu, pool = convs[i - 1]
            if i % 2 == 0:
                dout = max_pool_backward(dout, pool)
            dout = relu_backward(dout, relu)
            if self.batchnorm:
                dout, dgamma, dbeta = spatial_batchnorm_backward(dout, norm)
                grads |= {f"gamma{i}": dgamma, f"beta{i}": dbeta}
            dout, grads[f"W{i}"], grads[f"b{i}"] = conv_backward(dout, conv, need_dx=i > 1)
        return grads
