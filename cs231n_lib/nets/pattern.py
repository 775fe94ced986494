"""From the lecture's pattern string to a network that runs.

The grammar (spaces are free, ``*`` binds to the layer or bracket before it)::

    pattern  =  INPUT[HxWxC] -> item -> item ...
    item     =  layer  |  layer*n  |  layer?0  |  layer?1  |  [item -> item ...]*n
    layer    =  CONVf-k  with f x f filters, k of them; then sN and pN in this order if wanted:
                         stride (default 1) and pad (default (f-1)/2, which keeps the size)
             |  POOLf    max pooling f x f, then sN if wanted: stride (default f)
             |  RELU  |  BN  |  DROPOUT-p, which keeps a value with probability p
             |  FC-k     fully connected, k neurons

``*0`` leaves the item out. The lecture's ``POOL?``, "pooling or not", has to be decided:
``POOL2?1`` has it, ``POOL2?0`` has not.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.nets.architecture import (
    FC,
    Architecture,
    BatchNorm,
    Conv,
    Dropout,
    Named,
    Pool,
    ReLU,
    Shape,
    Spec,
    place,
)
from cs231n_lib.nets.chain import PatternNet

MAX_LAYERS = 1000


MAX_DEPTH = 20


LAYERS = "CONV3-64, POOL2, RELU, BN, DROPOUT-0.5 or FC-10"


class PatternError(ValueError):
    """A pattern that cannot be read, with a line that points at the character."""

    def __init__(self, message: str, pattern: str, position: int) -> None:
        line = re.sub(r"\s", " ", pattern)
        super().__init__(f"{message}\n  {line}\n  {' ' * position}^")
        self.position = position


class _Reader:
    """Recursive descent over the grammar above; every method reads on from `position`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def error(self, message: str, position: int | None = None) -> PatternError:
        where = self.position if position is None else position
        return PatternError(message, self.pattern, where)

    def skip_spaces(self) -> None:
        while self.pattern[self.position : self.position + 1].isspace():
            self.position += 1

    def sees(self, text: str) -> bool:
        """Step over `text` if it comes next."""
        self.skip_spaces()
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def expect(self, text: str, message: str) -> None:
        if not self.sees(text):
            raise self.error(message)

    def number(self, what: str, least: int = 1) -> int:
        match = re.compile("[0-9]{1,9}").match(self.pattern, self.position)
        if not match:
            raise self.error(f"expected {what}, a whole number")
        if int(match[0]) < least:
            raise self.error(f"{what} must be {least} or more")
        self.position = match.end()
        return int(match[0])

    def option(self, letter: str, what: str, default: int, least: int) -> int:
        if not self.pattern.startswith(letter, self.position):
            return default
        self.position += 1
        return self.number(what, least)

    def input_shape(self) -> Shape:
        self.expect("INPUT", "a pattern starts with INPUT[HxWxC], for instance INPUT[32x32x3]")
        self.expect("[", "expected [ and the size of the input, for instance INPUT[32x32x3]")
        H = self.number("the height")
        self.expect("x", "expected x between height and width")
        W = self.number("the width")
        self.expect("x", "expected x between width and channels")
        C = self.number("the number of channels")
        self.expect("]", "expected ] after the size of the input")
        return C, H, W

    def chain(self) -> list[tuple[Named, int]]:
        """Read items joined by arrows: layers, each with the position of its name."""
        items = self.item()
        while self.sees("->"):
            items += self.item()
            if len(items) > MAX_LAYERS:
                raise self.error(f"more than {MAX_LAYERS} layers")
        return items

    def item(self) -> list[tuple[Named, int]]:
        self.skip_spaces()
        group = self.sees("[")
        if group:
            before = self.pattern[: self.position]
            if before.count("[") - before.count("]") > MAX_DEPTH:
                raise self.error(f"more than {MAX_DEPTH} brackets within each other")
            items = self.chain()
            self.expect("]", "expected -> and another layer, or ] to close the bracket")
        else:
            items = [self.layer()]
        self.skip_spaces()
        start = self.position
        times = 1
        if self.sees("*"):
            self.skip_spaces()
            times = self.number("how many times", least=0)
        elif not group and self.sees("?"):
            times = self.number("1 to have the layer or 0 to leave it out", least=0)
            if times > 1:
                raise self.error(
                    "after ? comes 1 to have the layer or 0 to leave it out", start + 1
                )
        if len(items) * times > MAX_LAYERS:
            raise self.error(f"more than {MAX_LAYERS} layers", start)
        return items * times

    def layer(self) -> tuple[Named, int]:
        start = self.position
        word = re.compile("[A-Z]*").match(self.pattern, start)
        assert word is not None
        readers: dict[str, Callable[[], Spec]] = {
            "CONV": self.conv,
            "POOL": self.pool,
            "RELU": ReLU,
            "BN": BatchNorm,
            "DROPOUT": self.dropout,
            "FC": self.fc,
        }
        if word[0] not in readers:
            raise self.error(f"expected a layer: {LAYERS}")
        self.position = word.end()
        spec = readers[word[0]]()
        return (self.pattern[start : self.position], spec), start

    def conv(self) -> Conv:
        size = self.number("the filter size")
        self.expect("-", "expected - and the number of filters")
        filters = self.number("the number of filters")
        stride = self.option("s", "the stride", default=1, least=1)
        has_pad = self.pattern.startswith("p", self.position)
        if size % 2 == 0 and not has_pad:
            raise self.error(f"no padding keeps the size with an even filter ({size}): say p0")
        return Conv(filters, size, stride, self.option("p", "the pad", (size - 1) // 2, least=0))

    def pool(self) -> Pool:
        size = self.number("the window size")
        return Pool(size, self.option("s", "the stride", default=size, least=1))

    def dropout(self) -> Dropout:
        self.expect("-", "expected - and the probability that a value is kept")
        match = re.compile(r"[0-9]*\.?[0-9]+").match(self.pattern, self.position)
        if not match or not 0 < float(match[0]) <= 1:
            raise self.error("expected the probability that a value is kept, above 0, at most 1")
        self.position = match.end()
        return Dropout(float(match[0]))

    def fc(self) -> FC:
        self.expect("-", "expected - and the number of neurons")
        return FC(self.number("the number of neurons"))


def parse(pattern: str) -> Architecture:
    """Read a pattern and work out the shape of every layer.

    Parameters
    ----------
    pattern : str
        In the grammar at the top of this module, for instance
        ``"INPUT[32x32x3] -> [[CONV3-64 -> RELU]*2 -> POOL2]*2 -> FC-10"``.

    Returns
    -------
    Architecture
        All layers, repetitions written out, the input first.

    Raises
    ------
    PatternError
        If the pattern cannot be read or a layer does not fit what comes in. The message names
        the layer and its last line points at the character.
    TypeError
        If `pattern` is not a string.

    Notes
    -----
    Lecture section "Convolutional networks":
    ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``.

    Examples
    --------
    >>> net = parse("INPUT[32x32x3] -> [CONV3-8 -> RELU -> POOL2]*2 -> FC-10")
    >>> for layer in net.layers:
    ...     print(layer.name, layer.output_shape)
    INPUT (3, 32, 32)
    CONV3-8 (8, 32, 32)
    RELU (8, 32, 32)
    POOL2 (8, 16, 16)
    CONV3-8 (8, 16, 16)
    RELU (8, 16, 16)
    POOL2 (8, 8, 8)
    FC-10 (10,)
    >>> parse("INPUT[32x32x3] -> CONV3-x -> FC-10")
    Traceback (most recent call last):
    ...
    cs231n_lib.nets.pattern.PatternError: expected the number of filters, a whole number
      INPUT[32x32x3] -> CONV3-x -> FC-10
                              ^
    """
    return _read(pattern)[0]


def _read(pattern: str) -> tuple[Architecture, int]:
    """Return what `parse` returns, and where in the pattern the last layer stands."""
    if not isinstance(pattern, str):
        raise TypeError(f"a pattern is a string, got {type(pattern).__name__}")
    reader = _Reader(pattern)
    shape = reader.input_shape()
    reader.expect("->", "expected -> and the first layer")
    items = reader.chain()
    reader.skip_spaces()
    if reader.position < len(pattern):
        raise reader.error("expected -> and another layer, * and a number, or the end")
    layers = place(pattern, shape, []).layers
    for (name, spec), position in items:
        try:
            layers += place(name, layers[-1].output_shape, [(name, spec)]).layers[1:]
        except ValueError as error:
            raise PatternError(f"layer {len(layers)}, {error}", pattern, position) from None
    return Architecture(pattern, layers), items[-1][1] if items else 0


def build(
    pattern: str,
    *,
    reg: float = 0.0,
    init: str | float = "he",
    rng: np.random.Generator,
    dtype: Any = np.float32,
    like: Array | None = None,
) -> PatternNet:
    """Build the network that a pattern describes.

    Parameters
    ----------
    pattern : str
        As for `parse`; the last layer must be FC, whose outputs are the scores.
    reg, init, rng, dtype, like
        As for `presets.ConvNet`.

    Returns
    -------
    PatternNet
        With ``params``, ``loss(X, y=None)`` and ``predict(X)``; X is (N, C, H, W).

    Raises
    ------
    PatternError
        If the pattern cannot be read, a layer does not fit, or the last one is not FC.

    Examples
    --------
    >>> net = build("INPUT[32x32x3] -> [[CONV3-4 -> RELU]*2 -> POOL2]*2 -> FC-10",
    ...             rng=np.random.default_rng(0))
    >>> X = np.ones((2, 3, 32, 32), dtype=np.float32)
    >>> net.loss(X).shape
    (2, 10)
    >>> loss, grads = net.loss(X, np.array([3, 7]))
    >>> grads["W1"].shape
    (4, 3, 3, 3)
    """
    architecture, position = _read(pattern)
    last = architecture.layers[-1]
    if not isinstance(last.spec, FC):
        raise PatternError(
            f"the last layer must be FC, whose outputs are the scores, not {last.name}",
            pattern,
            position,
        )
    return PatternNet(architecture, reg=reg, init=init, rng=rng, dtype=dtype, like=like)
