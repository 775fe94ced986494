"""How much memory a training step of a chain allocates on NumPy, and when.

`account` counts what any framework has to keep. This module adds up what this library's own
layers say of themselves: what each cache holds on to, what each way back makes, how large the
workspaces of the convolutions are. A test compares the answer with what tracemalloc measures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from cs231n_lib.layers.layer import Layer, Memory
from cs231n_lib.nets.architecture import Fork, Place
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
    if batch < 1:
        raise ValueError(f"a batch has at least one image, got {batch}")
    itemsize = next(iter(model.params.values())).dtype.itemsize
    step = _Step(batch, itemsize)
    links = model.architecture.layers[1:]
    scores, held = step.forward(links, 0)
    step.kept += scores  # and as much again for their gradient: dout
    step.backward(links, held, scores, need_dx=False)
    weights = (
        math.prod(shape)
        for place in model.architecture.places()
        for name, shape in place.parameters.items()
        if name in place.spec.weights
    )
    step.moments.append((step.grads + itemsize * max(weights), "regularisation"))
    return Peak(*max(step.moments, key=lambda moment: moment[0]))


# What the cache of one layer or block holds on to, and what is needed to go back through it.
Held = tuple[int, list]


@dataclass
class _Step:
    """A training step as it goes on: what is allocated now, and the moments so far."""

    batch: int
    itemsize: int
    kept: int = 0  # bytes held by caches, and by blocks that are being passed
    grads: int = 0
    layers: int = 0  # passed on the way forward
    moments: list[tuple[int, str]] = field(default_factory=list)

    def forward(self, links: Sequence[Place | Fork], came_in: int) -> tuple[int, list[Held]]:
        """Pass layers; return the bytes of what comes out, and what their caches hold."""
        held: list[Held] = []
        for link in links:
            out = self._bytes(link.output_shape)
            match link:
                case Place():
                    self.layers += 1
                    memory = self._memory(link, need_dx=True)
                    moment = f"layer {self.layers}, {link.name}"
                    self._note(came_in + memory.forward, f"forward, {moment}")
                    held.append((memory.kept + memory.keeps_input * came_in, [moment]))
                case Fork():
                    self.kept += came_in  # until both paths have started from it
                    main, body = self.forward(link.body, 0)
                    self.kept += main
                    side, shortcut = self.forward(link.shortcut, 0)
                    self._note(side + out, f"forward, {link.name}")
                    self.kept -= main + came_in
                    keeps = self._keeps_input(link.body) or self._keeps_input(link.shortcut)
                    held.append((came_in * keeps, [body, shortcut]))
                case _:
                    assert_never(link)
            self.kept += held[-1][0]
            came_in = out
        return came_in, held

    def backward(
        self, links: Sequence[Place | Fork], held: list[Held], dout: int, need_dx: bool
    ) -> int:
        """Go back through layers; return the bytes of the gradient of what came in."""
        for index, link in reversed(list(enumerate(links))):
            need, (own, inside) = need_dx or index > 0, held[index]
            match link:
                case Place():
                    memory = self._memory(link, need)
                    self._note(dout + memory.backward, f"backward, {inside[0]}")
                    self.grads += sum(map(self._size, link.parameters.values()))
                    dout = memory.dx
                case Fork():
                    self.kept += dout  # until both paths have started from it
                    main = self.backward(link.body, inside[0], 0, need)
                    self.kept += main
                    side = self.backward(link.shortcut, inside[1], 0, need)
                    self.kept -= own
                    dx = self._bytes(link.input_shape) * need
                    self._note(side + dx, f"backward, {link.name}")
                    self.kept -= main + dout
                    own, dout = 0, dx
                case _:
                    assert_never(link)
            self.kept -= own
        return dout

    def _note(self, work: int, moment: str) -> None:
        self.moments.append((self.kept + self.grads + work, moment))

    def _size(self, shape: tuple[int, ...]) -> int:
        return self.itemsize * math.prod(shape)

    def _bytes(self, shape: tuple[int, ...]) -> int:
        return self.batch * self._size(shape)

    def _memory(self, place: Place, need_dx: bool) -> Memory:
        assert isinstance(place.spec, Layer)  # a chain has no other
        return place.spec.memory(place.input_shape, self.batch, self.itemsize, need_dx)

    def _keeps_input(self, path: Sequence[Place | Fork]) -> bool:
        if not path:
            return False
        if isinstance(path[0], Fork):
            return self._keeps_input(path[0].body) or self._keeps_input(path[0].shortcut)
        return self._memory(path[0], need_dx=True).keeps_input
