"""Assignment 5, what its exercises describe: layers and architectures, some drawn at random.

An architecture is a list of dictionaries, the input first; see the statement of the assignment.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.verdict import CheckFailed

Shape = tuple[int, ...]
Layer = dict[str, Any]
Architecture = list[Layer]
Function = Callable[..., Any]
#: How far a count may be off: not at all.
MEASURE = "off by {size:.2g} of what it should be"


def conv(filters: int, size: int, stride: int = 1, pad: int = 0) -> Layer:
    """Return the description of a conv layer."""
    return {"type": "conv", "filters": filters, "size": size, "stride": stride, "pad": pad}


def random_network(rng: np.random.Generator) -> Architecture:
    """Return a legal architecture with every kind of layer; nothing in it is square or equal.

    It is laid out from the last layer to the first, so that each window fits.
    """
    filters = [int(n) for n in rng.permutation(np.arange(3, 14))[:3]]
    first, second = int(rng.choice([3, 5])), int(rng.choice([2, 3, 4]))
    # Both pools overlap or leave gaps, so that a size taken for a stride shows.
    layers: Architecture = [
        conv(filters[0], first, 1, int(rng.integers(1, 3))),
        {"type": "pool", "size": 3, "stride": 2},
        conv(filters[1], second, int(rng.integers(2, 4)), 1),
        {"type": "pool", "size": 2, "stride": int(rng.choice([1, 3]))},
        conv(filters[2], int(rng.integers(2, 4)), 1, 0),
    ]
    H = int(rng.integers(2, 5))
    W = H + int(rng.integers(1, 4))
    for layer in reversed(layers):
        F, S, P = layer["size"], layer["stride"], layer.get("pad", 0)
        H, W = ((n - 1) * S + F - 2 * P for n in (H, W))
    C = int(rng.choice([n for n in (2, 3, 4, 5) if n not in filters]))
    dense = [{"type": "fc", "units": int(n)} for n in rng.integers(5, 30, size=2)]
    return [{"type": "input", "shape": (C, H, W)}, *layers, *dense]


def call(function: Function, *args: Any) -> Any:
    """Call ``function``, which must leave the description as it is."""
    result, facts = calling.observe(function, *args)
    if facts["changed"]:
        raise CheckFailed("the description has changed after the call.", general("input_changed"))
    return result


def exact(got: Any, want: Any, args: tuple[Any, ...]) -> float:
    """Return 0 for equal counts, else the relative error, but no less than what is refused."""
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    if got.shape != want.shape:
        return np.inf
    if np.array_equal(got, want):
        return 0.0
    return max(1e-6, float(np.abs(got - want).max()) / max(1.0, float(np.abs(want).max())))
