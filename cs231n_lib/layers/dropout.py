"""Dropout: a random part of the values is set to zero in training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from cs231n_lib._arguments import check_generator, check_param, check_probability, is_training
from cs231n_lib._checks import check_upstream
from cs231n_lib.backend import A, Array, array_namespace, asarray_like, float_dtype
from cs231n_lib.layers.cached import read_cache
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Reader, Shape
from cs231n_lib.layers.masking import where_kept

Cache = Any


def dropout_forward(
    x: A, dropout_param: dict[str, Any], rng: np.random.Generator | None = None
) -> tuple[A, Cache]:
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
        If `dropout_param` has other keys, or the mode or the probability is not one of the above.

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
    mode, keep_prob = check_param("dropout_param", dropout_param, ("mode", "keep_prob"))
    keep_prob = check_probability("keep_prob", keep_prob)
    if not is_training(mode):
        return x, None
    check_generator("dropout in training", rng)
    assert rng is not None
    kept = asarray_like(rng.random(x.shape) < keep_prob, x)
    mask = xp.astype(kept, x.dtype) / keep_prob
    out: Any = where_kept(kept, x)
    out *= mask
    return out, mask


def dropout_backward(dout: A, cache: Cache) -> A:
    """Send the upstream gradient through the same mask; what was dropped gets 0.

    Parameters, results and errors are those of `relu_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> dropout_backward(np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    array([0., 6.])
    """
    if cache is None:  # test time: the identity
        float_dtype(dout)
        return dout
    mask = read_cache(cache, "dropout_forward", mask=...)
    check_upstream(dout, mask.shape, mask)
    dx: Any = where_kept(mask != 0, dout)
    dx *= mask
    return dx


@dataclass(frozen=True)
class Dropout(Layer):
    """Inverted dropout that keeps a value with probability `keep_prob`, as `dropout_forward`."""

    keep_prob: float

    example: ClassVar = "DROPOUT-0.5"

    def __post_init__(self) -> None:
        """Check the probability."""
        check_probability("keep_prob", self.keep_prob)

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Cache, dict[str, Array]]:
        """Drop some values in training; see `Layer.forward`."""
        return *dropout_forward(x, {"mode": mode, "keep_prob": self.keep_prob}, rng), {}

    def backward(
        self, dout: Array, cache: Cache, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; see `Layer.backward`."""
        return dropout_backward(dout, cache), {}

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""
        values = batch * math.prod(shape)
        out = values * itemsize
        # Random numbers of 8 bytes and a flag for each; later flag, mask and output.
        forward = max(9 * values, values + 2 * out)
        return Memory(forward, backward=out + values, dx=out, kept=out, keeps_input=False)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read ``-p``."""
        what = "the probability that a value is kept"
        reader.expect("-", f"expected - and {what}")
        return cls(reader.fraction(f"expected {what}, above 0, at most 1"))
