"""The library's own models, trained on scenes, come out in the order that the course promises."""

import numpy as np
import pytest

from cs231n_lib.data import load_scenes, preprocess
from cs231n_lib.linear import Softmax
from cs231n_lib.nets.pattern import build
from cs231n_lib.nets.presets import TwoLayerNet
from cs231n_lib.training.optim import Adam, Momentum
from cs231n_lib.training.schedules import cosine
from cs231n_lib.training.solver import Solver, accuracy

CONVNET = (
    "INPUT[32x32x3] -> CONV5-16 -> POOL2 -> BN -> RELU -> CONV3-32 -> POOL2 -> BN -> RELU"
    " -> CONV3-64 -> POOL2 -> BN -> RELU -> FC-10"
)
BATCH = 50


def trained(model, data, optimiser, num_epochs, rng):
    solver = Solver(
        model, data, optimiser=optimiser, num_epochs=num_epochs, batch_size=BATCH, rng=rng,
        num_train_samples=100, progress=False,
    )  # fmt: skip
    return solver.train().model


def accuracies(seed):
    """Train the three kinds of classifier on the same scenes; return their test accuracies."""
    scenes = load_scenes(num_train=2000, num_test=500, seed=seed)
    X, X_test = preprocess(scenes.X_train, scenes.X_test, layout="channels")
    rows, rows_test = (a.transpose(0, 2, 3, 1).reshape(len(a), -1) for a in (X, X_test))
    y, y_test = scenes.y_train, scenes.y_test
    rng = np.random.default_rng(seed)

    linear = Softmax().fit(rows, y, learning_rate=0.03, reg=0.01, num_iters=300, rng=rng)
    # Validation accuracy is not used here: a few images keep the solver content.
    data = {"X_train": rows, "y_train": y, "X_val": rows[:BATCH], "y_val": y[:BATCH]}
    rate = cosine(0.03, 8 * len(y) // BATCH)
    net = TwoLayerNet(hidden_dim=100, reg=1e-3, rng=rng)
    two_layer = trained(net, data, Momentum(rate), 8, rng)
    data |= {"X_train": X, "X_val": X[:BATCH]}
    rate = cosine(3e-3, 3 * len(y) // BATCH)
    convnet = trained(build(CONVNET, rng=rng), data, Adam(rate), 3, rng)
    return {
        "linear": np.mean(linear.predict(rows_test) == y_test),
        "two layers": accuracy(two_layer, rows_test, y_test),
        "ConvNet": accuracy(convnet, X_test, y_test),
    }


@pytest.mark.slow
def test_two_layers_beat_a_line_and_a_convnet_beats_both():
    reached = accuracies(seed=0)
    assert reached["linear"] > 0.4, reached
    assert reached["two layers"] > reached["linear"] + 0.05, reached
    assert reached["ConvNet"] > reached["two layers"] + 0.1, reached
