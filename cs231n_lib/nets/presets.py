"""Networks that need no pattern: two layers, many layers, and the usual ConvNet.

The first is written out, to be read. The others are chains: they say which layers they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cs231n_lib._arguments import (
    check_choice,
    check_count,
    check_counts,
    check_flag,
    check_probability,
)
from cs231n_lib.backend import Array
from cs231n_lib.layers import (
    FC,
    BatchNorm,
    Conv,
    Dropout,
    LayerNorm,
    Pool,
    ReLU,
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
)
from cs231n_lib.layers.path import Named
from cs231n_lib.losses import ScoreLoss, softmax_loss
from cs231n_lib.nets.architecture import place
from cs231n_lib.nets.chain import Chain
from cs231n_lib.nets.model import Arrays, Model
from cs231n_lib.nets.weights import Init

NORMS: dict[str | None, list[Named]] = {
    None: [],
    "batchnorm": [("BN", BatchNorm())],
    "layernorm": [("LN", LayerNorm())],
}


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
    score_loss : callable
        Loss of the scores: `softmax_loss`, `svm_loss` or another of their kind.

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
        score_loss: ScoreLoss = softmax_loss,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like, score_loss=score_loss)
        for name, count in (("input_dim", input_dim), ("hidden_dim", hidden_dim)):
            check_count(name, count)
        check_count("num_classes", num_classes)
        self._draw("W1", (input_dim, hidden_dim))
        self._fill("b1", (hidden_dim,), 0)
        self._draw("W2", (hidden_dim, num_classes))
        self._fill("b2", (num_classes,), 0)

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any, Arrays]:
        p = self.params
        out, fc1 = affine_forward(X, p["W1"], p["b1"])
        out, relu = relu_forward(out)
        scores, fc2 = affine_forward(out, p["W2"], p["b2"])
        return scores, (fc1, relu, fc2), {}  # no buffers

    def _backward(self, dscores: Array, caches: Any) -> Arrays:
        fc1, relu, fc2 = caches
        dout, dW2, db2 = affine_backward(dscores, fc2)
        dout = relu_backward(dout, relu)
        _, dW1, db1 = affine_backward(dout, fc1)
        return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


class FullyConnectedNet(Chain):
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
    reg, init, rng, dtype, like, score_loss
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
        score_loss: ScoreLoss = softmax_loss,
    ) -> None:
        if normalization is not None:
            check_choice("normalization", normalization, [name for name in NORMS if name])
        keep_prob = check_probability("keep_prob", keep_prob)
        check_count("input_dim", input_dim)
        specs: list[Named] = []
        for width in check_counts("hidden_dims", hidden_dims):
            specs += [(f"FC-{width}", FC(width)), *NORMS[normalization], ("RELU", ReLU())]
            if keep_prob < 1:
                specs.append((f"DROPOUT-{keep_prob}", Dropout(keep_prob)))
        specs.append((f"FC-{num_classes}", FC(check_count("num_classes", num_classes))))
        super().__init__(
            place("FullyConnectedNet", (input_dim,), specs),
            reg=reg, init=init, rng=rng, dtype=dtype, like=like, score_loss=score_loss,
        )  # fmt: skip


class ConvNet(Chain):
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
    reg, init, rng, dtype, like, score_loss
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
        score_loss: ScoreLoss = softmax_loss,
    ) -> None:
        _, height, width = check_counts("input_shape", input_shape, length=3)
        num_filters = check_counts("num_filters", num_filters)
        shrink = 2 ** len(num_filters)
        if height % shrink or width % shrink:
            raise ValueError(
                f"{len(num_filters)} blocks halve the image as many times: height and width must "
                f"be multiples of {shrink}, got {height} and {width}"
            )
        if check_count("filter_size", filter_size) % 2 == 0:
            raise ValueError(f"filter_size must be odd to keep the image size, got {filter_size}")
        specs: list[Named] = []
        for filters in num_filters:
            conv = Conv(filters, filter_size, pad=(filter_size - 1) // 2)
            norm = NORMS["batchnorm" if check_flag("batchnorm", batchnorm) else None]
            specs += [(f"CONV{filter_size}-{filters}", conv), *norm, ("RELU", ReLU())] * 2
            specs.append(("POOL2", Pool(2, stride=2)))
        specs += [(f"FC-{hidden_dim}", FC(check_count("hidden_dim", hidden_dim))), ("RELU", ReLU())]
        specs.append((f"FC-{num_classes}", FC(check_count("num_classes", num_classes))))
        super().__init__(
            place("ConvNet", tuple(input_shape), specs),
            reg=reg, init=init, rng=rng, dtype=dtype, like=like, score_loss=score_loss,
        )  # fmt: skip
