"""A right call of everything public, each argument of which a test can replace by a wrong one."""

import inspect

import numpy as np

import cs231n_lib as cs
from cs231n_lib import data, layers, nets, plots
from cs231n_lib.costs import peak
from cs231n_lib.training import schedules

PATTERN = "INPUT[8x8x3] -> CONV3-4 -> RELU -> FC-3"
LECTURE = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
rng = np.random.default_rng


def rows(*shape):
    return rng(0).standard_normal(shape).astype(np.float32)


X, Y, IMAGES = rows(5, 4), np.array([0, 1, 2, 0, 1]), rows(2, 3, 6, 6)
POOL, CONV = {"pool_height": 2, "pool_width": 2, "stride": 2}, {"stride": 1, "pad": 1}
PIXELS = np.zeros((5, 4, 4, 3), np.uint8)
SPLITS = {"X_train": X, "y_train": Y, "X_val": X, "y_val": Y}
COMMON = {"reg": 0.1, "init": "he", "rng": rng(0), "dtype": np.float32, "like": None}
NETWORK = {**COMMON, "score_loss": cs.softmax_loss}
TRUTH = np.array([True, False, True])
NET = cs.TwoLayerNet(4, 5, 3, rng=rng(0))
CHAIN = cs.build(PATTERN, rng=rng(0))
KNN = cs.KNearestNeighbor().fit(X, Y)
SVM = cs.LinearSVM().fit(X, Y, num_iters=1, rng=rng(0))


def squares(x):
    return float(np.sum(x**2))


def back(name, *arguments):
    """Return the right call of a backward function, after a forward call."""
    out, cache = getattr(cs, f"{name}_forward")(*arguments)
    return {"dout": np.ones_like(out), "cache": cache}


