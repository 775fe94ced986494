"""Assignment 2, training and tuning a linear classifier: checks of a class through its methods."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, verdict
from cs231n_lib.course.checks.exercise import Exercise, Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis


def _attribute(model: Any, name: str) -> Any:
    try:
        return getattr(model, name)
    except (AttributeError, verdict.StudentError):
        raise CheckFailed(f"the model has no attribute `{name}`.") from None


def _weights(model: Any) -> np.ndarray:
    return calling.numbers(_attribute(model, "W"), "`W`").copy()


def _loss(model: Any, X: Any, y: Any, reg: float) -> tuple[Any, Any]:
    result = calling.call(_attribute(model, "loss"), X, y, reg)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed("`loss` should return (loss, dW).", general("shape"))
    return result[0], calling.numbers(result[1], "`dW`")


def _train(Model: Callable[..., Any], X: Any, y: Any, **options: Any) -> tuple[Any, np.ndarray]:
    """Return a new model after ``train`` and its loss history."""
    model = calling.call(Model)
    return model, _more(model, X, y, **options)


def _more(model: Any, X: Any, y: Any, **options: Any) -> np.ndarray:
    history = calling.call(_attribute(model, "train"), X, y, **options)
    if history is None:
        raise CheckFailed("`train` should return the list of losses.", general("no_return"))
    history = calling.numbers(history, "the loss history")
    if history.shape != (options["num_iters"],):
        raise CheckFailed(
            f"`train` should return {options['num_iters']} losses, one per iteration, but the "
            f"history has the shape {history.shape}.", general("shape")
        )  # fmt: skip
    return history


def history(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require one finite loss per iteration, and weights of the right shape from small numbers."""
    model, losses = _train(Model, X, y, learning_rate=0.0, reg=0.0, num_iters=7, batch_size=5)
    calling.require(bool(np.all(np.isfinite(losses))), "a loss is not finite.", general("nan"))
    W = _weights(model)
    shape = (X.shape[1], int(y.max()) + 1)
    if W.shape != shape:
        kind = "transposed" if W.shape == shape[::-1] else "shape"
        raise CheckFailed(f"`W` should be {shape}, but is {W.shape}.", general(kind))
    if float(np.abs(W).max()) > 0.1:
        C = shape[1]
        # The first loss tells whether W was small once. Large weights may hit it by chance, but
        # they rest; steps of full length go on, or have made the loss 0.
        started_small = min(abs(losses[0] / (C - 1) - 1), abs(losses[0] / np.log(C) - 1)) < 0.05
        later = _more(model, X, y, learning_rate=0.0, reg=0.0, num_iters=7, batch_size=5)
        stepped = not np.array_equal(W, _weights(model)) or later.min() < 1e-3 * losses[0]
        raise CheckFailed(
            "W holds large numbers after steps with learning rate 0.",
            Diagnosis("learning_rate_unused", "the steps do not use the learning rate.")
            if started_small and stepped
            else Diagnosis("initial_weights", "start from small numbers: 0.001 * normal ones."),
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
    """Require ``W - learning_rate * dW`` after one iteration.

    All rows of the data are one and the same, so that every batch has the same gradient; it is
    taken from the model's own ``loss``, whose mistakes are judged elsewhere.
    """
    last = int(np.argmax(y))  # the largest label says how many classes there are
    same_X, same_y = np.repeat(X[last : last + 1], 6, axis=0), np.repeat(y[last], 6)
    model, _ = _train(Model, same_X, same_y, learning_rate=0.0, reg=reg, num_iters=1, batch_size=3)
    W = _weights(model)
    dW, dW_plain = (_loss(model, same_X, same_y, r)[1] for r in (reg, 0.0))

    def after(*args: Any) -> np.ndarray:
        _more(model, same_X, same_y, learning_rate=rate, reg=reg, num_iters=1, batch_size=3)
        return _weights(model)

    step_exercise.check(after, {"one step from the W that is there": (W, dW, dW_plain, rate)})


def batches(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require fresh batches whose rows and labels belong together.

    With a learning rate of 0 the loss of a batch of two is the mean of two single losses.
    """
    options: dict[str, Any] = {"learning_rate": 0.0, "reg": 0.0, "batch_size": 2}
    model, _ = _train(Model, X, y, num_iters=1, **options)
    W = _weights(model)
    losses = _more(model, X, y, num_iters=25, **options)
    still = np.array_equal(W, _weights(model))
    calling.require(still, "W changes although the learning rate is 0.")
    single = np.array([_loss(model, X[i : i + 1], y[i : i + 1], 0.0)[0] for i in range(len(X))])
    possible = (single[:, None] + single) / 2
    fits = np.isclose(losses[:, None, None], possible, rtol=1e-6, atol=1e-9).any(axis=(1, 2))
    if np.allclose(losses, losses[0]):
        whole = np.isclose(losses[0], single.mean(), rtol=1e-6)
        kind = ("whole_data", "every step uses all the data; draw a batch of `batch_size` rows.")
        same = ("same_batch", "every step uses the same batch; draw a new one in the loop.")
        raise CheckFailed(
            "25 batches of two all have the same loss.", Diagnosis(*(kind if whole else same))
        )
    if not fits.all():
        raise CheckFailed(
            "the loss of a batch of two is not the mean of the losses of two rows of the data.",
            Diagnosis(
                "batch_misaligned",
                "X and y of a batch do not belong together (draw one array of indices and use it "
                "for both), or the batch has not `batch_size` rows.",
            ),
        )


def learns(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require that training separates separable data."""
    model, losses = _train(Model, X, y, learning_rate=0.1, reg=1e-4, num_iters=300, batch_size=4)
    accuracy = float(np.mean((X @ _weights(model)).argmax(axis=1) == y))
    # A batch of four may be right by luck from the start; then there is no loss to be halved.
    if accuracy < 0.95 or losses[-20:].mean() > max(0.5 * losses[0], 0.1):
        raise CheckFailed(
            f"after 300 steps the loss went from {losses[0]:.2f} to {losses[-20:].mean():.2f} and "
            f"the training accuracy is {accuracy:.2f}; these data can be separated."
        )


def _predict(X: np.ndarray, W: np.ndarray, *, by: str = "argmax") -> np.ndarray:
    scores = X @ W
    return {"argmax": scores.argmax(axis=1), "argmin": scores.argmin(axis=1),
            "max": scores.max(axis=1), "abs": np.abs(scores).argmax(axis=1)}[by]  # fmt: skip


predict_exercise = Exercise(
    _predict,
    ("y_pred",),
    (
        Mistake("smallest_score", "the class with the smallest score is chosen.", {"by": "argmin"}),
        Mistake("score_for_label", "this is the largest score, not the class that has it.",
                {"by": "max"}),
        Mistake("absolute_scores", "the sign of the scores is lost.", {"by": "abs"}),
    ),
)  # fmt: skip


def predict(Model: Callable[..., Any], X: np.ndarray, y: np.ndarray) -> None:
    """Require the class with the largest score for every row, more rows or fewer than classes."""
    model, _ = _train(Model, X, y, learning_rate=0.05, reg=0.0, num_iters=5, batch_size=5)
    W = _weights(model)

    def predicted(X: np.ndarray, W: np.ndarray) -> Any:
        return calling.call(_attribute(model, "predict"), X)

    predict_exercise.check(predicted, {f"{n} rows": (X[:n], W) for n in (1, len(X), W.shape[1])})


def tuning(tune: Callable[..., Any], rng: np.random.Generator) -> None:
    """Require that every pair of settings trains a model of its own and the best one is kept.

    A learning rate of 0 after a good one leaves a new model at chance.  The validation labels
    are the next class's, so that the best model on validation data is the worst in training.
    """
    X, y = clouds(rng, 160, 8)
    rates, regs = [0.2, 0.0], [1e-4, 1e-3]
    shifted = (y + 1) % 8
    for name, y_val in (("equal labels", y), ("other labels", shifted)):
        result = calling.call(tune, X, y, X, y_val, rates, regs)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise CheckFailed("`tune` should return (results, best_model).", general("no_return"))
        results, best = result
        if not isinstance(results, dict):
            raise CheckFailed("`results` should be a dictionary.")
        wanted = {(rate, reg) for rate in rates for reg in regs}
        calling.require(
            set(results) == wanted, "`results` should have one entry for each (learning_rate, reg)."
        )
        table = {key: calling.numbers(value, "an entry") for key, value in results.items()}
        if any(value.shape != (2,) for value in table.values()):
            raise CheckFailed("each entry should be (training accuracy, validation accuracy).")
        if any(value.min() < 0 or value.max() > 1 for value in table.values()):
            raise CheckFailed("accuracies should be fractions from 0 to 1.")
        _check_table(table, rates, regs, name)
        if best is None:
            raise CheckFailed("the best model is None.", general("no_return"))
        predicted = calling.call(_attribute(best, "predict"), X)
        accuracy = float(np.mean(calling.numbers(predicted, "the prediction") == y_val))
        if abs(accuracy - max(v[1] for v in table.values())) > 1e-9:
            raise CheckFailed(
                f"{name}: the model returned is not the one with the best validation accuracy.",
                Diagnosis(
                    "best_not_kept",
                    "keep the model with the highest validation accuracy; not the last one, and "
                    "not the best on training data.",
                ),
            )


def _check_table(table: Any, rates: list[float], regs: list[float], name: str) -> None:
    good, idle = ([table[rate, reg] for reg in regs] for rate in rates)
    expected = 1.0 if name == "equal labels" else 0.0
    if min(v[0] for v in good) < 0.9 and expected - min(v[1] for v in good) < 0.1:
        raise CheckFailed(
            f"{name}: training and validation accuracy do not fit the data.",
            Diagnosis("accuracies_swapped", "the two accuracies seem to be swapped."),
        )
    if max(v[0] for v in idle) > 0.8:
        raise CheckFailed(
            "a model trained with learning rate 0 is as good as a trained one.",
            Diagnosis(
                "model_reused",
                "one model is trained on and on: make a new one for every pair of settings.",
            ),
        )
    if min(v[0] for v in good) < 0.9 or any(abs(v[1] - expected) > 0.1 for v in good):
        raise CheckFailed(f"{name}: an accuracy is not what a well-trained model gets.")


def clouds(rng: np.random.Generator, N: int, C: int) -> tuple[np.ndarray, np.ndarray]:
    """Return N points around the C corners of a cross in C dimensions, and their classes."""
    y = np.arange(N) % C
    rng.shuffle(y)
    return 4 * np.eye(C)[y] + 0.4 * rng.normal(size=(N, C)), y
