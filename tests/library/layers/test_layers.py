"""Layers and normalisation: values, gradients, modes, and every wrong argument."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from cs231n_lib import _parallel as parallel
from cs231n_lib import layers as L
from cs231n_lib._arguments import is_training
from cs231n_lib._checks import check_upstream
from cs231n_lib.backend import asarray_like
from cs231n_lib.gradients.numerical import check_gradient, check_projection
from cs231n_lib.layers import normalization as B

FIXTURES = Path(__file__).parents[1] / "fixtures"
TORCH = np.load(FIXTURES / "torch_layers.npz")
KEEP_HALF = {"mode": "train", "keep_prob": 0.5}


def dropout(x):
    return L.dropout_forward(x, KEEP_HALF, np.random.default_rng(5))


def batchnorm_test(x, gamma, beta):
    """Batch normalisation at test time, with running averages of 3 features."""
    forward = B.batchnorm_forward if x.ndim == 2 else B.spatial_batchnorm_forward
    running = {
        "running_mean": asarray_like(np.array([0.5, -0.3, 0.1]), x, dtype=x.dtype),
        "running_var": asarray_like(np.array([2.0, 0.4, 1.1]), x, dtype=x.dtype),
    }
    return forward(x, gamma, beta, {"mode": "test", **running})


# name: forward(*inputs), backward, shapes of the inputs, name of the inputs' gradients
LAYERS = {
    "affine": (L.affine_forward, L.affine_backward, [(3, 2, 4), (8, 5), (5,)]),
    "relu": (L.relu_forward, L.relu_backward, [(4, 5)]),
    "leaky_relu": (lambda x: L.leaky_relu_forward(x, 0.2), L.leaky_relu_backward, [(4, 5)]),
    "sigmoid": (L.sigmoid_forward, L.sigmoid_backward, [(4, 5)]),
    "tanh": (L.tanh_forward, L.tanh_backward, [(2, 3, 2)]),
    "dropout": (dropout, L.dropout_backward, [(4, 5)]),
    "batchnorm": (
        lambda x, g, b: B.batchnorm_forward(x, g, b, {"mode": "train"}),
        B.batchnorm_backward,
        [(5, 3), (3,), (3,)],
    ),
    "batchnorm_test": (batchnorm_test, B.batchnorm_backward, [(5, 3), (3,), (3,)]),
    "spatial_batchnorm": (
        lambda x, g, b: B.spatial_batchnorm_forward(x, g, b, {"mode": "train"}),
        B.spatial_batchnorm_backward,
        [(2, 3, 4, 5), (3,), (3,)],
    ),
    "spatial_batchnorm_test": (
        batchnorm_test,
        B.spatial_batchnorm_backward,
        [(2, 3, 4, 5), (3,), (3,)],
    ),
    "layernorm": (B.layernorm_forward, B.layernorm_backward, [(4, 6), (6,), (6,)]),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def inputs_of(name, xp, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [xp.asarray(rng.standard_normal(s).astype(dtype)) for s in LAYERS[name][2]]


def as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


@each_layer
def test_gradients(xp, name, rng):
    """Elementwise and by projection, of sum(out * dout) with respect to every input."""
    forward, backward, _ = LAYERS[name]
    inputs = inputs_of(name, xp)
    out, cache = forward(*inputs)
    dout = xp.asarray(rng.standard_normal(out.shape))
    grads = as_tuple(backward(dout, cache))
    assert len(grads) == len(inputs)
    for i, (x, grad) in enumerate(zip(inputs, grads, strict=True)):

        def objective(value, i=i):
            changed, _ = forward(*[value if j == i else x for j, x in enumerate(inputs)])
            return float(np.sum(xp.to_host(changed) * xp.to_host(dout)))

        assert check_gradient(objective, x, grad, num=20, rng=rng, h=1e-5)
    assert check_projection(
        lambda *values: forward(*values)[0], inputs, lambda d: backward(d, cache), rng=rng, h=1e-5
    )


@each_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_shapes_and_arguments_are_kept(xp, name, dtype):
    forward, backward, _ = LAYERS[name]
    inputs = inputs_of(name, xp, dtype)
    before = [xp.to_host(x).copy() for x in inputs]
    out, cache = forward(*inputs)
    dout = xp.asarray(np.full(out.shape, 0.25, dtype=dtype))
    grads = as_tuple(backward(dout, cache))
    for x, grad in zip(inputs, grads, strict=True):
        assert xp.to_host(grad).dtype == dtype
        assert grad.shape == x.shape
    assert xp.to_host(out).dtype == dtype
    np.testing.assert_array_equal(xp.to_host(dout), 0.25)  # dout is not changed in place
    for x, was in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(xp.to_host(x), was)


@each_layer
def test_backward_rejects_another_upstream_gradient(name, xp):
    forward, backward, _ = LAYERS[name]
    out, cache = forward(*inputs_of(name, xp))
    dout = np.ones((*out.shape[:-1], out.shape[-1] + 1))
    with pytest.raises(ValueError, match="dout must have the shape of the output"):
        backward(xp.asarray(dout), cache)
    with pytest.raises(TypeError, match="expected one dtype"):
        backward(xp.asarray(np.ones(out.shape, dtype=np.float32)), cache)


@each_layer
def test_forward_rejects_integers_and_lists(name):
    forward, _, shapes = LAYERS[name]
    parameters = [np.ones(s) for s in shapes[1:]]
    with pytest.raises(TypeError, match="expected float32 or float64, got int64"):
        forward(np.ones(shapes[0], dtype=np.int64), *parameters)
    with pytest.raises((TypeError, AttributeError)):
        forward([[1.0]], *parameters)


@each_layer
def test_layout_does_not_matter(name):
    forward, backward, shapes = LAYERS[name]
    inputs = [np.random.default_rng(1).standard_normal(s) for s in shapes]
    twisted = [np.asfortranarray(np.repeat(x, 2, axis=-1))[..., ::2] for x in inputs]
    (out, cache), (other, other_cache) = forward(*inputs), forward(*twisted)
    np.testing.assert_allclose(other, out, rtol=1e-12, atol=1e-14)
    dout = np.random.default_rng(2).standard_normal(out.shape)
    grads = as_tuple(backward(dout, cache))
    others = as_tuple(backward(np.asfortranarray(dout), other_cache))
    for grad, changed in zip(grads, others, strict=True):
        np.testing.assert_allclose(changed, grad, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", [n for n in LAYERS if not n.endswith("_test") and n != "dropout"])
def test_agrees_with_pytorch(xp, name):
    forward, backward, _ = LAYERS[name]
    names = {"affine": "xwb"}.get(name, "x" if f"{name}/gamma" not in TORCH else None)
    names = names or ("x", "gamma", "beta")
    out, cache = forward(*(xp.asarray(TORCH[f"{name}/{n}"]) for n in names))
    np.testing.assert_allclose(xp.to_host(out), TORCH[f"{name}/out"], rtol=1e-9, atol=1e-12)
    grads = as_tuple(backward(xp.asarray(TORCH[f"{name}/dout"]), cache))
    for n, grad in zip(names, grads, strict=True):
        np.testing.assert_allclose(xp.to_host(grad), TORCH[f"{name}/d{n}"], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_running_averages_agree_with_pytorch(xp, name):
    x, gamma, beta, dout = (
        xp.asarray(TORCH[f"{name}/{n}"]) for n in ("x", "gamma", "beta", "dout")
    )
    forward, backward = getattr(B, f"{name}_forward"), getattr(B, f"{name}_backward")
    zeros, ones = xp.asarray(np.zeros(3)), xp.asarray(np.ones(3))
    param = {"mode": "train", "momentum": 0.9, "running_mean": zeros, "running_var": ones}
    forward(x, gamma, beta, param)
    np.testing.assert_array_equal(xp.to_host(zeros), 0)  # replaced, not changed in place
    for which in ("running_mean", "running_var"):
        np.testing.assert_allclose(xp.to_host(param[which]), TORCH[f"{name}/{which}"], rtol=1e-9)
    fresh = {"mode": "train"}
    forward(x, gamma, beta, fresh)  # without averages they start at 0 and 1
    np.testing.assert_allclose(
        xp.to_host(fresh["running_var"]), TORCH[f"{name}/running_var"], rtol=1e-9
    )
    out, cache = forward(x, gamma, beta, param | {"mode": "test"})
    np.testing.assert_allclose(xp.to_host(out), TORCH[f"{name}/test_out"], rtol=1e-9, atol=1e-12)
    dx, _, _ = backward(dout, cache)
    np.testing.assert_allclose(xp.to_host(dx), TORCH[f"{name}/test_dx"], rtol=1e-9, atol=1e-12)


def test_stored_values_are_those_of_the_installed_pytorch(tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed (extra `bench`); the stored values were compared")
    script = FIXTURES / "make_torch_fixtures.py"
    subprocess.run([sys.executable, script, tmp_path / "now.npz"], check=True)
    now = np.load(tmp_path / "now.npz")
    assert set(now.files) == set(TORCH.files)
    for name in set(now.files) - {"torch_version"}:
        np.testing.assert_allclose(now[name], TORCH[name], rtol=1e-9, atol=1e-12, err_msg=name)


@given(array_shapes(min_dims=1, max_dims=4, max_side=4), st.sampled_from(["float32", "float64"]))
def test_elementwise_layers_take_any_shape(shape, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for name in ("relu", "leaky_relu", "sigmoid", "tanh", "dropout"):
        forward, backward, _ = LAYERS[name]
        out, cache = forward(x)
        dx = backward(out, cache)
        assert out.shape == dx.shape == shape
        assert out.dtype == dx.dtype == dtype


@given(array_shapes(min_dims=1, max_dims=4, max_side=4), st.integers(1, 4))
def test_affine_flattens_any_shape(shape, outputs):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    w, b = rng.standard_normal((int(np.prod(shape[1:])), outputs)), rng.standard_normal(outputs)
    out, cache = L.affine_forward(x, w, b)
    np.testing.assert_allclose(out, np.einsum("nd,dm->nm", x.reshape(len(x), -1), w) + b)
    dx, dw, db = L.affine_backward(out, cache)
    assert (dx.shape, dw.shape, db.shape) == (x.shape, w.shape, b.shape)


def test_the_first_affine_layer_makes_no_dx(monkeypatch):
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((3, 2, 4)), rng.standard_normal((3, 5))
    params = {"W": rng.standard_normal((8, 5)), "b": rng.standard_normal(5)}
    layer = L.FC(5)
    _, cache, _ = layer.forward(x, params, {}, "train", rng)
    dx, grads = layer.backward(dout, cache, need_dx=True)
    assert dx.shape == x.shape
    monkeypatch.delattr("cs231n_lib.layers.affine.affine_backward")
    none, alone = layer.backward(dout, cache, need_dx=False)
    assert none is None
    assert alone.keys() == grads.keys() == {"W", "b"}
    assert all(np.array_equal(alone[name], grads[name]) for name in grads)


def test_affine_of_an_empty_batch():
    out, cache = L.affine_forward(np.ones((0, 2, 3)), np.ones((6, 4)), np.ones(4))
    assert out.shape == (0, 4)
    assert [g.shape for g in L.affine_backward(out, cache)] == [(0, 2, 3), (6, 4), (4,)]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3), (4, 5), (5,)), "with 4 numbers an example"),
        (((2, 3), (3,), (5,)), r"w of shape \(D, M\)"),
        (((2, 3), (), (5,)), r"with \? numbers an example and w of shape \(D, M\)"),
        (((), (1, 5), (5,)), r"expected x of shape \(N, ...\)"),
        (((2, 3), (3, 5), (4,)), r"expected b of shape \(5,\), got \(4,\)"),
        (((2, 3), (3, 5), (1, 5)), r"expected b of shape \(5,\)"),
    ],
)
def test_affine_rejects_wrong_shapes(shapes, message):
    with pytest.raises(ValueError, match=message):
        L.affine_forward(*(np.ones(s) for s in shapes))


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("name", ["affine", "batchnorm", "spatial_batchnorm", "layernorm"])
def test_all_inputs_must_have_one_dtype_and_library(name, wrong):
    forward, _, shapes = LAYERS[name]
    strict = pytest.importorskip("array_api_strict")
    inputs = [np.ones(s) for s in shapes]
    for other, message in (
        (inputs[wrong].astype(np.float32), "expected one dtype"),
        (strict.asarray(inputs[wrong]), "different libraries"),
    ):
        with pytest.raises(TypeError, match=message):
            forward(*(other if i == wrong else x for i, x in enumerate(inputs)))


def test_relu_at_its_kink_and_with_nan():
    x = np.array([-1.0, 0.0, 2.0, np.nan])
    out, cache = L.relu_forward(x)
    np.testing.assert_array_equal(out, [0, 0, 2, np.nan])
    np.testing.assert_array_equal(L.relu_backward(np.full(4, 3.0), cache), [0, 0, 3, 0])


def test_leaky_relu_by_hand():
    x = np.array([-2.0, 0.0, 3.0])
    out, cache = L.leaky_relu_forward(x)
    np.testing.assert_allclose(out, [-0.02, 0, 3])
    np.testing.assert_allclose(L.leaky_relu_backward(np.ones(3), cache), [0.01, 0.01, 1])
    narrow = x.astype(np.float32)
    assert L.leaky_relu_forward(narrow, np.float64(0.1))[0].dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_and_tanh_are_stable(xp, dtype):
    big = np.finfo(np.float32).max
    x = xp.asarray(np.array([-big, -80.0, 0.0, 80.0, big], dtype=dtype))
    s, cache = L.sigmoid_forward(x)
    np.testing.assert_allclose(xp.to_host(s), [0, np.exp(-80), 0.5, 1, 1], rtol=1e-5)
    ds = L.sigmoid_backward(xp.asarray(np.ones(5, dtype=dtype)), cache)
    np.testing.assert_allclose(xp.to_host(ds), [0, np.exp(-80), 0.25, 0, 0], rtol=1e-5, atol=1e-30)
    t, _ = L.tanh_forward(x)
    np.testing.assert_array_equal(xp.to_host(t), [-1, -1, 0, 1, 1])


def test_dropout_keeps_the_expectation(xp):
    x = xp.asarray(np.ones(20_000, dtype=np.float32))
    for keep_prob in (0.3, 0.8):
        out, cache = L.dropout_forward(
            x, {"mode": "train", "keep_prob": keep_prob}, np.random.default_rng(0)
        )
        host = xp.to_host(out)
        assert set(np.unique(host)) == {np.float32(0), np.float32(1) / np.float32(keep_prob)}
        assert host.mean() == pytest.approx(1, abs=0.03)
        dx = L.dropout_backward(x, cache)
        np.testing.assert_array_equal(xp.to_host(dx), host)


def test_dropout_draws_the_same_mask_everywhere(xp):
    def mask(where):
        x = where.asarray(np.ones((3, 4))) if where else np.ones((3, 4))
        return L.dropout_forward(x, KEEP_HALF, np.random.default_rng(1))[0]

    np.testing.assert_array_equal(xp.to_host(mask(xp)), mask(None))


def test_dropout_at_test_time_and_without_drops():
    x = np.arange(4.0)
    out, cache = L.dropout_forward(x, {"mode": "test", "keep_prob": 0.1})
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(L.dropout_backward(x, cache), x)
    kept, _ = L.dropout_forward(x, {"mode": "train", "keep_prob": 1}, np.random.default_rng(0))
    np.testing.assert_array_equal(kept, x)


@pytest.mark.parametrize("keep_prob", [0, -0.1, 1.1, np.nan])
def test_dropout_rejects_impossible_probabilities(keep_prob):
    with pytest.raises(ValueError, match="keep_prob must be above 0 and at most 1"):
        L.dropout_forward(np.ones(2), {"mode": "test", "keep_prob": keep_prob})


def test_dropout_needs_a_generator_in_training():
    with pytest.raises(TypeError, match=r"^dropout in training needs rng=numpy"):
        L.dropout_forward(np.ones(2), KEEP_HALF)


def test_modes():
    assert is_training("train")
    with pytest.raises(ValueError, match="mode must be 'train' or 'test', got 'eval'"):
        is_training("eval")


def test_upstream_check_accepts_what_fits():
    check_upstream(np.ones(2), (2,), np.ones(2))


def test_batchnorm_normalises():
    x = np.random.default_rng(0).normal(5, 3, size=(50, 4))
    out, _ = B.batchnorm_forward(x, np.full(4, 2.0), np.full(4, 7.0), {"mode": "train", "eps": 0.0})
    np.testing.assert_allclose(out.mean(axis=0), 7)
    np.testing.assert_allclose(out.std(axis=0), 2)


@pytest.mark.parametrize("mean", [1e3, 1e4, 1e5])
@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm", "layernorm"])
def test_far_from_zero_normalisation_is_as_exact_as_near_it(xp, name, mean):
    """A mean rounded to float32 would be off by up to 4e-3 at 1e5."""
    x, gamma, beta = (xp.to_host(array) for array in inputs_of(name, xp, "float32"))
    x += np.float32(mean)
    forward = LAYERS[name][0]
    exact = forward(*(array.astype(np.float64) for array in (x, gamma, beta)))[0]
    out = xp.to_host(forward(*map(xp.asarray, (x, gamma, beta)))[0])
    np.testing.assert_allclose(out, exact, rtol=0, atol=3e-6)


def test_batchnorm_of_one_value_far_from_zero_is_beta():
    x = np.full((7, 2), 123456.7, np.float32)
    gamma, beta = np.ones(2, np.float32), np.array([3.0, -1.0], np.float32)
    out, _ = B.batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": 1e-5})
    np.testing.assert_allclose(out, np.tile(beta, (7, 1)), atol=1e-5)


def test_batchnorm_eps_is_inside_the_root():
    x = np.array([[-1.0], [1.0]])
    for eps, expected in ((3.0, 0.5), (0.0, 1.0)):
        for forward in (B.batchnorm_forward, B.layernorm_forward):
            data = x if forward is B.batchnorm_forward else x.T
            gamma = np.ones(data.shape[1])
            mode = {"mode": "train"} if forward is B.batchnorm_forward else {}
            out, _ = forward(data, gamma, 0 * gamma, {**mode, "eps": eps})
            np.testing.assert_allclose(np.abs(out), expected)
    running = {"running_mean": np.zeros(1), "running_var": np.ones(1)}
    out, _ = B.batchnorm_forward(
        x, np.ones(1), np.zeros(1), {"mode": "test", "eps": 3.0, **running}
    )
    np.testing.assert_allclose(out, 0.5 * x)


def test_default_eps():
    tiny = np.array([[0.0], [2e-3]])  # variance 1e-6, a tenth of eps
    expected = 1e-3 / np.sqrt(1.1e-5)
    out, _ = B.batchnorm_forward(tiny, np.ones(1), np.zeros(1), {"mode": "train"})
    np.testing.assert_allclose(out[:, 0], [-expected, expected])
    out, _ = B.layernorm_forward(tiny.T, np.ones(2), np.zeros(2))
    np.testing.assert_allclose(out[0], [-expected, expected])


def test_batchnorm_of_one_example():
    param = {"mode": "train"}
    out, cache = B.batchnorm_forward(np.array([[3.0]]), np.ones(1), np.full(1, 0.5), param)
    assert out.tolist() == [[0.5]]
    assert param["running_var"].tolist() == [0.9]
    dx, dgamma, dbeta = B.batchnorm_backward(np.ones((1, 1)), cache)
    assert (dx.tolist(), dgamma.tolist(), dbeta.tolist()) == ([[0.0]], [0.0], [1.0])


def test_spatial_batchnorm_is_batchnorm_over_all_positions():
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3])
    out, _ = B.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    flat, _ = B.batchnorm_forward(
        x.transpose(0, 2, 3, 1).reshape(-1, 3), gamma, beta, {"mode": "train"}
    )
    np.testing.assert_allclose(out, flat.reshape(2, 4, 5, 3).transpose(0, 3, 1, 2))


@pytest.mark.parametrize("missing", ["running_mean", "running_var"])
def test_batchnorm_at_test_time_needs_running_averages(missing):
    param = {"mode": "test", "running_mean": np.zeros(2), "running_var": np.ones(2)}
    del param[missing]
    with pytest.raises(ValueError, match="train first"):
        B.batchnorm_forward(np.ones((3, 2)), np.ones(2), np.zeros(2), param)


@pytest.mark.parametrize(
    ("forward", "ndim", "form"),
    [
        (B.batchnorm_forward, 3, r"\(N, D\)"),
        (B.layernorm_forward, 3, r"\(N, D\)"),
        (B.spatial_batchnorm_forward, 2, r"\(N, C, H, W\)"),
    ],
)
def test_normalisation_rejects_wrong_dimensions(forward, ndim, form):
    with pytest.raises(ValueError, match=f"expected x of shape {form}"):
        forward(np.ones((2,) * ndim), np.ones(2), np.ones(2), {"mode": "train"})


@pytest.mark.parametrize(
    ("forward", "param"), [(B.batchnorm_forward, {"mode": "train"}), (B.layernorm_forward, {})]
)
def test_normalisation_rejects_wrong_parameters(forward, param):
    x, right, wrong = np.ones((2, 3)), np.ones(3), np.ones(2)
    for arguments in ((x, wrong, right), (x, right, wrong)):
        with pytest.raises(ValueError, match=r"gamma and beta of shape \(3,\)"):
            forward(*arguments, param)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epsilon": 1}, ValueError, r"must have the keys \['mode'\] and may have \['eps'"),
        ({"mode": None}, ValueError, "mode must be 'train' or 'test', got None"),
        ({"eps": -1}, ValueError, "eps must be a finite number, 0 or more, got -1"),
        ({"eps": "small"}, TypeError, "eps must be a number, got 'small'"),
        ({"momentum": 5}, ValueError, "momentum must be a finite number, 0 to 1, got 5"),
        ({"running_mean": np.zeros((7, 3))}, ValueError, r"running_mean of shape \(3,\)"),
        ({"running_var": np.ones(3, np.float32)}, TypeError, "one dtype, got float64 and float32"),
    ],
)
@pytest.mark.parametrize("mode", ["train", "test"])
def test_batchnorm_rejects_what_is_wrong_in_its_dictionary(mode, change, error, message):
    running = {"running_mean": np.zeros(3), "running_var": np.ones(3)}
    param = {"mode": mode, **running, **change}
    before = dict(param)
    with pytest.raises(error, match=message):
        B.batchnorm_forward(np.ones((2, 3)), np.ones(3), np.ones(3), param)
    assert param == before


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda x: B.batchnorm_forward(x, x[0], x[0], {}), "bn_param must have the keys"),
        (lambda x: B.batchnorm_forward(x, x[0], x[0], "train"), "bn_param must be a dictionary"),
        (lambda x: B.layernorm_forward(x, x[0], x[0], {"epsilon": 1}), "ln_param must have the"),
        (lambda x: B.layernorm_forward(x, x[0], x[0], {"eps": -1}), "eps must be"),
        (lambda x: L.dropout_forward(x, {"mode": "test"}), "dropout_param must have the keys"),
        (lambda x: L.dropout_forward(x, {**KEEP_HALF, "p": 0.5}), "dropout_param must have"),
    ],
)
def test_other_dictionaries_are_checked_too(run, message):
    with pytest.raises((TypeError, ValueError), match=message):
        run(np.ones((2, 3)))


def test_a_batch_of_no_examples_goes_through_and_does_not_train_a_normalisation(xp):
    x, w = xp.asarray(np.ones((0, 3))), xp.asarray(np.ones((3, 3)))
    b = w[0, :]
    running = {"running_mean": b, "running_var": b}
    for out, cache, back in (
        (*L.affine_forward(x, w, b), L.affine_backward),
        (*L.relu_forward(x), L.relu_backward),
        (*L.dropout_forward(x, KEEP_HALF, np.random.default_rng(0)), L.dropout_backward),
        (*B.layernorm_forward(x, b, b), B.layernorm_backward),
        (*B.batchnorm_forward(x, b, b, {"mode": "test", **running}), B.batchnorm_backward),
    ):
        assert out.shape == x.shape
        assert as_tuple(back(out, cache))[0].shape == x.shape
    with pytest.raises(ValueError, match="cannot train on a batch of no examples"):
        B.batchnorm_forward(x, b, b, {"mode": "train"})


def test_large_batches_go_through_in_blocks_and_give_the_same():
    """A batch of 9 MB, in threads and blocks, against the same layer on each of its rows."""
    x = np.random.default_rng(0).standard_normal((9, 4, 180, 180))
    gamma, beta = np.arange(1.0, 5), np.ones(4)
    assert x[:1].nbytes <= parallel.BLOCK_BYTES < x.nbytes
    out, cache = L.relu_forward(x)
    np.testing.assert_array_equal(out, np.maximum(x, 0))
    np.testing.assert_array_equal(L.relu_backward(x, cache), np.where(x > 0, x, 0))
    out, cache = B.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    flat = x.transpose(0, 2, 3, 1).reshape(-1, 4)
    expected = (flat - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + 1e-5) * gamma + beta
    np.testing.assert_allclose(out.transpose(0, 2, 3, 1).reshape(-1, 4), expected, atol=1e-10)
    dout = np.random.default_rng(1).standard_normal(x.shape)
    _, small_cache = B.batchnorm_forward(flat, gamma, beta, {"mode": "train"})
    grads = B.spatial_batchnorm_backward(dout, cache)
    others = B.batchnorm_backward(dout.transpose(0, 2, 3, 1).reshape(-1, 4), small_cache)
    np.testing.assert_allclose(grads[0].transpose(0, 2, 3, 1).reshape(-1, 4), others[0], atol=1e-12)
    for grad, other in zip(grads[1:], others[1:], strict=True):
        np.testing.assert_allclose(grad, other, rtol=1e-9)


MASKS = {
    "relu": (L.relu_forward, L.relu_backward),
    "leaky_relu without a slope": (lambda x: L.leaky_relu_forward(x, 0), L.leaky_relu_backward),
    "dropout": (dropout, L.dropout_backward),
    "max_pool": (lambda x: L.max_pool_forward(x, POOL), L.max_pool_backward),
}
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MASKS)
def test_where_nothing_passes_the_gradient_is_0_whatever_comes(xp, name, dtype, value):
    """Warnings are errors here: nothing is multiplied by 0 on the way."""
    forward, backward = MASKS[name]
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 6)).astype(dtype)
    out, cache = forward(xp.asarray(x))
    passes = xp.to_host(backward(xp.asarray(np.ones(out.shape, dtype)), cache)) != 0
    assert 0 < passes.sum() < x.size
    dx = xp.to_host(backward(xp.asarray(np.full(out.shape, value, dtype)), cache))
    np.testing.assert_array_equal(dx, np.where(passes, value, 0))
    assert dx.dtype == dtype


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_dropped_is_0_whatever_it_was(xp, value):
    x = np.ones((4, 50))
    kept = xp.to_host(dropout(xp.asarray(x))[0]) != 0
    out = xp.to_host(dropout(xp.asarray(np.full_like(x, value)))[0])
    np.testing.assert_array_equal(out, np.where(kept, value, 0))
