"""Layers of a network, each a forward and a backward function joined by a cache.

``out, cache = f_forward(x, ...)`` computes the output and keeps what the way back needs.
``dx, ... = f_backward(dout, cache)`` takes the gradient of the loss with respect to ``out`` and
returns the gradients with respect to the inputs: upstream gradient times local gradient.
No function changes its arguments in place; results have the dtype of ``x``.

One file holds one kind of layer. A layer imports no network, no loss and no other layer.
"""

from cs231n_lib.layers.affine import affine_backward, affine_forward
from cs231n_lib.layers.conv import conv_backward, conv_forward
from cs231n_lib.layers.conv.columns import col2im, im2col
from cs231n_lib.layers.dropout import dropout_backward, dropout_forward
from cs231n_lib.layers.elementwise import (
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
from cs231n_lib.layers.normalization import (
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from cs231n_lib.layers.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)

__all__ = [
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
