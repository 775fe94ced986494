"""What the SVM and the softmax loss share: averages, penalties, and problems to try them on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.comparison import form, relative_error
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import NUMERICAL, Mistake
from cs231n_lib.course.checks.verdict import CheckFailed

Problem = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def finish(
    W: np.ndarray,
    X: np.ndarray,
    reg: float,
    losses: np.ndarray,
    dscores: np.ndarray,
    *,
    loss_over: str = "N",
    grad_over: str = "N",
    loss_reg: float = 1.0,
    grad_reg: float = 2.0,
    penalty: str = "squares",
    penalty_over_N: bool = False,
    times_reg: bool = True,
    grad_penalty_over_N: bool = False,
    grad_penalty: str = "W",
) -> tuple[float, np.ndarray]:
    """Average and regularise: every way of doing that wrong is the same for both losses."""
    N, C = dscores.shape
    divisor = {"N": N, "1": 1, "NC": N * C, "C": C, "NN": N * N}
    size = {"squares": np.sum(W * W), "norm": np.sqrt(np.sum(W * W)), "abs": np.sum(np.abs(W)),
            "sum": np.sum(W)}[penalty]  # fmt: skip
    loss = np.sum(losses) / divisor[loss_over]
    loss += loss_reg * (reg if times_reg else 1.0) * size / (N if penalty_over_N else 1)
    dW = X.T @ dscores / divisor[grad_over]
    slope = W if grad_penalty == "W" else np.ones_like(W)
    dW = dW + grad_reg * reg * slope / (N if grad_penalty_over_N else 1)
    return float(loss), dW


def shared_mistakes() -> tuple[Mistake, ...]:
    """Return the mistakes in averaging and regularising."""
    return (
        Mistake("loss_not_averaged", "the loss is summed over the batch, not averaged.",
                {"loss_over": "1"}),
        Mistake("gradient_not_averaged", "the gradient of the data term equals the right one "
                "times N: it was not averaged.", {"grad_over": "1"}),
        Mistake("loss_over_classes", "the loss is divided by the number of classes too; average "
                "over the batch only.", {"loss_over": "NC"}),
        Mistake("loss_over_classes", "the loss is divided by the number of classes, not by N.",
                {"loss_over": "C"}),
        Mistake("gradient_over_classes", "the gradient is divided by the number of classes; "
                "average over the batch only.", {"grad_over": "NC"}),
        Mistake("gradient_over_classes", "the gradient is divided by the number of classes, not "
                "by N.", {"grad_over": "C"}),
        Mistake("averaged_twice", "the loss is divided by N twice.", {"loss_over": "NN"}),
        Mistake("averaged_twice", "the gradient is divided by N twice.", {"grad_over": "NN"}),
        Mistake("reg_without_W", "the gradient of the penalty is 2 * reg * W; here 2 * reg alone "
                "is added.", {"grad_penalty": "1"}),
        Mistake("half_reg_in_loss", "the loss uses half of the penalty; the convention here is "
                "reg * sum(W*W).", {"loss_reg": 0.5}),
        Mistake("half_reg_in_gradient", "the gradient of the penalty is reg * W; that of "
                "reg * sum(W*W) is 2 * reg * W.", {"grad_reg": 1.0}),
        Mistake("reg_missing_in_loss", "the penalty reg * sum(W*W) is missing in the loss.",
                {"loss_reg": 0.0}),
        Mistake("reg_missing_in_gradient", "the penalty is missing in the gradient: add "
                "2 * reg * W.", {"grad_reg": 0.0}),
        Mistake("reg_over_N", "the penalty is divided by N; only the data term is averaged.",
                {"penalty_over_N": True}),
        Mistake("reg_over_N_in_gradient", "the gradient of the penalty is divided by N; only the "
                "data term is averaged.", {"grad_penalty_over_N": True}),
        Mistake("half_reg_over_N", "the gradient of the penalty is reg * W / N; it should be "
                "2 * reg * W.", {"grad_reg": 1.0, "grad_penalty_over_N": True}),
        Mistake("double_reg_in_loss", "the penalty is counted twice in the loss.",
                {"loss_reg": 2.0}),
        Mistake("double_reg_in_gradient", "the penalty is counted twice in the gradient.",
                {"grad_reg": 4.0}),
        Mistake("reg_sign_in_loss", "the penalty is subtracted from the loss; add it.",
                {"loss_reg": -1.0}),
        Mistake("reg_sign_in_gradient", "the gradient of the penalty has the wrong sign.",
                {"grad_reg": -2.0}),
        Mistake("reg_factor_missing", "the penalty in the loss is sum(W*W) alone; multiply it by "
                "reg.", {"times_reg": False}),
        Mistake("norm_for_squares", "the penalty is the norm of W; it should be the sum of "
                "squares, without a root.", {"penalty": "norm"}),
        Mistake("abs_for_squares", "the penalty sums absolute values; it should sum squares.",
                {"penalty": "abs"}),
        Mistake("sum_for_squares", "the penalty sums W itself; it should sum the squares.",
                {"penalty": "sum"}),
    )  # fmt: skip


def problem(
    rng: np.random.Generator,
    N: int,
    D: int,
    C: int,
    reg: float = 0.1,
    scale: float = 1.0,
    labels: Any = None,
    dtype: Any = np.float64,
) -> Problem:
    """Return random ``W, X, y, reg`` whose SVM margins all keep away from the kink at 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the numbers.
    N, D, C : int
        Rows, dimensions, classes.
    reg : float
        Passed on.
    scale : float
        Typical size of the scores.
    labels : array_like, optional
        The labels that may occur, repeated to be frequent; all C by default.
    dtype : dtype
        Of W and X.

    Returns
    -------
    tuple
        W (D, C), X (N, D), y (N,), reg.
    """
    while True:
        W = (scale * rng.normal(size=(D, C)) / np.sqrt(D)).astype(dtype)
        X = rng.normal(size=(N, D)).astype(dtype)
        y = rng.choice(np.arange(C) if labels is None else np.asarray(labels), size=N)
        scores = X.astype(np.float64) @ W.astype(np.float64)
        margins = scores - scores[np.arange(N), y][:, None] + 1
        if np.abs(margins).min() > 0.5 / margins.size * min(scale, 1.0):
            return W, X, y, reg


def probes() -> dict[str, Problem]:
    """Return problems that tell the mistakes apart."""
    rng = np.random.default_rng(0)
    return {
        "7 samples, 3 classes": problem(rng, 7, 4, 3, reg=0.3),
        "6 samples, 5 classes": problem(rng, 6, 3, 5, reg=0.7),
    }


def data_term(
    exercise: Exercise, function: Callable[..., Any], *problems: Problem, **options: Any
) -> None:
    """Require right losses up to one factor; a missing average is paid for in the test of it.

    Parameters
    ----------
    problems : tuple
        Two or more, all with the same numbers of samples and of classes and reg = 0.
    """
    found = calling.call(function, *problems[0])
    want = exercise.expected(problems[0])
    factor = 1.0
    if want is not None and isinstance(found, (tuple, list)) and len(found) == 2:
        ratio = float(calling.numbers(found[0], "`loss`").mean()) / want["loss"]
        factor = ratio if np.isfinite(ratio) and ratio != 0 else 1.0

    def scaled(*args: Any) -> Any:
        result = calling.call(function, *args)
        if factor == 1.0 or not isinstance(result, (tuple, list)) or len(result) != 2:
            return result
        return calling.numbers(result[0], "`loss`") / factor, result[1]

    regimes = {f"{len(problems[0][1])} samples, {n}": p for n, p in enumerate(problems, 1)}
    try:
        exercise.check(scaled, regimes, parts=("loss",), **options)
    except CheckFailed:
        exercise.check(function, regimes, parts=("loss",), **options)


#: A penalty that no result shows, and yet one: a loop over it takes its steps.
HARDLY = 1e-12


def counted(exercise: Exercise, **options: Any) -> Callable[..., None]:
    """Return the comparison for `hygiene.steps_do_not_grow`: results are those of computed losses.

    What has tests of its own costs nothing more in that of the steps: the losses are right up to
    one factor, the gradients up to one and up to a mistake that is known. The problems have
    ``reg=HARDLY``. An answer that computes less than that while it is counted is found.
    """

    def check(function: Callable[..., Any], regimes: dict[str, Problem]) -> None:
        problems = list(regimes.values())
        data_term(exercise, function, *problems, **options)
        dW = [calling.numbers(calling.call(function, *p)[1], "`dW`") for p in problems]
        data = [(W, X, y, 0.0) for W, X, y, _ in problems]
        known = [{}, *(mistake.dials for mistake in exercise.mistakes)]
        if not any(_proportional(dW, [exercise.expected(p, **d) for p in data]) for d in known):
            exercise.check(function, regimes, parts=("dW",))

    return check


def _proportional(found: list[np.ndarray], results: list[dict[str, Any] | None]) -> bool:
    """Whether gradients, or their transposes, are those of ``results`` but for one factor."""
    known = [result["dW"] for result in results if result is not None]
    if len(known) < len(results):
        return False
    want = np.concatenate([np.ravel(dW) for dW in known])
    for turned in (np.ravel, lambda dW: np.ravel(dW.T)):
        got = np.concatenate([turned(dW) for dW in found])
        if got.shape == want.shape and np.any(want) and np.isfinite(got).all():
            factor = (got @ want) / (want @ want)
            if factor and relative_error(got, factor * want) < 1e-6:
                return True
    return False


def exact_gradient(exercise: Exercise, function: Callable[..., Any], problem: Problem) -> None:
    """Require a gradient far more exact than differences of losses can be.

    Raises
    ------
    CheckFailed
        Naming numerical differentiation if the gradient is nearly right.
    """
    W, X, y, _ = problem
    # Large weights and small inputs: the step of a numerical gradient drowns in W's rounding.
    args = (1e5 * W, 1e-5 * X, y, 0.0)
    want = exercise.expected(args)
    result = calling.call(function, *args)
    assert want is not None
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed("the function should return (loss, dW).", form(result))
    error = relative_error(result[1], want["dW"])
    if error > 1e-9:
        diagnosis = NUMERICAL if error < 0.05 else None
        raise CheckFailed(f"`dW` is not exact: relative error {error:.1e}.", diagnosis, error)
