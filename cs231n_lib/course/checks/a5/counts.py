"""Assignment 5, counting values, weights and products of a network: references with dials."""

from math import prod
from typing import Any

import numpy as np

from cs231n_lib.course.checks.a5.architectures import (
    MEASURE,
    Architecture,
    Function,
    call,
    conv,
    exact,
    random_network,
)
from cs231n_lib.course.checks.a5.layer_output_shape import BELOW_COUNTS, GEOMETRY, network
from cs231n_lib.course.checks.a5.one_layer import (
    MULTIPLY_ADDS,
    POOL,
    POOL_WEIGHTS,
    WEIGHTS,
    biases_of,
    layer_multiply_adds,
    plain,
    weights,
)
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake


def activations(
    architecture: Architecture,
    *,
    with_input: bool = True,
    leave_out: str = "",
    last: bool = True,
    relu: bool = False,
    channels: bool = True,
    itemsize: int = 1,
    incoming: bool = False,
    **geometry: Any,
) -> int:
    """Count the values that are kept for one image."""
    total = prod(architecture[0]["shape"]) if with_input else 0
    layers = list(network(architecture, **geometry))
    for number, (layer, before, out) in enumerate(layers, 1):
        shape = before if incoming else out
        size = prod(shape if channels or len(shape) == 1 else shape[1:])
        if layer["type"] == leave_out or (not last and number == len(layers)):
            continue
        # A ReLU follows every conv and every fc but the last.
        apart = relu and layer["type"] != "pool" and number < len(layers)
        total += size * (2 if apart else 1)
    return itemsize * total


def parameters(
    architecture: Architecture,
    biases: bool = True,
    *,
    bias: str = "per filter",
    flag: str = "used",
    pad: int = 2,
    handed: str = "on",
    **dials: Any,
) -> int:
    """Count weights and, if ``biases``, biases."""
    with_biases = {"used": biases, "always": True, "never": False, "inverted": not biases}[flag]
    geometry = {"pad": pad} if pad != 2 else {}
    total = 0
    for layer, before, out in network(architecture, handed=handed, **geometry):
        total += weights(layer, before, out, architecture[0]["shape"], dials)
        if with_biases and bias != "none":
            total += biases_of(layer, out, bias)
    return total


def multiply_adds(
    architecture: Architecture,
    *,
    times: int = 1,
    pad: int = 2,
    handed: str = "on",
    **dials: Any,
) -> int:
    """Count the products that all layers sum for one image."""
    geometry = {"pad": pad} if pad != 2 else {}
    layers = network(architecture, handed=handed, **geometry)
    return times * sum(
        layer_multiply_adds(layer, before, out, architecture[0]["shape"], dials)
        for layer, before, out in layers
    )


