"""A key that is missing is named, and so is the one that was meant to be it."""

import numpy as np
import pytest

from cs231n_lib.course.checks import CheckFailed, Exercise, Mistake
from cs231n_lib.course.checks.keys import nearest, require_keys

NAMES = ("W1", "b1", "W2", "b2")
RIGHT = dict.fromkeys(NAMES, 0.0)


def renamed(**new):
    return {new.get(name, name): value for name, value in RIGHT.items() if new.get(name, name)}


@pytest.mark.parametrize(
    ("found", "said", "diagnosis"),
    [
        (renamed(b2="B2"), "no key 'b2', but 'B2'", "misspelt_key"),
        (renamed(W1="W_1"), "no key 'W1', but 'W_1'", "misspelt_key"),
        (renamed(W1="dW1", b1="db1"), "no key 'W1', but 'dW1'", "misspelt_key"),
        (renamed(b1="hidden"), "no key 'b1'; the keys should be W1, b1, W2, b2", "key_missing"),
        (renamed(b1=None), "no key 'b1'", "key_missing"),
        ({1: 0, (2, 3): 0}, "no key 'W1'", "key_missing"),
        ({**RIGHT, "scale": 1}, "has scale as well", "key_too_many"),
        ([RIGHT], "but is a list", None),
    ],
)
def test_what_is_wrong_with_the_keys_is_said(found, said, diagnosis):
    with pytest.raises(CheckFailed) as failed:
        require_keys(found, NAMES, "`grads`")
    assert said in failed.value.message
    assert (failed.value.diagnosis and failed.value.diagnosis.id) == diagnosis


def test_right_keys_pass_and_more_of_them_where_they_may():
    require_keys(RIGHT, NAMES, "`grads`")
    require_keys({**RIGHT, "scale": 1}, NAMES, "`grads`", more=True)
    with pytest.raises(CheckFailed, match="no key 'b2'"):
        require_keys(renamed(b2="B2") | {"more": 1}, NAMES, "`grads`", more=True)


def test_the_nearest_is_found_whatever_its_case_and_none_where_nothing_is_near():
    assert nearest("predict_labels", ["predict_label", "labels", "train"]) == "predict_label"
    assert nearest("b2", ["b1", "W2", "B_2"]) == "B_2"
    assert nearest("b2", ["b1", "__b_2__"]) == "__b_2__"
    assert nearest("b2", ["b1", "W2"]) is None
    assert nearest("b2", []) is None


def _line(x, y, *, centre=True):
    """The reference of an exercise whose function returns a dictionary."""
    dx, dy = (x - x.mean(), y - y.mean()) if centre else (x, y)
    slope = (dx * dy).sum() / (dx**2).sum()
    return {"slope": slope, "intercept": y.mean() - slope * x.mean()}


ORIGIN = Mistake("origin", "take the means off.", {"centre": False})
LINE = Exercise(_line, ("slope", "intercept"), (ORIGIN,), keyed=True)
POINTS = {"points": (np.array([0.0, 1.0, 4.0]), np.array([1.0, 2.0, 4.0]))}


def test_a_dictionary_is_compared_by_its_keys_in_any_order():
    LINE.check(_line, POINTS)
    LINE.check(lambda x, y: dict(reversed(_line(x, y).items())), POINTS)


@pytest.mark.parametrize(
    ("function", "said", "diagnosis"),
    [
        (lambda x, y: _line(x, y, centre=False), "`slope` is wrong", "origin"),
        (lambda x, y: tuple(_line(x, y).values()), "should be a dictionary with slope, intercept",
         None),
        (lambda x, y: None, "a dictionary with slope, intercept, but returned None", "no_return"),
        (lambda x, y: {"Slope": 1.0, "intercept": 2.0}, "no key 'slope', but 'Slope'",
         "misspelt_key"),
        (lambda x, y: _line(x, y) | {"slope": "1"}, "`slope` is not an array of real numbers",
         "kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_dictionary_of_results_is_said(function, said, diagnosis):
    with pytest.raises(CheckFailed) as failed:
        LINE.check(function, POINTS)
    assert said in failed.value.message
    assert (failed.value.diagnosis and failed.value.diagnosis.id) == diagnosis
