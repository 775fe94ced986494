"""Every rule that costs a point stands in the statement: each test names its sentence.

The statement of an exercise is all text before its answer cell: the rules at the top of the
assignment, and the text since the answer before. A test whose rule is not written there is unfair,
and a sentence that no longer stands there fails here.
"""

import fnmatch
import re

import nbformat
import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.sources import assignments
from tests.grader import table

#: Which tests enforce which words: ``assignment/exercise-test`` (with *) -> words of the statement.
ENFORCED = {
    # how a result comes
    "a1/*-manners": ("must not change its arguments", "not an `np.matrix`", "dtype of the inputs"),
    "a2/*-manners": ("Arguments must not be changed", "not an `np.matrix`", "`float64` results"),
    "a3/eval_numerical_gradient-manners": ("holds the values it had before",),
    "a[34]/*-manners": ("dtype of the inputs", "must not be changed", "no `np.matrix`"),
    "a[34]/*Net-manners": ("leaves them alone",),
    # vectorisation
    "a1/compute_distances_*-vectorised": ("number of Python steps must", "right results only"),
    "a2/*-vectorised": ("points for vectorisation go to functions whose data term is right",),
    "a4/im2col-vectorised": ("count Python steps", "These points go to right results only"),
    "a5/compute_distances_no_loops-vectorised": ("without a Python loop",),
    "a5/softmax_loss_vectorized-vectorised": ("The rules of exercise 5 hold",),
    # assignment 1
    "a1/compute_distances_two_loops-*": ("Take the root, and do not divide by D",),
    "a1/compute_distances_one_loop-*": ("The same matrix, one row at a time",),
    "a1/compute_distances_no_loops-identical": ("for two identical rows the exact result is 0",),
    "a1/compute_distances_no_loops-*": ("Expand the square",),
    "a1/compute_distances_l1-*": ("the sum of the absolute differences",),
    "a1/predict_labels-ties": ("among labels with equally many votes the smallest wins",),
    "a1/predict_labels-*": ("the label with most votes wins",),
    "a1/cross_validate-*": ("**without shuffling**", "right functions stand in their place"),
    # assignment 2
    "a2/*-loss": ("**averaged** over the N samples", "without a factor 1/2", "unequal classes"),
    "a2/*-gradient": ("**`2 * reg * W`**", "numerical differentiation is recognised"),
    "a2/softmax_loss_*-large": ("up to ten thousand", "subtract the largest score"),
    "a2/softmax_loss_*-far": ("underflows to 0, whose logarithm is infinite",),
    "a2/*_naive-example": ("**averaged** over the N samples",),
    "a2/LinearClassifier-history": ("recorded once, in their order", "begins a new list"),
    "a2/LinearClassifier-start": ("`0.001 *` normal random numbers", "goes on from the `W`"),
    "a2/LinearClassifier-step": ("`W - learning_rate * dW`", "in the place of `self.loss`"),
    "a2/LinearClassifier-batches": ("a **fresh** batch of `batch_size` rows",),
    "a2/LinearClassifier-learns": ("take one step of gradient descent",),
    "a2/LinearClassifier-predict": ("the label with the largest score for each row",),
    "a2/tune-models": ("each **from scratch**", "`num_iters` and `batch_size` as they are given",
                       "right classes stand in the place of yours"),
    # assignment 3
    "a3/eval_numerical_gradient-*": ("by the **centred** difference",),
    "a3/graph_gradients-*": ("where a value was used twice, what comes back is **added**",),
    "a3/sigmoid-*": ("as large as 1000 in size",),
    "a3/affine-*": ("each sample is flattened to a row", "A layer does not average"),
    "a3/relu-pair": ("keep both caches", "right layers stand in the place of yours"),
    "a3/relu-*": ("through where its *input* was positive",),
    # networks
    "a[34]/*Net-start": ("`weight_scale *` normal random numbers, biases 0",),
    "a[34]/*Net-scores": ("without `y`, return the scores",),
    "a[34]/*Net-loss": ("no factor 1/2, biases not included",),
    "a[34]/*Net-gradients": ("the dictionary of the gradients by the same keys",),
    "a[34]/*Net-large": ("Scores up to 2001 are tested for one point",),
    # assignment 4
    "a4/conv_output_size-refuses": ("raise a `ValueError`",),
    "a4/conv_output_size-*": ("Return the number of its positions as an `int`",),
    "a4/conv-dx_unpadded": ("Mind `pad = 0`",),
    "a4/conv-*": ("what arrives is added up", "The filter is laid on the window as it is"),
    "a4/max_pool-overlap": ("one value can win several of them",),
    "a4/max_pool-*": ("is the largest value in the window",),
    "a4/im2col-*": ("is the window (i, j), flattened like `w[f]`",),
    "a4/batchnorm-test": ("Normalise by `running_mean` and `running_var`",),
    "a4/batchnorm-running": ("`momentum * running_mean + (1 - momentum) * mean of the batch`",),
    "a4/batchnorm-train": ("the variance divides by N, not N - 1",),
    "a4/batchnorm-[ds]*": ("tested after a forward call in training mode only",),
    "a4/dropout-train": ("kept values are **divided by p**",),
    "a4/dropout-seed": ("the same seed gives the same mask",),
    "a4/dropout-test": ('In mode `"test"` return the values as they are',),
    "a4/dropout-backward": ('in mode `"test"` `dx` is `dout`',),
    # assignment 5
    "a5/layer_output_shape-illegal": ("raise **`ValueError`**",),
    "a5/layer_output_shape-*": ("the result is a tuple of integers",),
    "a5/counts-*": ("one for each filter, one for each unit", "a right function stands in"),
    "a5/account_table-*": ("one row for each entry (the input too)",),
    "a5/choose_batch_size-edges": ("**0 if not even one image fits**",),
    "a5/choose_batch_size-*": ("Return the largest whole B", "right ones stand in their place"),
    "a5/*-stays": ("**Nothing is fetched from the device**",),
    "a5/*-device": ("**Array type in = array type out**",),
    "a5/*-numpy": ("arrays may be NumPy's",),
}  # fmt: skip


