"""Nearest neighbours are exact, in a fixed order, in any library, and never wrap around."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n_lib import neighbors
from cs231n_lib.neighbors import (
    KNearestNeighbor,
    _search,
    compute_distances_no_loops,
    compute_distances_one_loop,
    compute_distances_two_loops,
    cross_validate,
    majority_vote,
    nearest,
)

METRICS = ["l1", "l2"]
LOOPS = [compute_distances_two_loops, compute_distances_one_loop, compute_distances_no_loops]


def exact_order(X, X_train, k, metric):
    """Rank by distances in Python's own integers: the reference, sharing no code with ours."""
    rows = []
    for x in X.astype(object):
        differences = X_train.astype(object) - x
        total = np.abs(differences).sum(axis=1) if metric == "l1" else (differences**2).sum(axis=1)
        rows.append(sorted(range(len(X_train)), key=lambda j: (total[j], j))[:k])
    return np.array(rows, dtype=np.int64).reshape(len(X), k)


def direct_distances(X, X_train, metric):
    differences = np.abs(X[:, None, :].astype(float) - X_train[None, :, :].astype(float))
    return differences.sum(2) if metric == "l1" else np.sqrt((differences**2).sum(2))


# ---------------------------------------------------------------- the three distance matrices


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int32"])
@pytest.mark.parametrize("compute", LOOPS)
def test_distances_match_the_definition(xp, compute, dtype, metric, rng):
    X, X_train = (rng.integers(0, 256, (n, 12)).astype(dtype) for n in (4, 7))
    dists = compute(xp.asarray(X), xp.asarray(X_train), metric)
    host = xp.to_host(dists)
    assert host.dtype == (np.float32 if dtype == "float32" else np.float64)
    np.testing.assert_allclose(host, direct_distances(X, X_train, metric), rtol=1e-5)


def test_the_metric_is_l2_unless_given(rng):
    X, X_train = rng.integers(0, 9, (3, 4)), rng.integers(0, 9, (6, 4))
    expected = direct_distances(X, X_train, "l2")
    for compute in LOOPS:
        np.testing.assert_allclose(compute(X, X_train), expected)
    np.testing.assert_allclose(nearest(X, X_train, 6)[1], np.sort(expected))
    assert KNearestNeighbor().metric == "l2"


def test_no_loops_clamps_before_the_root(xp, rng):
    """Equal rows: rounding makes some |x|^2 - 2 x.x + |x|^2 negative, and their root NaN."""
    X = rng.normal(size=(50, 300)).astype(np.float32) * 100
    squared = (X * X).sum(1)[:, None] - 2 * X @ X.T + (X * X).sum(1)
    assert squared.min() < 0, "this data does not show the cancellation any more"
    dists = xp.to_host(compute_distances_no_loops(xp.asarray(X), xp.asarray(X)))
    assert np.isfinite(dists).all()


def test_no_loops_is_exact_on_pixels(rng):
    X = rng.integers(0, 256, (5, 3072), dtype=np.uint8)
    np.testing.assert_array_equal(np.diag(compute_distances_no_loops(X, X)), np.zeros(5))


def test_no_loops_refuses_a_huge_temporary():
    X = np.zeros((500, 3072), np.float32)
    with pytest.raises(ValueError, match=r"would need 28\.6 GiB.*use nearest"):
        compute_distances_no_loops(X, np.zeros((5000, 3072), np.float32), "l1")


def test_cost_grows_with_the_number_of_pairs():
    """Count the arithmetic, not the seconds: N*M*D multiplications, so exponent 1 in each."""

    def operations(N, M, D):
        counter = CountingArray.of(N, D), CountingArray.of(M, D)
        CountingArray.elements = 0
        neighbors.compute_distances_one_loop(*counter)
        return CountingArray.elements

    class CountingArray(np.ndarray):
        elements = 0

        @classmethod
        def of(cls, rows, columns):
            return np.ones((rows, columns)).view(cls)

        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            plain = [np.asarray(x) for x in inputs]
            kwargs.pop("out", None)
            result = getattr(ufunc, method)(*plain, **kwargs)
            CountingArray.elements += max(x.size for x in plain)
            return result.view(CountingArray) if isinstance(result, np.ndarray) else result

    sizes = np.array([8, 16, 32])
    for axis in range(3):
        counts = []
        for size in sizes:
            shape = [40, 40, 40]
            shape[axis] = size
            counts.append(operations(*shape))
        exponent = np.polyfit(np.log(sizes), np.log(counts), 1)[0]
        assert exponent == pytest.approx(1, abs=0.05)


