"""Assignment 4, batch normalisation: references with dials, and the mistakes they imitate."""

import copy
from typing import Any

import numpy as np

from cs231n_lib.course.checks import calling, hygiene, pair
from cs231n_lib.course.checks.comparison import returned
from cs231n_lib.course.checks.exercise import Exercise
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.pair import Function, _f64
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

Param = dict[str, Any]


def _inverse(var: np.ndarray, eps: float, how: str) -> np.ndarray:
    """Return what the centred values are multiplied by."""
    return {
        "inside": lambda: 1 / np.sqrt(var + eps),
        "outside": lambda: 1 / (np.sqrt(var) + eps),
        "missing": lambda: 1 / np.sqrt(var),
        "no root": lambda: 1 / (var + eps),
        "1": lambda: np.ones_like(var),
        "squared": lambda: 1 / np.sqrt(var + eps**2),
    }[how]()


def _scaled(xhat: np.ndarray, gamma: np.ndarray, beta: np.ndarray, scale: str) -> np.ndarray:
    gamma, beta = _f64(gamma, beta)
    return {
        "right": lambda: gamma * xhat + beta,
        "none": lambda: xhat,
        "no beta": lambda: gamma * xhat,
        "no gamma": lambda: xhat + beta,
        "swapped": lambda: beta * xhat + gamma,
        "together": lambda: gamma * (xhat + beta),
    }[scale]()


def train(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    bn_param: Param,
    *,
    axis: int | None = 0,
    var: str = "biased",
    eps: str = "inside",
    scale: str = "right",
    centred: bool = True,
    mean_axis: int | None = 0,
) -> np.ndarray:
    """Return ``x`` (N, D) normalised by mean and variance of the batch, scaled and shifted."""
    (x,) = _f64(x)
    mean = x.mean(axis=axis if mean_axis == 0 else mean_axis, keepdims=True)
    spread = x.var(axis=axis, keepdims=True, ddof=int(var == "unbiased"))
    if var == "uncentred":
        spread = (x**2).mean(axis=axis, keepdims=True)
    xhat = (x - centred * mean) * _inverse(spread, bn_param.get("eps", 1e-5), eps)
    return _scaled(xhat, gamma, beta, scale)


_EPS = (
    Mistake("eps_missing", "eps is left out: it is added to the variance.", {"eps": "missing"}),
    Mistake("eps_outside_root", "eps is added to the standard deviation; it belongs to the "
            "variance, below the root.", {"eps": "outside"}),
    Mistake("root_missing", "the root is missing: divide by sqrt(var + eps).",
            {"eps": "no root"}),
)  # fmt: skip
_SCALE = (
    Mistake("scale_and_shift_missing", "gamma and beta are not used.", {"scale": "none"}),
    Mistake("shift_missing", "beta is not added.", {"scale": "no beta"}),
    Mistake("scale_missing", "gamma is not used.", {"scale": "no gamma"}),
    Mistake("gamma_beta_swapped", "gamma and beta are swapped: gamma multiplies, beta is added.",
            {"scale": "swapped"}),
    Mistake("gamma_times_beta", "gamma multiplies beta too; add beta at the end.",
            {"scale": "together"}),
)  # fmt: skip
_MEAN = "the mean is taken over everything; each feature has its own."
train_exercise = Exercise(
    train,
    ("out",),
    (
        *_EPS,
        *_SCALE,
        Mistake("not_divided", "the values are centred, but not divided by the standard "
                "deviation.", {"eps": "1"}),
        Mistake("unbiased_variance", "the variance is divided by N - 1; here it is by N.",
                {"var": "unbiased"}),
        Mistake("uncentred_variance", "the variance is the mean of (x - mean)^2, not of x^2.",
                {"var": "uncentred"}),
        Mistake("wrong_axis", "mean and variance are taken over the features of a sample; take "
                "them over the batch.", {"axis": 1}),
        Mistake("wrong_axis", "mean and variance are taken over everything; each feature has its "
                "own.", {"axis": None}),
        Mistake("wrong_axis", _MEAN, {"mean_axis": None}),
        Mistake("not_centred", "the mean is not subtracted.", {"centred": False}),
    ),
    may_change=(dict,),
)  # fmt: skip


def at_test(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    bn_param: Param,
    *,
    statistics: str = "running",
    eps: str = "inside",
    scale: str = "right",
) -> np.ndarray:
    """Return ``x`` normalised by the running averages."""
    (x,) = _f64(x)
    mean, var = _f64(bn_param["running_mean"], bn_param["running_var"])
    if statistics in ("batch", "batch variance"):
        var = x.var(axis=0)
    if statistics in ("batch", "batch mean"):
        mean = x.mean(axis=0)
    return _scaled((x - mean) * _inverse(var, bn_param.get("eps", 1e-5), eps), gamma, beta, scale)


test_exercise = Exercise(
    at_test,
    ("out",),
    (
        Mistake("batch_statistics_at_test", "at test time the batch is normalised by itself; use "
                "the running averages.", {"statistics": "batch"}),
        Mistake("batch_statistics_at_test", "the mean is that of the batch; use the running one.",
                {"statistics": "batch mean"}),
        Mistake("batch_statistics_at_test", "the variance is that of the batch; use the running "
                "one.", {"statistics": "batch variance"}),
        *_EPS,
        *_SCALE,
    ),
)  # fmt: skip


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
        Mistake("wrong_axis", _MEAN, {"mean": "of everything"}),
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


