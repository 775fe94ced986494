"""Gradient checks accept right gradients, catch wrong ones, and know where they cannot tell."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cs231n_lib.backend import array_namespace
from cs231n_lib.course.checkout import root
from cs231n_lib.gradients.numerical import (
    check_gradient,
    check_projection,
    find_kinks,
    numerical_gradient,
    relative_error,
    tolerance,
)
from tests.library.gradients.table import table

DTYPES = ["float32", "float64"]


def cubic(x):
    xp = array_namespace(x)
    return xp.sum(x * x * x)


# ------------------------------------------------------------------- numerical gradient


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", ["centred", "forward"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 1), (0,)])
def test_numerical_gradient_of_a_cubic(xp, shape, scheme, dtype, rng):
    host = rng.normal(size=shape).astype(dtype)
    x = xp.asarray(host)
    gradient = numerical_gradient(cubic, x, scheme=scheme)
    assert xp.is_native(gradient)
    assert xp.to_host(gradient).dtype == dtype
    error = np.finfo(dtype).eps ** (0.6 if scheme == "centred" else 0.45) * 10
    np.testing.assert_allclose(xp.to_host(gradient), 3 * host**2, rtol=error, atol=error)


def test_the_error_falls_as_the_theory_says():
    """O(h) for forward, O(h^2) for centred differences, while rounding does not matter."""
    x, hs = np.array([0.7]), np.array([1e-1, 1e-2, 1e-3])
    for scheme, power in (("forward", 1), ("centred", 2)):
        errors = [
            abs(numerical_gradient(lambda x: np.exp(x).sum(), x, h, scheme)[0] - np.exp(0.7))
            for h in hs
        ]
        exponent = np.polyfit(np.log(hs), np.log(errors), 1)[0]
        assert exponent == pytest.approx(power, abs=0.05)


def test_default_steps_are_near_the_best():
    x = np.array([0.7])
    for scheme in ("forward", "centred"):

        def error(h, scheme=scheme):
            return abs(numerical_gradient(lambda x: np.exp(x).sum(), x, h, scheme)[0] - np.exp(0.7))

        assert error(None) < 10 * np.median([error(h) for h in np.logspace(-9, -4, 51)])


def test_large_coordinates_get_longer_steps():
    x = np.array([1e6])
    np.testing.assert_allclose(numerical_gradient(lambda x: x @ x, x), 2e6, rtol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_x_is_never_changed(dtype):
    """Neither by the check, nor by f, and each call sees an array that stays as it was."""
    x = np.array([1.0, 2.0], dtype=dtype)
    seen = []

    def careless(x):
        seen.append((x, x.copy()))
        return float(np.sum(x**2))

    def destructive(x):
        x *= x
        return np.sum(x)

    numerical_gradient(careless, x)
    check_gradient(careless, x, 2 * x)
    check_projection(lambda x: careless(x) * x[:1], x, lambda dout: x)
    for now, then in seen:
        assert now is not x
        np.testing.assert_array_equal(now, then)
    expected = np.array([2.0, 4.0])
    np.testing.assert_allclose(numerical_gradient(destructive, x), expected, rtol=1e-3)
    assert check_gradient(destructive, x, expected.astype(dtype))
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_x_is_whole_when_f_raises():
    x, calls = np.array([1.0, 2.0]), []

    def failing(x):
        calls.append(1)
        if len(calls) > 2:
            raise ZeroDivisionError
        return x.sum()

    for check in (lambda: numerical_gradient(failing, x), lambda: check_gradient(failing, x, x)):
        calls.clear()
        with pytest.raises(ZeroDivisionError):
            check()
        np.testing.assert_array_equal(x, [1.0, 2.0])


# ----------------------------------------------------------------------- relative error


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.0, 0.0], [0.0, -0.0], 0.0),
        ([0.0], [1e-300], 1.0),
        ([1.0, 4.0], [1.0, 5.0], 0.2),
        ([-1.0], [1.0], 2.0),
        ([], [], 0.0),
        ([np.nan], [np.nan], np.inf),
        ([np.inf], [np.inf], np.inf),
        ([1e308], [-1e308], 2.0),
    ],
)
def test_relative_error(xp, a, b, expected):
    error = relative_error(xp.asarray(a, "float64"), xp.asarray(b, "float64"))
    assert type(error) is float
    assert error == pytest.approx(expected)
    assert relative_error(np.asarray(b), np.asarray(a)) == error


def test_relative_error_wants_one_shape():
    with pytest.raises(ValueError, match=r"one shape, got \(2,\) and \(2, 1\)"):
        relative_error(np.ones(2), np.ones((2, 1)))


# ------------------------------------------------------------------------------- checks


def problems(rng, dtype):
    """Random losses and small networks, written out here: name, f, x, right gradient."""
    N, D, H, C = (int(n) for n in rng.integers(3, 14, 4))
    X, y = rng.normal(size=(N, D)).astype(dtype), rng.integers(0, C, N)
    W = (rng.normal(size=(D, C)) * rng.choice([0.01, 0.3, 1.0])).astype(dtype)
    V = (rng.normal(size=(D, H)) / D**0.5).astype(dtype)
    U = (rng.normal(size=(H, C)) / H**0.5).astype(dtype)
    rows = np.arange(N)

    def hinge(scores):
        margins = np.maximum(scores - scores[rows, y][:, None] + scores.dtype.type(1), 0)
        margins[rows, y] = 0
        dscores = (margins > 0).astype(scores.dtype)
        dscores[rows, y] = -dscores.sum(1)
        return margins.sum() / N, dscores / scores.dtype.type(N)

    def cross_entropy(scores):
        shifted = scores - scores.max(1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        dscores = np.exp(log_p)
        dscores[rows, y] -= 1
        return -log_p[rows, y].mean(), dscores / scores.dtype.type(N)

    def relu(z):
        return np.maximum(z, 0)

    yield "hinge", lambda W: hinge(X @ W)[0], W, X.T @ hinge(X @ W)[1]
    yield "softmax", lambda W: cross_entropy(X @ W)[0], W, X.T @ cross_entropy(X @ W)[1]
    dhidden = cross_entropy(relu(X @ V) @ U)[1] @ U.T
    yield "relu", lambda V: cross_entropy(relu(X @ V) @ U)[0], V, X.T @ (dhidden * (X @ V > 0))
    dhidden = cross_entropy(np.tanh(X @ V) @ U)[1] @ U.T
    dtanh = X.T @ (dhidden * (1 - np.tanh(X @ V) ** 2))
    yield "tanh", lambda V: cross_entropy(np.tanh(X @ V) @ U)[0], V, dtanh


@pytest.mark.parametrize("dtype", DTYPES)
def test_calibration(dtype):
    """No right gradient is rejected, in float64 each is confirmed; none 1 % off passes."""
    rejected, unsure, missed, total = [], [], [], 0
    for seed in range(30):
        for name, f, x, grad in problems(np.random.default_rng(seed), dtype):
            total += 1
            check = check_gradient(f, x, grad, rng=np.random.default_rng(seed))
            if check.failed:
                rejected.append((name, seed))
            elif not check:
                unsure.append((name, seed))
            if check_gradient(f, x, grad * grad.dtype.type(1.01), rng=np.random.default_rng(seed)):
                missed.append((name, seed))
    assert total == 120
    assert rejected == missed == []
    assert len(unsure) <= (0 if dtype == "float64" else 0.5 * total), unsure


@pytest.mark.parametrize("dtype", DTYPES)
def test_projection_calibration(dtype):
    rejected, missed = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        N, D, H = rng.integers(2, 20, 3)
        x, w, b = (rng.normal(size=s).astype(dtype) for s in ((N, D), (D, H), (H,)))

        def forward(x, w, b):
            return np.maximum(x @ w + b, 0)

        def backward(dout, factor=1.0, x=x, w=w, b=b):
            dz = dout * (x @ w + b > 0)
            return dz @ w.T, x.T @ dz, dz.sum(0) * dz.dtype.type(factor)

        result = check_projection(forward, (x, w, b), backward, rng=rng)
        if result.failed or (dtype == "float64" and not result):
            rejected.append(seed)
        if check_projection(forward, (x, w, b), lambda d, bw=backward: bw(d, 1.01), rng=rng):
            missed.append(seed)
    assert rejected == []
    assert len(missed) <= (0 if dtype == "float64" else 1), missed


def test_check_on_every_library(xp, rng):
    x = xp.asarray(rng.normal(size=(3, 4)))
    assert check_gradient(cubic, x, 3 * x * x, rng=rng)
    assert not check_gradient(cubic, x, 2 * x * x, rng=rng)
    assert check_projection(lambda x: x * x, x, lambda dout: 2 * dout * x, rng=rng)
    assert not check_projection(lambda x: x * x, x, lambda dout: dout * x, rng=rng)


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf, -1.0])
def test_one_wrong_coordinate_is_found_and_shown(wrong, rng):
    x = rng.normal(size=6)
    grad = 3 * x**2
    grad[4] = wrong
    result = check_gradient(cubic, x, grad, rng=rng)
    assert not result.passed
    (line,) = (line for line in str(result).splitlines() if line.startswith("(4,)"))
    assert line.endswith("WRONG")
    assert "FAILED" in str(result)
    assert str(result).splitlines()[0].split() == ["where", "analytic", "measured", "rel.", "error"]
    assert repr(result) == str(result)


def test_the_same_generator_gives_the_same_table(rng):
    x = rng.normal(size=40)
    tables = {str(check_gradient(cubic, x, 3 * x**2, 5)) for _ in range(2)}
    assert len(tables) == 1
    where = [s.where for s in check_gradient(cubic, x, 3 * x**2, 5).compared]
    assert (where[0], len(where), where[6:]) == ("along grad", 8, ["all together"] * 2)


def test_a_zero_gradient_passes_and_a_missing_one_fails(rng):
    x = rng.normal(size=5)
    assert check_gradient(lambda x: 1.0, x, np.zeros(5), rng=rng)
    assert not check_gradient(cubic, x, np.zeros(5), rng=rng)
    assert check_projection(lambda x: 0 * x, x, np.zeros_like, rng=rng)


# ----------------------------------------------------------------------- what passing means


def test_nothing_passes_that_could_not_be_seen():
    """Beside 1e9 the slope is a hundredth of the error of measuring it: no sign can be told."""
    x = np.ones(3)
    for sign in (1, -1):
        check = check_gradient(lambda x: 1e9 + float(np.sum(x**2)), x, sign * 2 * x)
        assert not check
        assert check.verdict == ("inconclusive" if sign == 1 else check.verdict)
    check = check_gradient(lambda x: 1e9 + float(np.sum(x**2)), x, np.zeros(3))
    assert (check.passed, check.failed) == (False, False)
    assert "ok, as far as can be seen" in str(check)
    assert str(check).splitlines()[-1].startswith("inconclusive: 0 of ")
    right, off = (
        check_gradient(lambda x: 1e8 + float(np.sum(x**2)), x, factor * 2 * x)
        for factor in (1, 1.01)
    )
    assert not right
    assert not off


def test_a_missing_row_of_biases_is_seen(rng):
    """In W (3073, 10) it is one row of 3,073, and its gradient is small beside those of pixels."""
    X = np.hstack([128 * rng.standard_normal((50, 3072)), np.ones((50, 1))])
    y, rows = rng.integers(10, size=50), np.arange(50)
    W = 1e-4 * rng.standard_normal((3073, 10))

    def loss(W):
        scores = X @ W
        scores = scores - scores.max(axis=1, keepdims=True)
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        p_right = p[rows, y].copy()
        p[rows, y] -= 1
        return -np.log(p_right).mean(), X.T @ p / 50

    _, grad = loss(W)
    assert check_gradient(lambda W: loss(W)[0], W, grad, rng=rng)
    grad[-1] = 0
    assert check_gradient(lambda W: loss(W)[0], W, grad, rng=rng).failed


def test_a_fine_line_sees_what_the_gradient_lacks():
    """The largest of 1,000 entries is zero: no sampled coordinate needs to hit it."""
    x = np.random.default_rng(0).normal(size=1000)
    grad = 3 * x**2
    grad[np.argmax(grad)] = 0
    check = check_gradient(cubic, x, grad, num=0)
    assert [s.where for s in check.compared if not s.agrees] == ["all together"] * 2


def test_a_direction_that_meets_a_kink_is_moved_in_parts():
    """Three coordinates of 500 are kinks: the others are all compared, a few at a time."""
    x = np.random.default_rng(0).normal(size=500)
    x[[7, 100, 499]] = 0

    def f(x):
        return np.abs(x).sum() + np.sum(x**3)

    grad = np.sign(x) + 3 * x**2
    check = check_gradient(f, x, grad)
    assert check.passed
    assert any(s.where.endswith(" together") for s in check.compared)
    grad[250] = 0
    assert check_gradient(f, x, grad).failed


def test_kinks_everywhere_leave_it_open():
    x = np.zeros(200)
    x[0] = 1.0
    check = check_gradient(lambda x: np.abs(x).sum() + x @ x, x, 2 * x + np.sign(x), num=3)
    assert not check.failed
    assert check.verdict == "inconclusive"
    assert "behind kinks" in str(check)


def test_no_wrong_gradient_passes_and_no_right_one_fails():
    """A part of the table that is on record; see `table`."""
    for name, verdicts in table(60).items():
        assert "FAILED" not in verdicts if name.startswith("right") else "passed" not in verdicts
    recorded = json.loads((root() / "benchmarks/results/gradient_checks.json").read_text())
    right = {name: v for name, v in recorded.items() if name.startswith("right")}
    wrong = {name: v for name, v in recorded.items() if name.startswith("wrong")}
    assert sum(sum(v.values()) for v in right.values()) == 1000
    assert sum(sum(v.values()) for v in wrong.values()) == 1000
    assert not any("FAILED" in v for v in right.values())
    assert not any("passed" in v for v in wrong.values())


# -------------------------------------------------------------------------------- kinks


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [0, 1 / 3, 2 / 3, 0.9, -0.5, -1 / 3])
def test_kinks_at_any_distance_within_the_step_are_seen(steps, dtype):
    h = 2 * float(np.finfo(dtype).eps) ** 0.5
    x = np.array([0.5, 0.0, -0.5]).astype(dtype)
    x[1] = -steps * h
    kinks = find_kinks(lambda x: np.maximum(x, 0).sum(dtype="float64") + np.sin(x).sum(), x)
    assert kinks == [(1,)]


def test_smooth_functions_have_no_kinks(xp, rng):
    x = xp.asarray(rng.normal(size=(5, 5)))
    assert find_kinks(cubic, x) == []
    assert find_kinks(cubic, x, [(0, 1), (2, 2)], h=1e-4) == []


def test_kinks_are_looked_for_within_the_given_step():
    x = np.array([30.0])  # a default step would be 30 times as long here
    f = lambda x: np.abs(x - 29).sum()  # noqa: E731
    assert find_kinks(f, x) == []
    assert find_kinks(f, x, h=1.0) == [(0,)]
    assert find_kinks(f, x, h=0.1) == []


def test_kinks_are_skipped_replaced_and_reported():
    x = np.zeros(30)
    x[::2] = np.linspace(1, 2, 15)

    def f(x):
        return np.abs(x).sum() + x.sum()

    result = check_gradient(f, x, np.sign(x) + 1, num=8)
    assert result.passed
    assert result.kinks
    assert len([s for s in result.compared if s.where.startswith("(")]) == 8
    skipped = {s.where for s in result.kinks if s.where.startswith("(")}
    assert skipped <= {f"({i},)" for i in range(1, 30, 2)}
    assert "kink, skipped" in str(result)


def test_a_check_that_saw_only_kinks_does_not_pass():
    x = np.zeros(4)
    result = check_gradient(lambda x: np.abs(x).sum(), x, np.zeros(4))
    assert not result.passed
    assert result.max_error == np.inf
    assert "nothing could be compared: a kink at every point" in str(result)


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: numerical_gradient(cubic, [1.0]), TypeError, "got list"),
        (lambda x: numerical_gradient(cubic, np.ones(2, int)), TypeError, "float32 or float64"),
        (
            lambda x: numerical_gradient(cubic, x, 0.0),
            ValueError,
            "h must be a positive finite",
        ),
        (lambda x: numerical_gradient(cubic, x, scheme="backward"), ValueError, "got 'backward'"),
        (lambda x: numerical_gradient(lambda x: x, x), ValueError, r"one number.*shape \(2,\)"),
        (lambda x: numerical_gradient(lambda x: np.nan, x), ValueError, "finite values from f"),
        (lambda x: numerical_gradient(lambda x: "a", x), TypeError, "got str"),
        (lambda x: check_gradient(cubic, x, np.ones(3)), ValueError, "gradient of the shape of x"),
        (lambda x: check_gradient(cubic, x, np.ones(2, int)), TypeError, "got int64"),
        (lambda x: check_projection(np.add, (x, x), lambda d: d), ValueError, "expected 2 grad"),
        (lambda x: tolerance("int32"), TypeError, "float32 or float64, got 'int32'"),
    ],
)
def test_bad_input_is_explained(call, error, message):
    with pytest.raises(error, match=message):
        call(np.ones(2))


def test_tolerance_takes_the_dtypes_of_every_library(xp):
    for dtype in DTYPES:
        assert tolerance(xp.asarray([1.0], dtype).dtype) == tolerance(dtype)
        assert tolerance(getattr(np, dtype)) == tolerance(dtype)
    assert 0 < tolerance("float64") < tolerance("float32") < 0.01
