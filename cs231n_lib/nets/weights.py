"""The numbers that a network starts with."""

from __future__ import annotations

import math

import numpy as np

from cs231n_lib._arguments import check_count, check_generator, check_number

Init = str | float


def initial_weights(
    shape: tuple[int, ...], init: Init = "he", *, rng: np.random.Generator
) -> np.ndarray:
    """Draw the weights that a layer starts with: normal numbers with mean 0.

    The standard deviation decides whether signals grow or die on their way through many layers.
    ``"he"``, sqrt(2 / fan_in), keeps their variance through layers with ReLU, which loses one
    half. ``"xavier"``, sqrt(2 / (fan_in + fan_out)), keeps it, forward and backward on average,
    through linear layers and tanh. A small number, such as 1e-3, is good for shallow nets only:
    the first scores are all about 0, so the first loss is log C.

    Parameters
    ----------
    shape : tuple of int
        (D, M) for a fully connected layer, (F, C, HH, WW) for a convolution.
    init : {"he", "xavier"} or float
        The rule, or the standard deviation itself.
    rng : numpy.random.Generator
        Source of the numbers.

    Returns
    -------
    numpy.ndarray
        float64, in host memory: every library and dtype starts from the same numbers.

    Raises
    ------
    TypeError
        If `rng` is not a Generator.
    ValueError
        If the shape is neither of the two or `init` is unknown or negative.

    Notes
    -----
    Source: K. He et al., "Delving deep into rectifiers", ICCV 2015; X. Glorot and Y. Bengio,
    "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.

    Examples
    --------
    >>> W = initial_weights((800, 100), "he", rng=np.random.default_rng(0))
    >>> round(float(W.std()), 3)
    0.05
    """
    check_generator("drawing initial weights", rng)
    if not isinstance(shape, tuple | list) or len(shape) not in (2, 4):
        raise ValueError(f"expected a shape (D, M) or (F, C, HH, WW), got {shape!r:.80}")
    for length in shape:
        check_count(f"each length in the shape {tuple(shape)} of weights", length)
    if len(shape) == 2:
        fan_in, fan_out = shape
    else:
        field = shape[2] * shape[3]
        fan_in, fan_out = shape[1] * field, shape[0] * field
    rules = {"he": math.sqrt(2 / fan_in), "xavier": math.sqrt(2 / (fan_in + fan_out))}
    try:
        std = rules[init] if isinstance(init, str) else check_number("init", init)
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"init must be 'he', 'xavier' or a standard deviation, got {init!r:.80}"
        ) from None
    return std * rng.standard_normal(shape)
