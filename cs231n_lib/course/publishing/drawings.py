"""Figures as a page needs them: ink that is read on its ground, panels below each other on a phone.

The library draws on a transparent ground in one grey for text and axes (`plots.GREY`), which is
readable, but only just, on a light page and on a dark one.  Here the grey of a stored figure is
exchanged for the page's own.
"""

import io
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image

from cs231n_lib import plots

#: Pixels of a point (1/72 inch) in a drawing, at Matplotlib's 100 dots an inch.
POINT = 100 / 72
#: The grey of text and axes, in numbers.
GREY = np.array([int(plots.GREY[n : n + 2], 16) for n in (1, 3, 5)])
#: The text colours of the two themes (`--pst-color-text-muted` in book/_static/book.css).
INK = {"light": (0x5D, 0x5A, 0x53), "dark": (0xAA, 0xA7, 0x9F)}
#: A share of a panel's width that only its axes have.
BROAD = 0.4
#: Empty columns beside a panel: on a phone its letters do not touch the screen's edge.
MARGIN = ((0, 0), (8, 8), (0, 0))
#: Empty columns that no two letters have between them.
GAP = 5
#: Pictures in a row at most.
IN_A_ROW = 10
#: How far the lowest number of an axis reaches below its end.
HALF_A_NUMBER = 8


def read(png: bytes) -> np.ndarray:
    """Return the pixels of a PNG file, shape (H, W, 4), uint8."""
    return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))


