"""What is kept of a reference's mistakes: found for the same problem, and for no other."""

from types import SimpleNamespace

import numpy as np
import pytest

from cs231n_lib.course.checks import imitations
from cs231n_lib.course.checks.a2 import tune
from cs231n_lib.course.checks.comparison import landmark, off, relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.imitations import Imitations, keep
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.verdict import CheckFailed


class Counted:
    """A reference with two dials, which knows how often it was run."""

    def __init__(self):
        self.runs = 0

    def __call__(self, x, *, factor=1.0, more=0.0):
        self.runs += 1
        return factor * x + more


def diagnosis(exercise, function, x):
    with pytest.raises(CheckFailed) as failed:
        exercise.check(function, {"x": (x,)})
    return failed.value.diagnosis and failed.value.diagnosis.id


def test_a_class_pays_once_for_the_mistakes_that_are_tried():
    reference, x = Counted(), np.arange(4.0)
    mistakes = (
        Mistake("doubled", "It is doubled.", {"factor": 2.0}),
        Mistake("one more", "One is added.", {"more": 1.0}),
        Mistake("two more", "Two are added.", {"more": 2.0}),
    )
    exercise = Exercise(reference, ("y",), mistakes)
    answers = {
        "doubled": lambda x: 2 * x,
        "two more": lambda x: x + 2,
        "doubled+one more": lambda x: 2 * x + 1,
        None: lambda x: x**3,
    }
    runs = []
    for _ in range(2):
        for name, answer in answers.items():
            reference.runs = 0
            assert diagnosis(exercise, answer, x.copy()) == name
            runs.append(reference.runs)
    assert runs[0] == 1 + len(mistakes)
    assert max(runs[4:]) <= 2  # the right result alone, to compare with
    reference.runs = 0
    assert diagnosis(exercise, answers["doubled"], x + 1) == "doubled"
    assert reference.runs == 1 + len(mistakes)


ODD = (0.0, 1e-9, 1.0, -3.0, 3.0, 1e300, np.inf, -np.inf, np.nan)


def test_one_value_refutes_only_what_all_of_them_refute(rng):
    refuted = wrong = 0
    for _ in range(3000):
        shape = [(), (3,), (2, 3)][rng.integers(3)]
        want = rng.choice(ODD, shape)
        got = np.where(rng.random(shape) < 0.4, rng.choice(ODD, shape), want)
        got = got * (1 + rng.choice((0.0, 1e-8, 1e-3)))
        for dtype in (np.float64, np.float32):
            with np.errstate(over="ignore"):
                found = got.astype(dtype)
            if shape == ():
                want, found = float(want), float(found)
            allowed = rng.choice((1e-7, 2e-3))
            with np.errstate(invalid="ignore", over="ignore"):
                too_large = not relative_error(found, want) <= allowed
            refutes = off(found, want, landmark(want), allowed)
            assert too_large or not refutes, (found, want)
            wrong, refuted = wrong + too_large, refuted + refutes
    assert wrong > refuted > wrong / 4


@pytest.mark.parametrize("thing", [None, "text", [1.0, 2.0], np.ones(3), np.ones(2, int), 1, 1j])
def test_what_is_no_such_array_of_floats_is_left_to_the_whole_comparison(thing):
    want = np.array([5.0, 6.0])
    assert not off(thing, want, landmark(want), 1e-7)
    assert landmark(thing if isinstance(thing, str) else {}) is None
    assert off(np.array([5.0, 5.0]), want, landmark(want), 1e-7)


X = np.arange(6.0).reshape(2, 3)
PROBLEMS = {
    "as it is": (X, 1.0),
    "one value": (X + np.eye(2, 3), 1.0),
    "shape": (X.reshape(3, 2), 1.0),
    "dtype": (X.astype(np.float32), 1.0),
    "layout": (np.asfortranarray(X), 1.0),
    "number": (X, 2.0),
    "kind of number": (X, 1),
    "truth": (X, True),
    "nothing": (X, None),
    "one more": (X, 1.0, 1.0),
    "nested": ((X, 1.0),),
    "list": ([X, 1.0],),
    "by name": ({"x": X, "p": 1.0},),
    "by another name": ({"x": X, "q": 1.0},),
    "text": (X, "1.0"),
}


def test_each_problem_has_a_shelf_of_its_own(monkeypatch):
    monkeypatch.setattr(imitations, "MAX_PROBLEMS", len(PROBLEMS))
    kept = Imitations()
    for name, problem in PROBLEMS.items():
        shelf = kept.shelf(problem)
        assert shelf == {}, name
        shelf["by"] = name
    for name, problem in PROBLEMS.items():
        same = tuple(part.copy(order="K") if part is X else part for part in problem)
        assert kept.shelf(same) == {"by": name}


@pytest.mark.parametrize("thing", [np.random.default_rng(0), lambda: 1, np.array([None]), {1, 2}])
def test_what_is_more_than_its_content_is_met_anew_each_time(thing):
    kept = Imitations()
    kept.shelf((X, thing))["by"] = 1
    assert kept.shelf((X, thing)) == {}
    assert not kept.shelves


def test_few_problems_and_no_large_results_are_kept():
    kept = Imitations()
    for n in range(3 * imitations.MAX_PROBLEMS):
        kept.shelf((n,))["by"] = n
    assert len(kept.shelves) == imitations.MAX_PROBLEMS
    assert kept.shelf((n,)) == {"by": n}
    shelf = {}
    keep(shelf, "large", {"y": np.zeros(imitations.MAX_KEPT_BYTES)})
    keep(shelf, "small", {"y": np.zeros(2)})
    keep(shelf, "failed", None)
    assert set(shelf) == {"small", "failed"}


def training(W=None, rate=0.2, reg=1e-3, steps=5, size=4, number=0, last=1):
    """Train the right model of `tune` on a few points; return its weights and losses."""
    model = SimpleNamespace(W=W)
    train = tune._right_models([None] * number)["Softmax"]["train"]
    losses = train(model, X.T, np.array([0, 1, last]), rate, reg, steps, size)
    return model.W, losses


OTHERS = ({"W": np.ones((2, 2))}, {"rate": 0.1}, {"reg": 0.1}, {"steps": 6}, {"size": 3},
          {"number": 1}, {"last": 0})  # fmt: skip


def test_a_training_that_is_known_is_as_it_was_whatever_became_of_the_model(monkeypatch):
    monkeypatch.setattr(tune, "_TRAININGS", Imitations())
    W, losses = training()
    before = W.copy(), list(losses)
    W[...] = 0
    losses.clear()
    monkeypatch.setattr(tune, "_training", None)
    W, losses = training()
    assert (before[0] == W).all()
    assert losses == before[1]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_another_training_is_another(monkeypatch, other):
    monkeypatch.setattr(tune, "_TRAININGS", Imitations())
    W, losses = training()
    changed, others = training(**other)
    assert len(losses) != len(others) or (changed != W).any()