#: By name: a function and its arguments by name.
CALLS = {
    "Adam": {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8},
    "AdamW": {
        "learning_rate": 0.1,
        "beta1": 0.9,
        "beta2": 0.99,
        "eps": 1e-8,
        "weight_decay": 0.1,
    },
    "RMSProp": {"learning_rate": 0.1, "decay": 0.9, "eps": 1e-8},
    "Momentum": {"learning_rate": 0.1, "momentum": 0.9},
    "Nesterov": {"learning_rate": 0.1, "momentum": 0.9},
    "SGD": {"learning_rate": 0.1},
    "ConvNet": {
        "input_shape": (3, 8, 8),
        "num_filters": [4],
        "filter_size": 3,
        "hidden_dim": 5,
        "num_classes": 3,
        "batchnorm": True,
        **NETWORK,
    },
    "FullyConnectedNet": {
        "hidden_dims": [4],
        "input_dim": 4,
        "num_classes": 3,
        "normalization": "batchnorm",
        "keep_prob": 0.5,
        **NETWORK,
    },
    "TwoLayerNet": {"input_dim": 4, "hidden_dim": 5, "num_classes": 3, **NETWORK},
    "Model": NETWORK,
    "KNearestNeighbor": {"metric": "l2"},
    "Solver": {
        "model": NET,
        "data": SPLITS,
        "optimiser": cs.SGD(0.1),
        "num_epochs": 1,
        "batch_size": 2,
        "rng": rng(0),
        "checkpoint": None,
        "num_train_samples": 3,
        "progress": False,
    },
    "Value": {"data": 1.0},
    "account": {"network": PATTERN, "dtype": np.float32, "relu_in_place": True},
    "accuracy": {"model": NET, "X": X, "y": Y, "batch_size": 2},
    "affine_forward": {"x": X, "w": rows(4, 3), "b": rows(3)},
    "affine_backward": back("affine", X, rows(4, 3), rows(3)),
    "avg_pool_forward": {"x": IMAGES, "pool_param": POOL},
    "avg_pool_backward": back("avg_pool", IMAGES, POOL),
    "max_pool_forward": {"x": IMAGES, "pool_param": POOL},
    "max_pool_backward": back("max_pool", IMAGES, POOL),
    "batchnorm_forward": {"x": X, "gamma": rows(4), "beta": rows(4), "bn_param": {"mode": "train"}},
    "batchnorm_backward": back("batchnorm", X, rows(4), rows(4), {"mode": "train"}),
    "layernorm_forward": {"x": X, "gamma": rows(4), "beta": rows(4), "ln_param": {}},
    "layernorm_backward": back("layernorm", X, rows(4), rows(4)),
    "spatial_batchnorm_forward": {
        "x": IMAGES,
        "gamma": rows(3),
        "beta": rows(3),
        "bn_param": {"mode": "train"},
    },
    "spatial_batchnorm_backward": back(
        "spatial_batchnorm", IMAGES, rows(3), rows(3), {"mode": "train"}
    ),
    "build": {"pattern": PATTERN, **COMMON},
    "check_gradient": {
        "f": squares,
        "x": np.ones(4),
        "grad": 2 * np.ones(4),
        "num": 3,
        "rng": rng(0),
        "h": 1e-5,
    },
    "check_projection": {
        "f": lambda x: x**2,
        "inputs": np.ones(4),
        "backward": lambda dout: 2 * dout * np.ones(4),
        "num": 3,
        "rng": rng(0),
        "h": 1e-5,
    },
    "numerical_gradient": {"f": squares, "x": np.ones(4), "h": 1e-5, "scheme": "centred"},
    "find_kinks": {"f": squares, "x": np.ones(4), "coordinates": [(0,)], "h": 1e-5},
    "im2col": {"x": IMAGES, "height": 3, "width": 3, "stride": 1, "pad": 1, "floor": False},
    "col2im": {
        "cols": cs.im2col(IMAGES, 3, 3, 1, 1),
        "shape": IMAGES.shape,
        "height": 3,
        "width": 3,
        "stride": 1,
        "pad": 1,
        "floor": False,
    },
    **{
        f"compute_distances_{loops}": {"X": X, "X_train": rows(6, 4), "metric": "l2"}
        for loops in ("no_loops", "one_loop", "two_loops")
    },
    "conv_forward": {"x": IMAGES, "w": rows(4, 3, 3, 3), "b": rows(4), "conv_param": CONV},
    "conv_backward": {**back("conv", IMAGES, rows(4, 3, 3, 3), rows(4), CONV), "need_dx": True},
    "conv_output_size": {"W": 7, "F": 3, "S": 1, "P": 1, "floor": False},
    "cross_validate": {
        "X": X,
        "y": Y,
        "ks": [1, 2],
        "num_folds": 2,
        "metric": "l2",
        "rng": rng(0),
    },
    "draw": {"root": cs.Value(2.0) * 3, "digits": 2, "title": "a product"},
    "dropout_forward": {
        "x": X,
        "dropout_param": {"keep_prob": 0.5, "mode": "train"},
        "rng": rng(0),
    },
    "dropout_backward": back("dropout", X, {"keep_prob": 0.5, "mode": "train"}, rng(0)),
    "fill_in": {
        "pattern": LECTURE,
        "input_shape": (3, 32, 32),
        "conv": "CONV3-16",
        "pool": "POOL2",
        "fc": "FC-64",
        "num_classes": 10,
        "N": 1,
        "M": 2,
        "K": 1,
    },
    "initial_weights": {"shape": (3, 4), "init": "he", "rng": rng(0)},
    **{f"{name}_forward": {"x": X} for name in ("relu", "sigmoid", "tanh")},
    **{f"{name}_backward": back(name, X) for name in ("relu", "sigmoid", "tanh", "leaky_relu")},
    "leaky_relu_forward": {"x": X, "alpha": 0.1},
    "majority_vote": {"labels": np.array([[0, 1, 1], [2, 2, 0]]), "num_classes": 3},
    "nearest": {"X": X, "X_train": rows(6, 4), "k": 2, "metric": "l2", "chunk": 2},
    "paired_difference": {"correct": TRUTH, "correct_other": ~TRUTH},
    "standard_error": {"correct": TRUTH},
    "parse": {"pattern": PATTERN},
    "relative_error": {"a": rows(3), "b": rows(3)},
    "softmax": {"scores": rows(5, 3)},
    **{f"{name}_loss": {"scores": rows(5, 3), "y": Y} for name in ("softmax", "svm")},
    **{
        f"{name}_loss_{way}": {"W": rows(4, 3), "X": X, "y": Y, "reg": 0.1}
        for name in ("softmax", "svm")
        for way in ("naive", "vectorized")
    },
    "to_host": {"x": X},
    "tolerance": {"dtype": np.float32},
    "as_float": {"x": np.ones(1)},
    "asarray_like": {"host_array": [1, 2], "like": X, "dtype": None},
}
CALLS = {name: (getattr(cs, name), arguments) for name, arguments in CALLS.items()} | {
    "layers.FC": (layers.FC, {"width": 3, "bias": True}),
    "layers.Conv": (
        layers.Conv,
        {
            "filters": 4,
            "size": 3,
            "stride": 1,
            "pad": 1,
            "bias": True,
            "floor": False,
            "algorithm": "im2col",
        },
    ),
    "layers.Pool": (
        layers.Pool,
        {"size": 2, "stride": 2, "pad": 0, "floor": False, "average": False},
    ),
    "layers.Dropout": (layers.Dropout, {"keep_prob": 0.5}),
    "schedules.constant": (schedules.constant, {"learning_rate": 0.1}),
    "schedules.step_decay": (
        schedules.step_decay,
        {"learning_rate": 0.1, "every": 3, "factor": 0.5},
    ),
    "schedules.cosine": (schedules.cosine, {"learning_rate": 0.1, "num_steps": 3, "final": 0.0}),
    "schedules.warmup": (schedules.warmup, {"schedule": schedules.constant(0.1), "num_steps": 3}),
    "Nuisances": (data.Nuisances, dict.fromkeys(inspect.signature(data.Nuisances).parameters, 0.5)),
    "draw_scenes": (data.draw_scenes, {"labels": np.array([0]), "rng": rng(0), "nuisances": None}),
    "load_scenes": (
        data.load_scenes,
        {"num_train": 1, "num_test": 1, "seed": 0, "nuisances": None},
    ),
    "Dataset": (
        data.Dataset,
        {
            "X_train": PIXELS,
            "y_train": Y,
            "X_test": PIXELS,
            "y_test": Y,
            "class_names": ("a", "b", "c"),
        },
    ),
    "mean_image": (data.mean_image, {"X": PIXELS}),
    "preprocess": (data.preprocess, {"X_train": PIXELS, "layout": "rows"}),
    "split_validation": (
        data.split_validation,
        {"X": PIXELS, "y": Y, "num_val": 2, "rng": rng(0)},
    ),
    "Account.forward_bytes": (cs.account(PATTERN).forward_bytes, {"batch": 2}),
    "Account.training_bytes": (
        cs.account(PATTERN).training_bytes,
        {"batch": 2, "optimiser": "Adam"},
    ),
    "Account.largest_batch": (
        cs.account(PATTERN).largest_batch,
        {"memory_bytes": 10**9, "optimiser": "Adam"},
    ),
    "predict_peak": (peak.predict_peak, {"model": CHAIN, "batch": 2}),
    "place": (
        nets.architecture.place,
        {"name": "net", "input_shape": (4,), "specs": [("FC-3", layers.FC(3))]},
    ),
    "Chain": (nets.chain.Chain, {"architecture": cs.parse(PATTERN), **NETWORK}),
    "Model.loss": (NET.loss, {"X": X, "y": Y}),
    "Model.predict": (NET.predict, {"X": X, "batch_size": 2}),
    "Chain.loss": (CHAIN.loss, {"X": rows(2, 3, 8, 8), "y": np.array([0, 1])}),
    "KNearestNeighbor.fit": (cs.KNearestNeighbor().fit, {"X": X, "y": Y}),
    "KNearestNeighbor.predict": (KNN.predict, {"X": X, "k": 1}),
    "LinearSVM.fit": (
        cs.LinearSVM().fit,
        {
            "X": X,
            "y": Y,
            "learning_rate": 0.1,
            "reg": 0.1,
            "num_iters": 2,
            "batch_size": 2,
            "rng": rng(0),
        },
    ),
    "LinearSVM.loss": (SVM.loss, {"X": X, "y": Y, "reg": 0.1}),
    "LinearSVM.predict": (SVM.predict, {"X": X}),
    "LinearSVM.scores": (SVM.scores, {"X": X}),
    "LinearSVM.templates": (SVM.templates, {"image_shape": (2, 2)}),
    "SGD.step": (
        cs.SGD(0.1).step,
        {"params": {"W": np.ones(2)}, "grads": {"W": np.ones(2)}},
    ),
    "show_images": (
        plots.show_images,
        {"images": PIXELS, "titles": list("abcde"), "columns": 3, "size": 1.0},
    ),
    "show_confusion": (
        plots.show_confusion,
        {"confusion": np.eye(3, dtype=int), "class_names": list("abc")},
    ),
    "show_templates": (
        plots.show_templates,
        {"templates": rows(3, 4, 4, 3), "class_names": list("abc"), "columns": 3, "size": 1.0},
    ),
    "show_images_by_class": (
        plots.show_images_by_class,
        {"X": PIXELS, "y": Y, "class_names": list("abc"), "per_class": 1},
    ),
    "cross_validation_curve": (
        plots.cross_validation_curve,
        {"accuracies": {1: [0.5, 0.6], 3: [0.4, 0.7]}, "xlabel": "k"},
    ),
    "decision_regions": (
        plots.decision_regions,
        {
            "predict": lambda points: np.zeros(len(points), int),
            "points": rows(5, 2),
            "labels": Y,
            "resolution": 5,
            "margin": 0.5,
        },
    ),
}
