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
import string
from typing import Any

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers import FC, LAYERS, Shape
from cs231n_lib.layers.path import Named
from cs231n_lib.nets.architecture import Architecture, DoesNotFitError, place
from cs231n_lib.nets.chain import Chain

MAX_LAYERS = 1000
MAX_DEPTH = 20


def _word(text: str) -> str:
    """Return the capital letters that `text` begins with."""
    return text[: len(text) - len(text.lstrip(string.ascii_uppercase))]


WORDS = {_word(layer.example): layer for layer in LAYERS if layer.example}
*_EXAMPLES, _LAST = (layer.example for layer in WORDS.values())


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
        if not self.comes_next(letter):
            return default
        self.position += 1
        return self.number(what, least)

    def comes_next(self, text: str) -> bool:
        return self.pattern.startswith(text, self.position)

    def fraction(self, message: str) -> float:
        match = re.compile(r"[0-9]*\.?[0-9]+").match(self.pattern, self.position)
        if not match or not 0 < float(match[0]) <= 1:
            raise self.error(message)
        self.position = match.end()
        return float(match[0])

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
        word = _word(self.pattern[start:])
        if word not in WORDS:
            raise self.error(f"expected a layer: {', '.join(_EXAMPLES)} or {_LAST}")
        self.position += len(word)
        spec = WORDS[word].read(self)
        return (self.pattern[start : self.position], spec), start


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
    try:
        return place(pattern, shape, [named for named, _ in items]), items[-1][1] if items else 0
    except DoesNotFitError as error:
        where = items[error.index][1]
        raise PatternError(f"layer {error.index + 1}, {error}", pattern, where) from None


def build(
    pattern: str,
    *,
    reg: float = 0.0,
    init: str | float = "he",
    rng: np.random.Generator,
    dtype: Any = np.float32,
    like: Array | None = None,
) -> Chain:
    """Build the network that a pattern describes.

    Parameters
    ----------
    pattern : str
        As for `parse`; the last layer must be FC, whose outputs are the scores.
    reg, init, rng, dtype, like
        As for `presets.ConvNet`.

    Returns
    -------
    Chain
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
    return Chain(architecture, reg=reg, init=init, rng=rng, dtype=dtype, like=like)
