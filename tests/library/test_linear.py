"""Linear classifiers: they learn, they repeat, and they say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_lib.linear import LinearClassifier, LinearSVM, Softmax
from cs231n_lib.losses import softmax_loss_vectorized, svm_loss_vectorized

MODELS = [LinearSVM, Softmax]
each_model = pytest.mark.parametrize("make", MODELS)


def blobs(num=60, seed=0, dtype=np.float64):
    """Return three well separated clouds in the plane, with a column of ones."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=num)
    centres = np.array([[0.0, 3.0], [3.0, -2.0], [-3.0, -2.0]])
    X = centres[y] + 0.5 * rng.standard_normal((num, 2))
    return np.concatenate([X, np.ones((num, 1))], axis=1).astype(dtype), y


def fit(model, X, y, seed=0, **settings):
    settings = {"learning_rate": 0.1, "num_iters": 100, "batch_size": 20} | settings
    return model.fit(X, y, rng=np.random.default_rng(seed), **settings)


@each_model
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_separates_clouds(xp, make, dtype):
    X, y = blobs(dtype=dtype)
    X, y_device = xp.asarray(X), xp.asarray(y)
    model = make()
    assert fit(model, X, y_device) is model
    predicted = xp.to_host(model.predict(X))
    assert (predicted == y).all()
    assert xp.to_host(model.W).dtype == dtype
    assert model.W.shape == (3, 3)
    assert len(model.history) == 100
    assert model.history[-1] < 0.2 * model.history[0]


def test_starts_at_the_known_losses():
    X, y = blobs()
    assert fit(LinearSVM(), X, y, num_iters=1).history[0] == pytest.approx(2, abs=0.02)
    assert fit(Softmax(), X, y, num_iters=1).history[0] == pytest.approx(np.log(3), abs=0.02)


@each_model
def test_one_step_by_hand(make):
    X, y = blobs()
    rng = np.random.default_rng(7)
    W = 1e-3 * rng.standard_normal((3, 3))
    index = rng.integers(60, size=5)
    loss = svm_loss_vectorized if make is LinearSVM else softmax_loss_vectorized
    value, dW = loss(W, X[index], y[index], 0.3)
    model = fit(make(), X, y, seed=7, num_iters=1, batch_size=5, reg=0.3, learning_rate=0.01)
    np.testing.assert_allclose(model.W, W - 0.01 * dW, rtol=1e-12)
    assert model.history == [pytest.approx(value)]
    expected = loss(model.W, X, y, 0.5)
    value, dW = model.loss(X, y, 0.5)
    assert value == expected[0]
    np.testing.assert_array_equal(dW, expected[1])
    assert model.loss(X, y)[0] == loss(model.W, X, y, 0.0)[0]


@each_model
def test_the_same_on_every_library(xp, make):
    X, y = blobs()
    host = fit(make(), X, y, num_iters=20).W
    there = fit(make(), xp.asarray(X), xp.asarray(y), num_iters=20).W
    np.testing.assert_allclose(xp.to_host(there), host, rtol=1e-9)


@each_model
def test_fit_starts_anew_unless_told_to_go_on(make):
    X, y = blobs()
    model = fit(make(), X, y)
    first = model.W
    fit(model, X, y)
    np.testing.assert_array_equal(model.W, first)
    assert model.W is not first
    assert len(model.history) == 100
    fit(model, X, y, warm_start=True, num_iters=50)
    assert len(model.history) == 150
    assert model.history[100] < 0.5 * model.history[0]
    fresh = make()
    fit(fresh, X, y, warm_start=True)  # nothing to go on from: an ordinary start
    np.testing.assert_array_equal(fresh.W, first)


def test_numpy_numbers_do_not_widen_float32():
    X, y = blobs(dtype=np.float32)
    model = fit(Softmax(), X, y, learning_rate=np.float64(0.1), reg=np.float64(0.1))
    assert model.W.dtype == np.float32


def test_templates(xp):
    X = np.random.default_rng(0).standard_normal((20, 12))
    y = np.arange(20) % 3
    model = fit(Softmax(), xp.asarray(X), xp.asarray(y), num_iters=5)
    images = model.templates((2, 2, 3))
    assert isinstance(images, np.ndarray)
    assert images.shape == (3, 2, 2, 3)
    W = xp.to_host(model.W)
    for c in range(3):
        low, high = W[:, c].min(), W[:, c].max()
        np.testing.assert_allclose(images[c].ravel(), (W[:, c] - low) / (high - low))
    model.W = xp.asarray(np.concatenate([W, np.full((1, 3), 100.0)]))  # with a bias row
    np.testing.assert_allclose(model.templates((2, 2, 3)), images)


