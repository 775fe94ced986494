"""`LinearClassifier`: a class judged by its methods, whatever its author's loss does."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.a2 import softmax
from cs231n_lib.course.checks.a2.linear_model import attribute, highest_score
from cs231n_lib.course.checks.cause import first_cause
from cs231n_lib.course.checks.comparison import misshapen, sides
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


def _weights(model: Any) -> np.ndarray:
    return calling.numbers(attribute(model, "W"), "`W`").copy()


class Batch(NamedTuple):
    """What a model was like, and was asked for, when its loss was taken."""

    W: np.ndarray
    X: np.ndarray
    y: np.ndarray
    reg: float
    loss: float
    dW: np.ndarray


class Watched:
    """A new model whose ``loss`` is a right one, and tells what it was asked for.

    So `train` and `predict` are judged whatever the author's own loss functions do.
    """

    def __init__(self, Model: Callable[..., Any]) -> None:
        self.model = calling.call(Model)
        self.batches: list[Batch] = []
        self.shape: tuple[int, ...] = ()
        try:
            self.model.loss = self._loss
        except (AttributeError, verdict.StudentError) as error:
            raise CheckFailed(f"`loss` cannot be replaced: {error}") from None

    def _loss(self, X_batch: Any, y_batch: Any, reg: float) -> tuple[float, np.ndarray]:
        W, X, y = _weights(self.model), np.array(X_batch, dtype=float), np.array(y_batch)
        loss, dW = 0.0, np.zeros_like(W)
        if W.shape == self.shape:  # else that is told when `train` is over
            loss, dW = softmax.softmax(W, X, y, float(reg))
        self.batches.append(Batch(W, X, y, float(reg), loss, dW.copy()))
        return loss, dW

    def train(self, X: np.ndarray, y: np.ndarray, **options: Any) -> Any:
        """Train the model (further); return what `train` returns."""
        self.batches.clear()
        self.shape = X.shape[1], int(y.max()) + 1
        result = calling.call(attribute(self.model, "train"), X, y, **options)
        if not self.batches:
            raise CheckFailed(
                "`train` never calls `self.loss`.",
                Diagnosis("loss_not_asked", "each iteration takes loss and gradient from one call "
                          "of self.loss(X_batch, y_batch, reg)."),
            )  # fmt: skip
        W = self.batches[0].W
        if W.shape != self.shape:
            kind = misshapen(W.shape, self.shape)
            raise CheckFailed(f"`W` should be {self.shape}, but is {sides(W.shape)}.", kind)
        return result

    @property
    def W(self) -> np.ndarray:
        """The weights as they are."""
        return _weights(self.model)


def _all_iterations(watched: Watched, count: int) -> None:
    found = len(watched.batches)
    if found != count:
        early = Diagnosis("returns_inside_loop", "`return` stands inside the loop.")
        raise CheckFailed(f"`self.loss` was called {found} times in {count} iterations.",
                          early if found == 1 else None)  # fmt: skip


def history(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require the loss of each iteration, in order, also when training goes on."""
    watched = Watched(Model)
    for what, count in (("a new model", 7), ("a model that has a W", 4)):
        result = watched.train(X, y, learning_rate=0.01, reg=0.1, num_iters=count, batch_size=5)
        _all_iterations(watched, count)
        if result is None:
            raise CheckFailed("`train` should return the list of losses.", general("no_return"))
        found = calling.numbers(result, "the loss history")
        want = np.array([batch.loss for batch in watched.batches])
        if found.shape != want.shape:
            raise CheckFailed(
                f"{what}: `train` should return {count} losses, one for each iteration, but the "
                f"history has the shape {sides(found.shape)}.",
                Diagnosis("history_length", "record each loss once, in a list that begins empty "
                          "with each call of `train`."),
            )  # fmt: skip
        calling.require(
            bool(np.allclose(found, want, rtol=1e-9)),
            f"{what}: the history does not hold the losses of the iterations, in their order.",
        )