def write(pixels: np.ndarray) -> bytes:
    """Return pixels as a PNG file."""
    file = io.BytesIO()
    # Pillow's default: to try harder saves a twentieth of the bytes and takes five times as long.
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def inked(pixels: np.ndarray, theme: str) -> np.ndarray:
    """Return a figure with its grey strokes in the colour of a theme's text.

    A stroke is thin: close to each of its pixels the ground shines through, bare or below a
    translucent fill.  So grey pixels inside a photograph stay as they are.

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
    result = pixels.copy()
    result[..., :3][_on_ground(pixels)] = INK[theme]
    rows, columns, share = _on_fills(pixels)
    lighter = share[:, None] * (np.array(INK[theme]) - GREY)
    result[rows, columns, :3] = np.clip(np.rint(pixels[rows, columns, :3] + lighter), 0, 255)
    return result


def _on_ground(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the grey pixels with bare or translucent ground around."""
    seen = np.nonzero(pixels[..., 3])
    colour, opacity = pixels[..., :3][seen].astype(int), pixels[..., 3][seen].astype(int)
    # A pixel that is hardly there has its colour rounded.
    allowed = np.where(opacity == 255, 0, 2 + 128 // opacity)
    is_grey = (abs(colour - GREY) <= allowed[:, None]).all(axis=1)
    rows, columns = (place[is_grey] for place in seen)
    ground = np.pad(pixels[..., 3] < 255, 2, constant_values=True)
    windows = np.lib.stride_tricks.sliding_window_view(ground, (5, 5))
    near = windows[rows, columns].any(axis=(1, 2))
    return rows[near], columns[near]


def _on_fills(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pixels in which a grey stroke lies on a translucent fill.

    Returns
    -------
    rows, columns : ndarray of int, shape (K,)
    share : ndarray of float, shape (K,)
        How much of each pixel's colour is the stroke's.
    """
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded[..., 3], (5, 5))
    height, width = pixels.shape[:2]
    # Of each window's rows first, then of its columns: by slices, for NumPy is slow at windows.
    lowest = np.minimum.reduce([padded[n : n + height, :, 3] for n in range(5)])
    thinnest = np.minimum.reduce([lowest[:, n : n + width] for n in range(5)])
    rows, columns = np.nonzero((thinnest > 0) & (pixels[..., 3] > thinnest))
    down, right = np.divmod(windows[rows, columns].reshape(-1, 25).argmin(axis=1), 5)
    fill = padded[rows + down, columns + right].astype(float)
    below, opacity = fill[:, 3] / 255, pixels[rows, columns, 3] / 255
    stroke = (opacity - below) / (1 - below)
    blended = stroke[:, None] * GREY + ((1 - stroke) * below)[:, None] * fill[:, :3]
    off = abs(opacity[:, None] * pixels[rows, columns, :3] - blended).max(axis=1)
    hit = off <= 1 + 2 * opacity  # each of the colours was rounded
    return rows[hit], columns[hit], (stroke / opacity)[hit]


def has_text(pixels: np.ndarray) -> bool:
    """Return whether a figure has strokes in the grey of text: grids of filters have none."""
    if _on_ground(pixels)[0].size:
        return True
    return not np.array_equal(inked(pixels, "light"), inked(pixels, "dark"))


def columns(pixels: np.ndarray) -> int:
    """Return how many pictures stand in a full row of a grid; 1 if there is none."""
    return next((n for n in range(IN_A_ROW, 1, -1) if _axes(pixels, n)), 1)


def stacked(pixels: np.ndarray, panels: int, *, shared: bool = False) -> np.ndarray | None:
    """Return the panels of a figure below one another, or None if they cannot be told apart.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 4)
        A figure whose panels stand side by side on a transparent ground.
    panels : int
        How many there are.
    shared : bool
        Whether all have the vertical axis of the first, which alone has its numbers; then each
        gets a copy of them.

    Examples
    --------
    >>> figure = np.full((4, 25, 4), 255, dtype=np.uint8)
    >>> figure[:, 10:15] = 0
    >>> stacked(figure, 2).shape
    (8, 26, 4)
    >>> stacked(figure, 3) is None
    True
    """
    height = len(pixels)
    axes = _axes(pixels, panels)
    edges = _edges(pixels, axes) if axes else _divided(pixels, panels)
    if edges is None:
        return None
    parts = [pixels[:, a:b] for a, b in pairwise(edges)]
    if shared and axes:
        numbers, foot = parts[0][:, : axes.starts[0]].copy(), axes.bottom + HALF_A_NUMBER
        numbers[foot:] = 0  # below stand those of the horizontal axis
        rests = [part[:, axes.starts[n] - edges[n] :] for n, part in enumerate(parts)]
        parts = [parts[0], *(np.hstack([numbers, rest]) for rest in rests[1:])]
    return column([np.pad(_trimmed(part), MARGIN) for part in parts], height // 12)


def column(parts: list[np.ndarray], gap: int) -> np.ndarray:
    """Return drawings one below the other, with so many empty rows between two of them."""
    width = max(part.shape[1] for part in parts)
    # On the right, axes end; on the left stand numbers of different length.
    rows = [np.pad(part, ((0, gap), (width - part.shape[1], 0), (0, 0))) for part in parts]
    return np.concatenate(rows)[: -gap or None]


def rows(pixels: np.ndarray, number: int, panels: int) -> list[np.ndarray] | None:
    """Return the rows of a grid of panels, each with the horizontal axis that only the last has.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 4)
        Panels of one height, each below its title, on a transparent ground.
    number, panels : int
        How many rows there are, and how many panels in each; None is returned if it is not so.

    Examples
    --------
    >>> figure = np.full((8, 25, 4), 255, dtype=np.uint8)
    >>> figure[:, 10:15] = figure[3] = 0  # two rows, and something below the last
    >>> [row.shape for row in rows(figure[:7], 2, 2)]
    [(3, 25, 4), (3, 25, 4)]
    """
    axes = _axes(pixels, panels)
    if axes is None or len(axes.bands) != number:
        return None
    feet = [stop for _, stop in axes.bands]
    last = pixels[feet[-1] :]
    return [np.concatenate([pixels[foot - feet[0] : foot], last]) for foot in feet]


def wrapped(pixels: np.ndarray, columns: int, width: float) -> np.ndarray | None:
    """Return a grid of pictures with fewer in a row, or None if it is no such grid.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 4)
        Rows of pictures, each below its title, on a transparent ground.
    columns : int
        Pictures in a full row.
    width : float
        What the result must not exceed, unless one picture does.

    Examples
    --------
    >>> figure = np.full((4, 55, 4), 255, dtype=np.uint8)
    >>> figure[:, 10:15] = figure[:, 25:30] = figure[:, 40:45] = 0
    >>> wrapped(figure, 4, 30).shape
    (8, 25, 4)
    """
    axes = _axes(pixels, columns)
    edges = _edges(pixels, axes) if axes else None
    if axes is None or edges is None:
        return None
    pitch = int(np.diff(edges).max())
    feet = [0, *(stop for _, stop in axes.bands)]
    if pixels[feet[-1] :, :, 3].any():
        feet.append(len(pixels))  # a last row that is not full
    cells = [
        _centred(pixels[top:bottom, left:right], pitch)
        for top, bottom in pairwise(feet)
        for left, right in pairwise(edges)
        if pixels[top:bottom, left:right, 3].any()
    ]
    most = max(1, int(width // pitch))
    # Full rows alone, if a few pictures less in each make them so.
    together = next((n for n in range(most, 1, -1) if len(cells) % n == 0), most)
    lines = []
    for first in range(0, len(cells), together):
        line = cells[first : first + together]
        height = max(len(cell) for cell in line)
        line += [np.zeros((height, pitch, 4), np.uint8)] * (together - len(line))
        rows = [np.pad(cell, ((height - len(cell), 0), (0, 0), (0, 0))) for cell in line]
        lines.append(np.hstack(rows))
    return _trimmed(np.concatenate(lines))


class _Axes(NamedTuple):
    """Where a figure's axes stand: columns, and the rows that all of them cross unbroken."""

    starts: list[int]
    stops: list[int]
    bands: list[tuple[int, int]]

    @property
    def bottom(self) -> int:
        return self.bands[-1][1]


