"""The pattern language: what it builds, and where its errors point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n_lib.layers import FC, BatchNorm, Conv, Dropout, Pool, ReLU, Residual
from cs231n_lib.nets.architecture import place
from cs231n_lib.nets.model import Model
from cs231n_lib.nets.pattern import PatternError, build, parse

LECTURE = "INPUT[32x32x3] -> [[CONV3-64 -> RELU]*2 -> POOL2]*3 -> [FC-512 -> RELU]*1 -> FC-10"
EVERYTHING = (
    "INPUT[9x7x2] -> CONV3-3 -> BN -> RELU -> CONV3-4s2p1 -> RELU -> POOL2s1"
    " -> DROPOUT-0.8 -> [FC-6 -> BN -> RELU]*1 -> FC-3"
)


def specs(pattern):
    return [layer.spec for layer in parse(pattern).layers[1:]]


def test_the_lectures_pattern():
    net = parse(LECTURE)
    block = ["CONV3-64", "RELU"] * 2 + ["POOL2"]
    assert [x.name for x in net.layers] == ["INPUT", *block * 3, "FC-512", "RELU", "FC-10"]
    assert [x.output_shape for x in net.layers if x.name == "POOL2"] == [
        (64, 16, 16),
        (64, 8, 8),
        (64, 4, 4),
    ]
    assert net.layers[-3].parameters == {"W": (1024, 512), "b": (512,)}


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("CONV3-64", Conv(64, 3, stride=1, pad=1)),
        ("CONV5-32p0", Conv(32, 5, stride=1, pad=0)),
        ("CONV1-7s2", Conv(7, 1, stride=2, pad=0)),
        ("CONV4-2s2p0", Conv(2, 4, stride=2, pad=0)),
        ("POOL2", Pool(2, 2)),
        ("POOL3s1", Pool(3, 1)),
        ("RELU", ReLU()),
        ("BN", BatchNorm()),
        ("DROPOUT-0.5", Dropout(0.5)),
        ("DROPOUT-.25", Dropout(0.25)),
        ("DROPOUT-1", Dropout(1.0)),
        ("FC-10", FC(10)),
    ],
)
def test_layers(text, spec):
    size = "9x9" if "s2" in text and "4" not in text else "8x8"
    assert specs(f"INPUT[{size}x3] -> {text}") == [spec]


@pytest.mark.parametrize(
    ("tail", "names"),
    [
        ("[RELU -> POOL2?1]*2", ["RELU", "POOL2"] * 2),
        ("[RELU -> POOL2?0]*2", ["RELU"] * 2),
        ("[RELU -> POOL2 * 0]*2 -> BN", ["RELU", "RELU", "BN"]),
        ("[RELU]*0 -> BN", ["BN"]),
        ("[[RELU]*2 -> BN]*2", ["RELU", "RELU", "BN"] * 2),
        ("[RELU -> BN]", ["RELU", "BN"]),
        ("RELU*3", ["RELU"] * 3),
        ("[ [ RELU ] ]", ["RELU"]),
    ],
)
def test_repetition_and_choice(tail, names):
    assert [x.name for x in parse(f"INPUT[8x8x3]->{tail}").layers[1:]] == names


def test_the_input_is_height_width_channels():
    assert parse("INPUT[9x7x2]->RELU").layers[0].output_shape == (2, 9, 7)


def test_spaces_are_free():
    squeezed = LECTURE.replace(" ", "")
    assert parse(squeezed).layers == parse(LECTURE).layers
    spread = LECTURE.replace("->", "  -> \n ").replace("*", " * ").replace("]", " ]", 0)
    assert parse(f"  {spread}  ").layers == parse(LECTURE).layers


# The position of the wrong character is that of the mark ! in the text, which is taken out.
@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("!CONV3-64", "a pattern starts with INPUT"),
        ("INPUT!", "expected [ and the size of the input"),
        ("INPUT[!x32x3] -> FC-10", "expected the height, a whole number"),
        ("INPUT[32!,32,3] -> FC-10", "expected x between height and width"),
        ("INPUT[32x!] -> FC-10", "expected the width, a whole number"),
        ("INPUT[32x32!] -> FC-10", "expected x between width and channels"),
        ("INPUT[32x32x!0] -> FC-10", "the number of channels must be 1 or more"),
        ("INPUT[32x32x3 !-> FC-10", "expected ] after the size of the input"),
        ("INPUT[32x32x3]!", "expected -> and the first layer"),
        ("INPUT[32x32x3] -> !", "expected a layer: CONV3-64, POOL2"),
        ("INPUT[32x32x3] -> !conv3-64", "expected a layer"),
        ("INPUT[32x32x3] -> !CONVOLUTION3-64", "expected a layer"),
        ("INPUT[32x32x3] -> CONV!-64", "expected the filter size, a whole number"),
        ("INPUT[32x32x3] -> CONV3!x3-64", "expected - and the number of filters"),
        ("INPUT[32x32x3] -> CONV3-!x", "expected the number of filters"),
        ("INPUT[32x32x3] -> CONV3-!0", "the number of filters must be 1 or more"),
        ("INPUT[32x32x3] -> CONV3-4s!p1", "expected the stride, a whole number"),
        ("INPUT[32x32x3] -> CONV3-4s!0", "the stride must be 1 or more"),
        ("INPUT[32x32x3] -> CONV3-4p! -> FC-10", "expected the pad, a whole number"),
        ("INPUT[32x32x3] -> CONV3-4p1!s2", "expected -> and another layer, * and a number"),
        ("INPUT[32x32x3] -> CONV2-4! -> FC-10", "no padding keeps the size"),
        ("INPUT[32x32x3] -> POOL! -> FC-10", "expected the window size"),
        ("INPUT[32x32x3] -> DROPOUT!0.5", "expected - and the probability"),
        ("INPUT[32x32x3] -> DROPOUT-!x", "expected the probability that a value is kept"),
        ("INPUT[32x32x3] -> DROPOUT-!0", "expected the probability that a value is kept"),
        ("INPUT[32x32x3] -> DROPOUT-!1.5", "expected the probability that a value is kept"),
        ("INPUT[32x32x3] -> FC!10", "expected - and the number of neurons"),
        ("INPUT[32x32x3] -> FC-!ten", "expected the number of neurons"),
        ("INPUT[32x32x3] -> FC-123456789!0", "expected -> and another layer"),
        ("INPUT[32x32x3] -> FC-10 !FC-10", "expected -> and another layer"),
        ("INPUT[32x32x3] -> FC-10!]", "expected -> and another layer"),
        ("INPUT[32x32x3] -> [RELU -> FC-10!", "or ] to close the bracket"),
        ("INPUT[32x32x3] -> [RELU !BN]*2", "or ] to close the bracket"),
        ("INPUT[32x32x3] -> [RELU]*!N -> FC-10", "expected how many times, a whole number"),
        ("INPUT[32x32x3] -> [!]*2 -> FC-10", "expected a layer"),
        ("INPUT[32x32x3] -> [RELU]!?1 -> FC-10", "expected -> and another layer"),
        ("INPUT[32x32x3] -> POOL2?! -> FC-10", "expected 1 to have the layer or 0 to leave it"),
        ("INPUT[32x32x3] -> POOL2?!2 -> FC-10", "after ? comes 1 to have the layer or 0"),
        ("INPUT[32x32x3] -> [RELU]!*5000 -> FC-10", "more than 1000 layers"),
        ("INPUT[32x32x3] -> [RELU]*600 -> [RELU]*600!", "more than 1000 layers"),
        ("INPUT[32x32x3] -> " + "[" * 21 + "!RELU", "more than 20 brackets within each other"),
        ("INPUT[32x32x3] -> RELU -> !CONV5-4s2p0", "layer 2, CONV5-4s2p0: illegal geometry"),
        ("INPUT[8x8x3] -> [RELU -> !POOL2]*4", "layer 8, POOL2: illegal geometry"),
        ("INPUT[8x8x3] -> FC-10 -> !CONV3-4", "layer 2, CONV3-4: needs images (C, H, W), got 10"),
        ("INPUT[8x8x3] -> FC-10 -> !POOL2", "layer 2, POOL2: needs images"),
    ],
)
def test_an_error_points_at_the_character(marked, message):
    position, pattern = marked.index("!"), marked.replace("!", "")
    with pytest.raises(PatternError) as caught:
        parse(pattern)
    first, line, caret = str(caught.value).split("\n")
    assert message in first
    assert line == f"  {pattern}"
    assert caret == "  " + " " * position + "^"
    assert caught.value.position == position


@settings(deadline=None)
@given(text=st.text(alphabet="INPUT[]CONVFRELUBD->*?sp0123456789x. ", max_size=60))
def test_any_text_is_read_or_rejected_with_a_place(text):
    pattern = f"INPUT[4x4x1] -> {text}"
    try:
        position = 0 if parse(pattern) else -1
    except PatternError as error:
        position = error.position
    assert 0 <= position <= len(pattern)


def test_the_mark_is_under_its_character_in_a_pattern_of_several_lines():
    with pytest.raises(PatternError) as caught:
        parse("INPUT[4x4x1]\n\t-> CONV")
    _, line, caret = str(caught.value).split("\n")
    assert line == "  INPUT[4x4x1]  -> CONV"
    assert len(caret) == len(line) + 1


def test_a_pattern_is_a_string():
    with pytest.raises(TypeError, match="a pattern is a string, got int"):
        parse(3)


@pytest.mark.parametrize(
    "marked", ["INPUT[8x8x3] -> FC-10 -> !RELU", "INPUT[8x8x3] -> !POOL2 -> [POOL2]*0"]
)
def test_a_model_ends_in_scores(marked):
    with pytest.raises(PatternError, match="the last layer must be FC") as caught:
        build(marked.replace("!", ""), rng=np.random.default_rng(0))
    assert caught.value.position == marked.index("!")


# ---------------------------------------------------------------- the model


def test_parameters_are_numbered_over_their_kind(rng):
    net = build(EVERYTHING, rng=rng)
    assert isinstance(net, Model)
    assert {name: value.shape for name, value in net.params.items()} == {
        "W1": (3, 2, 3, 3),
        "b1": (3,),
        "gamma1": (3,),
        "beta1": (3,),
        "W2": (4, 3, 3, 3),
        "b2": (4,),
        "W3": (48, 6),
        "b3": (6,),
        "gamma2": (6,),
        "beta2": (6,),
        "W4": (6, 3),
        "b4": (3,),
    }
    assert all(value.dtype == np.float32 for value in net.params.values())


def test_the_whole_gradient_by_projection(xp):
    """Loss along a random direction; dropout draws the same mask because the seed is the same."""
    like = xp.asarray(np.zeros(1))
    data = np.random.default_rng(1)
    X, y = xp.asarray(data.standard_normal((5, 2, 9, 7))), xp.asarray(np.array([0, 2, 1, 1, 0]))

    def model(step=0.0):
        net = build(EVERYTHING, reg=0.1, rng=np.random.default_rng(2), dtype=np.float64, like=like)
        direction = np.random.default_rng(3)
        for name, value in net.params.items():
            move = direction.standard_normal(value.shape)
            net.params[name] = xp.asarray(xp.to_host(value) + step * move)
        return net

    _, grads = model().loss(X, y)
    direction = np.random.default_rng(3)
    slope = sum(
        np.sum(direction.standard_normal(value.shape) * xp.to_host(grads[name]))
        for name, value in model().params.items()
    )
    h = 1e-6
    numerical = (model(h).loss(X, y)[0] - model(-h).loss(X, y)[0]) / (2 * h)
    assert np.isclose(slope, numerical, rtol=1e-5)


def test_it_learns(rng):
    net = build("INPUT[6x6x1] -> CONV3-8 -> RELU -> POOL2 -> FC-2", rng=rng)
    X = rng.standard_normal((40, 1, 6, 6)).astype(np.float32)
    y = (X[:, 0, :3].sum(axis=(1, 2)) > X[:, 0, 3:].sum(axis=(1, 2))).astype(int)
    first = net.loss(X, y)[0]
    for _ in range(150):
        _, grads = net.loss(X, y)
        for name in net.params:
            net.params[name] = net.params[name] - 0.1 * grads[name]
    assert net.loss(X, y)[0] < first / 4
    assert np.mean(net.predict(X) == y) > 0.95


def test_dropout_and_batchnorm_know_training_from_test(rng):
    net = build(EVERYTHING, rng=rng)
    X, y = rng.standard_normal((4, 2, 9, 7)).astype(np.float32), np.array([0, 1, 2, 0])
    assert np.array_equal(net.loss(X), net.loss(X))
    before = net.buffers["running_mean1"].copy()
    assert net.loss(X, y)[0] != net.loss(X, y)[0]
    assert not np.array_equal(before, net.buffers["running_mean1"])


def test_images_have_channels_first(rng):
    net = build("INPUT[8x6x3] -> FC-10", rng=rng)
    with pytest.raises(ValueError, match=r"\(N, 3, 8, 6\), channels first"):
        net.loss(np.ones((2, 8, 6, 3), np.float32))


def test_the_same_seed_builds_the_same_model():
    one, two = (build(LECTURE, rng=np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(one.params[name], two.params[name]) for name in one.params)


# ---------------------------------------------------------------- placing


def test_a_residual_block_joins_equal_shapes():
    body = (("CONV3-4", Conv(4, 3, pad=1)), ("RELU", ReLU()))
    net = place("block", (4, 6, 6), [("ADD", Residual(body))])
    assert [x.name for x in net.places()] == ["INPUT", "CONV3-4", "RELU", "ADD"]
    assert net.layers[-1].output_shape == (4, 6, 6)
    with pytest.raises(ValueError, match="ADD: the paths end in different shapes"):
        place("block", (3, 6, 6), [("ADD", Residual(body))])


def test_the_paths_of_a_residual_block_end_in_their_last_layers():
    body = (("CONV3-8", Conv(8, 3, pad=1)), ("RELU", ReLU()), ("CONV3-4", Conv(4, 3, pad=1)))
    net = place("block", (4, 6, 6), [("ADD", Residual(body))])
    assert net.layers[-1].output_shape == (4, 6, 6)
    with pytest.raises(ValueError, match=r"different shapes, \(4, 6, 6\), \(8, 6, 6\)"):
        place("block", (4, 6, 6), [("ADD", Residual(body, shortcut=body[:1]))])


def test_placing_names_the_layer_that_does_not_fit():
    with pytest.raises(ValueError, match="big: illegal geometry"):
        place("net", (3, 6, 6), [("big", Conv(4, 9))])
