"""The drawn scenes are the same everywhere, vary as their dials say, and teach what they should."""

import hashlib
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n_lib.data import (
    CLASS_NAMES,
    Dataset,
    Nuisances,
    draw_scenes,
    load_scenes,
    mean_image,
    preprocess,
    scenes,
    split_validation,
)

DIALS = [field.name for field in fields(Nuisances)]

# Stored outputs of the chapters rest on these pixels: if a digest changes, so must they all.
DEFAULT_SET = "3e7d09985e89b594ba200447adb45a5315d62dd11e058174c024b9a763fd54a8"
FOUR_OF_A_KIND = {
    "airplane": "cdcbc58e32650213",
    "automobile": "4ec410fa49c2827b",
    "bird": "aaa15d9cfb97d189",
    "cat": "8afbf7d467b317bd",
    "deer": "449767b9342bbbef",
    "dog": "ce838fa98127fea2",
    "frog": "2b56fe019a939d39",
    "horse": "235ca2940020c79b",
    "ship": "321f590f6b343b7d",
    "truck": "7cac2f4fd6c41781",
}


def draw(labels, seed=0, **dials):
    return draw_scenes(labels, rng=np.random.default_rng(seed), nuisances=Nuisances(**dials))


def still(labels, seed=0, **dials):
    """Draw with every dial at 0 but those given."""
    return draw(labels, seed, **dict.fromkeys(DIALS, 0.0) | dials)


@pytest.fixture(scope="module")
def data():
    return load_scenes()


# --- the same everywhere ------------------------------------------------------------------


def test_default_set_has_the_known_pixels(data):
    digest = hashlib.sha256()
    for array in (data.X_train, data.y_train, data.X_test, data.y_test):
        digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest() == DEFAULT_SET


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_every_class_has_the_known_pixels(name):
    images = draw(np.full(4, CLASS_NAMES.index(name)), seed=231)
    assert hashlib.sha256(images.tobytes()).hexdigest().startswith(FOUR_OF_A_KIND[name])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_neither_chunks_nor_blocks_change_a_pixel(data, monkeypatch, size):
    monkeypatch.setattr(scenes, "_CHUNK", size)
    monkeypatch.setattr(scenes, "_BLOCK", 13 * size)
    np.testing.assert_array_equal(load_scenes(90, 30).X_train, data.X_train[:90])


def test_shape_dtype_and_balance(data):
    assert data.X_train.shape == (5000, 32, 32, 3)
    assert data.X_test.shape == (1000, 32, 32, 3)
    assert np.bincount(data.y_train).tolist() == [500] * 10
    assert np.bincount(data.y_test).tolist() == [100] * 10
    assert (np.sort(data.y_train.reshape(-1, 10), axis=1) == np.arange(10)).all()
    assert len(np.unique(data.y_train.reshape(-1, 10), axis=0)) > 490  # shuffled


@given(num_train=st.integers(1, 60), num_test=st.integers(1, 30))
@settings(max_examples=8, deadline=None)
def test_a_shorter_set_is_the_beginning_of_a_longer_one(data, num_train, num_test):
    short = load_scenes(num_train, num_test)
    np.testing.assert_array_equal(short.X_train, data.X_train[:num_train])
    np.testing.assert_array_equal(short.y_train, data.y_train[:num_train])
    np.testing.assert_array_equal(short.X_test, data.X_test[:num_test])
    np.testing.assert_array_equal(short.y_test, data.y_test[:num_test])


def test_no_image_comes_twice(data):
    every = np.concatenate([data.X_train, data.X_test]).reshape(6000, -1)
    assert len({row.tobytes() for row in every}) == 6000


def test_seeds_differ():
    assert (load_scenes(50, 10, seed=1).X_train != load_scenes(50, 10, seed=2).X_train).any()


def test_rng_moves_on():
    rng = np.random.default_rng(0)
    first, second = (draw_scenes([3], rng=rng) for _ in range(2))
    assert (first != second).any()


