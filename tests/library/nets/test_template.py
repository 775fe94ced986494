"""The lecture's own pattern, letters and all, becomes a network."""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_lib import build, fill_in
from cs231n_lib.nets.pattern import parse

LECTURE = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"


def names(pattern):
    return [layer.name for layer in parse(pattern).layers]


def test_the_lectures_pattern_with_its_numbers():
    block = ["CONV3-16", "RELU"] * 2 + ["POOL2"]
    assert names(fill_in(LECTURE, N=2, M=3, K=1)) == [
        "INPUT", *block * 3, "FC-64", "RELU", "FC-10",
    ]  # fmt: skip


def test_nothing_repeated_is_a_linear_classifier():
    assert names(fill_in(LECTURE, N=0, M=0, K=0)) == ["INPUT", "FC-10"]


def test_pooling_or_not():
    assert names(fill_in(LECTURE, N=1, M=2, K=0, pool=None)) == [
        "INPUT", *["CONV3-16", "RELU"] * 2, "FC-10",
    ]  # fmt: skip
    assert "POOL3s2" in names(fill_in(LECTURE, N=1, M=1, K=0, pool="POOL3s2", conv="CONV4-8s2p0"))


def test_every_word_is_an_argument():
    filled = fill_in(
        LECTURE, N=1, M=1, K=1, input_shape=(1, 28, 20), conv="CONV5-6", fc="FC-84", num_classes=3
    )
    assert filled == (
        "INPUT[28x20x1] -> [[CONV5-6 -> RELU]*1 -> POOL2]*1 -> [FC-84 -> RELU]*1 -> FC-3"
    )


def test_what_has_its_numbers_already_stays():
    done = "INPUT[32x32x3] -> [CONV3-8 -> RELU -> POOL2?0]*2 -> FC-5"
    assert fill_in(done) == done


def test_it_can_be_built_and_run():
    net = build(fill_in(LECTURE, N=1, M=2, K=1), rng=np.random.default_rng(0))
    assert net.loss(np.zeros((2, 3, 32, 32), dtype=np.float32)).shape == (2, 10)


@pytest.mark.parametrize(
    ("numbers", "error", "message"),
    [
        ({"N": 1, "M": 1}, ValueError, "repeats K times"),
        ({"N": 1, "M": 1, "K": 1, "L": 2}, ValueError, r"no \*L"),
        ({"N": -1, "M": 1, "K": 1}, ValueError, "N must be 0 or more"),
        ({"N": 1.5, "M": 1, "K": 1}, TypeError, "N must be a whole number"),
        ({"N": True, "M": 1, "K": 1}, TypeError, "N must be a whole number"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, error, message):
    with pytest.raises(error, match=message):
        fill_in(LECTURE, **numbers)


def test_a_pooling_that_is_not_optional_cannot_be_left_out():
    with pytest.raises(ValueError, match="another"):
        fill_in("INPUT -> CONV -> POOL -> FC", pool=None)
