"""Scalar automatic differentiation: a graph that remembers how each number was made.

An operation on a :class:`Value` computes its result and, on the same line, the derivatives of
the result with respect to its inputs (the *local* gradients). :meth:`Value.backward` walks the
graph from the result to the inputs and multiplies upstream by local gradients: the chain rule,
and nothing else.
"""

from __future__ import annotations

import copyreg
import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["MLP", "Neuron", "Value", "topological_order"]


class Value:
    """A number that knows the operation and the inputs it came from.

    Parameters
    ----------
    data : float
        The number.
    label : str
        A name for drawings.

    Attributes
    ----------
    data : float
        The number.
    grad : float
        The derivative of the last result that :meth:`backward` was called on, with respect to
        this number. Numbers that were typed in, not computed, add up the gradients of all calls.
    op : str
        The operation that made the number; empty for an input.
    inputs : tuple of Value
        What it was made from.
    local : tuple of float
        Its derivatives with respect to the inputs.

    Raises
    ------
    TypeError
        If `data` is not a real number.

    Notes
    -----
    Constants become a part of the operation and not nodes: ``x * 2`` is one gate with one input.
    Source: lecture section "Backpropagation"; the interface is that of micrograd (A. Karpathy).

    Examples
    --------
    >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f, x.grad, y.grad, z.grad
    (Value(data=-12.0, grad=1.0), -4.0, -4.0, 3.0)
    """

    __slots__ = ("_op", "data", "grad", "inputs", "label", "local")
    __array_ufunc__ = None  # so that NumPy numbers leave `np.float64(2) * value` to us

    def __init__(
        self,
        data: float,
        label: str = "",
        op: str | tuple[str, float] = "",
        inputs: tuple[Value, ...] = (),
        local: tuple[float, ...] = (),
    ) -> None:
        self.data = data if type(data) is float else _number(data)
        self.label = label
        self._op = op
        self.inputs = inputs
        self.local = local
        self.grad = 0.0

    @property
    def op(self) -> str:
        """The operation as text; a constant is formatted when it is asked for, not before."""
        return self._op if type(self._op) is str else self._op[0].format(self._op[1])

    def __repr__(self) -> str:
        """Show the number and its gradient."""
        return f"Value(data={self.data}, grad={self.grad})"

    def __add__(self, other: Any) -> Value:
        """Add; the gradient is handed on to both inputs unchanged."""
        if type(other) is Value:
            return Value(self.data + other.data, "", "+", (self, other), (1.0, 1.0))
        c = other if type(other) is float else _number(other)
        return Value(self.data + c, "", ("+ {:g}", c), (self,), (1.0,))

    def __mul__(self, other: Any) -> Value:
        """Multiply; each input's gradient is scaled by the other input."""
        if type(other) is Value:
            a, b = self.data, other.data
            return Value(a * b, "", "*", (self, other), (b, a))
        c = other if type(other) is float else _number(other)
        return Value(self.data * c, "", ("* {:g}", c), (self,), (c,))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Value:
        """Negate, as a multiplication by -1."""
        return self * -1.0

    def __sub__(self, other: Any) -> Value:
        """Subtract a number or another Value."""
        if type(other) is Value:
            return Value(self.data - other.data, "", "-", (self, other), (1.0, -1.0))
        c = other if type(other) is float else _number(other)
        return Value(self.data - c, "", ("- {:g}", c), (self,), (1.0,))

    def __rsub__(self, other: Any) -> Value:
        """Subtract from a number."""
        c = other if type(other) is float else _number(other)
        return Value(c - self.data, "", ("{:g} - x", c), (self,), (-1.0,))

    def __truediv__(self, other: Any) -> Value:
        """Divide by a number or another Value; ZeroDivisionError if that is 0."""
        if type(other) is Value:
            out, b = self.data / other.data, other.data
            return Value(out, "", "/", (self, other), (1 / b, -out / b))
        c = other if type(other) is float else _number(other)
        return Value(self.data / c, "", ("/ {:g}", c), (self,), (1 / c,))

    def __rtruediv__(self, other: Any) -> Value:
        """Divide a number by this one; ZeroDivisionError if this one is 0."""
        c, x = _number(other), self.data
        out = c / x
        return Value(out, "", ("{:g}/x", c), (self,), (-out / x,))

    def __pow__(self, exponent: float) -> Value:
        """Raise to a constant power; at 0 the derivative may be infinite, as that of x ** 0.5."""
        x, n = self.data, _number(exponent)
        if x < 0 and n % 1:
            raise ValueError(f"{x} ** {n} is not a real number")
        slope = n * x ** (n - 1) if x or n >= 1 else math.inf * n if n else 0.0
        return Value(x**n, "", ("** {:g}", n), (self,), (slope,))

    def exp(self) -> Value:
        """Return e to the power of this number; its derivative is the output itself."""
        out = math.exp(self.data)
        return Value(out, "", "exp", (self,), (out,))

    def log(self) -> Value:
        """Return the natural logarithm; ValueError unless the number is positive."""
        x = self.data
        if x <= 0:
            raise ValueError(f"log needs a positive number, got {x}")
        return Value(math.log(x), "", "log", (self,), (1 / x,))

    def relu(self) -> Value:
        """Return ``max(0, x)``; the derivative at 0 is taken as 0."""
        x = self.data
        return Value(max(0.0, x), "", "relu", (self,), (1.0 if x > 0 else 0.0,))

    def sigmoid(self) -> Value:
        """Return ``1 / (1 + exp(-x))``; its derivative is s (1 - s), s being the output."""
        z = math.exp(-abs(self.data))
        s = (z if self.data < 0 else 1.0) / (1 + z)
        return Value(s, "", "sigmoid", (self,), (s * (1 - s),))

    def tanh(self) -> Value:
        """Return the hyperbolic tangent; its derivative is 1 - t**2, t being the output."""
        t = math.tanh(self.data)
        return Value(t, "", "tanh", (self,), (1 - t * t,))

    def max(self, other: Any) -> Value:
        """Return the larger of two; it alone receives the gradient (a tie goes to this one)."""
        other = other if type(other) is Value else Value(other)
        first = 1.0 if self.data >= other.data else 0.0
        out = self.data if first else other.data
        return Value(out, "", "max", (self, other), (first, 1 - first))

    def backward(self) -> None:
        """Set ``grad`` on every number this one was made from.

        The gradient of this number is 1. A number that is used twice receives two gradients,
        which add up: that is why it must have both before it passes its own on, and why the
        graph is walked in topological order.

        Examples
        --------
        >>> a = Value(3.0)
        >>> b = a + a
        >>> c = b + b
        >>> c.backward()
        >>> a.grad
        4.0
        """
        order = topological_order(self)
        # What was computed starts anew; what was typed in accumulates.
        grads = {value: 0.0 if value.inputs else value.grad for value in order}
        grads[self] += 1.0
        for value in reversed(order):
            upstream = grads[value]
            for source, local in zip(value.inputs, value.local, strict=True):
                grads[source] += upstream * local
        before = [value.grad for value in order]
        try:
            for value, grad in grads.items():
                value.grad = grad
        except BaseException:  # Ctrl-C: all of them or none
            for value, grad in zip(order, before, strict=True):
                value.grad = grad
            raise