def gradient(
    dout: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    bn_param: Param,
    *,
    through_mean: bool = True,
    through_var: float = 1.0,
    dgamma: str = "sum",
    dbeta: str = "sum",
    scaled: bool = True,
    var: str = "biased",
    eps: str = "inside",
    averaged: bool = False,
    swapped: bool = False,
) -> tuple[np.ndarray, ...]:
    """Return dx, dgamma, dbeta of batch normalisation in training."""
    dout, x, gamma = _f64(dout, x, gamma)
    spread = x.var(axis=0, ddof=int(var == "unbiased"))
    inverse = _inverse(spread, bn_param.get("eps", 1e-5), eps)
    xhat = (x - x.mean(axis=0)) * inverse
    dxhat = dout * gamma if scaled else dout
    dx = dxhat - through_mean * dxhat.mean(axis=0)
    dx = (dx - through_var * xhat * (dxhat * xhat).mean(axis=0)) * inverse
    product = {"x": dout * x, "ones": xhat, "centred": dout * (x - x.mean(axis=0))}
    down = product.get(dgamma, dout * xhat)
    N = len(x)
    scale = down.sum(axis=0) / (N if dgamma == "mean" else 1)
    sums = {"sum": dout.sum(axis=0), "mean": dout.mean(axis=0), "ones": np.full(x.shape[1], N)}
    shift = sums[dbeta]
    return dx / (N if averaged else 1), *((shift, scale) if swapped else (scale, shift))


_PATHS = "x also acts through the {} of the batch: that part of the gradient is missing in dx."
gradient_exercise = Exercise(
    gradient,
    ("dx", "dgamma", "dbeta"),
    (
        Mistake("mean_path_missing", _PATHS.format("mean"), {"through_mean": False}),
        Mistake("variance_path_missing", _PATHS.format("variance"), {"through_var": 0.0}),
        Mistake("mean_and_variance_paths_missing", _PATHS.format("mean and the variance"),
                {"through_mean": False, "through_var": 0.0}),
        Mistake("scale_missing", "gamma is missing in dx.", {"scaled": False}),
        Mistake("dgamma_of_x", "dgamma is the sum of dout times the normalised x, not x itself.",
                {"dgamma": "x"}),
        Mistake("dgamma_of_x", "dgamma is the sum of dout times the normalised x; here x is only "
                "centred.", {"dgamma": "centred"}),
        Mistake("upstream_dropped", "dgamma ignores dout.", {"dgamma": "ones"}),
        Mistake("dgamma_averaged", "dgamma is a mean over the batch; it is the sum.",
                {"dgamma": "mean"}),
        Mistake("dbeta_averaged", "dbeta is a mean over the batch; it is the sum.",
                {"dbeta": "mean"}),
        Mistake("upstream_dropped", "dbeta ignores dout.", {"dbeta": "ones"}),
        Mistake("dx_averaged", "dx is divided by N; averaging is the loss's business.",
                {"averaged": True}),
        Mistake("unbiased_variance", "the variance is divided by N - 1; here it is by N.",
                {"var": "unbiased"}),
        Mistake("eps_missing", "eps is left out: it is added to the variance.",
                {"eps": "missing"}),
        Mistake("eps_outside_root", "eps is added to the standard deviation; it belongs to the "
                "variance, below the root.", {"eps": "outside"}),
        Mistake("dgamma_dbeta_swapped", "dgamma and dbeta are swapped: return dx, dgamma, dbeta.",
                {"swapped": True}),
        Mistake("half_variance_path", "the variance is a mean of squares: its derivative has a "
                "factor 2, which is missing in dx.", {"through_var": 0.5}),
    ),
    forward=train_exercise,
    may_change=(dict,),
)  # fmt: skip


def problem(
    rng: np.random.Generator,
    N: int,
    D: int,
    dtype: Any = np.float64,
    spread: float = 2.0,
    **bn_param: Any,
) -> tuple[Any, ...]:
    """Return dout, x, gamma, beta and bn_param; features differ in mean and size."""
    x = spread * rng.normal(size=(N, D)) * rng.uniform(0.5, 2, D) + spread * rng.normal(size=D)
    gamma, beta = rng.uniform(0.5, 2, D) * rng.choice([-1, 1], D), rng.normal(size=D)
    arrays = (a.astype(dtype) for a in (rng.normal(size=(N, D)), x, gamma, beta))
    return *arrays, {"mode": "train", **bn_param}


def averages(rng: np.random.Generator, D: int) -> dict[str, np.ndarray]:
    """Return running averages as training may have left them."""
    return {"running_mean": rng.normal(size=D), "running_var": rng.uniform(0.2, 4, D)}


def manners(
    forward: Function, backward: Function, dout: Any, x: Any, gamma: Any, beta: Any, bn_param: Param
) -> None:
    """Require float32 for float32, and that nothing but bn_param in training changes."""
    names = ("x", "gamma", "beta")
    result, facts = calling.observe(forward, x, gamma, beta, copy.deepcopy(bn_param))
    returned(result)
    for index in facts["changed"]:
        if index < len(names):
            changed = f"`{names[index]}` has other values after the call."
            raise CheckFailed(changed, general("input_changed"))
    out, cache = pair._forward(forward, (x, gamma, beta, copy.deepcopy(bn_param)))
    pair.is_float32(out)
    hygiene.keeps_inputs(backward, dout, cache, names=("dout", "cache"))
    hygiene.keeps_dtype(backward, dout, cache)
    fixed = {**bn_param, "mode": "test", "running_mean": x[0], "running_var": x[0] ** 2}
    _, facts = calling.observe(forward, x, gamma, beta, fixed)
    if facts["changed"]:
        raise CheckFailed(
            "a call in test mode changes its arguments.",
            Diagnosis("running_changed_at_test", "the running averages change in training only."),
        )
