"""What passes and what does not: for layers that hand on some values and put 0 for the rest."""

import numpy as np

from cs231n_lib.backend import A, Array, array_namespace


def where_kept(kept: Array, values: A) -> A:
    """Return `values` where `kept` is true and 0 elsewhere, whatever is there.

    It is not 0 times them: that is NaN for infinity and for NaN.

    Parameters
    ----------
    kept : array of bool
    values : array of the same shape, float32 or float64

    Returns
    -------
    array
        A new one, of the shape and dtype of `values`.

    Examples
    --------
    >>> where_kept(np.array([True, False]), np.array([2.0, np.inf]))
    array([2., 0.])
    """
    if not isinstance(values, np.ndarray):
        return array_namespace(values).where(kept, values, 0.0)
    # 1 or 0 times the bits as whole numbers: as fast as the product of the numbers themselves.
    # `numpy.where` takes ten times as long where kept and dropped are mixed at random.
    bits = values.view(f"i{values.itemsize}")
    out = np.asarray(kept).astype(bits.dtype)
    return np.multiply(out, bits, out=out).view(values.dtype)
