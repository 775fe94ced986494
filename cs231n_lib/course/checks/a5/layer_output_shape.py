"""Assignment 5, shapes: a reference with dials, the usual mistakes, legal and illegal layers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a5.architectures import (
    MEASURE,
    Architecture,
    Function,
    Layer,
    Shape,
    call,
    conv,
    exact,
    random_network,
)
from cs231n_lib.course.checks.comparison import returned
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

SHAPE = {"conv": "(F, H, W)", "pool": "(C, H, W)", "fc": "(units,)"}


def output_shape(
    layer: Layer,
    shape: Shape,
    *,
    pad: int = 2,
    plus: int = 1,
    stride: str = "right",
    refuse: bool = False,
    channels: str = "right",
    order: str = "CHW",
    edges: str = "both",
    pool: str = "right",
) -> Shape:
    """Return the shape that a legal ``layer`` makes of ``shape``."""
    if layer["type"] == "fc":
        return (layer["units"],)
    C, H, W = shape
    convolution = layer["type"] == "conv"
    F, S, P = layer["size"], layer["stride"], layer.get("pad", 0)

    def edge(n: int) -> int:
        if pool == "halves" and not convolution:
            return n // 2
        if pool == "disjoint" and not convolution:
            return n // F
        if stride == "ignored":
            return n - F + pad * P + plus
        if stride == "before":  # the one is divided as well
            return (n - F + pad * P + plus) // S
        if refuse and (n - F + pad * P < 0 or (n - F + pad * P) % S):
            raise ValueError
        return (n - F + pad * P) // S + plus

    out = layer["filters"] if convolution else C
    if channels == "kept":
        out = C
    elif channels == "times" and convolution:
        out = C * layer["filters"]
    h, w = edge(H), edge(W)
    if edges == "height":
        w = h
    elif edges == "width":
        h = w
    return {"CHW": (out, h, w), "HWC": (h, w, out), "CWH": (out, w, h)}[order]


def _geometry(name: str, sentence: str, dials: dict[str, Any]) -> tuple[Mistake, Mistake]:
    """Return the mistake of a function that drops what does not divide, and of one that refuses."""
    return (Mistake(name, sentence, dials), Mistake(name, sentence, {**dials, "refuse": True}))


GEOMETRY = (
    *_geometry("padding_forgotten", "the padding is not counted: it adds P on both sides, 2P in "
               "all.", {"pad": 0}),
    *_geometry("padding_once", "the padding is counted on one side only; it adds 2P.",
               {"pad": 1}),
    *_geometry("padding_sign", "the padding is subtracted; it makes the input larger.",
               {"pad": -2}),
    *_geometry("one_missing", "the + 1 is missing: from first to last window there are "
               "(W - F + 2P)/S steps, and one window more than steps.", {"plus": 0}),
    *_geometry("one_divided", "the + 1 stands inside the division by the stride; it comes "
               "after.", {"stride": "before"}),
    *_geometry("one_too_many", "one window too many is counted in each direction.",
               {"plus": 2}),
    *_geometry("stride_ignored", "the stride is not used.", {"stride": "ignored"}),
    *_geometry("height_for_width", "the width is computed from the height; images need not be "
               "square.", {"edges": "height"}),
    *_geometry("height_for_width", "the height is computed from the width; images need not be "
               "square.", {"edges": "width"}),
    *_geometry("pool_halves", "pooling does not always halve: size and stride decide, by the "
               "same formula as for conv.", {"pool": "halves"}),
    *_geometry("pool_overlap", "the pool's windows may overlap: its stride counts, not its "
               "size.", {"pool": "disjoint"}),
    *_geometry("filters_forgotten", "a conv layer puts out one map for each filter; here the "
               "number of channels stays.", {"channels": "kept"}),
    *_geometry("channels_times_filters", "each filter reaches through all channels and puts out "
               "one map: F maps in all, not C times F.", {"channels": "times"}),
)  # fmt: skip
shape_exercise = Exercise(
    output_shape,
    ("shape",),
    (
        *GEOMETRY,
        Mistake("channels_last", "the channels stand last; the order is (C, H, W).",
                {"order": "HWC"}),
        Mistake("height_and_width_swapped", "height and width are swapped; the order is "
                "(C, H, W).", {"order": "CWH"}),
    ),
    probes=lambda: random_layers(np.random.default_rng(0), 2),
    error=exact,
    measure=MEASURE,
)  # fmt: skip


def whole(value: Any) -> bool:
    """Whether ``value`` is an integer, NumPy's included (an array of no axes, too)."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))


def as_shape(result: Any, kind: str) -> Shape:
    """Return the student's shape as a tuple, or fail with what it should look like."""
    returned(result)
    wanted = f"a {kind} layer puts out a tuple {SHAPE[kind]} of integers"
    if whole(result) and kind == "fc":
        raise CheckFailed(
            f"{wanted}, but you returned a number.",
            Diagnosis("no_tuple", "`(units)` is a number; a tuple of one needs a comma."),
        )
    if isinstance(result, np.ndarray):
        result = tuple(result)
    if not isinstance(result, (tuple, list)):
        raise CheckFailed(f"{wanted}, but you returned a {type(result).__name__}.",
                          general("shape"))  # fmt: skip
    if not all(whole(n) for n in result):
        raise CheckFailed(
            f"{wanted}, but yours holds something else.",
            Diagnosis("not_whole", "`/` gives a float, even where nothing is left over; sizes "
                      "are integers: use `//`."),
        )  # fmt: skip
    if len(result) != (1 if kind == "fc" else 3):
        name = Diagnosis("fc_shape", "fc flattens what comes in and puts out a vector: (units,).")
        raise CheckFailed(f"{wanted}, but yours has {len(result)} numbers.",
                          name if kind == "fc" else general("shape"))  # fmt: skip
    return tuple(int(n) for n in result)


