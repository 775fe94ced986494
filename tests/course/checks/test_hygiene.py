"""Steps are those of calls that did their work: what they return is compared as any result is."""

import gc

import numpy as np
import pytest

from cs231n_lib.course.checks import a2, hygiene
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.verdict import CheckFailed

doubled = Exercise(
    lambda x, factor=2: factor * x, ("y",), (Mistake("tripled", "it is 2 x.", {"factor": 3}),)
)
rng = np.random.default_rng(0)


def draw(n):
    return lambda: (rng.normal(size=n),)


def steps(function, right=doubled.check):
    hygiene.steps_do_not_grow(function, draw(10), draw(1000), "the numbers", right=right)


def counted():
    return not gc.isenabled()


def loops(x):
    return np.array([2 * v for v in x])


def test_there_is_no_test_of_steps_without_a_test_of_results():
    with pytest.raises(TypeError, match="right"):
        hygiene.steps_do_not_grow(loops, draw(10), draw(1000), "the numbers")


def test_a_right_answer_without_loops_passes():
    steps(lambda x: 2 * x)
    steps(lambda x: x + x if counted() else 2 * x)


def test_a_right_answer_with_a_loop_hears_of_the_loop():
    with pytest.raises(CheckFailed, match="they grow with the numbers") as failed:
        steps(loops)
    assert failed.value.diagnosis.id == "not_vectorised"


@pytest.mark.parametrize(
    "cheap",
    [lambda x: np.zeros_like(x), lambda x: 1.01 * 2 * x, lambda x: x, lambda x: None,
     lambda x: x[:3], lambda x: 3 * x, lambda x: 2 * x * (x.size < 1000),
     lambda x: 2 * x * (x.size > 10)],
)  # fmt: skip
def test_work_that_is_done_in_the_other_calls_alone_is_told(cheap):
    with pytest.raises(CheckFailed, match="whose steps are counted") as failed:
        steps(lambda x: cheap(x) if counted() else loops(x))
    assert failed.value.diagnosis.id == "only_uncounted"


def test_who_is_wrong_in_every_call_hears_what_the_check_says():
    heard = []
    for right in (steps, lambda f: doubled.check(f, {"small input 1": draw(10)()})):
        with pytest.raises(CheckFailed) as failed:
            right(lambda x: 3 * x)
        heard.append((failed.value.message.partition(":")[0], failed.value.diagnosis))
    assert heard[0] == heard[1] == ("small input 1", doubled.mistakes[0].diagnosis)


def test_a_call_that_has_not_run_is_no_call_of_few_steps():
    def yields(x):
        yield from loops(x)

    with pytest.raises(CheckFailed, match="returned a generator"):
        steps(yields)


def test_what_was_kept_of_earlier_calls_does_not_shorten_a_loop():
    kept = {}

    def by_numbers(x):
        if x.tobytes() not in kept:
            kept[x.tobytes()] = loops(x)
        return kept[x.tobytes()]

    def by_shape(x):
        if x.shape not in kept:
            kept[x.shape] = loops(x)
        return kept[x.shape]

    with pytest.raises(CheckFailed, match="they grow with the numbers"):
        steps(by_numbers)
    with pytest.raises(CheckFailed, match=r"`y` is wrong"):
        steps(by_shape)


def test_numbers_that_are_none_are_found_again():
    """NaN differs from itself, and a call with one is still the call that was counted."""
    x = np.array([1.0, np.nan])
    hygiene.steps_do_not_grow(
        lambda x: np.isnan(x), lambda: (x,), lambda: (x,), "nothing",
        right=lambda function, regimes: [function(*args) for args in regimes.values()],
    )  # fmt: skip


def svm(dW=lambda dW, W: dW, loss=1.0):
    def answer(W, X, y, reg):
        found = a2.svm.svm(W, X, y, reg)
        return loss * found[0], dW(found[1], W)

    return answer


def problems():
    return {f"{n}": a2.losses.problem(rng, 8, 4, 3, a2.losses.HARDLY) for n in range(2)}


@pytest.mark.parametrize(
    "answer",
    [svm(), svm(loss=8.0), svm(lambda dW, W: 8 * dW), svm(lambda dW, W: -dW),
     svm(lambda dW, W: dW.T), lambda *args: a2.svm.svm(*args, grad_true="missing", loss_reg=0.5)],
)  # fmt: skip
def test_what_has_tests_of_its_own_costs_no_steps(answer):
    a2.losses.counted(a2.svm.exercise)(answer, problems())


@pytest.mark.parametrize(
    "answer",
    [svm(lambda dW, W: 0 * dW), svm(lambda dW, W: W), svm(lambda dW, W: np.abs(dW)),
     svm(lambda dW, W: dW[:1]), svm(lambda dW, W: np.nan * dW),
     lambda *args: (1.0, svm()(*args)[1])],
)  # fmt: skip
def test_what_computes_no_loss_or_no_gradient_is_told(answer):
    with pytest.raises(CheckFailed):
        a2.losses.counted(a2.svm.exercise)(answer, problems())