def statements(assignment):
    """Return the statement of each exercise: the rules at the top, its own text, those before."""
    path = checkout.root() / "solutions" / assignment / f"{assignment}.ipynb"
    found, text = {}, []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            text.append(cell.source)
        elif cell.metadata.get("nbgrader", {}).get("solution"):
            found[cell.metadata.nbgrader.grade_id] = "\n".join(text)
    return found


TESTS = [
    (assignment, exercise, test.name)
    for assignment in assignments()
    for exercise in table.exercises(assignment)
    for test in table.tests_of(assignment, exercise)
]
STATEMENTS = {assignment: statements(assignment) for assignment in assignments()}


@pytest.mark.parametrize(("assignment", "exercise", "test"), TESTS)
def test_a_test_enforces_what_the_statement_says(assignment, exercise, test):
    rules = [w for p, w in ENFORCED.items() if fnmatch.fnmatchcase(f"{assignment}/{test}", p)]
    assert rules, "no sentence is named that this test enforces"
    unsaid = [w for words in rules for w in words if w not in STATEMENTS[assignment][exercise]]
    assert unsaid == []


def test_every_rule_is_enforced_by_a_test():
    names = [f"{assignment}/{test}" for assignment, _, test in TESTS]
    assert [p for p in ENFORCED if not fnmatch.filter(names, p)] == []


def test_a_test_binds_nothing_that_other_cells_read():
    for assignment in assignments():
        for test in table.master(assignment).tests:
            assert "@checks.trial(" in test.source, test.name
            bound = [
                line
                for line in test.source.splitlines()
                if line and not line.startswith((" ", "#", "@", "import ", "from ", "def _():"))
            ]
            assert bound == [], test.name


@pytest.mark.parametrize(("assignment", "exercise"), sorted({t[:2] for t in TESTS}))
def test_an_exercise_has_its_three_parts(assignment, exercise):
    samples = table.SAMPLES / assignment / f"{exercise}.txt"
    assert samples.is_file(), f"{exercise}: there are no samples: write {samples.name}"
    sources = "\n".join(t.source for t in table.tests_of(assignment, exercise))
    assert re.search(rf"^from cs231n_lib.course.checks import .*\b{assignment}\b", sources, re.M), (
        f"{exercise}: no test asks the checks of {assignment}: write a file in checks/{assignment}"
    )
