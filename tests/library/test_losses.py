"""The SVM and softmax losses: exact values, gradients, stability, and every wrong argument."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs231n_lib import losses
from cs231n_lib._checks import check_labels
from cs231n_lib.gradients.numerical import check_gradient
from cs231n_lib.losses import (
    softmax,
    softmax_loss,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss,
    svm_loss_naive,
    svm_loss_vectorized,
)

SCORE_LOSSES = [svm_loss, softmax_loss]
LINEAR_LOSSES = [
    svm_loss_naive,
    svm_loss_vectorized,
    softmax_loss_naive,
    softmax_loss_vectorized,
]
PAIRS = [(svm_loss_naive, svm_loss_vectorized), (softmax_loss_naive, softmax_loss_vectorized)]
TORCH = np.load(Path(__file__).parent / "fixtures" / "torch_layers.npz")

sizes = st.tuples(
    st.integers(1, 6), st.integers(1, 7), st.integers(1, 5), st.integers(0, 2**32 - 1)
)


def problem(N, D, C, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((D, C)).astype(dtype)
    X = rng.standard_normal((N, D)).astype(dtype)
    return W, X, rng.integers(C, size=N)


@pytest.mark.parametrize("loss", SCORE_LOSSES)
def test_scores_agree_with_pytorch(xp, loss):
    case = loss.__name__
    value, dscores = loss(xp.asarray(TORCH[f"{case}/scores"]), xp.asarray(TORCH[f"{case}/y"]))
    assert value == pytest.approx(float(TORCH[f"{case}/loss"]), rel=1e-12)
    np.testing.assert_allclose(
        xp.to_host(dscores), TORCH[f"{case}/dscores"], rtol=1e-11, atol=1e-15
    )


def test_values_by_hand():
    # margins 0.5 and 3, of which the second class is the correct one
    value, dscores = svm_loss(np.array([[1.5, 2.0, 4.0], [0.0, 5.0, 0.0]]), np.array([1, 1]))
    assert value == pytest.approx((0.5 + 3.0) / 2)
    np.testing.assert_array_equal(dscores, [[0.5, -1.0, 0.5], [0, 0, 0]])
    value, dscores = softmax_loss(np.log(np.array([[1.0, 2.0, 5.0]])), np.array([2]))
    assert value == pytest.approx(math.log(8 / 5))
    np.testing.assert_allclose(dscores, [[1 / 8, 2 / 8, 5 / 8 - 1]])


def test_a_margin_of_exactly_zero_has_no_gradient():
    value, dscores = svm_loss(np.array([[1.0, 0.0]]), np.array([0]))
    assert value == 0
    np.testing.assert_array_equal(dscores, [[0, 0]])


@pytest.mark.parametrize("C", [2, 10])
def test_values_at_the_start(C):
    y = np.array([0, C - 1])
    assert svm_loss(np.zeros((2, C)), y)[0] == C - 1
    assert softmax_loss(np.zeros((2, C)), y)[0] == pytest.approx(math.log(C))


@pytest.mark.parametrize("loss", LINEAR_LOSSES)
def test_linear_gradient(xp, loss, rng):
    W, X, y = (xp.asarray(a) for a in problem(5, 4, 3, seed=1))
    for reg in (0.0, 0.7):
        _, dW = loss(W, X, y, reg)
        assert check_gradient(lambda w, reg=reg: loss(w, X, y, reg)[0], W, dW, num=12, rng=rng)


@pytest.mark.parametrize("loss", SCORE_LOSSES)
def test_score_gradient(xp, loss, rng):
    scores, y = xp.asarray(3 * rng.standard_normal((6, 5))), xp.asarray(rng.integers(5, size=6))
    assert check_gradient(lambda s: loss(s, y)[0], scores, loss(scores, y)[1], rng=rng)


@pytest.mark.parametrize(("naive", "vectorized"), PAIRS)
@given(sizes=sizes, reg=st.floats(0, 10), dtype=st.sampled_from(["float32", "float64"]))
def test_loops_and_arrays_agree(naive, vectorized, sizes, reg, dtype):
    W, X, y = problem(*sizes, dtype=dtype)
    (slow, slow_dW), (fast, fast_dW) = naive(W, X, y, reg), vectorized(W, X, y, reg)
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    assert slow == pytest.approx(fast, rel=tolerance, abs=tolerance)
    np.testing.assert_allclose(slow_dW, fast_dW, rtol=tolerance, atol=tolerance)
    assert slow_dW.dtype == fast_dW.dtype == dtype


@pytest.mark.parametrize("loss", LINEAR_LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types(xp, loss, dtype):
    W, X, y = problem(4, 3, 3, seed=2, dtype=dtype)
    # A NumPy number as `reg` must not widen float32.
    value, dW = loss(xp.asarray(W), xp.asarray(X), xp.asarray(y), np.float64(0.5))
    assert type(value) is float
    assert xp.to_host(dW).dtype == dtype
    assert dW.shape == W.shape


@pytest.mark.parametrize("loss", SCORE_LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_of_score_losses(xp, loss, dtype):
    scores = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    value, dscores = loss(xp.asarray(scores), xp.asarray([0, 3, 1]))
    assert type(value) is float
    assert xp.to_host(dscores).dtype == dtype


@pytest.mark.parametrize("loss", LINEAR_LOSSES)
def test_the_penalty_is_summed_in_double_precision(loss):
    W = np.full((200_000, 2), 0.1, dtype=np.float32)
    X, y = np.zeros((1, 200_000), dtype=np.float32), np.array([0])
    data_loss = 1.0 if loss in PAIRS[0] else math.log(2)
    # Summed in float32 this would be some 1e-6 off; the squares are those of float32.
    penalty = 400_000 * float(np.float32(0.1) * np.float32(0.1))
    assert loss(W, X, y, 1.0)[0] - data_loss == pytest.approx(penalty, rel=1e-9)


@pytest.mark.parametrize("loss", [svm_loss_naive, svm_loss_vectorized])
def test_a_linear_margin_of_exactly_zero_has_no_gradient(loss):
    value, dW = loss(np.array([[1.0, 0.0]]), np.array([[1.0]]), np.array([0]), 0.0)
    assert value == 0
    np.testing.assert_array_equal(dW, [[0, 0]])


@pytest.mark.parametrize("loss", [*LINEAR_LOSSES])
def test_layout_does_not_matter(loss):
    W, X, y = problem(8, 6, 4, seed=3)
    expected = loss(W[::2, ::2].copy(), X[::2, ::2].copy(), y[::2] // 2, 0.1)
    strided = loss(W[::2, ::2], X[::2, ::2], y[::2] // 2, 0.1)
    fortran = loss(np.asfortranarray(W[::2, ::2]), np.asfortranarray(X[::2, ::2]), y[::2] // 2, 0.1)
    for value, dW in (strided, fortran):
        assert value == pytest.approx(expected[0])
        np.testing.assert_allclose(dW, expected[1], rtol=1e-12)


@pytest.mark.parametrize("loss", LINEAR_LOSSES)
def test_arguments_stay_as_they_are(loss):
    arguments = problem(4, 3, 3, seed=4)
    before = [a.copy() for a in arguments]
    loss(*arguments, 0.3)
    for a, b in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("loss", SCORE_LOSSES)
@given(sizes=sizes, shift=st.floats(-100, 100))
def test_shifting_all_scores_of_an_example_changes_nothing(loss, sizes, shift):
    _, scores, _ = problem(*sizes)
    y = np.zeros(len(scores), dtype=np.int64)
    value, dscores = loss(scores, y)
    shifted, dshifted = loss(scores + shift, y)
    assert shifted == pytest.approx(value, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(dshifted, dscores, rtol=1e-9, atol=1e-9)
    # ... and so every row of the gradient sums to zero.
    np.testing.assert_allclose(dscores.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("loss", [svm_loss_vectorized, softmax_loss_vectorized])
@given(sizes=sizes)
def test_permutations(loss, sizes):
    W, X, y = problem(*sizes)
    value, dW = loss(W, X, y, 0.2)
    rng = np.random.default_rng(sizes[-1])
    batch, classes = rng.permutation(len(X)), rng.permutation(W.shape[1])
    renamed = np.argsort(classes)[y]
    other, dother = loss(W[:, classes], X[batch], renamed[batch], 0.2)
    assert other == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(dother, dW[:, classes], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", [svm_loss_vectorized, softmax_loss_vectorized])
def test_a_batch_is_the_mean_of_its_parts(loss):
    W, X, y = problem(9, 4, 3, seed=5)
    whole, dwhole = loss(W, X, y, 0.1)
    parts = [(loss(W, X[a:b], y[a:b], 0.1), b - a) for a, b in ((0, 2), (2, 9))]
    assert sum(value * n for (value, _), n in parts) / 9 == pytest.approx(whole)
    np.testing.assert_allclose(sum(dW * n for (_, dW), n in parts) / 9, dwhole, rtol=1e-12)


@pytest.mark.parametrize("loss", [svm_loss_vectorized, softmax_loss_vectorized])
def test_blocks_of_rows_change_nothing(loss, monkeypatch):
    W, X, y = problem(10, 4, 3, seed=6)
    whole, dwhole = loss(W, X, y, 0.1)
    calls = []
    name = loss.__name__.removesuffix("_vectorized")
    score_loss = getattr(losses, name)
    monkeypatch.setattr(losses, name, lambda s, y: calls.append(len(y)) or score_loss(s, y))
    for rows, expected in ((3, [3, 3, 3, 1]), (0, [1] * 10), (10, [10])):
        calls.clear()
        monkeypatch.setattr(losses, "ROWS_BYTES", rows * X.shape[1] * X.itemsize)
        value, dW = loss(W, X, y, 0.1)
        assert calls == expected
        assert value == pytest.approx(whole, rel=1e-13)
        np.testing.assert_allclose(dW, dwhole, rtol=1e-11)


@pytest.mark.parametrize("loss", SCORE_LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_scores(xp, loss, dtype):
    big = float(np.finfo(np.float32).max) if dtype == "float32" else 1e30
    scores = xp.asarray(np.array([[big, -big, 0], [-big, big, big]], dtype=dtype))
    value, dscores = loss(scores, xp.asarray([1, 0]))
    # Both examples miss by 2 * big to the best; the SVM sums over the two wrong classes.
    expected = 2 * big if loss is softmax_loss else (2 * big + big + 2 * (2 * big)) / 2
    assert value == pytest.approx(expected, rel=1e-6)
    rows = [[0.5, -0.5, 0], [-0.5, 0.25, 0.25]]
    if loss is svm_loss:
        rows = [[0.5, -1, 0.5], [-1, 0.5, 0.5]]
    np.testing.assert_allclose(xp.to_host(dscores), rows)
    assert loss(scores, xp.asarray([0, 1]))[0] == pytest.approx(
        math.log(2) / 2 if loss is softmax_loss else 0.5
    )


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_any_finite_scores(a, b, c):
    for loss in SCORE_LOSSES:
        value, dscores = loss(np.array([[a, b, c]]), np.array([1]))
        assert math.isfinite(value)
        assert value >= 0
        assert np.isfinite(dscores).all()


@pytest.mark.parametrize("loss", [softmax_loss_naive, softmax_loss_vectorized])
def test_large_logits_of_a_linear_classifier(loss):
    value, dW = loss(np.array([[1e4, -1e4]]), np.array([[1.0]]), np.array([1]), 0.0)
    assert value == 2e4
    np.testing.assert_array_equal(dW, [[1, -1]])


def test_a_lone_example_and_a_lone_class():
    for loss in LINEAR_LOSSES:
        value, dW = loss(np.ones((2, 1)), np.ones((1, 2)), np.array([0]), 0.25)
        assert value == pytest.approx(0.5)
        np.testing.assert_array_equal(dW, [[0.5], [0.5]])


def test_softmax(xp):
    p = xp.to_host(softmax(xp.asarray([[0.0, math.log(3.0)], [-1e30, 1e30]])))
    np.testing.assert_allclose(p, [[0.25, 0.75], [0, 1]])


def test_softmax_works_along_the_last_axis():
    scores = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(softmax(scores).sum(axis=-1), 1)
    np.testing.assert_allclose(softmax(scores[0, 0]), softmax(scores)[0, 0])


def test_softmax_far_below_the_maximum():
    np.testing.assert_allclose(softmax(np.array([[0.0, -700.0]]))[0, 1], math.exp(-700), rtol=1e-12)


def test_softmax_needs_floats():
    with pytest.raises(TypeError, match="expected float32 or float64, got int64"):
        softmax(np.array([[1, 2]]))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_any_integer_type_of_labels(dtype):
    W, X, y = problem(5, 3, 4, seed=7)
    assert (
        svm_loss_vectorized(W, X, y.astype(dtype), 0.0)[0] == svm_loss_vectorized(W, X, y, 0.0)[0]
    )


def test_more_classes_than_the_label_type_holds():
    scores = np.zeros((1, 300))
    assert softmax_loss(scores, np.array([5], dtype=np.int8))[0] == pytest.approx(math.log(300))


WRONG_LABELS = [
    ([0.0, 1.0], TypeError, "labels must be integers, got .*float64"),
    ([True, False], TypeError, "labels must be integers, got .*bool"),
    ([[0], [1]], ValueError, r"shape \(2,\), got shape \(2, 1\)"),
    ([0], ValueError, r"shape \(2,\), got shape \(1,\)"),
    ([0, 3], ValueError, r"labels must lie in 0..2 \(3 classes\), got values from 0 to 3"),
    ([-1, 2], ValueError, "got values from -1 to 2"),
]


@pytest.mark.parametrize(("y", "error", "message"), WRONG_LABELS)
def test_wrong_labels(xp, y, error, message):
    y, scores = xp.asarray(y), xp.asarray(np.zeros((2, 3)))
    with pytest.raises(error, match=message):
        check_labels(y, 2, 3)
    for loss in SCORE_LOSSES:
        with pytest.raises(error, match=message):
            loss(scores, y)
    for loss in LINEAR_LOSSES:
        with pytest.raises(error, match=message):
            loss(scores, xp.asarray(np.zeros((2, 2))), y, 0.0)


@pytest.mark.parametrize("loss", SCORE_LOSSES)
def test_wrong_scores(loss):
    y = np.array([0])
    for shape in ((1,), (0, 3), (1, 0), (1, 2, 3)):
        with pytest.raises(ValueError, match=r"expected scores of shape \(N, C\)"):
            loss(np.zeros(shape), y)
    with pytest.raises(TypeError, match="expected float32 or float64, got int64"):
        loss(np.zeros((1, 2), dtype=np.int64), y)
    with pytest.raises(TypeError, match="expected an array, got list"):
        loss([[0.0, 1.0]], y)


@pytest.mark.parametrize("loss", LINEAR_LOSSES)
def test_wrong_arguments_of_linear_losses(loss):
    W, X, y = problem(2, 3, 4, seed=8)
    for w, x in ((W.T, X), (W[0], X), (W, X[0]), (W[:, :0], X), (W[:0], X[:, :0]), (W, X[:0])):
        with pytest.raises(ValueError, match=r"^expected W of shape \(D, C\) .*of them 0, got"):
            loss(w, x, y, 0.0)
    with pytest.raises(TypeError, match="expected one dtype"):
        loss(W, X.astype(np.float32), y, 0.0)
    for reg in (-0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match="reg must be a finite number, 0 or more"):
            loss(W, X, y, reg)


@pytest.mark.parametrize("loss", [svm_loss_vectorized, softmax_loss_vectorized])
def test_parts_of_the_rows_add_up(loss, monkeypatch):
    W, X, y = problem(300, 500, 4, seed=10)
    parts = []

    def in_threads(work, count, bytes_each, done):
        assert bytes_each == 500 * 8
        parts.extend((range(120), range(120, count)))
        for rows in parts:
            done(work(rows))

    value, dW = loss(W, X, y, 0.1)
    monkeypatch.setattr(losses, "in_threads", in_threads)
    other, dother = loss(W, X, y, 0.1)
    assert parts == [range(120), range(120, 300)]
    assert other == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(dother, dW, rtol=1e-9, atol=1e-12)


def test_threads_keep_the_error_state():
    W, X, y = problem(300, 500, 4, seed=11)
    with np.errstate(over="ignore", invalid="ignore"):  # and warnings are errors here
        value, _ = softmax_loss_vectorized(1e200 * W, 1e200 * X, y, 0.0)
    assert not math.isfinite(value)
