"""The solver: batches, history, best model, checkpoints that resume bit for bit, divergence."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cs231n_lib.nets.presets import FullyConnectedNet, TwoLayerNet
from cs231n_lib.training import checkpoint as checkpoint_module
from cs231n_lib.training.checkpoint import read_checkpoint, write_checkpoint
from cs231n_lib.training.optim import SGD, Adam, Momentum, RMSProp
from cs231n_lib.training.schedules import cosine
from cs231n_lib.training.solver import DivergenceError, Solver, accuracy


def clouds(xp=None, num=70, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    asarray = np.asarray if xp is None else xp.asarray
    y = rng.integers(3, size=num)
    X = (np.eye(3)[y] * 4 + rng.standard_normal((num, 3))).astype(dtype)
    cut = num - 20
    return {
        "X_train": asarray(X[:cut]),
        "y_train": asarray(y[:cut]),
        "X_val": asarray(X[cut:]),
        "y_val": asarray(y[cut:]),
    }


def network(data, seed=0, **settings):
    X = data["X_train"]
    settings = {"normalization": "batchnorm", "keep_prob": 0.8} | settings
    rng = np.random.default_rng(seed)
    return FullyConnectedNet([6], 3, 3, rng=rng, dtype="float64", like=X, **settings)


def solver_for(data, seed=0, **settings):
    model = settings.pop("model", None) or network(data)
    settings = {"optimiser": Adam(0.01), "num_epochs": 6, "batch_size": 16} | settings
    return Solver(model, data, rng=np.random.default_rng(seed), progress=False, **settings)


class Recorder:
    """A model with one parameter that writes down every batch it sees."""

    def __init__(self, losses=()):
        self.params = {"W1": np.zeros(1)}
        self.batches = []
        self.losses = list(losses)

    def loss(self, X, y=None):
        if y is None:
            return np.stack([np.zeros(len(X)), X[:, 0] % 2], axis=1)
        self.batches.append((X[:, 0].tolist(), y.tolist()))
        return (self.losses.pop(0) if self.losses else 1.0), {"W1": np.ones(1)}


def numbered(num=10):
    X = np.arange(float(num))[:, None]
    y = np.arange(num) % 2
    return {"X_train": X, "y_train": y, "X_val": X[:4], "y_val": np.array([0, 1, 0, 0])}


def test_each_epoch_is_a_new_order_of_all_examples():
    model, data = Recorder(), numbered()
    solver = Solver(
        model,
        data,
        optimiser=SGD(0.5),
        num_epochs=3,
        batch_size=4,
        rng=np.random.default_rng(0),
        progress=False,
    )
    assert solver.train() is solver
    assert [len(X) for X, _ in model.batches] == [4, 4, 2] * 3
    orders = [[x for X, _ in model.batches[i : i + 3] for x in X] for i in (0, 3, 6)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    for X, y in model.batches:  # X and y are drawn with one index
        assert [int(x) % 2 for x in X] == y
    assert model.params["W1"] == -0.5 * 9
    assert solver.history == {
        "loss": [1.0] * 9,
        "train_accuracy": [1.0] * 3,
        "val_accuracy": [0.75] * 3,
    }
    assert (solver.epoch, solver.best_val_accuracy) == (3, 0.75)


def test_training_accuracy_is_measured_on_the_first_examples():
    data = numbered()
    data["y_train"] = np.array([0, 1, 0, 0, 1, 1, 0, 1, 0, 0])  # wrong for 3, 4 and 9
    for n, expected in ((3, 1.0), (4, 0.75), (10, 0.7), (99, 0.7)):
        solver = solver_for(data, model=Recorder(), num_epochs=1, num_train_samples=n)
        assert solver.train().history["train_accuracy"] == [expected]


def test_it_learns(xp):
    data = clouds(xp)
    model = network(data, keep_prob=1.0, normalization="layernorm")
    solver = solver_for(data, model=model, num_epochs=15, optimiser=Adam(0.05)).train()
    assert solver.best_val_accuracy > 0.85
    losses = np.reshape(solver.history["loss"], (15, 4)).mean(axis=1)  # an epoch
    assert losses[-1] < 0.5 * losses[0]
    assert all(xp.is_native(w) for w in model.params.values())
    assert all(xp.is_native(w) for w in solver.best_params.values())


def test_the_same_seed_gives_the_same_run():
    runs = [solver_for(clouds()).train() for _ in range(2)]
    assert runs[0].history == runs[1].history
    assert runs[0].history != solver_for(clouds(), seed=1).train().history


def test_the_best_model_is_kept_by_value(xp):
    data = clouds(xp)
    solver = solver_for(data, optimiser=Momentum(3.0), num_epochs=8).train()  # jumps about
    accuracies = solver.history["val_accuracy"]
    assert solver.best_val_accuracy == max(accuracies)
    last = {k: xp.to_host(w).copy() for k, w in solver.model.params.items()}
    for arrays, ours in (
        (solver.best_params, solver.model.params),
        (solver.best_buffers, solver.model.buffers),
    ):
        assert arrays.keys() == ours.keys()
        for k in arrays:
            assert arrays[k] is not ours[k]
    solver.restore_best()
    assert accuracy(solver.model, data["X_val"], data["y_val"]) == max(accuracies)
    assert any(not np.array_equal(xp.to_host(solver.model.params[k]), last[k]) for k in last)
    solver.model.params["W1"] += 1  # in place: the kept copy must not follow
    assert not np.array_equal(
        xp.to_host(solver.model.params["W1"]), xp.to_host(solver.best_params["W1"])
    )


def test_an_equal_accuracy_does_not_replace_the_best():
    solver = solver_for(numbered(), model=Recorder(), optimiser=SGD(1.0), num_epochs=3).train()
    assert solver.best_params["W1"] == -1  # of the first epoch, one batch


def test_best_before_training():
    with pytest.raises(ValueError, match="no best model before the first epoch"):
        solver_for(clouds()).restore_best()


@pytest.mark.parametrize("rule", [Adam, Momentum, RMSProp, SGD])
@pytest.mark.parametrize("bit_generator", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_resume_is_bit_identical(xp, tmp_path, rule, bit_generator):
    data = clouds(xp)

    def build(num_epochs, checkpoint=None):
        model = network(data)
        model.rng = np.random.Generator(bit_generator(5))
        optimiser = rule(cosine(0.1, 30))
        return Solver(
            model,
            data,
            optimiser=optimiser,
            num_epochs=num_epochs,
            batch_size=16,
            rng=np.random.Generator(bit_generator(6)),
            checkpoint=checkpoint,
            progress=False,
        )

    whole = build(6).train()
    build(3, tmp_path / "run.npz").train()
    resumed = build(6)
    resumed.load_checkpoint(tmp_path / "run.npz")
    assert resumed.epoch == 3
    resumed.train()
    assert resumed.history == whole.history
    assert resumed.best_val_accuracy == whole.best_val_accuracy
    assert resumed.optimiser.t == whole.optimiser.t
    pairs = [
        (resumed.model.params, whole.model.params),
        (resumed.model.buffers, whole.model.buffers),
        (resumed.best_params, whole.best_params),
        (resumed.best_buffers, whole.best_buffers),
    ]
    for ours, theirs in pairs:
        assert ours.keys() == theirs.keys()
        for k in ours:
            assert xp.is_native(ours[k])
            np.testing.assert_array_equal(xp.to_host(ours[k]), xp.to_host(theirs[k]))
    assert resumed.rng.random() == whole.rng.random()
    assert resumed.model.rng.random() == whole.model.rng.random()


def test_one_generator_for_model_and_solver_resumes_too(tmp_path):
    def build(num_epochs):
        rng, data = np.random.default_rng(3), clouds()
        model = FullyConnectedNet([6], 3, 3, keep_prob=0.5, rng=rng, dtype="float64")
        return Solver(model, data, optimiser=Adam(), num_epochs=num_epochs, rng=rng, progress=False)

    whole = build(4).train()
    build(2).train().save_checkpoint(tmp_path / "run.npz")
    resumed = build(4)
    resumed.load_checkpoint(tmp_path / "run.npz")
    assert resumed.train().history == whole.history


def test_models_without_buffers_and_generator_resume(tmp_path):
    solver = solver_for(numbered(), model=Recorder(), optimiser=SGD(1.0), num_epochs=2)
    solver.train().save_checkpoint(tmp_path / "run.npz")
    resumed = solver_for(numbered(), model=Recorder(), optimiser=SGD(1.0), num_epochs=3)
    resumed.load_checkpoint(str(tmp_path / "run.npz"))
    assert resumed.train().model.params["W1"] == -3
    resumed.train()  # nothing is left to do
    assert resumed.model.params["W1"] == -3


def test_a_checkpoint_holds_no_pickles_and_no_leftovers(tmp_path):
    solver_for(clouds(), checkpoint=tmp_path / "run.npz").train()
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
        assert "params/W1" in file.files
        assert "optimiser/mean/W1" in file.files


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    solver = solver_for(clouds(), num_epochs=1, checkpoint=path).train()
    before = path.read_bytes()
    monkeypatch.setattr(checkpoint_module.os, "fsync", lambda fd: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        solver.save_checkpoint(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_checkpoint_needs_its_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        solver_for(clouds()).save_checkpoint(tmp_path / "absent" / "run.npz")


def test_missing_and_damaged_checkpoints(tmp_path):
    solver, path = solver_for(clouds()), tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError):
        solver.load_checkpoint(path)
    solver.save_checkpoint(path)
    content = path.read_bytes()
    np.savez(tmp_path / "other.npz", x=np.ones(1))
    np.savez(tmp_path / "foreign.npz", meta=np.array(json.dumps({"format": "another"})))
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("other", "foreign", "cut", "text", "empty"):
        with pytest.raises(ValueError, match=f"{name}.npz is not a checkpoint, or is damaged"):
            solver.load_checkpoint(tmp_path / f"{name}.npz")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    meta = np.array(json.dumps({"format": checkpoint_module.FORMAT}))
    np.savez(tmp_path / "trap.npz", meta=meta, x=np.array([Trap()], dtype=object))
    with pytest.raises(ValueError, match="is not a checkpoint, or is damaged"):
        read_checkpoint(tmp_path / "trap.npz")
    assert not (tmp_path / "sprung").exists()


def test_meta_keeps_all_digits(tmp_path):
    meta = {"loss": [0.1 + 0.2, 1e-320, math.pi], "state": 2**127 - 1, "key": np.arange(2)}
    write_checkpoint(tmp_path / "x", meta, {"a": np.array([1.5], dtype=np.float32)})
    read, arrays = read_checkpoint(tmp_path / "x")
    assert read == meta | {"key": [0, 1]}
    assert arrays["a"].dtype == np.float32


def test_a_checkpoint_of_another_run(tmp_path):
    path, data = tmp_path / "run.npz", clouds()
    solver_for(data).save_checkpoint(path)
    wide = FullyConnectedNet([7], 3, 3, normalization="batchnorm", rng=np.random.default_rng(0))
    others = {
        "optimiser Adam there, SGD here": {"optimiser": SGD()},
        "batch size 16 there, 8 here": {"batch_size": 8},
        r"parameters .*\(3, 6\).* there, .*\(3, 7\)": {"model": wide},
        "buffers": {"model": network(data, normalization="layernorm")},
    }
    for message, settings in others.items():
        other = solver_for(data, **settings)
        before = {k: w.copy() for k, w in other.model.params.items()}
        with pytest.raises(ValueError, match=f"belongs to another run: {message}"):
            other.load_checkpoint(path)
        assert other.epoch == 0
        for k, w in before.items():
            np.testing.assert_array_equal(other.model.params[k], w)
    other = solver_for(data)
    other.rng = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(ValueError, match=r"random generators .*PCG64.* there, .*MT19937.* here"):
        other.load_checkpoint(path)
    narrow = network(data)
    narrow.params = {k: w.astype(np.float32) for k, w in narrow.params.items()}
    with pytest.raises(ValueError, match=r"float64 .* there, .*float32"):
        solver_for(data, model=narrow).load_checkpoint(path)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_divergence_stops_before_the_step(bad, tmp_path):
    path = tmp_path / "run.npz"
    model = Recorder(losses=[2.0] * 3 + [1.5] + [bad])
    solver = solver_for(numbered(), model=model, optimiser=SGD(0.25), batch_size=4, checkpoint=path)
    message = (
        rf"loss became {bad} at iteration 5 \(epoch 2 of 6\); the loss before was 1\.5\. "
        r"Try a learning rate below 0\.25.*; and check that the data hold no NaN\.$"
    )
    with pytest.raises(DivergenceError, match=message):
        solver.train()
    assert model.params["W1"] == -0.25 * 4
    assert len(solver.history["loss"]) == 4
    assert read_checkpoint(path)[0]["epoch"] == 1
    assert issubclass(DivergenceError, ArithmeticError)


def test_divergence_at_the_first_step():
    solver = solver_for(numbered(), model=Recorder(losses=[math.nan]))
    with pytest.raises(DivergenceError, match=r"iteration 1 .*this was the first step"):
        solver.train()


def test_a_real_overflow_is_reported_and_not_warned_about():
    data = clouds()
    data["X_train"] = 1e200 * data["X_train"]
    model = TwoLayerNet(3, 5, 3, rng=np.random.default_rng(0), dtype="float64")
    with pytest.raises(DivergenceError):
        solver_for(data, model=model, optimiser=SGD(1e200)).train()


def test_accuracy(xp):
    scores = xp.asarray(np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.5, 0.5]]))
    model = SimpleNamespace(loss=lambda X: X)
    y = xp.asarray(np.array([1, 1, 1, 0, 0]))
    for batch_size in (1, 2, 5, 1000):
        assert accuracy(model, scores, y, batch_size) == pytest.approx(0.8)


def test_accuracy_works_in_batches():
    sizes = []
    model = SimpleNamespace(loss=lambda X: sizes.append(len(X)) or np.zeros((len(X), 2)))
    assert accuracy(model, np.zeros((2500, 1)), np.zeros(2500, dtype=int)) == 1
    assert sizes == [1000, 1000, 500]


def test_accuracy_rejects_nonsense():
    model = SimpleNamespace(loss=lambda X: X)
    X, y = np.eye(3), np.arange(3)
    with pytest.raises(ValueError, match="at least one example"):
        accuracy(model, X[:0], y[:0])
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        accuracy(model, X, y, 0)
    with pytest.raises(ValueError, match=r"labels must lie in 0..2"):
        accuracy(model, X, y + 1)
    with pytest.raises(ValueError, match="one label an example"):
        accuracy(model, X, y[:2])


def test_progress_bar(capsys):
    for progress in (False, True):
        solver = solver_for(numbered(), model=Recorder(), optimiser=SGD(), num_epochs=2)
        solver.progress = progress
        solver.train()
        printed = capsys.readouterr()
        assert printed.out == ""
        assert bool(printed.err) is progress
    assert "2/2" in printed.err
    assert "val_accuracy=0.750" in printed.err


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda d: d.pop("X_val"), ValueError, r"data lacks \['X_val'\]"),
        (lambda d: d.update(y_train=d["y_train"][:5]), ValueError, r"got X_train .* and y_train"),
        (lambda d: d.update(y_val=d["y_val"][:5]), ValueError, r"got X_val .* and y_val \(5,\)"),
        (lambda d: d.update(X_val=d["X_val"][:0], y_val=d["y_val"][:0]), ValueError, "at least"),
        (lambda d: d.update(X_train=d["X_train"].tolist()), TypeError, "got list"),
        (lambda d: d.update(y_train=d["y_train"].tolist()), TypeError, "got list"),
    ],
)
def test_wrong_data(change, error, message):
    data = clouds()
    change(data)
    with pytest.raises(error, match=message):
        solver_for(data, model=network(clouds()))


@pytest.mark.parametrize("name", ["num_epochs", "batch_size", "num_train_samples"])
def test_wrong_numbers(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        solver_for(clouds(), **{name: 0})


def test_wrong_generator():
    with pytest.raises(TypeError, match="the solver needs rng"):
        Solver(network(clouds()), clouds(), optimiser=SGD(), rng=0)


def test_data_and_model_must_share_a_library():
    strict = pytest.importorskip("array_api_strict")
    data = {k: strict.asarray(v) for k, v in clouds().items()}
    with pytest.raises(TypeError, match="different libraries"):
        solver_for(data, model=network(clouds()))


def test_checkpoint_path_is_kept():
    assert solver_for(clouds(), checkpoint="run.npz").checkpoint == Path("run.npz")
    assert solver_for(clouds()).checkpoint is None
    assert not os.path.exists("run.npz")


class Sign(SGD):
    """Steps of one size against the sign of a running mean of the gradients."""

    remembers = ("mean",)

    def _update(self, name, w, dw, learning_rate):
        mean = 0.5 * self._recall("mean", name, w) + 0.5 * dw
        self.state["mean"][name] = mean
        return w - learning_rate * np.sign(mean)


def test_a_rule_of_ones_own_is_one_method(tmp_path):
    """It trains, its state goes on where it stopped, and it refuses another rule's state."""
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    path = tmp_path / "checkpoint.npz"

    def solver(epochs):
        rng = np.random.default_rng(1)
        model = TwoLayerNet(3, 4, 2, dtype=np.float64, rng=rng)
        rule = Sign(1e-3)
        return Solver(model, data, optimiser=rule, num_epochs=epochs, batch_size=5, rng=rng,
                      progress=False)  # fmt: skip

    whole, rest = solver(4), solver(4)
    whole.train()
    solver(2).train().save_checkpoint(path)
    rest.load_checkpoint(path)
    rest.train()
    for name, value in whole.model.params.items():
        np.testing.assert_array_equal(rest.model.params[name], value)
    assert repr(rest.optimiser) == "Sign(learning_rate=0.001)"
    with pytest.raises(ValueError, match='Momentum remembers "velocity/NAME"'):
        Momentum().load_state_dict(rest.optimiser.state_dict())
