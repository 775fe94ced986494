"""The account: exact against published numbers, and against memory that was really used."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cs231n_lib.costs.account import OPTIMISER_STATE, account
from cs231n_lib.nets.pattern import PatternError, build
from cs231n_lib.nets.published import alexnet, resnet18, resnet50, vgg16, vgg19
from cs231n_lib.training import optim

SMALL = "INPUT[8x8x3] -> [CONV3-4 -> BN -> RELU -> POOL2]*2 -> DROPOUT-0.5 -> FC-5"


# The lecture's table: values kept and weights, row by row (224*224*3 = "150K" and so on).
VGG_ROWS = [
    ("INPUT", 224 * 224 * 3, 0),
    ("CONV3-64", 224 * 224 * 64, 1_728),
    ("CONV3-64", 224 * 224 * 64, 36_864),
    ("POOL2", 112 * 112 * 64, 0),
    ("CONV3-128", 112 * 112 * 128, 73_728),
    ("CONV3-128", 112 * 112 * 128, 147_456),
    ("POOL2", 56 * 56 * 128, 0),
    ("CONV3-256", 56 * 56 * 256, 294_912),
    ("CONV3-256", 56 * 56 * 256, 589_824),
    ("CONV3-256", 56 * 56 * 256, 589_824),
    ("POOL2", 28 * 28 * 256, 0),
    ("CONV3-512", 28 * 28 * 512, 1_179_648),
    ("CONV3-512", 28 * 28 * 512, 2_359_296),
    ("CONV3-512", 28 * 28 * 512, 2_359_296),
    ("POOL2", 14 * 14 * 512, 0),
    ("CONV3-512", 14 * 14 * 512, 2_359_296),
    ("CONV3-512", 14 * 14 * 512, 2_359_296),
    ("CONV3-512", 14 * 14 * 512, 2_359_296),
    ("POOL2", 7 * 7 * 512, 0),
    ("FC-4096", 4096, 102_760_448),
    ("FC-4096", 4096, 16_777_216),
    ("FC-1000", 1000, 4_096_000),
]


def test_vgg16_row_by_row():
    rows = [row for row in account(vgg16()).rows if row.name != "RELU"]
    assert [(row.name, row.activations, row.weights) for row in rows] == VGG_ROWS


def test_vgg16_totals():
    vgg = account(vgg16())
    assert vgg.activations == 15_237_608
    assert round(vgg.activations * vgg.itemsize / 1e6, 2) == 60.95
    assert round(vgg.activations * vgg.itemsize / 2**20, 1) == 58.1
    assert vgg.weights == 138_344_128
    assert vgg.parameters == 138_357_544
    apart = account(vgg16(), relu_in_place=False)
    assert apart.activations == 28_793_320
    assert round(apart.activations * apart.itemsize / 1e6, 1) == 115.2


# torchvision's table of weights for classification: "Params" (in its documentation 61.1M, 11.7M,
# 25.6M, 138.4M, 143.7M; exact in each model's `num_params`) and "GFLOPS" (multiply-adds).
@pytest.mark.parametrize(
    ("network", "parameters", "giga_multiply_adds"),
    [
        (alexnet, 61_100_840, 0.71),
        (vgg16, 138_357_544, 15.47),
        (vgg19, 143_667_240, 19.63),
        (resnet18, 11_689_512, 1.81),
        (resnet50, 25_557_032, 4.09),
    ],
)
def test_published_counts(network, parameters, giga_multiply_adds):
    counted = account(network())
    assert counted.parameters == parameters
    assert round(counted.multiply_adds / 1e9, 2) == giga_multiply_adds
    assert counted.flops == 2 * counted.multiply_adds
    assert counted.training_flops == 3 * counted.flops


@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        (alexnet, [(64, 55, 55), (64, 27, 27), (192, 13, 13), (256, 6, 6)]),
        (resnet18, [(64, 112, 112), (64, 56, 56), (128, 28, 28), (256, 14, 14), (512, 7, 7)]),
        (resnet50, [(64, 112, 112), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]),
    ],
)
def test_published_shapes(network, shapes):
    found = [row.output_shape for row in account(network()).rows]
    positions = [found.index(shape) for shape in shapes]
    assert positions == sorted(positions)


def test_a_model_has_the_parameters_that_its_account_says(rng):
    net = build(SMALL, rng=rng)
    counted = account(net)
    assert counted == account(SMALL) == account(net.architecture)
    assert counted.parameters == sum(value.size for value in net.params.values())
    weights = sum(value.size for name, value in net.params.items() if name.startswith("W"))
    assert counted.weights == weights


def test_optimisers_keep_what_the_account_says(rng):
    net = build(SMALL, rng=rng)
    X, y = rng.standard_normal((2, 3, 8, 8)).astype(np.float32), np.array([0, 1])
    for name, copies in OPTIMISER_STATE.items():
        optimiser = getattr(optim, name)()
        optimiser.step(net.params, net.loss(X, y)[1])
        kept = sum(array.size for array in arrays(optimiser.state_dict()))
        assert kept == copies * account(net).parameters, name


def arrays(state):
    if isinstance(state, np.ndarray):
        return [state]
    values = state.values() if isinstance(state, dict) else state
    values = values if isinstance(values, (list, tuple)) or hasattr(values, "__iter__") else []
    return [a for value in values if not isinstance(value, str) for a in arrays(value)]


def test_memory():
    vgg = account(vgg16())
    P, A = vgg.parameters, vgg.activations
    assert vgg.forward_bytes(3) == 4 * (P + 3 * A)
    assert vgg.training_bytes(3, "SGD") == 4 * (2 * P + 6 * A)
    assert vgg.training_bytes(3, "Momentum") == 4 * (3 * P + 6 * A)
    assert vgg.training_bytes(3) == vgg.training_bytes(3, "AdamW") == 4 * (4 * P + 6 * A)
    assert account(vgg16(), dtype=np.float64).training_bytes(3) == 2 * vgg.training_bytes(3)


@pytest.mark.parametrize("optimiser", OPTIMISER_STATE)
def test_the_largest_batch_fits_and_one_more_does_not(optimiser):
    counted = account(SMALL)
    for memory in (counted.training_bytes(1, optimiser), 10**6, 10**6 + 1, 12_345_678):
        batch = counted.largest_batch(memory, optimiser)
        assert counted.training_bytes(batch, optimiser) <= memory
        assert counted.training_bytes(batch + 1, optimiser) > memory
    assert counted.largest_batch(10**6) == counted.largest_batch(10**6, "Adam")


def test_bad_requests():
    counted = account(SMALL)
    with pytest.raises(ValueError, match=r"needs .* MB to train on one image with SGD, more than"):
        counted.largest_batch(1000, "SGD")
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        counted.forward_bytes(0)
    with pytest.raises(ValueError, match="optimiser must be 'SGD' or 'Momentum'"):
        counted.training_bytes(1, "sgd")
    with pytest.raises(TypeError, match="needs a pattern, an architecture or a model"):
        account(3)
    with pytest.raises(PatternError):
        account("INPUT[8x8x3] -> FC")


def test_html_holds_the_same_table_escaped():
    counted = account("INPUT[8x8x3] -> CONV3-4 -> FC-5")
    text, page = str(counted), counted._repr_html_()
    assert "INPUT[8x8x3] -&gt; CONV3-4 -&gt; FC-5" in page
    assert page.count("<tr>") == 1 + len(counted.rows) + 1
    head = ["layer", "output", "activations", "MB", "weights", "other", "multiply-adds"]
    heading = next(line for line in text.splitlines() if line.startswith("layer"))
    assert heading.split() == head
    assert re.findall("<th>(.*?)</th>", page)[: len(head)] == head
    for cell in ("CONV3-4", "4x8x8", "6,912", "TOTAL"):
        assert cell in text
        assert f">{cell}<" in page


def test_the_picture_has_two_bars_for_each_layer():
    counted = account("INPUT[8x8x3] -> CONV3-4 -> RELU -> FC-5")
    figure = counted.plot()
    left, right = figure.axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["INPUT", "CONV3-4", "FC-5"]
    widths = [[bar.get_width() for bar in ax.patches] for ax in (left, right)]
    np.testing.assert_allclose(widths[0], np.array([192, 256, 5]) * 4 / 1e6)
    np.testing.assert_allclose(widths[1], np.array([0, 112, 1285]) / 1e6)
    assert left.get_xlabel() == "activations\nof one image (MB)"
    assert right.get_xlabel() == "parameters\n(millions)"
    assert {bar.get_facecolor() for bar in left.patches}.isdisjoint(
        bar.get_facecolor() for bar in right.patches
    )
    longer = account(vgg16()).plot()
    assert longer.get_size_inches()[1] > 2 * figure.get_size_inches()[1]
    plt.close(figure)
    plt.close(longer)
