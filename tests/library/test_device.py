"""What a training step costs on a device: launches of kernels, and waiting."""

import numpy as np
import pytest

import cs231n_lib as cs
from cs231n_lib import layers
from cs231n_lib.losses import softmax_loss, svm_loss

strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
from tests.library.device_watch import on_device, watched  # noqa: E402

PATTERN = "INPUT[8x8x3] -> [CONV3-4 -> BN -> RELU]*2 -> POOL2 -> FC-8 -> DROPOUT-0.5 -> FC-10"


def network(**choices):
    return cs.build(PATTERN, rng=np.random.default_rng(0), like=on_device(0.0), **choices)


def batch(n=4):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, 3, 8, 8)).astype(np.float32)
    return on_device(X), on_device(rng.integers(10, size=n))


def test_the_stand_in_refuses_what_a_gpu_refuses():
    x = on_device([1.0, 2.0])
    with pytest.raises(RuntimeError, match="Can't convert"):
        np.asarray(x)
    with pytest.raises(TypeError, match="numpy"):
        x + np.ones(2)
    with pytest.raises(ValueError, match="two different devices"):
        x + strict.asarray([1.0, 2.0])


def test_the_stand_in_counts():
    x = on_device([1.0, 2.0])
    with watched() as watch:
        strict.reshape(x[1:], (1, 1))
        assert watch.events == []
        y = x * 2 + strict.exp(x)
        x[0] = 5.0
        assert watch.kernels == ["__mul__", "exp", "__add__", "__setitem__"]
        assert bool(y[0] > 0)
        assert watch.reads == ["__bool__"]
        cs.to_host(y)
        strict.nonzero(y)
        assert watch.reads == ["__bool__", "__dlpack__", "nonzero"]
    strict.exp(x)
    assert len(watch.kernels) == 5  # with the comparison; and none after the with


@pytest.mark.parametrize("score_loss", [softmax_loss, svm_loss])
@pytest.mark.parametrize("reg", [0.0, 0.1])
def test_loss_and_gradients_wait_once_at_their_end(reg, score_loss):
    net, (X, y) = network(reg=reg), batch()
    net.score_loss = score_loss
    with watched() as watch:
        net.loss(X, y)
    assert watch.reads == ["__dlpack__"]
    assert watch.events[-1] == ("read", "__dlpack__")


@pytest.mark.parametrize("rule", [cs.SGD, cs.Nesterov, cs.RMSProp, cs.AdamW])
def test_a_step_of_the_solver_waits_once(rule):
    (X, y), net = batch(8), network(reg=0.1)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    solver = cs.Solver(net, data, optimiser=rule(1e-3), batch_size=4, num_epochs=1,
                       rng=np.random.default_rng(0), progress=False)  # fmt: skip
    with watched() as watch:
        solver._step()
        solver._step()
    assert watch.reads == ["__dlpack__"] * 2
    for array in (*net.params.values(), *net.buffers.values()):
        assert array.device == X.device


@pytest.mark.parametrize("loss", [cs.softmax_loss_vectorized, cs.svm_loss_vectorized])
def test_a_linear_classifier_waits_once(loss):
    W, X = (on_device(np.ones(shape, np.float32)) for shape in ((3, 4), (5, 3)))
    with watched() as watch:
        loss(W, X, on_device([0, 1, 2, 3, 0]), 0.1)
    assert watch.reads == ["__dlpack__"]


@pytest.mark.parametrize("score_loss", [softmax_loss, svm_loss])
@pytest.mark.parametrize("label", [-1, 10, 10**9])
def test_labels_that_name_no_class_are_found_without_waiting_for_them(label, score_loss):
    net, (X, _) = network(), batch()
    net.score_loss = score_loss
    before = dict(net.buffers)
    with pytest.raises(ValueError, match=rf"in 0..9 \(10 classes\), got values from .*{label}"):
        net.loss(X, on_device([0, 1, label, 2]))
    assert all(net.buffers[name] is array for name, array in before.items())


#: Kernels of a forward pass and the way back; a change that needs more has to say why.
KERNELS = {
    "max_pool 2/2": (layers.Pool(2, 2), (2, 3, 8, 8), 14),
    "max_pool 3/2": (layers.Pool(3, 2), (2, 3, 9, 9), 40),
    "avg_pool 3/2": (layers.Pool(3, 2, average=True), (2, 3, 9, 9), 40),
    "relu": (layers.ReLU(), (2, 3), 4),
}


@pytest.mark.parametrize("name", KERNELS)
def test_few_kernels(name):
    layer, shape, most = KERNELS[name]
    x = on_device(np.random.default_rng(0).standard_normal(shape))
    with watched() as watch:
        out, cache, _ = layer.forward(x, {}, {}, "train", np.random.default_rng(0))
        layer.backward(out, cache, True)
    assert len(watch.kernels) <= most, watch.kernels
    assert watch.reads == []


def test_a_rule_launches_as_many_kernels_for_many_parameters_as_for_one():
    counts = []
    for many in (2, 20):
        params = {f"W{i}": on_device(np.ones((2, i + 1))) for i in range(many)}
        rule, grads = cs.AdamW(1e-3), dict(params)
        rule.step(params, grads)
        with watched() as watch:
            rule.step(params, grads)
        counts.append(len(watch.kernels))
    assert counts[0] == counts[1]
    assert counts[0] <= 20