_HANDED = tuple(
    Mistake("shape_not_handed_on", "each layer gets the shape of the image; what one layer puts "
            "out is what the next one gets: `shape = layer_output_shape(layer, shape)`.",
            {"handed": handed})
    for handed in ("off", "never")
)  # fmt: skip
_PADDING = Mistake("padding_forgotten", "the padding is not counted in the sizes.", {"pad": 0})
activations_exercise = Exercise(
    activations,
    ("activations",),
    (
        Mistake("input_left_out", "the input is not counted; it is kept too.",
                {"with_input": False}),
        Mistake("pool_left_out", "the outputs of the pool layers are not counted.",
                {"leave_out": "pool"}),
        Mistake("fc_left_out", "the outputs of the fc layers are not counted.",
                {"leave_out": "fc"}),
        Mistake("conv_left_out", "the outputs of the conv layers are not counted.",
                {"leave_out": "conv"}),
        Mistake("last_left_out", "the output of the last layer is not counted.",
                {"last": False}),
        Mistake("relu_counted", "each ReLU is counted apart; by the rule here it overwrites its "
                "input.", {"relu": True}),
        Mistake("channels_left_out", "positions are counted, H x W; every map has its own.",
                {"channels": False}),
        Mistake("bytes_for_values", "these are bytes; the number of values is asked for.",
                {"itemsize": 4}),
        Mistake("bytes_for_values", "these are bytes; the number of values is asked for.",
                {"itemsize": 8}),
        Mistake("incoming_counted", "what comes into each layer is counted in place of what goes "
                "out.", {"incoming": True}),
        *(m for m in GEOMETRY if "pool" not in m.dials),
        *_HANDED,
    ),
    probes=lambda: _probes(1),
    error=exact,
    measure=MEASURE,
)  # fmt: skip
parameters_exercise = Exercise(
    parameters,
    ("parameters",),
    (
        Mistake("biases_forgotten", "the biases are missing: one for each filter and each unit.",
                {"flag": "never"}),
        Mistake("biases_flag_ignored", "`biases=False` should leave the biases out.",
                {"flag": "always"}),
        Mistake("biases_flag_inverted", "`biases` has the opposite effect.",
                {"flag": "inverted"}),
        Mistake("bias_per_value", "a bias is counted for each output value; a filter has one, "
                "shared by all positions.", {"bias": "per value"}),
        Mistake("one_bias", "one bias is counted for each layer; each filter and each unit has "
                "its own.", {"bias": "one"}),
        Mistake("biases_of_one_kind", "the biases of the conv layers are missing.",
                {"bias": "fc only"}),
        Mistake("biases_of_one_kind", "the biases of the fc layers are missing.",
                {"bias": "conv only"}),
        Mistake("pool_has_parameters", POOL, {"bias": "pool too"}),
        *POOL_WEIGHTS,
        Mistake("weights_not_shared", "a filter is the same at all positions: its weights count "
                "once.", {"shared": False}),
        Mistake("fc_left_out", "the fc layers are not counted.",
                {"leave_out": "fc", "bias": "conv only"}),
        Mistake("conv_left_out", "the conv layers are not counted.",
                {"leave_out": "conv", "bias": "fc only"}),
        *WEIGHTS,
        _PADDING,
        *_HANDED,
    ),
    probes=lambda: _probes(2),
    error=exact,
    measure=MEASURE,
)  # fmt: skip
multiply_adds_exercise = Exercise(
    multiply_adds,
    ("multiply_adds",),
    (
        Mistake("flops_for_multiply_adds", "this is twice the right number: a multiplication and "
                "the addition that follows are one multiply-add.", {"times": 2}),
        *MULTIPLY_ADDS,
        *WEIGHTS,
        _PADDING,
        *_HANDED,
    ),
    probes=lambda: _probes(1),
    error=exact,
    measure=MEASURE,
)  # fmt: skip


def _probes(arguments: int) -> dict[str, tuple[Any, ...]]:
    """Return networks that tell the mistakes apart, with so many arguments, and without biases."""
    rng = np.random.default_rng(0)
    # All layers of the last one fit the image too, so that who gives it to all gets numbers.
    fitting: Architecture = [
        {"type": "input", "shape": (2, 4, 6)}, conv(3, 3, 1, 1),
        {"type": "pool", "size": 2, "stride": 2}, {"type": "fc", "units": 5},
    ]  # fmt: skip
    regimes = {"a network": (random_network(rng), True), "another": (random_network(rng), False),
               "layers that fit the image": (fitting, True)}  # fmt: skip
    return {name: args[:arguments] for name, args in regimes.items()}


def check(exercise: Exercise, function: Function, regimes: Any, **options: Any) -> None:
    """Require a count."""
    (what,) = exercise.results

    def run(*args: Any) -> Any:
        return plain(call(function, *args), what)

    exercise.check(run, regimes, **options)


def _activations(architecture: Architecture) -> int:
    return activations(architecture)


def _parameters(architecture: Architecture, biases: bool = True) -> int:
    return parameters(architecture, biases)


def _multiply_adds(architecture: Architecture) -> int:
    return multiply_adds(architecture)


#: What the table and the choice of a batch build on, right.
BELOW_TABLE: dict[str, Function] = {
    **BELOW_COUNTS,
    "count_activations": _activations,
    "count_parameters": _parameters,
    "count_multiply_adds": _multiply_adds,
}
