"""How much memory a training step of a `PatternNet` allocates on NumPy, and when.

`account` counts what any framework has to keep. This module follows this library's own code:
what each layer's cache holds on to, what each backward makes, how large the workspaces of the
convolutions are. A test compares the answer with what tracemalloc measures.

Kept by the caches until the way back has passed: CONV, RELU, FC: their input; POOL: its input
and a byte for each output, the winner; BN: the normalised values; DROPOUT: the mask.

Temporary arrays count as far as NumPy does not reuse them: in ``a - b - c`` the first difference
becomes the result. With several threads the prediction is an upper bound, because their
workspaces need not be at their largest at the same moment.
"""

import math
from dataclasses import dataclass

import numpy as np

from cs231n_lib._parallel import BLOCK_BYTES, block_length, num_threads
from cs231n_lib.layers.conv import choose_algorithm
from cs231n_lib.layers.conv.blocked import LEAST_COLUMNS
from cs231n_lib.layers.conv.windows import Windows, windows_of
from cs231n_lib.layers.conv.winograd import tiles_of
from cs231n_lib.nets.architecture import FC, BatchNorm, Conv, Dropout, Layer, Pool
from cs231n_lib.nets.chain import PatternNet

__all__ = ["Peak", "predict_peak"]

REUSED = 2**18  # NumPy writes results into temporary operands of at least this many bytes


@dataclass(frozen=True)
class Peak:
    """The largest memory of a training step, and the moment that needs it."""

    bytes: int
    moment: str


def predict_peak(model: PatternNet, batch: int) -> Peak:
    """Predict the peak allocation of ``model.loss(X, y)`` on NumPy.

    Parameters
    ----------
    model : PatternNet
        A built model.
    batch : int
        Number of images in X.

    Returns
    -------
    Peak
        Bytes on top of the parameters and of X, both of which exist before, and the layer and
        direction where they are needed.

    Raises
    ------
    ValueError
        If the batch is not positive.

    Examples
    --------
    >>> from cs231n_lib.nets.pattern import build
    >>> net = build("INPUT[8x8x3] -> CONV3-4 -> RELU -> FC-2", rng=np.random.default_rng(0))
    >>> predict_peak(net, 100).bytes > 1.5 * predict_peak(net, 50).bytes
    True
    """
    if batch < 1:
        raise ValueError(f"a batch has at least one image, got {batch}")
    layers = model.architecture.layers[1:]
    itemsize = model.params["W1"].dtype.itemsize
    moments: list[tuple[int, str]] = []
    kept, came_in = 0, 0  # bytes held by caches; of the array that enters the layer
    held: list[int] = []  # by each layer's cache, its input included
    for number, layer in enumerate(layers, start=1):
        out, inside, work = _forward(layer, batch, itemsize)
        moments.append((kept + came_in + work, f"forward, layer {number}, {layer.name}"))
        keeps_input = not isinstance(layer.spec, BatchNorm | Dropout)
        held.append(inside + (came_in if keeps_input else 0))
        kept, came_in = kept + held[-1], out
    grads, dout = 0, came_in
    kept += came_in  # the scores, and as much again for their gradient: dout
    for number, layer in reversed(list(enumerate(layers, start=1))):
        dx, own, work = _backward(layer, batch, itemsize, first=number == 1)
        moments.append((kept + dout + grads + work, f"backward, layer {number}, {layer.name}"))
        kept, dout, grads = kept - held.pop(), dx, grads + own
    largest = max(itemsize * w.size for name, w in model.params.items() if name.startswith("W"))
    moments.append((grads + largest, "regularisation"))
    return Peak(*max(moments, key=lambda moment: moment[0]))


def _forward(layer: Layer, batch: int, itemsize: int) -> tuple[int, int, int]:
    """Return the bytes of the output, of what the cache adds to the input, and at the peak."""
    values = batch * math.prod(layer.input_shape)
    count = batch * math.prod(layer.output_shape)
    out = count * itemsize
    match layer.spec:
        case Conv():
            return out, 0, out + _workspace(layer, batch, itemsize, backward=False)
        case FC():
            return out, 0, 2 * out  # before and after the bias
        case Pool():
            threads, block = _pool_block(layer, batch, itemsize)
            return out, count, out + count + threads * block * (3 * itemsize + 4)
        case BatchNorm():
            return out, out, 2 * out + _temporaries(out, batch, reads=1, whole=1, each=5)
        case Dropout():
            # Random numbers of 8 bytes and a flag for each; later flag, mask and output.
            return out, out, max(9 * values, values + 2 * out)
        case _:
            return out, 0, out


