"""A canvas that draws the same antialiased shape on many images at once.

A shape is its signed distance: negative inside, zero on the edge, positive outside.  The
union of two shapes is the smaller of their distances, and a pixel's coverage is read off
the distance directly, so edges come out smooth without drawing at a higher resolution.
Most shapes are small.  Each knows which rows of the page it can touch, and only there is its
distance computed: elsewhere it covers nothing, so that no bit depends on this.

Only + - * /, square root, minimum and maximum touch a pixel.  IEEE 754 fixes the last bit
of each of them, which makes the images the same on every machine.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

SIZE = 32
#: A shape covers nothing this many pixels away from its edge: half a one, and room for rounding.
REACH = np.float32(0.6)
OPAQUE = 1.0
#: Something with one value an image, shape (n, 1, 1), or one number for all of them.
PerImage = np.ndarray | np.float32 | float


def rgb(code: str) -> np.ndarray:
    """Return a colour written ``"#rrggbb"`` as an array (3, 1, 1, 1) of values 0 to 1."""
    values = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array(values, dtype=np.float32).reshape(3, 1, 1, 1)


def mix(a: np.ndarray, b: np.ndarray, t: PerImage) -> np.ndarray:
    """Blend colour ``a`` into ``b``: ``a`` where ``t`` is 0, ``b`` where it is 1."""
    return a + (b - a) * t


def in_rows(values: PerImage, rows: slice) -> Any:
    """Return the rows of something, if it has any: what is the same in all of them stays."""
    if isinstance(values, np.ndarray) and values.shape[-2] == SIZE:
        return values[..., rows, :]
    return values


@dataclass(frozen=True)
class Shape:
    """What can be painted: the rows of the page that it may touch, and its distance in any rows."""

    first: int
    last: int  # one after
    distance: Callable[[slice], np.ndarray]


def union(*shapes: Shape) -> Shape:
    """Join shapes to one."""
    return Shape(
        min(shape.first for shape in shapes),
        max(shape.last for shape in shapes),
        lambda rows: reduce(np.minimum, (shape.distance(rows) for shape in shapes)),
    )


def intersection(one: Shape, other: Shape) -> Shape:
    """Keep what lies in both shapes."""
    return Shape(
        max(one.first, other.first),
        min(one.last, other.last),
        lambda rows: np.maximum(one.distance(rows), other.distance(rows)),
    )


class Draws:
    """Hands out uniform numbers in [0, 1), one an image, from the columns of a table."""

    def __init__(self, table: np.ndarray) -> None:
        self.table, self.used = table, 0

    def __call__(self) -> np.ndarray:
        """Return the next column, shape (n, 1, 1)."""
        self.used += 1
        return self.table[:, self.used - 1, None, None]


class Canvas:
    """``n`` images of 32×32 pixels and a frame of coordinates to draw in.

    Coordinates run from -1 to 1, x to the right and y downwards.  :meth:`place` moves,
    turns, scales and mirrors the frame for every image on its own.

    Attributes
    ----------
    pixels : ndarray of float32, shape (3, n, 32, 32)
        Colours, 0 to 1; painted in place.
    x, y : ndarray of float32
        Coordinates of the pixel centres in the present frame; broadcast to (n, 32, 32).
    """

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        centres = (np.arange(SIZE, dtype=np.float32) + 0.5) / (SIZE / 2) - 1
        self.page_x, self.page_y = centres[None, None, :], centres[None, :, None]
        self.unplace()

    def unplace(self) -> None:
        """Set the frame back to the page itself."""
        self.x, self.y = self.page_x, self.page_y
        self.unit: PerImage = np.float32(SIZE / 2)
        self.light: PerImage = np.float32(1)
        self.reach: PerImage = REACH / self.unit
        self.height: PerImage = np.float32(0)  # of the frame's origin on the page
        self.down: PerImage = np.float32(1)  # on the page, for 1 down in the frame
        self.aslant: PerImage = np.float32(0)  # on the page, up or down, for 1 across

    def place(
        self, x: PerImage, y: PerImage, scale: PerImage, facing: PerImage, tilt: PerImage
    ) -> None:
        """Set the frame: its origin, size, mirror (``facing`` is 1 or -1) and rotation.

        ``tilt`` is the tangent of half the angle, in which sine and cosine are fractions.
        """
        cos = (1 - tilt * tilt) / (1 + tilt * tilt)
        sin = 2 * tilt / (1 + tilt * tilt)
        dx, dy = (self.page_x - x) / scale, (self.page_y - y) / scale
        self.x = (dx * cos + dy * sin) * facing
        self.y = dy * cos - dx * sin
        self.unit = scale * np.float32(SIZE / 2)
        # The sun stands above: what is higher on the object is brighter.
        self.light = 1.04 - 0.2 * self.y
        self.reach = REACH / self.unit
        self.height, self.down, self.aslant = y, scale * cos, scale * abs(sin)

    def _shape(
        self,
        distance: Callable[[np.ndarray, np.ndarray], np.ndarray],
        top: PerImage,
        bottom: PerImage,
        aside: PerImage,
    ) -> Shape:
        """Make a shape of its distance at (x, y), and of a box that it covers nothing outside.

        The box reaches in the frame from ``top`` down to ``bottom``, and ``aside`` of x = 0.
        """
        x, y = self.x, self.y
        up = self.height + self.down * top - self.aslant * aside
        low = self.height + self.down * bottom + self.aslant * aside
        first = math.ceil((float(np.min(up)) + 1) * (SIZE / 2) - 0.5)
        last = math.floor((float(np.max(low)) + 1) * (SIZE / 2) - 0.5) + 1
        return Shape(
            max(first, 0),
            min(last, SIZE),
            lambda rows: distance(in_rows(x, rows), in_rows(y, rows)),
        )

    def ellipse(self, x: PerImage, y: PerImage, rx: PerImage, ry: PerImage) -> Shape:
        """Return the ellipse with centre (x, y) and the two half-axes."""

        def distance(px: np.ndarray, py: np.ndarray) -> np.ndarray:
            u, v = (px - x) / rx, (py - y) / ry
            level = u * u + v * v - 1
            u, v = u / rx, v / ry
            # First order: the level set's value over the length of its gradient.
            return level / (2 * np.sqrt(u * u + v * v) + 1e-4)

        # With V = v and h = reach, a distance below h means V² - 1 + U² < 2h (V/ry + U/rx). Over
        # all U that is V² - 1 - h²/rx² < 2hV/ry, so ry V < h + sqrt(h² + ry² + (h ry/rx)²).
        h = self.reach
        half_height, half_width = 2 * h + ry + h * ry / rx, 2 * h + rx + h * rx / ry
        return self._shape(distance, y - half_height, y + half_height, np.abs(x) + half_width)

    def capsule(
        self,
        x0: PerImage,
        y0: PerImage,
        x1: PerImage,
        y1: PerImage,
        r0: PerImage,
        r1: PerImage | None = None,
    ) -> Shape:
        """Return a thick line that tapers from radius ``r0`` to ``r1``."""
        r1 = r0 if r1 is None else r1
        ex, ey = x1 - x0, y1 - y0

        def distance(px: np.ndarray, py: np.ndarray) -> np.ndarray:
            dx, dy = px - x0, py - y0
            t = np.minimum(np.maximum((dx * ex + dy * ey) / (ex * ex + ey * ey + 1e-6), 0), 1)
            dx, dy = dx - t * ex, dy - t * ey
            return np.sqrt(dx * dx + dy * dy) - (r0 + t * (r1 - r0))

        out = np.maximum(r0, r1) + self.reach
        top, bottom = np.minimum(y0, y1) - out, np.maximum(y0, y1) + out
        return self._shape(distance, top, bottom, np.maximum(np.abs(x0), np.abs(x1)) + out)

    def box(
        self, x: PerImage, y: PerImage, half_width: PerImage, half_height: PerImage, r: float = 0.0
    ) -> Shape:
        """Return an upright box with corners rounded by ``r``."""

        def distance(px: np.ndarray, py: np.ndarray) -> np.ndarray:
            dx = abs(px - x) - (half_width - r)
            dy = abs(py - y) - (half_height - r)
            ox, oy = np.maximum(dx, 0), np.maximum(dy, 0)
            return np.sqrt(ox * ox + oy * oy) + np.minimum(np.maximum(dx, dy), 0) - r

        out = half_height + self.reach
        return self._shape(distance, y - out, y + out, np.abs(x) + half_width + self.reach)

    def polygon(self, corners: Sequence[tuple[float, float]]) -> Shape:
        """Return a convex polygon, its corners clockwise as seen on screen."""
        edges = []
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
            nx, ny = (y1 - y0) / length, (x0 - x1) / length
            edges.append((nx, ny, x0 * nx + y0 * ny))

        def distance(px: np.ndarray, py: np.ndarray) -> np.ndarray:
            return reduce(np.maximum, (px * nx + (py * ny - at) for nx, ny, at in edges))

        # Its edges moved out meet beyond the corners, the farther the sharper a corner is.
        h = float(np.max(self.reach))
        tips = list(corners)
        for (x, y), (ax, ay, _), (bx, by, _) in zip(
            corners, [edges[-1], *edges[:-1]], edges, strict=True
        ):
            out = h / (1 + ax * bx + ay * by)
            tips.append((x + out * (ax + bx), y + out * (ay + by)))
        heights = [y for _, y in tips]
        return self._shape(distance, min(heights), max(heights), max(abs(x) for x, _ in tips))

    def below(self, y: PerImage) -> Shape:
        """Return everything under a horizontal line."""
        aside = np.max(abs(self.x))
        end = np.max(self.y) + self.reach
        return self._shape(lambda _, py: y - py, y - self.reach, end, aside)

    def fill(self, shape: Shape, colour: np.ndarray, opacity: PerImage = OPAQUE) -> None:
        """Paint a shape."""
        if shape.first >= shape.last:
            return
        rows = slice(shape.first, shape.last)
        cover = 0.5 - shape.distance(rows) * self.unit
        np.minimum(np.maximum(cover, 0, out=cover), 1, out=cover)
        if opacity is not OPAQUE:
            cover = cover * opacity
        pixels = self.pixels[:, :, rows]
        pixels *= 1 - cover
        pixels += in_rows(colour, rows) * (cover * in_rows(self.light, rows))
