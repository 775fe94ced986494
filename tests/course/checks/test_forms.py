"""What comes back in a wrong form, or from changed arguments, is named by what makes it so."""

import gc
import warnings

import numpy as np
import pytest

from cs231n_lib.course.checks import (
    CheckFailed,
    Diagnosis,
    Exercise,
    Mistake,
    calling,
    hygiene,
    raised,
)
from cs231n_lib.course.checks.attributes import attribute

X = np.array([[0.25, 1.5, -0.75], [2.5, 0.5, 3.25]])
Y = 2 * X + np.arange(3.0)


def rows(x, *, sign=1.0, axis=1):
    return sign * x.sum(axis=axis)


def double(x, *, more=0.0, twice=1.0):
    return 2 * twice * x + more


sums = Exercise(rows, ("sums",))
doubled = Exercise(
    double,
    ("doubled",),
    (
        Mistake("two added", "Two are added.", {"more": 2.0}),
        Mistake("four times", "It is doubled twice.", {"twice": 2.0}),
    ),
)
both = Exercise(lambda x: (x.sum(), 2 * x), ("total", "doubled"))


def named(exercise, function):
    with pytest.raises(CheckFailed) as failed:
        exercise.check(function, {"one": (X.copy(),), "two": (Y.copy(),)})
    return failed.value.diagnosis and failed.value.diagnosis.id


def generator(x):
    yield 2 * x


async def coroutine(x):
    return 2 * x


async def both_at_once(x):
    yield 2 * x


@pytest.mark.parametrize(
    ("function", "name"),
    [(generator, "generator"), (coroutine, "coroutine"), (both_at_once, "coroutine")],
)
def test_a_call_that_has_not_run_is_told_as_such(function, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert named(doubled, function) == name
        gc.collect()
    for ask in (calling.call, raised, hygiene.keeps_dtype, hygiene.keeps_inputs):
        with pytest.raises(CheckFailed) as failed:
            ask(function, X)
        assert failed.value.diagnosis.id == name


def test_a_generator_in_round_brackets_is_one_too():
    assert named(doubled, lambda x: (2 * row for row in x)) == "generator"


class Names(dict):
    """A dictionary whose keys are attributes, as students write them."""

    def __getattr__(self, name):
        return self[name]


def test_an_object_that_raises_what_it_likes_is_handed_on():
    assert calling.call(Names, W=1) == {"W": 1}
    with pytest.raises(CheckFailed) as failed:
        both.check(lambda x: Names(), {"one": (X,)})
    assert "returned a Names" in failed.value.message


def test_a_comma_behind_the_result_is_seen():
    assert named(doubled, lambda x: (2 * x,)) == "tuple_of_one"
    assert named(both, lambda x: ((x.sum(), 2 * x),)) == "tuple_of_one"
    assert named(both, lambda x: (x.sum(), (2 * x,))) == "tuple_of_one"
    assert named(both, lambda x: x.sum()) == "shape"
    assert named(doubled, lambda x: [2 * x]) == "shape"


def test_one_value_for_each_column_is_the_other_axis():
    assert named(sums, lambda x: x.sum(axis=0)) == "other_axis"
    assert named(sums, lambda x: np.zeros(7)) == "shape"
    assert named(sums, lambda x: x.sum()) == "shape"


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (2 * x).astype(int),
        lambda x: np.floor_divide(x, 0.5),
        lambda x: np.round(2 * x),
        lambda x: np.argsort(x, axis=1),
    ],
)
def test_whole_numbers_are_told_from_fractions(function):
    thirds = Exercise(lambda x: x / 0.5 + 0.125, ("y",))
    assert named(thirds, function) == "whole_numbers"


def test_whole_numbers_where_they_belong_are_wrong_for_another_reason():
    counts = Exercise(lambda x: np.array([3, 4]), ("counts",))
    assert named(counts, lambda x: np.array([3, 5])) is None
    assert named(doubled, lambda x: np.zeros(x.shape, dtype=int)) == "zeros"


def test_integers_for_float32_are_no_matter_of_float64():
    with pytest.raises(CheckFailed) as failed:
        hygiene.keeps_dtype(lambda x: x.astype(int), X.astype(np.float32))
    assert failed.value.diagnosis.id == "whole_numbers"
    with pytest.raises(CheckFailed) as failed:
        hygiene.keeps_dtype(lambda x: x.astype(float), X.astype(np.float32))
    assert failed.value.diagnosis.id == "dtype"


def shifted(x):
    x -= x.max()
    return 2 * x


def test_a_changed_argument_is_the_cause_also_where_a_wrapper_of_ours_calls():
    assert named(doubled, shifted) == "input_changed"

    def ours(*args):
        return calling.call(shifted, *args)

    def ours_alone(x):
        x -= x.max()
        return 2 * x

    ours.__module__ = ours_alone.__module__ = calling.__name__
    assert named(doubled, ours) == "input_changed"
    assert named(doubled, ours_alone) is None


def test_a_wrong_form_is_named_before_a_change():
    def comma(x):
        x *= 2
        return (x,)

    assert named(doubled, comma) == "tuple_of_one"


def test_what_explains_the_numbers_alone_comes_before_a_change_and_a_pair_after_it():
    def both_wrong(x, factor, more):
        y = factor * x + more
        x[...] = 0
        return y

    assert named(doubled, lambda x: both_wrong(x, 2, 2)) == "two added"
    assert named(doubled, lambda x: both_wrong(x, 4, 2)) == "input_changed"
    assert named(doubled, lambda x: 4 * x + 2) == "two added+four times"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("def train(self): pass", "outside_class"),
        ("    def trian(self): pass", "misspelt"),
        ("def train(X): pass", "nothing else"),
        ("    def loss(self): pass", "nothing else"),
    ],
)
def test_a_method_that_is_lost_is_found(body, name):
    space = {}
    exec(f"class Model:\n    def __init__(self): self.W = None\n{body}", space)
    with pytest.raises(CheckFailed, match="the model has no attribute `train`") as failed:
        attribute(space["Model"](), "train", "the model", Diagnosis("nothing else", ""))
    assert failed.value.diagnosis.id == name


def test_a_class_whose_init_is_lost_says_so():
    space = {}
    exec("class Model:\n    'A model.'\ndef __init__(self, D): self.D = D", space)
    with pytest.raises(CheckFailed, match="takes no arguments") as failed:
        calling.call(space["Model"], 3)
    assert failed.value.diagnosis.id == "outside_class"


def test_nobody_watches_afterwards():
    mine = X.copy()
    with calling.watching() as changed:
        calling.call(shifted, mine)
        with calling.watching() as inner:
            calling.call(double, X.copy())
        assert not inner
        mine += 1
        calling.call(shifted, mine)
    calling.call(shifted, X.copy())
    assert [argument is mine for argument in changed] == [True, True]


def test_what_may_be_changed_is_no_cause():
    def stored(x, param):
        param["total"] = x.sum()
        return 3 * x

    def by_param(x, param):
        return 2 * x

    for kinds, name in (((), "input_changed"), ((dict,), None)):
        exercise = Exercise(by_param, ("y",), may_change=kinds)
        with pytest.raises(CheckFailed) as failed:
            exercise.check(stored, {"one": (X.copy(), {})})
        assert (failed.value.diagnosis and failed.value.diagnosis.id) == name
