"""Assignment 5, what one layer counts: weights, biases and products, and mistakes about them.

The counts of a network and the rows of its table are made of it.
"""

from math import prod
from typing import Any

import numpy as np

from cs231n_lib.course.checks.a5.architectures import Layer, Shape
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed


def _fan_in(layer: Layer, shape: Shape, image: Shape, dials: dict[str, Any]) -> int:
    """Return how many weights meet in one output of a conv or fc layer."""
    if layer["type"] == "fc":
        how = dials.get("flatten", "all")
        if len(shape) == 3 and how != "all":
            return {"channels": shape[0], "positions": shape[1] * shape[2],
                    "edge": shape[0] * shape[1]}[how]  # fmt: skip
        return prod(shape)
    C = {"all": shape[0], "one": 1, "image": image[0]}[dials.get("filter_channels", "all")]
    return C * layer["size"] ** (1 if dials.get("window") == "edge" else 2)


def weights(
    layer: Layer, shape: Shape, out: Shape, image: Shape, dials: dict[str, Any] | None = None
) -> int:
    """Count the weights of one layer, biases left out."""
    dials = dials or {}
    if layer["type"] == "pool":
        window = layer["size"] ** 2
        return {"none": 0, "window": window, "channels": window * shape[0],
                "conv": window * shape[0] ** 2}[dials.get("pool_weights", "none")]  # fmt: skip
    if layer["type"] == dials.get("leave_out"):
        return 0
    if layer["type"] == "conv":
        maps = 1 if dials.get("maps") == "one" else layer["filters"]
        positions = 1 if dials.get("shared", True) else out[1] * out[2]
        return maps * positions * _fan_in(layer, shape, image, dials)
    return int(layer["units"] * _fan_in(layer, shape, image, dials))


def biases_of(layer: Layer, out: Shape, bias: str = "per filter") -> int:
    """Count the biases of one layer."""
    if layer["type"] == "pool":
        return out[0] if bias == "pool too" else 0
    if (layer["type"], bias) in (("conv", "fc only"), ("fc", "conv only")):
        return 0
    return {"one": 1, "per value": prod(out)}.get(bias, out[0])


def layer_multiply_adds(
    layer: Layer, shape: Shape, out: Shape, image: Shape, dials: dict[str, Any] | None = None
) -> int:
    """Count the products that one layer sums for one image."""
    dials = dials or {}
    if layer["type"] == "pool":
        return prod(out) * layer["size"] ** 2 if dials.get("pool_counted") else 0
    if layer["type"] == dials.get("leave_out"):
        return 0
    count = weights(layer, shape, out, image, {**dials, "shared": True})
    if layer["type"] == "conv":
        positions = {"out": out[1:], "in": shape[1:], "none": (1,)}[dials.get("positions", "out")]
        count *= prod(positions)
    return count + (prod(out) if dials.get("biases_counted") else 0)


#: Mistakes about the weights of a layer; multiply-adds inherit them.
WEIGHTS = (
    Mistake("input_channels_forgotten", "the filters are counted as flat, F x F; each of them "
            "reaches through all channels that come in.", {"filter_channels": "one"}),
    Mistake("channels_of_the_image", "all filters are given the channels of the image; from the "
            "second layer on, the maps of the layer before come in.",
            {"filter_channels": "image"}),
    Mistake("filter_not_squared", "a filter is size x size; here size is counted once.",
            {"window": "edge"}),
    Mistake("one_filter", "one filter is counted; the layer has as many as it puts out maps.",
            {"maps": "one"}),
    Mistake("fc_flatten", "fc sees all C x H x W numbers that come in; here only the channels "
            "are counted.", {"flatten": "channels"}),
    Mistake("fc_flatten", "fc sees all C x H x W numbers that come in; here the channels are "
            "left out.", {"flatten": "positions"}),
    Mistake("fc_flatten", "fc sees all C x H x W numbers that come in; here the width is left "
            "out.", {"flatten": "edge"}),
    Mistake("fc_left_out", "the fc layers are not counted.", {"leave_out": "fc"}),
    Mistake("conv_left_out", "the conv layers are not counted.", {"leave_out": "conv"}),
)  # fmt: skip
POOL = "a pool layer learns nothing: it has no parameters."
POOL_WEIGHTS = tuple(
    Mistake("pool_has_parameters", POOL, {"pool_weights": kind})
    for kind in ("window", "channels", "conv")
)
MULTIPLY_ADDS = (
    Mistake("positions_forgotten", "these are the weights; each filter is applied at all "
            "positions of the output.", {"positions": "none"}),
    Mistake("input_positions", "the positions of the input are counted; a filter is applied once "
            "for each position of the output.", {"positions": "in"}),
    Mistake("biases_counted", "the biases are counted; only products are.",
            {"biases_counted": True}),
    Mistake("pool_counted", "pooling is counted; it multiplies nothing.", {"pool_counted": True}),
)  # fmt: skip


def plain(value: Any, what: str) -> Any:
    """Return a count as a number, or fail: not a bool, no array with axes, no text."""
    if value is None:
        raise CheckFailed(f"{what} is None.", general("no_return"))
    numeric = isinstance(value, (int, float, np.number, np.ndarray)) and np.ndim(value) == 0
    if isinstance(value, bool) or not numeric:
        raise CheckFailed(f"{what} should be one number, but is a {type(value).__name__}.",
                          general("shape"))  # fmt: skip
    return value
