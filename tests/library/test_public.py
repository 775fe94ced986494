"""What is public can be pickled, shows what it is, and refuses bad arguments when it is made."""

import pickle
from dataclasses import is_dataclass

import numpy as np
import pytest

import cs231n_lib as cs
from cs231n_lib import layers
from cs231n_lib.data import CIFAR10, Dataset, Nuisances
from cs231n_lib.nets import published
from cs231n_lib.nets.architecture import place
from cs231n_lib.nets.chain import Chain
from cs231n_lib.training import schedules

PATTERN = "INPUT[8x8x3] -> CONV3-4 -> BN -> RELU -> DROPOUT-0.5 -> FC-10"
rng = np.random.default_rng
X, Y = rng(0).standard_normal((6, 3)).astype(np.float32), np.array([0, 1, 2, 0, 1, 2])
DATA = {"X_train": X, "y_train": Y, "X_val": X, "y_val": Y}
SCHEDULE = schedules.warmup(schedules.step_decay(0.1, 3), 2)
RULES = (cs.SGD, cs.Momentum, cs.Nesterov, cs.RMSProp, cs.Adam, cs.AdamW)


def trained_solver():
    net = cs.FullyConnectedNet([4], 3, 3, normalization="batchnorm", keep_prob=0.5, rng=rng(1))
    rule = cs.Adam(schedules.cosine(0.1, 10))
    return cs.Solver(net, DATA, optimiser=rule, num_epochs=1, rng=rng(2), progress=False).train()


#: Something of every public class, made by a function so that each test has its own.
MAKERS = {
    **{rule.__name__: rule for rule in RULES},
    **{f"{rule.__name__} with a schedule": lambda rule=rule: rule(SCHEDULE) for rule in RULES},
    "constant": lambda: schedules.constant(0.1),
    "step_decay": lambda: schedules.step_decay(0.1, 3),
    "cosine": lambda: schedules.cosine(0.1, 10),
    "warmup": lambda: SCHEDULE,
    "TwoLayerNet": lambda: cs.TwoLayerNet(3, 4, 3, rng=rng(0)),
    "FullyConnectedNet": lambda: cs.FullyConnectedNet([4], 3, 3, rng=rng(0)),
    "ConvNet": lambda: cs.ConvNet((3, 8, 8), [4], hidden_dim=5, rng=rng(0)),
    "Chain": lambda: cs.build(PATTERN, rng=rng(0)),
    "Model": lambda: cs.TwoLayerNet(3, 4, 3, rng=rng(0)),  # is only met in its kinds
    "Solver": trained_solver,
    "DivergenceError": lambda: cs.DivergenceError("the loss became nan"),
    "KNearestNeighbor": lambda: cs.KNearestNeighbor("l1").fit(X, Y),
    "LinearSVM": lambda: cs.LinearSVM().fit(X, Y, rng=rng(0)),
    "Softmax": cs.Softmax,
    "Value": lambda: (cs.Value(2.0) * 3 + 1).relu(),
    "account": lambda: cs.account(PATTERN),
    "check_gradient": lambda: cs.check_gradient(
        lambda v: float(np.sum(v**2)), np.ones(3), 2 * np.ones(3)
    ),
    "Architecture": published.resnet18,
    "Dataset": lambda: Dataset(*[np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1])] * 2),
    "Nuisances": Nuisances,
    "Release": lambda: CIFAR10,
    **{layer.__name__: lambda layer=layer: layer(*[1] * len(_required(layer)))
       for layer in layers.LAYERS},
    "Residual": lambda: layers.Residual((("RELU", layers.ReLU()),)),
}  # fmt: skip
each = pytest.mark.parametrize("name", MAKERS)


def _required(layer):
    from inspect import Parameter, signature

    return [p for p in signature(layer).parameters.values() if p.default is Parameter.empty]


def test_nothing_public_is_left_out():
    classes = {name for name in cs.__all__ if isinstance(getattr(cs, name), type)}
    assert classes <= set(MAKERS)


@each
def test_it_can_be_pickled(name):
    thing = MAKERS[name]()
    copy = pickle.loads(pickle.dumps(thing))
    assert type(copy) is type(thing)
    assert repr(copy) == repr(thing)
    if is_dataclass(thing) and not isinstance(thing, Dataset):
        assert copy == thing


