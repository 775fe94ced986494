"""Schedules: from the number of updates made so far to the learning rate of the next."""

from __future__ import annotations

import math
from collections.abc import Callable

from cs231n_lib._checks import check_count, check_positive

Schedule = Callable[[int], float]


def constant(learning_rate: float) -> Schedule:
    """Return a schedule that never changes.

    Parameters
    ----------
    learning_rate : float
        Positive and finite, here and in the other schedules; else ValueError.

    Returns
    -------
    callable
        Maps the number of updates made so far to the learning rate of the next.

    Examples
    --------
    >>> constant(0.1)(1000)
    0.1
    """
    learning_rate = check_positive("learning_rate", learning_rate)
    return lambda t: learning_rate


def step_decay(learning_rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Return a schedule that multiplies the rate by `factor` after every `every` updates.

    Examples
    --------
    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    learning_rate, factor = (
        check_positive("learning_rate", learning_rate),
        check_positive("factor", factor),
    )
    every = check_count("every", every)
    return lambda t: learning_rate * factor ** (t // every)


def cosine(learning_rate: float, num_steps: int, final: float = 0.0) -> Schedule:
    """Return a schedule that falls along half a cosine, to `final` at update `num_steps`.

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
    learning_rate = check_positive("learning_rate", learning_rate)
    num_steps = check_count("num_steps", num_steps)

    def schedule(t: int) -> float:
        done = min(t / num_steps, 1.0)
        return final + (learning_rate - final) * (1 + math.cos(math.pi * done)) / 2

    return schedule


def warmup(schedule: Schedule, num_steps: int) -> Schedule:
    """Put a linear rise of `num_steps` updates before another schedule.

    Notes
    -----
    Source: P. Goyal et al., "Accurate, large minibatch SGD", arXiv:1706.02677, 2017.

    Examples
    --------
    >>> schedule = warmup(constant(1.0), num_steps=4)
    >>> [schedule(t) for t in (0, 1, 3, 4)]
    [0.25, 0.5, 1.0, 1.0]
    """
    num_steps = check_count("num_steps", num_steps)
    return lambda t: schedule(0) * (t + 1) / num_steps if t < num_steps else schedule(t - num_steps)
