"""How much memory a training step of a chain allocates on NumPy, and when.

`account` counts what any framework has to keep. This module adds up what this library's own
layers say of themselves: what each cache holds on to, what each way back makes, how large the
workspaces of the convolutions are. A test compares the answer with what tracemalloc measures.
"""

import math
from dataclasses import dataclass

from cs231n_lib._arguments import check_count
from cs231n_lib.layers.path import largest
from cs231n_lib.nets.chain import Chain

__all__ = ["Peak", "predict_peak"]


@dataclass(frozen=True)
class Peak:
    """The largest memory of a training step, and the moment that needs it."""

    bytes: int
    moment: str


def predict_peak(model: Chain, batch: int) -> Peak:
    """Predict the peak allocation of ``model.loss(X, y)`` on NumPy.

    Parameters
    ----------
    model : Chain
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
    TypeError
        If `model` is no Chain, or `batch` no whole number.
    ValueError
        If the batch is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from cs231n_lib.nets.pattern import build
    >>> net = build("INPUT[8x8x3] -> CONV3-4 -> RELU -> FC-2", rng=np.random.default_rng(0))
    >>> predict_peak(net, 100).bytes > 1.5 * predict_peak(net, 50).bytes
    True
    """
    if not isinstance(model, Chain):
        raise TypeError(f"model must be a built chain of layers, got {type(model).__name__}")
    batch = check_count("batch", batch)
    itemsize = next(iter(model.params.values())).dtype.itemsize
    network = model.architecture
    memory = network.path.memory(network.layers[0].output_shape, batch, itemsize, need_dx=False)
    weights = (
        math.prod(shape)
        for place in network.places()
        for name, shape in place.parameters.items()
        if name in place.spec.weights
    )
    grads = itemsize * sum(math.prod(array.shape) for array in model.params.values())
    # The scores and their gradient are there until the end of the step.
    ends = 2 * batch * itemsize * math.prod(network.layers[-1].output_shape)
    moment = largest(
        (memory.forward, f"forward, {memory.forward_in}"),
        (memory.kept + ends + memory.backward, f"backward, {memory.backward_in}"),
        (ends + grads + itemsize * max(weights), "regularisation"),
    )
    return Peak(*moment)
