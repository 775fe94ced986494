"""Assignment 5, VGG-16 and the table of a network: a reference with dials."""

from math import prod
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a5 import one_layer
from cs231n_lib.course.checks.a5.architectures import (
    MEASURE,
    Architecture,
    Function,
    Shape,
    call,
    conv,
    exact,
)
from cs231n_lib.course.checks.a5.layer_output_shape import as_shape, network
from cs231n_lib.course.checks.comparison import returned
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

COLUMNS = ("activations", "megabytes", "weights", "multiply_adds")
KEYS = ("name", "output_shape", *COLUMNS)


def names_of(architecture: Architecture) -> list[str]:
    """Return the names of the rows of the table."""
    forms = {"input": "INPUT", "conv": "CONV{size}-{filters}", "pool": "POOL{size}",
             "fc": "FC-{units}"}  # fmt: skip
    return [*(forms[layer["type"]].format(**layer) for layer in architecture), "TOTAL"]


def table(
    architecture: Architecture,
    *,
    megabyte: float = 1e6,
    itemsize: int = 4,
    digits: int | None = None,
    with_biases: bool = False,
    times: int = 1,
    total: str = "sum",
    printed: tuple[float, float] | None = None,
    pad: int = 2,
    **dials: Any,
) -> tuple[list[Any], ...]:
    """Return the four columns, the total last."""
    image = architecture[0]["shape"]
    columns: list[list[Any]] = [[prod(image)], [], [0], [0]]
    geometry: dict[str, Any] = {"pad": pad} if pad != 2 else {}
    for layer, before, out in network(architecture, **geometry):
        count = one_layer.weights(layer, before, out, image, dials)
        columns[0].append(prod(out))
        columns[2].append(count + (one_layer.biases_of(layer, out) if with_biases else 0))
        columns[3].append(times * one_layer.layer_multiply_adds(layer, before, out, image, dials))
    for column in (columns[0], columns[2], columns[3]):
        layers = column[1:] if total == "without input" else column
        column.append({"twice": 2 * sum(layers), "largest": max(layers), "last": layers[-1],
                       "zero": 0}.get(total, sum(layers)))  # fmt: skip
    columns[1] = [itemsize * n / megabyte for n in columns[0]]
    if digits is not None:
        columns[1] = [round(value, digits) for value in columns[1]]
    if printed is not None:
        columns[0][-1] = printed[0] or columns[0][-1]
        columns[1][-1] = printed[1]
    return tuple(columns)


def _column_error(got: Any, want: Any, args: tuple[Any, ...]) -> float:
    """Compare counts exactly, megabytes to rounding."""
    want = np.asarray(want)
    if want.dtype.kind == "f" and np.shape(got) == want.shape:
        size = np.asarray(got, dtype=np.float64) - want
        return float(np.max(np.abs(size) / np.maximum(np.abs(want), 1e-30)))
    return exact(got, want, args)


_PRINTED = ("the total printed in the lecture's notes does not belong to its own rows; add the "
            "rows up.")  # fmt: skip
