"""Images and labels: the drawn *scenes*, real CIFAR-10, and getting them ready to learn from.

Everybody enters by the names below.  Nothing here imports the rest of the library, and nothing is
fetched unless it is asked for: the scenes are drawn, and need no network.
"""

from cs231n_lib.data.cifar10 import fetch_cifar10, load_cifar10
from cs231n_lib.data.cifar10_files import CIFAR10, Release, cifar10_dir, data_dir, verify_cifar10
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
    "CIFAR10",
    "CLASS_NAMES",
    "DataError",
    "Dataset",
    "Nuisances",
    "Release",
    "cifar10_dir",
    "data_dir",
    "draw_scenes",
    "fetch_cifar10",
    "load_cifar10",
    "load_scenes",
    "mean_image",
    "preprocess",
    "split_validation",
    "verify_cifar10",
]
