"""A key that is missing is named, and so is the one that was meant to be it."""

import pytest

from cs231n_lib.course.checks import CheckFailed
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
