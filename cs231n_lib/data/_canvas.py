"""A canvas that draws the same antialiased shape on many images at once.

A shape is its signed distance: negative inside, zero on the edge, positive outside.  The
union of two shapes is the smaller of their distances, and a pixel's coverage is read off
the distance directly, so edges come out smooth without drawing at a higher resolution.

Only + - * /, square root, minimum and maximum touch a pixel.  IEEE 754 fixes the last bit
of each of them, which makes the images the same on every machine.
"""

import math
from collections.abc import Sequence

import numpy as np

SIZE = 32
#: Something with one value an image, shape (n, 1, 1), or one number for all of them.
PerImage = np.ndarray | np.float32 | float


def rgb(code: str) -> np.ndarray:
    """Return a colour written ``"#rrggbb"`` as an array (3, 1, 1, 1) of values 0 to 1."""
    values = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array(values, dtype=np.float32).reshape(3, 1, 1, 1)


def mix(a: np.ndarray, b: np.ndarray, t: PerImage) -> np.ndarray:
    """Blend colour ``a`` into ``b``: ``a`` where ``t`` is 0, ``b`` where it is 1."""
    return a + (b - a) * t


def union(*distances: np.ndarray) -> np.ndarray:
    """Join shapes to one."""
    joined = distances[0]
    for distance in distances[1:]:
        joined = np.minimum(joined, distance)
    return joined


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
        Colours, 0 to 1.
    x, y : ndarray of float32
        Coordinates of the pixel centres in the present frame; broadcast to (n, 32, 32).
    """

    def __init__(self, n: int) -> None:
        self.pixels = np.zeros((3, n, SIZE, SIZE), dtype=np.float32)
        centres = (np.arange(SIZE, dtype=np.float32) + 0.5) / (SIZE / 2) - 1
        self.page_x, self.page_y = centres[None, None, :], centres[None, :, None]
        self.unplace()

    def unplace(self) -> None:
        """Set the frame back to the page itself."""
        self.x, self.y = self.page_x, self.page_y
        self.unit: PerImage = np.float32(SIZE / 2)
        self.light: PerImage = np.float32(1)

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

    def ellipse(self, x: PerImage, y: PerImage, rx: PerImage, ry: PerImage) -> np.ndarray:
        """Return the distance to an ellipse with centre (x, y) and the two half-axes."""
        u, v = (self.x - x) / rx, (self.y - y) / ry
        level = u * u + v * v - 1
        u, v = u / rx, v / ry
        # First order: the level set's value over the length of its gradient.
        return level / (2 * np.sqrt(u * u + v * v) + 1e-4)

    def capsule(
        self,
        x0: PerImage,
        y0: PerImage,
        x1: PerImage,
        y1: PerImage,
        r0: PerImage,
        r1: PerImage | None = None,
    ) -> np.ndarray:
        """Return the distance to a thick line that tapers from radius ``r0`` to ``r1``."""
        r1 = r0 if r1 is None else r1
        ex, ey = x1 - x0, y1 - y0
        dx, dy = self.x - x0, self.y - y0
        t = np.minimum(np.maximum((dx * ex + dy * ey) / (ex * ex + ey * ey + 1e-6), 0), 1)
        dx, dy = dx - t * ex, dy - t * ey
        return np.sqrt(dx * dx + dy * dy) - (r0 + t * (r1 - r0))

    def box(
        self, x: PerImage, y: PerImage, half_width: PerImage, half_height: PerImage, r: float = 0.0
    ) -> np.ndarray:
        """Return the distance to an upright box with corners rounded by ``r``."""
        dx = abs(self.x - x) - (half_width - r)
        dy = abs(self.y - y) - (half_height - r)
        ox, oy = np.maximum(dx, 0), np.maximum(dy, 0)
        return np.sqrt(ox * ox + oy * oy) + np.minimum(np.maximum(dx, dy), 0) - r

    def polygon(self, corners: Sequence[tuple[float, float]]) -> np.ndarray:
        """Return the distance to a convex polygon, its corners clockwise as seen on screen."""
        distance = None
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
            nx, ny = (y1 - y0) / length, (x0 - x1) / length
            edge = self.x * nx + (self.y * ny - (x0 * nx + y0 * ny))
            distance = edge if distance is None else np.maximum(distance, edge)
        assert distance is not None
        return distance

    def below(self, y: PerImage) -> np.ndarray:
        """Return the distance to everything under a horizontal line."""
        return y - self.y

    def fill(self, distance: np.ndarray, colour: np.ndarray, opacity: PerImage = 1.0) -> None:
        """Paint a shape."""
        cover = np.minimum(np.maximum(0.5 - distance * self.unit, 0), 1) * opacity
        self.pixels *= 1 - cover
        self.pixels += colour * (cover * self.light)
