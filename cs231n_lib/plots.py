"""Figures for the book: readable on a light and on a dark page, and to the colour-blind.

Backgrounds are transparent; text and axes are a grey in the middle, with a contrast of more
than 4 to 1 against both pages; the colours of the cycle reach 3 to 1. Every function
returns the figure or axes that it has drawn and leaves Matplotlib's settings as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from cs231n_lib._arguments import (
    check_callable,
    check_count,
    check_finite,
    check_host_numbers,
    check_names,
    check_number,
    check_positive,
)
from cs231n_lib._extras import extra

with extra("figures", "the module cs231n_lib.plots"):
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from cycler import cycler
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "GREY",
    "cross_validation_curve",
    "decision_regions",
    "show_confusion",
    "show_images",
    "show_images_by_class",
    "show_templates",
    "style",
]

GREY = "#777777"
# Found by search: within the contrast both pages leave, as far apart as they go, for normal,
# red-blind and green-blind eyes.
COLOURS = ("#125df6", "#bd5501", "#3ea392", "#c20455", "#7355a3", "#a2943a")
_SETTINGS: dict[Any, Any] = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": GREY,
    "axes.labelsize": 11,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": GREY,
    "axes.titlesize": 12,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.size": 11,
    "grid.alpha": 0.3,
    "grid.color": GREY,
    "hatch.color": GREY,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.labelcolor": GREY,
    "lines.linewidth": 2,
    "savefig.facecolor": "none",
    "savefig.transparent": True,
    "text.color": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


def style() -> AbstractContextManager[None]:
    """Return a context in which figures are drawn for light and dark pages alike.

    Examples
    --------
    >>> with style():
    ...     figure, ax = plt.subplots()
    >>> figure.get_facecolor()[3]  # transparent
    0.0
    >>> plt.close(figure)
    """
    return mpl.rc_context(_SETTINGS)


def show_images(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    size: float = 1.1,
) -> Figure:
    """Show images in a grid, row by row.

    Parameters
    ----------
    images : ndarray, shape (N, H, W, 3) or (N, H, W)
        uint8 from 0 to 255, or floats from 0 to 1.
    titles : sequence of str, optional
        One for each image.
    columns : int
        Images a row.
    size : float
        Side of an image in inches.

    Raises
    ------
    ValueError
        If the shape, the range or the number of titles does not fit.

    Examples
    --------
    >>> figure = show_images(np.zeros((3, 8, 8, 3), dtype=np.uint8), ["a", "b", "c"], columns=3)
    >>> [ax.get_title() for ax in figure.axes]
    ['a', 'b', 'c']
    >>> plt.close(figure)
    """
    images = _checked_images(images)
    if titles is not None:
        titles = check_names("titles", titles)
        if len(titles) != len(images):
            raise ValueError(f"expected a title for each image: {len(images)}, not {len(titles)}")
    columns = min(check_count("columns", columns), len(images))
    size = check_positive("size", size)
    rows = -(-len(images) // columns)
    lines = max((str(title).count("\n") + 1 for title in titles), default=0) if titles else 0
    with style():
        height = rows * (size + 0.22 * lines)
        fig, axes = plt.subplots(rows, columns, figsize=(columns * size, height), squeeze=False)
        for ax in axes.flat[len(images) :]:
            ax.remove()
        for n, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
            _bare_image(ax, image)
            if titles is not None:
                ax.set_title(titles[n], fontsize=9)
    return fig


def show_images_by_class(
    X: np.ndarray, y: np.ndarray, class_names: Sequence[str], *, per_class: int = 8
) -> Figure:
    """Show the first images of every class, one row a class with its name on the left.

    Parameters
    ----------
    X : ndarray, shape (N, H, W, 3)
        Images, uint8 or floats from 0 to 1.
    y : ndarray of int, shape (N,)
        Their labels, from 0 to ``len(class_names) - 1``.
    class_names : sequence of str
        Name of each label.
    per_class : int
        Images a row.

    Raises
    ------
    ValueError
        If a shape does not fit, or a class has too few images.

    Examples
    --------
    >>> X = np.zeros((4, 8, 8, 3), dtype=np.uint8)
    >>> figure = show_images_by_class(X, np.array([0, 1, 0, 1]), ["cat", "dog"], per_class=2)
    >>> len(figure.axes)
    2
    >>> plt.close(figure)
    """
    X, y = _checked_images(X), check_host_numbers("y", y)
    class_names = check_names("class_names", class_names)
    per_class = check_count("per_class", per_class)
    if y.ndim != 1 or not class_names:
        raise ValueError(f"expected a row of labels and some names, not {y.shape}, {class_names}")
    if len(y) != len(X):
        raise ValueError(f"X and y differ in length: {len(X)} images, {len(y)} labels")
    chosen = [np.flatnonzero(y == label)[:per_class] for label in range(len(class_names))]
    for name, found in zip(class_names, chosen, strict=True):
        if len(found) < per_class:
            raise ValueError(
                f"expected per_class from 1 to the number of images of a class, {len(found)} for "
                f"{name!r}, not {per_class}"
            )
    with style():
        fig, axes = plt.subplots(
            len(class_names), 1, figsize=(0.9 * per_class + 1.2, 0.92 * len(class_names))
        )
        for name, found, ax in zip(class_names, chosen, np.atleast_1d(axes), strict=True):
            _bare_image(ax, np.concatenate(list(X[found]), axis=1))
            ax.set_ylabel(name, rotation=0, ha="right", va="center")
    return fig


def show_templates(
    templates: np.ndarray, class_names: Sequence[str], *, columns: int = 5, size: float = 1.5
) -> Figure:
    """Show weights as images: zero is mid-grey, and each class has a scale of its own.

    The largest absolute value of a template is drawn at the end of the range, and the scale is the
    same above and below zero. So brighter than mid-grey means a positive weight of that colour.

    Parameters
    ----------
    templates : ndarray of floats, shape (C, H, W, 3)
        Any finite values.
    class_names : sequence of str, length C
        Titles.
    columns : int
        Templates a row.
    size : float
        Side of a template in inches.

    Raises
    ------
    ValueError
        If the shape or the number of names does not fit, or a value is not finite.

    Examples
    --------
    >>> templates = np.zeros((2, 2, 2, 3))
    >>> templates[0, 0, 0] = 4, -2, 0
    >>> figure = show_templates(templates, ["cat", "dog"])
    >>> figure.axes[0].images[0].get_array()[0, 0].tolist()
    [1.0, 0.25, 0.5]
    >>> plt.close(figure)
    """
    templates = check_host_numbers("templates", templates).astype(float)
    class_names = check_names("class_names", class_names)
    if templates.ndim != 4:
        raise ValueError(f"expected templates of shape (C, H, W, 3), not {templates.shape}")
    if not np.isfinite(templates).all():
        raise ValueError("templates hold NaN or infinity: the weights have diverged")
    largest = np.abs(templates).max(axis=(1, 2, 3), keepdims=True)
    shown = 0.5 + 0.5 * templates / np.where(largest > 0, largest, 1)
    return show_images(shown, class_names, columns=columns, size=size)


def decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    labels: np.ndarray,
    *,
    ax: Axes | None = None,
    resolution: int = 200,
    margin: float = 0.5,
) -> Axes:
    """Colour the plane by the label that a classifier gives to each point.

    Parameters
    ----------
    predict : callable
        Maps points (N, 2) to labels (N,), whole numbers from 0 to 5.
    points : ndarray, shape (N, 2)
        Training points, drawn on top.
    labels : ndarray of int, shape (N,)
        Their labels; each label has a colour and a marker of its own.
    ax : Axes, optional
        Where to draw; new axes by default.
    resolution : int
        Points a side at which the classifier is asked.
    margin : float
        How far the map goes beyond the points, in their unit.

    Raises
    ------
    ValueError
        If a shape does not fit or a label has no colour.

    Examples
    --------
    >>> points, labels = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    >>> ax = decision_regions(lambda X: (X[:, 0] > 0.5).astype(int), points, labels)
    >>> ax.get_xlabel()
    'feature 1'
    >>> plt.close(ax.figure)
    """
    check_callable("predict", predict, "points (N, 2) and returns labels (N,)")
    resolution, margin = check_count("resolution", resolution), check_number("margin", margin)
    points = check_host_numbers("points", points).astype(float)
    labels = check_host_numbers("labels", labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1]:
        raise ValueError(
            f"expected points (N, 2) and labels (N,), not {points.shape} and {labels.shape}"
        )
    if len(points) == 0 or not np.isfinite(points).all():
        raise ValueError("expected at least one point and no NaN or infinity among them")
    (left, bottom), (right, top) = points.min(axis=0) - margin, points.max(axis=0) + margin
    x, y = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    regions = np.asarray(predict(np.stack([x.ravel(), y.ravel()], axis=1))).reshape(x.shape)
    if not {*np.unique(regions), *np.unique(labels)} <= set(range(len(COLOURS))):
        raise ValueError(f"labels must be whole numbers from 0 to {len(COLOURS) - 1}")
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5, 4))
        cmap = mpl.colors.ListedColormap(COLOURS)
        ax.imshow(
            regions, origin="lower", extent=(left, right, bottom, top), aspect="auto",
            cmap=cmap, vmin=-0.5, vmax=len(COLOURS) - 0.5, alpha=0.35,
        )  # fmt: skip
        for label, marker in zip(np.unique(labels), "osD^vP", strict=False):
            ax.plot(*points[labels == label].T, marker, color=COLOURS[label], ms=6, mec="white")
        ax.set(xlabel="feature 1", ylabel="feature 2")
    return ax


def cross_validation_curve(
    accuracies: Mapping[int, Sequence[float]], *, ax: Axes | None = None, xlabel: str = "$k$"
) -> Axes:
    """Draw every fold's accuracy, and the mean with one standard deviation.

    Parameters
    ----------
    accuracies : mapping from setting to sequence of float
        For each setting (each k) the accuracies of the folds, 0 to 1.
    ax : Axes, optional
        Where to draw; new axes by default.
    xlabel : str
        Name of the setting.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a setting is not above zero.

    Examples
    --------
    >>> ax = cross_validation_curve({1: [0.2, 0.3], 5: [0.3, 0.4]})
    >>> ax.get_ylabel()
    'accuracy'
    >>> plt.close(ax.figure)
    """
    if not isinstance(accuracies, Mapping):
        raise TypeError(
            f"accuracies must map each setting to those of its folds, got {accuracies!r:.80}"
        )
    for setting, folds in accuracies.items():
        check_finite("each setting", setting)
        if check_host_numbers("accuracies", folds).ndim != 1:
            raise ValueError(f"expected a row of accuracies, one a fold, got {folds!r:.80}")
    if not accuracies or not all(len(folds) for folds in accuracies.values()):
        raise ValueError("there are no accuracies to draw: expected one a fold for each setting")
    if min(accuracies) <= 0:
        raise ValueError(
            f"expected settings above zero for the logarithmic axis, not {min(accuracies)}"
        )
    settings = sorted(accuracies)
    means: list[Any] = [np.mean(accuracies[setting]) for setting in settings]
    spreads = [np.std(accuracies[setting]) for setting in settings]
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5.3, 3.8))
        for setting in settings:
            folds = accuracies[setting]
            ax.plot([setting] * len(folds), folds, "o", color=COLOURS[1], ms=4, alpha=0.8)
        ax.errorbar(settings, means, yerr=spreads, color=COLOURS[0], capsize=4)
        ax.set(xlabel=xlabel, ylabel="accuracy", xscale="log")
        ax.set_xticks(settings, _apart(settings))
        ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    return ax


def show_confusion(
    confusion: np.ndarray, class_names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """Draw how often each class was taken for each other.

    Parameters
    ----------
    confusion : ndarray of int, shape (C, C)
        Row: the true class; column: the predicted one.
    class_names : sequence of str, length C
        Labels of rows and columns.
    ax : Axes, optional
        Where to draw; new axes by default.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a count is negative.

    Examples
    --------
    >>> ax = show_confusion(np.array([[3, 1], [0, 4]]), ["cat", "dog"])
    >>> [text.get_text() for text in ax.texts]
    ['3', '1', '0', '4']
    >>> plt.close(ax.figure)
    """
    confusion = check_host_numbers("confusion", confusion)
    class_names = check_names("class_names", class_names)
    num_classes = len(class_names)
    if confusion.shape != (num_classes, num_classes):
        raise ValueError(
            f"expected counts of shape {(num_classes, num_classes)}, one row and one column for "
            f"each of the {num_classes} names, not {confusion.shape}"
        )
    if num_classes == 0 or not (confusion >= 0).all():
        raise ValueError("expected at least one class, and counts of 0 or more")
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5.3, 5.1))
        ax.imshow(confusion, cmap="viridis", vmin=0)
        ax.set(xlabel="predicted", ylabel="true")
        ax.set_xticks(range(num_classes), class_names, rotation=60, ha="right")
        ax.set_yticks(range(num_classes), class_names)
        for row, column in np.ndindex(confusion.shape):
            light = confusion[row, column] > 0.55 * confusion.max()
            ax.text(column, row, str(confusion[row, column]), ha="center", va="center",
                    color="black" if light else "white")  # fmt: skip
    return ax


def _apart(settings: Sequence[int]) -> list[str]:
    """Return the labels of a logarithmic axis, those left empty that would touch the one before."""
    length = np.log(settings[-1] / settings[0]) or 1.0
    labels, last = [], -np.inf
    for setting in settings:
        label, place = str(setting), np.log(setting / settings[0]) / length
        room = place - last > 0.035 * len(label)  # a digit is a thirtieth of such an axis wide
        labels.append(label if room else "")
        last = place if room else last
    return labels


def _checked_images(images: np.ndarray) -> np.ndarray:
    images = check_host_numbers("images", images)
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] != 3):
        raise ValueError(f"expected images of shape (N, H, W, 3) or (N, H, W), not {images.shape}")
    if len(images) == 0:
        raise ValueError("there are no images to show")
    if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"float images must lie in 0 to 1, not {images.min():.3g} to {images.max():.3g}; "
            "divide by 255, or shift and clip"
        )
    return images


def _bare_image(ax: Axes, image: np.ndarray) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
