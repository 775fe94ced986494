"""Check an analytic gradient against slopes measured on the function itself.

A difference quotient has three errors: truncation (the step is too long), rounding (it is too
short) and kinks (a hinge or a maximum switches inside the step). The checks here measure the last
two together with the slope, say which points sit on a kink, and compare only what can be compared.

A check has three verdicts. It *failed* if something differs by more than can be an error of
measuring. It *passed* if nothing does, and what agrees was measured finely enough that an error
would have shown. Otherwise it is *inconclusive*, which is no pass: a wrong sign is invisible beside
a loss of 1e9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n_lib._arguments import (
    check_callable,
    check_choice,
    check_count,
    check_generator,
    check_iterable,
    check_positive,
    check_whole,
)
from cs231n_lib.backend import Array, array_namespace, asarray_like, float_dtype, to_host

__all__ = [
    "GradientCheck",
    "check_gradient",
    "check_projection",
    "find_kinks",
    "numerical_gradient",
    "relative_error",
    "tolerance",
]

ONE_NUMBER = "an array like x and returns one number"
_TOLERANCES = {"float32": 4e-3, "float64": 1e-6}
_ROUNDING = 4  # rounding errors of one evaluation of f, in units of eps * |f|: pessimistic
_KINK = 32  # a bend of the slope beyond this many rounding errors is a kink
_ATTEMPTS = 10  # points to look at for each that is asked for, before giving up on kinks
_SHARP = 0.008  # relative error that a line has to show, if it is to tell one of 1 %
_GROUPS = 100  # lines that may be spent on moving all coordinates, some together, around kinks
_SHORT = 0.5  # length of a line that is to meet few kinks, in steps of one coordinate
_LEAST = 0.5  # of the lengths by which coordinates are moved together; the mean is 1
_SWEEPS = (
    2  # how often every coordinate has to be part of a line: in other directions, nothing cancels
)
_FINEST = 8  # a line has to show an error of this part of the gradient's root mean square


def numerical_gradient(
    f: Callable[[Array], Any], x: Array, h: float | None = None, scheme: str = "centred"
) -> Array:
    """Measure the gradient of a scalar function, one coordinate at a time.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns one number. Each call gets a copy of its own, so `x` is
        never changed, whatever `f` does with it and even if it raises.
    x : array of float32 or float64, any shape
        Where to measure.
    h : float, optional
        Length of the step. Default: ``eps**(1/3)`` for centred and ``eps**(1/2)`` for forward
        differences (`eps` is that of the dtype), times the size of the coordinate if above one.
    scheme : {"centred", "forward"}
        ``(f(x + h) - f(x - h)) / 2h``, or ``(f(x + h) - f(x)) / h``.

    Returns
    -------
    array
        Shape, dtype, library and device of `x`.

    Raises
    ------
    TypeError
        If `x` is not an array of float32 or float64.
    ValueError
        If `h` or the scheme does not fit, or `f` returns no single finite number.

    Notes
    -----
    The step balances two errors. Rounding leaves about ``eps * |f| / h``. Truncation leaves
    ``h |f''| / 2`` for the forward and ``h**2 |f'''| / 6`` for the centred scheme. For derivatives
    of the size of f the sums are smallest at ``h ~ eps**(1/2)`` and ``h ~ eps**(1/3)``, where they
    are ``eps**(1/2)`` and ``eps**(2/3)``: in float64 eight digits and ten.

    Source: CS231n notes, "Optimization"; Press et al., "Numerical Recipes", section 5.7.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 3.0])
    >>> numerical_gradient(lambda x: np.sum(x**2), x).round(6)
    array([2., 6.])
    """
    check_callable("f", f, ONE_NUMBER)
    check_choice("scheme", scheme, ("centred", "forward"))
    power = 1 / 3 if scheme == "centred" else 1 / 2
    host = to_host(x).copy()
    step = _step(x, h, power, 1)
    gradient = np.empty_like(host)
    at_x = None if scheme == "centred" else _value(f, x, host)
    for index in np.ndindex(host.shape):
        _, length = _along(index, host, step, h)
        ahead, behind = host.copy(), host.copy()
        ahead[index] += length
        if at_x is None:
            behind[index] -= length
        value_behind = _value(f, x, behind) if at_x is None else at_x
        # Divide by the step that was really taken, after rounding in the dtype of x.
        taken = float(ahead[index]) - float(behind[index])
        gradient[index] = (_value(f, x, ahead) - value_behind) / taken
    return asarray_like(gradient, x)


def relative_error(a: Array, b: Array) -> float:
    """Return the largest ``|a - b| / max(|a|, |b|)`` over all elements.

    Two zeros agree: they count 0. A NaN or an infinity in either array agrees with nothing and
    makes the result infinite. Of empty arrays it is 0.

    Raises
    ------
    TypeError
        If `a` or `b` is no array of real numbers.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> relative_error(np.array([1.0, 0.0]), np.array([1.01, 0.0])).__round__(4)
    0.0099
    """
    for array in (a, b):
        if not array_namespace(array).isdtype(array.dtype, ("bool", "integral", "real floating")):
            raise TypeError(f"expected arrays of real numbers, got {array.dtype}")
    first, second = to_host(a).astype(np.float64), to_host(b).astype(np.float64)
    if first.shape != second.shape:
        raise ValueError(f"expected two arrays of one shape, got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("inf")
    size = np.maximum(np.abs(first), np.abs(second))
    size = np.where(size == 0, 1, size)
    ratio = np.abs(first / size - second / size)  # divided first: the difference may overflow
    return float(np.max(ratio, initial=0.0))


def tolerance(dtype: Any) -> float:
    """Return the relative error that a right gradient stays below when computed in `dtype`.

    Calibrated on several hundred random losses and networks, hinges and ReLUs among them, in each
    dtype: the checks of this module rejected none of their right gradients. Of gradients 1 % off
    they caught all in float64 and about 98 of 100 in float32, where rounding forces steps so long
    that kinks blur the rest. So check in float64 where you can.

    Raises
    ------
    TypeError
        If `dtype` is neither float32 nor float64.

    Examples
    --------
    >>> tolerance("float32"), tolerance("float64")
    (0.004, 1e-06)
    """
    name = str(dtype).rpartition(".")[2].strip("'>")
    if name not in _TOLERANCES:
        raise TypeError(f"dtype must be float32 or float64, got {dtype!r:.80}")
    return _TOLERANCES[name]


@dataclass(frozen=True)
class Slope:
    """One comparison: what the gradient says, what was measured, and how well it could be.

    Attributes
    ----------
    where : str
        A coordinate, or what else is moved.
    analytic, measured : float
        The slope as the gradient has it, and as it is.
    uncertainty : float
        How far off the measured one may be.
    on_kink : bool
        Whether the function has a kink within the steps.
    tolerance : float
        Relative error that is allowed.
    still : bool
        Whether the function does not change at all, not even far away.
    needed : float
        An error of this size has to show, if the line is to confirm what it covers.
    """

    where: str
    analytic: float
    measured: float
    uncertainty: float
    on_kink: bool
    tolerance: float
    still: bool = False
    needed: float = 0.0

    @property
    def size(self) -> float:
        """The larger of the two slopes, without sign."""
        return max(abs(self.analytic), abs(self.measured))

    @property
    def threshold(self) -> float:
        """The largest difference that counts as agreement."""
        return self.tolerance * self.size + self.uncertainty

    @property
    def error(self) -> float:
        """Relative error as in :func:`relative_error`."""
        return relative_error(np.asarray(self.analytic), np.asarray(self.measured))

    @property
    def sharp(self) -> bool:
        """True if it was measured well enough to tell a gradient that is 1 % off."""
        fine = self.still or 0 < self.threshold <= _SHARP * self.size
        return not self.on_kink and fine

    @property
    def fine(self) -> bool:
        """True if it is sharp, or if an error of the size `needed` would have shown."""
        return not self.on_kink and (self.sharp or self.threshold <= self.needed)

    @property
    def agrees(self) -> bool:
        """True if the difference is within the tolerance and the uncertainty of measuring."""
        return self.size < np.inf and abs(self.analytic - self.measured) <= self.threshold


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check: true if it passed, a table if printed.

    Attributes
    ----------
    compared : tuple of Slope
        Points where the gradient could be compared.
    kinks : tuple of Slope
        Points that were skipped, because the function has a kink within the steps around them.
    confirmed : bool
        Whether an error would have shown: everything that the gradient says was part of a
        comparison that was measured finely enough, but for what lies on kinks.
    """

    compared: tuple[Slope, ...]
    kinks: tuple[Slope, ...]
    confirmed: bool

    @property
    def failed(self) -> bool:
        """True if something differs by more than can be an error of measuring."""
        return not all(slope.agrees for slope in self.compared)

    @property
    def passed(self) -> bool:
        """True if nothing differs, and an error would have shown."""
        return self.confirmed and not self.failed

    @property
    def verdict(self) -> str:
        """``"passed"``, ``"FAILED"`` or ``"inconclusive"``."""
        return "FAILED" if self.failed else "passed" if self.confirmed else "inconclusive"

    @property
    def max_error(self) -> float:
        """Largest relative error among the compared points; infinite if there were none."""
        return max((slope.error for slope in self.compared), default=float("inf"))

    def __bool__(self) -> bool:
        """Return `passed`."""
        return self.passed

    def __str__(self) -> str:
        """Return a table with one line a point and the verdict."""
        lines = [f"{'where':<16}{'analytic':>14}{'measured':>14}{'rel. error':>12}"]
        for slope in self.compared + self.kinks:
            verdict = "kink, skipped" if slope.on_kink else "ok" if slope.agrees else "WRONG"
            if verdict == "ok" and not slope.fine:
                verdict = "ok, as far as can be seen"
            lines.append(
                f"{slope.where:<16}{slope.analytic:>14.6g}{slope.measured:>14.6g}"
                f"{slope.error:>12.1e}  {verdict}"
            )
        wrong = sum(not slope.agrees for slope in self.compared)
        counts = f"{wrong} of {len(self.compared)} wrong, {len(self.kinks)} skipped on kinks"
        if not self.compared:
            counts = "nothing could be compared: a kink at every point; move x, or use float64"
        elif self.verdict == "inconclusive":
            counts += (
                "; but an error could have hidden in rounding or behind kinks: use float64, take "
                "a constant off f, or move x"
            )
        lines.append(f"{self.verdict}: {counts}")
        return "\n".join(lines)

    __repr__ = __str__


def check_gradient(
    f: Callable[[Array], Any],
    x: Array,
    grad: Array,
    num: int = 10,
    *,
    rng: np.random.Generator | None = None,
    h: float | None = None,
) -> GradientCheck:
    """Check the gradient of a scalar function: along itself, at some coordinates, at all together.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns one number.
    x : array of float32 or float64, any shape
        Where `grad` was computed. It is never changed.
    grad : array of the shape of `x`
        The analytic gradient of `f` at `x`.
    num : int
        Number of coordinates to compare. One that sits on a kink is reported and replaced by
        another. All are compared if `x` has no more.
    rng : numpy.random.Generator, optional
        Draws the coordinates. Default: a generator with a fixed seed.
    h : float, optional
        Length of the shortest step. Default: ``2 * eps**(1/2)``, times the size of the
        coordinate if above one: shorter than is best for smooth functions, to meet fewer kinks.

    Returns
    -------
    GradientCheck
        True if passed; prints as a table. Its first line compares the slope along the gradient,
        which shows a wrong factor best because it is the steepest; if kinks blur that, more lines
        follow, along random parts of the gradient. The last lines move all coordinates at once,
        up or down at random, so that they see what the gradient lacks (a row, a layer); where
        that meets kinks, all are moved part by part. It passes only if all were part of a line
        that would have shown an error of an eighth of the gradient's root mean square.
        Smaller errors may pass: in float32, say, a row that is missing and was far smaller than
        the others.

    Raises
    ------
    TypeError
        If `x` is not an array of float32 or float64, or `grad` is no array of those.
    ValueError
        If the shapes differ, or `f` returns no single finite number.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, -2.0])
    >>> print(check_gradient(lambda x: np.sum(x**2), x, np.array([2.0, 4.0])))
    where                 analytic      measured  rel. error
    along grad                   5            -3     1.6e+00  WRONG
    (1,)                         4            -4     2.0e+00  WRONG
    (0,)                         2             2     0.0e+00  ok
    FAILED: 2 of 3 wrong, 0 skipped on kinks
    """
    host, step = to_host(x), _step(x, h)
    check_callable("f", f, ONE_NUMBER)
    num = check_whole("num", num, 0)
    analytic = _checked_gradient(grad, x)
    relative = max(tolerance(x.dtype), tolerance(grad.dtype))
    size = float(np.linalg.norm(analytic)) / max(host.size, 1) ** 0.5

    def slope(where: str, direction: np.ndarray, step: float, length: float = 1.0) -> Slope:
        expected = float(np.vdot(direction, analytic))
        line = _line(f, (x,), 0, direction)
        return _measure(where, line, step, expected, x, relative, length * size / _FINEST)

    rng = _generator(rng)
    slopes = []
    steepest = np.max(np.abs(analytic), initial=0.0)
    if 0 < steepest < np.inf:
        for attempt in range(_ATTEMPTS):  # the fewer coordinates move, the fewer kinks are met
            moving = (rng.random(host.shape) < 0.5**attempt) | (np.abs(analytic) == steepest)
            slopes.append(slope("along grad", moving * analytic / steepest, step))
            if slopes[-1].sharp:
                break
    found = 0
    for flat in rng.permutation(host.size)[: _ATTEMPTS * num]:
        if found == num:
            break
        index = tuple(int(i) for i in np.unravel_index(flat, host.shape))
        slopes.append(slope(str(index), *_along(index, host, step, h)))
        found += not slopes[-1].on_kink
    along, points = (
        [s for s in slopes if (s.where == "along grad") is steep] for steep in (True, False)
    )
    confirmed = not along or any(s.sharp for s in along)
    if not (len(points) == found == host.size and all(s.fine for s in points)):
        lines, covered = _sweeps(slope, analytic, step, rng)
        slopes += lines
        confirmed &= covered
    return _result(slopes, confirmed and any(not s.on_kink for s in slopes))


def _sweeps(
    slope: Callable[..., Slope], analytic: np.ndarray, step: float, rng: np.random.Generator
) -> tuple[list[Slope], bool]:
    """Move all coordinates, up or down at random, together or around kinks part by part.

    Returns
    -------
    slopes : list of Slope
    covered : bool
        Whether every coordinate was part of a fine line in each sweep, or is a kink by itself.
    """
    slopes: list[Slope] = []
    flat, kinks = analytic.ravel(), np.zeros(analytic.size, bool)
    for _ in range(_SWEEPS):
        groups = [(rng.permutation(np.flatnonzero(~kinks)), 1.0)]
        while groups:
            group, length = groups.pop()
            if not group.size:
                continue
            if len(slopes) == _GROUPS:
                return slopes, False
            # Of some directions the one that is flattest by the gradient: there, what the gradient
            # lacks is not hidden by the tolerance for what it has. Lengths differ, for in each row
            # of the gradient of a softmax the entries cancel out.
            moves = rng.choice([-1.0, 1.0], size=(8, group.size))
            moves *= rng.uniform(_LEAST, 2 - _LEAST, size=moves.shape)
            with np.errstate(invalid="ignore"):
                best = moves[np.argmin(np.abs(moves @ flat[group]))]
            direction = np.zeros(flat.size)
            direction[group] = length * best
            where = "all together" if group.size == flat.size else f"{group.size} together"
            slopes.append(slope(where, direction.reshape(analytic.shape), step, _LEAST * length))
            if not slopes[-1].on_kink:
                if not slopes[-1].fine:
                    return slopes, False
            elif group.size == 1:
                kinks[group] = True
            elif length == 1:  # the shorter the way, the fewer kinks it meets
                groups.append((group, _SHORT / group.size**0.5))
            else:
                groups += [(half, _SHORT / half.size**0.5) for half in np.array_split(group, 2)]
    return slopes, True


def check_projection(
    f: Callable[..., Array],
    inputs: Array | Sequence[Array],
    backward: Callable[[Array], Array | Sequence[Array]],
    num: int = 3,
    *,
    rng: np.random.Generator | None = None,
    h: float | None = None,
) -> GradientCheck:
    """Check the backward pass of a function with array output by random projections.

    For random `dout` and `v`, ``<dout, J v>`` is measured by differences along `v` and compared
    with ``<backward(dout), v>``: a handful of evaluations checks all the partial derivatives at
    once, however many there are.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one array.
    inputs : array, or sequence of arrays, of float32 or float64
        Where `backward` was prepared, for instance ``(x, w, b)``. They are never changed.
    backward : callable
        Takes `dout`, of the shape of ``f(*inputs)``, and returns the gradient by each input, in
        the order of `inputs`.
    num : int
        Number of projections for each input. One that meets a kink is reported and replaced; one
        that can be measured only roughly, because the slope is small, is followed by another.
    rng : numpy.random.Generator, optional
        Draws `dout` and `v`. Default: a generator with a fixed seed.
    h : float, optional
        Length of the shortest step, see :func:`check_gradient`.

    Returns
    -------
    GradientCheck
        True if passed; prints as a table with one line a projection.

    Raises
    ------
    TypeError
        If an input or a gradient is not an array of float32 or float64.
    ValueError
        If the number or the shape of the gradients does not fit, or values are not finite.

    Notes
    -----
    Source: the vector-Jacobian check of HIPS autograd (Maclaurin, Duvenaud and Adams).

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    >>> bool(check_projection(np.matmul, (x, w), lambda dout: (dout @ w.T, x.T @ dout)))
    True
    >>> bool(check_projection(np.matmul, (x, w), lambda dout: (dout @ w.T, 2 * x.T @ dout)))
    False
    """
    check_callable("f", f, "the inputs and returns one array")
    check_callable("backward", backward, "dout and returns the gradient by each input")
    num = check_count("num", num)
    arrays = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    if not arrays:
        raise ValueError("inputs must hold at least one array, got none")
    for array in arrays:
        float_dtype(array)
    rng = _generator(rng)
    output = to_host(f(*(asarray_like(to_host(array).copy(), array) for array in arrays)))
    slopes, confirmed = [], True
    for position, array in enumerate(arrays):
        step, found = _step(array, h), 0
        where = f"input {position}" if len(arrays) > 1 else "projection"
        for _ in range(_ATTEMPTS * num):
            if found == num:
                break
            dout = rng.standard_normal(output.shape).astype(output.dtype)
            grads = backward(asarray_like(dout.copy(), array))
            grads = tuple(grads) if isinstance(grads, Sequence) else (grads,)
            if len(grads) != len(arrays):
                raise ValueError(f"expected {len(arrays)} gradients of backward, got {len(grads)}")
            grad = grads[position]
            direction = rng.choice([-1.0, 1.0], size=tuple(array.shape))
            expected = float(np.vdot(direction, _checked_gradient(grad, array)))
            relative = max(tolerance(array.dtype), tolerance(grad.dtype))
            line = _line(f, arrays, position, direction, dout)
            slopes.append(_measure(where, line, step, expected, array, relative))
            found += slopes[-1].sharp
        confirmed &= found > 0 or array.shape == (0,)
    return _result(slopes, confirmed)


def find_kinks(
    f: Callable[[Array], Any],
    x: Array,
    coordinates: Iterable[tuple[int, ...]] | None = None,
    h: float | None = None,
) -> list[tuple[int, ...]]:
    """Return the coordinates along which `f` has a kink within four steps of `x`.

    One-sided slopes are compared at steps h, 2h and 4h. Where `f` is smooth the gap between the
    slope ahead and the slope behind is ``h f''``, so it doubles with the step. At a kink it stays
    as it is, and when the step comes to reach across a kink near by it jumps.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns one number.
    x : array of float32 or float64, any shape
        It is never changed.
    coordinates : iterable of tuple of int, optional
        Where to look. Default: everywhere.
    h : float, optional
        The shortest step, see :func:`check_gradient`.

    Returns
    -------
    list of tuple of int
        Indices into `x`.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> find_kinks(lambda x: np.sum(np.maximum(x, 0)), np.array([1.0, 0.0, -1.0]))
    [(1,)]
    """
    check_callable("f", f, ONE_NUMBER)
    host, step = to_host(x), _step(x, h)
    kinks = []
    if coordinates is not None:
        check_iterable("coordinates", coordinates, "[(0, 1), (2, 3)]")
        coordinates = [_checked_coordinate(index, host) for index in coordinates]
    for index in np.ndindex(host.shape) if coordinates is None else coordinates:
        unit, length = _along(index, host, step, h)
        if _measure("", _line(f, (x,), 0, unit), length, 0.0, x, tolerance(x.dtype)).on_kink:
            kinks.append(tuple(index))
    return kinks


Line = Callable[[float], np.ndarray]


def _along(
    index: tuple[int, ...], host: np.ndarray, step: float, h: float | None
) -> tuple[np.ndarray, float]:
    """Return the unit vector of a coordinate, and the step: a default one grows with its size."""
    unit = np.zeros(host.shape)
    unit[index] = 1
    return unit, step if h is not None else step * max(1.0, abs(float(host[index])))


def _line(
    f: Callable[..., Any],
    arrays: tuple[Array, ...],
    position: int,
    direction: Any,
    weight: Any = 1.0,
) -> Line:
    """Return ``s -> weight * f(..., x + s * direction, ...)``, flat, on the host, in float64.

    Every call hands `f` fresh copies: it may keep or change them.
    """

    def line(s: float) -> np.ndarray:
        copies = [to_host(array).copy() for array in arrays]
        copies[position] += np.asarray(s * direction, copies[position].dtype)
        moved = (asarray_like(c, array) for c, array in zip(copies, arrays, strict=True))
        value = f(*moved)
        value = np.asarray(value) if isinstance(value, int | float) else to_host(value)
        if np.ndim(weight) == 0 and value.size != 1:
            raise ValueError(f"expected one number from f, got an array of shape {value.shape}")
        if not np.isfinite(value).all():
            raise ValueError("expected finite values from f, got NaN or infinity near x")
        return np.ravel(weight * value.astype(np.float64))

    return line


def _measure(
    where: str,
    line: Line,
    step: float,
    expected: float,
    x: Array,
    relative: float,
    needed: float = 0.0,
) -> Slope:
    """Measure the slope of `line` at 0, its uncertainty, and whether there is a kink.

    The centred slope is trusted up to its rounding error, up to what a longer step makes of it,
    and up to the *bend*: how far the gap between the slopes ahead and behind is from doubling with
    the step, as it does where the function is smooth. Three steps are needed: for two, a kink at a
    third of the longer one hides.
    """
    at = {s: line(s * step) for s in (0, 1, -1, 2, -2, 4, -4)}
    centred = [float(np.sum(at[s] - at[-s])) / (2 * s * step) for s in (1, 2, 4)]
    measured = centred[0]
    gap = {s: float(np.sum((at[s] - at[0]) - (at[0] - at[-s]))) / (s * step) for s in (1, 2, 4)}
    bend = abs(gap[2] - 2 * gap[1]) + abs(gap[4] - 2 * gap[2])
    eps = float(np.finfo(to_host(x).dtype).eps)
    rounding = eps * max(float(np.linalg.norm(value)) for value in at.values()) / step
    on_kink = bend > max(_KINK * rounding, relative * abs(measured))
    uncertainty = bend + max(centred) - min(centred) + _ROUNDING * rounding
    still = expected == measured == 0 and _is_still(line, at[0])
    return Slope(where, expected, measured, uncertainty, on_kink, relative, still, needed)


def _is_still(line: Line, at: np.ndarray) -> bool:
    """Tell whether the function does not change at all, a unit or a million of them away."""
    try:
        with np.errstate(all="ignore"):
            return all(np.array_equal(line(s), at) for s in (1.0, -1.0, 2.0**20, -(2.0**20)))
    except ValueError:  # it is not finite there
        return False


def _value(f: Callable[[Array], Any], x: Array, host: np.ndarray) -> float:
    """Evaluate a scalar `f` at a copy of `host`, in the library and on the device of `x`."""
    return float(_line(f, (asarray_like(host, x),), 0, 0.0)(0.0)[0])


def _step(x: Array, h: float | None, power: float = 1 / 2, factor: float = 2) -> float:
    """Check `x` and `h`; return the step, by default ``factor * eps**power``."""
    eps = float(np.finfo(str(float_dtype(x)).rpartition(".")[2]).eps)
    if h is None:
        return factor * eps**power
    return check_positive("h", h)


def _checked_coordinate(index: tuple[int, ...], host: np.ndarray) -> tuple[int, ...]:
    whole = isinstance(index, tuple) and all(isinstance(i, int | np.integer) for i in index)
    if (
        not whole
        or len(index) != host.ndim
        or not all(-length <= i < length for i, length in zip(index, host.shape, strict=True))
    ):
        raise ValueError(
            f"a coordinate must be a tuple of {host.ndim} whole numbers within the shape "
            f"{host.shape} of x, got {index!r:.80}"
        )
    return index


def _checked_gradient(grad: Array, x: Array) -> np.ndarray:
    float_dtype(grad)
    if tuple(grad.shape) != tuple(x.shape):
        raise ValueError(f"expected a gradient of the shape of x, {x.shape}, got {grad.shape}")
    return to_host(grad).astype(np.float64)


def _generator(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        return np.random.default_rng(0)
    check_generator("a check", rng)
    return rng


def _result(slopes: list[Slope], confirmed: bool) -> GradientCheck:
    compared = tuple(slope for slope in slopes if not slope.on_kink)
    return GradientCheck(compared, tuple(slope for slope in slopes if slope.on_kink), confirmed)
