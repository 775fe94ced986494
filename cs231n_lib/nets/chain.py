"""The chain of layers: the one way in which a network runs forward and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, assert_never

import numpy as np

from cs231n_lib.backend import Array, array_namespace
from cs231n_lib.layers.layer import Arrays, Layer
from cs231n_lib.losses import ScoreLoss, softmax_loss
from cs231n_lib.nets.architecture import Architecture, Fork, Place
from cs231n_lib.nets.model import Arrays as Named
from cs231n_lib.nets.model import Model
from cs231n_lib.nets.weights import Init

Links = Sequence[Place | Fork]


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
    >>> from cs231n_lib.layers import FC, Conv, ReLU
    >>> from cs231n_lib.nets.architecture import Residual, place
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
        self.architecture = architecture
        for place in _places(architecture.layers[1:]):
            layer = _runnable(place)
            for name, shape in place.parameters.items():
                if name in layer.weights:
                    self._draw(f"{name}{place.number}", shape)
                else:
                    self._fill(f"{name}{place.number}", shape, layer.starts.get(name, 0.0))
            for name, shape in place.buffers.items():
                start = np.full(shape, layer.starts.get(name, 0.0))
                self.buffers[f"{name}{place.number}"] = self._move(start)

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any, Named]:
        X = self._as_input(X)
        return _forward(self.architecture.layers[1:], X, self.params, self.buffers, mode, self.rng)

    def _backward(self, dscores: Array, caches: Any) -> Named:
        return _backward(self.architecture.layers[1:], dscores, caches, need_dx=False)[1]

    def _as_input(self, X: Array) -> Array:
        """Return a batch in the shape that the first layer takes, or say what is wrong with it."""
        shape, given = self.architecture.layers[0].output_shape, tuple(X.shape)
        if len(shape) == 1 and len(given) > 1 and np.prod(given[1:]) == shape[0]:
            return array_namespace(X).reshape(X, (given[0], *shape))
        if given[1:] == shape:
            return X
        expected = f"(N, {', '.join(map(str, shape))})"
        if len(shape) == 1:
            raise ValueError(f"expected {shape[0]} numbers an example, got X of shape {given}")
        raise ValueError(
            f"expected images of shape {expected}, channels first, got {given}; (N, H, W, C) "
            "becomes that by xp.permute_dims(X, (0, 3, 1, 2))"
        )


def _places(links: Links) -> Iterator[Place]:
    """Yield the layers that run, those within blocks too."""
    for link in links:
        match link:
            case Place():
                yield link
            case Fork():
                yield from _places(link.body)
                yield from _places(link.shortcut)
            case _:
                assert_never(link)


def _runnable(place: Place) -> Layer:
    if not isinstance(place.spec, Layer):
        raise TypeError(f"{place.name}: {place.spec!r} can be counted, but not run")
    return place.spec


def _forward(
    links: Links, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
) -> tuple[Array, list, dict[str, Array]]:
    """Run layers one after another; return what comes out, caches and new buffers."""
    caches: list = []
    new: dict[str, Array] = {}
    for link in links:
        match link:
            case Place():
                own = {name: params[f"{name}{link.number}"] for name in link.parameters}
                kept = {name: buffers[f"{name}{link.number}"] for name in link.buffers}
                x, cache, fresh = _runnable(link).forward(x, own, kept, mode, rng)
                fresh = {f"{name}{link.number}": array for name, array in fresh.items()}
            case Fork():
                x, cache, fresh = _fork_forward(link, x, params, buffers, mode, rng)
            case _:
                assert_never(link)
        caches.append(cache)
        new |= fresh
    return x, caches, new


def _fork_forward(
    fork: Fork, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
) -> tuple[Array, tuple[list, list], dict[str, Array]]:
    main, body, new = _forward(fork.body, x, params, buffers, mode, rng)
    side, shortcut, others = _forward(fork.shortcut, x, params, buffers, mode, rng)
    return main + side, (body, shortcut), new | others


def _backward(
    links: Links, dout: Any, caches: list, need_dx: bool
) -> tuple[Array | None, dict[str, Array]]:
    """Go back through layers; return the gradient of what came in and those of the parameters."""
    grads: dict[str, Array] = {}
    for link in reversed(links):
        cache = caches.pop()  # what later layers kept is free from here on
        need = need_dx or bool(caches)
        match link:
            case Place():
                dout, own = _runnable(link).backward(dout, cache, need)
                grads |= {f"{name}{link.number}": grad for name, grad in own.items()}
            case Fork():
                dout, own = _fork_backward(link, dout, cache, need)
                grads |= own
            case _:
                assert_never(link)
    return dout, grads


def _fork_backward(
    fork: Fork, dout: Any, caches: tuple[list, list], need_dx: bool
) -> tuple[Array | None, dict[str, Array]]:
    main, grads = _backward(fork.body, dout, caches[0], need_dx)
    side, others = _backward(fork.shortcut, dout, caches[1], need_dx)
    dx = None if main is None or side is None else main + side
    return dx, grads | others