# ---------------------------------------------------------------------------- nearest


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int64"])
def test_nearest_is_exact_on_pixels(xp, dtype, metric, rng):
    X_train = rng.integers(0, 256, (300, 600)).astype(dtype)  # L1 sums exceed 16 bits
    X = np.concatenate([X_train[:5], rng.integers(0, 256, (6, 600)).astype(dtype)])
    indices, distances = nearest(xp.asarray(X), xp.asarray(X_train), 7, metric)
    assert xp.to_host(indices).dtype == np.int64
    assert xp.to_host(distances).dtype == (np.float32 if dtype == "float32" else np.float64)
    np.testing.assert_array_equal(xp.to_host(indices), exact_order(X, X_train, 7, metric))
    expected = np.take_along_axis(direct_distances(X, X_train, metric), xp.to_host(indices), axis=1)
    np.testing.assert_allclose(xp.to_host(distances), expected, rtol=1e-6)
    np.testing.assert_array_equal(xp.to_host(distances)[:5, 0], np.zeros(5))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_nearest_in_every_shape_with_duplicates(data):
    """Few distinct rows and values: ties everywhere, at the boundary k too."""
    N, M, D = (data.draw(st.integers(low, high)) for low, high in ((0, 6), (1, 70), (1, 5)))
    k = data.draw(st.integers(1, M))
    metric = data.draw(st.sampled_from(METRICS))
    dtype = data.draw(st.sampled_from(["uint8", "float32", "float64", "int16"]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    distinct = data.draw(st.integers(1, 256))
    X, X_train = (rng.integers(0, distinct, (n, D)).astype(dtype) for n in (N, M))
    indices, _ = nearest(X, X_train, k, metric, chunk=data.draw(st.none() | st.integers(1, 7)))
    np.testing.assert_array_equal(indices, exact_order(X, X_train, k, metric))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("k", [9, 100])
def test_blocks_change_nothing(monkeypatch, k, dtype, metric, rng):
    X, X_train = (rng.integers(0, 4, (n, 3)).astype(dtype) for n in (40, 500))
    expected = nearest(X, X_train, k, metric)
    for name, value in (("BLOCK_KEYS", 64), ("BLOCK_TRAIN", 1), ("CACHE_BYTES", 1), ("GROUPS", 3)):
        monkeypatch.setattr(_search, name, value)
        for chunk in (1, 13, None):
            for ours, same in zip(nearest(X, X_train, k, metric, chunk), expected, strict=True):
                np.testing.assert_array_equal(ours, same)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_near_ties_are_settled_beyond_the_rounding_of_the_product(xp, dtype, offset, rng):
    """Rows that differ by far less than |x|^2 * eps: the matrix product alone cannot rank them."""
    base = (rng.normal(size=(1, 200)) + offset).astype(dtype)
    X_train = base + (rng.integers(-3, 4, (400, 200)) * 2.0**-6).astype(dtype)
    X = base.copy()
    exact = ((X_train.astype(np.longdouble) - X) ** 2).sum(1)
    indices, distances = nearest(xp.asarray(X), xp.asarray(X_train), 20)
    ours = np.sqrt(exact[xp.to_host(indices)[0]]).astype(float)
    np.testing.assert_allclose(xp.to_host(distances)[0], ours, rtol=2e-7)
    np.testing.assert_allclose(ours, np.sqrt(np.sort(exact)[:20]).astype(float), rtol=2e-7)
    if offset:
        order = np.argsort(compute_distances_no_loops(X, X_train)[0], kind="stable")[:20]
        assert dtype == "float64" or not np.array_equal(order, xp.to_host(indices)[0])


@pytest.mark.parametrize("scale", [1e-30, 1e-22])
def test_tiny_values_survive_underflow(xp, scale, rng):
    """Products of such values vanish or lose digits in float32; their differences do not."""
    X, X_train = (rng.uniform(0, scale, (n, 20)).astype(np.float32) for n in (3, 200))
    indices, _ = nearest(xp.asarray(X), xp.asarray(X_train), 5)
    expected = np.argsort(direct_distances(X * 2.0**100, X_train * 2.0**100, "l2"), axis=1)[:, :5]
    np.testing.assert_array_equal(xp.to_host(indices), expected)


@pytest.mark.parametrize("metric", METRICS)
def test_uint8_does_not_wrap_around(metric):
    X, X_train = np.array([[10]], np.uint8), np.array([[250], [20]], np.uint8)
    indices, distances = nearest(X, X_train, 2, metric)
    np.testing.assert_array_equal(indices, [[1, 0]])
    np.testing.assert_array_equal(distances, [[10, 240]])


@pytest.mark.parametrize("metric", METRICS)
def test_symmetries(metric, rng):
    """Shift all, permute columns, permute training rows: the neighbours follow."""
    X, X_train = rng.normal(size=(9, 8)), rng.normal(size=(60, 8))
    indices, distances = nearest(X, X_train, 4, metric)
    shifted, _ = nearest(X + 3.5, X_train + 3.5, 4, metric)
    np.testing.assert_array_equal(shifted, indices)
    columns, rows = rng.permutation(8), rng.permutation(60)
    np.testing.assert_array_equal(
        nearest(X[:, columns], X_train[:, columns], 4, metric)[0], indices
    )
    np.testing.assert_array_equal(rows[nearest(X, X_train[rows], 4, metric)[0]], indices)
    np.testing.assert_allclose(nearest(3 * X, 3 * X_train, 4, metric)[1], 3 * distances)


@pytest.mark.parametrize("metric", METRICS)
def test_memory_stays_far_below_the_full_matrix(metric, rng):
    X, X_train = (rng.integers(0, 256, (n, 4), dtype=np.uint8) for n in (3000, 20000))
    full = len(X) * len(X_train) * 4
    tracemalloc.start()
    nearest(X, X_train, 1, metric, chunk=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < full / 3


def test_inputs_are_left_alone_and_any_layout_is_read(rng):
    X = np.asfortranarray(rng.integers(0, 256, (20, 30), dtype=np.uint8))[::2, ::3]
    X_train = np.asfortranarray(rng.integers(0, 256, (50, 10), dtype=np.uint8))
    before = X.copy(), X_train.copy()
    for metric in METRICS:
        indices, _ = nearest(X, X_train, 3, metric)
        np.testing.assert_array_equal(indices, exact_order(X, X_train, 3, metric))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(X_train, before[1])


ROWS = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1.0]], ROWS), TypeError, "got list; convert it first"),
        ((None, ROWS), TypeError, "at least one array, got none"),
        ((ROWS, 2.0), TypeError, "at least one array, got none"),
        ((np.zeros((3, 2), complex), ROWS), TypeError, "X of real numbers, got dtype complex128"),
        ((ROWS, np.zeros((3, 2), bool)), TypeError, "X_train of real numbers, got dtype bool"),
        ((np.zeros((3, 2, 2)), ROWS), ValueError, r"X of shape \(rows, D\).*X.reshape\(len\(X\)"),
        ((ROWS, np.zeros((3, 4))), ValueError, "rows of one length"),
        ((ROWS, np.zeros((0, 2))), ValueError, "at least one training row"),
        ((ROWS, ROWS, 4), ValueError, "k must be at least 1 and at most 3 .the number of training"),
        ((ROWS, ROWS, 0), ValueError, "got 0"),
        ((ROWS, ROWS, 1.5), TypeError, "k must be a whole number, got 1.5"),
        ((ROWS, ROWS, True), TypeError, "k must be a whole number, got True"),
        ((ROWS, ROWS, 1, "cosine"), ValueError, "metric must be 'l1' or 'l2', got 'cosine'"),
        ((ROWS, ROWS, 1, "l2", 0), ValueError, "chunk must be at least 1, got 0"),
    ],
)
def test_bad_input_is_explained(arguments, error, message):
    with pytest.raises(error, match=message):
        nearest(*arguments)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["X", "X_train"])
