"""Update rules against PyTorch and by hand, their state, schedules, and wrong arguments."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from cs231n_lib.training.optim import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp
from cs231n_lib.training.schedules import constant, cosine, step_decay, warmup

TORCH = np.load(Path(__file__).parents[1] / "fixtures" / "torch_layers.npz")
ADAM = {"beta1": 0.8, "beta2": 0.95, "eps": 1e-6}
RULES = {
    "SGD": lambda: SGD(0.05),
    "Momentum": lambda: Momentum(0.05, momentum=0.8),
    "Nesterov": lambda: Nesterov(0.05, momentum=0.8),
    "RMSProp": lambda: RMSProp(0.05, decay=0.9, eps=1e-6),
    "Adam": lambda: Adam(0.05, **ADAM),
    "AdamW": lambda: AdamW(0.05, **ADAM, weight_decay=0.1),
}
each_rule = pytest.mark.parametrize("name", RULES)


@each_rule
def test_agrees_with_pytorch(xp, name):
    rule, params = RULES[name](), {"W": xp.asarray(TORCH[f"{name}/w"])}
    for grad, expected in zip(TORCH[f"{name}/grads"], TORCH[f"{name}/path"], strict=True):
        rule.step(params, {"W": xp.asarray(grad)})
        np.testing.assert_allclose(xp.to_host(params["W"]), expected, rtol=1e-10, atol=1e-13)


@each_rule
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_are_kept_and_arrays_replaced(xp, name, dtype):
    rule = RULES[name]()
    rule.schedule = lambda t: np.float64(0.05)  # a NumPy number must not widen float32
    w, dw = (xp.asarray(np.ones((2, 3)), dtype) for _ in range(2))
    params = {"W": w}
    for _ in range(2):
        rule.step(params, {"W": dw})
    assert xp.to_host(params["W"]).dtype == dtype
    for known in rule.state.values():
        assert xp.to_host(known["W"]).dtype == dtype
    np.testing.assert_array_equal(xp.to_host(w), 1)
    np.testing.assert_array_equal(xp.to_host(dw), 1)


@each_rule
def test_each_parameter_has_its_own_state(name):
    rng = np.random.default_rng(0)
    start = {"W1": rng.standard_normal(3), "b1": rng.standard_normal(2)}
    grads = [{k: rng.standard_normal(v.shape) for k, v in start.items()} for _ in range(4)]
    together, rule = dict(start), RULES[name]()
    for g in grads:
        rule.step(together, g)
    for key in start:
        alone, lone_rule = {key: start[key]}, RULES[name]()
        for g in grads:
            lone_rule.step(alone, {key: g[key]})
        np.testing.assert_array_equal(alone[key], together[key])


@each_rule
def test_state_can_be_saved_and_restored(name):
    rng = np.random.default_rng(0)
    params, rule = {"a/b": rng.standard_normal(4)}, RULES[name]()
    for _ in range(3):
        rule.step(params, {"a/b": rng.standard_normal(4)})
    other, copy = RULES[name](), dict(params)
    other.state = {"stale": {"W": np.ones(1)}}
    other.load_state_dict(rule.state_dict())
    assert other.t == rule.t == 3
    assert other.state_dict().keys() == rule.state_dict().keys()
    for _ in range(3):
        grad = rng.standard_normal(4)
        rule.step(params, {"a/b": grad})
        other.step(copy, {"a/b": grad})
    np.testing.assert_array_equal(params["a/b"], copy["a/b"])


def test_state_dict_is_flat():
    rule = Adam()
    rule.step({"W1": np.ones(1)}, {"W1": np.ones(1)})
    state = rule.state_dict()
    assert sorted(state) == ["mean/W1", "square/W1", "t"]
    np.testing.assert_allclose([state["mean/W1"][0], state["square/W1"][0]], [0.1, 0.001])


def test_defaults():
    assert SGD().learning_rate == Momentum().learning_rate == Nesterov().learning_rate == 1e-2
    assert (Momentum().momentum, Nesterov().momentum) == (0.9, 0.9)
    assert (RMSProp().learning_rate, RMSProp().decay, RMSProp().eps) == (1e-2, 0.99, 1e-8)
    for rule in (Adam(), AdamW()):
        assert (rule.learning_rate, rule.beta1, rule.beta2, rule.eps) == (1e-3, 0.9, 0.999, 1e-8)
    assert AdamW().weight_decay == 1e-2


@each_rule
def test_all_rules_descend_a_bowl(name):
    params, rule = {"x": np.array([3.0, -2.0])}, RULES[name]()
    for _ in range(300):
        rule.step(params, {"x": params["x"] * np.array([1.0, 0.1])})
    assert np.abs(params["x"]).max() < 0.5


def test_schedule_sees_the_number_of_updates():
    seen = []
    rule = SGD(lambda t: seen.append(t) or 10.0**-t)
    params = {"x": np.array([0.0])}
    for _ in range(3):
        rule.step(params, {"x": np.array([-1.0])})
    assert seen == [0, 1, 2]
    np.testing.assert_allclose(params["x"], 1.11)
    assert rule.learning_rate == pytest.approx(1e-3)


def test_constant_and_step_decay():
    assert {constant(0.3)(t) for t in (0, 1, 10**6)} == {0.3}
    schedule = step_decay(2.0, every=3)
    np.testing.assert_allclose([schedule(t) for t in range(7)], [2, 2, 2, 0.2, 0.2, 0.2, 0.02])


def test_cosine():
    schedule = cosine(3.0, num_steps=4, final=1.0)
    half = math.sqrt(0.5)
    expected = [3, 2 + half, 2, 2 - half, 1, 1, 1]
    np.testing.assert_allclose([schedule(t) for t in range(7)], expected)
    assert cosine(1.0, 10)(10) == 0


def test_warmup():
    schedule = warmup(step_decay(1.0, every=2, factor=0.5), num_steps=2)
    assert [schedule(t) for t in range(7)] == [0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    assert warmup(step_decay(1.0, every=1, factor=0.5), num_steps=1)(0) == 1.0


def test_a_learning_rate_of_zero_from_a_schedule_is_fine():
    params = {"x": np.array([1.0])}
    SGD(lambda t: 0.0).step(params, {"x": np.array([5.0])})
    assert params["x"] == 1


def test_names_must_match():
    params = {"W1": np.ones(2), "b1": np.ones(1)}
    with pytest.raises(ValueError, match=r"only one side has \['b1'\]"):
        SGD().step(params, {"W1": np.ones(2)})
    with pytest.raises(ValueError, match=r"only one side has \['b1', 'c1'\]"):
        SGD().step(params, {"W1": np.ones(2), "c1": np.ones(1)})


@pytest.mark.parametrize(
    ("grad", "error", "message"),
    [
        (np.ones((2, 1)), ValueError, r"b1 has shape \(1,\), but its gradient has \(2, 1\)"),
        (np.ones(1, dtype=np.float32), TypeError, "expected one dtype"),
        ([1.0], TypeError, "expected an array, got list"),
    ],
)
def test_a_wrong_gradient_changes_nothing(grad, error, message):
    params, rule = {"W1": np.ones(2), "b1": np.ones(1)}, Momentum()
    with pytest.raises(error, match=message):
        rule.step(params, {"W1": np.ones(2), "b1": grad})
    np.testing.assert_array_equal(params["W1"], 1)
    assert (rule.t, rule.state) == (0, {})


BAD = [
    (lambda v: SGD(v), "learning_rate", (0, -1, math.inf, math.nan)),
    (lambda v: Momentum(momentum=v), "momentum", (-0.1, 1, math.nan)),
    (lambda v: Nesterov(momentum=v), "momentum", (-0.1, 1)),
    (lambda v: RMSProp(decay=v), "decay", (-0.1, 1)),
    (lambda v: RMSProp(eps=v), "eps", (0, -1e-8)),
    (lambda v: Adam(beta1=v), "beta1", (-0.1, 1)),
    (lambda v: Adam(beta2=v), "beta2", (-0.1, 1)),
    (lambda v: Adam(eps=v), "eps", (0, math.inf)),
    (lambda v: AdamW(weight_decay=v), "weight_decay", (-1, math.inf, math.nan)),
    (lambda v: step_decay(v, 1), "learning_rate", (0, -1)),
    (lambda v: step_decay(0.1, v), "every", (0, -1)),
    (lambda v: step_decay(0.1, 1, v), "factor", (0, -1)),
    (lambda v: cosine(v, 1), "learning_rate", (0, -1)),
    (lambda v: cosine(0.1, v), "num_steps", (0, -1)),
    (lambda v: warmup(constant(0.1), v), "num_steps", (0, -1)),
]


@pytest.mark.parametrize(("make", "name", "values"), BAD)
def test_wrong_numbers(make, name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"{name} must be"):
            make(value)


def test_numbers_at_the_edge_are_accepted():
    assert (Momentum(momentum=0).momentum, AdamW(weight_decay=0).weight_decay) == (0, 0)
    assert step_decay(1.0, 1)(1) == pytest.approx(0.1)
    assert cosine(1.0, 1)(1) == 0
    assert warmup(constant(1.0), 1)(0) == 1