def topological_order(root: Value) -> list[Value]:
    """Return all numbers that `root` was made from, inputs before outputs, `root` last.

    Parameters
    ----------
    root : Value

    Returns
    -------
    list of Value
        Each once. Found without recursion, so a chain may be as long as memory allows.

    Notes
    -----
    Source: A. Kahn, "Topological sorting of large networks", CACM 5, 1962: count the consumers
    of every number, then take the numbers whose consumers have all been taken.

    Examples
    --------
    >>> a = Value(1.0)
    >>> b = a * 2
    >>> c = a + b
    >>> topological_order(c) == [a, b, c]
    True
    """
    consumers: dict[Value, int] = {}
    stack = [root]
    while stack:
        for source in stack.pop().inputs:
            if source not in consumers:  # seen for the first time
                stack.append(source)
                consumers[source] = 0
            consumers[source] += 1
    order, stack = [], [root]
    while stack:
        value = stack.pop()
        order.append(value)
        for source in value.inputs:
            consumers[source] -= 1
            if not consumers[source]:
                stack.append(source)
    order.reverse()
    return order


class _Announced(threading.local):
    """What `_Inputs` hands out in this thread, at this moment."""

    def __init__(self) -> None:
        self.values: set[Value] = set()


_announced = _Announced()


class _Inputs:
    """All that a number was made from, for `pickle` and `copy`, which take a list.

    Both follow references by recursion, which ends at some depth. Here they meet inputs before
    outputs: whatever a number refers to has been kept already, so it need not say it again.
    """

    def __init__(self, root: Value) -> None:
        self.root = root

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._announce()

    def _announce(self) -> Iterator[Value]:
        values, inputs = _announced.values, topological_order(self.root)[:-1]
        values.update(inputs)
        try:
            yield from inputs
        finally:  # also if what takes them fails and lets go of this iterator
            values.difference_update(inputs)


