"""Update rules, from the simplest to the most elaborate.

A rule sees one parameter at a time: it maps ``w`` and its gradient ``dw`` to the new ``w``, and
keeps what it has to remember (a velocity, an average) under the parameter's name. New arrays
replace the old ones: whoever still holds an old array sees it unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from inspect import signature
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from cs231n_lib._arguments import check_fraction, check_number, check_positive
from cs231n_lib.backend import Array, array_namespace, device, float_dtype
from cs231n_lib.training.schedules import Schedule, constant

ALL = ""  # the name of all parameters in one vector


class SGD:
    """Stochastic gradient descent: a step against the gradient. The base of the other rules.

    ``w = w - learning_rate * dw``

    Parameters
    ----------
    learning_rate : float or callable
        Size of a step; or a schedule, which is called with the number of updates made so far.

    Attributes
    ----------
    t : int
        Number of updates made so far.
    state : dict
        What the rule remembers: ``state["velocity"]["W1"]``, for instance.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Source: H. Robbins and S. Monro, "A stochastic approximation method", 1951.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W1": np.array([1.0])}
    >>> SGD(learning_rate=0.1).step(params, {"W1": np.array([2.0])})
    >>> params
    {'W1': array([0.8])}
    """

    #: What `state` holds for each parameter; None if a rule does not say.
    remembers: ClassVar[tuple[str, ...] | None] = None

    def __init__(self, learning_rate: float | Schedule = 1e-2) -> None:
        self.learning_rate = learning_rate
        self.t = 0
        self.state: dict[str, dict[str, Array]] = {}

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update; a number set here takes a schedule's place."""
        return check_number("the learning rate of the schedule", self.schedule(self.t))

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        if isinstance(value, type):
            raise TypeError(f"learning_rate must be a number or a schedule, got {value!r}")
        self.schedule = value if callable(value) else constant(value)

    def __repr__(self) -> str:
        """Show how the rule was made."""
        choices = {name: getattr(self, name) for name in signature(type(self)).parameters}
        if not isinstance(self.schedule, constant):
            choices["learning_rate"] = self.schedule
        shown = ", ".join(f"{name}={value!r}" for name, value in choices.items())
        return f"{type(self).__name__}({shown})"

    def step(self, params: dict[str, Array], grads: Mapping[str, Array]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        params : dict of str to array
            Parameters by name; its entries are replaced by new arrays.
        grads : mapping of str to array
            Gradients under the same names, of the same shapes and dtypes.

        Raises
        ------
        TypeError, ValueError
            If names, shapes or dtypes do not match. Whatever is raised, Ctrl-C too, all is as it
            was before the step.
        """
        for name, arrays in (("params", params), ("grads", grads)):
            if not isinstance(arrays, Mapping):
                raise TypeError(f"{name} must be a dictionary of arrays, got {arrays!r:.80}")
        if params.keys() != grads.keys():
            raise ValueError(
                "parameters and gradients must have the same names; only one side has "
                f"{sorted(params.keys() ^ grads.keys())}"
            )
        for name, w in params.items():
            float_dtype(w, grads[name])
            if w.shape != grads[name].shape:
                raise ValueError(
                    f"{name} has shape {tuple(w.shape)}, "
                    f"but its gradient has {tuple(grads[name].shape)}"
                )
        before = dict(params), self.t, {what: dict(known) for what, known in self.state.items()}
        try:
            learning_rate = self.learning_rate
            self.t += 1
            if self._can_be_one_vector(params):
                self._update_as_one_vector(params, grads, learning_rate)
            else:
                for name in params:
                    params[name] = self._update(name, params[name], grads[name], learning_rate)
        except BaseException:
            params.update(before[0])
            self.t, self.state = before[1:]
            raise

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        return w - learning_rate * dw

    def _can_be_one_vector(self, params: Mapping[str, Array]) -> bool:
        """Tell whether to save launches: off the host, if all is of one kind and remembered."""
        if any(isinstance(w, np.ndarray) for w in params.values()):
            return False
        kinds = {(str(w.dtype), str(device(w))) for w in params.values()}
        return len(kinds) == 1 and all(k.keys() == params.keys() for k in self.state.values())

    def _update_as_one_vector(
        self, params: dict[str, Array], grads: Mapping[str, Array], learning_rate: float
    ) -> None:
        """Update all parameters at once: on a GPU a small update costs its launches alone."""
        xp = array_namespace(*params.values())
        shapes = {name: w.shape for name, w in params.items()}

        def joined(arrays: Mapping[str, Array]) -> Array:
            return xp.concat([xp.reshape(arrays[name], (-1,)) for name in shapes])

        def parted(vector: Array) -> dict[str, Array]:
            ends = list(accumulate(math.prod(shape) for shape in shapes.values()))
            return {
                name: xp.reshape(vector[start:end], shape)
                for (name, shape), start, end in zip(shapes.items(), [0, *ends], ends, strict=False)
            }

        self.state = {what: {ALL: joined(known)} for what, known in self.state.items()}
        params.update(parted(self._update(ALL, joined(params), joined(grads), learning_rate)))
        self.state = {what: parted(known[ALL]) for what, known in self.state.items()}

    def _recall(self, what: str, name: str, w: Array) -> Array:
        """Return what is remembered for a parameter, at first zeros."""
        known = self.state.setdefault(what, {})
        return known[name] if name in known else array_namespace(w).zeros_like(w)

    def state_dict(self) -> dict[str, Any]:
        """Return what a later run needs to go on: ``"t"``, and arrays named ``"velocity/W1"``."""
        arrays = {
            f"{what}/{name}": array
            for what, known in self.state.items()
            for name, array in known.items()
        }
        return {"t": self.t, **arrays}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If the number of updates is missing, or something is kept that this rule does not
            remember; nothing has been changed then.
        """
        if "t" not in state:
            raise ValueError('the state lacks "t", the number of updates made so far')
        arrays: dict[str, dict[str, Array]] = {}
        for key in state:
            if key == "t":
                continue
            what, _, name = key.partition("/")
            if not name or (self.remembers is not None and what not in self.remembers):
                kept = [f'"{what}/NAME"' for what in self.remembers or ["WHAT"]]
                raise ValueError(
                    f'{type(self).__name__} remembers {" and ".join(kept)} beside "t", '
                    f"and the state has {key!r}"
                )
            arrays.setdefault(what, {})[name] = state[key]
        self.t, self.state = int(state["t"]), arrays


class Momentum(SGD):
    """A ball that rolls: the velocity remembers past gradients and averages out their noise.

    ``v = momentum * v - learning_rate * dw``, then ``w = w + v``

    Parameters
    ----------
    learning_rate : float or callable
    momentum : float
        The part of the velocity that survives an update, at least 0 and below 1.

    Notes
    -----
    Source: B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    The velocity contains the learning rate. PyTorch multiplies by it afterwards, which is the same
    as long as the rate stays; under a schedule the two differ.

    Examples
    --------
    >>> import numpy as np
    >>> params, rule = {"W1": np.array([1.0])}, Momentum(learning_rate=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     rule.step(params, {"W1": np.array([1.0])})
    >>> params
    {'W1': array([-0.25])}
    """

    remembers = ("velocity",)

    def __init__(self, learning_rate: float | Schedule = 1e-2, momentum: float = 0.9) -> None:
        super().__init__(learning_rate)
        self.momentum = check_fraction("momentum", momentum)

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        v = self.momentum * self._recall("velocity", name, w) - learning_rate * dw
        self.state["velocity"][name] = v
        return w + v


class Nesterov(Momentum):
    """Momentum that looks ahead: the gradient counts as if taken where the ball will roll.

    ``v = momentum * v - learning_rate * dw``, then ``w = w + momentum * v - learning_rate * dw``

    Parameters
    ----------
    learning_rate : float or callable
    momentum : float
        As for :class:`Momentum`.

    Notes
    -----
    Source: Y. Nesterov, 1983, in the form of I. Sutskever et al., "On the importance of
    initialization and momentum in deep learning", ICML 2013, with the parameters held at the
    point that is looked at.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W1": np.array([1.0])}
    >>> Nesterov(learning_rate=0.5, momentum=0.5).step(params, {"W1": np.array([1.0])})
    >>> params
    {'W1': array([0.25])}
    """

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        super()._update(name, w, dw, learning_rate)
        return w + self.momentum * self.state["velocity"][name] - learning_rate * dw


class RMSProp(SGD):
    """Give every parameter its own step: divide by the recent size of its gradient.

    ``s = decay * s + (1 - decay) * dw**2``, then
    ``w = w - learning_rate * dw / (sqrt(s) + eps)``

    Parameters
    ----------
    learning_rate : float or callable
    decay : float
        The part of the average that survives an update, at least 0 and below 1.
    eps : float
        Keeps the division finite; positive.

    Notes
    -----
    Source: T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Coursera, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W1": np.array([1.0, 1.0])}
    >>> RMSProp(learning_rate=0.1, decay=0.75).step(params, {"W1": np.array([1e-3, 1e3])})
    >>> params["W1"].round(4)
    array([0.8, 0.8])
    """

    remembers = ("square",)

    def __init__(
        self, learning_rate: float | Schedule = 1e-2, decay: float = 0.99, eps: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        self.decay = check_fraction("decay", decay)
        self.eps = check_positive("eps", eps)

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        xp = array_namespace(w)
        s = self.decay * self._recall("square", name, w) + (1 - self.decay) * dw**2
        self.state["square"][name] = s
        return w - learning_rate * dw / (xp.sqrt(s) + self.eps)


class Adam(SGD):
    """Momentum and RMSProp together, both averages corrected for their start at zero.

    ``m = beta1 * m + (1 - beta1) * dw`` and ``s = beta2 * s + (1 - beta2) * dw**2``; divided by
    ``1 - beta1**t`` and ``1 - beta2**t`` they give
    ``w = w - learning_rate * m / (sqrt(s) + eps)``.

    Parameters
    ----------
    learning_rate : float or callable
    beta1, beta2 : float
        The parts of the two averages that survive an update, at least 0 and below 1.
    eps : float
        Keeps the division finite; positive.

    Notes
    -----
    Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W1": np.array([1.0, 1.0])}
    >>> Adam(learning_rate=0.1).step(params, {"W1": np.array([1e-3, 1e3])})
    >>> params["W1"].round(4)
    array([0.9, 0.9])
    """

    remembers = ("mean", "square")

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.beta1 = check_fraction("beta1", beta1)
        self.beta2 = check_fraction("beta2", beta2)
        self.eps = check_positive("eps", eps)

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        xp = array_namespace(w)
        m = self.beta1 * self._recall("mean", name, w) + (1 - self.beta1) * dw
        s = self.beta2 * self._recall("square", name, w) + (1 - self.beta2) * dw**2
        self.state["mean"][name], self.state["square"][name] = m, s
        m = m / (1 - self.beta1**self.t)
        s = s / (1 - self.beta2**self.t)
        return w - learning_rate * m / (xp.sqrt(s) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: every update also shrinks the parameters.

    ``w = (1 - learning_rate * weight_decay) * w`` before the step of :class:`Adam`. A penalty in
    the loss would be divided by Adam's step sizes; this one is not. As in PyTorch every parameter
    decays, biases too.

    Parameters
    ----------
    learning_rate : float or callable
    beta1, beta2, eps : float
        As for :class:`Adam`.
    weight_decay : float
        Not negative.

    Notes
    -----
    Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W1": np.array([1.0])}
    >>> AdamW(learning_rate=0.1, weight_decay=0.5).step(params, {"W1": np.array([0.0])})
    >>> params
    {'W1': array([0.95])}
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, eps)
        self.weight_decay = check_number("weight_decay", weight_decay)

    def _update(self, name: str, w: Array, dw: Array, learning_rate: float) -> Array:
        w = (1 - learning_rate * self.weight_decay) * w
        return super()._update(name, w, dw, learning_rate)
