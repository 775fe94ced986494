"""Convolution, forward and backward: by loops, by columns, and by the fastest way that fits.

All algorithms compute the same function and share one cache, ``(x, w, b, conv_param)``: nothing
but the inputs is kept between the passes, so any backward can follow any forward.
As everywhere in the field the filter is not flipped: "convolution" is cross-correlation.

This is the door: callers come in here, are checked once, and one algorithm is chosen for them. An
algorithm is one file beside it; none of them chooses another.
"""

from collections.abc import Callable

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers.conv.blocked import conv_backward_blocked, conv_forward_blocked
from cs231n_lib.layers.conv.columns import conv_backward_im2col, conv_forward_im2col
from cs231n_lib.layers.conv.geometry import Cache, output_shape
from cs231n_lib.layers.conv.naive import conv_backward_naive, conv_forward_naive
from cs231n_lib.layers.conv.winograd import SIZES, conv_backward_winograd, conv_forward_winograd

__all__ = [
    "ALGORITHMS",
    "choose_algorithm",
    "conv_backward",
    "conv_backward_blocked",
    "conv_backward_im2col",
    "conv_backward_naive",
    "conv_backward_winograd",
    "conv_forward",
    "conv_forward_blocked",
    "conv_forward_im2col",
    "conv_forward_naive",
    "conv_forward_winograd",
]


def choose_algorithm(x: Array, w: Array, conv_param: dict) -> str:
    """Name the algorithm that `conv_forward` and `conv_backward` use for this input.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images.
    w : array (F, C, HH, WW)
        Filters.
    conv_param : dict
        ``{"stride": int, "pad": int}``.

    Returns
    -------
    str
        A key of `ALGORITHMS`: ``"im2col"`` on any library but NumPy. On NumPy ``"winograd"`` for
        3x3 and 5x5 filters at stride 1 with at least `WINOGRAD_CHANNELS` channels in and out
        (below, its transforms cost more than they save), else ``"blocked"``.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.ones((1, 64, 8, 8)), np.ones((64, 64, 3, 3))
    >>> choose_algorithm(x, w, {"stride": 1, "pad": 1})
    'winograd'
    >>> choose_algorithm(x, w, {"stride": 2, "pad": 1})
    'blocked'
    """
    if not isinstance(x, np.ndarray):
        return "im2col"
    few = min(w.shape[:2]) < WINOGRAD_CHANNELS
    square = w.shape[2] == w.shape[3] and w.shape[2] in SIZES
    return "winograd" if square and conv_param["stride"] == 1 and not few else "blocked"


def conv_forward(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[Array, Cache]:
    """Convolve by the best algorithm for this input (see `choose_algorithm`).

    Parameters, returns and errors as in `conv_forward_naive`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> out.shape
    (2, 4, 8, 8)
    """
    output_shape(x, w, b, conv_param)
    forward, _ = ALGORITHMS[choose_algorithm(x, w, conv_param)]
    return forward(x, w, b, conv_param)


def conv_backward(
    dout: Array, cache: Cache, need_dx: bool = True
) -> tuple[Array | None, Array, Array]:
    """Go back through a convolution by the best algorithm for this input.

    Parameters, returns and errors as in `conv_backward_naive`, and:

    Parameters
    ----------
    need_dx : bool
        False for a first layer, behind which there is nothing to learn: dx is None, and on NumPy
        the time for it is saved.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.zeros(4)
    >>> out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 1})
    >>> [d.shape for d in conv_backward(out, cache)]
    [(2, 3, 8, 8), (4, 3, 3, 3), (4,)]
    """
    x, w, _, conv_param = cache
    _, backward = ALGORITHMS[choose_algorithm(x, w, conv_param)]
    if need_dx:
        return backward(dout, cache)
    if isinstance(x, np.ndarray):
        return conv_backward_blocked(dout, cache, need_dx=False)
    return None, *backward(dout, cache)[1:]


WINOGRAD_CHANNELS = 16


ALGORITHMS: dict[str, tuple[Callable, Callable]] = {
    "naive": (conv_forward_naive, conv_backward_naive),
    "im2col": (conv_forward_im2col, conv_backward_im2col),
    "blocked": (conv_forward_blocked, conv_backward_blocked),
    "winograd": (conv_forward_winograd, conv_backward_winograd),
}
