"""What convolution and pooling share: how many windows fit, padding, the pixels of each tap."""

import operator

from cs231n_lib._arguments import check_flag, check_whole
from cs231n_lib.backend import A, array_namespace, device


def conv_output_size(W: int, F: int, S: int = 1, P: int = 0, *, floor: bool = False) -> int:
    """Return how many windows of width `F` fit along an input of width `W`.

    Parameters
    ----------
    W : int
        Width (or height) of the input, in pixels.
    F : int
        Width (or height) of the filter, in pixels.
    S : int
        Stride, in pixels.
    P : int
        Zero padding on each side, in pixels.
    floor : bool
        Drop an incomplete last window, as the published AlexNet and ResNet do. By default a
        stride that does not divide the way is an error, because pixels would be lost unseen.

    Returns
    -------
    int
        ``(W - F + 2 * P) / S + 1``.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If an argument is out of range, the filter is larger than the padded input, or the
        stride does not divide the way; the message lists the nearest legal choices.

    Notes
    -----
    Lecture section "Convolutional networks": output size ``(W - F + 2P)/S + 1``; with ``S = 1``
    the padding ``P = (F - 1)/2`` keeps the size.

    Examples
    --------
    >>> conv_output_size(32, 5, S=1, P=2)
    32
    >>> conv_output_size(227, 11, S=4)
    55
    >>> conv_output_size(10, 3, S=2)
    Traceback (most recent call last):
    ...
    ValueError: illegal geometry: (W - F + 2P)/S + 1 = (10 - 3 + 2*0)/2 + 1 = 4.5 is not a whole \
number; nearest legal choices, one change at a time: W=9 or 11, F=2 or 4, S=1 or 7
    """
    for name, value, least in (("W", W, 1), ("F", F, 1), ("S", S, 1), ("P", P, 0)):
        check_whole(name, value, least)
    check_flag("floor", floor)
    W, F, S, P = map(operator.index, (W, F, S, P))
    way = W - F + 2 * P
    formula = f"(W - F + 2P)/S + 1 = ({W} - {F} + 2*{P})/{S} + 1"
    if way < 0:
        raise ValueError(
            f"illegal geometry: the filter (F={F}) is larger than the padded input "
            f"(W + 2P = {W + 2 * P}), so {formula} is below 1; "
            f"make F at most {W + 2 * P} or P at least {-(-(F - W) // 2)}"
        )
    if way % S and not floor:
        raise ValueError(
            f"illegal geometry: {formula} = {way / S + 1:.6g} is not a whole number; "
            f"nearest legal choices, one change at a time: {_nearest_legal(W, F, S, P)}"
        )
    return way // S + 1


def _nearest_legal(W: int, F: int, S: int, P: int) -> str:
    """List, for each of W, F, S and P, the nearest values that make the geometry legal."""

    def legal(W: int, F: int, S: int, P: int) -> bool:
        way = W - F + 2 * P
        return min(W, F, S) >= 1 and P >= 0 and way >= 0 and way % S == 0

    given = {"W": W, "F": F, "S": S, "P": P}
    choices = []
    for name, value in given.items():
        found = []
        for step in (-1, 1):
            # A whole period of S below or above, or the way itself for S, is always enough.
            for candidate in range(value + step, value + step * (W + 2 * P + S), step):
                if legal(**{**given, name: candidate}):
                    found.append(candidate)
                    break
        if found:
            choices.append(f"{name}={' or '.join(map(str, found))}")
    return ", ".join(choices)


def pad_images(x: A, pad: int) -> A:
    """Return a C-contiguous copy of `x` (N, C, H, W) with `pad` zeros around each image.

    Examples
    --------
    >>> import numpy as np
    >>> pad_images(np.ones((1, 1, 1, 2)), 1)[0, 0]
    array([[0., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 0., 0., 0.]])
    """
    xp = array_namespace(x)
    N, C, H, W = x.shape
    padded = xp.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=x.dtype, device=device(x))
    padded[:, :, pad : pad + H, pad : pad + W] = x
    return padded


def taps(
    height: int, width: int, stride: int, out_height: int, out_width: int
) -> list[tuple[slice, slice]]:
    """Return, for each filter tap in row-major order, the pixels it meets in all windows.

    Examples
    --------
    >>> taps(1, 2, stride=2, out_height=3, out_width=3)
    [(slice(0, 5, 2), slice(0, 5, 2)), (slice(0, 5, 2), slice(1, 6, 2))]
    """
    return [
        (
            slice(i, i + stride * (out_height - 1) + 1, stride),
            slice(j, j + stride * (out_width - 1) + 1, stride),
        )
        for i in range(height)
        for j in range(width)
    ]
