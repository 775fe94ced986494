"""The references of assignment 5 agree with the library's account; its code runs on a GPU."""

import numpy as np
import pytest

from cs231n_lib.backend import gpu_is_available, to_host
from cs231n_lib.costs.account import account
from cs231n_lib.course.checks.a2 import losses
from cs231n_lib.course.checks.a5 import account_table, compute_distances_no_loops, counts
from cs231n_lib.course.checks.a5.account_table import COLUMNS, names_of
from cs231n_lib.course.checks.a5.architectures import random_network
from cs231n_lib.course.checks.a5.choose_batch_size import STATE, batch
from cs231n_lib.course.checks.a5.layer_output_shape import illegal_cases, network
from cs231n_lib.layers import FC, Conv, Pool
from cs231n_lib.nets.architecture import Architecture, place
from cs231n_lib.nets.published import vgg16
from tests.grader import table as samples


def as_architecture(description) -> Architecture:
    """Return what the library makes of a description."""
    names, (first, *layers) = names_of(description), description
    specs = []
    for name, layer in zip(names[1:], layers, strict=False):
        numbers = {k: v for k, v in layer.items() if k not in ("type", "units")}
        spec = {"conv": Conv, "pool": Pool}.get(layer["type"])
        specs.append((name, spec(**numbers) if spec else FC(layer["units"])))
    return place("network", first["shape"], specs)


NETWORKS = [random_network(np.random.default_rng(seed)) for seed in range(20)]


@pytest.mark.parametrize("description", [*NETWORKS, account_table.vgg16()])
def test_references_agree_with_the_library(description):
    said = account(as_architecture(description))
    assert counts.activations(description) == said.activations
    assert counts.parameters(description) == said.parameters
    assert counts.parameters(description, biases=False) == said.weights
    assert counts.multiply_adds(description) == said.multiply_adds
    shapes = [out for *_, out in network(description)]
    assert shapes == [row.output_shape for row in said.rows[1:]]
    columns = dict(zip(COLUMNS, account_table.table(description), strict=True))
    assert columns["weights"] == [*(row.weights for row in said.rows), said.weights]
    assert columns["multiply_adds"][:-1] == [row.multiply_adds for row in said.rows]
    assert columns["megabytes"][-1] == pytest.approx(4e-6 * said.activations)
    for optimiser in STATE:
        memory = said.training_bytes(30, optimiser)
        assert batch(description, memory, "float32", optimiser) == 30
        assert batch(description, memory - 1, "float32", optimiser) == 29
        assert said.largest_batch(memory - 1, optimiser) == 29


def test_vgg16_is_the_librarys():
    rows = [row for row in account(vgg16()).rows if row.name != "RELU"]
    ours = account(as_architecture(account_table.vgg16())).rows
    assert [(r.name, r.output_shape, r.weights) for r in rows] == [
        (r.name, r.output_shape, r.weights) for r in ours
    ]


@pytest.mark.parametrize("seed", range(5))
def test_illegal_cases_are_illegal_for_the_library_and_their_twins_are_not(seed):
    for _, layer, legal, illegal in illegal_cases(np.random.default_rng(seed)):
        as_architecture([{"type": "input", "shape": legal}, layer])
        with pytest.raises(ValueError, match=r"illegal|larger"):
            as_architecture([{"type": "input", "shape": illegal}, layer])


def test_twins_make_rounding_go_below_zero():
    """A root without a clamp has to give NaN on every seed."""
    for seed in range(200):
        for dtype in (np.float64, np.float32):
            X, X_train = compute_distances_no_loops.twins(np.random.default_rng(seed), dtype)
            a, b = np.sum(X**2, axis=1)[:, None], np.sum(X_train**2, axis=1)
            assert (a - 2 * (X @ X_train.T) + b).min() < 0
            assert (a + b - 2 * X @ X_train.T).min() < 0


def correct(exercise):
    return [
        s for s in samples.read_samples(samples.SAMPLES / "a5" / f"{exercise}.txt") if s.correct
    ]


DEVICE_SAMPLES = [
    pytest.param(exercise, sample.code, id=f"{exercise}: {sample.name}")
    for exercise in ("compute_distances_no_loops", "softmax_loss_vectorized")
    for sample in correct(exercise)
]


@pytest.mark.gpu
@pytest.mark.parametrize(("exercise", "code"), DEVICE_SAMPLES)
def test_what_is_accepted_runs_on_a_gpu(exercise, code):
    if not gpu_is_available():
        pytest.skip("no CUDA device: CuPy is not installed or finds no GPU")
    import cupy

    names = {}
    for source in [*samples.master("a5").setup, code]:
        exec(source, names)
    rng = np.random.default_rng(0)
    args = compute_distances_no_loops.points(rng, 5, 7, 3, np.float32)
    if exercise == "softmax_loss_vectorized":
        args = losses.problem(rng, 6, 4, 3, dtype=np.float32)
    there = [cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in args]
    results = names[exercise](*there), names[exercise](*args)
    for got, want in zip(
        *(r if isinstance(r, (tuple, list)) else [r] for r in results), strict=True
    ):
        assert isinstance(got, cupy.ndarray)
        assert got.dtype == np.float32
        np.testing.assert_allclose(to_host(got), want, rtol=1e-4, atol=1e-5)
