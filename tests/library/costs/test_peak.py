"""The predicted peak against what tracemalloc sees NumPy allocate."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from cs231n_lib import _parallel as parallel
from cs231n_lib.costs.peak import predict_peak
from cs231n_lib.layers import (
    FC,
    BatchNorm,
    Conv,
    LayerNorm,
    Pool,
    ReLU,
    Residual,
    conv_backward,
    conv_forward,
)
from cs231n_lib.nets.architecture import place
from cs231n_lib.nets.chain import Chain
from cs231n_lib.nets.pattern import build, parse

NETWORKS = {
    "lecture": (
        "INPUT[32x32x3] -> [[CONV3-32 -> RELU]*2 -> POOL2]*2 -> [FC-256 -> RELU]*1 -> FC-10",
        32,
        "backward, layer 8, CONV3-32",
    ),
    "batch normalisation": (
        "INPUT[32x32x3] -> [CONV3-32 -> BN -> RELU -> POOL2]*2 -> DROPOUT-0.5 -> FC-10",
        32,
        None,
    ),
    "dropout": (
        "INPUT[32x32x3] -> DROPOUT-0.5 -> CONV5-16 -> RELU -> POOL2 -> FC-10",
        32,
        "backward, layer 4, POOL2",
    ),
    "dropout is largest": ("INPUT[32x32x3] -> DROPOUT-0.5 -> FC-10", 64, None),
    "overlapping pools": ("INPUT[33x33x3] -> CONV3-16 -> RELU -> POOL3s2 -> FC-10", 32, None),
    "stride": (
        "INPUT[33x33x3] -> CONV3-32s2p0 -> RELU -> POOL2 -> CONV3-64 -> RELU -> FC-10",
        32,
        "backward, layer 4, CONV3-64",
    ),
    "few images, many weights": ("INPUT[32x32x3] -> FC-1000 -> RELU -> FC-10", 8, "regularisation"),
    "many images": (
        "INPUT[32x32x3] -> FC-1000 -> RELU -> FC-10",
        1000,
        "regularisation",
    ),
    "many images into a later layer": (
        "INPUT[32x32x3] -> RELU -> FC-1000 -> RELU -> FC-10",
        1000,
        "backward, layer 2, FC-1000",
    ),
    "one tap": (
        "INPUT[33x33x16] -> CONV1-32 -> RELU -> CONV1-16s2 -> RELU -> FC-10",
        32,
        None,
    ),
    "normalised features": ("INPUT[32x32x3] -> BN -> FC-500 -> BN -> RELU -> FC-10", 100, None),
}


@pytest.fixture
def one_thread(monkeypatch):
    class NoBlas:
        lib_controllers = ()

    monkeypatch.setattr(parallel, "_blas", NoBlas)


def measured_peak(net, batch, dtype):
    shape = net.architecture.layers[0].output_shape
    X = np.random.default_rng(1).standard_normal((batch, *shape)).astype(dtype)
    y = np.zeros(batch, dtype=int)
    net.loss(X, y)  # what is made once, is made now
    # Another thread of this process, of an earlier test say, may allocate something at one time.
    return min(_peak(net, X, y) for _ in range(2))


def _peak(net, X, y):
    tracemalloc.start()
    try:
        net.loss(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_prediction_is_what_is_measured(name, dtype, one_thread):
    pattern, batch, moment = NETWORKS[name]
    net = build(pattern, rng=np.random.default_rng(0), dtype=dtype)
    predicted = predict_peak(net, batch)
    if moment:
        assert predicted.moment == moment
    assert predicted.bytes == pytest.approx(measured_peak(net, batch, dtype), rel=0.02)


BLOCKS = {
    "a block": [
        ("CONV3-16", Conv(16, 3, pad=1)),
        ("ADD", Residual((
            ("CONV3-16", Conv(16, 3, pad=1)), ("BN", BatchNorm()), ("RELU", ReLU()),
        ))),
        ("RELU", ReLU()),
    ],
    "a block of two paths": [
        ("CONV3-16", Conv(16, 3, pad=1, bias=False)),
        ("BN", BatchNorm()),
        ("ADD", Residual(
            (("CONV3-32", Conv(32, 3, 2, 1, floor=True)), ("RELU", ReLU())),
            (("CONV1-32", Conv(32, 1, 2, floor=True)), ("BN", BatchNorm())),
        )),
        ("RELU", ReLU()),
    ],
    "blocks at the start and within each other": [
        ("ADD", Residual((
            ("CONV3-3", Conv(3, 3, pad=1)),
            ("ADD", Residual((("CONV3-3", Conv(3, 3, pad=1)),), (("RELU", ReLU()),))),
        ))),
    ],
    "pools": [
        ("CONV3-16", Conv(16, 3, pad=1)),
        ("MAX", Pool(3, 2, pad=1, floor=True)),
        ("AVG", Pool(3, 2, pad=1, floor=True, average=True)),
    ],
    "an average over everything": [
        ("CONV3-16", Conv(16, 3, pad=1)),
        ("AVG", Pool(32, 32, average=True)),
    ],
    "layer normalisation": [("FC-300", FC(300)), ("LN", LayerNorm()), ("RELU", ReLU())],
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [4, 32])
@pytest.mark.parametrize("name", BLOCKS)
def test_layers_without_a_word_in_the_language_are_predicted_too(name, batch, dtype, one_thread):
    specs = [*BLOCKS[name], ("FC-10", FC(10))]
    net = Chain(place("net", (3, 32, 32), specs), rng=np.random.default_rng(0), dtype=dtype)
    predicted = predict_peak(net, batch)
    measured = measured_peak(net, batch, dtype)
    buffers = 4 * 8192 * np.dtype(dtype).itemsize  # NumPy's own, of 8,192 values, are not predicted
    assert predicted.bytes == pytest.approx(measured, rel=0.02, abs=buffers), predicted.moment


def allocated(work):
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# Size of the image and of the filters, stride, channels in and out, images.
CONVOLUTIONS = [
    (9, 3, 1, 128, 128, 1),
    (7, 5, 2, 96, 160, 1),
    *[(16, 3, 1, C, F, N) for C, F, N in ((32, 16, 9), (16, 64, 3), (64, 64, 1), (3, 32, 9))],
    *[(12, 5, 1, C, F, N) for C, F, N in ((16, 48, 8), (32, 16, 2), (8, 16, 5))],
    *[(33, K, 2, C, F, N) for K in (1, 3, 5) for C, F, N in ((8, 4, 1), (4, 24, 3), (64, 64, 1))],
    *[(16, 1, 1, C, F, N) for C, F, N in ((64, 128, 1), (128, 64, 7), (8, 8, 50))],
    (64, 7, 1, 24, 8, 2),
    (32, 4, 4, 16, 96, 5),
]


@pytest.mark.parametrize("geometry", CONVOLUTIONS, ids=str)
def test_workspaces_of_convolutions(geometry, one_thread):
    """Layer by layer and both ways, for a network's peak is the largest of its moments only.

    NumPy's own buffers, some of 32 kB each, are not predicted.
    """
    size, K, stride, C, F, N = geometry
    pad = (K - 1) // 2 if stride == 1 else 0
    text = f"INPUT[{size}x{size}x{C}] -> CONV{K}-{F}s{stride}p{pad}"
    layer = parse(text).layers[1]
    rng = np.random.default_rng(0)
    x, w, b = (rng.random(s, np.float32) for s in ((N, C, size, size), (F, C, K, K), (F,)))
    conv_param = {"stride": stride, "pad": pad}
    out, cache = conv_forward(x, w, b, conv_param)
    memory = layer.spec.memory(layer.input_shape, N, 4, need_dx=True)
    assert memory.forward == pytest.approx(
        allocated(lambda: conv_forward(x, w, b, conv_param)), rel=0.02, abs=130_000
    )
    for first in (False, True):
        memory = layer.spec.memory(layer.input_shape, N, 4, need_dx=not first)
        assert memory.backward == pytest.approx(
            allocated(lambda need_dx=not first: conv_backward(out, cache, need_dx)),
            rel=0.02,
            abs=130_000,
        )


def test_with_threads_the_prediction_is_an_upper_bound():
    pattern, batch, _ = NETWORKS["lecture"]
    net = build(pattern, rng=np.random.default_rng(0))
    ratio = measured_peak(net, batch, np.float32) / predict_peak(net, batch).bytes
    assert 0.85 < ratio < 1.01


def test_a_batch_has_images():
    net = build("INPUT[8x8x3] -> FC-10", rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        predict_peak(net, 0)
