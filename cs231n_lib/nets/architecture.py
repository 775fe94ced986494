"""Architectures as data: layers in their places, with names and shapes.

A layer says what it does; `place` puts layers one after another onto an input shape, and gives
what building and counting share. Shapes are those of one example, without the batch: (C, H, W)
for images, (D,) for vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from cs231n_lib.layers.layer import Shape, Spec


@dataclass(frozen=True)
class Input(Spec):
    """The data itself."""


@dataclass(frozen=True)
class Add(Spec):
    """The sum at the end of a residual block."""


@dataclass(frozen=True)
class Residual:
    """Two paths from one input, added: `body` and, if not the identity, `shortcut`."""

    body: tuple[Named, ...]
    shortcut: tuple[Named, ...] = ()


Named: TypeAlias = tuple[str, Spec | Residual]


@dataclass(frozen=True)
class Place:
    """A layer in its place: named, with the shapes that go in and come out.

    Attributes
    ----------
    name : str
        As in the account.
    spec : Spec
        The layer.
    input_shape : tuple of int
        Of one example.
    number : int
        The number in the names of its arrays: 3 in ``W3`` and ``b3``.

    Examples
    --------
    >>> from cs231n_lib.layers import Conv
    >>> place = Place("CONV3-64", Conv(64, 3, pad=1), (3, 224, 224), number=1)
    >>> place.output_shape, place.parameters["W"], place.multiply_adds
    ((64, 224, 224), (64, 3, 3, 3), 86704128)
    """

    name: str
    spec: Spec
    input_shape: Shape
    number: int

    @property
    def output_shape(self) -> Shape:
        """The shape of what comes out for one example."""
        return self.spec.output_shape(self.input_shape)

    @property
    def parameters(self) -> dict[str, Shape]:
        """The shape of each learnt array, by the layer's own name for it."""
        return self.spec.parameters(self.input_shape)

    @property
    def buffers(self) -> dict[str, Shape]:
        """The shape of each array that is kept but not learnt, by the layer's own name for it."""
        return self.spec.buffers(self.input_shape)

    @property
    def multiply_adds(self) -> int:
        """The number of products summed for one example, biases left out."""
        return self.spec.multiply_adds(self.input_shape)


@dataclass(frozen=True)
class Fork:
    """A residual block in its place: two paths from one input, added."""

    name: str
    body: tuple[Place | Fork, ...]
    shortcut: tuple[Place | Fork, ...]
    input_shape: Shape

    @property
    def output_shape(self) -> Shape:
        """The shape of what comes out for one example."""
        return self.body[-1].output_shape if self.body else self.input_shape


@dataclass(frozen=True)
class Architecture:
    """A named network: its layers and blocks in the order in which they run, the input first."""

    name: str
    layers: tuple[Place | Fork, ...]

    def places(self) -> Iterator[Place]:
        """Yield every layer, those within blocks too, and for each block the sum at its end."""
        return _places(self.layers)


class DoesNotFitError(ValueError):
    """A layer that does not fit what comes in; `index` is its place among those given."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def _places(layers: Iterable[Place | Fork]) -> Iterator[Place]:
    for layer in layers:
        if isinstance(layer, Place):
            yield layer
        else:
            yield from _places(layer.body)
            yield from _places(layer.shortcut)
            yield Place(layer.name, Add(), layer.output_shape, number=0)


def place(name: str, input_shape: Shape, specs: Iterable[Named]) -> Architecture:
    """Put layers one after another, starting from `input_shape`.

    Parameters
    ----------
    name : str
        Name of the network.
    input_shape : tuple of int
        (C, H, W) of one image, or (D,).
    specs : iterable of (str, Spec or Residual)
        Layers and residual blocks with their names.

    Returns
    -------
    Architecture

    Raises
    ------
    DoesNotFitError
        If a layer does not fit what comes in; the message names the layer.

    Examples
    --------
    >>> from cs231n_lib.layers import FC, Conv
    >>> net = place("tiny", (3, 8, 8), [("CONV3-4", Conv(4, 3, pad=1)), ("FC-10", FC(10))])
    >>> [layer.output_shape for layer in net.layers]
    [(3, 8, 8), (4, 8, 8), (10,)]
    """
    start = Place("INPUT", Input(), input_shape, number=0)
    return Architecture(name, (start, *_place(input_shape, specs, {})))


def _place(shape: Shape, specs: Iterable[Named], used: dict[str, int]) -> list[Place | Fork]:
    """Place layers; `used` holds the last number given to each name of an array."""
    layers: list[Place | Fork] = []
    for index, (name, spec) in enumerate(specs):
        try:
            if isinstance(spec, Residual):
                layers.append(_fork(name, shape, spec, used))
            else:
                layers.append(_single(name, shape, spec, used))
        except ValueError as error:
            raise DoesNotFitError(f"{name}: {error}", index) from None
        shape = layers[-1].output_shape
    return layers


def _fork(name: str, shape: Shape, spec: Residual, used: dict[str, int]) -> Fork:
    body, shortcut = (tuple(_place(shape, path, used)) for path in (spec.body, spec.shortcut))
    ends = [path[-1].output_shape if path else shape for path in (body, shortcut)]
    if ends[0] != ends[1]:
        raise ValueError(f"the paths end in different shapes, {ends[0]}, {ends[1]}")
    return Fork(name, body, shortcut, shape)


def _single(name: str, shape: Shape, spec: Spec, used: dict[str, int]) -> Place:
    if not isinstance(spec, Spec):
        raise TypeError(f"{name}: expected a layer, such as FC(10), got {spec!r}")
    spec.output_shape(shape)  # raises if the geometry is illegal
    arrays = [*spec.parameters(shape), *spec.buffers(shape)]
    number = 1 + max((used.get(array, 0) for array in arrays), default=-1)
    used |= dict.fromkeys(arrays, number)
    return Place(name, spec, shape, number)
