"""Assignment 5, the batch that fits into memory: a reference with dials."""

from typing import Any

import numpy as np

from cs231n_lib.course.checks.a5 import architectures
from cs231n_lib.course.checks.a5 import counts as right
from cs231n_lib.course.checks.a5.architectures import Architecture, Function
from cs231n_lib.course.checks.a5.one_layer import plain
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake

ITEMSIZE = {"float16": 2, "float32": 4, "float64": 8}
STATE = {"SGD": 0, "Momentum": 1, "Adam": 2}


def batch(
    architecture: Architecture,
    memory_bytes: int,
    dtype: str = "float32",
    optimiser: str = "SGD",
    *,
    activations: int = 2,
    gradients: int = 1,
    state: dict[str, int] = STATE,
    per_image: str = "activations",
    itemsize: int | None = None,
    bits: bool = False,
    unit: float = 1.0,
    rounding: str = "down",
    biases: bool = True,
    with_input: bool = True,
    room: str = "subtracted",
    nothing: str = "0",
) -> float:
    """Return the largest batch whose training step fits."""
    A = right.activations(architecture, with_input=with_input)
    P = right.parameters(architecture, biases)
    size = (itemsize or ITEMSIZE[dtype]) * (8 if bits else 1)
    fixed = size * (1 + gradients + state[optimiser]) * P
    each = size * activations * A
    memory = memory_bytes * unit
    if per_image == "everything":
        fixed, each = 0, fixed + each
    if room == "ignored":
        fixed = 0
    if rounding == "below":
        memory -= 1
    found = (memory - fixed) // each
    if rounding == "up if one fits":
        found = -((fixed - memory) // each) if found else 0
    elif rounding == "nearest":
        found = round((memory - fixed) / each)
    elif rounding == "up":
        found = -((fixed - memory) // each)
    elif rounding == "one more" or (rounding == "one more if one fits" and found >= 1):
        found += 1
    elif rounding == "float" or (rounding == "float if one fits" and found >= 1):
        found = (memory - fixed) / each
    elif rounding == "power of two" and found >= 1:
        found = 2 ** (int(found).bit_length() - 1)
    if found < 1 and nothing == "error":
        raise ValueError
    least = {"0": 0, "1": 1, "negative": -np.inf, "error": 0}[nothing]
    return max(found, least)


batch_exercise = Exercise(
    batch,
    ("batch",),
    (
        Mistake("activation_gradients_missing", "each activation needs room for its gradient "
                "too: 2 A for each image.", {"activations": 1}),
        Mistake("parameter_gradients_missing", "each parameter has a gradient; its room is "
                "missing.", {"gradients": 0}),
        Mistake("optimiser_state_missing", "what the optimiser keeps is missing: one array of "
                "the size of the parameters with Momentum, two with Adam.",
                {"state": dict.fromkeys(STATE, 0)}),
        Mistake("adam_state_once", "Adam keeps two averages for each parameter, not one.",
                {"state": {"SGD": 0, "Momentum": 1, "Adam": 1}}),
        Mistake("momentum_state", "Momentum keeps one array of the size of the parameters.",
                {"state": {"SGD": 0, "Momentum": 0, "Adam": 2}}),
        Mistake("momentum_state", "Momentum keeps one array of the size of the parameters, not "
                "two.", {"state": {"SGD": 0, "Momentum": 2, "Adam": 2}}),
        Mistake("sgd_has_no_state", "plain SGD keeps nothing between steps.",
                {"state": {"SGD": 1, "Momentum": 1, "Adam": 2}}),
        Mistake("sgd_has_no_state", "the states are counted one too high: 0 for SGD, 1 for "
                "Momentum, 2 for Adam.", {"state": {"SGD": 1, "Momentum": 2, "Adam": 3}}),
        Mistake("parameters_per_image", "the parameters are multiplied by the batch; they exist "
                "once, however many images there are.", {"per_image": "everything"}),
        Mistake("parameters_ignored", "the parameters and what belongs to them need room too, "
                "before the first image.", {"room": "ignored"}),
        Mistake("dtype_ignored", "4 bytes are counted whatever the dtype.", {"itemsize": 4}),
        Mistake("float64_counted", "8 bytes are counted whatever the dtype.", {"itemsize": 8}),
        Mistake("bits_for_bytes", "these are bits: float32 has 4 bytes.", {"bits": True}),
        Mistake("bytes_forgotten", "values are counted as bytes; multiply by the size of the "
                "dtype.", {"itemsize": 1}),
        Mistake("memory_unit", "the memory is given in bytes already.", {"unit": 1e6}),
        Mistake("memory_unit", "the memory is given in bytes already.", {"unit": 2.0**20}),
        Mistake("rounded_up", "this is rounded to the nearest batch, which may not fit.",
                {"rounding": "nearest"}),
        Mistake("rounded_up", "one image more than fits.", {"rounding": "up"}),
        Mistake("rounded_up", "one image more than fits.", {"rounding": "up if one fits"}),
        Mistake("rounded_up", "one image more than fits.", {"rounding": "one more"}),
        Mistake("rounded_up", "one image more than fits.", {"rounding": "one more if one fits"}),
        Mistake("exact_fit_refused", "a step that needs exactly the memory given fits: <=, "
                "not <.", {"rounding": "below"}),
        Mistake("not_whole", "a batch is a whole number: use `//`.", {"rounding": "float"}),
        Mistake("not_whole", "a batch is a whole number: use `//`.",
                {"rounding": "float if one fits"}),
        Mistake("power_of_two", "the largest batch is asked for, not the largest power of two.",
                {"rounding": "power of two"}),
        Mistake("biases_forgotten", "the biases are parameters too.", {"biases": False}),
        Mistake("input_left_out", "the input is part of the activations.",
                {"with_input": False}),
        Mistake("negative_batch", "where not even one image fits, the answer is 0.",
                {"nothing": "negative"}),
        Mistake("at_least_one", "where not even one image fits, the answer is 0.",
                {"nothing": "1"}),
        Mistake("error_for_zero", "where not even one image fits, the answer is 0, no error.",
                {"nothing": "error"}),
    ),
    probes=lambda: _probes(),
    error=architectures.exact,
    measure=architectures.MEASURE,
)  # fmt: skip


def check_batch(function: Function, regimes: Any, **options: Any) -> None:
    """Require the batch."""

    def run(*args: Any) -> Any:
        return plain(architectures.call(function, *args), "the batch")

    batch_exercise.check(run, regimes, **options)


def memory_for(
    architecture: Architecture, images: int, dtype: str = "float32", optimiser: str = "SGD"
) -> int:
    """Return the bytes of a training step."""
    A, P = right.activations(architecture), right.parameters(architecture)
    return ITEMSIZE[dtype] * ((2 + STATE[optimiser]) * P + 2 * A * images)


def _network(rng: np.random.Generator) -> Architecture:
    """Return a network in which each share of the memory shows.

    Its parameters weigh more than an image, its biases much less.
    """
    while True:
        architecture = architectures.random_network(rng)
        architecture[-2]["units"] = int(rng.integers(800, 1200))
        image = 2 * right.activations(architecture)
        P, weights = (right.parameters(architecture, biases) for biases in (True, False))
        if 1.2 * image < P and 4 * (P - weights) < 0.3 * image:
            return architecture


def memories(
    rng: np.random.Generator, dtypes: tuple[str, ...], optimisers: tuple[str, ...]
) -> dict[str, tuple[Any, ...]]:
    """Return memory for some dozens of images, once more than half, once all but one more.

    Whoever leaves something out finds room for another image, whoever adds something loses one.
    """
    regimes: dict[str, tuple[Any, ...]] = {}
    for dtype in dtypes:
        for optimiser in optimisers:
            architecture, images = _network(rng), int(rng.integers(20, 200))
            least, most = (
                memory_for(architecture, n, dtype, optimiser) for n in (images, images + 1)
            )
            rest = ITEMSIZE[dtype] * int(rng.integers(1, 50))
            for name, memory in (("", most - rest), (", less", (45 * least + 55 * most) // 100)):
                regimes[f"{dtype}, {optimiser}{name}"] = (architecture, memory, dtype, optimiser)
    return regimes


def _probes() -> dict[str, tuple[Any, ...]]:
    """Return networks and memories that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        **memories(rng, ("float16", "float64"), ("SGD", "Adam")),
        **memories(rng, ("float32",), ("Momentum",)),
        **edges(rng),
    }


def edges(rng: np.random.Generator) -> dict[str, tuple[Any, ...]]:
    """Return memory that is just enough, just too small, and much too small."""
    architecture, images = _network(rng), int(rng.integers(5, 40))
    need, one = memory_for(architecture, images), memory_for(architecture, 1)
    image = memory_for(architecture, 2) - one
    return {
        "just enough": (architecture, need),
        "one byte less": (architecture, need - 1),
        "not enough for one more": (architecture, need + 3 * image // 4),
        "just enough for one image": (architecture, one),
        "one byte less than one image needs": (architecture, one - 1),
        "too small for the parameters": (architecture, 4 * right.parameters(architecture)),
    }