def _reduce(value: Value) -> tuple[Any, ...]:
    """Tell `pickle` and `copy` what to keep: all that a number was made from comes first."""
    inputs = () if value in _announced.values else _Inputs(value)
    return _begin, (inputs,), (None, {name: getattr(value, name) for name in Value.__slots__})


def _begin(inputs: Any) -> Value:
    return Value(0.0)


copyreg.pickle(Value, _reduce)


class Neuron:
    """``activation(w . x + b)``, the model of a nerve cell that fires above a threshold.

    Parameters
    ----------
    num_inputs : int
    activation : {"relu", "sigmoid", "tanh", None}
        None for a linear neuron.
    rng : numpy.random.Generator
        Draws the weights (variance 1 / num_inputs); the bias starts at 0.

    Examples
    --------
    >>> neuron = Neuron(2, "relu", rng=np.random.default_rng(0))
    >>> neuron([0.0, 0.0]).data, len(list(neuron.parameters()))
    (0.0, 3)
    """

    def __init__(
        self, num_inputs: int, activation: str | None = "relu", *, rng: np.random.Generator
    ) -> None:
        if activation not in ("relu", "sigmoid", "tanh", None):
            raise ValueError(
                f"activation must be 'relu', 'sigmoid', 'tanh' or None, got {activation!r}"
            )
        weights = rng.standard_normal(num_inputs) / math.sqrt(num_inputs)
        self.weights = [Value(w, label=f"w{i}") for i, w in enumerate(weights)]
        self.bias = Value(0.0, label="b")
        self.activation = activation

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the neuron's output for numbers or Values `x`, as many as it has weights."""
        total = sum((w * xi for w, xi in zip(self.weights, x, strict=True)), self.bias)
        return getattr(total, self.activation)() if self.activation else total

    def parameters(self) -> Iterator[Value]:
        """Yield the weights, then the bias."""
        yield from (*self.weights, self.bias)


class MLP:
    """Layers of neurons, each fed by all of the layer before; the last one is linear.

    Parameters
    ----------
    sizes : sequence of int
        Number of inputs, then of neurons in every layer.
    activation : {"relu", "sigmoid", "tanh"}
        Of the hidden layers.
    rng : numpy.random.Generator

    Examples
    --------
    >>> mlp = MLP([2, 4, 1], rng=np.random.default_rng(0))
    >>> len(mlp([1.0, -1.0])), len(list(mlp.parameters()))
    (1, 17)
    """

    def __init__(
        self, sizes: Sequence[int], activation: str = "relu", *, rng: np.random.Generator
    ) -> None:
        last = len(sizes) - 2
        self.layers = [
            [Neuron(fan_in, activation if i < last else None, rng=rng) for _ in range(fan_out)]
            for i, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes))
        ]

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """Return the outputs of the last layer."""
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return list(x)

    def parameters(self) -> Iterator[Value]:
        """Yield the parameters of all neurons."""
        for layer in self.layers:
            for neuron in layer:
                yield from neuron.parameters()

    def step(self, learning_rate: float) -> None:
        """Move every parameter against its gradient, then set the gradients back to 0."""
        for p in self.parameters():
            p.data -= learning_rate * p.grad
            p.grad = 0.0


def _number(x: Any) -> float:
    if not isinstance(x, Real):
        raise TypeError(f"expected a real number or a Value, got {type(x).__name__}")
    return float(x)