def test_values_that_are_not_finite_are_named(xp, name, bad, metric):
    rows = {"X": np.ones((2, 2)), "X_train": np.ones((2, 2))}
    rows[name][1, 1] = bad
    with pytest.raises(ValueError, match=f"finite values in {name}"):
        nearest(xp.asarray(rows["X"]), xp.asarray(rows["X_train"]), metric=metric)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("name", ["X", "X_train"])
def test_integers_that_float64_does_not_hold_are_refused(xp, name, dtype):
    """Time stamps in nanoseconds, for instance: 200 apart would count as 256."""
    for far in (2**53 + 1, 2**63 - 1) + ((-(2**53) - 1,) if dtype == "int64" else ()):
        rows = {"X": np.zeros((1, 1), dtype), "X_train": np.zeros((2, 1), dtype)}
        rows[name][-1] = far
        with pytest.raises(ValueError, match=rf"at most 2\*\*53 in {name}, .* subtract what"):
            nearest(xp.asarray(rows["X"]), xp.asarray(rows["X_train"]))


def test_integers_up_to_the_limit_are_exact(xp):
    X = xp.asarray(np.array([[2**53 - 5]]))
    indices, distances = nearest(X, xp.asarray(np.array([[2**53], [2**53 - 6]])), k=2)
    assert xp.to_host(indices).tolist() == [[1, 0]]
    assert xp.to_host(distances).tolist() == [[1.0, 5.0]]


