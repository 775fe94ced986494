"""Architectures as data: layers in their places, with names and shapes.

A layer says what it does; `place` puts layers one after another onto an input shape, and gives
what building and counting share. Shapes are those of one example, without the batch: (C, H, W)
for images, (D,) for vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cs231n_lib._arguments import check_counts, check_iterable, check_text
from cs231n_lib.layers.layer import Shape, Spec
from cs231n_lib.layers.path import Named, Path, require_layer, within


@dataclass(frozen=True)
class Input(Spec):
    """The data itself."""


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
        The number in the names of its own arrays: 3 in ``W3`` and ``b3``.
    inside : tuple of (str, Place)
        The layers inside, if it has some, by their keys (see `layers.layer.Part`). They count for
        themselves: what is said here of the layer leaves out what is theirs.

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
    inside: tuple[tuple[str, Place], ...] = ()

    @property
    def output_shape(self) -> Shape:
        """The shape of what comes out for one example."""
        return self.spec.output_shape(self.input_shape)

    @property
    def parameters(self) -> dict[str, Shape]:
        """The shape of each learnt array, by the layer's own name for it."""
        return self._own(self.spec.parameters(self.input_shape))

    @property
    def buffers(self) -> dict[str, Shape]:
        """The shape of each array that is kept but not learnt, by the layer's own name for it."""
        return self._own(self.spec.buffers(self.input_shape))

    @property
    def multiply_adds(self) -> int:
        """The number of products summed for one example, biases left out."""
        inside = sum(place.spec.multiply_adds(place.input_shape) for _, place in self.inside)
        return self.spec.multiply_adds(self.input_shape) - inside

    @property
    def names(self) -> dict[str, str]:
        """What the network calls each array, those inside too, by the layer's own name for it."""
        names = {name: f"{name}{self.number}" for name in (*self.parameters, *self.buffers)}
        for key, place in self.inside:
            names |= within(key, place.names)
        return names

    def _own(self, arrays: dict[str, Shape]) -> dict[str, Shape]:
        return {name: shape for name, shape in arrays.items() if "." not in name}


@dataclass(frozen=True)
class Architecture:
    """A named network: its layers in the order in which they run, the input first."""

    name: str
    layers: tuple[Place, ...]

    def places(self) -> Iterator[Place]:
        """Yield every layer, those inside another before it."""
        return _places(self.layers)

    @property
    def path(self) -> Path:
        """The layers as they run, without the input."""
        return Path(tuple((place.name, place.spec) for place in self.layers[1:]))

    @property
    def names(self) -> dict[str, str]:
        """What the network calls each array, by the name that `path` has for it."""
        names: dict[str, str] = {}
        for key, place in enumerate(self.layers[1:]):
            names |= within(str(key), place.names)
        return names


class DoesNotFitError(ValueError):
    """A layer that does not fit what comes in; `index` is its place among those given."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def _places(layers: Iterable[Place]) -> Iterator[Place]:
    for layer in layers:
        yield from _places(inside for _, inside in layer.inside)
        yield layer


def place(name: str, input_shape: Shape, specs: Iterable[Named]) -> Architecture:
    """Put layers one after another, starting from `input_shape`.

    Parameters
    ----------
    name : str
        Name of the network.
    input_shape : tuple of int
        (C, H, W) of one image, or (D,).
    specs : iterable of (str, Spec)
        Layers with their names.

    Returns
    -------
    Architecture

    Raises
    ------
    TypeError
        If `specs` are no pairs of a name and a layer, or a size is no whole number.
    DoesNotFitError
        If a layer does not fit what comes in; the message names the layer.

    Examples
    --------
    >>> from cs231n_lib.layers import FC, Conv
    >>> net = place("tiny", (3, 8, 8), [("CONV3-4", Conv(4, 3, pad=1)), ("FC-10", FC(10))])
    >>> [layer.output_shape for layer in net.layers]
    [(3, 8, 8), (4, 8, 8), (10,)]
    """
    check_text("name", name)
    input_shape = check_counts("input_shape", input_shape)
    check_iterable("specs", specs, '[("FC-10", FC(10))]')
    specs = list(specs)
    for pair in specs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise TypeError(f"specs must be pairs of a name and a layer, got {pair!r:.80}")
    start = Place("INPUT", Input(), input_shape, number=0)
    return Architecture(name, (start, *_place(input_shape, specs, {})))


def _place(shape: Shape, specs: Iterable[Named], used: dict[str, int]) -> list[Place]:
    """Place layers; `used` holds the last number given to each name of an array."""
    layers: list[Place] = []
    for index, (name, spec) in enumerate(specs):
        try:
            layers.append(_single(name, shape, spec, used))
        except ValueError as error:
            raise DoesNotFitError(f"{name}: {error}", index) from None
        shape = layers[-1].output_shape
    return layers


def _single(name: str, shape: Shape, spec: Spec, used: dict[str, int]) -> Place:
    require_layer(name, spec)
    spec.output_shape(shape)  # raises if the geometry is illegal
    inside = tuple(
        (part.key, _single(part.name, part.shape, part.spec, used)) for part in spec.parts(shape)
    )
    arrays = [name for name in (*spec.parameters(shape), *spec.buffers(shape)) if "." not in name]
    number = 1 + max((used.get(array, 0) for array in arrays), default=-1)
    used |= dict.fromkeys(arrays, number)
    return Place(name, spec, shape, number, inside)
