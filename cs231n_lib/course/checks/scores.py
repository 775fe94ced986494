"""What comes behind the scores of a network: the softmax loss, right or with a mistake."""

import numpy as np

from cs231n_lib.course.checks.mistakes import Mistake

OVERFLOW = Mistake(
    "no_max_subtraction", "large scores overflow in exp: subtract the largest score of each row "
    "first, as softmax_loss does.", {"shift": False},
)  # fmt: skip
LOG_OF_P = Mistake(
    "log_of_p", "p is right, but underflows to 0 where a score is far below the largest, and "
    "log(0) is infinite: use s_y - max - log(sum(exp)), as softmax_loss does.", {"of_p": True},
)  # fmt: skip
#: What any network may get wrong, by the dials of `softmax_loss` and of the network itself.
MISTAKES = (
    Mistake("relu_on_scores", "the scores pass a ReLU; they should not.", {"relu_last": True}),
    Mistake("biases_missing", "the biases are not added.", {"bias": False}),
    Mistake("half_reg_in_loss", "the loss uses half of the penalty; the convention here is "
            "reg * sum(W*W).", {"loss_reg": 0.5}),
    Mistake("reg_missing_in_loss", "the penalty is missing in the loss.", {"loss_reg": 0.0}),
    Mistake("half_reg_in_gradient", "the gradient of the penalty is reg * W; that of "
            "reg * sum(W*W) is 2 * reg * W.", {"grad_reg": 1.0}),
    OVERFLOW,
    LOG_OF_P,
    Mistake("averaged_twice", "the gradients are divided by N twice.", {"over": "N"}),
    Mistake("gradient_not_averaged", "the gradients equal the right ones times N: they are "
            "not averaged.", {"over": "0"}),
)  # fmt: skip


def softmax_loss(
    scores: np.ndarray,
    y: np.ndarray,
    *,
    over: str = "1",
    shift: bool = True,
    of_p: bool = False,
    eps: float = 0.0,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the softmax loss of scores (N, C), its gradient, and log p; the rest are dials."""
    N = len(scores)
    rows = np.arange(N)
    shifted = scores - shift * scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_of = np.log(np.exp(log_p) + eps) if eps or of_p else log_p
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    return -log_of[rows, y].mean(), dscores / {"1": N, "N": N * N, "0": 1}[over], log_p


def far_scores() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return scores (N, C) far apart, fixed, and labels: each way to overflow fails in its own.

    Other slips show elsewhere: none is negative, for a ReLU, and where there are two rows their
    losses are 0, for a mean. In the first problem all scores are high: there exp alone overflows.
    """
    first, second = np.array([0]), np.array([1, 1])
    return {
        "scores 2000 and 2001": (np.array([[2000.0, 2001.0]]), first),
        "scores 0 and 2000": (np.array([[0.0, 2000.0]]), first),
        "rows up to 200 and 1000": (np.array([[100.0, 200.0], [900.0, 1000.0]]), second),
    }
