"""`tune`: every pair of settings trains a model of its own, and the best is kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.a2 import softmax
from cs231n_lib.course.checks.a2.linear_model import attribute, clouds, highest_score
from cs231n_lib.course.checks.imitations import Imitations, keep
from cs231n_lib.course.checks.mistakes import general
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

#: num_iters and batch_size that `tune` is to hand on.
STEPS = (250, 40)
_TRAININGS = Imitations()


class Trained(NamedTuple):
    """One training of a model by `tune`: with what, whether from scratch, and what came out."""

    X: np.ndarray
    y: np.ndarray
    rate: float
    reg: float
    steps: tuple[int, int]
    fresh: bool
    W: np.ndarray


def _right_models(trained: list[Trained]) -> dict[str, Any]:
    """Return what `tune` builds on, right; each training is added to ``trained``."""

    def train(
        self: Any, X: Any, y: Any, learning_rate: float = 1e-3, reg: float = 1e-5,
        num_iters: int = 100, batch_size: int = 200, verbose: bool = False,
    ) -> list[float]:  # fmt: skip
        X, y, fresh = np.asarray(X), np.asarray(y), self.W is None
        how = (X, y, self.W, learning_rate, reg, num_iters, batch_size, len(trained))
        known = _TRAININGS.shelf(how)  # a whole class trains the same models
        done = known.get("training") or _training(*how)
        keep(known, "training", done)
        self.W = W = done["W"].copy()
        trained.append(Trained(X, y, learning_rate, reg, (num_iters, batch_size), fresh, W))
        return list(done["losses"])

    methods = {"__init__": _init, "train": train, "predict": _labels}
    return {"LinearClassifier": methods, "LinearSVM": methods, "Softmax": methods}


def _training(
    X: np.ndarray, y: np.ndarray, W: np.ndarray | None, learning_rate: float, reg: float,
    num_iters: int, batch_size: int, seed: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return what comes out of a training that goes on from ``W``, or from scratch."""
    rng, losses = np.random.default_rng(seed), []
    if W is None:
        W = 0.001 * rng.normal(size=(X.shape[1], int(y.max()) + 1))
    for _ in range(num_iters):
        batch = rng.integers(len(X), size=batch_size)
        loss, dW = softmax.softmax(W, X[batch], y[batch], reg)
        losses.append(loss)
        W = W - learning_rate * dW
    return {"W": W, "losses": np.array(losses)}


def _init(self: Any, seed: int = 0) -> None:
    self.W = None


def _labels(self: Any, X: np.ndarray) -> np.ndarray:
    return highest_score(np.asarray(X), self.W)


def check(tune: Callable[..., Any], rng: np.random.Generator) -> None:
    """Require that every pair of settings trains a model of its own and the best one is kept.

    A learning rate of 0 after a good one leaves a new model at chance.  The validation labels
    are the next class's, so that the best model on validation data is the worst in training.
    The models are right ones that remember how they were trained: accuracies are compared with
    those that they really have.
    """
    X, y = clouds(rng, 160, 8)
    rates, regs = [0.2, 0.0], [1e-4, 1e-3]
    for name, y_val in (("equal labels", y), ("other labels", (y + 1) % 8)):
        trained: list[Trained] = []
        with calling.replaced(tune, _right_models(trained)):
            result = calling.call(tune, X, y, X, y_val, rates, regs, *STEPS)
            table, best = _table(result, {(rate, reg) for rate in rates for reg in regs})
            _check_table(table, trained, X, y, y_val, name)
            predicted = calling.call(attribute(best, "predict"), X)
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


def _table(result: Any, wanted: set[tuple[float, float]]) -> tuple[dict[Any, np.ndarray], Any]:
    """Return the student's accuracies, as arrays, and the best model."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed("`tune` should return (results, best_model).", general("no_return"))
    results, best = result
    if not isinstance(results, dict):
        raise CheckFailed("`results` should be a dictionary.", general("shape"))
    calling.require(
        set(results) == wanted, "`results` should have one entry for each (learning_rate, reg).",
        Diagnosis("keys_of_results", "each key is the pair (learning_rate, reg), in this order."),
    )  # fmt: skip
    table = {key: calling.numbers(value, "an entry") for key, value in results.items()}
    if any(value.shape != (2,) for value in table.values()):
        raise CheckFailed("each entry should be (training accuracy, validation accuracy).",
                          Diagnosis("entries_of_results", "keep both accuracies of each model."),
                          )  # fmt: skip
    if any(value.min() < 0 or value.max() > 1 for value in table.values()):
        raise CheckFailed("accuracies should be fractions from 0 to 1.",
                          Diagnosis("percent", "these look like percent."))  # fmt: skip
    if best is None:
        raise CheckFailed("the best model is None.", general("no_return"))
    return table, best


def _check_table(
    table: dict[Any, np.ndarray],
    trained: list[Trained],
    X: np.ndarray,
    y: np.ndarray,
    y_val: np.ndarray,
    name: str,
) -> None:
    """Require the accuracies that the models have which were trained with these settings."""
    for settings, found in table.items():
        runs = [run for run in trained if (run.rate, run.reg) == settings]
        calling.require(
            bool(runs), f"no model was trained with (learning_rate, reg) = {settings}.",
            Diagnosis("settings_not_used", "hand the learning rate and reg of the loops on to "
                      "`train`."),
        )  # fmt: skip
        if not all(run.fresh for run in runs):
            raise CheckFailed(
                f"the model for {settings} had been trained before.",
                Diagnosis("model_reused", "one model is trained on and on: make a new one for "
                          "every pair of settings."),
            )  # fmt: skip
        calling.require(
            any(np.array_equal(run.X, X) and np.array_equal(run.y, y) for run in runs),
            f"the model for {settings} was not trained on X_train and y_train.",
            Diagnosis("training_data", "train on the training data; the validation data only "
                      "choose among the models."),
        )  # fmt: skip
        calling.require(
            any(run.steps == STEPS for run in runs),
            f"the model for {settings} was not trained with the num_iters and batch_size given.",
            Diagnosis("steps_not_used", "hand num_iters and batch_size on to `train`."),
        )  # fmt: skip
        pairs = []
        for run in runs:
            labels = highest_score(X, run.W)
            pairs.append((float(np.mean(labels == y)), float(np.mean(labels == y_val))))
        if not any(np.allclose(found, pair) for pair in pairs):
            kind = None
            if any(np.allclose(found[::-1], pair) for pair in pairs):
                kind = Diagnosis("accuracies_swapped", "the two accuracies seem to be swapped.")
            elif any(np.allclose(found, 2 * [value]) for pair in pairs for value in pair):
                kind = Diagnosis("accuracy_twice", "the same accuracy stands there twice.")
            raise CheckFailed(
                f"{name}: the accuracies for {settings} are not those of the model trained with "
                "them.", kind,
            )  # fmt: skip
