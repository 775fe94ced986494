"""Whatever ends a call early, at whichever bytecode: all is as before, or all is done."""

from __future__ import annotations

import contextlib
import copy
import pickle
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from cs231n_lib import _parallel as parallel
from cs231n_lib.gradients import graph
from cs231n_lib.gradients.graph import Value
from cs231n_lib.nets import presets
from cs231n_lib.training import optim, solver
from cs231n_lib.training.optim import SGD, Adam, Momentum
from cs231n_lib.training.solver import Solver
from tests.library.interrupts import interrupted

pytestmark = pytest.mark.slow


def rng(seed=0):
    return np.random.default_rng(seed)


def frozen(arrays):
    return {name: array.tobytes() for name, array in arrays.items()}


def test_the_nodes_of_a_graph():
    def make():
        a, b = Value(2.0), Value(3.0)
        c = a * b + a
        return SimpleNamespace(a=a, b=b, c=c, out=(c * c).tanh())

    def grads(nodes):
        return [node.grad for node in (nodes.a, nodes.b, nodes.c, nodes.out)]

    whole = make()
    before = grads(whole)
    whole.out.backward()
    count = 0
    for count, nodes in enumerate(interrupted(make, lambda n: n.out.backward(), graph)):
        assert grads(nodes) in (before, grads(whole)), count
        again = grads(nodes) == before
        if again:
            nodes.out.backward()
            assert grads(nodes) == grads(whole)
    assert count > 200


@pytest.mark.parametrize("rule", [SGD, Momentum, Adam])
def test_a_step_of_an_update_rule(rule):
    def make():
        made = SimpleNamespace(rule=rule(0.1), params={"W1": np.ones(2), "b1": np.zeros(2)})
        made.rule.step(made.params, {"W1": np.ones(2), "b1": np.ones(2)})
        return made

    def act(made):
        made.rule.step(made.params, {"W1": np.array([2.0, 3.0]), "b1": np.ones(2)})

    def state(made):
        rule = made.rule.state_dict()
        return rule.pop("t"), frozen(rule), frozen(made.params)

    before, after = make(), make()
    act(after)
    count = 0
    for count, made in enumerate(interrupted(make, act, optim)):
        assert state(made) in (state(before), state(after)), count
    assert count > 150


def test_the_threads_of_blas_and_the_turn(three_threads):
    def act(_):
        parallel.in_threads(sum, 6)

    count = 0
    for count, _ in enumerate(interrupted(lambda: None, act, parallel)):
        assert [lib.num_threads for lib in parallel._blas().lib_controllers] == [3], count
        assert not parallel._turn._is_owned(), count
    assert parallel.in_threads(list, 3) == [[0], [1], [2]]
    assert count > 200


def make_solver(path=None):
    net = presets.FullyConnectedNet(
        [4], 3, 2, normalization="batchnorm", keep_prob=0.5, rng=rng(), dtype=np.float64
    )
    X, y = rng(1).standard_normal((4, 3)), np.array([0, 1, 1, 0])
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    return Solver(
        net, data, optimiser=Momentum(0.1), num_epochs=2, batch_size=2, rng=rng(2), progress=False
    )


def everything(run):
    optimiser = run.optimiser.state_dict()
    return (
        frozen(run.model.params), frozen(run.model.buffers), optimiser.pop("t"), frozen(optimiser),
        copy.deepcopy(run.history), run.epoch, run.steps, run.best_val_accuracy,
        frozen(run.best_params), frozen(run.best_buffers),
        str(run.rng.bit_generator.state), str(run.model.rng.bit_generator.state),
        None if run.order is None else run.order.tobytes(),
    )  # fmt: skip


def test_training_goes_on_as_if_nothing_had_happened():
    """After every interrupt the run stands between two steps, and ends as the whole one does.

    Between two steps a call of `train` keeps nothing but its bar, so each step is interrupted in a
    run that stands right before it: the steps before it are not made again for each bytecode.
    """
    whole = make_solver()
    runs = [pickle.dumps(whole)]
    original = Solver._all_or_nothing

    @contextlib.contextmanager
    def watched(self):
        with original(self):
            yield
        runs.append(pickle.dumps(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Solver, "_all_or_nothing", watched)
        whole.train()
    assert len(runs) == 1 + 2 * (2 + 1)
    stations = [everything(pickle.loads(run)) for run in runs]
    assert stations[0] == everything(make_solver())
    assert stations[-1] == everything(whole)

    class Enough(Exception):
        pass

    def to_the_next(run):
        begun = []

        def once(self):
            if begun:
                raise Enough
            begun.append(self)
            return original(self)

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Enough):
            patch.setattr(Solver, "_all_or_nothing", once)
            run.train()

    count = 0
    for number, before in enumerate(runs):
        around = stations[number : number + 2]
        for run in interrupted(partial(pickle.loads, before), to_the_next, solver):
            assert everything(run) in around, (number, count)
            if count % 50 == 0:
                run.train()
                assert everything(run) == stations[-1], (number, count)
            count += 1
    assert count > 1000


def test_a_step_that_diverges_leaves_all_as_it_was():
    run = make_solver()
    run.train()
    run.num_epochs = 3
    before = everything(run)
    run.data["X_train"][0] = np.inf
    with pytest.raises(solver.DivergenceError), np.errstate(all="ignore"):
        run.train()
    after = everything(run)
    same = [a == b for a, b in zip(before, after, strict=True)]
    assert same.count(False) == 3 or all(same), same  # at most a step of this epoch was made
    assert all(np.isfinite(array).all() for array in run.model.buffers.values())


def test_a_run_interrupted_in_the_middle_of_an_epoch_can_be_written(tmp_path):
    whole = make_solver()
    whole.train()
    cut, calls = make_solver(), []

    def failing(self):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return step(self)

    step = Solver._step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Solver, "_step", failing)
        with pytest.raises(KeyboardInterrupt):
            cut.train()
    assert (cut.epoch, cut.steps, len(cut.history["loss"])) == (0, 1, 1)
    cut.save_checkpoint(tmp_path / "cut.npz")
    other = make_solver()
    other.load_checkpoint(tmp_path / "cut.npz")
    assert everything(other) == everything(cut)
    other.train()
    assert everything(other) == everything(whole)
    fewer = make_solver()
    fewer.data = {name: array[:3] for name, array in fewer.data.items()}
    before = everything(fewer)
    with pytest.raises(ValueError, match="another run: number of training examples 4 there, 3 her"):
        fewer.load_checkpoint(tmp_path / "cut.npz")
    assert everything(fewer) == before
