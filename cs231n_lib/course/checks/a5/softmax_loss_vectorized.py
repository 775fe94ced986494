"""`softmax_loss_vectorized` again, where the data live: scores far apart."""

import numpy as np

from cs231n_lib.course.checks.a2 import losses, softmax

exercise = softmax.exercise


def spread(rng: np.random.Generator) -> losses.Problem:
    """Return a problem with scores so far apart that only the largest may be subtracted."""
    W, X, _, _ = losses.problem(rng, 6, 4, 3)
    # exp(720) overflows, exp(-720) is not 0 yet.
    W, X = np.vstack([W, [[0.0, 360.0, 720.0]]]), np.hstack([X, np.ones((6, 1))])
    return W, X, rng.integers(1, 3, size=6), 0.0
