"""What a network costs: values kept, parameters, products, memory, layer by layer.

Counting rules, the lecture's unless said otherwise:

- activations: one number for each value that a layer puts out, for one image, the input
  included. ReLU overwrites its input (``relu_in_place=True``) or keeps its output apart.
- parameters: weights (of CONV and FC) and the rest (biases, gamma, beta) in separate columns.
- multiply-adds: one for each product that is summed, in CONV and FC, for one image, forward.
  A FLOP is one addition or multiplication: twice as many. The way back needs two such passes,
  one for the gradient of the weights and one for that of the input.
- memory: forward, parameters and all activations (they are kept for the way back); training,
  also a gradient for each activation and each parameter, and what the optimiser remembers.
"""

import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib._arguments import check_choice, check_count, check_dtype, check_flag, check_whole
from cs231n_lib.layers import ReLU, Shape
from cs231n_lib.nets.architecture import Architecture, Place
from cs231n_lib.nets.chain import Chain
from cs231n_lib.nets.pattern import parse

__all__ = [
    "OPTIMISER_STATE",
    "Account",
    "Row",
    "account",
]

# Of numbers that are counted; this library computes in the longer two alone.
PRECISIONS = ("float16", "float32", "float64")
# Arrays of the size of the parameters that each optimiser of `optim` keeps between steps.
OPTIMISER_STATE = {"SGD": 0, "Momentum": 1, "Nesterov": 1, "RMSProp": 1, "Adam": 2, "AdamW": 2}


