"""Assignment 5: the account of a network, and code for a second device.

One file an exercise, but for the three in ``counts``. ``architectures`` is what those on the
account describe, ``one_layer`` what counts and table are made of; ``device`` is what the last two
exercises share.
No file here imports the numeric library, or another assignment but for 1 and 2, which return.
"""

from cs231n_lib.course.checks.a5 import (
    account_table,
    choose_batch_size,
    compute_distances_no_loops,
    counts,
    device,
    layer_output_shape,
    softmax_loss_vectorized,
)

__all__ = [
    "account_table",
    "choose_batch_size",
    "compute_distances_no_loops",
    "counts",
    "device",
    "layer_output_shape",
    "softmax_loss_vectorized",
]