table_exercise = Exercise(
    table,
    COLUMNS,
    (
        Mistake("mebibytes", "these are MiB of 2**20 bytes; a megabyte has 10**6 here.",
                {"megabyte": 2.0**20}),
        Mistake("kilobytes", "these are kilobytes; a megabyte has 10**6.", {"megabyte": 1e3}),
        Mistake("bytes_forgotten", "values are given as bytes; each of them has 4.",
                {"itemsize": 1}),
        Mistake("float64_counted", "8 bytes are counted for each value; float32 has 4.",
                {"itemsize": 8}),
        Mistake("float16_counted", "2 bytes are counted for each value; float32 has 4.",
                {"itemsize": 2}),
        *(Mistake("rounded", "the megabytes are rounded; leave that to printing.",
                  {"digits": digits}) for digits in (0, 1, 2, 3)),
        Mistake("biases_in_weights", "the biases are part of the weights; this column leaves "
                "them out.", {"with_biases": True}),
        Mistake("flops_for_multiply_adds", "this is twice the right number: a multiplication and "
                "the addition that follows are one multiply-add.", {"times": 2}),
        Mistake("total_without_input", "the total leaves out the input.",
                {"total": "without input"}),
        Mistake("total_twice", "everything is counted twice in the total; is the total among the "
                "rows that are added?", {"total": "twice"}),
        Mistake("total_not_summed", "the last row is not the sum of the rows above.",
                {"total": "last"}),
        Mistake("total_not_summed", "the last row is not the sum of the rows above.",
                {"total": "largest"}),
        Mistake("total_not_summed", "the last row is not the sum of the rows above.",
                {"total": "zero"}),
        *(Mistake("printed_total", _PRINTED, {"printed": pair})
          for pair in ((24e6, 93.0), (24e6, 96.0), (0, 93.0), (24e6, 24e6 * 4 / 2**20))),
        *one_layer.MULTIPLY_ADDS,
        *one_layer.WEIGHTS,
        *one_layer.POOL_WEIGHTS,
        Mistake("padding_forgotten", "the padding is not counted in the sizes.", {"pad": 0}),
    ),
    error=_column_error,
    measure=MEASURE,
)  # fmt: skip


def _rows(function: Function, architecture: Architecture) -> list[dict[str, Any]]:
    """Return the student's rows if they are rows of this table."""
    result = returned(call(function, architecture))
    if not isinstance(result, (list, tuple)) or not all(isinstance(r, dict) for r in result):
        raise CheckFailed("the table should be a list of dictionaries.", general("shape"))
    for number, row in enumerate(result):
        lost = [key for key in KEYS if key not in row]
        if lost:
            raise CheckFailed(f"row {number} has no {', '.join(map(repr, lost))}.",
                              Diagnosis("key_missing", "each row, the total too, has all the "
                                        "keys of the statement."))  # fmt: skip
    layers, found = len(architecture), [str(row["name"]) for row in result]
    if found[-1:] != ["TOTAL"]:
        missing = Diagnosis("total_missing", "there is no row of totals at the end.")
        raise CheckFailed("the last row should be called TOTAL.", missing)
    if len(found) != layers + 1:
        no_input = Diagnosis("input_row_missing", "the input has a row of its own, the first.")
        raise CheckFailed(
            f"{layers} entries give {layers + 1} rows, the total included; there are {len(found)}.",
            no_input if found[0] != "INPUT" and len(found) == layers else general("shape"),
        )
    return list(result)


def check_names(function: Function, regimes: Any) -> None:
    """Require names and output shapes, row by row."""
    for what, (architecture,) in regimes.items():
        rows = _rows(function, architecture)
        for number, (row, name) in enumerate(zip(rows, names_of(architecture), strict=True)):
            calling.require(
                row["name"] == name, f"{what}: row {number} should be called {name!r}.",
                Diagnosis("row_names", "the names are those of the statement: INPUT, CONV3-64, "
                          "POOL2, FC-10."),
            )  # fmt: skip
        incoming = [tuple(architecture[0]["shape"])]
        incoming += [before for _, before, _ in network(architecture)]
        calling.require(
            [_tuple(row["output_shape"]) for row in rows[:-1]] != incoming,
            f"{what}: the shapes are not those of the outputs.",
            Diagnosis("incoming_shape", "this is what comes into each layer; the shape of what "
                      "goes out is asked for."),
        )  # fmt: skip
        shapes = _shapes(architecture, rows)
        right = [out for *_, out in network(architecture)]
        for number, (got, want) in enumerate(zip(shapes, [incoming[0], *right], strict=True)):
            calling.require(got == want, f"{what}: the shape in row {number} is wrong.")


def _tuple(shape: Any) -> Any:
    return tuple(shape) if isinstance(shape, (list, np.ndarray)) else shape


def _shapes(architecture: Architecture, rows: list[dict[str, Any]]) -> list[Shape]:
    found = []
    for layer, row in zip(architecture, rows, strict=False):
        kind = "pool" if layer["type"] == "input" else layer["type"]
        found.append(as_shape(row["output_shape"], kind))
    return found