def _backward(layer: Layer, batch: int, itemsize: int, first: bool) -> tuple[int, int, int]:
    """Return the bytes of dx, of the gradients of the parameters, and at the peak."""
    dx = batch * math.prod(layer.input_shape) * itemsize
    own = itemsize * sum(map(math.prod, layer.parameters.values()))
    match layer.spec:
        case Conv():
            # What the gradients are added up in is workspace; they come out of it in copies.
            work = _workspace(layer, batch, itemsize, backward=True, need_dx=not first)
            dx *= not first  # what the images would have to change is not asked for
            return dx, own, dx + max(work, 3 * own)
        case Pool():
            threads, block = _pool_block(layer, batch, itemsize)
            copies = 2 if block * itemsize >= REUSED else 3
            return dx, own, dx + threads * block * (copies * itemsize + 1)
        case BatchNorm():
            return dx, own, dx + own + _temporaries(dx, batch, reads=2, whole=2, each=4)
        case FC() | Dropout():
            return dx, own, dx + own
        case _:
            # A flag for each value; the second factor becomes the product unless it is small.
            flags = 1 / itemsize
            whole = flags if dx >= REUSED else 1
            return dx, own, dx + _temporaries(dx, batch, reads=2, whole=whole, each=2 + flags)


def _temporaries(array_bytes: int, batch: int, *, reads: int, whole: float, each: float) -> int:
    """Return the bytes that `by_rows` needs beside its results.

    A small array is worked on at once, with `whole` temporaries of its size. A larger one goes
    in blocks of `reads` arrays, with `each` temporaries a block; where it matters, the results of
    the block before are among them.
    """
    if array_bytes <= BLOCK_BYTES:
        return round(whole * array_bytes)
    row_bytes = array_bytes // batch
    threads = num_threads(batch, reads * row_bytes)
    rows = block_length(-(-batch // threads), reads * row_bytes)
    return round(each * threads * rows * row_bytes)


def _pool_block(layer: Layer, batch: int, itemsize: int) -> tuple[int, int]:
    """Return the number of threads, and of outputs that each works on at a time."""
    bytes_each = math.prod(layer.input_shape) * itemsize
    threads = num_threads(batch, bytes_each)
    images = block_length(-(-batch // threads), bytes_each)
    return threads, images * math.prod(layer.output_shape)


def _workspace(
    layer: Layer, batch: int, itemsize: int, *, backward: bool, need_dx: bool = True
) -> int:
    """Return the bytes of the workspaces of all threads, as the algorithm lays them out."""
    spec = layer.spec
    assert isinstance(spec, Conv)
    x = np.broadcast_to(np.float32(0), (batch, *layer.input_shape))
    w = np.broadcast_to(np.float32(0), layer.parameters["W"])
    conv_param = {"stride": spec.stride, "pad": spec.pad}
    if need_dx and choose_algorithm(x, w, conv_param) == "winograd":
        return itemsize * _winograd_workspace(
            tiles_of(x, w, conv_param), w, batch, itemsize, backward
        )
    return itemsize * _blocked_workspace(
        windows_of(x, w, conv_param), w, batch, itemsize, backward, need_dx
    )


def _blocked_workspace(
    windows: Windows, w: np.ndarray, batch: int, itemsize: int, backward: bool, need_dx: bool
) -> int:
    F, K = w.shape[0], math.prod(w.shape[1:])
    row_bytes = (F + K) * windows.columns * itemsize
    threads, n, r = _blocks(windows, batch, row_bytes, -(-LEAST_COLUMNS // windows.columns))
    T = r * n * windows.columns
    products = T * F * (not windows.in_order(n))
    cols = T * K * (windows.taps > 1)  # for a window of one pixel, a view
    if backward:
        cols = T * K if need_dx else cols
        return threads * (_phases(windows, n, need_dx) + products + cols + 2 * K * F)
    return threads * (_phases(windows, n, False) + products + cols)


def _winograd_workspace(
    tiles: Windows, w: np.ndarray, batch: int, itemsize: int, backward: bool
) -> int:
    F, C = w.shape[:2]
    threads, n, r = _blocks(tiles, batch, tiles.taps * tiles.columns * C * itemsize, 1)
    T, U = r * n * tiles.columns, tiles.taps * C * F
    block = T * (tiles.taps * (2 * C + F) + 2 * tiles.stride**2 * F) + 2 * U * backward
    return U + threads * (_phases(tiles, n, backward) + block)


def _blocks(windows: Windows, batch: int, row_bytes: int, least: int) -> tuple[int, int, int]:
    """Return the numbers of threads, of images and of rows of windows in a block."""
    OH = windows.out[0]
    threads = num_threads(batch, OH * row_bytes)
    n = block_length(-(-batch // threads), OH * row_bytes)
    return threads, n, block_length(OH, n * row_bytes, least)


def _phases(windows: Windows, n: int, backward: bool) -> int:
    """Return the values in the phases of a block of images, of their gradient, and beside them."""
    phases = math.prod(windows.shape(n))
    wide = windows.channels * windows.stride**2 * windows.rows * n * windows.columns
    copies = backward + (not windows.is_image(n))
    return copies * phases + wide * (windows.stride > 1)
