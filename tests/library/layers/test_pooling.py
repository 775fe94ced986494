"""Pooling: first maximum, overlaps, adjoints, PyTorch's values."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cs231n_lib.layers import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
spec = importlib.util.spec_from_file_location(
    "make_torch_conv_fixtures", FIXTURES / "make_torch_conv_fixtures.py"
)
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

POOLS = {
    "max": (max_pool_forward, max_pool_backward),
    "avg": (avg_pool_forward, avg_pool_backward),
}


def param(height=2, width=2, stride=2):
    return {"pool_height": height, "pool_width": width, "stride": stride}


def max_pool_by_definition(x, dout, height, width, stride):
    """Loops over the windows; ``argmax`` takes the first maximum in row-major order."""
    out, dx = np.empty_like(dout), np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = i * stride, j * stride
        window = x[n, c, top : top + height, left : left + width]
        row, column = np.unravel_index(np.argmax(window), window.shape)
        out[n, c, i, j] = window[row, column]
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return out, dx


geometries = st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 4)] * 5)


@settings(deadline=None)
@given(
    g=geometries,
    values=st.integers(1, 6),
    seed=st.integers(0, 9),
    dtype=st.sampled_from([np.float32, np.float64]),
    transposed=st.booleans(),
)
def test_max_pooling_is_its_definition(xp, g, values, seed, dtype, transposed):
    N, C, OH, OW, height, width, stride = g
    rng = np.random.default_rng(seed)
    shape = (N, C, (OH - 1) * stride + height, (OW - 1) * stride + width)
    x = rng.integers(0, values, shape).astype(dtype)  # few values: many ties
    if transposed:
        x = np.ascontiguousarray(x.T).T
    dout = rng.integers(-9, 9, (N, C, OH, OW)).astype(dtype)
    there, upstream = xp.asarray(x), xp.asarray(dout)
    out, cache = max_pool_forward(there, param(height, width, stride))
    dx = max_pool_backward(upstream, cache)
    assert xp.is_native(out)
    assert xp.is_native(dx)
    expected = max_pool_by_definition(x, dout, height, width, stride)
    for actual, right in zip((xp.to_host(out), xp.to_host(dx)), expected, strict=True):
        assert actual.dtype == dtype
        assert np.array_equal(actual, right)
    assert np.array_equal(xp.to_host(there), x)
    assert np.array_equal(xp.to_host(upstream), dout)


@settings(deadline=None)
@given(g=geometries, seed=st.integers(0, 9))
def test_both_backwards_are_adjoints(xp, g, seed):
    """Average pooling is linear; max pooling is so once the winners are fixed."""
    N, C, OH, OW, height, width, stride = g
    rng = np.random.default_rng(seed)
    shape = (N, C, (OH - 1) * stride + height, (OW - 1) * stride + width)
    x, y = rng.standard_normal(shape), rng.standard_normal((N, C, OH, OW))
    for forward, backward in POOLS.values():
        out, cache = forward(xp.asarray(x), param(height, width, stride))
        dx = xp.to_host(backward(xp.asarray(y), cache))
        assert np.isclose(np.sum(xp.to_host(out) * y), np.sum(x * dx), atol=1e-10)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("case", [param(), param(3, 3, 2), param(2, 3, 1)])
def test_gradients_element_by_element(kind, case, rng):
    forward, backward = POOLS[kind]
    x = rng.permutation(1.0 * np.arange(2 * 7 * 7)).reshape(1, 2, 7, 7)  # no two are near
    if case == param():
        x = x[:, :, :6, :6].copy()
    out, cache = forward(x, case)
    dout = rng.standard_normal(out.shape)
    dx = backward(dout, cache)
    for index in np.ndindex(x.shape):
        kept, values = x[index], []
        for step in (0.25, -0.25):
            x[index] = kept + step
            values.append(np.sum(forward(x, case)[0] * dout))
        x[index] = kept
        assert np.isclose(dx[index], (values[0] - values[1]) / 0.5)


def test_average_pooling_of_a_constant_is_that_constant(xp):
    out, _ = avg_pool_forward(xp.asarray(np.full((1, 2, 7, 9), 3.0)), param(3, 3, 2))
    assert np.array_equal(xp.to_host(out), np.full((1, 2, 3, 4), 3.0))


@pytest.mark.parametrize("window", [param(), param(3, 3, 1)])
def test_nan_is_not_hidden(xp, window):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 1, 1] = np.nan
    out = xp.to_host(max_pool_forward(xp.asarray(x), window)[0])
    assert np.isnan(out[0, 0, 0, 0])
    assert np.isnan(out).sum() == (1 if window["stride"] == 2 else 4)


def test_the_gradient_goes_where_the_nan_is(xp):
    """To the first of them, as `argmax` has it in every library."""
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 1], x[0, 0, 1, 0], x[0, 0, 1, 1], x[0, 0, 2, 3] = 5.0, np.nan, np.nan, 1.0
    cache = max_pool_forward(xp.asarray(x), param())[1]
    dx = xp.to_host(max_pool_backward(xp.asarray(np.ones((1, 1, 2, 2))), cache))[0, 0]
    assert {tuple(map(int, place)) for place in np.argwhere(dx)} == {(1, 0), (0, 2), (2, 0), (2, 3)}


def test_a_window_of_more_than_256_pixels_remembers_its_winner(xp):
    x = np.zeros((1, 1, 20, 20))
    x[0, 0, 19, 18] = 1.0
    out, cache = max_pool_forward(xp.asarray(x), param(20, 20, 1))
    dx = xp.to_host(max_pool_backward(out, cache))
    assert np.array_equal(dx, x)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("window", [param(), param(3, 3, 1)])
def test_images_and_channels_do_not_meet(xp, kind, window, rng):
    """Metamorphic: a batch is its images, and an order of images and channels is kept."""
    forward, backward = POOLS[kind]
    x = rng.standard_normal((4, 3, 6, 6))
    out, cache = forward(xp.asarray(x), window)
    dout = rng.standard_normal(tuple(out.shape))
    whole = xp.to_host(out), xp.to_host(backward(xp.asarray(dout), cache))
    images, channels = rng.permutation(4), rng.permutation(3)
    for part in (np.ix_([2]), np.ix_(images, channels)):
        out, cache = forward(xp.asarray(np.ascontiguousarray(x[part])), window)
        dx = backward(xp.asarray(np.ascontiguousarray(dout[part])), cache)
        assert np.array_equal(xp.to_host(out), whole[0][part])
        assert np.array_equal(xp.to_host(dx), whole[1][part])


def test_a_shifted_image_gives_a_shifted_output(rng):
    x = rng.standard_normal((1, 2, 8, 8))
    for forward, _ in POOLS.values():
        out = forward(x, param())[0]
        shifted = forward(np.roll(x, (2, 4), axis=(2, 3)), param())[0]
        assert np.array_equal(shifted, np.roll(out, (1, 2), axis=(2, 3)))


def test_two_by_two_throws_three_quarters_away(rng):
    x = rng.standard_normal((2, 3, 8, 8))
    assert max_pool_forward(x, param())[0].size * 4 == x.size


def test_minus_infinity_can_win(xp):
    x = np.full((1, 1, 2, 2), -np.inf)
    out, cache = max_pool_forward(xp.asarray(x), param())
    assert xp.to_host(out)[0, 0, 0, 0] == -np.inf
    dx = xp.to_host(max_pool_backward(xp.asarray(np.ones((1, 1, 1, 1))), cache))
    assert np.array_equal(dx[0, 0], [[1, 0], [0, 0]])


@pytest.fixture(scope="module")
def torch_values():
    if importlib.util.find_spec("torch"):
        return made.torch_results()
    return dict(np.load(made.FIXTURE))


@pytest.mark.parametrize("case", made.POOLINGS)
@pytest.mark.parametrize("kind", POOLS)
def test_pooling_agrees_with_torch(kind, case, torch_values):
    forward, backward = POOLS[kind]
    out, cache = forward(made.pooling(case)["x"], param(*made.POOLINGS[case][4:]))
    np.testing.assert_allclose(out, torch_values[f"{kind}/{case}/out"], atol=1e-13)
    dx = backward(made.upstream(out.shape), cache)
    np.testing.assert_allclose(dx, torch_values[f"{kind}/{case}/dx"], atol=1e-13)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(
    ("x", "window", "error", "message"),
    [
        (np.ones((2, 4, 4)), param(), ValueError, "x must have shape (N, C, H, W)"),
        (np.ones((1, 2, 4, 4), int), param(), TypeError, "expected float32 or float64"),
        (np.ones((1, 2, 5, 4)), param(), ValueError, "= 2.5 is not a whole number"),
        (np.ones((1, 2, 4, 4)), param(5, 1, 1), ValueError, "larger than the padded input"),
        (np.ones((1, 2, 4, 4)), {"stride": 2}, ValueError, "pool_param must have the keys"),
    ],
)
def test_bad_input_is_rejected(kind, x, window, error, message):
    with pytest.raises(error, match=re.escape(message)):
        POOLS[kind][0](x, window)


@pytest.mark.parametrize("kind", POOLS)
def test_a_wrong_upstream_gradient_is_rejected(kind):
    forward, backward = POOLS[kind]
    _, cache = forward(np.ones((1, 1, 4, 4)), param())
    with pytest.raises(ValueError, match="dout must have the shape of the output"):
        backward(np.ones((1, 1, 2, 1)), cache)
    with pytest.raises(TypeError, match="expected one dtype"):
        backward(np.ones((1, 1, 2, 2), np.float32), cache)


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(POOLS)),
    g=geometries,
    pad=st.integers(0, 2),
    more=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_a_frame_and_dropped_windows_are_those_of_a_framed_and_cut_image(kind, g, pad, more):
    N, C, height, width, stride, OH, OW = g
    pad = min(pad, min(height, width) // 2)
    H, W = (
        stride * (size - 1) + window + min(extra, stride - 1) - 2 * pad
        for size, window, extra in ((OH, height, more[0]), (OW, width, more[1]))
    )
    assume(H > 0 and W > 0)
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((N, C, H, W)), rng.standard_normal((N, C, OH, OW))
    before = x.copy()
    outer = {"max": -np.inf, "avg": 0}[kind]
    framed = np.pad(x, ((0, 0), (0, 0), (pad,) * 2, (pad,) * 2), constant_values=outer)
    used = framed[:, :, : stride * (OH - 1) + height, : stride * (OW - 1) + width]
    forward, backward = POOLS[kind]
    expected, cache = forward(np.ascontiguousarray(used), param(height, width, stride))
    dframed = np.zeros_like(framed)
    dframed[:, :, : used.shape[2], : used.shape[3]] = backward(dout, cache)
    out, cache = forward(x, param(height, width, stride) | {"pad": pad, "floor": True})
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(
        backward(dout, cache), dframed[:, :, pad : pad + H, pad : pad + W]
    )
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kind", POOLS)
def test_a_frame_wider_than_half_a_window_is_refused(kind):
    with pytest.raises(ValueError, match="pad must be at most half of the window, got 2 for 3x3"):
        POOLS[kind][0](np.ones((1, 1, 9, 9)), param(3, 3, 1) | {"pad": 2})
