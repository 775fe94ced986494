"""Architectures as data: what each layer is, what it turns a shape into, what it costs.

A specification (`Conv`, `Pool`, ...) says what a layer does; `place` puts specifications one
after another onto an input shape and gives the `Layer` list that building and counting share.
Shapes are those of one example, without the batch: (C, H, W) for images, (D,) for vectors.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cs231n_lib.layers.geometry import conv_output_size

Shape: TypeAlias = tuple[int, ...]


def _image(shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError(f"needs images (C, H, W), got {shape[0]} numbers: put it before FC")
    return shape[0], shape[1], shape[2]


@dataclass(frozen=True)
class Conv:
    """Convolution with `filters` filters of `size` x `size`, as `conv.conv_forward`."""

    filters: int
    size: int
    stride: int = 1
    pad: int = 0
    bias: bool = True
    floor: bool = False  # drop an incomplete last window; see `conv_output_size`

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        _, H, W = _image(shape)
        geometry = (self.size, self.stride, self.pad)
        OH, OW = (conv_output_size(edge, *geometry, floor=self.floor) for edge in (H, W))
        return self.filters, OH, OW

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        weights = {"W": (self.filters, shape[0], self.size, self.size)}
        return weights | ({"b": (self.filters,)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        window = shape[0] * self.size**2
        return math.prod(self.output_shape(shape)) * window


@dataclass(frozen=True)
class FC:
    """Fully connected layer; images are flattened first."""

    width: int
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        return (self.width,)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        weights = {"W": (math.prod(shape), self.width)}
        return weights | ({"b": (self.width,)} if self.bias else {})

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        return math.prod(shape) * self.width


@dataclass(frozen=True)
class _WithoutWeights:
    """A layer that learns nothing, keeps the shape and multiplies nothing worth counting."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return {}

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        return 0


@dataclass(frozen=True)
class Input(_WithoutWeights):
    """The data itself."""


@dataclass(frozen=True)
class ReLU(_WithoutWeights):
    """``max(x, 0)``."""


@dataclass(frozen=True)
class Add(_WithoutWeights):
    """The sum at the end of a residual block."""


@dataclass(frozen=True)
class Dropout(_WithoutWeights):
    """Inverted dropout that keeps a value with probability `keep_prob`."""

    keep_prob: float


@dataclass(frozen=True)
class Pool(_WithoutWeights):
    """Max or average pooling over windows of `size` x `size`."""

    size: int
    stride: int
    pad: int = 0
    floor: bool = False
    average: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        C, H, W = _image(shape)
        geometry = (self.size, self.stride, self.pad)
        OH, OW = (conv_output_size(edge, *geometry, floor=self.floor) for edge in (H, W))
        return C, OH, OW


@dataclass(frozen=True)
class BatchNorm(_WithoutWeights):
    """Batch normalisation of every channel (images) or feature (vectors)."""

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return {"gamma": (shape[0],), "beta": (shape[0],)}


Spec: TypeAlias = Conv | FC | Input | ReLU | Add | Dropout | Pool | BatchNorm


@dataclass(frozen=True)
class Residual:
    """Two paths from one input, added: `body` and, if not the identity, `shortcut`."""

    body: "tuple[Named, ...]"
    shortcut: "tuple[Named, ...]" = ()


Named: TypeAlias = tuple[str, Spec | Residual]


@dataclass(frozen=True)
class Layer:
    """A specification in its place: named, with the shapes that go in and come out.

    Examples
    --------
    >>> layer = Layer("CONV3-64", Conv(64, 3, pad=1), (3, 224, 224))
    >>> layer.output_shape, layer.parameters["W"], layer.multiply_adds
    ((64, 224, 224), (64, 3, 3, 3), 86704128)
    """

    name: str
    spec: Spec
    input_shape: Shape

    @property
    def output_shape(self) -> Shape:
        """Return the shape of what comes out for one example of this shape."""
        return self.spec.output_shape(self.input_shape)

    @property
    def parameters(self) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return self.spec.parameters(self.input_shape)

    @property
    def multiply_adds(self) -> int:
        """Count the products summed for one example, biases left out."""
        return self.spec.multiply_adds(self.input_shape)


@dataclass(frozen=True)
class Architecture:
    """A named network: its layers in the order in which they run, the input first."""

    name: str
    layers: tuple[Layer, ...]


def place(name: str, input_shape: Shape, specs: Iterable[Named]) -> Architecture:
    """Put specifications one after another, starting from `input_shape`.

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
    ValueError
        If a layer does not fit what comes in; the message names the layer.

    Examples
    --------
    >>> net = place("tiny", (3, 8, 8), [("CONV3-4", Conv(4, 3, pad=1)), ("FC-10", FC(10))])
    >>> [layer.output_shape for layer in net.layers]
    [(3, 8, 8), (4, 8, 8), (10,)]
    """
    layers = [Layer("INPUT", Input(), input_shape), *_place(input_shape, specs)]
    return Architecture(name, tuple(layers))


def _place(shape: Shape, specs: Iterable[Named]) -> list[Layer]:
    layers: list[Layer] = []
    for name, spec in specs:
        if isinstance(spec, Residual):
            body, shortcut = _place(shape, spec.body), _place(shape, spec.shortcut)
            ends = [path[-1].output_shape if path else shape for path in (body, shortcut)]
            if ends[0] != ends[1]:
                raise ValueError(f"{name}: the paths end in different shapes, {ends[0]}, {ends[1]}")
            layers += [*body, *shortcut, Layer(name, Add(), ends[0])]
        else:
            layers.append(Layer(name, spec, shape))
            try:
                layers[-1].output_shape  # noqa: B018  raises if the geometry is illegal
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        shape = layers[-1].output_shape
    return layers
