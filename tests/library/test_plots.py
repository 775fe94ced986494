"""Figures can be read on both pages, show what they were given, and refuse the rest."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from cs231n_lib import plots

WHITE, DARK = "#ffffff", "#121212"


@pytest.fixture(autouse=True)
def no_figure_and_no_setting_is_left_behind():
    """An error must not leave a half-drawn figure open; Matplotlib's settings stay as they were."""
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    light, dark = sorted([luminance(first), luminance(second)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_formula():
    assert contrast("#000000", WHITE) == pytest.approx(21)


@pytest.mark.parametrize("page", [WHITE, DARK])
def test_contrast_on_both_pages(page):
    """4.33 is the most that one grey can have against both; WCAG asks 3 of graphics."""
    assert contrast(plots.GREY, page) > 4
    for colour in plots.COLOURS:
        assert contrast(colour, page) > 3


def test_colours_stay_apart_for_the_colour_blind():
    """Simulated by the matrices of Vienot, Brettel and Mollon (1999), linear RGB."""
    protan = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
    deutan = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    linear = np.array([to_rgb(colour) for colour in plots.COLOURS]) ** 2.2
    for seen in (linear, linear @ protan.T, linear @ deutan.T):
        seen = np.clip(seen, 0, 1) ** (1 / 2.2)
        distances = np.linalg.norm(seen[:, None] - seen[None], axis=2)
        assert distances[np.triu_indices(len(seen), 1)].min() > 0.2


def test_style_is_transparent_and_ends():
    with plots.style():
        figure, ax = plt.subplots()
        assert mpl.rcParams["savefig.transparent"]
    assert figure.get_facecolor()[3] == 0
    assert ax.get_facecolor()[3] == 0


def pictures(count):
    return np.arange(count * 12, dtype=np.uint8).reshape(count, 2, 2, 3)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_show_images(dtype):
    images = pictures(5) if dtype == "uint8" else pictures(5) / 255
    figure = plots.show_images(images, list("abcde"), columns=3)
    assert [ax.get_title() for ax in figure.axes] == list("abcde")
    for ax, image in zip(figure.axes, images, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    assert len(plots.show_images(pictures(2)[..., 0]).axes) == 2


def test_show_images_by_class():
    X, y = pictures(6), np.array([1, 0, 1, 0, 1, 0])
    figure = plots.show_images_by_class(X, y, ["cat", "dog"], per_class=2)
    assert [ax.get_ylabel() for ax in figure.axes] == ["cat", "dog"]
    row = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(row, np.concatenate([X[1], X[3]], axis=1))


def test_show_templates_puts_zero_at_mid_grey_and_scales_each_class():
    templates = np.stack([np.linspace(-1, 3, 12), np.linspace(-4e-3, 1e-3, 12), np.zeros(12)])
    figure = plots.show_templates(templates.reshape(3, 2, 2, 3), ["a", "b", "c"])
    for ax, scale in zip(figure.axes, (3, 4e-3, 1), strict=True):
        shown = np.asarray(ax.images[0].get_array()).ravel()
        template = templates[figure.axes.index(ax)]
        np.testing.assert_allclose(shown, 0.5 + template / (2 * scale))
    plt.close(figure)


def test_decision_regions():
    points, labels = np.array([[0.0, 0.0], [2.0, 1.0]]), np.array([0, 1])
    ax = plots.decision_regions(
        lambda X: (X[:, 0] > 1).astype(int), points, labels, resolution=11, margin=1
    )
    np.testing.assert_array_equal(ax.images[0].get_array()[0], [0] * 6 + [1] * 5)
    assert ax.images[0].get_extent() == [-1, 3, -1, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("feature 1", "feature 2")
    assert len({line.get_marker() for line in ax.lines}) == 2
    same = plots.decision_regions(lambda X: np.zeros(len(X), int), points, labels, ax=ax)
    assert same is ax


def test_cross_validation_curve():
    ax = plots.cross_validation_curve({5: [0.3, 0.5], 1: [0.1, 0.3]})
    mean = ax.containers[0].lines[0]
    np.testing.assert_allclose(mean.get_xydata(), [[1, 0.2], [5, 0.4]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "5"]
    assert plots.cross_validation_curve({1: [0.1]}, ax=ax) is ax


def test_settings_close_together_are_not_all_labelled():
    ax = plots.cross_validation_curve({k: [0.1] for k in (1, 3, 5, 8, 10, 12, 15, 20)})
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["1", "3", "5", "8", "10", "", "15", "20"]
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_show_confusion_puts_the_true_class_on_the_left():
    ax = plots.show_confusion(np.array([[5, 1], [2, 8]]), ["cat", "dog"])
    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {(0, 0): "5", (1, 0): "1", (0, 1): "2", (1, 1): "8"}  # (column, row)
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true", "predicted")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]
    assert plots.show_confusion(np.ones((1, 1), int), ["cat"], ax=ax) is ax


def test_show_confusion_writes_what_can_be_read_on_its_cell():
    counts = np.arange(0, 100).reshape(10, 10)
    ax = plots.show_confusion(counts, list("abcdefghij"))
    cmap = ax.images[0].cmap
    for text in ax.texts:
        cell = cmap(int(text.get_text()) / 99)[:3]
        assert contrast(text.get_color(), cell) > 3


POINTS, LABELS = np.zeros((2, 2)), np.zeros(2, int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.show_images(np.zeros((2, 2))), r"images of shape \(N, H, W, 3\)"),
        (lambda: plots.show_images(np.zeros((2, 4, 4, 2))), r"images of shape \(N, H, W, 3\)"),
        (lambda: plots.show_images(pictures(0)), "no images"),
        (lambda: plots.show_images(pictures(2) * 1.0), "lie in 0 to 1, not 0 to 23; divide by 255"),
        (lambda: plots.show_images(np.full((1, 2, 2, 3), np.nan)), "lie in 0 to 1"),
        (lambda: plots.show_images(pictures(2), ["a"]), "title for each image: 2, not 1"),
        (lambda: plots.show_images(pictures(2), columns=0), "columns must be at least 1, got 0"),
        (lambda: plots.show_images_by_class(pictures(2), LABELS[:1], ["a"]), "differ in length"),
        (lambda: plots.show_images_by_class(pictures(2), LABELS, ["a"]), "2 for 'a', not 8"),
        (lambda: plots.show_templates(np.zeros((3, 4)), ["a"]), r"shape \(C, H, W, 3\)"),
        (lambda: plots.show_templates(np.full((1, 2, 2, 3), np.inf), ["a"]), "NaN or infinity"),
        (lambda: plots.decision_regions(len, POINTS[:, :1], LABELS), r"expected points \(N, 2\)"),
        (lambda: plots.decision_regions(len, POINTS[:0], LABELS[:0]), "at least one point"),
        (
            lambda: plots.decision_regions(lambda X: np.full(len(X), 9), POINTS, LABELS),
            "whole numbers from 0 to 5",
        ),
        (lambda: plots.cross_validation_curve({}), "no accuracies"),
        (lambda: plots.cross_validation_curve({1: []}), "no accuracies"),
        (lambda: plots.cross_validation_curve({0: [0.1]}), "settings above zero"),
        (lambda: plots.show_confusion(np.ones((2, 3)), ["a", "b"]), r"shape \(2, 2\), one row"),
        (lambda: plots.show_confusion(np.array([[-1]]), ["a"]), "0 or more"),
    ],
)
def test_bad_input_is_explained_and_nothing_is_left_open(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []
