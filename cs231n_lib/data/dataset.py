"""One interface for every data set: images, labels, class names; splitting and preprocessing."""

from dataclasses import dataclass

import numpy as np

from cs231n_lib._arguments import check_choice, check_generator, check_names, check_whole

#: The ten classes of CIFAR-10, in the order of their labels 0 to 9.
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


class DataError(Exception):
    """A data set is absent or damaged; the message names the file and what to do about it."""


def _check_images(X: np.ndarray, name: str) -> None:
    if not isinstance(X, np.ndarray) or X.dtype != np.uint8 or X.ndim != 4:
        found = f"{X.dtype} {X.shape}" if isinstance(X, np.ndarray) else type(X).__name__
        raise ValueError(
            f"{name} must be a NumPy array of uint8 images of shape (N, H, W, C), not {found}"
        )


def _check_labels(y: np.ndarray, X: np.ndarray, name: str) -> None:
    if not isinstance(y, np.ndarray) or y.dtype != np.int64 or y.shape != (len(X),):
        found = f"{y.dtype} {y.shape}" if isinstance(y, np.ndarray) else type(y).__name__
        raise ValueError(
            f"{name} must be a NumPy array of int64 labels of shape ({len(X)},), one an image, "
            f"not {found}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images with their labels, in a training and a test part.

    Attributes
    ----------
    X_train, X_test : ndarray of uint8, shape (N, H, W, C)
        Images; values 0 to 255, channels in the order red, green, blue.
    y_train, y_test : ndarray of int64, shape (N,)
        Labels, each an index into ``class_names``.
    class_names : tuple of str
        The name of every class.

    Raises
    ------
    ValueError
        If a dtype, a shape or a label does not fit.

    Examples
    --------
    >>> from cs231n_lib.data import load_scenes
    >>> data = load_scenes(num_train=20, num_test=10)
    >>> data
    Dataset(20 training and 10 test images, 32×32×3 uint8, 10 classes)
    >>> data.class_names[data.y_train[0]] in CLASS_NAMES
    True
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...] = CLASS_NAMES

    def __post_init__(self) -> None:
        """Check everything once, so that nobody who gets a ``Dataset`` has to."""
        object.__setattr__(self, "class_names", check_names("class_names", self.class_names))
        for part in ("train", "test"):
            X, y = getattr(self, f"X_{part}"), getattr(self, f"y_{part}")
            _check_images(X, f"X_{part}")
            _check_labels(y, X, f"y_{part}")
            if len(y) and not (y.min() >= 0 and y.max() < self.num_classes):
                raise ValueError(
                    f"y_{part} holds labels from {y.min()} to {y.max()}; with "
                    f"{self.num_classes} class names they must lie in 0 to {self.num_classes - 1}"
                )
        if self.X_train.shape[1:] != self.X_test.shape[1:]:
            raise ValueError(
                f"training images of shape {self.X_train.shape[1:]} and test images of shape "
                f"{self.X_test.shape[1:]} do not belong together"
            )

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape (H, W, C) of one image."""
        return self.X_train.shape[1:]

    def __repr__(self) -> str:
        """Say what is inside, not every pixel of it."""
        shape = "×".join(map(str, self.image_shape))
        return (
            f"Dataset({len(self.X_train):,} training and {len(self.X_test):,} test images, "
            f"{shape} uint8, {self.num_classes} classes)"
        )


def split_validation(
    X: np.ndarray, y: np.ndarray, num_val: int, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Set ``num_val`` examples aside, drawn without replacement, to choose settings on.

    Parameters
    ----------
    X : ndarray, shape (N, ...)
        Training examples.
    y : ndarray, shape (N,)
        Their labels.
    num_val : int
        How many to set aside, from 1 to N - 1.
    rng : Generator
        Decides which.

    Returns
    -------
    X_train, y_train, X_val, y_val : ndarray
        Copies: N - ``num_val`` examples and ``num_val`` examples, none in both.

    Raises
    ------
    TypeError
        If ``X`` or ``y`` is no NumPy array, ``num_val`` no whole number or ``rng`` no Generator.
    ValueError
        If the lengths differ or ``num_val`` leaves one side empty.

    Examples
    --------
    >>> X, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> X_train, y_train, X_val, y_val = split_validation(X, y, 2, rng=np.random.default_rng(0))
    >>> X_train.shape, X_val.shape, sorted([*y_train.tolist(), *y_val.tolist()])
    ((3, 2), (2, 2), [0, 1, 2, 3, 4])
    """
    check_generator("split_validation", rng)
    for name, array in (("X", X), ("y", y)):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise TypeError(f"{name} must be a NumPy array, got {type(array).__name__}")
    if len(X) != len(y):
        raise ValueError(f"X and y differ in length: {len(X)} examples, {len(y)} labels")
    if not 1 <= check_whole("num_val", num_val) < len(X):
        raise ValueError(
            f"num_val must lie in 1 to {len(X) - 1} to leave something on both sides of "
            f"{len(X)} examples, not {num_val}"
        )
    order = rng.permutation(len(X))
    val, train = order[:num_val], order[num_val:]
    return X[train], y[train], X[val], y[val]


