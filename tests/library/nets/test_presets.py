"""Networks: initialisation, gradients of whole models, modes, libraries, wrong arguments."""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_lib.gradients.numerical import check_gradient
from cs231n_lib.losses import softmax_loss
from cs231n_lib.nets.model import Model
from cs231n_lib.nets.presets import ConvNet, FullyConnectedNet, TwoLayerNet
from cs231n_lib.nets.weights import initial_weights


def rng(seed=0):
    return np.random.default_rng(seed)


def two_layer(**kw):
    return TwoLayerNet(12, 7, 4, **kw)


def fully_connected(**kw):
    return FullyConnectedNet([6, 5], 12, 4, **kw)


def conv_net(**kw):
    return ConvNet((3, 4, 4), [2, 3], hidden_dim=5, num_classes=4, **kw)


MODELS = {
    "two layers": two_layer,
    "three layers": fully_connected,
    "no hidden layer": lambda **kw: FullyConnectedNet([], 12, 4, **kw),
    "batchnorm": lambda **kw: fully_connected(normalization="batchnorm", **kw),
    "layernorm": lambda **kw: fully_connected(normalization="layernorm", **kw),
    "dropout": lambda **kw: fully_connected(keep_prob=0.7, **kw),
    "everything": lambda **kw: fully_connected(normalization="batchnorm", keep_prob=0.7, **kw),
    "conv": lambda **kw: conv_net(batchnorm=False, **kw),
    "conv batchnorm": conv_net,
}
each_model = pytest.mark.parametrize("name", MODELS)


def batch(name, xp, dtype="float64", num=5):
    shape = (num, 3, 4, 4) if name.startswith("conv") else (num, 2, 2, 3)
    X, y = rng(1).standard_normal(shape), rng(2).integers(4, size=num)
    return xp.asarray(X, dtype), xp.asarray(y)


def make(name, xp, dtype="float64", **settings):
    settings = {"rng": rng(), "dtype": dtype, "like": xp.asarray(np.zeros(1))} | settings
    return MODELS[name](**settings)


@each_model
def test_gradients(name):
    """On NumPy; the other libraries have to give the same gradients, see below."""
    model, (X, y) = MODELS[name](rng=rng(), dtype="float64", reg=0.3), batch(name, np)
    for key in model.params:  # biases of 0 would leave ReLUs exactly on their kink
        if key[0] == "b":
            noise = 0.1 * rng(3).standard_normal(model.params[key].shape)
            model.params[key] = model.params[key] + noise

    def loss_and_grads():
        model.rng = rng(4)  # the same dropout masks every time
        return model.loss(X, y)

    _, grads = loss_and_grads()
    assert grads.keys() == model.params.keys()
    for key, grad in grads.items():
        if key[0] == "b" and key.replace("b", "gamma") in model.params and "layer" not in name:
            # A normalisation over the batch takes off again what a bias adds: zero, but for the
            # rounding of sums, whose order is another BLAS's own.
            np.testing.assert_allclose(grad, 0, atol=1e-13)
            continue

        def objective(value, key=key):
            kept, model.params[key] = model.params[key], value
            try:
                return loss_and_grads()[0]
            finally:
                model.params[key] = kept

        result = check_gradient(objective, model.params[key], grad, num=2, rng=rng(5), h=1e-6)
        assert result, f"{key}\n{result}"


@each_model
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_and_shapes(xp, name, dtype):
    model, (X, y) = make(name, xp, dtype, reg=np.float64(0.1)), batch(name, xp, dtype)
    scores = model.loss(X)
    assert scores.shape == (5, 4)
    assert xp.to_host(scores).dtype == dtype
    loss, grads = model.loss(X, y)
    assert type(loss) is float
    for key, w in model.params.items():
        assert xp.to_host(w).dtype == xp.to_host(grads[key]).dtype == dtype, key
        assert grads[key].shape == w.shape, key
    for key, buffer in model.buffers.items():
        assert xp.to_host(buffer).dtype == dtype, key


@each_model
def test_every_library_starts_and_computes_the_same(xp, name):
    there, here = make(name, xp), MODELS[name](rng=rng(), dtype="float64")
    X, y = batch(name, xp)
    for key in here.params:
        np.testing.assert_array_equal(xp.to_host(there.params[key]), here.params[key])
    loss, grads = there.loss(X, y)
    host_loss, host_grads = here.loss(xp.to_host(X), xp.to_host(y))
    assert loss == pytest.approx(host_loss, rel=1e-12)
    for key, grad in host_grads.items():
        np.testing.assert_allclose(xp.to_host(grads[key]), grad, rtol=1e-9, atol=1e-12)
    for key, buffer in here.buffers.items():
        np.testing.assert_allclose(xp.to_host(there.buffers[key]), buffer, rtol=1e-9)


