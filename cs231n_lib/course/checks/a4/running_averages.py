"""Assignment 4, the running averages of batch normalisation: a reference with dials."""

import copy
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake
from cs231n_lib.course.checks.pair import Function
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

Param = dict[str, Any]
OF_EVERYTHING = "the mean is taken over everything; each feature has its own."


def running(
    batches: list[np.ndarray],
    bn_param: Param,
    *,
    momentum: str = "right",
    var: str = "biased",
    mean: str = "right",
) -> tuple[np.ndarray, np.ndarray]:
    """Return the running averages after the batches, one after the other."""
    keep = bn_param.get("momentum", 0.9)
    keep, take = {"right": (keep, 1 - keep), "swapped": (1 - keep, keep), "latest": (0, 1),
                  "not weighted": (keep, 1), "ignored": (0.9, 0.1), "start": (1, 0),
                  }[momentum]  # fmt: skip
    D = batches[0].shape[1]
    average = np.asarray(bn_param.get("running_mean", np.zeros(D)), dtype=np.float64)
    spread = np.asarray(bn_param.get("running_var", np.zeros(D)), dtype=np.float64)
    if var == "starts at 1" and "running_var" not in bn_param:
        spread = np.ones(D)
    for batch in batches:
        new = {"biased": batch.var(axis=0), "unbiased": batch.var(axis=0, ddof=1),
               "deviation": batch.std(axis=0), "starts at 1": batch.var(axis=0),
               "with eps": batch.var(axis=0) + bn_param.get("eps", 1e-5),
               "root with eps": np.sqrt(batch.var(axis=0) + bn_param.get("eps", 1e-5)),
               "uncentred": (batch**2).mean(axis=0)}[var]  # fmt: skip
        centre = batch.mean(axis=None if mean == "of everything" else 0)
        average = keep * average + take * centre
        spread = keep * spread + take * new
    return average, spread


running_exercise = Exercise(
    running,
    ("running_mean", "running_var"),
    (
        Mistake("momentum_swapped", "momentum weights the old average, 1 - momentum the new "
                "batch; here it is the other way round.", {"momentum": "swapped"}),
        Mistake("running_not_averaged", "the running values are those of the last batch.",
                {"momentum": "latest"}),
        Mistake("running_not_averaged", "the new batch is added with its full weight; multiply "
                "it by 1 - momentum.", {"momentum": "not weighted"}),
        Mistake("momentum_ignored", "momentum is always 0.9; take it from bn_param.",
                {"momentum": "ignored"}),
        Mistake("running_not_updated", "the running averages do not change in training.",
                {"momentum": "start"}),
        Mistake("unbiased_variance", "the running variance averages variances divided by N - 1; "
                "here they are by N.", {"var": "unbiased"}),
        Mistake("deviation_for_variance", "the running variance averages standard deviations.",
                {"var": "deviation"}),
        Mistake("deviation_for_variance", "the running variance averages roots.",
                {"var": "root with eps"}),
        Mistake("eps_in_running", "eps is part of the running variance; it is added only where "
                "one divides.", {"var": "with eps"}),
        Mistake("uncentred_variance", "the variance is the mean of (x - mean)^2, not of x^2.",
                {"var": "uncentred"}),
        Mistake("wrong_axis", OF_EVERYTHING, {"mean": "of everything"}),
        Mistake("running_start", "the running variance starts at 1; start at 0.",
                {"var": "starts at 1"}),
    ),
)  # fmt: skip


def follow(function: Function, regimes: Any) -> None:
    """Require the running averages in ``bn_param`` after a call for every batch."""

    def averages(batches: list[np.ndarray], bn_param: Param) -> tuple[Any, Any]:
        D = batches[0].shape[1]
        param = copy.deepcopy(bn_param)
        for batch in batches:
            arguments = (batch.copy(), np.ones(D), np.zeros(D), param)
            _, (*_, param) = calling.call_in_place(function, *arguments)
        for name in ("running_mean", "running_var"):
            if not isinstance(param, dict) or name not in param:
                raise CheckFailed(
                    f"after training, bn_param has no '{name}'.",
                    Diagnosis("running_not_stored", "store the new averages in bn_param."),
                )
        return param["running_mean"], param["running_var"]

    running_exercise.check(averages, regimes)


def averages(rng: np.random.Generator, D: int) -> dict[str, np.ndarray]:
    """Return running averages as training may have left them."""
    return {"running_mean": rng.normal(size=D), "running_var": rng.uniform(0.2, 4, D)}