def check_shapes(function: Function, regimes: Any, **options: Any) -> None:
    """Require the shapes of legal layers."""

    def run(layer: Layer, shape: Shape) -> Any:
        return as_shape(call(function, layer, shape), layer["type"])

    shape_exercise.check(run, regimes, **options)


_ACCEPTS = {
    "width": "only the height is checked; the width may be illegal alone.",
    "height": "only the width is checked; the height may be illegal alone.",
    "both": "an incomplete last window is dropped (or rounded) silently; the rule here is a "
    "ValueError.",
    "window": "a window larger than the padded input has to be refused as well.",
}


def check_refusal(function: Function, cases: list[tuple[str, Layer, Shape, Shape]]) -> None:
    """Require ValueError for each illegal input shape, and the right result for its legal twin.

    Parameters
    ----------
    function : callable
        The student's.
    cases : list of (kind, layer, legal shape, illegal shape)
        See :func:`illegal_cases`.
    """
    twins = {f"legal layer {n}": case[1:3] for n, case in enumerate(cases, 1)}
    check_shapes(function, twins)
    raised = [calling.raised(function, layer, illegal) for _, layer, _, illegal in cases]
    accepted = {case[0] for case, kind in zip(cases, raised, strict=True) if kind is None}
    for kind in ("width", "height", "window"):
        if kind in accepted:
            diagnosis = Diagnosis(f"accepts_bad_{kind}", _ACCEPTS[kind])
            if {"width", "height"} <= accepted:
                diagnosis = Diagnosis("incomplete_window", _ACCEPTS["both"])
            raise CheckFailed("an illegal layer was accepted; it should raise ValueError.",
                              diagnosis)  # fmt: skip
    others = sorted({str(kind) for kind in raised} - {"ValueError"})
    if others:
        text = f"an illegal layer raised {others[0]}; it should raise ValueError."
        wrong = Diagnosis("wrong_exception", "the statement asks for ValueError.")
        raise CheckFailed(text, wrong)


def network(
    architecture: Architecture, *, handed: str = "on", **geometry: Any
) -> Iterator[tuple[Layer, Shape, Shape]]:
    """Yield each layer after the input with what comes in and what goes out.

    A shape that is not ``handed`` on gives each layer the image, and perhaps takes it for what
    goes out too; layers that the image does not fit are refused then, as by the right function.
    """
    shape = architecture[0]["shape"]
    if handed != "on":
        geometry["refuse"] = True
    for layer in architecture[1:]:
        out = output_shape(layer, shape, **geometry)
        yield layer, shape, shape if handed == "never" else out
        if handed == "on":
            shape = out


def _right(layer: Layer, input_shape: Shape) -> Shape:
    return output_shape(layer, tuple(input_shape), refuse=True)


#: What counts and tables build on, right.
BELOW_COUNTS: dict[str, Function] = {"layer_output_shape": _right}


def random_layers(rng: np.random.Generator, count: int) -> dict[str, tuple[Layer, Shape]]:
    """Return legal layers of all kinds with their input shapes, exact fits among them."""
    found: dict[str, tuple[Layer, Shape]] = {}
    for n in range(1, count + 1):
        for layer, before, _ in network(random_network(rng)):
            found[f"network {n}, {layer['type']} layer {len(found) + 1}"] = (layer, before)
        C, F, S, P = (int(rng.integers(*r)) for r in ((2, 6), (3, 6), (2, 4), (0, 2)))
        window = conv(int(rng.integers(6, 9)), F, S, P)
        found[f"as high as a window, {n}"] = (window, (C, F - 2 * P, F - 2 * P + 3 * S))
        found[f"as wide as a window, {n}"] = (window, (C, F - 2 * P + 2 * S, F - 2 * P))
    return found


def illegal_cases(rng: np.random.Generator) -> list[tuple[str, Layer, Shape, Shape]]:
    """Return layers with a legal and an illegal input shape, of each kind of illegality."""
    cases: list[tuple[str, Layer, Shape, Shape]] = []
    for kind in ("width", "height", "window"):
        for convolution in (True, False):
            S, P = int(rng.integers(2, 4)), int(rng.integers(0, 2)) if convolution else 0
            F = S + 2 * P + int(rng.integers(1, 3))
            layer = {"type": "pool", "size": F, "stride": S}
            if convolution:
                layer = conv(int(rng.integers(5, 9)), F, S, P)
            C = int(rng.integers(2, 5))
            H, W = (int(n) * S + F - 2 * P for n in rng.choice(np.arange(2, 6), 2, replace=False))
            # One stride less than a window: the formula gives 0 and divides without a rest.
            bad = {"width": (H, W + 1), "height": (H + 1, W), "window": (H, F - 2 * P - S)}[kind]
            cases.append((kind, layer, (C, H, W), (C, *bad)))
    return cases
