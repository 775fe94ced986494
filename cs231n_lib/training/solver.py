"""Train a model by mini-batch gradient descent, and keep what is worth keeping.

The solver shuffles, steps, measures and remembers the best model by value. It can write a
checkpoint after each epoch; a run that goes on from one gives the same numbers, bit for bit, as a
run that was never interrupted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from tqdm import tqdm

from cs231n_lib._arguments import check_count, check_flag, check_generator
from cs231n_lib._checks import check_labels
from cs231n_lib.backend import Array, array_namespace, as_float, asarray_like, to_host
from cs231n_lib.training.checkpoint import read_checkpoint, write_checkpoint
from cs231n_lib.training.optim import SGD

__all__ = ["DivergenceError", "Solver", "accuracy"]


class DivergenceError(ArithmeticError):
    """The loss became NaN or infinite; the message says when, and what to try.

    Examples
    --------
    >>> issubclass(DivergenceError, ArithmeticError)
    True
    """


def accuracy(model: Any, X: Array, y: Array, batch_size: int = 1000) -> float:
    """Return the part of the examples that a model classifies correctly.

    Parameters
    ----------
    model : object
        Its ``loss(X)`` returns scores of shape (N, C).
    X, y : arrays of shape (N, ...) and (N,)
        Data and labels.
    batch_size : int
        Examples that are in memory as activations at one time.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    TypeError
        If the model has no ``loss``, or X or y is no array.
    ValueError
        If X and y differ in length, are empty, or a label names no class.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(loss=lambda X: X)
    >>> accuracy(model, np.eye(4), np.array([0, 1, 2, 0]))
    0.75
    """
    _check_model(model)
    for array in (X, y):
        array_namespace(array)  # refuses what is no array
    xp = array_namespace(X, y)
    if X.ndim == 0:
        raise ValueError("X must have one example a row, got an array of no axes")
    num_examples, batch_size = X.shape[0], check_count("batch_size", batch_size)
    if num_examples == 0:
        raise ValueError("accuracy needs at least one example, got none")
    correct = []
    for start in range(0, num_examples, batch_size):
        stop = min(start + batch_size, num_examples)
        scores = model.loss(X[start:stop, ...])
        if start == 0:
            check_labels(y, num_examples, scores.shape[1])
        hits = xp.argmax(scores, axis=1) == y[start:stop]
        correct.append(xp.count_nonzero(hits))
    return as_float(xp.sum(xp.stack(correct))) / num_examples


def _check_model(model: Any, *more: str) -> None:
    """Require a model by what it can do: anything with a loss can be measured."""
    lacking = [name for name in ("loss", *more) if not hasattr(model, name)]
    if lacking:
        raise TypeError(
            f"model must have {' and '.join(lacking)}, as TwoLayerNet has, got "
            f"{type(model).__name__}"
        )


class Solver:
    """Mini-batch training of a model, with history, best model, checkpoints and a progress bar.

    Parameters
    ----------
    model : object
        ``params`` (dict of str to array), ``loss(X)`` -> scores and
        ``loss(X, y)`` -> (loss, grads); optionally ``buffers`` (dict of str to array) and ``rng``
        (the Generator of its dropout), which are then part of checkpoints.
    data : mapping
        ``X_train``, ``y_train``, ``X_val`` and ``y_val``; floating point data in the library and
        on the device of the model, integer labels.
    optimiser : SGD or a subclass
        A fresh one; see :mod:`cs231n_lib.training.optim`.
    num_epochs : int
        How often every training example is seen.
    batch_size : int
        Examples an update. The last batch of an epoch may be smaller.
    rng : numpy.random.Generator
        Shuffles the examples before each epoch, on the host.
    checkpoint : path, optional
        A file that is replaced after each epoch, as a whole or not at all.
    num_train_samples : int
        How many training examples (the first ones) the training accuracy is measured on.
    progress : bool
        Whether to show a progress bar on standard error.

    Attributes
    ----------
    history : dict of str to list of float
        ``loss``, one a step; ``train_accuracy`` and ``val_accuracy``, one an epoch.
    epoch : int
        Epochs completed.
    best_params, best_buffers : dict of str to array
        Copies of the model's arrays after the epoch with the best validation accuracy.
    best_val_accuracy : float

    Raises
    ------
    TypeError, ValueError
        If the data are incomplete or do not fit, or a number is out of range.

    Examples
    --------
    >>> from cs231n_lib.nets.presets import TwoLayerNet
    >>> from cs231n_lib.training.optim import Momentum
    >>> X = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    >>> y = np.repeat(np.arange(4), 5)
    >>> data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    >>> rng = np.random.default_rng(0)
    >>> model = TwoLayerNet(4, 16, 4, rng=rng)
    >>> solver = Solver(model, data, optimiser=Momentum(0.1), num_epochs=20, batch_size=5,
    ...                 rng=rng, progress=False)
    >>> solver.train().best_val_accuracy
    1.0
    """

    def __init__(
        self,
        model: Any,
        data: Mapping[str, Array],
        *,
        optimiser: SGD,
        num_epochs: int = 10,
        batch_size: int = 100,
        rng: np.random.Generator,
        checkpoint: str | os.PathLike[str] | None = None,
        num_train_samples: int = 1000,
        progress: bool = True,
    ) -> None:
        _check_model(model, "params")
        if not isinstance(data, Mapping):
            raise TypeError(
                "data must be a mapping of X_train, y_train, X_val and y_val to arrays, got "
                f"{type(data).__name__}"
            )
        missing = {"X_train", "y_train", "X_val", "y_val"} - set(data)
        if missing:
            raise ValueError(f"data lacks {sorted(missing)}")
        for split in ("train", "val"):
            X, y = data[f"X_{split}"], data[f"y_{split}"]
            array_namespace(X, y, *model.params.values())
            if X.shape[0] == 0 or y.shape != (X.shape[0],):
                raise ValueError(
                    f"expected at least one example, and one label for each, got X_{split} "
                    f"{tuple(X.shape)} and y_{split} {tuple(y.shape)}"
                )
        if not isinstance(optimiser, SGD):
            raise TypeError(
                f"expected an optimiser, such as Adam(1e-3), got {optimiser!r}; the rules are in "
                "cs231n_lib.training.optim"
            )
        check_generator("the solver", rng)
        self.model = model
        self.data = data
        self.optimiser = optimiser
        self.num_epochs = check_count("num_epochs", num_epochs)
        self.batch_size = check_count("batch_size", batch_size)
        self.rng = rng
        if not isinstance(checkpoint, str | os.PathLike | None):
            raise TypeError(f"checkpoint must be the path of a file, got {checkpoint!r:.80}")
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.num_train_samples = check_count("num_train_samples", num_train_samples)
        self.progress = check_flag("progress", progress)
        self.history: dict[str, list[float]] = {
            "loss": [],
            "train_accuracy": [],
            "val_accuracy": [],
        }
        self.epoch = 0
        self.order: np.ndarray | None = None  # in which this epoch takes the examples
        self.steps = 0  # of this epoch that are done
        self.best_params: dict[str, Array] = {}
        self.best_buffers: dict[str, Array] = {}
        self.best_val_accuracy = -1.0

    def __repr__(self) -> str:
        """Show what is trained, by which rule, and how far."""
        return (
            f"<Solver: {self.model!r} by {self.optimiser!r}, "
            f"epoch {self.epoch} of {self.num_epochs}>"
        )

    def train(self) -> Self:
        """Train until `num_epochs` epochs are done, those before a resume included.

        The model keeps its last parameters; :meth:`restore_best` puts in the best ones.

        Returns
        -------
        self

        Raises
        ------
        DivergenceError
            If a loss is NaN or infinite.

        Notes
        -----
        Whatever ends the training early, Ctrl-C too, the model, the optimiser, the history and
        the random generators are as they were before the step that did not end, and the last
        checkpoint is untouched. Calling this method again goes on with that step, as if nothing
        had happened.
        """
        steps = math.ceil(self.data["X_train"].shape[0] / self.batch_size)
        with tqdm(
            total=self.num_epochs * steps,
            initial=self.epoch * steps + self.steps,
            disable=not self.progress,
            unit="step",
        ) as bar:
            while self.epoch < self.num_epochs:
                while self.steps < steps:
                    with self._all_or_nothing():
                        self._step()
                    bar.update()
                with self._all_or_nothing():
                    self._end_epoch()
                bar.set_postfix(val_accuracy=f"{self.history['val_accuracy'][-1]:.3f}")
                if self.checkpoint is not None:
                    self.save_checkpoint(self.checkpoint)
        return self

    def restore_best(self) -> None:
        """Put copies of the best parameters and buffers into the model.

        Raises
        ------
        ValueError
            If no epoch has been completed.
        """
        if self.epoch == 0:
            raise ValueError("there is no best model before the first epoch: call train() first")
        with self._all_or_nothing():
            self.model.params.update(_copies(self.best_params))
            self._buffers().update(_copies(self.best_buffers))

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Put everything back as it is now if the block does not end."""
        before = vars(self).copy()
        history = {name: len(values) for name, values in self.history.items()}
        params, buffers = dict(self.model.params), dict(self._buffers())
        t, state = self.optimiser.t, {k: dict(v) for k, v in self.optimiser.state.items()}
        rngs = {name: rng.bit_generator.state for name, rng in self._rngs().items()}
        try:
            yield
        except BaseException:
            vars(self).update(before)
            for name, length in history.items():
                del self.history[name][length:]
            self.model.params.update(params)
            self._buffers().update(buffers)
            self.optimiser.t, self.optimiser.state = t, state
            for name, rng in self._rngs().items():
                rng.bit_generator.state = rngs[name]
            raise

    def _step(self) -> None:
        X, y = self.data["X_train"], self.data["y_train"]
        xp = array_namespace(X)
        if self.order is None:
            self.order = self.rng.permutation(X.shape[0])
        start = self.steps * self.batch_size
        # One index for both: a batch whose X and y are drawn apart teaches nonsense.
        index = asarray_like(self.order[start : start + self.batch_size], X)
        # An overflow shows in the next loss, and is reported there with its remedy.
        with np.errstate(over="ignore", invalid="ignore"):
            loss, grads = self.model.loss(xp.take(X, index, axis=0), xp.take(y, index, axis=0))
            if not math.isfinite(loss):
                raise DivergenceError(self._diagnose(loss))
            self.optimiser.step(self.model.params, grads)
        self.history["loss"].append(loss)
        self.steps += 1

    def _end_epoch(self) -> None:
        self._measure()
        self.epoch, self.order, self.steps = self.epoch + 1, None, 0

    def _diagnose(self, loss: float) -> str:
        losses = self.history["loss"]
        before = f"the loss before was {losses[-1]:.4g}" if losses else "this was the first step"
        return (
            f"the loss became {loss} at iteration {len(losses) + 1} (epoch {self.epoch + 1} of "
            f"{self.num_epochs}); {before}. Try a learning rate below "
            f"{self.optimiser.learning_rate:.3g}, smaller initial weights, or centred and scaled "
            "data; and check that the data hold no NaN."
        )

    def _measure(self) -> None:
        X, y = self.data["X_train"], self.data["y_train"]
        n = min(self.num_train_samples, X.shape[0])
        val = accuracy(self.model, self.data["X_val"], self.data["y_val"])
        self.history["train_accuracy"].append(accuracy(self.model, X[:n, ...], y[:n]))
        self.history["val_accuracy"].append(val)
        if val > self.best_val_accuracy:
            # Copies: a reference would follow the model wherever training takes it.
            self.best_val_accuracy = val
            self.best_params = _copies(self.model.params)
            self.best_buffers = _copies(self._buffers())

    def _buffers(self) -> dict[str, Array]:
        return getattr(self.model, "buffers", {})

    def _rngs(self) -> dict[str, np.random.Generator]:
        rngs = {"solver": self.rng, "model": getattr(self.model, "rng", None)}
        return {name: rng for name, rng in rngs.items() if rng is not None}

    def _arrays(self) -> dict[str, dict[str, Array]]:
        """Return all arrays that belong to the state, in groups."""
        return {
            "params": self.model.params,
            "buffers": self._buffers(),
            "best_params": self.best_params,
            "best_buffers": self.best_buffers,
        }

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write the state of the run to a file, which is replaced as a whole or not at all.

        Parameters
        ----------
        path : path
            A file of :func:`numpy.savez`, without pickles.

        Raises
        ------
        OSError
            If the file cannot be written; an older one at that place is untouched.
        """
        optimiser = self.optimiser.state_dict()
        meta = {
            "optimiser": type(self.optimiser).__name__,
            "batch_size": self.batch_size,
            "t": optimiser.pop("t"),
            "epoch": self.epoch,
            "best_val_accuracy": self.best_val_accuracy,
            "history": self.history,
            "rng": {name: rng.bit_generator.state for name, rng in self._rngs().items()},
        }
        groups = self._arrays() | {"optimiser": optimiser}
        if self.order is not None:  # in the middle of an epoch
            meta["steps"] = self.steps
            groups["epoch"] = {"order": self.order}
        arrays = {f"{g}/{name}": to_host(x) for g, xs in groups.items() for name, x in xs.items()}
        write_checkpoint(path, meta, arrays)

    def load_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Take over the state of a run, so that :meth:`train` goes on where it stopped.

        Model, optimiser and batch size must be those of that run. Whether the data, the learning
        rate, the penalty and the loss are those too is the caller's choice: with others the run
        goes on as another one.

        Parameters
        ----------
        path : path
            A file that :meth:`save_checkpoint` wrote.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is no checkpoint or belongs to another model, optimiser or batch size, or was
            written in the middle of an epoch over another number of examples; nothing has been
            changed then.
        """
        meta, arrays = read_checkpoint(path)
        groups: dict[str, dict[str, Array]] = {name: {} for name in (*self._arrays(), "optimiser")}
        like = next(iter(self.model.params.values()))
        order = arrays.pop("epoch/order", None)
        for key, array in arrays.items():
            group, name = key.split("/", 1)
            groups[group][name] = asarray_like(array, like)
        self._check_same_run(meta, groups, order)
        with self._all_or_nothing():
            self.model.params.update(groups["params"])
            self._buffers().update(groups["buffers"])
            self.best_params, self.best_buffers = groups["best_params"], groups["best_buffers"]
            self.optimiser.load_state_dict({"t": meta["t"], **groups["optimiser"]})
            self.epoch, self.history = meta["epoch"], meta["history"]
            self.order, self.steps = order, meta.get("steps", 0)
            self.best_val_accuracy = meta["best_val_accuracy"]
            for name, rng in self._rngs().items():
                rng.bit_generator.state = meta["rng"][name]

    def _check_same_run(
        self, meta: Mapping[str, Any], groups: Mapping[str, Any], order: np.ndarray | None
    ) -> None:
        rngs = {name: rng.bit_generator.state for name, rng in self._rngs().items()}
        checks = [
            ("optimiser", type(self.optimiser).__name__, meta["optimiser"]),
            ("batch size", self.batch_size, meta["batch_size"]),
            ("parameters", _shapes(self.model.params), _shapes(groups["params"])),
            ("buffers", _shapes(self._buffers()), _shapes(groups["buffers"])),
            ("random generators", _kinds(rngs), _kinds(meta["rng"])),
        ]
        if order is not None:  # in the middle of an epoch, which goes on in this order
            num_train = int(self.data["X_train"].shape[0])
            checks.append(("number of training examples", num_train, len(order)))
        for what, ours, theirs in checks:
            if ours != theirs:
                raise ValueError(
                    f"the checkpoint belongs to another run: {what} {theirs} there, {ours} here"
                )


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array_namespace(x).asarray(x, copy=True) for name, x in arrays.items()}


def _shapes(arrays: Mapping[str, Array]) -> dict[str, str]:
    return {name: f"{x.dtype} {tuple(x.shape)}" for name, x in arrays.items()}


def _kinds(rngs: Mapping[str, Any]) -> dict[str, str]:
    return {name: state["bit_generator"] for name, state in rngs.items()}
