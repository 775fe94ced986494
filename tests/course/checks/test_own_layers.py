"""Assignment 4: what a network makes of its author's own layers, and what the judge sees of it."""

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.judge import grader, rules
from cs231n_lib.course.judge.walls import plain
from tests.grader import table

NETWORK = "ThreeLayerConvNet"


def sample(exercise, name):
    samples = table.read_samples(table.SAMPLES / "a4" / f"{exercise}.txt")
    return next(s.code for s in samples if s.name == name)


def grade_network(layers, network):
    """Return the tests that ``network`` fails when the author's layers are ``layers``."""
    return set(table.grade("a4", NETWORK, {**layers, NETWORK: network}, seed=1))


@pytest.mark.parametrize(
    ("exercise", "name"),
    [
        ("conv", "true convolution"),
        ("conv", "db over the images only"),
        ("conv", "stride ignored in dw"),
        ("conv", "float64"),
        ("max_pool", "average pooling"),
        ("max_pool", "gradient to all"),
    ],
)
def test_wrong_numbers_from_own_layers_cost_the_network_nothing(exercise, name):
    layers = {exercise: sample(exercise, name)}
    right = table.answers_of("a4")[NETWORK]
    assert grade_network(layers, right) == set()


def test_wrong_layers_do_not_excuse_a_wrong_network():
    layers = {"conv": sample("conv", "true convolution")}
    wrong = sample(NETWORK, "no mask of the affine ReLU")
    assert grade_network(layers, wrong) == {"gradients"}


def test_the_judge_sees_running_averages_that_a_worker_keeps(library, tmp_path):
    source = (checkout.root() / "solutions" / "a4" / "a4.ipynb").read_bytes()
    master = read_master(source, "a4")
    limits = rules.limits_of(master)
    workers = plain.Unsandboxed(library, limits)
    try:
        result = grader.Grader(master, workers.worker, limits).grade(source, seed=1)
    finally:
        workers.stop()
    batchnorm = [t for t in result.tests if t.name.startswith("batchnorm-")]
    assert len(batchnorm) == 6
    assert [t.name for t in result.tests if not t.passed] == []
