"""Every backward function refuses caches and upstream gradients that are not its own, in words."""

from __future__ import annotations

import numpy as np
import pytest

from cs231n_lib import layers as L
from cs231n_lib.layers import conv as C

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
CONV = {"stride": 1, "pad": 1}


def arrays(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def dropout(x):
    return L.dropout_forward(x, {"mode": "train", "keep_prob": 0.5}, np.random.default_rng(0))


def normalised(forward, x):
    gamma, beta = arrays((x.shape[1],), (x.shape[1],))
    return forward(x, gamma, beta, {"mode": "train"})


def convolved(name):
    return C.ALGORITHMS[name][0](*arrays((2, 3, 6, 6), (4, 3, 3, 3), (4,)), CONV)


(VECTORS,), (IMAGES,) = arrays((5, 4)), arrays((2, 3, 6, 6))
# What forward returns, by the name of the backward function.
MADE = {
    "affine_backward": L.affine_forward(*arrays((5, 4), (4, 4), (4,))),
    "relu_backward": L.relu_forward(VECTORS),
    "leaky_relu_backward": L.leaky_relu_forward(VECTORS),
    "sigmoid_backward": L.sigmoid_forward(VECTORS),
    "tanh_backward": L.tanh_forward(VECTORS),
    "dropout_backward": dropout(VECTORS),
    "batchnorm_backward": normalised(L.batchnorm_forward, VECTORS),
    "spatial_batchnorm_backward": normalised(L.spatial_batchnorm_forward, IMAGES),
    "layernorm_backward": L.layernorm_forward(VECTORS, *arrays((4,), (4,))),
    "max_pool_backward": L.max_pool_forward(IMAGES, POOL),
    "avg_pool_backward": L.avg_pool_forward(IMAGES, POOL),
    "conv_backward": L.conv_forward(*arrays((2, 3, 6, 6), (4, 3, 3, 3), (4,)), CONV),
    **{f"conv_backward_{name}": convolved(name) for name in C.ALGORITHMS},
}
BACKWARD = {name: getattr(L, name, None) or getattr(C, name) for name in MADE}
each = pytest.mark.parametrize("name", MADE)


def test_every_backward_function_has_its_turn():
    public = {name for front in (L, C) for name in front.__all__ if "_backward" in name}
    assert public == set(MADE)


def refused(name, dout, cache):
    """Require a refusal that speaks of what was expected and what came."""
    words = (
        r"(expected|must have) .*\bgot\b|illegal geometry: .* legal choices|each filter in w has"
    )
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        BACKWARD[name](dout, cache)
    return str(caught.value)


@each
@pytest.mark.parametrize(
    "cache", [None, (), 3, "cache", {}, [1.0], (None,) * 4, (1, 2, 3)], ids=str
)
def test_what_is_no_cache(name, cache):
    if name == "dropout_backward" and cache is None:
        assert BACKWARD[name](VECTORS, cache) is VECTORS  # that of test time
        return
    message = refused(name, MADE[name][0], cache)
    forward = "conv_forward" if name.startswith("conv") else name.replace("backward", "forward")
    assert f"the cache that {forward.removeprefix('spatial_')} returned, " in message


@each
def test_the_cache_of_another_layer(name):
    """Where it is of the same kind, as x of ReLU and the output of tanh are, nobody can tell."""
    out, own = MADE[name]
    told = 0
    for other, (_, cache) in MADE.items():
        try:
            BACKWARD[name](out, cache)
        except (TypeError, ValueError):
            refused(name, out, cache)
            told += 1
        else:
            assert kind(cache) == kind(own), other
    assert told > 8


def kind(cache):
    return tuple(map(type, cache)) if isinstance(cache, tuple) else type(cache)


@each
def test_a_cache_with_an_array_of_another_shape_or_dtype_or_with_none(name):
    out, cache = MADE[name]
    fields = cache if isinstance(cache, tuple) else (cache,)
    for place, field in enumerate(fields):
        if not isinstance(field, np.ndarray):
            continue
        others = [None, field[None], np.concatenate([field, field]), field[..., :-1]]
        if field.dtype.kind == "f":
            others.append(field.astype(np.float32))
        for other in others:
            if other is None and name == "dropout_backward":
                continue  # that of test time
            wrong = (*fields[:place], other, *fields[place + 1 :])
            refused(name, out, wrong if isinstance(cache, tuple) else other)


@each
def test_an_upstream_gradient_that_is_none(name):
    out, cache = MADE[name]
    others = [None, 1.0, out.tolist(), out[None], out[:-1], out.astype(np.float32), out > 0]
    for dout in others:
        refused(name, dout, cache)
    if name == "dropout_backward":
        for dout in (None, 1.0, out.tolist(), out > 0):
            refused(name, dout, None)
