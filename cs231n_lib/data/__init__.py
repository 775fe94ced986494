"""Images and labels: the drawn *scenes*, real CIFAR-10, and getting them ready to learn from."""

from cs231n_lib.data.dataset import (
    CLASS_NAMES,
    DataError,
    Dataset,
    mean_image,
    preprocess,
    split_validation,
)
from cs231n_lib.data.scenes import Nuisances, draw_scenes, load_scenes

__all__ = [
    "CLASS_NAMES",
    "DataError",
    "Dataset",
    "Nuisances",
    "draw_scenes",
    "load_scenes",
    "mean_image",
    "preprocess",
    "split_validation",
]
