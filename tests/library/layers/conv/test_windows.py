"""Images split by the stride into phases: windows as long slices, and their adjoint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cs231n_lib._parallel import Workspace
from cs231n_lib.layers import im2col
from cs231n_lib.layers.conv.geometry import lay_out
from cs231n_lib.layers.conv.windows import Windows, windows_of

geometries = st.tuples(
    st.integers(1, 3),
    st.integers(1, 3),
    *[st.integers(1, 5)] * 4,
    st.integers(1, 4),
    st.integers(0, 3),
)


def draw(g, seed=0):
    """Return images, and windows that just fit into them."""
    n, C, HH, WW, OH, OW, stride, pad = g
    H, W = (OH - 1) * stride + HH - 2 * pad, (OW - 1) * stride + WW - 2 * pad
    assume(H > 0 and W > 0)
    x = np.random.default_rng(seed).standard_normal((n, C, H, W))
    return x, windows_of(lay_out(x.shape, (1, C, HH, WW), {"stride": stride, "pad": pad}))


def used_workspace():
    """A workspace that holds something already, as it does from the second block on."""
    space = Workspace(float)
    for name in ("phases", "wide", "cols"):
        space.take(name, (10_000,))[:] = np.nan
    return space


@given(geometries, st.data())
def test_columns_are_those_of_im2col(g, data):
    x, windows = draw(g)
    n, C, HH, WW, OH, OW, stride, pad = g
    first = data.draw(st.integers(0, OH - 1))
    rows = slice(first, data.draw(st.integers(first + 1, OH)))
    space = used_workspace()
    cols = windows.gather(windows.split(x, space), n, rows, space)
    assert np.all(np.isfinite(cols))  # those that are dropped as well
    grid = cols.reshape(C, HH * WW, -1, n, windows.columns)[..., :OW]
    expected = im2col(x, HH, WW, stride, pad).reshape(n, C, HH * WW, OH, OW)[:, :, :, rows]
    assert np.array_equal(grid.transpose(3, 0, 1, 2, 4), expected)


@given(geometries)
def test_scatter_is_the_adjoint_of_gather(g):
    x, windows = draw(g)
    space, every = used_workspace(), slice(0, g[4])
    cols = windows.gather(windows.split(x, space), len(x), every, space).copy()
    y = np.random.default_rng(1).standard_normal(cols.shape)
    y.reshape(*cols.shape[:2], -1, windows.columns)[..., g[5] :] = 0
    dphases, dx = np.zeros(windows.shape(len(x))), np.full(x.shape, np.nan)
    windows.scatter(y, dphases, len(x), every)
    windows.merge(dphases, dx, space)
    assert np.isclose(np.sum(cols * y), np.sum(x * dx), atol=1e-9)


@given(geometries)
def test_merge_undoes_split_where_windows_look(g):
    x, windows = draw(g)
    space, back = used_workspace(), np.full(x.shape, np.nan)
    windows.merge(windows.split(x, space), back, space)
    S, pad = windows.stride, windows.pad
    seen = [
        (np.arange(size) + pad) % S < window
        for size, window in zip(x.shape[2:], windows.window, strict=True)
    ]
    assert np.array_equal(back, x * seen[0][:, None] * seen[1])


@pytest.mark.parametrize(
    ("n", "K", "stride", "pad", "same"),
    [
        (1, 1, 1, 0, True),
        (2, 1, 1, 0, False),
        (1, 1, 2, 0, False),
        (1, 1, 1, 1, False),
        (1, 3, 1, 0, False),
    ],
)
def test_one_image_and_one_tap_need_no_copy(n, K, stride, pad, same):
    x = np.ones((n, 2, 7, 7))
    windows = Windows(2, 7, 7, (K, K), stride, pad, ((7 - K + 2 * pad) // stride + 1,) * 2)
    assert windows.is_image(n) is same
    assert np.shares_memory(windows.split(x, Workspace(float)), x) is same