@each_model
def test_the_dtype_only_rounds_the_start(name):
    narrow, wide = MODELS[name](rng=rng()), MODELS[name](rng=rng(), dtype=np.float64)
    for key, w in narrow.params.items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, wide.params[key].astype(np.float32))


def test_two_layer_net_by_hand():
    model = TwoLayerNet(2, 2, 2, reg=0.5, rng=rng(), dtype=np.float64)
    model.params = {
        "W1": np.array([[1.0, -1.0], [0.0, 2.0]]),
        "b1": np.array([0.5, 0.0]),
        "W2": np.array([[1.0, 0.0], [0.0, 1.0]]),
        "b2": np.array([0.0, 1.0]),
    }
    X, y = np.array([[1.0, 1.0], [2.0, 0.0]]), np.array([1, 0])
    scores = np.array([[1.5, 2.0], [2.5, 1.0]])  # hidden: (1.5, 1), (2.5, -2 -> 0)
    np.testing.assert_allclose(model.loss(X), scores)
    loss, _ = model.loss(X, y)
    assert loss == pytest.approx(softmax_loss(scores, y)[0] + 0.5 * (6 + 2))


def test_penalty_is_on_weights_only():
    for name in ("everything", "conv batchnorm"):
        X, y = batch(name, np)
        plain, fined = (MODELS[name](rng=rng(), dtype="float64", reg=r) for r in (0.0, 0.25))
        (loss, grads), (other, others) = (m.loss(X, y) for m in (plain, fined))
        weights = {k: w for k, w in plain.params.items() if k[0] == "W"}
        assert other - loss == pytest.approx(0.25 * sum(np.sum(w * w) for w in weights.values()))
        for key, grad in grads.items():
            penalty = 0.5 * weights[key] if key in weights else 0
            np.testing.assert_allclose(others[key] - grad, penalty, atol=1e-12)


def test_first_loss_is_log_c_with_small_weights():
    model = TwoLayerNet(12, 7, 4, init=1e-4, rng=rng())
    X, y = np.ones((5, 12), dtype=np.float32), np.arange(5) % 4
    assert model.loss(X, y)[0] == pytest.approx(np.log(4), abs=1e-4)


def test_he_keeps_the_size_of_signals_through_many_layers():
    X = rng(1).standard_normal((200, 100))

    def last_size(init):
        model = FullyConnectedNet([100] * 20, 100, 100, init=init, rng=rng(), dtype="float64")
        return float(np.mean(model.loss(X) ** 2))

    assert 0.3 < last_size("he") < 6
    assert last_size("xavier") < 1e-4
    assert last_size(0.01) < 1e-20


@pytest.mark.parametrize(
    ("shape", "init", "std"),
    [
        ((400, 100), "he", np.sqrt(2 / 400)),
        ((400, 100), "xavier", np.sqrt(2 / 500)),
        ((60, 20, 5, 3), "he", np.sqrt(2 / 300)),
        ((60, 20, 5, 3), "xavier", np.sqrt(2 / 1200)),
        ((400, 100), 0.02, 0.02),
        ((4, 4), 0, 0),
    ],
)
def test_initial_weights(shape, init, std):
    W = initial_weights(shape, init, rng=rng())
    assert W.shape == shape
    assert W.dtype == np.float64
    assert W.std() == pytest.approx(std, rel=0.02)
    assert abs(W.mean()) <= 0.02 * std
    np.testing.assert_array_equal(W, initial_weights(shape, init, rng=rng()))


@pytest.mark.parametrize("init", ["lecun", -0.1, np.inf, np.nan])
def test_unknown_initialisation(init):
    with pytest.raises(ValueError, match="init must be 'he', 'xavier' or a standard deviation"):
        initial_weights((2, 2), init, rng=rng())


def test_initial_weights_reject_other_arguments():
    with pytest.raises(ValueError, match="expected a shape"):
        initial_weights((2, 2, 2), rng=rng())
    with pytest.raises(TypeError, match="initial weights needs rng"):
        initial_weights((2, 2), rng=0)


