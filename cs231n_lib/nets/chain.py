"""The network that an architecture describes: layers run one after another, and back."""

from typing import Any

import numpy as np

from cs231n_lib.backend import Array
from cs231n_lib.layers.affine import affine_backward, affine_forward
from cs231n_lib.layers.conv import conv_backward, conv_forward
from cs231n_lib.layers.dropout import dropout_backward, dropout_forward
from cs231n_lib.layers.elementwise import relu_backward, relu_forward
from cs231n_lib.layers.normalization import (
    batchnorm_backward,
    batchnorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from cs231n_lib.layers.pooling import max_pool_backward, max_pool_forward
from cs231n_lib.nets.architecture import FC, Architecture, BatchNorm, Conv, Dropout, Pool, Spec
from cs231n_lib.nets.model import Model


class PatternNet(Model):
    """The network that a pattern describes; see `build`.

    Attributes
    ----------
    architecture : Architecture
        Its layers and their shapes.
    params : dict of str to array
        ``W1``, ``b1``, ... numbered over CONV and FC layers; ``gamma1``, ``beta1``, ... over BN.
    buffers : dict of str to array
        ``running_mean1``, ``running_var1``, ... of the BN layers.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        reg: float = 0.0,
        init: str | float = "he",
        rng: np.random.Generator,
        dtype: Any = np.float32,
        like: Array | None = None,
    ) -> None:
        super().__init__(reg=reg, init=init, rng=rng, dtype=dtype, like=like)
        self.architecture = architecture
        self.numbers: list[int] = []  # of each layer, in the names of its parameters
        weighted = normalised = 0
        for layer in architecture.layers[1:]:
            shapes, number = layer.parameters, 0
            if "W" in shapes:
                number = weighted = weighted + 1
                self._add_layer(number, shapes["W"])
            elif "gamma" in shapes:
                number = normalised = normalised + 1
                self._add_normalization(number, shapes["gamma"][0])
                self._add_running_averages(number, shapes["gamma"][0])
            self.numbers.append(number)

    def _forward(self, X: Array, mode: str) -> tuple[Array, list]:
        layers = self.architecture.layers
        if tuple(X.shape[1:]) != layers[0].output_shape:
            raise ValueError(
                f"X must have shape (N, {', '.join(map(str, layers[0].output_shape))}), "
                f"channels before height and width, got {tuple(X.shape)}"
            )
        caches = []
        for layer, number in zip(layers[1:], self.numbers, strict=True):
            X, cache = self._layer_forward(layer.spec, X, number, mode)
            caches.append(cache)
        return X, caches

    def _layer_forward(self, spec: Spec, x: Array, number: int, mode: str) -> tuple[Array, Any]:
        match spec:
            case Conv():
                w, b = self.params[f"W{number}"], self.params[f"b{number}"]
                return conv_forward(x, w, b, {"stride": spec.stride, "pad": spec.pad})
            case FC():
                return affine_forward(x, self.params[f"W{number}"], self.params[f"b{number}"])
            case Pool():
                return max_pool_forward(x, _pool_param(spec))
            case BatchNorm():
                forward = spatial_batchnorm_forward if x.ndim == 4 else batchnorm_forward
                return self._batchnorm(forward, x, number, mode)
            case Dropout():
                return dropout_forward(x, {"mode": mode, "keep_prob": spec.keep_prob}, self.rng)
            case _:
                return relu_forward(x)

    def _backward(self, dscores: Array, caches: list) -> dict[str, Array]:
        dout, grads = dscores, {}
        specs = [layer.spec for layer in self.architecture.layers[1:]]
        for spec, number in zip(reversed(specs), reversed(self.numbers), strict=True):
            cache = caches.pop()  # what later layers kept is free from here on
            match spec:
                case Conv():
                    dout, grads[f"W{number}"], grads[f"b{number}"] = conv_backward(
                        dout, cache, need_dx=bool(caches)
                    )
                case FC():
                    dout, grads[f"W{number}"], grads[f"b{number}"] = affine_backward(dout, cache)
                case Pool():
                    dout = max_pool_backward(dout, cache)
                case BatchNorm():
                    spatial = dout.ndim == 4
                    backward = spatial_batchnorm_backward if spatial else batchnorm_backward
                    dout, dgamma, dbeta = backward(dout, cache)
                    grads |= {f"gamma{number}": dgamma, f"beta{number}": dbeta}
                case Dropout():
                    dout = dropout_backward(dout, cache)
                case _:
                    dout = relu_backward(dout, cache)
        return grads


def _pool_param(spec: Pool) -> dict[str, int]:
    return {"pool_height": spec.size, "pool_width": spec.size, "stride": spec.stride}