def test_no_labels_no_images():
    assert draw([]).shape == (0, 32, 32, 3)


# --- the dials ----------------------------------------------------------------------------


def test_none_turns_every_dial_off():
    labels = np.arange(10)
    image = draw_scenes(labels, rng=np.random.default_rng(0), nuisances=Nuisances.none())
    np.testing.assert_array_equal(image, still(labels))


@pytest.mark.parametrize("dial", DIALS)
def test_each_dial_does_something(dial):
    labels = np.arange(10).repeat(3)
    assert (still(labels) != still(labels, **{dial: 1.0})).any()


def test_noise_leaves_the_picture_in_place():
    labels = np.arange(10).repeat(5)
    difference = still(labels, noise=1.0).astype(int) - still(labels)
    assert 45 < abs(difference).max() <= 52
    assert abs(difference.mean()) < 1


def test_pose_mirrors_half_of_the_objects():
    horses = np.full(400, CLASS_NAMES.index("horse"))
    left, right = (still(horses, pose=p).astype(int) for p in (1.0, 0.0))
    # The tail is dark and hangs on one side: compare the sides of the picture at its height.
    sides = [im[:, 14:20, :10].mean(axis=(1, 2, 3)) - im[:, 14:20, -10:].mean(axis=(1, 2, 3))
             for im in (left, right)]  # fmt: skip
    assert (sides[1] < 0).mean() > 0.95
    assert 0.4 < (sides[0] < 0).mean() < 0.6


def test_background_at_zero_shows_the_usual_place_and_at_one_any():
    ships = np.full(300, CLASS_NAMES.index("ship"))
    corner = [still(ships, background=b)[:, -1, :4].astype(float).mean(axis=(1, 2)) for b in (0, 1)]
    assert corner[1].std() > 1.3 * corner[0].std()
    sea = still(ships)[:, -2:]
    assert (sea[..., 2].mean(axis=(1, 2)) > sea[..., 0].mean(axis=(1, 2))).all()


def test_turning_one_dial_leaves_the_rest_as_it_was():
    labels = np.arange(10).repeat(20)
    plain, other = still(labels), still(labels, background=1.0)
    # The frog's pupils, the car's tyres, ...: what is painted over the place stays.
    same = (plain == other).all(axis=-1).mean(axis=(1, 2))
    assert same.min() > 0.05


def test_most_cars_are_red():
    cars = draw(np.full(200, 1), position=0.0, background=0.0, clutter=0.0, scale=0.0)
    paint = cars[:, 20, 10:22].astype(int).mean(axis=1)
    assert ((paint[:, 0] > 1.5 * paint[:, 1]) & (paint[:, 0] > 1.5 * paint[:, 2])).mean() > 0.6


@pytest.mark.parametrize("dial", DIALS)
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "1", None, True])
def test_dials_refuse_what_is_not_between_0_and_1(dial, value):
    with pytest.raises(ValueError, match=f"^{dial} must .* 0 to 1, not {re.escape(repr(value))}"):
        replace(Nuisances(), **{dial: value})


# --- what the classifiers of the course make of it ------------------------------------------


def nearest_neighbour_accuracies(data, ks):
    train, test = (X.reshape(len(X), -1).astype(np.float32) for X in (data.X_train, data.X_test))
    distances = (train * train).sum(axis=1) - 2 * test @ train.T
    for k in ks:
        nearest = np.argpartition(distances, k, axis=1)[:, :k]
        votes = np.stack([np.bincount(row, minlength=10) for row in data.y_train[nearest]])
        yield (votes.argmax(axis=1) == data.y_test).mean()