def check_table(
    function: Function,
    regimes: Any,
    parts: tuple[str, ...] = COLUMNS,
    **options: Any,
) -> None:
    """Require the named columns, totals included."""

    def run(architecture: Architecture) -> tuple[Any, ...]:
        rows = _rows(function, architecture)
        return tuple([one_layer.plain(row[key], repr(key)) for row in rows] for key in COLUMNS)

    table_exercise.check(run, regimes, parts=parts, **options)


#: Layers that are no entries; what else stands for a type is its author's to choose.
OTHER_TYPES = frozenset({"relu", "ReLU", "softmax", "dropout", "norm", "batchnorm", "flatten"})


def vgg16() -> Architecture:
    """Return VGG-16, configuration D."""
    layers: Architecture = [{"type": "input", "shape": (3, 224, 224)}]
    for filters, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [conv(filters, 3, 1, 1) for _ in range(repeats)]
        layers.append({"type": "pool", "size": 2, "stride": 2})
    return layers + [{"type": "fc", "units": units} for units in (4096, 4096, 1000)]


def check_vgg16(function: Function) -> None:
    """Require the description of VGG-16, layer by layer."""
    found = returned(calling.call(function))
    if not isinstance(found, (list, tuple)) or not all(isinstance(e, dict) for e in found):
        raise CheckFailed("vgg16() should return a list of dictionaries.", general("shape"))
    right = vgg16()
    kinds = [entry.get("type") for entry in found]
    count = {kind: kinds.count(kind) for kind in ("input", "conv", "pool", "fc")}
    wanted = {"input": 1, "conv": 13, "pool": 5, "fc": 3}
    others = sorted({str(kind) for kind in kinds} - set(wanted))
    known = ", ".join(OTHER_TYPES.intersection(others)) or "none that a row of the table has"
    calling.require(
        not others, f"there are entries of other types: {known}.",
        Diagnosis("other_types", "only input, conv, pool and fc are described; a ReLU is not."),
    )  # fmt: skip
    for kind, number in wanted.items():
        names = {"conv": "vgg19" if count["conv"] == 16 else "conv_count", "pool": "pool_missing",
                 "fc": "fc_missing", "input": "input_missing"}  # fmt: skip
        sentences = {"vgg19": "16 conv layers make VGG-19; VGG-16 has 13 conv and 3 fc layers.",
                     "conv_count": "the five blocks have 2, 2, 3, 3 and 3 conv layers.",
                     "pool_missing": "each of the five blocks ends with a pool layer.",
                     "fc_missing": "three fc layers stand at the end.",
                     "input_missing": "the first entry describes the input."}  # fmt: skip
        calling.require(
            count[kind] == number,
            f"there are {count[kind]} entries of type {kind}; VGG-16 has {number}.",
            Diagnosis(names[kind], sentences[names[kind]]),
        )
    for position, (entry, want) in enumerate(zip(found, right, strict=True)):
        bad = [k for k in want if not _equal(entry.get(k), want[k])]
        if bad:
            hint = {"pad": "its conv layers keep height and width: size 3 needs pad 1.",
                    "filters": "the blocks have 64, 128, 256, 512 and 512 filters.",
                    "shape": "images are (3, 224, 224), channels first.",
                    "units": "the fc layers have 4096, 4096 and 1000 units.",
                    "type": "each block of conv layers ends with a pool layer."}  # fmt: skip
            sentence = hint.get(bad[0], "conv is 3x3 with stride 1, pool 2x2 with stride 2.")
            raise CheckFailed(
                f"entry {position} (the input is 0): {', '.join(bad)} differs from VGG-16's.",
                Diagnosis(f"vgg_{bad[0]}", sentence),
            )


def _equal(got: Any, want: Any) -> bool:
    if isinstance(want, tuple):
        return bool(_tuple(got) == want)
    return bool(got == want)
