"""The small exercises that only a chapter has: references, usual mistakes, and their tests.

Every other chapter ends with an exercise of an assignment and with that one's tests.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n_lib.course.checks import hygiene, seeds
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake

Function = Callable[..., Any]


def _accuracy(y_pred: np.ndarray, y: np.ndarray, *, measure: str = "fraction") -> float:
    hits = int(np.sum(y_pred == y))
    return {"fraction": hits / len(y), "count": hits, "percent": 100 * hits / len(y),
            "error": 1 - hits / len(y), "all": float(hits == len(y))}[measure]  # fmt: skip


accuracy_exercise = Exercise(
    _accuracy,
    ("accuracy",),
    (
        Mistake("count_for_fraction", "this is the number of hits; divide it by the number of "
                "labels.", {"measure": "count"}),
        Mistake("percent", "this is a percentage; return a fraction from 0 to 1.",
                {"measure": "percent"}),
        Mistake("error_for_accuracy", "this is the share of errors; accuracy is the share of "
                "hits.", {"measure": "error"}),
        Mistake("all_or_nothing", "this says whether all labels agree; count those that do.",
                {"measure": "all"}),
    ),
)  # fmt: skip


def _accuracy_example(accuracy: Function) -> None:
    labels = np.array([1, 2, 3, 3]), np.array([1, 2, 0, 3])
    accuracy_exercise.check(accuracy, {"worked example": labels}, show=True)


def _accuracy_values(accuracy: Function) -> None:
    rng = seeds.rng("accuracy")
    y = rng.integers(0, 3, size=50)
    regimes = {
        "50 random labels": (rng.integers(0, 3, size=50), y),
        "7 random labels": (np.array([1, 0, 2, 2, 1, 0, 0]), np.array([1, 2, 2, 1, 1, 0, 1])),
        "all labels right": (y, y),
        "all labels wrong": (y + 1, y),
    }
    accuracy_exercise.check(accuracy, regimes)


def _accuracy_vectorised(accuracy: Function) -> None:
    rng = seeds.rng("accuracy_steps")
    hygiene.steps_do_not_grow(
        accuracy,
        lambda: tuple(rng.integers(0, 3, size=(2, 5))),
        lambda: tuple(rng.integers(0, 3, size=(2, 500))),
        "the number of labels",
        right=accuracy_exercise.check,
    )


def _victory(
    scores: np.ndarray, *, minus: str = "second", axis: int = 1, sign: float = 1.0
) -> np.ndarray:
    ranked = np.sort(scores if axis == 1 else scores.T, axis=1)
    rival = {"second": ranked[:, -2], "lowest": ranked[:, 0], "mean": ranked.mean(axis=1),
             "nothing": 0.0}[minus]  # fmt: skip
    return sign * (ranked[:, -1] - rival)


victory_exercise = Exercise(
    _victory,
    ("lead",),
    (
        Mistake("lowest_for_second", "this is the lead over the lowest score; the rival is the "
                "second highest.", {"minus": "lowest"}),
        Mistake("mean_for_second", "this is the lead over the mean score; the rival is the "
                "second highest.", {"minus": "mean"}),
        Mistake("highest_only", "this is the highest score; subtract the second highest.",
                {"minus": "nothing"}),
        Mistake("columns_for_rows", "scores are compared within a column, over the images; "
                "compare within a row, over the classes.", {"axis": 0}),
        Mistake("order", "the second highest minus the highest: the order is the wrong way "
                "round.", {"sign": -1.0}),
    ),
)  # fmt: skip


def _victory_example(victory: Function) -> None:
    scores = np.array([[3.0, 1.0, 2.5], [0.0, 0.0, -1.0]])
    victory_exercise.check(victory, {"worked example": (scores,)}, show=True)


def _victory_values(victory: Function) -> None:
    rng = seeds.rng("victory")
    shapes = {"two classes": (6, 2), "ten classes": (8, 10), "one image": (1, 4),
              "as many images as classes": (5, 5)}  # fmt: skip
    regimes = {name: (rng.normal(size=shape),) for name, shape in shapes.items()}
    victory_exercise.check(victory, regimes)


def _victory_manners(victory: Function) -> None:
    scores = seeds.rng("victory_manners").normal(size=(4, 5))
    hygiene.keeps_inputs(victory, scores, names=("scores",))


def _victory_vectorised(victory: Function) -> None:
    rng = seeds.rng("victory_steps")
    hygiene.steps_do_not_grow(
        victory,
        lambda: (rng.normal(size=(5, 4)),),
        lambda: (rng.normal(size=(300, 4)),),
        "the number of images",
        right=victory_exercise.check,
    )


#: Exercise -> its tests, in order, by what they try.
TESTS: dict[str, dict[str, Function]] = {
    "accuracy": {
        "Three labels of four agree: 0.75.": _accuracy_example,
        "Random labels, few and many; all right; all wrong.": _accuracy_values,
        "500 labels take as many Python steps as 5.": _accuracy_vectorised,
    },
    "victory": {
        "Scores 3, 1, 2.5 are won by 0.5; scores 0, 0, -1 are a tie.": _victory_example,
        "Random scores: two classes, ten, one image.": _victory_values,
        "The scores stay as they are.": _victory_manners,
        "300 images take as many Python steps as 5.": _victory_vectorised,
    },
}
