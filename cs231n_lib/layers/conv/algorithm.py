"""What an algorithm for convolutions tells the door about itself."""

from collections.abc import Callable
from dataclasses import dataclass

from cs231n_lib.layers.conv.geometry import Geometry


@dataclass(frozen=True)
class Algorithm:
    """One way to convolve.

    Attributes
    ----------
    name : str
        As in `conv_param`, to ask for it.
    suits : callable
        Tells whether it is a good choice for a `Geometry`.
    forward, backward : callable
        As `conv_forward` and `conv_backward`.
    workspace : callable or None
        ``workspace(geometry, itemsize, backward, need_dx)`` returns the bytes of the workspaces of
        all threads; None for one that is never chosen on NumPy.
    skips_dx : bool
        Whether `backward` takes ``need_dx=False`` and saves the time for dx.
    """

    name: str
    suits: Callable[[Geometry], bool]
    forward: Callable
    backward: Callable
    workspace: Callable[[Geometry, int, bool, bool], int] | None = None
    skips_dx: bool = False
