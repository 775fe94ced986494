"""Linear classifiers: one template a class, the score is the inner product with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

import numpy as np

from cs231n_lib._arguments import (
    check_count,
    check_counts,
    check_generator,
    check_number,
    check_positive,
)
from cs231n_lib._checks import check_labels
from cs231n_lib._parallel import matmul
from cs231n_lib.backend import A, Array, array_namespace, asarray_like, float_dtype, to_host
from cs231n_lib.losses import softmax_loss_vectorized, svm_loss_vectorized

__all__ = ["LinearClassifier", "LinearSVM", "Softmax"]


class LinearClassifier:
    """What both classifiers share; they differ in :meth:`loss` alone.

    Attributes
    ----------
    W : array of shape (D, C), or None before :meth:`fit`
        Weights; column c is the template of class c.
    history : list of float
        The loss of every mini-batch.

    Notes
    -----
    There is no separate bias: append a column of ones to the data (the bias trick), and the last
    row of W is the bias. Source: lecture section "Linear Classification".
    """

    _loss: Callable[[Array, Array, Array, float], tuple[float, Array]]

    def __init__(self) -> None:
        self.W: Array | None = None
        self.history: list[float] = []

    def __repr__(self) -> str:
        """Show what has been learnt so far."""
        what = "not fitted" if self.W is None else f"W of shape {tuple(self.W.shape)}"
        return f"<{type(self).__name__}: {what}>"

    def loss(self, X: Array, y: Array, reg: float = 0.0) -> tuple[float, Array]:
        """Return the loss on a batch and its gradient with respect to W."""
        return type(self)._loss(self._weights(), X, y, reg)

    def fit(
        self,
        X: Array,
        y: Array,
        *,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        rng: np.random.Generator,
        warm_start: bool = False,
    ) -> Self:
        """Find W by stochastic gradient descent, from small random numbers on.

        Parameters
        ----------
        X : array of shape (N, D), float32 or float64
            Training data, one example a row.
        y : integer array of shape (N,)
            Labels from 0 on; C is the largest plus 1.
        learning_rate : float
            Size of a step.
        reg : float
            Strength of the penalty ``reg * sum(W * W)``.
        num_iters : int
            Number of steps.
        batch_size : int
            Examples a step, drawn with replacement.
        rng : numpy.random.Generator
            Draws the first W and the batches, on the host.
        warm_start : bool
            Go on from the W of the last call instead of starting anew.

        Returns
        -------
        self
            With `W` and `history` set.

        Raises
        ------
        TypeError
            If dtypes or libraries are wrong, or `rng` is no Generator.
        ValueError
            If shapes or numbers are wrong, a label is negative, or W of a warm start has
            another shape than this data needs.
        ArithmeticError
            If the loss becomes NaN or infinite.
        """
        xp = array_namespace(X, y)
        float_dtype(X)
        if X.ndim != 2 or 0 in X.shape:
            raise ValueError(
                f"expected X of shape (N, D), one example a row, got {tuple(X.shape)}; flatten "
                "images first, e.g. xp.reshape(X, (X.shape[0], -1))"
            )
        shape = (X.shape[1], check_labels(y, X.shape[0]))
        check_generator("fit", rng)
        learning_rate = check_positive("learning_rate", learning_rate)
        reg = check_number("reg", reg)
        num_iters = check_count("num_iters", num_iters)
        batch_size = check_count("batch_size", batch_size)
        if not warm_start or self.W is None:
            self.W = asarray_like(1e-3 * rng.standard_normal(shape), X, dtype=X.dtype)
            self.history = []
        elif self.W.shape != shape:
            raise ValueError(
                f"W has shape {tuple(self.W.shape)} and this data needs {shape}: "
                "start anew with warm_start=False"
            )
        for _ in range(num_iters):
            index = asarray_like(rng.integers(X.shape[0], size=batch_size), X)
            X_batch, y_batch = xp.take(X, index, axis=0), xp.take(y, index, axis=0)
            with np.errstate(over="ignore", invalid="ignore"):  # it shows in the next loss
                loss, dW = self.loss(X_batch, y_batch, reg)
                if not math.isfinite(loss):
                    raise ArithmeticError(
                        f"the loss became {loss} at iteration {len(self.history) + 1}: try a "
                        f"learning rate below {learning_rate:g} or scaled data"
                    )
                self.W = self.W - learning_rate * dW
            self.history.append(loss)
        return self

    def scores(self, X: A) -> A:
        """Return the class scores ``X @ W``.

        Parameters
        ----------
        X : array of shape (N, D)
            In the dtype and library of the training data.

        Returns
        -------
        array of shape (N, C)

        Raises
        ------
        RuntimeError
            If the classifier is not fitted.
        TypeError, ValueError
            If dtype, library or shape of X are wrong.
        """
        W = self._weights()
        float_dtype(X, W)
        if X.ndim != 2 or X.shape[1] != W.shape[0]:
            raise ValueError(f"expected X of shape (N, {W.shape[0]}), got {tuple(X.shape)}")
        return matmul(X, W)

    def predict(self, X: A) -> A:
        """Return the class with the highest score for each row of X, shape (N,); see `scores`."""
        return array_namespace(X).argmax(self.scores(X), axis=1)

    def templates(self, image_shape: tuple[int, ...]) -> np.ndarray:
        """Return the columns of W as images, to be looked at.

        Parameters
        ----------
        image_shape : tuple of int
            For instance (32, 32, 3). If W has one row more than that many numbers, the last row
            is the bias and is left out.

        Returns
        -------
        numpy.ndarray of shape (C, ...)
            In host memory; each template stretched to the range 0 to 1.

        Raises
        ------
        RuntimeError
            If the classifier is not fitted.
        ValueError
            If W does not hold images of that shape.
        """
        image_shape = check_counts("image_shape", image_shape)
        W = to_host(self._weights())
        size = math.prod(image_shape)
        if W.shape[0] not in (size, size + 1):
            raise ValueError(
                f"images of shape {image_shape} have {size} numbers, the templates {W.shape[0]}"
            )
        columns = W[:size].T
        low, high = columns.min(axis=1, keepdims=True), columns.max(axis=1, keepdims=True)
        return ((columns - low) / np.maximum(high - low, np.finfo(W.dtype).tiny)).reshape(
            -1, *image_shape
        )

    def _weights(self) -> Array:
        if self.W is None:
            raise RuntimeError(f"this {type(self).__name__} is not fitted: call fit(X, y) first")
        return self.W


class LinearSVM(LinearClassifier):
    """A linear classifier with the multiclass SVM (hinge) loss.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> svm = LinearSVM().fit(X, np.array([1, 0]), learning_rate=0.1, rng=np.random.default_rng(0))
    >>> svm.predict(X)
    array([1, 0])
    """

    _loss = staticmethod(svm_loss_vectorized)


class Softmax(LinearClassifier):
    """A linear classifier with the softmax (cross-entropy) loss.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> model = Softmax().fit(X, np.array([1, 0]), learning_rate=0.1, rng=np.random.default_rng(0))
    >>> model.predict(X)
    array([1, 0])
    """

    _loss = staticmethod(softmax_loss_vectorized)