def test_batchnorm_uses_batch_in_training_and_averages_at_test():
    model = MODELS["batchnorm"](rng=rng(), dtype="float64")
    X, y = 5 + rng(1).standard_normal((50, 12)), rng(2).integers(4, size=50)
    assert sorted(model.buffers) == [
        "running_mean1",
        "running_mean2",
        "running_var1",
        "running_var2",
    ]
    before = model.loss(X)
    for _ in range(200):
        model.loss(X, y)
    after = model.loss(X)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(after, model.loss(X))  # test mode leaves the averages alone
    hidden = X @ model.params["W1"] + model.params["b1"]
    np.testing.assert_allclose(model.buffers["running_mean1"], hidden.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(model.buffers["running_var1"], hidden.var(axis=0, ddof=1), rtol=1e-6)


def test_dropout_only_in_training():
    model = MODELS["dropout"](rng=rng(), dtype="float64")
    X, y = rng(1).standard_normal((5, 12)), np.zeros(5, dtype=np.int64)
    np.testing.assert_array_equal(model.loss(X), model.loss(X))
    assert model.loss(X, y)[0] != model.loss(X, y)[0]
    without = FullyConnectedNet([6, 5], 12, 4, rng=rng(), dtype="float64")
    np.testing.assert_array_equal(model.loss(X), without.loss(X))


@each_model
def test_predict(xp, name):
    model, (X, _) = make(name, xp), batch(name, xp, num=7)
    expected = np.argmax(xp.to_host(model.loss(X)), axis=1)
    for batch_size in (1, 3, 7, 100):
        np.testing.assert_array_equal(xp.to_host(model.predict(X, batch_size)), expected)


@each_model
def test_models_learn_a_batch_by_heart(name):
    model = MODELS[name](rng=rng(5), dtype="float64")
    X, y = batch(name, np)
    first, _ = model.loss(X, y)
    for _ in range(150):
        _, grads = model.loss(X, y)
        for key in model.params:
            model.params[key] = model.params[key] - 0.1 * grads[key]
    assert softmax_loss(model.loss(X), y)[0] < 0.5 * first


def test_conv_net_parameters():
    model = ConvNet((3, 32, 32), [16, 32], hidden_dim=64, rng=rng())
    shapes = {k: w.shape for k, w in model.params.items() if k[0] in "Wb" and k[1].isdigit()}
    assert shapes == {
        "W1": (16, 3, 3, 3),
        "b1": (16,),
        "W2": (16, 16, 3, 3),
        "b2": (16,),
        "W3": (32, 16, 3, 3),
        "b3": (32,),
        "W4": (32, 32, 3, 3),
        "b4": (32,),
        "W5": (32 * 8 * 8, 64),
        "b5": (64,),
        "W6": (64, 10),
        "b6": (10,),
    }
    assert {k for k in model.params if k not in shapes} == {
        f"{n}{i}" for n in ("gamma", "beta") for i in range(1, 5)
    }
    wide = ConvNet((1, 4, 8), [2], filter_size=5, hidden_dim=3, rng=rng())
    assert wide.params["W1"].shape == (2, 1, 5, 5)
    assert wide.loss(np.zeros((2, 1, 4, 8), dtype=np.float32)).shape == (2, 10)


def test_conv_net_explains_the_layout():
    model = conv_net(rng=rng())
    with pytest.raises(ValueError, match=r"shape \(N, 3, 4, 4\), channels first.*permute_dims"):
        model.loss(np.zeros((2, 4, 4, 3), dtype=np.float32))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: two_layer(rng=rng(), reg=-1), ValueError, "reg must be"),
        (lambda: two_layer(rng=rng(), reg=np.inf), ValueError, "reg must be"),
        (lambda: two_layer(rng=rng(), dtype=np.int64), TypeError, "dtype must be float32 or"),
        (lambda: two_layer(rng=1), TypeError, "a network needs rng"),
        (lambda: two_layer(rng=rng(), init="zeros"), ValueError, "init must be"),
        (
            lambda: fully_connected(rng=rng(), normalization="groupnorm"),
            ValueError,
            "normalization must be 'batchnorm' or 'layernorm', got 'groupnorm'",
        ),
        (lambda: fully_connected(rng=rng(), keep_prob=0), ValueError, "keep_prob must be above 0"),
        (lambda: fully_connected(rng=rng(), keep_prob=1.5), ValueError, "keep_prob must be above"),
        (
            lambda: ConvNet((3, 6, 8), [2, 2], rng=rng()),
            ValueError,
            "must be multiples of 4, got 6 and 8",
        ),
        (lambda: ConvNet((3, 8, 6), [2, 2], rng=rng()), ValueError, "got 8 and 6"),
        (lambda: conv_net(rng=rng(), filter_size=2), ValueError, "filter_size must be odd"),
    ],
)
def test_wrong_settings(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_wrong_batches():
    model = two_layer(rng=rng())
    X, y = np.zeros((2, 12), dtype=np.float32), np.array([0, 1])
    with pytest.raises(TypeError, match="got uint8"):
        model.loss(X.astype(np.uint8), y)
    with pytest.raises(TypeError, match="expected one dtype"):
        model.loss(X.astype(np.float64), y)
    with pytest.raises(ValueError, match="numbers an example"):
        model.loss(X[:, :5], y)
    with pytest.raises(ValueError, match="labels must lie in"):
        model.loss(X, y + 3)


def test_the_base_class_leaves_the_layers_to_others():
    model = Model(reg=0, init="he", rng=rng(), dtype=np.float32, like=None)
    with pytest.raises(NotImplementedError):
        model.loss(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError):
        model._backward(None, None)