def test_templates_of_equal_numbers_are_black():
    model = Softmax()
    model.W = np.ones((4, 2))
    np.testing.assert_array_equal(model.templates((2, 2)), np.zeros((2, 2, 2)))


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (13,)])
def test_templates_of_another_shape(shape):
    model = Softmax()
    model.W = np.ones((12, 2))
    with pytest.raises(ValueError, match="the templates 12"):
        model.templates(shape)


@each_model
def test_not_fitted(make):
    X, y = blobs()
    calls = [lambda m: m.scores(X), lambda m: m.predict(X), lambda m: m.templates((3,))]
    for call in [*calls, lambda m: m.loss(X, y)]:
        with pytest.raises(RuntimeError, match=f"this {make.__name__} is not fitted: call fit"):
            call(make())


def test_scores_reject_other_data():
    X, y = blobs()
    X = np.concatenate([X, X], axis=1)  # more columns than classes
    model = fit(Softmax(), X, y)
    for wrong in (X[:, :3], X[0], X[None]):
        with pytest.raises(ValueError, match=r"expected X of shape \(N, 6\), got \(.*\)$"):
            model.scores(wrong)
    with pytest.raises(TypeError, match="expected one dtype"):
        model.predict(X.astype(np.float32))
    np.testing.assert_array_equal(model.scores(X), X @ model.W)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (
            np.ones((2, 2, 2, 3)),
            [0, 1],
            ValueError,
            r"one example a row, got .*; flatten images first, e\.g\. xp\.reshape\(X, \(X\.shape",
        ),
        (np.ones((0, 3)), [], ValueError, "one example a row"),
        (np.ones((2, 0)), [0, 1], ValueError, "one example a row"),
        (np.ones((2, 3), dtype=np.uint8), [0, 1], TypeError, "got uint8"),
        (np.ones((2, 3)), [0.0, 1.0], TypeError, "labels must be integers"),
        (np.ones((2, 3)), [0, -1], ValueError, "labels must lie in"),
        (np.ones((2, 3)), [0], ValueError, "expected one label an example"),
        (np.ones((2, 3)), [[0], [1]], ValueError, "expected one label an example"),
        (np.ones((2, 3)), np.zeros(0, dtype=np.int64), ValueError, "expected one label"),
    ],
)
def test_fit_rejects_wrong_data(X, y, error, message):
    model = Softmax()
    with pytest.raises(error, match=message):
        fit(model, X, np.asarray(y))
    assert model.W is None


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 0.0},
        {"learning_rate": np.inf},
        {"learning_rate": np.nan},
        {"num_iters": 0},
        {"batch_size": 0},
        {"reg": -1.0},
    ],
)
def test_fit_rejects_wrong_numbers(settings):
    model = Softmax()
    with pytest.raises(ValueError, match="must be"):
        fit(model, *blobs(), **settings)
    assert model.W is None


def test_fit_needs_a_generator_and_arrays():
    X, y = blobs()
    with pytest.raises(TypeError, match="fit needs rng"):
        Softmax().fit(X, y, rng=0)
    with pytest.raises(TypeError, match="expected an array, got list"):
        fit(Softmax(), X.tolist(), y)
    with pytest.raises(TypeError, match="expected an array, got list"):
        fit(Softmax(), X, y.tolist())


def test_warm_start_needs_the_same_shape():
    X, y = blobs()
    model = fit(Softmax(), X, y)
    with pytest.raises(ValueError, match="start anew with warm_start=False"):
        fit(model, X[:, :2], y, warm_start=True)


@each_model
def test_divergence_is_reported(make):
    X, y = blobs()
    with pytest.raises(ArithmeticError, match=r"the loss became (inf|nan) at iteration \d+"):
        fit(make(), 1e150 * X, y, learning_rate=1e10)


def test_the_base_class_is_shared():
    assert issubclass(LinearSVM, LinearClassifier)
    assert issubclass(Softmax, LinearClassifier)