def mean_image(X: np.ndarray) -> np.ndarray:
    """Average the images pixel by pixel.

    Parameters
    ----------
    X : ndarray of uint8, shape (N, H, W, C)
        At least one image.

    Returns
    -------
    ndarray of float64, shape (H, W, C)
        Values 0 to 255.  The sum is taken in integers, so its order cannot change a bit.

    Examples
    --------
    >>> mean_image(np.array([[[[0]]], [[[255]]]], dtype=np.uint8)).item()
    127.5
    """
    _check_images(X, "X")
    if len(X) == 0:
        raise ValueError("the mean of no images is undefined: X must hold at least one")
    return X.sum(axis=0, dtype=np.int64) / len(X)


def preprocess(
    X_train: np.ndarray, *others: np.ndarray, layout: str = "rows"
) -> tuple[np.ndarray, ...]:
    """Turn images into centred float32 numbers: ``(X - mean_image(X_train)) / 255``.

    The mean image comes from the training split alone and is subtracted from every split:
    validation and test images must have no say in how they are prepared.

    Parameters
    ----------
    X_train : ndarray of uint8, shape (N, H, W, C)
        Training images.
    *others : ndarray of uint8, shape (M, H, W, C)
        Validation and test images, any number of splits.
    layout : {"rows", "channels"}
        ``"rows"`` flattens every image to a row (N, H*W*C) in the order of its pixels;
        ``"channels"`` puts the channels first (N, C, H, W), as ConvNets take them.

    Returns
    -------
    tuple of ndarray of float32
        One array for every argument, in order.  Values lie in -1 to 1.

    Raises
    ------
    TypeError, ValueError
        If an array does not hold uint8 images of one shape, or ``layout`` is unknown.

    Examples
    --------
    >>> from cs231n_lib.data import load_scenes
    >>> data = load_scenes(num_train=50, num_test=10)
    >>> X_train, X_test = preprocess(data.X_train, data.X_test)
    >>> X_train.shape, X_test.shape, X_train.dtype
    ((50, 3072), (10, 3072), dtype('float32'))
    >>> bool(abs(X_train.mean(axis=0)).max() < 1e-6)
    True
    """
    check_choice("layout", layout, ("rows", "channels"))
    for number, X in enumerate([X_train, *others]):
        _check_images(X, "X_train" if number == 0 else f"array {number} after X_train")
    mean = mean_image(X_train).astype(np.float32)
    prepared = []
    for X in (X_train, *others):
        if X.shape[1:] != mean.shape:
            raise ValueError(f"images of shape {X.shape[1:]} do not fit X_train's {mean.shape}")
        centred = (X - mean) / np.float32(255)
        if layout == "rows":
            prepared.append(centred.reshape(len(X), mean.size))
        else:
            prepared.append(np.ascontiguousarray(centred.transpose(0, 3, 1, 2)))
    return tuple(prepared)
