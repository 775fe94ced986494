"""Residual blocks: two paths from one input, added."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Part, Shape
from cs231n_lib.layers.path import (
    Named,
    Path,
    at,
    divide,
    gathered,
    largest,
    numbers_in,
    within,
)

Caches = tuple[list, list]


@dataclass(frozen=True)
class Residual(Layer):
    """Two paths from one input, added: `body` and, if not the identity, `shortcut`.

    Parameters
    ----------
    body, shortcut : tuple of (str, Spec)
        The layers of each path with their names.

    Notes
    -----
    Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition",
    CVPR 2016.

    Examples
    --------
    >>> from cs231n_lib.layers import ReLU
    >>> block, rng = Residual((("RELU", ReLU()),)), np.random.default_rng(0)
    >>> out, caches, _ = block.forward(np.array([[-1.0, 2.0]]), {}, {}, "test", rng)
    >>> out, block.backward(np.ones((1, 2)), caches, need_dx=True)[0]
    (array([[-1.,  4.]]), array([[1., 2.]]))
    """

    body: tuple[Named, ...]
    shortcut: tuple[Named, ...] = ()

    def __post_init__(self) -> None:
        """Check that there are layers on the paths."""
        self._paths()

    def _paths(self) -> dict[str, Path]:
        return {"body": Path(self.body), "shortcut": Path(self.shortcut)}

    def parts(self, shape: Shape) -> tuple[Part, ...]:
        """Return the layers of both paths."""
        return tuple(
            part._replace(key=f"{key}.{part.key}")
            for key, path in self._paths().items()
            for part in path.parts(shape)
        )

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        ends = [path.output_shape(shape) for path in self._paths().values()]
        if ends[0] != ends[1]:
            raise ValueError(f"the paths end in different shapes, {ends[0]}, {ends[1]}")
        return ends[0]

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return gathered(self.parts(shape), lambda part: part.spec.parameters(part.shape))

    def buffers(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each array that is kept but not learnt, by name."""
        return gathered(self.parts(shape), lambda part: part.spec.buffers(part.shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        return sum(part.spec.multiply_adds(part.shape) for part in self.parts(shape))

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Caches, dict[str, Array]]:
        """Run both paths, the body first; see `Layer.forward`."""
        own, kept = divide(params), divide(buffers)
        outs, caches = [], []
        new: dict[str, Array] = {}
        for key, path in self._paths().items():
            out, cache, fresh = path.forward(x, own.get(key, {}), kept.get(key, {}), mode, rng)
            outs.append(out)
            caches.append(cache)
            new |= within(key, fresh)
        return outs[0] + outs[1], (caches[0], caches[1]), new

    def backward(
        self, dout: Array, cache: Caches, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back along both paths and empty their caches; see `Layer.backward`."""
        if not (isinstance(cache, tuple) and len(cache) == 2):
            raise TypeError(
                f"expected the caches of two paths that forward returned, got {cache!r:.60}"
            )
        grads: dict[str, Array] = {}
        ends = []
        for (key, path), caches in zip(self._paths().items(), cache, strict=True):
            dx, own = path.backward(dout, caches, need_dx)
            ends.append(dx)
            grads |= within(key, own)
        main, side = ends
        return None if main is None or side is None else main + side, grads

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates."""

        def size(shape: Shape) -> int:
            return batch * itemsize * math.prod(shape)

        paths = self._paths().values()
        body, shortcut = (path.memory(shape, batch, itemsize, need_dx) for path in paths)
        grads = [itemsize * numbers_in(path.parameters(shape)) for path in paths]
        # A path without layers hands on the array that came.
        main, side = (size(path.output_shape(shape)) * bool(path.layers) for path in paths)
        held = body.kept + shortcut.kept
        there, forward_in = largest(
            (body.forward, at("body", body.forward_in)),
            (body.kept + main + shortcut.forward, at("shortcut", shortcut.forward_in)),
            (held + main + side + size(self.output_shape(shape)), ""),
        )
        # What the body held is free by then. (So is, at the end, the input, which counts here.)
        passed = grads[0] + body.dx - body.kept
        dx = size(shape) * need_dx
        back, backward_in = largest(
            (body.backward, at("body", body.backward_in)),
            (passed + shortcut.backward, at("shortcut", shortcut.backward_in)),
            (sum(grads) + body.dx + shortcut.dx + dx - held, ""),
        )
        keeps_input = body.keeps_input or shortcut.keeps_input
        return Memory(there, back, dx, held, keeps_input, forward_in, backward_in)