@each
def test_it_shows_what_it_is(name):
    thing = MAKERS[name]()
    shown = repr(thing)
    assert " at 0x" not in shown
    assert "lambda" not in shown
    assert len(shown) < 1000 or isinstance(thing, type(published.resnet18()))


def test_the_words_of_some():
    assert repr(cs.Adam()) == "Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-08)"
    assert repr(cs.SGD(SCHEDULE)) == (
        "SGD(learning_rate=warmup(schedule=step_decay(learning_rate=0.1, every=3, factor=0.1), "
        "num_steps=2))"
    )
    assert repr(cs.TwoLayerNet(3, 4, 2, rng=rng(0))) == "<TwoLayerNet: 26 parameters, float32>"
    assert repr(cs.LinearSVM()) == "<LinearSVM: not fitted>"
    assert repr(cs.LinearSVM().fit(X, Y, rng=rng(0))) == "<LinearSVM: W of shape (3, 3)>"
    assert repr(trained_solver()).endswith("num_steps=10, final=0.0), beta1=0.9, beta2=0.999, "
                                           "eps=1e-08), epoch 1 of 1>")  # fmt: skip


def test_a_pickled_run_goes_on_as_the_one_that_stayed():
    stayed = trained_solver()
    went = pickle.loads(pickle.dumps(stayed))
    for solver in (stayed, went):
        solver.num_epochs = 3
        solver.train()
    assert went.history == stayed.history
    for name, w in stayed.model.params.items():
        np.testing.assert_array_equal(went.model.params[name], w)


@pytest.mark.parametrize("rule", RULES)
def test_a_pickled_rule_goes_on_as_the_one_that_stayed(rule):
    stayed, params = rule(SCHEDULE), [{"w": np.ones(2)}, {"w": np.ones(2)}]
    stayed.step(params[0], {"w": np.array([1.0, -2.0])})
    went, params[1] = pickle.loads(pickle.dumps(stayed)), dict(params[0])
    for one, its in zip((stayed, went), params, strict=True):
        one.step(its, {"w": np.array([0.5, 3.0])})
    np.testing.assert_array_equal(params[1]["w"], params[0]["w"])


