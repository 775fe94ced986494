"""The chain against its layers called by hand, bit for bit; what it refuses; its loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from cs231n_lib import layers as L
from cs231n_lib.layers import (
    FC,
    LAYERS,
    BatchNorm,
    Conv,
    Dropout,
    Layer,
    LayerNorm,
    Pool,
    ReLU,
    Residual,
)
from cs231n_lib.losses import softmax_loss, svm_loss
from cs231n_lib.nets.architecture import place
from cs231n_lib.nets.chain import Chain
from cs231n_lib.nets.presets import ConvNet, FullyConnectedNet, TwoLayerNet

POOL2 = {"pool_height": 2, "pool_width": 2, "stride": 2}
EVERY = [
    ("CONV3-4", Conv(4, 3, pad=1, bias=False)),
    ("BN", BatchNorm()),
    ("RELU", ReLU()),
    ("MAX", Pool(3, 2, pad=1, floor=True)),
    ("ADD", Residual((("CONV3-4", Conv(4, 3, pad=1)), ("BN", BatchNorm())))),
    ("ADD", Residual((("CONV1-5", Conv(5, 1)),), (("CONV3-5", Conv(5, 3, pad=1)),))),
    ("AVG", Pool(2, 2, floor=True, average=True)),
    ("FC-6", FC(6, bias=False)),
    ("LN", LayerNorm()),
    ("DROPOUT", Dropout(0.8)),
    ("FC-3", FC(3)),
]


def rng(seed=0):
    return np.random.default_rng(seed)


def batch(shape, num=6, dtype=np.float32):
    return rng(1).standard_normal((num, *shape)).astype(dtype), rng(2).integers(3, size=num)


def penalised(loss, grads, params, reg):
    """Add the penalty as the model does, in the same order."""
    names = [name for name in params if name[0] == "W"]
    for name in names:
        grads[name] = grads[name] + 2 * reg * params[name]
    squares = np.stack([np.sum(params[name] ** 2, dtype=np.float64) for name in names])
    return loss + reg * float(np.sum(squares)), grads


def same(model, X, y, scores, loss, grads, buffers):
    ours, our_grads = model.loss(X, y)
    assert ours == loss
    for name, grad in grads.items():
        np.testing.assert_array_equal(our_grads[name], grad, err_msg=name)
    assert our_grads.keys() == grads.keys() == model.params.keys()
    for name, value in buffers.items():
        np.testing.assert_array_equal(model.buffers[name], value, err_msg=name)
    assert model.buffers.keys() == buffers.keys()


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fully_connected_net_is_its_layers(normalization, dtype):
    settings = {"normalization": normalization, "keep_prob": 0.6, "reg": 0.1, "dtype": dtype}
    model = FullyConnectedNet([7, 6], 12, 3, rng=rng(), **settings)
    X, y = batch((2, 2, 3), dtype=dtype)
    p, out, caches, buffers, grads = model.params, X, [], {}, {}
    masks = np.random.default_rng()
    masks.bit_generator.state = model.rng.bit_generator.state
    for i in (1, 2):
        out, fc = L.affine_forward(out, p[f"W{i}"], p[f"b{i}"])
        norm = None
        if normalization == "batchnorm":
            names = ("running_mean", "running_var")
            bn_param = {"mode": "train"} | {n: model.buffers[f"{n}{i}"] for n in names}
            out, norm = L.batchnorm_forward(out, p[f"gamma{i}"], p[f"beta{i}"], bn_param)
            buffers |= {f"{n}{i}": bn_param[n] for n in names}
        elif normalization == "layernorm":
            out, norm = L.layernorm_forward(out, p[f"gamma{i}"], p[f"beta{i}"])
        out, relu = L.relu_forward(out)
        out, drop = L.dropout_forward(out, {"mode": "train", "keep_prob": 0.6}, masks)
        caches.append((fc, norm, relu, drop))
    scores, fc = L.affine_forward(out, p["W3"], p["b3"])
    loss, dout = softmax_loss(scores, y)
    dout, grads["W3"], grads["b3"] = L.affine_backward(dout, fc)
    for i in (2, 1):
        fc, norm, relu, drop = caches.pop()
        dout = L.relu_backward(L.dropout_backward(dout, drop), relu)
        if norm is not None:
            backward = {"batchnorm": L.batchnorm_backward, "layernorm": L.layernorm_backward}
            dout, grads[f"gamma{i}"], grads[f"beta{i}"] = backward[normalization](dout, norm)
        dout, grads[f"W{i}"], grads[f"b{i}"] = L.affine_backward(dout, fc)
    same(model, X, y, scores, *penalised(loss, grads, p, 0.1), buffers)


@pytest.mark.parametrize("batchnorm", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_conv_net_is_its_layers(batchnorm, dtype):
    settings = {"batchnorm": batchnorm, "reg": 0.1, "dtype": dtype, "filter_size": 5}
    model = ConvNet((3, 8, 8), [16, 17], hidden_dim=5, num_classes=3, rng=rng(), **settings)
    X, y = batch((3, 8, 8), dtype=dtype)
    p, out, caches, buffers, grads = model.params, X, [], {}, {}
    for i in range(1, 5):
        conv_param = {"stride": 1, "pad": 2}
        out, conv = L.conv_forward(out, p[f"W{i}"], p[f"b{i}"], conv_param)
        norm = pool = None
        if batchnorm:
            names = ("running_mean", "running_var")
            bn_param = {"mode": "train"} | {n: model.buffers[f"{n}{i}"] for n in names}
            out, norm = L.spatial_batchnorm_forward(out, p[f"gamma{i}"], p[f"beta{i}"], bn_param)
            buffers |= {f"{n}{i}": bn_param[n] for n in names}
        out, relu = L.relu_forward(out)
        if i % 2 == 0:
            out, pool = L.max_pool_forward(out, POOL2)
        caches.append((conv, norm, relu, pool))
    out, fc1 = L.affine_forward(out, p["W5"], p["b5"])
    out, last = L.relu_forward(out)
    scores, fc2 = L.affine_forward(out, p["W6"], p["b6"])
    loss, dout = softmax_loss(scores, y)
    dout, grads["W6"], grads["b6"] = L.affine_backward(dout, fc2)
    dout, grads["W5"], grads["b5"] = L.affine_backward(L.relu_backward(dout, last), fc1)
    for i in range(4, 0, -1):
        conv, norm, relu, pool = caches.pop()
        dout = dout if pool is None else L.max_pool_backward(dout, pool)
        dout = L.relu_backward(dout, relu)
        if batchnorm:
            dout, grads[f"gamma{i}"], grads[f"beta{i}"] = L.spatial_batchnorm_backward(dout, norm)
        dout, grads[f"W{i}"], grads[f"b{i}"] = L.conv_backward(dout, conv, need_dx=i > 1)
    same(model, X, y, scores, *penalised(loss, grads, p, 0.1), buffers)


def test_two_layers_written_out_and_as_a_chain_are_the_same():
    written = TwoLayerNet(12, 7, 3, reg=0.1, rng=rng())
    chain = FullyConnectedNet([7], 12, 3, reg=0.1, rng=rng())
    X, y = batch((2, 2, 3))
    loss, grads = written.loss(X, y)
    same(chain, X, y, written.loss(X), loss, grads, {})


def test_every_layer_has_its_turn_in_these_tests():
    def specs(named):
        for _, spec in named:
            yield spec
            if isinstance(spec, Residual):
                yield from specs((*spec.body, *spec.shortcut))

    assert {type(spec) for spec in specs(EVERY)} == set(LAYERS)


def test_the_gradient_of_every_layer_by_projection(xp):
    """Along a random direction; dropout draws the same mask because the seed is the same."""
    like = xp.asarray(np.zeros(1))
    X, y = (xp.asarray(a) for a in batch((2, 9, 9), dtype=np.float64))

    def model(step=0.0):
        settings = {"reg": 0.1, "dtype": np.float64, "like": like}
        net = Chain(place("every", (2, 9, 9), EVERY), rng=rng(2), **settings)
        direction = rng(3)
        for name, value in net.params.items():
            move = direction.standard_normal(value.shape)
            net.params[name] = xp.asarray(xp.to_host(value) + step * move)
        return net

    _, grads = model().loss(X, y)
    direction = rng(3)
    slope = sum(
        np.sum(direction.standard_normal(value.shape) * xp.to_host(grads[name]))
        for name, value in model().params.items()
    )
    h = 1e-6
    numerical = (model(h).loss(X, y)[0] - model(-h).loss(X, y)[0]) / (2 * h)
    assert np.isclose(slope, numerical, rtol=1e-5)


def test_arrays_are_numbered_with_their_kind_and_never_meet():
    net = Chain(place("every", (2, 9, 9), EVERY), rng=rng())
    assert list(net.params) == [
        "W1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3", "W4", "b4", "W5",
        "gamma3", "beta3", "W6", "b6",
    ]  # fmt: skip
    assert list(net.buffers) == [
        f"running_{what}{number}" for number in (1, 2) for what in ("mean", "var")
    ]


def test_a_block_is_the_sum_of_its_paths():
    body = (("CONV3-3", Conv(3, 3, pad=1)),)
    X, _ = batch((3, 4, 4))
    alone = Chain(place("alone", (3, 4, 4), body), rng=rng())
    convolved = alone.loss(X)
    identity = Chain(place("block", (3, 4, 4), [("ADD", Residual(body))]), rng=rng())
    np.testing.assert_array_equal(identity.loss(X), X + convolved)
    short = Residual(body, (("RELU", ReLU()),))
    both = Chain(place("block", (3, 4, 4), [("ADD", short)]), rng=rng())
    np.testing.assert_array_equal(both.loss(X), np.maximum(X, 0) + convolved)


def test_a_block_is_a_layer_and_a_way_forward_is_good_for_one_way_back():
    block = Residual((("FC-3", FC(3)), ("RELU", ReLU())), (("FC-3", FC(3)),))
    params = {name: rng().standard_normal(shape) for name, shape in block.parameters((2,)).items()}
    assert list(params) == ["body.0.W", "body.0.b", "shortcut.0.W", "shortcut.0.b"]
    X = rng(1).standard_normal((5, 2))
    out, caches, _ = block.forward(X, params, {}, "train", rng())
    main, side = (
        X @ params[f"{path}.0.W"] + params[f"{path}.0.b"] for path in ("body", "shortcut")
    )
    np.testing.assert_array_equal(out, np.maximum(main, 0) + side)
    dx, grads = block.backward(out, caches, need_dx=True)
    upstream = {"body": out * (main > 0), "shortcut": out}
    for path, dout in upstream.items():
        np.testing.assert_allclose(grads[f"{path}.0.W"], X.T @ dout)
    np.testing.assert_allclose(
        dx, sum(dout @ params[f"{path}.0.W"].T for path, dout in upstream.items())
    )
    with pytest.raises(ValueError, match=r"caches of 2 layers, got 0: .* a way forward of its own"):
        block.backward(out, caches, need_dx=True)


def test_what_is_no_layer_is_none_in_a_block_either():
    with pytest.raises(TypeError, match=r"FC-10: expected a layer, such as FC\(10\), got 10"):
        Residual((("FC-10", 10),))
    for given in (FC(10), (FC(10),), 3):
        with pytest.raises(TypeError, match=r"expected layers with their names, such as .*, got"):
            Residual(given)


def test_an_average_is_no_maximum_and_no_bias_is_none():
    X, _ = batch((3, 8, 8))
    for average, reduce in ((True, np.mean), (False, np.max)):
        pool = Chain(
            place("pool", (3, 8, 8), [("POOL", Pool(8, 8, average=average)), ("FC", FC(2))]),
            rng=rng(),
        )
        features = reduce(X, axis=(2, 3))
        expected = features @ pool.params["W1"] + pool.params["b1"]
        np.testing.assert_allclose(pool.loss(X), expected, rtol=1e-4, atol=1e-5)
    net = Chain(place("net", (3, 8, 8), [("CONV", Conv(2, 3, bias=False))]), rng=rng())
    assert list(net.params) == ["W1"]


@dataclass(frozen=True)
class Counted(L.Spec):
    """Nobody has said how it runs."""


@pytest.mark.parametrize("inside", [False, True])
def test_what_cannot_run_is_refused(inside):
    spec = Counted()
    named = [("ODD", Residual((("ODD", spec),)) if inside else spec)]
    with pytest.raises(TypeError, match=r"ODD: .* can be counted, but not run"):
        Chain(place("net", (3, 4, 4), named), rng=rng())


@pytest.mark.parametrize("missing", ["forward", "backward", "memory"])
def test_a_layer_has_no_default(missing):
    methods = {name: getattr(ReLU, name) for name in ("forward", "backward", "memory")}
    del methods[missing]
    with pytest.raises(TypeError, match=f"abstract method '?{missing}"):
        type("Half", (Layer,), methods)()


@pytest.mark.parametrize(
    "make", [TwoLayerNet, lambda *a, **kw: FullyConnectedNet([7], 12, 3, **kw)]
)
def test_the_loss_of_the_scores_is_an_argument(make):
    model = make(12, 7, 3, rng=rng(), reg=0.5, dtype=np.float64, score_loss=svm_loss)
    X, y = batch((12,), dtype=np.float64)
    loss, grads = model.loss(X, y)
    expected, dscores = svm_loss(model.loss(X), y)
    squares = sum(np.sum(model.params[name] ** 2) for name in ("W1", "W2"))
    assert loss == pytest.approx(expected + 0.5 * squares)
    np.testing.assert_allclose(grads["b2"], dscores.sum(axis=0))


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_loss_that_is_not_finite_changes_no_buffer(value):
    for model, shape in (
        (FullyConnectedNet([5], 12, 3, normalization="batchnorm", rng=rng()), (12,)),
        (ConvNet((3, 4, 4), [2], hidden_dim=4, num_classes=3, rng=rng()), (3, 4, 4)),
    ):
        X, y = batch(shape)
        model.loss(X, y)
        before = {name: array.copy() for name, array in model.buffers.items()}
        X[0] = value
        with np.errstate(invalid="ignore"):
            loss, _ = model.loss(X, y)
        assert not np.isfinite(loss)
        for name, array in before.items():
            np.testing.assert_array_equal(model.buffers[name], array)


def test_a_batch_of_another_shape_is_refused():
    net = Chain(place("net", (3, 4, 5), [("FC", FC(2))]), rng=rng())
    with pytest.raises(ValueError, match=r"expected images of shape \(N, 3, 4, 5\), channels"):
        net.loss(np.ones((2, 4, 5, 3), np.float32))
    flat = FullyConnectedNet([4], 12, 3, rng=rng())
    with pytest.raises(ValueError, match=r"expected 12 numbers an example, got .*\(2, 5\)"):
        flat.loss(np.ones((2, 5), np.float32))
