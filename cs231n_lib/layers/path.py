"""Layers one after another: a network is such a path, and a residual block is made of two."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers.layer import Arrays, Layer, Memory, Part, Shape, Spec

Named: TypeAlias = tuple[str, Spec]
T = TypeVar("T")


@dataclass(frozen=True)
class Path:
    """Layers with their names, in the order in which they run.

    Its arrays carry the number of their layer in front: ``0.W``, ``0.b``, ``2.W``, ...

    Examples
    --------
    >>> from cs231n_lib.layers import FC, ReLU
    >>> path = Path((("RELU", ReLU()), ("FC-2", FC(2))))
    >>> [part.key for part in path.parts((3,))], path.output_shape((3,))
    (['0', '1'], (2,))
    >>> params = {"1.W": np.ones((3, 2)), "1.b": np.zeros(2)}
    >>> out, caches, _ = path.forward(-np.ones((1, 3)), params, {}, "test", np.random.default_rng())
    >>> dx, grads = path.backward(out, caches, need_dx=True)
    >>> out, dx, sorted(grads)
    (array([[0., 0.]]), array([[0., 0., 0.]]), ['1.W', '1.b'])
    """

    layers: tuple[Named, ...]

    def __post_init__(self) -> None:
        """Check that these are layers with names."""
        for named in self.layers if isinstance(self.layers, Sequence) else [self.layers]:
            if not (isinstance(named, Sequence) and len(named) == 2):
                raise TypeError(
                    f"expected layers with their names, such as (('FC-10', FC(10)),), got {named!r}"
                )
            require_layer(*named)

    def parts(self, shape: Shape) -> tuple[Part, ...]:
        """Return the layers with the shapes that come in.

        Raises
        ------
        ValueError
            If one does not fit; the message names it.
        """
        parts = []
        for index, (name, spec) in enumerate(self.layers):
            parts.append(Part(str(index), name, spec, shape))
            try:
                shape = spec.output_shape(shape)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return tuple(parts)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        parts = self.parts(shape)
        return parts[-1].spec.output_shape(parts[-1].shape) if parts else shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return gathered(self.parts(shape), lambda part: part.spec.parameters(part.shape))

    def buffers(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each array that is kept but not learnt, by name."""
        return gathered(self.parts(shape), lambda part: part.spec.buffers(part.shape))

    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, list, dict[str, Array]]:
        """Run the layers one after another; see `Layer.forward`."""
        own, kept = divide(params), divide(buffers)
        caches: list = []
        new: dict[str, Array] = {}
        for index, (name, spec) in enumerate(self.layers):
            layer, key = runnable(name, spec), str(index)
            x, cache, fresh = layer.forward(x, own.get(key, {}), kept.get(key, {}), mode, rng)
            caches.append(cache)
            new |= within(key, fresh)
        return x, caches, new

    def backward(
        self, dout: Array, caches: list, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back through the layers; see `Layer.backward`. What it has passed leaves `caches`."""
        if not isinstance(caches, list):
            raise TypeError(
                f"expected the caches that forward returned, a list, got {type(caches).__name__}"
            )
        if len(caches) != len(self.layers):
            raise ValueError(
                f"expected the caches of {len(self.layers)} layers, got {len(caches)}: they are "
                "emptied on the way back, so each needs a way forward of its own"
            )
        gradient: Any = dout
        grads: dict[str, Array] = {}
        for index, (name, spec) in reversed(list(enumerate(self.layers))):
            cache = caches.pop()  # what later layers kept is free from here on
            gradient, own = runnable(name, spec).backward(gradient, cache, need_dx or index > 0)
            grads |= within(str(index), own)
        return gradient, grads

    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step allocates; see `Layer.memory`."""
        forward, backward = [(0, "")], [(0, "")]  # the moments, and which layer is at work then
        passed: list[tuple[str, Memory, int, int]] = []
        held = came_in = 0  # by the caches; by what comes into the next layer, if we made it
        for index, part in enumerate(self.parts(shape)):
            layer, name = runnable(part.name, part.spec), f"layer {index + 1}, {part.name}"
            memory = layer.memory(part.shape, batch, itemsize, need_dx or index > 0)
            forward.append((held + came_in + memory.forward, at(name, memory.forward_in)))
            kept = memory.kept + memory.keeps_input * came_in
            grads = itemsize * numbers_in(layer.parameters(part.shape))
            passed.append((name, memory, kept, grads))
            held += kept
            came_in = batch * itemsize * math.prod(layer.output_shape(part.shape))
        work = dx = 0  # the gradients made, less what is no longer held; the gradient passed on
        for name, memory, kept, grads in reversed(passed):
            backward.append((work + dx + memory.backward, at(name, memory.backward_in)))
            work, dx = work + grads - kept, memory.dx
        (there, forward_in), (back, backward_in) = largest(*forward), largest(*backward)
        keeps_input = bool(passed) and passed[0][1].keeps_input
        return Memory(there, back, dx, held, keeps_input, forward_in, backward_in)


def largest(*moments: tuple[int, str]) -> tuple[int, str]:
    """Return the first of the moments that need the most bytes."""
    return max(moments, key=itemgetter(0))


def require_layer(name: str, spec: Spec) -> None:
    """Refuse what is no layer."""
    if not isinstance(spec, Spec):
        raise TypeError(f"{name}: expected a layer, such as FC(10), got {spec!r}")


def runnable(name: str, spec: Spec) -> Layer:
    """Require a layer that runs."""
    if not isinstance(spec, Layer):
        raise TypeError(f"{name}: {spec!r} can be counted, but not run")
    return spec


def gathered(
    parts: Iterable[Part], shapes_of: Callable[[Part], Mapping[str, Shape]]
) -> dict[str, Shape]:
    """Return the shapes of arrays of some layers, named as what is around them does."""
    return {
        name: shape for part in parts for name, shape in within(part.key, shapes_of(part)).items()
    }


def numbers_in(arrays: Mapping[str, Shape]) -> int:
    """Count the numbers in arrays of these shapes.

    Examples
    --------
    >>> numbers_in({"W": (3, 2), "b": (2,)})
    8
    """
    return sum(map(math.prod, arrays.values()))


def divide(arrays: Arrays) -> dict[str, dict[str, Array]]:
    """Sort arrays by what stands before the first full stop of their names.

    Examples
    --------
    >>> divide({"0.W": 1, "0.b": 2, "2.body.0.W": 3})
    {'0': {'W': 1, 'b': 2}, '2': {'body.0.W': 3}}
    """
    groups: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        key, _, rest = name.partition(".")
        groups.setdefault(key, {})[rest] = array
    return groups


def within(key: str, arrays: Mapping[str, T]) -> dict[str, T]:
    """Name arrays as what is around their layer does.

    Examples
    --------
    >>> within("body", {"0.W": 1})
    {'body.0.W': 1}
    """
    return {f"{key}.{name}": array for name, array in arrays.items()}


def at(name: str, inside: str) -> str:
    """Say which layer is at work: the one inside that is, if there is one.

    Examples
    --------
    >>> at("body", "layer 2, FC-10"), at("body", "")
    ('body, layer 2, FC-10', 'body')
    """
    return f"{name}, {inside}" if inside else name
