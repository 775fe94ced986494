"""Networks made of layers: parameters in a dictionary, loss and gradients from one method.

Every model here has ``params``, the learnt arrays by name (``W1``, ``b1``, ...); ``buffers``,
what is kept but not learnt (the running averages of batch normalisation); and
``loss(X, y=None)``: scores without labels, loss and gradients with them. The loss is that of the
scores, softmax unless another is given, plus ``reg * sum(W * W)`` over all weights W.
"""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np

from cs231n_lib._arguments import (
    check_callable,
    check_count,
    check_dtype,
    check_generator,
    check_number,
)
from cs231n_lib.backend import A, Array, array_namespace, asarray_like
from cs231n_lib.losses import ScoreLoss, loss_on_device, read_loss, softmax_loss
from cs231n_lib.nets.weights import Init, initial_weights

Arrays = dict[str, Any]  # arrays of the library that the network was made in


class Model:
    """What all networks share: drawing parameters, the loss with its penalty, predicting.

    A subclass fills ``params`` in its constructor and defines ``_forward(X, mode)``, which
    returns scores, caches and what becomes of the buffers, and ``_backward(dscores, caches)``,
    which returns the gradients.

    Parameters
    ----------
    reg : float
        Strength of the penalty on weights, not negative.
    init : {"he", "xavier"} or float
        See :func:`~cs231n_lib.nets.weights.initial_weights`.
    rng : numpy.random.Generator
        Draws the initial weights, and later the masks of dropout.
    dtype : dtype
        numpy.float32 or numpy.float64.
    like : array, optional
        The parameters live in the library and on the device of this array; default NumPy.
    score_loss : callable
        ``score_loss(scores, y)`` returns a loss (a number, or an array of no axes that is read at
        the end) and its gradient with respect to the scores, as `losses.softmax_loss` and
        `losses.svm_loss` do.

    Examples
    --------
    A network of your own, a line without biases:

    >>> class Line(Model):
    ...     def __init__(self, rng):
    ...         super().__init__(reg=0.0, init="he", rng=rng, dtype=np.float64, like=None)
    ...         self._draw("W", (3, 2))
    ...
    ...     def _forward(self, X, mode):
    ...         return X @ self.params["W"], X, {}
    ...
    ...     def _backward(self, dscores, X):
    ...         return {"W": X.T @ dscores}
    >>> Line(np.random.default_rng(0)).predict(np.eye(3)).shape
    (3,)
    """

    def __init__(
        self,
        *,
        reg: float,
        init: Init,
        rng: np.random.Generator,
        dtype: Any,
        like: Array | None,
        score_loss: ScoreLoss = softmax_loss,
    ) -> None:
        self.params: Arrays = {}
        self.buffers: Arrays = {}
        check_callable("score_loss", score_loss, "scores and labels, as softmax_loss does,")
        self.score_loss = score_loss
        self.reg = check_number("reg", reg)
        check_generator("a network", rng)
        self.rng = rng
        self._init = init
        self._weights: list[str] = []  # the parameters that are penalised
        self._dtype = check_dtype("dtype", dtype)
        self._like = np.empty(0) if like is None else like

    def __repr__(self) -> str:
        """Show how large the network is."""
        count = sum(math.prod(array.shape) for array in self.params.values())
        return f"<{type(self).__name__}: {count:,} parameters, {self._dtype.name}>"

    def _draw(self, name: str, shape: tuple[int, ...]) -> None:
        """Make weights, drawn at random."""
        self.params[name] = self._move(initial_weights(shape, self._init, rng=self.rng))
        self._weights.append(name)

    def _fill(self, name: str, shape: tuple[int, ...], value: float) -> None:
        """Make parameters that start with one value and are not penalised."""
        self.params[name] = self._move(np.full(shape, value))

    def _move(self, host: np.ndarray) -> Array:
        return asarray_like(host.astype(self._dtype), self._like)

    def _forward(self, X: Array, mode: str) -> tuple[Array, Any, Arrays]:
        raise NotImplementedError

    def _backward(self, dscores: Array, caches: Any) -> Arrays:
        raise NotImplementedError

    @overload
    def loss(self, X: A, y: None = None) -> A: ...

    @overload
    def loss(self, X: Array, y: Array) -> tuple[float, Arrays]: ...

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """Return the scores of a batch or, given labels, its loss and gradients.

        Parameters
        ----------
        X : array of shape (N, ...)
            Data, in the dtype and library of the parameters.
        y : integer array of shape (N,), optional
            Labels. With them the model runs in training mode, without them in test mode.

        Returns
        -------
        scores : array of shape (N, C)
            If `y` is None.
        loss, grads : float, dict of str to array
            If `y` is given; the gradients have the names of the parameters.

        Raises
        ------
        TypeError, ValueError
            If dtypes, shapes or labels are wrong. Whatever is raised, Ctrl-C too, buffers and
            generator are as they were.
        """
        if y is None:
            return self._forward(X, "test")[0]
        before = self.rng.bit_generator.state
        try:
            scores, caches, new_buffers = self._forward(X, "train")
            data_loss, dscores = loss_on_device(self.score_loss)(scores, y)
            grads = self._backward(dscores, caches)
            loss = read_loss(data_loss + self._penalize(grads), y, scores.shape[1])
        except BaseException:
            self.rng.bit_generator.state = before
            raise
        if math.isfinite(loss):  # a step that fails leaves the model as it was
            self.buffers |= new_buffers
        return loss, grads

    def _penalize(self, grads: Arrays) -> Any:
        """Return the penalty on the weights, and add its gradient to theirs."""
        for name in self._weights:
            grads[name] = grads[name] + 2 * self.reg * self.params[name]
        weights = [self.params[name] for name in self._weights]
        xp = array_namespace(*weights)
        return self.reg * xp.sum(xp.stack([xp.sum(w**2, dtype=xp.float64) for w in weights]))

    def predict(self, X: A, batch_size: int = 1000) -> A:
        """Return the class with the highest score for each example, `batch_size` at a time.

        Returns
        -------
        integer array of shape (N,)
        """
        xp = array_namespace(X)
        if not X.shape:
            raise ValueError("X must have one example a row, got an array of no axes")
        num = X.shape[0]
        starts = range(0, max(num, 1), check_count("batch_size", batch_size))
        scores = [self.loss(X[start : min(start + batch_size, num), ...]) for start in starts]
        return xp.argmax(xp.concat(scores), axis=1)