def train_softmax(data, weight_decay, epochs=15, learning_rate=0.01):
    """Return weights (D, C) and the accuracy on test images of a linear softmax classifier."""
    X, X_test = preprocess(data.X_train, data.X_test)
    rng, W, b = np.random.default_rng(0), np.zeros((X.shape[1], 10), np.float32), np.zeros(10)
    step = np.zeros_like(W)
    for epoch in range(epochs):
        for batch in rng.permutation(len(X)).reshape(-1, 100):
            scores = X[batch] @ W + b
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(100), data.y_train[batch]] -= 1
            gradient = X[batch].T @ p.astype(np.float32) / 100 + weight_decay * W
            step = 0.9 * step - learning_rate * (1 - epoch / epochs) * gradient
            W, b = W + step, b - learning_rate * p.mean(axis=0)
    return W, ((X_test @ W + b).argmax(axis=1) == data.y_test).mean()


def test_a_linear_classifier_beats_nearest_neighbours_by_far(data):
    neighbours = max(nearest_neighbour_accuracies(data, (1, 5, 10)))
    _, linear = train_softmax(data, weight_decay=0.001)
    assert 0.3 < neighbours < 0.5
    assert neighbours + 0.1 < linear < 0.7


def test_nuisances_are_what_makes_nearest_neighbours_weak():
    easy = load_scenes(500, 200, nuisances=replace(Nuisances(), position=0.1, background=0.0))
    assert min(nearest_neighbour_accuracies(easy, [1])) > 0.7


def test_templates_show_a_two_headed_horse_and_a_red_car(data):
    W, _ = train_softmax(data, weight_decay=0.1)
    templates = dict(zip(CLASS_NAMES, W.T.reshape(10, 32, 32, 3), strict=True))
    horse = templates["horse"]
    mirror = np.corrcoef(horse.ravel(), horse[:, ::-1].ravel())[0, 1]
    assert mirror > 0.6  # it looks both ways
    car = templates["automobile"][14:24, 8:24].mean(axis=(0, 1))
    assert car[0] > 0
    assert car[1] < 0
    assert car[0] > car[2]
    ship = templates["ship"][18:28, 8:24].mean(axis=(0, 1))
    assert ship[2] > max(ship[0], ship[1])


# --- the interface ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["num_train", "num_test", "seed"])
@pytest.mark.parametrize("value", [-1, 1.5, "10", None, True])
def test_load_scenes_refuses_bad_numbers(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be an integer, [01] or more, not"):
        load_scenes(**{"num_train": 1, "num_test": 1} | {name: value})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([10], "must lie in 0 to 9, not 10 to 10"),
        ([-1, 3], "must lie in 0 to 9, not -1 to 3"),
        ([0.5], "a row of integers, not float64"),
        ([[1]], r"a row of integers, not int64 \(1, 1\)"),
        (3, r"a row of integers, not int64 \(\)"),
    ],
)
def test_draw_scenes_refuses_bad_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        draw(labels)


def test_draw_scenes_wants_labels_and_no_names():
    with pytest.raises(TypeError, match="labels must be an array of real numbers"):
        draw(["cat"])


def small(**changes):
    X, y = np.zeros((4, 8, 8, 3), np.uint8), np.arange(4)
    parts = {"X_train": X, "y_train": y, "X_test": X[:2], "y_test": y[:2]}
    return Dataset(**parts | changes)


def test_dataset_says_what_it_holds():
    data = small(class_names=list("abcd"))
    assert repr(data) == "Dataset(4 training and 2 test images, 8×8×3 uint8, 4 classes)"
    assert data.class_names == ("a", "b", "c", "d")
    assert (data.num_classes, data.image_shape) == (4, (8, 8, 3))
    with pytest.raises(AttributeError):
        data.y_train = None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X_train": [[1]]}, "X_train must be a NumPy array of uint8 images .* not list"),
        ({"X_train": np.zeros((4, 8, 8, 3))}, r"not float64 \(4, 8, 8, 3\)"),
        ({"X_test": np.zeros((2, 192), np.uint8)}, r"X_test .* not uint8 \(2, 192\)"),
        ({"y_train": np.arange(3)}, r"y_train .* shape \(4,\).* not int64 \(3,\)"),
        ({"y_train": np.arange(4.0)}, "not float64"),
        ({"y_test": [0, 1]}, "y_test .* not list"),
        ({"y_test": np.array([0, 10])}, "labels from 0 to 10; with 10 class names"),
        ({"y_test": np.array([-1, 1])}, "labels from -1 to 1"),
        ({"X_test": np.zeros((2, 9, 8, 3), np.uint8)}, "do not belong together"),
    ],
)
def test_dataset_refuses_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_an_empty_part_is_allowed():
    data = small(X_test=np.zeros((0, 8, 8, 3), np.uint8), y_test=np.zeros(0, np.int64))
    assert len(data.y_test) == 0


