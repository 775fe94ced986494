"""Convolution: geometry, columns, four algorithms that must agree, PyTorch's values."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cs231n_lib import _parallel as parallel
from cs231n_lib.layers import col2im, conv, conv_output_size, im2col
from cs231n_lib.layers.conv import ALGORITHMS
from cs231n_lib.layers.conv import blocked as conv_blocked
from cs231n_lib.layers.conv import winograd as conv_winograd
from cs231n_lib.layers.conv.algorithm import Algorithm
from cs231n_lib.layers.conv.geometry import geometry_of, lay_out

FIXTURES = Path(__file__).parents[2] / "fixtures"
spec = importlib.util.spec_from_file_location(
    "make_torch_conv_fixtures", FIXTURES / "make_torch_conv_fixtures.py"
)
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

NUMPY_ONLY = ("blocked", "winograd")
TOLERANCE = {np.float32: 3e-5, np.float64: 1e-12}


def param(stride=1, pad=0):
    return {"stride": stride, "pad": pad}


def draw(rng, N=2, C=3, H=6, W=5, F=4, HH=3, WW=3, dtype=np.float64):
    shapes = (N, C, H, W), (F, C, HH, WW), (F,)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def close(actual, expected, scale=1.0):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    error = np.max(np.abs(actual - expected)) / max(scale, np.max(np.abs(expected)))
    assert error < TOLERANCE[expected.dtype.type], error


# ---------------------------------------------------------------- output size


@pytest.mark.parametrize(
    ("W", "F", "S", "P", "size"),
    [(32, 5, 1, 2, 32), (7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (227, 11, 4, 0, 55), (5, 5, 9, 0, 1)],
)
def test_output_size(W, F, S, P, size):
    assert conv_output_size(W, F, S, P) == size


def test_output_size_can_drop_an_incomplete_window():
    assert conv_output_size(224, 7, 2, 3, floor=True) == 112


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ((7, 3, 3, 0), "(W - F + 2P)/S + 1 = (7 - 3 + 2*0)/3 + 1 = 2.33333 is not a whole number"),
        ((10, 3, 2, 0), "one change at a time: W=9 or 11, F=2 or 4, S=1 or 7"),
        ((4, 9, 1, 1), "larger than the padded input (W + 2P = 6)"),
        ((4, 9, 1, 1), "make F at most 6 or P at least 3"),
        ((0, 3, 1, 1), "W must be 1 or more, got 0"),
        ((5, 0, 1, 1), "F must be 1 or more, got 0"),
        ((5, 3, 0, 1), "S must be 1 or more, got 0"),
        ((5, 3, 1, -1), "P must be 0 or more, got -1"),
    ],
)
def test_illegal_geometry_says_what_is_wrong(geometry, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        conv_output_size(*geometry)


def test_geometry_takes_numbers_that_numpy_counts_with():
    assert type(conv_output_size(*map(np.int64, (32, 5, 1, 2)))) is int


@pytest.mark.parametrize("wrong", [1.0, "1", True, None])
def test_geometry_takes_whole_numbers_only(wrong):
    with pytest.raises(TypeError, match="S must be a whole number"):
        conv_output_size(5, 3, wrong, 1)


@given(W=st.integers(1, 40), F=st.integers(1, 12), S=st.integers(1, 9), P=st.integers(0, 6))
@example(W=10, F=3, S=2, P=0)
@example(W=6, F=1, S=5, P=1)
def test_every_choice_that_an_error_offers_is_legal_and_nearest(W, F, S, P):
    given_values = {"W": W, "F": F, "S": S, "P": P}

    def legal(**changed):
        try:
            conv_output_size(**(given_values | changed))
        except ValueError:
            return False
        return True

    assume(W - F + 2 * P >= 0)
    try:
        size = conv_output_size(W, F, S, P)
    except ValueError as error:
        offers = str(error).split("at a time: ")[1].split(", ")
        assert offers
        for offer in offers:
            name, values = offer.split("=")
            for value in map(int, values.split(" or ")):
                assert legal(**{name: value})
                between = range(*sorted((value, given_values[name])))[1:]
                assert not any(legal(**{name: v}) for v in between)
    else:
        assert (size - 1) * S + F == W + 2 * P


# ---------------------------------------------------------------- columns


geometries = st.fixed_dictionaries(
    {
        "N": st.integers(1, 5),
        "C": st.integers(1, 4),
        "F": st.integers(1, 4),
        "HH": st.integers(1, 4),
        "WW": st.integers(1, 4),
        "OH": st.integers(1, 5),
        "OW": st.integers(1, 5),
        "stride": st.integers(1, 3),
        "pad": st.integers(0, 2),
    }
)


def sized(g):
    """Turn a geometry given by its output into one given by its input."""
    H = (g["OH"] - 1) * g["stride"] + g["HH"] - 2 * g["pad"]
    W = (g["OW"] - 1) * g["stride"] + g["WW"] - 2 * g["pad"]
    assume(H > 0 and W > 0)
    return {"N": g["N"], "C": g["C"], "H": H, "W": W, "F": g["F"], "HH": g["HH"], "WW": g["WW"]}


@settings(deadline=None)
@given(g=geometries, seed=st.integers(0, 9))
def test_col2im_is_the_adjoint_of_im2col(xp, g, seed):
    sizes = sized(g)
    x = np.random.default_rng(seed).standard_normal([sizes[k] for k in "NCHW"])
    window = g["HH"], g["WW"], g["stride"], g["pad"]
    cols = xp.to_host(im2col(xp.asarray(x), *window))
    assert cols.shape == (g["N"], g["C"] * g["HH"] * g["WW"], g["OH"] * g["OW"])
    y = np.random.default_rng(seed + 1).standard_normal(cols.shape)
    folded = xp.to_host(col2im(xp.asarray(y), x.shape, *window))
    assert np.isclose(np.sum(cols * y), np.sum(x * folded), atol=1e-9)


def test_columns_are_windows(xp, rng):
    x = rng.standard_normal((2, 3, 5, 6))
    cols = xp.to_host(im2col(xp.asarray(x), 2, 3, stride=1, pad=0))
    assert np.array_equal(cols[1, :, 1 * 4 + 2], x[1, :, 1:3, 2:5].ravel())


def test_col2im_rejects_columns_of_another_shape():
    with pytest.raises(ValueError, match=re.escape("cols must have shape (1, 4, 2)")):
        col2im(np.ones((1, 4, 3)), (1, 1, 2, 3), 2, 2)


# ---------------------------------------------------------------- algorithms


def run(name, x, w, b, conv_param, dout):
    forward, backward = ALGORITHMS[name]
    out, cache = forward(x, w, b, conv_param)
    return (out, *backward(dout, cache))


@settings(deadline=None)
@given(
    g=geometries,
    seed=st.integers(0, 9),
    dtype=st.sampled_from([np.float32, np.float64]),
    layout=st.sampled_from(["C", "F", "sliced", "reversed"]),
    block_bytes=st.sampled_from([1, 300, 2000, 2**20]),
    square=st.sampled_from([None, 3, 5]),
)
def test_all_algorithms_agree(g, seed, dtype, layout, block_bytes, square):
    if square:  # make Winograd take part in most of the runs
        g = g | {"HH": square, "WW": square, "stride": 1}
    rng = np.random.default_rng(seed)
    x, w, b = draw(rng, **sized(g), dtype=dtype)
    dout = rng.standard_normal((g["N"], g["F"], g["OH"], g["OW"])).astype(dtype)
    if layout == "F":
        x, w, dout = (np.asfortranarray(a) for a in (x, w, dout))
    elif layout == "sliced":
        x, dout = np.repeat(x, 2, axis=3)[..., ::2], np.repeat(dout, 2, axis=0)[::2]
    elif layout == "reversed":
        x, w, dout = x[:, ::-1], w[..., ::-1], dout[::-1]
    before = [a.copy() for a in (x, w, b, dout)]
    conv_param = param(g["stride"], g["pad"])
    expected = run("naive", x, w, b, conv_param, dout)
    scale = float(np.max(np.abs(x)) * np.max(np.abs(w)) * 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "BLOCK_BYTES", block_bytes)
        for name in ALGORITHMS:
            if name == "winograd" and not square:
                continue
            for actual, right in zip(run(name, x, w, b, conv_param, dout), expected, strict=True):
                close(actual, right, scale)
    for now, then in zip((x, w, b, dout), before, strict=True):
        assert np.array_equal(now, then)  # nothing was changed in place


class DirtyWorkspace(parallel.Workspace):
    """Its memory holds NaN whenever somebody takes it: what is not written first shows up."""

    def take(self, name, shape):
        array = super().take(name, shape)
        array[...] = np.nan
        return array


@settings(deadline=None)
@given(
    g=geometries,
    block_bytes=st.sampled_from([1, 2000, 2**20]),
    square=st.sampled_from([None, 3, 5]),
)
def test_what_a_workspace_held_before_does_not_matter(g, block_bytes, square):
    if square:
        g = g | {"HH": square, "WW": square, "stride": 1}
    name, module = ("winograd", conv_winograd) if square else ("blocked", conv_blocked)
    rng, conv_param = np.random.default_rng(0), param(g["stride"], g["pad"])
    x, w, b = draw(rng, **sized(g))
    dout = rng.standard_normal((g["N"], g["F"], g["OH"], g["OW"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "BLOCK_BYTES", block_bytes)
        expected = run(name, x, w, b, conv_param, dout)
        patch.setattr(module, "Workspace", DirtyWorkspace)
        for actual, right in zip(run(name, x, w, b, conv_param, dout), expected, strict=True):
            np.testing.assert_array_equal(actual, right)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["naive", "im2col", "conv_forward"])
def test_every_library_computes_the_same(xp, rng, name, dtype):
    x, w, b = draw(rng, H=5, W=7, WW=1, dtype=dtype)
    forward, backward = {**ALGORITHMS, "conv_forward": (conv.conv_forward, conv.conv_backward)}[
        name
    ]
    out, cache = forward(*(xp.asarray(a) for a in (x, w, b)), param(2, 1))
    expected, reference = conv.conv_forward_naive(x, w, b, param(2, 1))
    dout = rng.standard_normal(expected.shape).astype(dtype)
    grads = backward(xp.asarray(dout), cache)
    right = (expected, *conv.conv_backward_naive(dout, reference))
    for actual, should in zip((out, *grads), right, strict=True):
        assert xp.is_native(actual)
        close(xp.to_host(actual), should, 10.0)


@pytest.mark.parametrize(("C", "K"), [(3, 3), (16, 3), (3, 1)])
def test_a_first_layer_goes_without_dx(xp, rng, C, K):
    x, w, b = draw(rng, C=C, F=16, H=9, W=9, HH=K, WW=K)
    out, cache = conv.conv_forward(*(xp.asarray(a) for a in (x, w, b)), param(2))
    dout = xp.asarray(rng.standard_normal(out.shape))
    _, dw, db = conv.conv_backward(dout, cache)
    none, *grads = conv.conv_backward(dout, cache, need_dx=False)
    assert none is None
    for actual, should in zip(grads, (dw, db), strict=True):
        assert xp.is_native(actual)
        close(xp.to_host(actual), xp.to_host(should), 10.0)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(("pad", "K"), [(0, 3), (1, 3), (1, 5)])
def test_gradients_element_by_element(rng, name, pad, K):
    x, w, b = draw(rng, N=2, C=2, H=5, W=4, F=3, HH=K, WW=K)
    conv_param = param(1, pad)
    forward, backward = ALGORITHMS[name]
    out, cache = forward(x, w, b, conv_param)
    dout = rng.standard_normal(out.shape)
    for array, grad in zip((x, w, b), backward(dout, cache), strict=True):
        numerical = np.empty_like(array)
        for index in np.ndindex(array.shape):
            kept, values = array[index], []
            for step in (1e-3, -1e-3):
                array[index] = kept + step
                values.append(np.sum(forward(x, w, b, conv_param)[0] * dout))
            array[index] = kept
            numerical[index] = (values[0] - values[1]) / 2e-3
        np.testing.assert_allclose(grad, numerical, atol=1e-9)


@settings(deadline=None)
@given(g=geometries, seed=st.integers(0, 9))
def test_gradients_by_projection(xp, g, seed):
    """The convolution is linear in each argument, so one finite step gives the derivative."""
    rng = np.random.default_rng(seed)
    arrays = draw(rng, **sized(g))
    steps = draw(rng, **sized(g))
    conv_param = param(g["stride"], g["pad"])
    here, cache = conv.conv_forward(*(xp.asarray(a) for a in arrays), conv_param)
    here = xp.to_host(here)
    dout = rng.standard_normal(here.shape)
    grads = conv.conv_backward(xp.asarray(dout), cache)
    for k, (step, grad) in enumerate(zip(steps, grads, strict=True)):
        moved = [a + step if i == k else a for i, a in enumerate(arrays)]
        there = xp.to_host(conv.conv_forward(*(xp.asarray(a) for a in moved), conv_param)[0])
        assert np.isclose(np.sum((there - here) * dout), np.sum(step * xp.to_host(grad)), atol=1e-8)


# ---------------------------------------------------------------- metamorphic


@pytest.fixture(params=ALGORITHMS)
def forward(request):
    return ALGORITHMS[request.param][0]


def test_a_shifted_image_gives_a_shifted_output(forward, rng):
    x, w, b = draw(rng, H=9, W=9)
    out = forward(x, w, b, param())[0]
    shifted = forward(np.roll(x, (2, 1), axis=(2, 3)), w, b, param())[0]
    np.testing.assert_allclose(shifted[:, :, 2:, 1:], out[:, :, :-2, :-1], atol=1e-12)


def test_a_batch_is_its_images(forward, rng):
    x, w, b = draw(rng, N=5)
    whole = forward(x, w, b, param(pad=1))[0]
    parts = [forward(x[n : n + 1], w, b, param(pad=1))[0] for n in range(5)]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-12)


def test_permuted_filters_permute_the_output(forward, rng):
    x, w, b = draw(rng)
    order = rng.permutation(4)
    np.testing.assert_allclose(
        forward(x, w[order], b[order], param(pad=1))[0],
        forward(x, w, b, param(pad=1))[0][:, order],
        atol=1e-12,
    )


def test_permuted_channels_change_nothing(forward, rng):
    x, w, b = draw(rng)
    order = [2, 0, 1]
    np.testing.assert_allclose(
        forward(x[:, order], w[:, order], b, param())[0], forward(x, w, b, param())[0], atol=1e-12
    )


def test_padding_is_an_image_with_a_border_of_zeros(forward, rng):
    x, w, b = draw(rng)
    bordered = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    np.testing.assert_allclose(
        forward(x, w, b, param(pad=2))[0], forward(bordered, w, b, param())[0], atol=1e-12
    )


# ---------------------------------------------------------------- against PyTorch


@pytest.fixture(scope="module")
def torch_values():
    """Live values where PyTorch is installed, else the stored ones."""
    if importlib.util.find_spec("torch"):
        return made.torch_results()
    return dict(np.load(made.FIXTURE))


@pytest.mark.parametrize("case", made.CONVOLUTIONS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_convolution_agrees_with_torch(name, case, torch_values):
    *_, HH, WW, stride, pad = made.CONVOLUTIONS[case]
    inputs = made.convolution(case)
    if name == "winograd" and (HH, WW, stride) not in ((3, 3, 1), (5, 5, 1)):
        with pytest.raises(ValueError, match="needs 3x3 or 5x5 filters and stride 1"):
            ALGORITHMS[name][0](*inputs.values(), param(stride, pad))
        return
    dout = made.upstream(torch_values[f"conv/{case}/out"].shape)
    results = run(name, *inputs.values(), param(stride, pad), dout)
    for key, value in zip(("out", "dx", "dw", "db"), results, strict=True):
        np.testing.assert_allclose(value, torch_values[f"conv/{case}/{key}"], atol=1e-12)


def test_the_stored_values_are_those_of_torch():
    pytest.importorskip("torch", reason="PyTorch is not installed: the stored values are used")
    live, stored = made.torch_results(), np.load(made.FIXTURE)
    assert set(live) == set(stored)
    for key in live:
        np.testing.assert_allclose(live[key], stored[key], atol=1e-12)


# ---------------------------------------------------------------- cost, counted


class Counting:
    """A namespace that counts the multiply-adds of its matrix products."""

    def __init__(self, namespace):
        self.namespace, self.multiply_adds = namespace, []

    def __getattr__(self, name):
        return getattr(self.namespace, name)

    def matmul(self, a, b, **kwargs):
        result = self.namespace.matmul(a, b, **kwargs)
        self.multiply_adds.append(result.size * a.shape[-1])
        return result


def products(monkeypatch, name, x, w, b, conv_param):
    counting = Counting(np)
    module = {"blocked": conv_blocked, "winograd": conv_winograd}[name]
    monkeypatch.setattr(module, "np", counting)
    ALGORITHMS[name][0](x, w, b, conv_param)
    return counting.multiply_adds


def test_cost_grows_as_the_theory_says(monkeypatch, rng):
    """Multiply-adds N F C HH WW OH OW: exponent 2 in the edge of the image, 2 in the filter's.

    With padding the columns that are dropped add up to 9 % in the smallest case; 0.1 is less than
    what a cost of another power would differ by.
    """
    for what, sizes, exponent in (
        ("N", (2, 4, 8), 1),
        ("C", (2, 4, 8), 1),
        ("F", (2, 4, 8), 1),
        ("edge", (23, 46, 92), 2),
        ("filter", (1, 3, 9), 2),
    ):
        counts = []
        for size in sizes:
            edge = size if what == "edge" else 70
            f = size if what == "filter" else 3
            one = {"N": 2, "C": 2, "F": 2} | ({what: size} if what in "NCF" else {})
            x, w, b = draw(rng, **one, H=edge, W=edge, HH=f, WW=f)
            counts.append(sum(products(monkeypatch, "blocked", x, w, b, param(1, f // 2))))
            assert 1 <= counts[-1] / (np.prod(x.shape) * w[:, 0].size) <= 1.13
        slopes = np.diff(np.log(counts)) / np.diff(np.log(sizes))
        np.testing.assert_allclose(slopes, exponent, atol=0.1 if exponent == 2 else 1e-12)


@pytest.mark.parametrize("K", [2, *conv_winograd.SIZES])
def test_winograds_matrices_slide_a_filter_along_a_tile(rng, K):
    B, G, A = conv_winograd.cook_toom(conv_winograd.POINTS, K)
    assert (B.shape, G.shape, A.shape) == ((6, 6), (6, K), (7 - K, 6))
    d, g = rng.standard_normal(6), rng.standard_normal(K)
    np.testing.assert_allclose(A @ (G @ g * (B @ d)), np.correlate(d, g, "valid"), atol=1e-12)


@pytest.mark.parametrize(("K", "definition"), [(3, 144), (5, 100)])
def test_winograd_multiplies_for_each_pixel_of_a_tile(monkeypatch, rng, K, definition):
    x, w, b = draw(rng, N=1, C=6, H=8, W=8, F=5, HH=K, WW=K)
    transform_in, main, transform_out = products(monkeypatch, "winograd", x, w, b, param(1, K // 2))
    step = 7 - K
    down, across = 8 // step, 8 // step + 5 // step  # with the tiles that wrap round
    assert main == 36 * 5 * 6 * down * across
    assert transform_in == 36**2 * 6 * down * across
    assert transform_out == step**2 * 36 * 5 * down * across
    # Without the tiles that are dropped: 36 products for 144 or 100.
    assert main * definition * down == 8 * 8 * K * K * 5 * 6 * 36 * across


# ---------------------------------------------------------------- choice and errors


@pytest.mark.parametrize(
    ("w_shape", "stride", "name"),
    [
        ((64, 32, 3, 3), 1, "winograd"),
        ((64, 32, 3, 3), 2, "blocked"),
        ((64, 3, 3, 3), 1, "blocked"),
        ((3, 64, 3, 3), 1, "blocked"),
        ((64, 64, 5, 5), 1, "winograd"),
        ((64, 15, 5, 5), 1, "blocked"),
        ((16, 16, 3, 3), 1, "winograd"),
        ((64, 64, 3, 1), 1, "blocked"),
        ((64, 64, 7, 7), 1, "blocked"),
    ],
)
def test_the_algorithm_is_chosen_by_shape(w_shape, stride, name):
    geometry = lay_out((1, w_shape[1], 9, 9), w_shape, param(stride))
    assert conv.choose_algorithm(geometry).name == name
    assert conv.choose_algorithm(replace(geometry, is_numpy=False)).name == "im2col"
    assert conv.choose_algorithm(geometry, need_dx=False).name == "blocked"


def test_the_choice_is_what_runs(monkeypatch, rng):
    """The arguments are checked once, at the door: the algorithm gets a geometry, both ways."""
    x, w, b = draw(rng, C=conv_winograd.LEAST_CHANNELS, F=conv_winograd.LEAST_CHANNELS)
    geometry = geometry_of(x, w, b, param())
    fake = Algorithm("fake", lambda g: True, lambda *a: ("forward", a), lambda *a: a, skips_dx=True)
    monkeypatch.setattr(conv, "PREFERENCE", (fake, *conv.PREFERENCE))
    assert conv.conv_forward(x, w, b, param()) == ("forward", (x, w, b, geometry))
    for known in (param(), geometry):
        cache = (x, w, b, known)
        assert conv.conv_backward(b, cache, need_dx=False) == (b, (x, w, b, geometry), False)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_can_be_asked_for(name, rng, monkeypatch):
    x, w, b = draw(rng)
    called = []
    for algorithm in conv.PREFERENCE:
        spied = replace(
            algorithm,
            forward=lambda *a, own=algorithm: called.append(own.name) or own.forward(*a),
            backward=lambda *a, own=algorithm: called.append(own.name) or own.backward(*a),
        )
        monkeypatch.setattr(
            conv, "PREFERENCE", tuple(spied if a is algorithm else a for a in conv.PREFERENCE)
        )
    out, cache = conv.conv_forward(x, w, b, param() | {"algorithm": name})
    grads = conv.conv_backward(out, cache)
    assert called == [name] * 2
    for actual, expected in zip(grads, run("naive", x, w, b, param(), out)[1:], strict=True):
        close(actual, expected, 10.0)
    assert conv.conv_backward(out, cache, need_dx=False)[0] is None


def test_an_unknown_algorithm_is_named(rng):
    message = "no algorithm is called 'fft'; there are naive, im2col, blocked, winograd"
    with pytest.raises(ValueError, match=message):
        conv.conv_forward(*draw(rng), param() | {"algorithm": "fft"})


@settings(deadline=None)
@given(g=geometries, more=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_an_incomplete_last_window_can_be_dropped(g, more):
    """Pixels in no window change nothing and get no gradient."""
    more = [min(extra, g["stride"] - 1) for extra in more]
    rng, conv_param = np.random.default_rng(0), param(g["stride"], g["pad"])
    x, w, b = draw(rng, **sized(g))
    H, W = x.shape[2:]
    wide = rng.standard_normal((*x.shape[:2], H + more[0], W + more[1]))
    dout = rng.standard_normal((g["N"], g["F"], g["OH"], g["OW"]))
    frame = ((0, 0), (0, 0), (g["pad"],) * 2, (g["pad"],) * 2)
    padded = np.pad(wide, frame)[:, :, : H + 2 * g["pad"], : W + 2 * g["pad"]]
    out, dpadded, dw, db = run("naive", padded, w, b, param(g["stride"]), dout)
    dx = np.pad(dpadded, ((0, 0), (0, 0), (0, more[0]), (0, more[1])))
    dx = dx[:, :, g["pad"] : g["pad"] + wide.shape[2], g["pad"] : g["pad"] + wide.shape[3]]
    for name in ("naive", "im2col", "blocked"):
        floored = run(name, wide, w, b, conv_param | {"floor": True}, dout)
        for actual, expected in zip(floored, (out, dx, dw, db), strict=True):
            close(actual, expected, 10.0)


@pytest.mark.parametrize("name", NUMPY_ONLY)
def test_fast_algorithms_say_that_they_need_numpy(name, rng):
    strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    x, w, b = (strict.asarray(a) for a in draw(rng))
    with pytest.raises(TypeError, match="works on NumPy arrays, got Array; conv_forward"):
        ALGORITHMS[name][0](x, w, b, param())


@pytest.mark.parametrize("channels", [1, 16])
def test_no_images_give_no_outputs_and_no_gradient(xp, channels):
    x, w, b = (xp.asarray(np.ones(s)) for s in ((0, channels, 6, 6), (16, channels, 3, 3), 16))
    out, cache = conv.conv_forward(x, w, b, param(1, 1))
    assert out.shape == (0, 16, 6, 6)
    dx, dw, db = conv.conv_backward(out, cache)
    assert dx.shape == x.shape
    for grad, like in ((dw, w), (db, b)):
        np.testing.assert_array_equal(xp.to_host(grad), np.zeros(like.shape))


@pytest.mark.parametrize("name", NUMPY_ONLY)
def test_what_works_in_blocks_says_that_it_needs_images(name):
    with pytest.raises(ValueError, match="needs at least one image, got none; conv_forward"):
        ALGORITHMS[name][0](np.ones((0, 1, 6, 6)), np.ones((2, 1, 3, 3)), np.ones(2), param(1, 1))


def test_only_winograd_spreads_a_pixel_beyond_the_windows_that_see_it():
    """What `conv_forward_winograd` says of itself, and the way out that it names."""
    x, w, b = np.ones((1, 16, 8, 8), np.float32), np.ones((16, 16, 3, 3), np.float32), np.zeros(16)
    seen = np.zeros((8, 8), bool)
    seen[:2, :2] = True  # the windows that hold the first pixel
    reach = np.zeros((8, 8), bool)
    reach[:4, :4] = True  # its tile
    right, _ = conv.conv_forward_naive(x, w, b.astype(np.float32), param(1, 1))
    for spoilt in (1e12, np.inf, np.nan):
        x[0, 0, 0, 0] = spoilt
        for name in ALGORITHMS:
            with np.errstate(invalid="ignore"):
                out, _ = ALGORITHMS[name][0](x, w, b.astype(np.float32), param(1, 1))
            wrong = ~(np.abs(out - right) < 1)[0].all(axis=0)
            np.testing.assert_array_equal(wrong, reach if name == "winograd" else seen)


@pytest.mark.parametrize("forward", [f for f, _ in ALGORITHMS.values()] + [conv.conv_forward])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": np.ones((3, 6, 5))}, ValueError, "x must have shape (N, C, H, W), got (3, 6, 5)"),
        ({"x": np.ones((2, 3, 0, 5))}, ValueError, "x must not be empty"),
        ({"x": np.ones((2, 3, 6, 5), int)}, TypeError, "expected float32 or float64, got int64"),
        ({"x": np.ones((2, 3, 6, 5), np.float32)}, TypeError, "expected one dtype"),
        ({"x": np.ones((2, 2, 6, 5))}, ValueError, "x has 2 channels but each filter in w has 3"),
        ({"w": np.ones((4, 3, 3))}, ValueError, "w must have shape (F, C, HH, WW)"),
        ({"b": np.ones(3)}, ValueError, "w has 4 filters but b has 3 biases"),
        ({"b": np.ones((4, 1))}, ValueError, "b must have shape (F)"),
        (
            {"conv_param": {"stride": 1}},
            ValueError,
            "the keys ['stride', 'pad'] and may have",
        ),
        ({"conv_param": param() | {"dilation": 2}}, ValueError, "must have the keys"),
        ({"conv_param": param(2, 0)}, ValueError, "is not a whole number"),
    ],
)
def test_bad_input_is_rejected(forward, change, error, message, rng):
    x, w, b = draw(rng)
    arguments = {"x": x, "w": w, "b": b, "conv_param": param()} | change
    with pytest.raises(error, match=re.escape(message)):
        forward(**arguments)


def test_a_list_is_not_an_array(rng):
    _, w, b = draw(rng)
    with pytest.raises(TypeError, match="expected an array, got list"):
        conv.conv_forward([[1.0]], w, b, param())


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(
    ("dout", "error", "message"),
    [
        (np.ones((2, 4, 4, 2)), ValueError, "dout must have the shape of the output, (2, 4, 4, 3)"),
        (np.ones((2, 4, 4, 3), np.float32), TypeError, "expected one dtype"),
    ],
)
def test_a_wrong_upstream_gradient_is_rejected(name, dout, error, message, rng):
    forward, backward = ALGORITHMS[name]
    _, cache = forward(*draw(rng), param())
    with pytest.raises(error, match=re.escape(message)):
        backward(dout, cache)


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("name", ["blocked", "winograd"])
def test_threads_change_no_convolution(rng, name, three_threads):
    x, w, b = draw(rng, N=7, C=17, F=18, H=40, W=41)
    dout = rng.standard_normal((7, 18, 40, 41))
    expected = run("im2col", x, w, b, param(pad=1), dout)
    for ours, theirs in zip(run(name, x, w, b, param(pad=1), dout), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_results_are_the_same_on_every_run(rng):
    x, w, b = draw(rng, N=9, C=16, F=16, dtype=np.float32)
    dout = rng.standard_normal((9, 16, 6, 5)).astype(np.float32)
    first, second = (run("winograd", x, w, b, param(pad=1), dout) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