def start(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require a W of the right shape from small numbers, and the one that is there later on."""
    watched = Watched(Model)
    watched.train(X, y, learning_rate=0.05, reg=0.0, num_iters=2, batch_size=5)
    W = watched.batches[0].W
    small = Diagnosis("initial_weights", "start from small numbers: 0.001 * normal ones.")
    calling.require(0 < float(np.abs(W).max()) < 0.1, "W does not start small and random.", small)
    before = watched.W
    watched.train(X, y, learning_rate=0.05, reg=0.0, num_iters=1, batch_size=5)
    calling.require(
        bool(np.array_equal(watched.batches[0].W, before)),
        "a model that has a W does not go on from it.",
        Diagnosis("starts_again", "draw W only if it is None; a second call of `train` goes on."),
    )


def _step(
    W: np.ndarray,
    dW: np.ndarray,
    dW_plain: np.ndarray,
    rate: float,
    *,
    sign: float = -1.0,
    use_rate: bool = True,
    use_reg: bool = True,
    move: bool = True,
) -> np.ndarray:
    return W + move * sign * (rate if use_rate else 1.0) * (dW if use_reg else dW_plain)


step_exercise = Exercise(
    _step,
    ("W",),
    (
        Mistake("step_uphill", "the step goes up the gradient; subtract learning_rate * dW.",
                {"sign": 1.0}),
        Mistake("learning_rate_unused", "the gradient is not multiplied by the learning rate.",
                {"use_rate": False}),
        Mistake("reg_not_passed", "`reg` does not reach the loss.", {"use_reg": False}),
        Mistake("no_step", "W does not change.", {"move": False}),
    ),
)  # fmt: skip


def step(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray, rate: float, reg: float) -> None:
    """Require ``W - learning_rate * dW`` in each of three iterations."""
    watched = Watched(Model)
    watched.train(X, y, learning_rate=rate, reg=reg, num_iters=3, batch_size=5)
    seen = watched.batches
    after = [*(batch.W for batch in seen[1:]), watched.W]
    regimes = {}
    for number, batch in enumerate(seen, 1):
        dW, plain = (softmax.softmax(batch.W, batch.X, batch.y, r)[1] for r in (reg, 0.0))
        regimes[f"step {number}"] = (batch.W, dW, plain, rate)
    each = iter(after)
    step_exercise.check(lambda *_: next(each), regimes)


def batches(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require fresh batches whose rows and labels belong together."""
    watched = Watched(Model)
    watched.train(X, y, learning_rate=0.01, reg=0.0, num_iters=25, batch_size=4)
    _all_iterations(watched, 25)
    seen = watched.batches
    for batch in seen:
        if len(batch.X) == len(X) and len(X) != 4:
            raise CheckFailed(
                "every step uses all the data.",
                Diagnosis("whole_data", "draw a batch of `batch_size` rows for each step."),
            )
        if np.shape(batch.X) != (4, X.shape[1]) or np.shape(batch.y) != (4,):
            raise CheckFailed(
                f"a batch of 4 rows should have the shapes {(4, X.shape[1])} and (4,), but has "
                f"{sides(np.shape(batch.X))} and {sides(np.shape(batch.y))}.", general("shape")
            )  # fmt: skip
        rows = [np.flatnonzero((row == X).all(axis=1)) for row in batch.X]
        calling.require(all(len(r) for r in rows), "a batch holds rows that are not in the data.")
        if any(y[r[0]] != label for r, label in zip(rows, batch.y, strict=True)):
            raise CheckFailed(
                "rows of a batch have the labels of other rows.",
                Diagnosis("batch_misaligned", "X and y of a batch do not belong together: draw one "
                          "array of indices and use it for both."),
            )  # fmt: skip
    if all(np.array_equal(batch.X, seen[0].X) for batch in seen):
        raise CheckFailed(
            "25 steps use the same batch.",
            Diagnosis("same_batch", "draw a new batch in the loop, once for each iteration."),
        )
    drawn = {row.tobytes() for batch in seen for row in batch.X}
    calling.require(
        len(drawn) > len(X) / 2,
        f"25 batches of four take no more than {len(drawn)} of {len(X)} rows.",
        Diagnosis("few_rows", "draw from all rows of X."),
    )


def learns(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require that training separates separable data."""
    watched = Watched(Model)
    watched.train(X, y, learning_rate=0.1, reg=1e-4, num_iters=300, batch_size=4)
    _all_iterations(watched, 300)
    accuracy = float(np.mean((X @ watched.W).argmax(axis=1) == y))
    if accuracy >= 0.95:
        return
    with first_cause(lambda: step(Model, X, y, 0.1, 1e-4), lambda: batches(Model, X, y)):
        raise CheckFailed(
            f"after 300 steps the training accuracy is {accuracy:.2f}; these data can be separated."
        )


predict_exercise = Exercise(
    highest_score,
    ("y_pred",),
    (
        Mistake("smallest_score", "the class with the smallest score is chosen.", {"by": "argmin"}),
        Mistake("score_for_label", "this is the largest score, not the class that has it.",
                {"by": "max"}),
        Mistake("absolute_scores", "the sign of the scores is lost.", {"by": "abs"}),
    ),
)  # fmt: skip


def predict(Model: Callable[..., Any], rng: np.random.Generator) -> None:
    """Require the class with the largest score for every row, more rows or fewer than classes."""
    model, D, C = calling.call(Model), 4, 5

    def predicted(X: np.ndarray, W: np.ndarray) -> Any:
        try:
            model.W = W.copy()
        except (AttributeError, verdict.StudentError) as error:
            raise CheckFailed(f"`W` cannot be replaced: {error}") from None
        return calling.call(attribute(model, "predict"), X)

    # All together: the label of one row alone may be what several mistakes give.
    regimes = {f"{n} rows": (rng.normal(size=(n, D)), rng.normal(size=(D, C))) for n in (1, 12, C)}
    predict_exercise.check(predicted, regimes)
