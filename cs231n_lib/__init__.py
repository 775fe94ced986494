"""Image classification from scratch: linear classifiers, backpropagation and ConvNets.

The names below are what the chapters use. Each lives in the module it is imported from, and
more lives there: ``from cs231n_lib import neighbors`` is as good a way in. Folders are rooms, and
nothing imports upwards: ``costs``, ``nets`` and ``linear``, then ``layers``, ``losses``,
``training``, ``gradients`` and ``neighbors``, then ``evaluation``, ``backend``, ``data`` and
``plots``. None of them ever imports ``course``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `__getattr__` finds, for type checkers
    from cs231n_lib.backend import (
        array_namespace,
        as_float,
        asarray_like,
        gpu_is_available,
        to_host,
    )
    from cs231n_lib.costs.account import account
    from cs231n_lib.evaluation import paired_difference, standard_error
    from cs231n_lib.gradients.drawing import draw
    from cs231n_lib.gradients.graph import Value
    from cs231n_lib.gradients.numerical import (
        check_gradient,
        check_projection,
        find_kinks,
        numerical_gradient,
        relative_error,
        tolerance,
    )
    from cs231n_lib.layers import (
        affine_backward,
        affine_forward,
        avg_pool_backward,
        avg_pool_forward,
        batchnorm_backward,
        batchnorm_forward,
        col2im,
        conv_backward,
        conv_forward,
        conv_output_size,
        dropout_backward,
        dropout_forward,
        im2col,
        layernorm_backward,
        layernorm_forward,
        leaky_relu_backward,
        leaky_relu_forward,
        max_pool_backward,
        max_pool_forward,
        relu_backward,
        relu_forward,
        sigmoid_backward,
        sigmoid_forward,
        spatial_batchnorm_backward,
        spatial_batchnorm_forward,
        tanh_backward,
        tanh_forward,
    )
    from cs231n_lib.linear import LinearSVM, Softmax
    from cs231n_lib.losses import (
        softmax,
        softmax_loss,
        softmax_loss_naive,
        softmax_loss_vectorized,
        svm_loss,
        svm_loss_naive,
        svm_loss_vectorized,
    )
    from cs231n_lib.neighbors import (
        KNearestNeighbor,
        compute_distances_no_loops,
        compute_distances_one_loop,
        compute_distances_two_loops,
        cross_validate,
        majority_vote,
        nearest,
    )
    from cs231n_lib.nets.model import Model
    from cs231n_lib.nets.pattern import build, parse
    from cs231n_lib.nets.presets import ConvNet, FullyConnectedNet, TwoLayerNet
    from cs231n_lib.nets.template import fill_in
    from cs231n_lib.nets.weights import initial_weights
    from cs231n_lib.training import schedules
    from cs231n_lib.training.optim import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp
    from cs231n_lib.training.solver import DivergenceError, Solver, accuracy

__version__ = "0.1.0"

# One import line a module above, in alphabetical order; its names below, sorted.
__all__ = [  # noqa: RUF022 (which would put SGD before Adam)
    "Adam",
    "AdamW",
    "ConvNet",
    "DivergenceError",
    "FullyConnectedNet",
    "KNearestNeighbor",
    "LinearSVM",
    "Model",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "SGD",
    "Softmax",
    "Solver",
    "TwoLayerNet",
    "Value",
    "account",
    "accuracy",
    "affine_backward",
    "affine_forward",
    "array_namespace",
    "as_float",
    "asarray_like",
    "avg_pool_backward",
    "avg_pool_forward",
    "batchnorm_backward",
    "batchnorm_forward",
    "build",
    "check_gradient",
    "check_projection",
    "col2im",
    "compute_distances_no_loops",
    "compute_distances_one_loop",
    "compute_distances_two_loops",
    "conv_backward",
    "conv_forward",
    "conv_output_size",
    "cross_validate",
    "draw",
    "dropout_backward",
    "dropout_forward",
    "fill_in",
    "find_kinks",
    "gpu_is_available",
    "im2col",
    "initial_weights",
    "layernorm_backward",
    "layernorm_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "majority_vote",
    "max_pool_backward",
    "max_pool_forward",
    "nearest",
    "numerical_gradient",
    "paired_difference",
    "parse",
    "relative_error",
    "relu_backward",
    "relu_forward",
    "schedules",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax",
    "softmax_loss",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "standard_error",
    "svm_loss",
    "svm_loss_naive",
    "svm_loss_vectorized",
    "tanh_backward",
    "tanh_forward",
    "to_host",
    "tolerance",
]

#: Module -> what of it is handed on. It is loaded when it is first asked for: a program that
#: needs one function need not wait for all.
_HANDED_ON = {
    "backend": "array_namespace as_float asarray_like gpu_is_available to_host",
    "costs.account": "account",
    "evaluation": "paired_difference standard_error",
    "gradients.drawing": "draw",
    "gradients.graph": "Value",
    "gradients.numerical": """
        check_gradient check_projection find_kinks numerical_gradient relative_error
        tolerance
    """,
    "layers": """
        affine_backward affine_forward avg_pool_backward avg_pool_forward batchnorm_backward
        batchnorm_forward col2im conv_backward conv_forward conv_output_size
        dropout_backward dropout_forward im2col layernorm_backward layernorm_forward
        leaky_relu_backward leaky_relu_forward max_pool_backward max_pool_forward
        relu_backward relu_forward sigmoid_backward sigmoid_forward
        spatial_batchnorm_backward spatial_batchnorm_forward tanh_backward tanh_forward
    """,
    "linear": "LinearSVM Softmax",
    "losses": """
        softmax softmax_loss softmax_loss_naive softmax_loss_vectorized svm_loss
        svm_loss_naive svm_loss_vectorized
    """,
    "neighbors": """
        KNearestNeighbor compute_distances_no_loops compute_distances_one_loop
        compute_distances_two_loops cross_validate majority_vote nearest
    """,
    "nets.model": "Model",
    "nets.pattern": "build parse",
    "nets.presets": "ConvNet FullyConnectedNet TwoLayerNet",
    "nets.template": "fill_in",
    "nets.weights": "initial_weights",
    "training": "schedules",
    "training.optim": "SGD Adam AdamW Momentum Nesterov RMSProp",
    "training.solver": "DivergenceError Solver accuracy",
}
_HOMES = {name: home for home, names in _HANDED_ON.items() for name in names.split()}
_ROOMS = {home.partition(".")[0] for home in _HANDED_ON}


def __getattr__(name: str) -> Any:
    """Load what was asked for: one of the names, or a module that has some."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not `import_module`: what is asked for may itself be a module that is not loaded yet.
    home = __import__(f"{__name__}.{_HOMES[name]}", fromlist=[name])
    found = globals()[name] = getattr(home, name)
    return found


def __dir__() -> list[str]:
    """Return the names, loaded or not."""
    return sorted({*globals(), *__all__})