def test_the_learning_rate_can_be_set():
    rule = cs.SGD(0.1)
    rule.learning_rate *= 0.5
    assert rule.learning_rate == 0.05
    with pytest.raises(ValueError, match="learning_rate must be a positive finite number, got 0"):
        rule.learning_rate = 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: cs.TwoLayerNet(0, 4, 3, rng=rng(0)), ValueError, "input_dim must be at least 1"),
        (lambda: cs.TwoLayerNet(3, -1, 3, rng=rng(0)), ValueError, "hidden_dim must be at least 1"),
        (lambda: cs.TwoLayerNet(3, 4, 2.0, rng=rng(0)), TypeError, "num_classes must be a whole"),
        (lambda: cs.TwoLayerNet(3, 4, 2, rng=0), TypeError, "needs rng=numpy.random.default_rng"),
        (lambda: cs.FullyConnectedNet(100, rng=rng(0)), TypeError, "hidden_dims must be a tuple"),
        (
            lambda: cs.FullyConnectedNet([0], rng=rng(0)),
            ValueError,
            "each number in hidden_d",
        ),
        (lambda: cs.FullyConnectedNet([4], 0, rng=rng(0)), ValueError, "input_dim must be at leas"),
        (
            lambda: cs.ConvNet((3, 8), rng=rng(0)),
            ValueError,
            "must be 3 whole numbers",
        ),
        (lambda: cs.ConvNet((3, 8, 8), 4, rng=rng(0)), TypeError, "num_filters must be a tuple"),
        (
            lambda: cs.ConvNet((3, 8, 8), [0], rng=rng(0)),
            ValueError,
            "each number in num_fi",
        ),
        (
            lambda: cs.ConvNet((0, 8, 8), [4], rng=rng(0)),
            ValueError,
            "each number in input_sh",
        ),
        (lambda: cs.ConvNet(hidden_dim=0, rng=rng(0)), ValueError, "hidden_dim must be at least 1"),
        (lambda: cs.ConvNet(filter_size=0, rng=rng(0)), ValueError, "filter_size must be at least"),
        (lambda: Chain(published.resnet18(), rng=None), TypeError, "got NoneType"),
        (lambda: layers.Conv(0, 3), ValueError, "filters must be at least 1, got 0"),
        (lambda: layers.Conv(4, 3, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: layers.Pool(2.5, 2), TypeError, "size must be a whole number, got 2.5"),
        (lambda: layers.FC(10.0), TypeError, "width must be a whole number, got 10.0"),
        (lambda: layers.Dropout(0), ValueError, "keep_prob must be above 0 and at most 1, got 0"),
        (lambda: place("net", (3,), [("FC", object)]), TypeError, "FC: expected a layer, such as"),
        (lambda: cs.SGD("fast"), TypeError, "learning_rate must be a number, got 'fast'"),
        (lambda: cs.AdamW(weight_decay=-1), ValueError, "weight_decay must be a finite number"),
        (lambda: schedules.step_decay(0.1, 2.5), TypeError, "every must be a whole number, got 2"),
        (lambda: schedules.cosine(0.1, 10, -1), ValueError, "final must be a finite number"),
        (lambda: schedules.warmup(0.1, 3), TypeError, r"a fixed rate is constant\(0.1\)"),
        (lambda: cs.initial_weights((3, 0), rng=rng(0)), ValueError, "each length in the shape"),
        (lambda: cs.SGD().load_state_dict({}), ValueError, 'lacks "t", the number of updates'),
        (
            lambda: cs.Momentum().load_state_dict({"t": 1, "mean/W1": X}),
            ValueError,
            """Momentum remembers "velocity/NAME" beside "t", and the state has 'mean/W1'""",
        ),
    ],
)
def test_what_is_wrong_is_said_when_it_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"optimiser": "sgd"}, TypeError, "an optimiser, such as .*, got 'sgd'"),
        ({"optimiser": cs.SGD}, TypeError, "an optimiser, such as"),
        ({"num_epochs": 1.5}, TypeError, "num_epochs must be a whole number, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"num_train_samples": 0}, ValueError, "num_train_samples must be at least 1"),
        ({"rng": 0}, TypeError, "the solver needs rng="),
    ],
)
def test_a_solver_refuses_what_it_cannot_use(change, error, message):
    arguments = {"optimiser": cs.SGD(), "rng": rng(0), **change}
    with pytest.raises(error, match=message):
        cs.Solver(cs.TwoLayerNet(3, 4, 3, rng=rng(0)), DATA, **arguments)


@pytest.mark.parametrize("make", [MAKERS["TwoLayerNet"], MAKERS["FullyConnectedNet"]])
def test_nothing_is_predicted_for_no_examples(make):
    labels = make().predict(X[:0])
    assert labels.shape == (0,)
    assert labels.dtype == np.int64


def test_a_convnet_predicts_nothing_for_no_examples():
    for pattern in (PATTERN, "INPUT[8x8x3] -> CONV3-16 -> [CONV3-16 -> POOL2]*2 -> FC-10"):
        net = cs.build(pattern, rng=rng(0))
        assert net.predict(np.zeros((0, 3, 8, 8), np.float32)).shape == (0,)


@pytest.mark.parametrize("wrong", [{"y": np.array([0, 99])}, {"y": np.array([0.0, 1.0])}])
def test_a_loss_that_fails_leaves_the_generator_as_it_was(wrong):
    net = cs.build(PATTERN, rng=rng(0))
    X = np.ones((2, 3, 8, 8), np.float32)
    state, buffers = net.rng.bit_generator.state, dict(net.buffers)
    with pytest.raises((TypeError, ValueError)):
        net.loss(X, **wrong)
    assert net.rng.bit_generator.state == state
    assert all(net.buffers[name] is array for name, array in buffers.items())


def test_a_rule_of_somebody_elses_goes_on_without_saying_what_it_remembers():
    class AdaGrad(cs.SGD):
        def _update(self, name, w, dw, learning_rate):
            total = self._recall("total", name, w) + dw**2
            self.state["total"][name] = total
            return w - learning_rate * dw / np.sqrt(total)

    def two_steps(rule, params):
        for _ in range(2):
            rule.step(params, {"w": np.array([1.0, -2.0])})
        return params["w"]

    rule, params = AdaGrad(0.1), {"w": np.ones(2)}
    two_steps(rule, params)
    again = AdaGrad(0.1)
    again.load_state_dict(rule.state_dict())
    np.testing.assert_array_equal(two_steps(again, dict(params)), two_steps(rule, params))
