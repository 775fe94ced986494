"""What a backward function is given as its cache: read, or refused in words."""

from __future__ import annotations

from typing import Any

import array_api_compat

from cs231n_lib.backend import Array


def read_cache(cache: Any, forward: str, **fields: Any) -> Any:
    """Return the cache of a forward function, in which everything is of its kind.

    Parameters
    ----------
    cache : object
        What the backward function was given.
    forward : str
        Name of the function that makes it.
    **fields : int, ... or type
        What it holds, in order: arrays of so many axes, or of any number (``...``), and other
        objects by their type. One field alone is the cache itself; several are a tuple.

    Raises
    ------
    TypeError
        If the cache is of another kind; the message names the forward function.

    Examples
    --------
    >>> read_cache(None, "affine_forward", x=..., w=2, b=1)
    Traceback (most recent call last):
    ...
    TypeError: expected the cache that affine_forward returned, a tuple (x, w, b), got NoneType
    """
    names = list(fields)
    whole = f"a tuple ({', '.join(names)})" if len(names) > 1 else f"the array {names[0]}"

    def refuse(got: str) -> TypeError:
        return TypeError(f"expected the cache that {forward} returned, {whole}, got {got}")

    if len(names) == 1:
        values = (cache,)
    elif isinstance(cache, tuple) and len(cache) == len(names):
        values = cache
    else:
        length = f" of {len(cache)}" if isinstance(cache, tuple) else ""
        raise refuse(f"{type(cache).__name__}{length}")
    for value, (name, kind) in zip(values, fields.items(), strict=True):
        if isinstance(kind, (type, tuple)):
            if not isinstance(value, kind):
                raise refuse(f"{type(value).__name__} as {name}")
        elif not array_api_compat.is_array_api_obj(value):
            raise refuse(type(value).__name__ + (f" as {name}" if len(names) > 1 else ""))
        elif kind is not ... and value.ndim != kind:
            raise refuse(f"{name} of shape {tuple(value.shape)}")
    return cache


def check_fit(forward: str, name: str, array: Array, shape: tuple[int, ...]) -> None:
    """Require the shape that an array in a cache has to have beside the others.

    Raises
    ------
    ValueError
        If it has another.

    Examples
    --------
    >>> import numpy as np
    >>> check_fit("layernorm_forward", "inv_std", np.ones(3), (3, 1))
    Traceback (most recent call last):
    ...
    ValueError: expected the cache that layernorm_forward returned, with inv_std of shape (3, 1), \
got shape (3,)
    """
    if tuple(array.shape) != shape:
        raise ValueError(
            f"expected the cache that {forward} returned, with {name} of shape {shape}, got shape "
            f"{tuple(array.shape)}"
        )
