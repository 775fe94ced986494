"""Layers of a network, each a forward and a backward function joined by a cache.

``out, cache = f_forward(x, ...)`` computes the output and keeps what the way back needs.
``dx, ... = f_backward(dout, cache)`` takes the gradient of the loss with respect to ``out`` and
returns the gradients with respect to the inputs: upstream gradient times local gradient.
No function changes its arguments in place; results have the dtype of ``x``.

Beside its functions stands the layer itself, what a network has to know of it (see `layer.Layer`).
One file holds one kind of layer. A new one is such a file and a name in `LAYERS`: then it can be
part of a network, run, be counted and be written in a pattern. No file here imports a network, a
loss or, but for what `geometry` and `path` have, another layer.
"""

from cs231n_lib.layers.affine import FC, affine_backward, affine_forward
from cs231n_lib.layers.conv import Conv, conv_backward, conv_forward
from cs231n_lib.layers.conv.columns import col2im, im2col
from cs231n_lib.layers.dropout import Dropout, dropout_backward, dropout_forward
from cs231n_lib.layers.elementwise import (
    ReLU,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from cs231n_lib.layers.geometry import conv_output_size
from cs231n_lib.layers.layer import Layer, Memory, Shape, Spec
from cs231n_lib.layers.normalization import (
    BatchNorm,
    LayerNorm,
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from cs231n_lib.layers.pooling import (
    Pool,
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from cs231n_lib.layers.residual import Residual

# In the order in which an error lists them.
LAYERS: tuple[type[Layer], ...] = (Conv, Pool, ReLU, BatchNorm, LayerNorm, Residual, Dropout, FC)

__all__ = [
    "FC",
    "LAYERS",
    "BatchNorm",
    "Conv",
    "Dropout",
    "Layer",
    "LayerNorm",
    "Memory",
    "Pool",
    "ReLU",
    "Residual",
    "Shape",
    "Spec",
    "affine_backward",
    "affine_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "batchnorm_backward",
    "batchnorm_forward",
    "col2im",
    "conv_backward",
    "conv_forward",
    "conv_output_size",
    "dropout_backward",
    "dropout_forward",
    "im2col",
    "layernorm_backward",
    "layernorm_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "max_pool_backward",
    "max_pool_forward",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "tanh_backward",
    "tanh_forward",
]