@dataclass(frozen=True)
class Row:
    """One layer's account, for one image."""

    name: str
    output_shape: Shape
    activations: int
    weights: int
    other_parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Account:
    """The account of a network: rows, totals, memory.

    Attributes
    ----------
    name : str
        Name of the network.
    rows : tuple of Row
        One for each layer, the input first.
    itemsize : int
        Bytes of one number.
    """

    name: str
    rows: tuple[Row, ...]
    itemsize: int

    @property
    def activations(self) -> int:
        """Values kept for one image."""
        return sum(row.activations for row in self.rows)

    @property
    def weights(self) -> int:
        """Weights of CONV and FC layers."""
        return sum(row.weights for row in self.rows)

    @property
    def parameters(self) -> int:
        """Everything learnt: weights, biases, gamma and beta."""
        return self.weights + sum(row.other_parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Products summed in a forward pass of one image."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def flops(self) -> int:
        """Additions and multiplications in a forward pass of one image."""
        return 2 * self.multiply_adds

    @property
    def training_flops(self) -> int:
        """Additions and multiplications in a forward and a backward pass of one image."""
        return 3 * self.flops

    def forward_bytes(self, batch: int) -> int:
        """Return the bytes of the parameters and of all activations of `batch` images."""
        return self.itemsize * (self.parameters + self.activations * _batch(batch))

    def training_bytes(self, batch: int, optimiser: str = "Adam") -> int:
        """Return the bytes of a training step.

        Parameters
        ----------
        batch : int
            Number of images.
        optimiser : str
            A key of `OPTIMISER_STATE`.

        Returns
        -------
        int
            Parameters, their gradients and the optimiser's state; activations, their gradients.

        Raises
        ------
        ValueError
            If the batch is not positive or the optimiser is unknown.
        """
        per_parameter = 2 + _state(optimiser)
        values = per_parameter * self.parameters + 2 * self.activations * _batch(batch)
        return self.itemsize * values

    def largest_batch(self, memory_bytes: int, optimiser: str = "Adam") -> int:
        """Return how many images a training step may hold in this much memory.

        Raises
        ------
        ValueError
            If not even one image fits.

        Examples
        --------
        >>> from cs231n_lib.nets.published import vgg16
        >>> account(vgg16()).largest_batch(12 * 2**30, "Momentum")
        92
        """
        memory_bytes = check_whole("memory_bytes", memory_bytes, 1)
        one = self.training_bytes(1, optimiser)
        each = self.training_bytes(2, optimiser) - one
        if one > memory_bytes:
            raise ValueError(
                f"{self.name} needs {_megabytes(one)} MB to train on one image with {optimiser}, "
                f"more than the {_megabytes(memory_bytes)} MB given"
            )
        return 1 + (memory_bytes - one) // each

    def __str__(self) -> str:
        """Return the table as text."""
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in cells
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.name, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _repr_html_(self) -> str:
        head, *body, total = self._cells()

        def line(cells: list[str], tag: str) -> str:
            inner = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr>{inner}</tr>"

        return (
            f"<table><caption>{html.escape(self.name)}</caption>"
            f"<thead>{line(head, 'th')}</thead>"
            f"<tbody>{''.join(line(cells, 'td') for cells in body)}</tbody>"
            f"<tfoot>{line(total, 'th')}</tfoot></table>"
        )

    def _cells(self) -> list[list[str]]:
        head = ["layer", "output", "activations", "MB", "weights", "other", "multiply-adds"]

        def line(name: str, shape: str, *counts: int) -> list[str]:
            activations, *rest = counts
            memory = _megabytes(activations * self.itemsize)
            return [name, shape, f"{activations:,}", memory, *(f"{count:,}" for count in rest)]

        counts = [
            (row.activations, row.weights, row.other_parameters, row.multiply_adds)
            for row in self.rows
        ]
        body = [
            line(row.name, "x".join(map(str, row.output_shape)), *numbers)
            for row, numbers in zip(self.rows, counts, strict=True)
        ]
        total = line("TOTAL", "", *map(sum, zip(*counts, strict=True)))
        return [head, *body, total]

    def plot(self) -> Any:
        """Draw two bars for each layer: memory of its activations, and its parameters.

        Returns
        -------
        matplotlib.figure.Figure
            Layers from top to bottom; layers that keep and learn nothing are left out.
        """
        from cs231n_lib.plots import COLOURS, plt, style

        rows = [row for row in self.rows if row.activations or row.weights]
        memory = [row.activations * self.itemsize / 1e6 for row in rows]
        parameters = [(row.weights + row.other_parameters) / 1e6 for row in rows]
        with style():
            figure, (left, right) = plt.subplots(
                1, 2, sharey=True, figsize=(5.3, 1 + 0.22 * len(rows))
            )
            positions = range(len(rows))
            left.barh(positions, memory, color=COLOURS[0])
            right.barh(positions, parameters, color=COLOURS[1])
            left.set_yticks(positions, [row.name for row in rows])
            left.invert_yaxis()
            left.set_xlabel("activations\nof one image (MB)")
            right.set_xlabel("parameters\n(millions)")
            figure.suptitle(f"{self.name}: where the memory and the parameters are")
        return figure


def account(
    network: str | Architecture | Chain,
    *,
    dtype: Any = np.float32,
    relu_in_place: bool = True,
) -> Account:
    """Work out what a network costs.

    Parameters
    ----------
    network : str, Architecture or Chain
        A pattern (see `nets.pattern`), an architecture such as ``vgg16()``, or a built model.
    dtype : dtype
        Type of all numbers, for their size in bytes.
    relu_in_place : bool
        True: ReLU overwrites its input, as in the lecture's table. False: its output is kept
        apart, as in this library, where the input is needed on the way back.

    Returns
    -------
    Account

    Raises
    ------
    TypeError
        If `network` is none of these, `dtype` is no float of 16, 32 or 64 bits, or
        `relu_in_place` neither True nor False.
    PatternError
        If the pattern cannot be read.

    Notes
    -----
    Lecture section "Convolutional networks", the memory and parameters of VGG. There the rows
    are right and the sum is not: they add up to the number below, 60.95 MB in float32.

    Examples
    --------
    >>> from cs231n_lib.nets.published import vgg16
    >>> vgg = account(vgg16())
    >>> vgg.activations, vgg.weights, vgg.parameters
    (15237608, 138344128, 138357544)
    >>> print(account("INPUT[8x8x1] -> CONV3-2 -> RELU -> POOL2 -> FC-10"))
    INPUT[8x8x1] -> CONV3-2 -> RELU -> POOL2 -> FC-10
    layer    output  activations    MB  weights  other  multiply-adds
    -----------------------------------------------------------------
    INPUT    1x8x8            64  0.00        0      0              0
    CONV3-2  2x8x8           128  0.00       18      2          1,152
    RELU     2x8x8             0  0.00        0      0              0
    POOL2    2x4x4            32  0.00        0      0              0
    FC-10    10               10  0.00      320     10            320
    -----------------------------------------------------------------
    TOTAL                    234  0.00      338     12          1,472
    """
    check_flag("relu_in_place", relu_in_place)
    if isinstance(network, str):
        network = parse(network)
    architecture = network.architecture if isinstance(network, Chain) else network
    if not isinstance(architecture, Architecture):
        raise TypeError(
            "account needs a pattern, an architecture or a model made by build, got "
            f"{type(network).__name__}"
        )
    rows = tuple(_row(layer, relu_in_place) for layer in architecture.places())
    return Account(architecture.name, rows, check_dtype("dtype", dtype, PRECISIONS).itemsize)


def _row(layer: Place, relu_in_place: bool) -> Row:
    sizes = {name: math.prod(shape) for name, shape in layer.parameters.items()}
    weights = sum(sizes.pop(name, 0) for name in layer.spec.weights)
    in_place = relu_in_place and isinstance(layer.spec, ReLU)
    return Row(
        name=layer.name,
        output_shape=layer.output_shape,
        activations=0 if in_place else math.prod(layer.output_shape),
        weights=weights,
        other_parameters=sum(sizes.values()),
        multiply_adds=layer.multiply_adds,
    )


def _batch(batch: int) -> int:
    return check_count("batch", batch)


def _state(optimiser: str) -> int:
    return OPTIMISER_STATE[check_choice("optimiser", optimiser, tuple(OPTIMISER_STATE))]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.2f}"
