"""The geometry every convolution and pooling layer shares: sizes, checks, columns.

`im2col` and `col2im` move data by K x K strided slices, one for each filter tap. There is no
scatter and no stride trick, so they are deterministic and run on every array namespace.
"""

from typing import Any

from cs231n_lib.backend import array_namespace, device, float_dtype

Array = Any


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
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, got {value!r}")
        if value < least:
            raise ValueError(f"{name} must be {least} or more, got {value}")
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


def check_float_array(name: str, x: Array, axes: str) -> None:
    """Require a floating-point array with the given axes, written like ``"N, C, H, W"``.

    Raises
    ------
    TypeError
        If it is not an array of float32 or float64 (see `backend.float_dtype`).
    ValueError
        If the number of axes differs or one of them is empty.

    Examples
    --------
    >>> import numpy as np
    >>> check_float_array("x", np.zeros((2, 3)), "N, C, H, W")
    Traceback (most recent call last):
    ...
    ValueError: x must have shape (N, C, H, W), got (2, 3)
    """
    float_dtype(x)
    if x.ndim != axes.count(",") + 1:
        raise ValueError(f"{name} must have shape ({axes}), got {tuple(x.shape)}")
    if 0 in x.shape:
        raise ValueError(f"{name} must not be empty, got shape {tuple(x.shape)}")


def check_dout(dout: Array, x: Array, shape: tuple[int, ...]) -> None:
    """Require that the upstream gradient `dout` matches the output in shape, dtype and library.

    Raises
    ------
    TypeError
        If its dtype is not that of `x`, or its library differs.
    ValueError
        If its shape is not `shape`.

    Examples
    --------
    >>> import numpy as np
    >>> check_dout(np.zeros((1, 2)), np.zeros((1, 4)), (1, 3))
    Traceback (most recent call last):
    ...
    ValueError: dout must have the shape of the output, (1, 3), got (1, 2)
    """
    float_dtype(dout, x)
    if tuple(dout.shape) != shape:
        raise ValueError(
            f"dout must have the shape of the output, {shape}, got {tuple(dout.shape)}"
        )


def check_param(name: str, param: dict, keys: tuple[str, ...]) -> tuple[int, ...]:
    """Return the values of a parameter dictionary that must have exactly these `keys`.

    Raises
    ------
    ValueError
        If a key is missing or unknown.

    Examples
    --------
    >>> check_param("conv_param", {"stride": 1, "pad": 2}, ("stride", "pad"))
    (1, 2)
    """
    if set(param) != set(keys):
        raise ValueError(f"{name} must have exactly the keys {list(keys)}, got {list(param)}")
    return tuple(param[key] for key in keys)


def output_shape(x: Array, w: Array, b: Array, conv_param: dict) -> tuple[int, int, int, int]:
    """Check the arguments of a convolution and return the shape (N, F, OH, OW) of its output.

    Raises
    ------
    TypeError
        If the arrays are of different libraries, not floating point or of different dtypes.
    ValueError
        If shapes disagree, `conv_param` has other keys than ``stride`` and ``pad``, or the
        geometry is illegal (see `conv_output_size`).

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.ones((1, 3, 8, 8)), np.ones((4, 2, 3, 3)), np.ones(4)
    >>> output_shape(x, w, b, {"stride": 1, "pad": 1})
    Traceback (most recent call last):
    ...
    ValueError: x has 3 channels but each filter in w has 2
    """
    array_namespace(x, w, b)
    check_float_array("x", x, "N, C, H, W")
    check_float_array("w", w, "F, C, HH, WW")
    check_float_array("b", b, "F")
    float_dtype(x, w, b)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels but each filter in w has {w.shape[1]}")
    if b.shape[0] != w.shape[0]:
        raise ValueError(f"w has {w.shape[0]} filters but b has {b.shape[0]} biases")
    stride, pad = check_param("conv_param", conv_param, ("stride", "pad"))
    OH = conv_output_size(x.shape[2], w.shape[2], stride, pad)
    OW = conv_output_size(x.shape[3], w.shape[3], stride, pad)
    return x.shape[0], w.shape[0], OH, OW


def pad_images(x: Array, pad: int) -> Array:
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


def im2col(x: Array, height: int, width: int, stride: int = 1, pad: int = 0) -> Array:
    """Lay out every window of every image as a column.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images, any floating dtype.
    height, width : int
        Size of the window, in pixels.
    stride, pad : int
        As in `conv_output_size`.

    Returns
    -------
    array (N, C * height * width, OH * OW)
        Columns in the order of the flattened filters: channel, row, column. Same dtype.

    Raises
    ------
    TypeError, ValueError
        For a bad array or an illegal geometry (see `conv_output_size`).

    Notes
    -----
    K. Chellapilla, S. Puri, P. Simard, "High Performance Convolutional Neural Networks for
    Document Processing", 2006.

    Examples
    --------
    >>> import numpy as np
    >>> im2col(np.arange(6.0).reshape(1, 1, 2, 3), 2, 2)[0]
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    """
    xp = array_namespace(x)
    check_float_array("x", x, "N, C, H, W")
    N, C, H, W = x.shape
    OH = conv_output_size(H, height, stride, pad)
    OW = conv_output_size(W, width, stride, pad)
    padded = pad_images(x, pad) if pad else x
    cols = xp.empty((N, C, height * width, OH, OW), dtype=x.dtype, device=device(x))
    for tap, (rows, columns) in enumerate(taps(height, width, stride, OH, OW)):
        cols[:, :, tap, :, :] = padded[:, :, rows, columns]
    return xp.reshape(cols, (N, C * height * width, OH * OW))


def col2im(
    cols: Array,
    shape: tuple[int, int, int, int],
    height: int,
    width: int,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """Add every column back onto the pixels it came from: the adjoint of `im2col`.

    Parameters
    ----------
    cols : array (N, C * height * width, OH * OW)
        Columns as `im2col` makes them.
    shape : tuple (N, C, H, W)
        Shape of the images.
    height, width, stride, pad : int
        As in `im2col`.

    Returns
    -------
    array (N, C, H, W)
        A pixel that lies in several windows is the sum of them. Same dtype as `cols`.

    Raises
    ------
    TypeError, ValueError
        If `cols` does not have the shape that `im2col` gives for `shape`, or the geometry is
        illegal.

    Examples
    --------
    >>> import numpy as np
    >>> col2im(np.ones((1, 4, 2)), (1, 1, 2, 3), 2, 2)[0, 0]
    array([[1., 2., 1.],
           [1., 2., 1.]])
    """
    xp = array_namespace(cols)
    check_float_array("cols", cols, "N, C*height*width, OH*OW")
    N, C, H, W = shape
    OH = conv_output_size(H, height, stride, pad)
    OW = conv_output_size(W, width, stride, pad)
    if tuple(cols.shape) != (N, C * height * width, OH * OW):
        raise ValueError(
            f"cols must have shape {(N, C * height * width, OH * OW)} for images of shape "
            f"{tuple(shape)}, got {tuple(cols.shape)}"
        )
    cols = xp.reshape(cols, (N, C, height * width, OH, OW))
    padded = xp.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype, device=device(cols))
    for tap, (rows, columns) in enumerate(taps(height, width, stride, OH, OW)):
        padded[:, :, rows, columns] += cols[:, :, tap, :, :]
    return padded[:, :, pad : pad + H, pad : pad + W]
