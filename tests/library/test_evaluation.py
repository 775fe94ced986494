"""Standard errors of accuracies, held against repeated draws and an exact enumeration."""

from itertools import product

import numpy as np
import pytest

from cs231n_lib.evaluation import paired_difference, standard_error


def test_the_standard_error_is_the_spread_of_repeated_test_sets():
    rng = np.random.default_rng(0)
    draws = rng.random((20_000, 50)) < 0.3
    assert np.isclose(draws.mean(axis=1).std(), np.sqrt(0.3 * 0.7 / 50), rtol=0.02)
    assert standard_error(np.repeat([True, False], [15, 35])) == pytest.approx(np.sqrt(0.21 / 50))


def test_the_paired_error_is_the_exact_spread_of_resampled_pairs():
    one, other = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 0, 1], dtype=bool)
    difference = one.astype(int) - other
    means = [difference[list(chosen)].mean() for chosen in product(range(4), repeat=4)]
    assert paired_difference(one, other) == pytest.approx((0.0, np.std(means)))


def test_a_classifier_does_not_differ_from_itself():
    correct = np.random.default_rng(1).random(40) < 0.5
    assert paired_difference(correct, correct) == (0.0, 0.0)
    assert paired_difference(correct, ~correct)[0] == pytest.approx(2 * correct.mean() - 1)


@pytest.mark.parametrize("bad", [[], [0.5, 1.0], [[True]], [1, 0]])
def test_what_is_no_row_of_truth_values_is_refused(bad):
    with pytest.raises(ValueError, match="truth values"):
        standard_error(bad)
    with pytest.raises(ValueError, match="truth values"):
        paired_difference(np.ones(2, dtype=bool), bad)


def test_two_different_test_sets_are_no_pair():
    with pytest.raises(ValueError, match="not 3 and 2"):
        paired_difference(np.ones(3, dtype=bool), np.ones(2, dtype=bool))