@pytest.mark.parametrize(("dtype", "large"), [("float32", 1.8e19), ("float64", 1e154)])
def test_squares_that_overflow_are_refused_in_words(dtype, large):
    X = np.array([[large], [-large]], dtype)
    for rows in ((X, X / 1e9), (X / 1e9, X)):
        with pytest.raises(ValueError, match=f"squared distances fit {dtype}; .*scale the rows"):
            nearest(*rows)


@pytest.mark.parametrize(("dtype", "large"), [("float32", 3e38), ("float64", 1.7e308)])
def test_differences_that_overflow_are_refused_in_words(xp, dtype, large):
    X = np.array([[large, 0], [-large, 0]], dtype)
    for rows in ((X, X / 4), (X / 4, X)):
        with pytest.raises(ValueError, match=f"that distances fit .*{dtype}; .*scale the rows"):
            nearest(*map(xp.asarray, rows), metric="l1")


# ------------------------------------------------------------- voting and the classifier


def test_a_large_label_costs_no_memory(xp):
    labels = xp.asarray(np.array([[10**12, 3, 10**12], [7, 3, 7]]))
    assert xp.to_host(majority_vote(labels)).tolist() == [10**12, 7]


def test_majority_vote(xp):
    labels = [[2, 1, 1], [2, 0, 1], [3, 3, 0], [0, 0, 0]]
    votes = majority_vote(xp.asarray(labels), 4)
    assert xp.is_native(votes)
    np.testing.assert_array_equal(xp.to_host(votes), [1, 0, 3, 0])


@given(st.data())
def test_majority_vote_against_counting(data):
    k, classes = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    rows = data.draw(st.lists(st.lists(st.integers(0, classes - 1), min_size=k, max_size=k)))
    labels = np.array(rows, np.int64).reshape(-1, k)
    expected = [max(range(classes), key=lambda c: (row.count(c), -c)) for row in rows]
    np.testing.assert_array_equal(majority_vote(labels, classes), expected)
    np.testing.assert_array_equal(majority_vote(labels), expected)


@pytest.mark.parametrize(
    ("labels", "num_classes", "error", "message"),
    [
        (np.zeros(3, int), None, ValueError, r"shape \(N, k\)"),
        (np.zeros((3, 0), int), None, ValueError, r"shape \(N, k\)"),
        (np.zeros((3, 2)), None, TypeError, "labels must be integers, got float64"),
        (np.array([[0, 3]]), 3, ValueError, r"in 0..2 \(3 classes\), got values from 0 to 3"),
        (np.array([[-1, 0]]), None, ValueError, r"lie in 0, 1, 2, \.\.\., got values from -1 to 0"),
        (np.array([[0, 0]]), 0, ValueError, "num_classes must be at least 1"),
        (np.zeros((0, 2), int), 0, ValueError, "num_classes must be at least 1"),
    ],
)
def test_bad_votes_are_explained(labels, num_classes, error, message):
    with pytest.raises(error, match=message):
        majority_vote(labels, num_classes)