@given(n=st.integers(2, 40), num_val=st.integers(1, 39), seed=st.integers(0, 99))
@settings(deadline=None)
def test_split_validation_parts_the_examples(n, num_val, seed):
    X, y = np.arange(n * 2).reshape(n, 2), np.arange(n)
    if num_val >= n:
        with pytest.raises(ValueError, match="num_val must lie in 1 to"):
            split_validation(X, y, num_val, rng=np.random.default_rng(seed))
        return
    parts = [split_validation(X, y, num_val, rng=np.random.default_rng(seed)) for _ in range(2)]
    X_train, y_train, X_val, y_val = parts[0]
    assert len(y_val) == len(X_val) == num_val
    assert sorted([*y_train, *y_val]) == list(range(n))
    for part, labels in ((X_train, y_train), (X_val, y_val)):
        np.testing.assert_array_equal(part, X[labels])
        assert not np.shares_memory(part, X)
    for once, again in zip(*parts, strict=True):
        np.testing.assert_array_equal(once, again)


def test_split_validation_refuses_what_does_not_fit():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="3 examples, 4 labels"):
        split_validation(np.zeros((3, 2)), np.zeros(4), 1, rng=rng)
    with pytest.raises(ValueError, match="num_val must lie in 1 to 2"):
        split_validation(np.zeros((3, 2)), np.zeros(3), 0, rng=rng)


def test_preprocess_uses_the_training_mean_only(data):
    X_train, X_test = preprocess(data.X_train[:200], data.X_test[:100])
    mean = data.X_train[:200].astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(mean_image(data.X_train[:200]), mean)
    expected = (data.X_test[:100] - mean).reshape(100, -1) / 255
    np.testing.assert_allclose(X_test, expected, atol=1e-6)
    assert abs(X_train.mean(axis=0)).max() < 1e-6
    assert abs(X_test.mean(axis=0)).max() > 1e-3
    assert X_train.dtype == X_test.dtype == np.float32


def test_preprocess_puts_channels_first(data):
    (rows,) = preprocess(data.X_train[:5])
    (channels,) = preprocess(data.X_train[:5], layout="channels")
    assert channels.shape == (5, 3, 32, 32)
    assert channels.flags.c_contiguous
    np.testing.assert_array_equal(channels.transpose(0, 2, 3, 1).reshape(5, -1), rows)


def test_preprocess_leaves_its_input_alone_and_takes_empty_splits(data):
    before = data.X_train[:5].copy()
    for layout, shape in (("rows", (0, 3072)), ("channels", (0, 3, 32, 32))):
        assert preprocess(data.X_train[:5], data.X_test[:0], layout=layout)[1].shape == shape
    np.testing.assert_array_equal(before, data.X_train[:5])


def test_preprocess_refuses_what_does_not_fit(data):
    X = data.X_train[:3]
    with pytest.raises(ValueError, match="layout must be"):
        preprocess(X, layout="columns")
    with pytest.raises(ValueError, match=r"array 1 after X_train .* not float32"):
        preprocess(X, X.astype(np.float32))
    with pytest.raises(ValueError, match=r"^X_train must be .* not list"):
        preprocess([0, 1], X)
    with pytest.raises(ValueError, match="do not fit X_train"):
        preprocess(X, X[:, :16])
    with pytest.raises(ValueError, match=r"^the mean of no images"):
        preprocess(X[:0])
    with pytest.raises(ValueError, match=r"^X must be .* not float32 \(3, 32, 32, 3\)"):
        mean_image(X.astype(np.float32))
