"""Each exercise is judged on its own merits, whatever its author's other functions do."""

import json
import warnings

import pytest

from cs231n_lib.course import checkout, checks
from cs231n_lib.course.assignment.master import defined_names, read_master
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.judge import grader, rules
from cs231n_lib.course.judge.walls import plain
from tests.grader import table

PAIRS = [
    (assignment, above, below)
    for assignment in assignments()
    for above, belows in sorted(table.built_on(assignment).items())
    for below in sorted(belows)
]
#: Other functions that cannot be called at all.
BROKEN = {"not there": "pass", "not Python": "def f(:\n    pass"}


def calls(source, names):
    return any(f"{name}(" in source for name in names)


def test_what_a_model_answer_calls_is_replaced_while_it_is_tested():
    for assignment in assignments():
        answers = table.answers_of(assignment)
        declared = table.built_on(assignment)
        if assignment == "a2":
            declared["tune"] = {"LinearClassifier"}  # by the test itself: the models remember
            declared["LinearClassifier"] = {"svm_loss_vectorized", "softmax_loss_vectorized"}
        for exercise in table.exercises(assignment):
            needs = {
                other
                for other in answers
                if other != exercise and calls(answers[exercise], defined_names(answers[other]))
            }
            assert needs <= declared.get(exercise, set()), exercise


@pytest.mark.parametrize(("assignment", "above", "below"), [
    *PAIRS,
    ("a2", "LinearClassifier", "svm_loss_vectorized"),
    ("a2", "LinearClassifier", "softmax_loss_vectorized"),
    ("a2", "tune", "LinearClassifier"),
    ("a2", "tune", "softmax_loss_vectorized"),
])  # fmt: skip
def test_a_right_answer_keeps_its_points_above_wrong_ones(assignment, above, below):
    samples = table.read_samples(table.SAMPLES / assignment / f"{below}.txt")
    codes = {s.name: s.code for s in samples if not s.correct} | BROKEN
    lost = {}
    with warnings.catch_warnings(), table.remembered():
        warnings.simplefilter("ignore")  # of the wrong samples' own arithmetic
        for name, code in codes.items():
            failures = table.grade(assignment, above, {below: code}, seed=1)
            lost |= {f"{name}: {test}": f.text for test, f in failures.items()}
    assert lost == {}


def test_right_functions_stand_in_for_a_while_only():
    space = {}
    exec("def f(): return g()\ndef g(): return 1", space)
    with checks.replaced(space["f"], {"g": lambda: 2, "h": {}}):
        assert space["f"]() == 2
        assert "h" in space
    assert space["f"]() == 1
    assert "h" not in space


def judge_a2(library, **answers):
    """Return the tests that a submission of the model answers, but for these, loses."""
    source = (checkout.root() / "solutions" / "a2" / "a2.ipynb").read_bytes()
    master = read_master(source, "a2")
    content = json.loads(source)
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
    limits = rules.limits_of(master)
    workers = plain.Unsandboxed(library, limits)
    try:
        result = grader.Grader(master, workers.worker, limits).grade(
            json.dumps(content).encode(), seed=1
        )
    finally:
        workers.stop()
    return {t.name: t.text for t in result.tests if not t.passed}


SUMMED = """def svm_loss_vectorized(W, X, y, reg):
    rows = np.arange(len(X))
    m = np.maximum(0, X @ W - (X @ W)[rows, y][:, None] + 1)
    m[rows, y] = 0
    k = (m > 0).astype(float)
    k[rows, y] = -k.sum(axis=1)
    return m.sum() + reg * np.sum(W * W), np.matrix(X.T @ k + 2 * reg * W)
"""


def test_a_wrong_loss_costs_the_classifier_nothing_in_the_judge(library):
    lost = judge_a2(library, svm_loss_vectorized=SUMMED)
    assert {name.partition("-")[0] for name in lost} == {"svm_loss_vectorized"}
    assert "np.matrix" in lost["svm_loss_vectorized-manners"]


def test_a_right_function_is_of_no_use_after_its_test(library):
    from cs231n_lib.course.judge.proxies import Client, Proxy
    from cs231n_lib.course.limits import Deadline

    limits = rules.limits_of(read_master(
        (checkout.root() / "solutions" / "a1" / "a1.ipynb").read_bytes(), "a1"
    ))  # fmt: skip
    workers = plain.Unsandboxed(library, limits)
    line = workers.worker()
    try:
        client = Client(line, Deadline(60.0, 20.0))
        source = "kept = []\ndef f():\n    kept.append(g)\n    return g()\n"
        source += "def again():\n    return kept[0]()"
        client.request(op="run", cell="c", source=source, helpers=False)
        names = client.ask(op="names", names=["f", "again"])
        assert isinstance(names["f"], Proxy)
        with checks.replaced(names["f"], {"g": lambda: 7}):
            assert names["f"]() == 7
            assert names["again"]() == 7
        with pytest.raises(StudentError, match="one test only"):
            names["again"]()
    finally:
        line.close()
        workers.stop()