@pytest.mark.parametrize("metric", METRICS)
def test_classifier(xp, metric, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    classifier = KNearestNeighbor(metric)
    assert repr(classifier) == f"KNearestNeighbor(metric={metric!r})"
    assert classifier.fit(xp.asarray(X), xp.asarray(y)) is classifier
    np.testing.assert_array_equal(xp.to_host(classifier.predict(xp.asarray(X))), y)
    queries = rng.normal(size=(5, 3))
    order = exact_order((queries * 2**40).round(), (X * 2**40).round(), 5, metric)
    expected = [np.bincount(y[row]).argmax() for row in order]
    np.testing.assert_array_equal(
        xp.to_host(classifier.predict(xp.asarray(queries), k=5)), expected
    )
    assert classifier.predict(xp.asarray(queries[:0])).shape == (0,)


def test_classifier_errors():
    with pytest.raises(ValueError, match="got 'chebyshev'"):
        KNearestNeighbor("chebyshev")
    with pytest.raises(RuntimeError, match=r"call fit\(X, y\) before predict\(X\)"):
        KNearestNeighbor().predict(ROWS)
    with pytest.raises(ValueError, match=r"one label an example, shape \(3,\), got shape \(2,\)"):
        KNearestNeighbor().fit(ROWS, np.zeros(2, int))
    with pytest.raises(ValueError, match=r"labels must lie in 0, 1, 2, \.\.\., got"):
        KNearestNeighbor().fit(ROWS, np.array([0, -1, 1]))


# ------------------------------------------------------------------------ cross-validation


@pytest.mark.parametrize("metric", METRICS)
def test_cross_validation_against_one_run_a_fold(xp, metric, rng):
    X, y = rng.integers(0, 9, (23, 3)), rng.integers(0, 3, 23)
    ks = [5, 1, 3]
    ours = cross_validate(xp.asarray(X), xp.asarray(y), ks, 4, metric, rng=np.random.default_rng(7))
    assert list(ours) == ks
    folds = np.array_split(np.random.default_rng(7).permutation(23), 4)
    for k in ks:
        expected = []
        for fold in folds:
            rest = np.setdiff1d(np.arange(23), fold)
            classifier = KNearestNeighbor(metric).fit(X[rest], y[rest])
            expected.append((classifier.predict(X[fold], k) == y[fold]).mean())
        np.testing.assert_allclose(ours[k], expected)


def test_cross_validation_without_rng_takes_contiguous_folds():
    X, y = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(cross_validate(X, y, [1], 2)[1], [0.0, 0.0])


def test_neighbours_are_searched_once_a_fold(monkeypatch, rng):
    calls = []
    search = neighbors.nearest
    monkeypatch.setattr(neighbors, "nearest", lambda *a: calls.append(a[2]) or search(*a))
    cross_validate(rng.normal(size=(20, 2)), rng.integers(0, 2, 20), [1, 7, 3], 5)
    assert calls == [7] * 5


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"num_folds": 1}, ValueError, "num_folds >= 2"),
        ({"num_folds": 7}, ValueError, "num_folds must be at least 1 and at most 6 .the number"),
        ({"ks": [5]}, ValueError, "at most 4 .the rows outside the largest fold"),
        ({"ks": []}, ValueError, "at least one k"),
        ({"ks": ["1"]}, TypeError, "k must be a whole number, got '1'"),
        ({"y": np.zeros(5, int)}, ValueError, "one label an example"),
        ({"y": np.zeros(6)}, TypeError, "labels must be integers"),
    ],
)
def test_bad_cross_validation_is_explained(change, error, message):
    arguments = {"X": np.zeros((6, 2)), "y": np.zeros(6, int), "ks": [1], "num_folds": 3}
    with pytest.raises(error, match=message):
        cross_validate(**(arguments | change))
