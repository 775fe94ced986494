"""Figures as a page needs them: ink that is read on its ground, panels below each other on a phone.

The library draws on a transparent ground in one grey for text and axes (`plots.GREY`), which is
readable, but only just, on a light page and on a dark one.  Here the grey of a stored figure is
exchanged for the page's own.
"""

import io
from itertools import pairwise

import numpy as np
from PIL import Image

from cs231n_lib import plots

#: The text colours of the two themes (`--pst-color-text-muted` in book/_static/book.css).
INK = {"light": (0x5D, 0x5A, 0x53), "dark": (0xAA, 0xA7, 0x9F)}
#: A share of a panel's width that only its axes have.
BROAD = 0.4
#: Empty columns that no two letters have between them.
GAP = 5


def read(png: bytes) -> np.ndarray:
    """Return the pixels of a PNG file, shape (H, W, 4), uint8."""
    return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))


def write(pixels: np.ndarray) -> bytes:
    """Return pixels as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def inked(pixels: np.ndarray, theme: str) -> np.ndarray:
    """Return a figure with its grey strokes in the colour of a theme's text.

    A stroke is thin: close to each of its pixels the ground shines through.  So grey pixels inside
    a photograph stay as they are.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 4)
        A figure on a transparent ground.
    theme : str
        ``"light"`` or ``"dark"``.

    Examples
    --------
    >>> stroke = np.zeros((3, 3, 4), dtype=np.uint8)
    >>> stroke[1, 1] = 0x77, 0x77, 0x77, 255
    >>> inked(stroke, "dark")[1, 1].tolist()
    [170, 167, 159, 255]
    """
    grey = np.array([int(plots.GREY[n : n + 2], 16) for n in (1, 3, 5)])
    colour, opacity = pixels[..., :3].astype(int), pixels[..., 3]
    # A pixel that is hardly there has its colour rounded.
    allowed = np.where(opacity == 255, 0, 2 + 128 // np.maximum(opacity, 1).astype(int))
    is_grey = (abs(colour - grey).max(axis=2) <= allowed) & (opacity > 0)
    ground = np.pad(opacity < 255, 2, constant_values=True)
    windows = np.lib.stride_tricks.sliding_window_view(ground, (5, 5))
    result = pixels.copy()
    result[is_grey & windows.any(axis=(2, 3)), :3] = INK[theme]
    return result


def stacked(pixels: np.ndarray, panels: int) -> np.ndarray | None:
    """Return the panels of a figure below one another, or None if they cannot be told apart.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 4)
        A figure whose panels stand side by side on a transparent ground.
    panels : int
        How many there are.

    Examples
    --------
    >>> figure = np.full((4, 25, 4), 255, dtype=np.uint8)
    >>> figure[:, 10:15] = 0
    >>> stacked(figure, 2).shape
    (8, 10, 4)
    >>> stacked(figure, 3) is None
    True
    """
    height, width = pixels.shape[:2]
    opaque = pixels[..., 3] > 0
    # Where axes end is known from the rows that all of them cross without a break.
    broad = [[r for r in _runs(row) if r[1] - r[0] > BROAD * width / panels] for row in opaque]
    ends = [[stop for _, stop in row] for row in broad if len(row) == panels]
    if not ends:
        return None
    gaps = [r for r in _runs(np.asarray(~opaque.any(axis=0))) if r[1] - r[0] >= GAP]
    edges = [0]
    for end in np.max(ends, axis=0)[:-1]:
        # The first gap: further right are those between the next panel's label and its numbers.
        after = [(start + stop) // 2 for start, stop in gaps if start >= end]
        if not after:
            return None
        edges.append(after[0])
    edges.append(width)
    parts = [pixels[:, a:b] for a, b in pairwise(edges)]
    parts = [_trimmed(part) for part in parts]
    column, gap = max(part.shape[1] for part in parts), height // 12
    # On the right, axes end; on the left stand numbers of different length.
    rows = [np.pad(part, ((0, gap), (column - part.shape[1], 0), (0, 0))) for part in parts]
    return np.concatenate(rows)[: -gap or None]


def _trimmed(part: np.ndarray) -> np.ndarray:
    """Return a panel without the empty columns on its sides."""
    used = np.flatnonzero(part[..., 3].any(axis=0))
    return part[:, used[0] : used[-1] + 1]


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return where flags are True without a break: starts and stops."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]])))
    return [(int(a), int(b)) for a, b in zip(change[::2], change[1::2], strict=True)]