def _axes(pixels: np.ndarray, panels: int) -> _Axes | None:
    """Return where the axes of panels side by side stand, None if there is no row of so many."""
    width = pixels.shape[1]
    opaque = pixels[..., 3] > 0
    broad = [[r for r in _runs(row) if r[1] - r[0] > BROAD * width / panels] for row in opaque]
    full = [len(row) == panels for row in broad]
    if not any(full):
        return None
    starts, stops = np.array([row for row, ok in zip(broad, full, strict=True) if ok]).T
    return _Axes(np.min(starts, 1).tolist(), np.max(stops, 1).tolist(), _runs(np.array(full)))


def _edges(pixels: np.ndarray, axes: _Axes) -> list[int] | None:
    """Return the columns between which the panels stand, None if nothing is empty between them."""
    empty = np.asarray(~(pixels[..., 3] > 0).any(axis=0))
    gaps = [r for r in _runs(empty) if r[1] - r[0] >= GAP]
    edges = [0]
    for end in axes.stops[:-1]:
        # The first gap: further right are those between the next panel's label and its numbers.
        after = [(start + stop) // 2 for start, stop in gaps if start >= end]
        if not after:
            return None
        edges.append(after[0])
    return [*edges, pixels.shape[1]]


def _divided(pixels: np.ndarray, panels: int) -> list[int] | None:
    """Return the columns between panels without a frame (seen in perspective, say).

    Nothing is emptier than what stands between two of them, and none is much narrower than the
    others; None if that is not so.
    """
    width = pixels.shape[1]
    empty = np.asarray(~(pixels[..., 3] > 0).any(axis=0))
    between = [r for r in _runs(empty) if r[0] > 0 and r[1] < width]
    broadest = sorted(between, key=lambda r: r[0] - r[1])[: panels - 1]
    edges = [0, *sorted((start + stop) // 2 for start, stop in broadest), width]
    enough = len(edges) == panels + 1 and all(stop - start >= GAP for start, stop in broadest)
    return edges if enough and min(np.diff(edges)) > BROAD * width / panels else None


def _trimmed(part: np.ndarray) -> np.ndarray:
    """Return a panel without the empty columns on its sides."""
    used = np.flatnonzero(part[..., 3].any(axis=0))
    return part[:, used[0] : used[-1] + 1]


def _centred(part: np.ndarray, width: int) -> np.ndarray:
    """Return a picture with its title in the middle of a column."""
    part = _trimmed(part)
    left = (width - part.shape[1]) // 2
    return np.pad(part, ((0, 0), (left, width - left - part.shape[1]), (0, 0)))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return where flags are True without a break: starts and stops."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]])))
    return [(int(a), int(b)) for a, b in zip(change[::2], change[1::2], strict=True)]
