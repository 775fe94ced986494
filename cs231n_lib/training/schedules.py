"""Schedules: from the number of updates made so far to the learning rate of the next.

Any function of that kind is a schedule. Those here are written like functions, because they are
called; they are classes, so that they show what they are and can be pickled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cs231n_lib._arguments import check_count, check_number, check_positive

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class constant:
    """A rate that never changes.

    Parameters
    ----------
    learning_rate : float
        Positive and finite, here and in the other schedules; else ValueError.

    Examples
    --------
    >>> constant(0.1)(1000)
    0.1
    """

    learning_rate: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_positive("learning_rate", self.learning_rate)

    def __call__(self, t: int) -> float:
        """Return the rate of the update after `t` others."""
        return self.learning_rate


@dataclass(frozen=True)
class step_decay:
    """A rate that is multiplied by `factor` after every `every` updates.

    Examples
    --------
    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    learning_rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_positive("learning_rate", self.learning_rate)
        check_positive("factor", self.factor)
        check_count("every", self.every)

    def __call__(self, t: int) -> float:
        """Return the rate of the update after `t` others."""
        return self.learning_rate * self.factor ** (t // self.every)


@dataclass(frozen=True)
class cosine:
    """A rate that falls along half a cosine, to `final` at update `num_steps`.

    Notes
    -----
    Source: I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017 (one cycle of it).

    Examples
    --------
    >>> schedule = cosine(1.0, num_steps=10)
    >>> [round(schedule(t), 3) for t in (0, 5, 10, 99)]
    [1.0, 0.5, 0.0, 0.0]
    """

    learning_rate: float
    num_steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_positive("learning_rate", self.learning_rate)
        check_count("num_steps", self.num_steps)
        check_number("final", self.final)

    def __call__(self, t: int) -> float:
        """Return the rate of the update after `t` others."""
        done = min(t / self.num_steps, 1.0)
        return self.final + (self.learning_rate - self.final) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class warmup:
    """A linear rise of `num_steps` updates before another schedule.

    Notes
    -----
    Source: P. Goyal et al., "Accurate, large minibatch SGD", arXiv:1706.02677, 2017.

    Examples
    --------
    >>> schedule = warmup(constant(1.0), num_steps=4)
    >>> [schedule(t) for t in (0, 1, 3, 4)]
    [0.25, 0.5, 1.0, 1.0]
    """

    schedule: Schedule
    num_steps: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not callable(self.schedule):
            raise TypeError(
                f"expected a schedule to come after the rise, got {self.schedule!r}; "
                f"a fixed rate is constant({self.schedule!r})"
            )
        check_count("num_steps", self.num_steps)

    def __call__(self, t: int) -> float:
        """Return the rate of the update after `t` others."""
        if t < self.num_steps:
            return self.schedule(0) * (t + 1) / self.num_steps
        return self.schedule(t - self.num_steps)
