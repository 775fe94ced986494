"""Scalar autograd: every gate against differences, order, long chains, speed, and drawings."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n_lib.gradients.drawing import MAX_NODES, draw
from cs231n_lib.gradients.graph import MLP, Neuron, Value, topological_order
from cs231n_lib.layers import affine_backward, affine_forward, relu_backward, relu_forward

UNARY = {
    "+ 2": (lambda a: a + 2, None),
    "2 + x": (lambda a: 2 + a, "+ 2"),
    "* 3": (lambda a: a * 3, None),
    "3 * x": (lambda a: 3 * a, "* 3"),
    "- 0.5": (lambda a: a - 0.5, None),
    "4 - x": (lambda a: 4 - a, None),
    "/ 8": (lambda a: a / 8, None),
    "8/x": (lambda a: 8 / a, None),
    "* -1": (lambda a: -a, None),
    "** 3": (lambda a: a**3, None),
    "** -2": (lambda a: a**-2, None),
    "exp": (lambda a: math.exp(a) if isinstance(a, float) else a.exp(), None),
    "tanh": (lambda a: math.tanh(a) if isinstance(a, float) else a.tanh(), None),
    "sigmoid": (lambda a: 1 / (1 + math.exp(-a)) if isinstance(a, float) else a.sigmoid(), None),
    "relu": (lambda a: max(a, 0.0) if isinstance(a, float) else a.relu(), None),
}
POSITIVE = {
    "log": lambda a: math.log(a) if isinstance(a, float) else a.log(),
    "** 0.5": lambda a: a**0.5,
    "** 0": lambda a: a**0,
    "** 1": lambda a: a**1,
}
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "max": lambda a, b: max(a, b) if isinstance(a, float) else a.max(b),
}
# Away from 0, where division and ReLU have no derivative.
numbers = st.floats(0.2, 3).flatmap(lambda x: st.sampled_from([x, -x]))


def slope(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize("name", UNARY)
@given(numbers)
def test_unary_gates(name, x):
    f, op = UNARY[name]
    a = Value(x)
    out = f(a)
    out.backward()
    assert out.data == pytest.approx(f(x), rel=1e-12)
    assert a.grad == pytest.approx(slope(f, x), rel=1e-6, abs=1e-7)
    assert out.op == (op or name)
    assert out.inputs == (a,)
    assert out.label == ""


@pytest.mark.parametrize("name", POSITIVE)
@given(st.floats(0.2, 3))
def test_gates_of_positive_numbers(name, x):
    f, a = POSITIVE[name], Value(x)
    out = f(a)
    out.backward()
    assert out.data == pytest.approx(f(x))
    assert a.grad == pytest.approx(slope(f, x), rel=1e-6, abs=1e-7)
    assert (out.op, out.label) == (name, "")


@pytest.mark.parametrize("name", BINARY)
@given(numbers, numbers)
def test_binary_gates(name, x, y):
    f, a, b = BINARY[name], Value(x), Value(y)
    out = f(a, b)
    out.backward()
    assert out.data == pytest.approx(f(x, y))
    assert out.op == name
    assert out.inputs == (a, b)
    assert out.label == ""
    if name != "max" or abs(x - y) > 1e-5:
        assert a.grad == pytest.approx(slope(lambda t: f(t, y), x), rel=1e-6, abs=1e-7)
        assert b.grad == pytest.approx(slope(lambda t: f(x, t), y), rel=1e-6, abs=1e-7)


def test_division_is_exact():
    assert (Value(1.0) / 3).data == 1 / 3
    assert (1 / Value(3.0)).data == 1 / 3
    assert (1 / Value(3.0)).op == "1/x"


def test_constants_are_shown_short():
    a = Value(2.0)
    for out, op in ((a * 1e-7, "* 1e-07"), (a / 1e-7, "/ 1e-07"), (a**1e-7, "** 1e-07")):
        assert out.op == op


def test_gradients_at_the_kinks():
    a, b = Value(0.0), Value(0.0)
    a.relu().backward()
    assert a.grad == 0
    a.max(b).backward()
    assert (a.grad, b.grad) == (1, 0)
    c = Value(-1.0)
    out = c.max(2)
    out.backward()
    assert (out.data, c.grad) == (2, 0)


def test_powers_at_zero():
    for exponent, expected in ((2, 0.0), (1, 1.0), (0, 0.0), (0.5, math.inf)):
        a = Value(0.0)
        (a**exponent).backward()
        assert a.grad == expected
    a = Value(-2.0)
    (a**2).backward()
    assert a.grad == -4


def test_sigmoid_and_tanh_are_stable():
    for x, expected in ((-1000, 0), (1000, 1), (-700, math.exp(-700))):
        a = Value(x)
        out = a.sigmoid()
        out.backward()
        assert out.data == pytest.approx(expected)
        assert a.grad == pytest.approx(out.data * (1 - out.data))
    assert Value(-1000).tanh().data == -1


def test_the_sigmoid_of_the_lecture_gate_by_gate():
    w0, x0, w1, x1, w2 = (Value(v) for v in (2.0, -1.0, -3.0, -2.0, -3.0))
    gates = 1 / ((-(w0 * x0 + w1 * x1 + w2)).exp() + 1)
    gates.backward()
    assert gates.data == pytest.approx(0.7310585786)
    expected = [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]
    assert [v.grad for v in (w0, x0, w1, x1, w2)] == pytest.approx(expected, abs=1e-4)
    one = (w0 * x0 + w1 * x1 + w2).sigmoid()
    assert one.data == pytest.approx(gates.data)
    assert one.local[0] == pytest.approx(one.data * (1 - one.data))


def test_gradients_accumulate_where_a_number_is_used_twice():
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1, 2, 4)
    x = Value(3.0)
    (x * x * x).backward()
    assert x.grad == 27


def test_backward_twice_adds_to_inputs_only():
    a = Value(3.0)
    b = a * a
    c = b + 1
    for calls in (1, 2, 3):
        c.backward()
        assert (c.grad, b.grad, a.grad) == (1, 1, 6 * calls)
    lone = Value(2.0)
    lone.backward()
    lone.backward()
    assert lone.grad == 2


def test_a_shared_input_of_two_results():
    a = Value(2.0)
    b = a * 3
    (b + 1).backward()
    (b * b).backward()
    assert a.grad == 3 + 2 * 6 * 3


def random_graph(seed, num=30):
    rng = np.random.default_rng(seed)
    values = [Value(v) for v in rng.uniform(0.5, 1.5, 4)]
    for _ in range(num):
        a, b = (values[i] for i in rng.integers(len(values), size=2))
        gate = rng.integers(6)
        values.append(
            [a + b, a * b, a - b, a / (b * b + 1), a.max(b).tanh(), (a * 0.5).sigmoid()][gate]
        )
    return values


@given(st.integers(0, 2**31))
def test_topological_order(seed):
    values = random_graph(seed)
    order = topological_order(values[-1])
    assert order[-1] is values[-1]
    position = {v: i for i, v in enumerate(order)}
    assert len(position) == len(order)  # each once
    for v in order:
        assert all(position[source] < position[v] for source in v.inputs)
    assert topological_order(values[-1]) == order  # and nothing is left behind


@settings(max_examples=25)
@given(st.integers(0, 2**31))
def test_random_graphs_against_differences(seed):
    values = random_graph(seed)
    values[-1].backward()

    def result(index, change):
        again = random_graph(seed)
        again[index].data += change
        # Compute all again from the changed input: the graph says how.
        for v in topological_order(again[-1]):
            if v.inputs:
                v.data = recompute(v)
        return again[-1].data

    for index in range(4):
        measured = (result(index, 1e-6) - result(index, -1e-6)) / 2e-6
        assert values[index].grad == pytest.approx(measured, rel=1e-4, abs=1e-6)


def recompute(v):
    x = [source.data for source in v.inputs]
    table = {
        "+": lambda: x[0] + x[1],
        "*": lambda: x[0] * x[1],
        "-": lambda: x[0] - x[1],
        "/": lambda: x[0] / x[1],
        "max": lambda: max(x),
        "tanh": lambda: math.tanh(x[0]),
        "sigmoid": lambda: 1 / (1 + math.exp(-x[0])),
        "+ 1": lambda: x[0] + 1,
        "* 0.5": lambda: x[0] * 0.5,
    }
    return table[v.op]()


def test_a_chain_of_100_000_gates():
    a = Value(1.0)
    b = a
    for _ in range(100_000):
        b = b + a
    b.backward()
    assert b.data == a.grad == 100_001
    assert len(topological_order(b)) == 100_001
    del b  # and taking it apart needs no recursion either


COPIES = {
    "pickle": lambda things: pickle.loads(pickle.dumps(things)),
    "the first protocol": lambda things: pickle.loads(pickle.dumps(things, 0)),
    "deepcopy": copy.deepcopy,
}
each_copy = pytest.mark.parametrize("how", COPIES)


@each_copy
@pytest.mark.parametrize("first", ["x", "f"])
def test_a_graph_of_any_depth_can_be_copied(how, first):
    x = Value(1.5, label="x")
    f = x
    for _ in range(3000):
        f = f * 1.001 + x
    f.backward()
    things = (x, f) if first == "x" else (f, x)
    copies = dict(zip("xf" if first == "x" else "fx", COPIES[how](things), strict=True))
    order = topological_order(copies["f"])
    assert [(v.data, v.grad, v.label, v.op, v.local) for v in order] == [
        (v.data, v.grad, v.label, v.op, v.local) for v in topological_order(f)
    ]
    assert copies["x"] is order[0]
    assert copies["x"] is not x
    for one in (f, copies["f"]):
        one.backward()
    assert copies["x"].grad == x.grad


@each_copy
def test_numbers_that_belong_together_stay_together(how):
    mlp = MLP([2, 3, 1], rng=np.random.default_rng(0))
    loss = (mlp([0.5, -1.0])[0] - 1) ** 2
    half = loss.inputs[0]
    its_mlp, its_half, its_loss = COPIES[how]((mlp, half, loss))
    assert its_loss.inputs == (its_half,)
    loss.backward()
    its_loss.backward()
    assert [p.grad for p in its_mlp.parameters()] == [p.grad for p in mlp.parameters()]


@each_copy
def test_a_copy_that_failed_is_no_hindrance_to_the_next(how):
    x = Value(1.0, label=(number for number in ()))  # no generator can be copied
    f = x
    for _ in range(3000):
        f = f + x
    with pytest.raises(TypeError, match="generator"):
        COPIES[how](f)
    x.label = "x"
    assert len(topological_order(COPIES[how](f))) == 3001


def test_a_shallow_copy_shares_its_inputs():
    f = Value(2.0) * 3
    assert copy.copy(f).inputs is f.inputs


def test_cost_grows_linearly():
    def seconds(num):
        a = Value(1.0)
        b = a
        for _ in range(num):
            b = b * 1.0 + a
        best = math.inf
        gc.disable()  # its pauses grow with everything else that is alive
        try:
            for _ in range(3):
                start = time.process_time()
                b.backward()
                best = min(best, time.process_time() - start)
        finally:
            gc.enable()
        return best

    # Large enough that none of them fits in a cache.
    sizes = np.array([10_000, 30_000, 90_000])
    exponent, _ = np.polyfit(np.log(sizes), np.log([seconds(num) for num in sizes]), 1)
    assert 0.7 < exponent < 1.4


def test_numbers_of_all_kinds():
    a = Value(2)
    assert type(a.data) is float
    for two in (2, 2.0, np.float64(2), np.float32(2), np.int64(2)):
        for out in (a + two, two + a, a * two, two * a, a / two, two / a, a - two, two - a):
            assert type(out) is Value
            assert type(out.data) is float
    assert (np.float64(3) - a).data == 1
    assert (np.float64(3) / a).data == 1.5
    assert Value(np.float32(0.5)).data == 0.5


@pytest.mark.parametrize("bad", ["1", None, 1j, [1.0], np.ones(2)])
def test_other_objects_are_rejected(bad):
    a = Value(1.0)
    for call in (
        lambda: Value(bad),
        lambda: a + bad,
        lambda: bad - a,
        lambda: a * bad,
        lambda: a / bad,
        lambda: a**bad,
        lambda: a.max(bad),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError, match="expected a real number or a Value, got str"):
        Value("1")


def test_exponents_must_be_numbers():
    with pytest.raises(TypeError, match="got Value"):
        Value(2.0) ** Value(3.0)


def test_numbers_without_a_result():
    with pytest.raises(ValueError, match=r"log needs a positive number, got 0\.0"):
        Value(0.0).log()
    with pytest.raises(ValueError, match=r"-8\.0 \*\* 0\.5 is not a real number"):
        Value(-8.0) ** 0.5
    for call in (lambda z: 1 / z, lambda z: Value(1.0) / z, lambda z: z**-1):
        with pytest.raises(ZeroDivisionError):
            call(Value(0.0))
    with pytest.raises(ZeroDivisionError):
        Value(1.0) / 0


def test_repr_is_truthful():
    a = Value(0.1, label="a")
    b = a * 3
    assert repr(b) == "Value(data=0.30000000000000004, grad=0.0)"
    b.backward()
    assert repr(a) == "Value(data=0.1, grad=3.0)"


def test_values_carry_no_dictionary():
    assert not hasattr(Value(1.0), "__dict__")


def test_neuron():
    for activation, f in (
        ("relu", lambda s: max(s, 0)),
        ("tanh", math.tanh),
        ("sigmoid", lambda s: 1 / (1 + math.exp(-s))),
        (None, lambda s: s),
    ):
        neuron = Neuron(3, activation, rng=np.random.default_rng(0))
        weights = [w.data for w in neuron.weights]
        assert [p.label for p in neuron.parameters()] == ["w0", "w1", "w2", "b"]
        neuron.bias.data = 0.25
        x = [1.0, -2.0, 0.5]
        total = sum(w * xi for w, xi in zip(weights, x, strict=True)) + 0.25
        assert neuron(x).data == pytest.approx(f(total))
        assert [p.data for p in neuron.parameters()] == [*weights, 0.25]
    with pytest.raises(ValueError, match=r"shorter|longer"):
        neuron([1.0])
    with pytest.raises(ValueError, match="activation must be"):
        Neuron(1, "step", rng=np.random.default_rng(0))


def test_weights_are_drawn_for_the_number_of_inputs():
    neuron = Neuron(10_000, rng=np.random.default_rng(0))
    assert np.std([w.data for w in neuron.weights]) == pytest.approx(0.01, rel=0.03)


def test_mlp_agrees_with_the_array_layers():
    rng = np.random.default_rng(1)
    mlp, X = MLP([3, 5, 2], rng=rng), rng.standard_normal((4, 3))
    outs = [mlp(row) for row in X.tolist()]
    total = sum((o[0] * 2 + o[1] for o in outs), Value(0.0))
    total.backward()
    w1, w2 = (np.array([[w.data for w in n.weights] for n in layer]).T for layer in mlp.layers)
    hidden, fc1 = affine_forward(X, w1, np.zeros(5))
    active, relu = relu_forward(hidden)
    out, fc2 = affine_forward(active, w2, np.zeros(2))
    np.testing.assert_allclose(np.array([[v.data for v in o] for o in outs]), out)
    dactive, dw2, db2 = affine_backward(np.tile([2.0, 1.0], (4, 1)), fc2)
    _, dw1, db1 = affine_backward(relu_backward(dactive, relu), fc1)
    for layer, dw, db in zip(mlp.layers, (dw1, dw2), (db1, db2), strict=True):
        np.testing.assert_allclose([[w.grad for w in n.weights] for n in layer], dw.T, atol=1e-12)
        np.testing.assert_allclose([n.bias.grad for n in layer], db, atol=1e-12)


def test_mlp_learns_xor():
    mlp = MLP([2, 8, 1], "tanh", rng=np.random.default_rng(0))
    points = [((0.0, 0.0), -1), ((0.0, 1.0), 1), ((1.0, 0.0), 1), ((1.0, 1.0), -1)]
    losses = []
    for _ in range(150):
        loss = sum(((mlp(x)[0] - t) ** 2 for x, t in points), Value(0.0))
        loss.backward()
        mlp.step(0.05)
        losses.append(loss.data)
        assert all(p.grad == 0 for p in mlp.parameters())
    assert losses[-1] < 0.1 < 1 < losses[0]
    assert [n.activation for layer in mlp.layers for n in layer] == ["tanh"] * 8 + [None]


SVG = "{http://www.w3.org/2000/svg}"


def parse(drawing):
    root = ET.fromstring(drawing.svg)
    texts = [
        (t.text, float(t.get("x")), float(t.get("y")), t.get("fill"))
        for t in root.iter(f"{SVG}text")
    ]
    return root, texts


def lecture_graph():
    w0, x0, w1, x1, w2 = (
        Value(v, label=n) for n, v in (("w0", 2), ("x0", -1), ("w1", -3), ("x1", -2), ("w2", -3))
    )
    f = 1 / ((-(w0 * x0 + w1 * x1 + w2)).exp() + 1)
    f.backward()
    return f


def test_drawing_shows_every_name_gate_value_and_gradient():
    root, texts = parse(draw(lecture_graph()))
    shown = [t for t, *_ in texts]
    for expected in ("w0", "x0", "w1", "x1", "w2", "×", "+", "× -1", "exp", "+ 1", "1/x"):
        assert expected in shown
    for expected in ("-2.00", "4.00", "0.37", "0.73", "-0.53", "0.20", "1.00"):
        assert expected in shown
    assert len(shown) == 3 * 13  # a name or gate, a value and a gradient each
    # 14 wires: one for each input of a gate, and the one that leaves the graph
    assert len(list(root.iter(f"{SVG}path"))) == 13


def test_drawing_runs_left_to_right_with_values_above_gradients():
    f = lecture_graph()
    _, texts = parse(draw(f))
    x = {t: tx for t, tx, *_ in texts}
    assert x["w0"] < x["× -1"] < x["exp"] < x["+ 1"] < x["1/x"]
    assert x["w2"] > x["w0"]  # an input stands just before the gate that uses it
    for value, gradient in zip(texts[1::3], texts[2::3], strict=True):
        assert value[1] == gradient[1]
        assert value[2] < gradient[2]
        assert value[3] != gradient[3]


@given(st.integers(0, 2**31))
def test_nothing_is_drawn_on_top_of_something_else(seed):
    root, texts = parse(draw(random_graph(seed, num=12)[-1]))
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(0 <= x <= width and 0 <= y <= height for _, x, y, _ in texts)
    places = [(x, y) for _, x, y, _ in texts]
    assert len(set(places)) == len(places)
    gates = [(float(r.get("x")), float(r.get("y"))) for r in root.iter(f"{SVG}rect")]
    for i, (x, y) in enumerate(gates):
        assert all(abs(x - a) > 60 or abs(y - b) >= 30 for a, b in gates[:i])


def test_drawing_describes_itself_and_escapes_names():
    a = Value(1.5, label="<a & b>")
    b = a * a
    b.backward()
    drawing = draw(b, digits=1, title="Square")
    root, texts = parse(drawing)
    assert root.get("role") == "img"
    described = "<a & b> = 1.5, gradient 3.0; n2 = * of <a & b> and <a & b> = 2.2, gradient 1.0."
    assert root.find(f"{SVG}desc").text == described
    assert root.find(f"{SVG}title").text == "Square"
    assert root.get("aria-label") == f"Square. {described}"
    assert texts[0][0] == "<a & b>"
    assert drawing.svg in drawing._repr_html_()
    assert repr(drawing) == "<Drawing>"  # no address, which would differ from run to run
    assert draw(b, digits=1, title="Square").svg == drawing.svg  # the same every time


def test_powers_keep_their_stars():
    _, texts = parse(draw(Value(2.0) ** 3))
    assert "** 3" in [t for t, *_ in texts]


def test_a_wire_past_other_gates_has_a_row_of_its_own():
    a = Value(1.0, label="a")
    out = a.exp().exp().exp() + a
    root, texts = parse(draw(out))
    long_wire = max((p.get("d") for p in root.iter(f"{SVG}path")), key=len)
    assert long_wire.count("C") == 4
    assert {y for t, _, y, _ in texts if t == "exp"}.isdisjoint({texts[0][2]})


def test_a_lone_number_can_be_drawn():
    _, texts = parse(draw(Value(4.0)))
    assert [t for t, *_ in texts] == [None, "4.00", "0.00"]


def test_drawing_can_be_saved(tmp_path):
    drawing = draw(lecture_graph())
    drawing.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == drawing.svg


def test_a_drawing_that_nobody_could_read_is_refused():
    a = Value(1.0)
    b = a
    for _ in range(MAX_NODES - 1):
        b = b + a
    draw(b)
    with pytest.raises(ValueError, match=f"has {MAX_NODES + 1} numbers; .* up to {MAX_NODES}"):
        draw(b + a)
