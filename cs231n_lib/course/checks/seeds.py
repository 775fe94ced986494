"""What tests draw from: a generator each, all from one seed."""

import numpy as np

_seed = 0


def set_seed(seed: int) -> None:
    """Set what :func:`rng` draws from; the judge draws a fresh seed per run and records it."""
    global _seed
    _seed = int(seed)


def get_seed() -> int:
    """Return the seed that :func:`rng` draws from."""
    return _seed


def rng(name: str) -> np.random.Generator:
    """Return the generator of the test called ``name``, independent of all other tests.

    Examples
    --------
    >>> bool(rng("a").integers(1000) == rng("a").integers(1000))
    True
    """
    return np.random.default_rng([_seed, *name.encode()])
