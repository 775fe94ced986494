"""What a network asks of a layer.

A layer is a frozen specification. It says what it turns a shape into and what it learns, which is
enough to count it (`Spec`), and it runs forward and back around the functions beside it (`Layer`).
Shapes are those of one example, without the batch: (C, H, W) for images, (D,) for vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeAlias

import numpy as np

from cs231n_lib.backend import Array

Shape: TypeAlias = tuple[int, ...]
Arrays: TypeAlias = Mapping[str, Array]

REUSED = 2**18  # NumPy writes results into temporary operands of at least this many bytes


@dataclass(frozen=True)
class Memory:
    """What a layer allocates in a training step on NumPy, in bytes.

    Temporary arrays count as far as NumPy does not reuse them: in ``a - b - c`` the first
    difference becomes the result. With several threads the numbers are upper bounds, because the
    threads' workspaces need not be at their largest at the same moment.

    Attributes
    ----------
    forward : int
        At the largest moment of the forward pass, the output included.
    backward : int
        At the largest moment of the way back, dx and the gradients included.
    dx : int
        The gradient of the input alone; 0 where none is made.
    kept : int
        What the cache holds on to until the way back has passed, beside the input.
    keeps_input : bool
        Whether the cache holds on to the input.
    forward_in, backward_in : str
        Which of the layers inside is at work at those moments; empty for a layer that has none.
    """

    forward: int
    backward: int
    dx: int
    kept: int = 0
    keeps_input: bool = True
    forward_in: str = ""
    backward_in: str = ""


class Part(NamedTuple):
    """A layer inside a layer: where it is, what it is called, what it is, and what comes in.

    Behind its `key` and a full stop stand its arrays in those of the layer around it: ``W`` of the
    part ``body.0`` is ``body.0.W`` there.
    """

    key: str
    name: str
    spec: Spec
    shape: Shape


class Spec:
    """What can be counted: by default a step that learns nothing and keeps the shape."""

    #: Names of the parameters that are weights: drawn at random, and penalised.
    weights: ClassVar[tuple[str, ...]] = ()
    #: What the other parameters, and the buffers, are filled with at the start, if not with 0.
    starts: ClassVar[Mapping[str, float]] = {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out for one example of this shape.

        Raises
        ------
        ValueError
            If the layer does not fit on this shape.
        """
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each learnt array by name."""
        return {}

    def buffers(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each array that is kept but not learnt, by name."""
        return {}

    def multiply_adds(self, shape: Shape) -> int:
        """Count the products summed for one example, biases left out."""
        return 0

    def parts(self, shape: Shape) -> tuple[Part, ...]:
        """Return the layers inside, in the order in which their arrays are numbered."""
        return ()


class Layer(Spec, ABC):
    """What can be run: nothing here has a default, so a layer cannot run as another one."""

    #: How the lecture's language writes it, for instance ``"CONV3-64"``; empty if it has no word.
    example: ClassVar[str] = ""

    @abstractmethod
    def forward(
        self, x: Array, params: Arrays, buffers: Arrays, mode: str, rng: np.random.Generator
    ) -> tuple[Array, Any, dict[str, Array]]:
        """Compute the output of a batch.

        Parameters
        ----------
        x : array of shape (N, ...)
        params, buffers : mapping of str to array
            Under the names that `parameters` and `buffers` give them.
        mode : {"train", "test"}
        rng : numpy.random.Generator
            Source of what is random in training.

        Returns
        -------
        out : array of shape (N, ...)
        cache : object
            For `backward`.
        new_buffers : dict of str to array
            What becomes of the buffers if this step counts; the layer itself changes none.
        """

    @abstractmethod
    def backward(
        self, dout: Array, cache: Any, need_dx: bool
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return the gradient of the input and those of the parameters by name.

        Without `need_dx` nobody asks for dx: it may be None.
        """

    @abstractmethod
    def memory(self, shape: Shape, batch: int, itemsize: int, need_dx: bool) -> Memory:
        """Return what a training step on `batch` examples of this shape allocates."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read what follows the layer's word in a pattern."""
        return cls()


class Reader(Protocol):
    """What the reader of a pattern offers to a layer; see `nets.pattern` for the language."""

    def number(self, what: str, least: int = 1) -> int:
        """Read a whole number."""

    def option(self, letter: str, what: str, default: int, least: int) -> int:
        """Read a letter and a whole number, if that letter comes next."""

    def comes_next(self, text: str) -> bool:
        """Tell whether `text` comes next, and leave it there."""

    def expect(self, text: str, message: str) -> None:
        """Step over `text`, or raise the message."""

    def fraction(self, message: str) -> float:
        """Read a number above 0 and at most 1, or raise the message."""

    def error(self, message: str) -> ValueError:
        """Return an error that points at where the reader is."""


def as_image(shape: Shape) -> tuple[int, int, int]:
    """Return (C, H, W), or say that vectors are no images.

    Examples
    --------
    >>> as_image((10,))
    Traceback (most recent call last):
    ...
    ValueError: needs images (C, H, W), got 10 numbers: put it before FC
    """
    if len(shape) != 3:
        raise ValueError(f"needs images (C, H, W), got {shape[0]} numbers: put it before FC")
    return shape[0], shape[1], shape[2]
