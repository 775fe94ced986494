"""The chain of layers: the one way in which a network runs forward and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from cs231n_lib.backend import Array, array_namespace
from cs231n_lib.layers.path import runnable
from cs231n_lib.losses import ScoreLoss, softmax_loss
from cs231n_lib.nets.architecture import Architecture
from cs231n_lib.nets.model import Arrays, Model
from cs231n_lib.nets.weights import Init


class Chain(Model):
    """The network that an architecture describes.

    Parameters
    ----------
    architecture : Architecture
        Made by `nets.architecture.place`, `nets.pattern.parse` or one of `nets.published`.
    reg, init, rng, dtype, like, score_loss
        As for `nets.model.Model`.

    Attributes
    ----------
    architecture : Architecture
        Its layers and their shapes.
    params : dict of str to array
        ``W1``, ``b1``, ... Layers whose arrays have the same names are numbered in the order in
        which they are counted: ``W`` over CONV and FC, ``gamma`` over BN.
    buffers : dict of str to array
        ``running_mean1``, ``running_var1``, ... of the BN layers.

    Raises
    ------
    TypeError
        If the architecture has a layer that can be counted but not run.

    Examples
    --------
    >>> from cs231n_lib.layers import FC, Conv, ReLU, Residual
    >>> from cs231n_lib.nets.architecture import place
    >>> block = Residual((("CONV3-3", Conv(3, 3, pad=1)), ("RELU", ReLU())))
    >>> tiny = place("tiny", (3, 8, 8), [("ADD", block), ("FC-10", FC(10))])
    >>> net = Chain(tiny, rng=np.random.default_rng(0))
    >>> sorted(net.params), net.loss(np.ones((2, 3, 8, 8), np.float32)).shape
    (['W1', 'W2', 'b1', 'b2'], (2, 10))
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        reg: float = 0.0,
        init: Init = "he",
        rng: np.random.Generator,
        dtype: Any = np.float32,
        like: Array | None = None,
        score_loss: ScoreLoss = softmax_loss,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like, score_loss=score_loss)
        if not isinstance(architecture, Architecture):
            raise TypeError(
                "architecture must be one, such as parse(pattern) or vgg16(), got "
                f"{type(architecture).__name__}"
            )
        self.architecture = architecture
        _, *places = architecture.places()  # the first is the input
        for place in places:
            layer = runnable(place.name, place.spec)
            for name, shape in place.parameters.items():
                if name in layer.weights:
                    self._draw(place.names[name], shape)
                else:
                    self._fill(place.names[name], shape, layer.starts.get(name, 0.0))
            for name, shape in place.buffers.items():
                start = np.full(shape, layer.starts.get(name, 0.0))
                self.buffers[place.names[name]] = self._move(start)
        self._path, self._names = architecture.path, architecture.names

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any, Arrays]:
        params, buffers = (
            {own: arrays[name] for own, name in self._names.items() if name in arrays}
            for arrays in (self.params, self.buffers)
        )
        scores, caches, new = self._path.forward(self._as_input(X), params, buffers, mode, self.rng)
        return scores, caches, self._named(new)

    def _backward(self, dscores: Array, caches: Any) -> Arrays:
        return self._named(self._path.backward(dscores, caches, need_dx=False)[1])

    def _named(self, arrays: Arrays) -> Arrays:
        """Name arrays of the path as the network does."""
        return {self._names[own]: array for own, array in arrays.items()}

    def _as_input(self, X: Array) -> Array:
        """Return a batch in the shape that the first layer takes, or say what is wrong with it."""
        xp = array_namespace(X)  # refuses what is no array
        shape, given = self.architecture.layers[0].output_shape, tuple(X.shape)
        if len(shape) == 1 and len(given) > 1 and np.prod(given[1:]) == shape[0]:
            return xp.reshape(X, (given[0], *shape))
        if given[1:] == shape:
            return X
        expected = f"(N, {', '.join(map(str, shape))})"
        if len(shape) == 1:
            raise ValueError(f"expected {shape[0]} numbers an example, got X of shape {given}")
        raise ValueError(
            f"expected images of shape {expected}, channels first, got {given}; (N, H, W, C) "
            "becomes that by xp.permute_dims(X, (0, 3, 1, 2))"
        )
