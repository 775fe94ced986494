"""The embedded data set: ten CIFAR-10 classes drawn from a seed, with nuisances to dial."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from cs231n_lib._arguments import check_generator, check_host_numbers
from cs231n_lib.data._backgrounds import BACKGROUNDS
from cs231n_lib.data._canvas import SIZE, Canvas, Draws, PerImage, mix, rgb
from cs231n_lib.data._objects import CAST, balloon
from cs231n_lib.data.dataset import CLASS_NAMES, Dataset

#: How many uniform numbers an image has for what.  Every purpose has its own, so that
#: turning one dial leaves everything else in the picture as it was.
_DRAWS = {
    "place": 2, "frame": 7, "coat": 4, "background": 20, "object": 3, "balloons": 14, "light": 4
}  # fmt: skip
_CHUNK = 64  # images painted at once: few enough to stay in a processor's cache
_FRAME_Y, _BALLOON_Y = slice(4, 6), 2  # the draws that say how high the frame and a balloon are
_BLOCK = 5000  # images in memory as floats at once


@dataclass(frozen=True)
class Nuisances:
    """What varies in a scene without changing its class, each dial from 0 (never) to 1 (fully).

    Attributes
    ----------
    pose : float
        How often the object faces left instead of right (never at 0, half of the time at
        1), and how far it tilts (up to 9 degrees at 1).
    position : float
        How far the object strays from the middle: up to a quarter of the image at 1.
    scale : float
        How much its size varies: from 0.6 to 1.1 times the image at 1, always 0.85 at 0.
    colour : float
        How often its colour is drawn from the whole palette of its class instead of being
        the usual one, and how far the shade strays from the palette's.
    background : float
        How often the background is drawn at random instead of being the one where the
        class is usually met.  At 0 it all but gives the class away; at 1 it says nothing.
    lighting : float
        How much brightness (by a factor of 0.5 to 1.4 at 1), contrast and tint vary, and
        how much brighter one side is than the other.
    clutter : float
        How often a balloon of any colour flies behind the object (always at 1); it is half
        as often that one flies in front.
    noise : float
        Amplitude of the grain, uniform and independent for every pixel and channel: up to
        a fifth of the full range, 51 of 255, at 1.

    Raises
    ------
    ValueError
        If a dial lies outside 0 to 1.

    Examples
    --------
    >>> Nuisances(background=1.0).background
    1.0
    >>> Nuisances.none() == Nuisances(0, 0, 0, 0, 0, 0, 0, 0)
    True
    """

    pose: float = 1.0
    position: float = 1.0
    scale: float = 0.7
    colour: float = 0.4
    background: float = 0.7
    lighting: float = 0.8
    clutter: float = 0.5
    noise: float = 0.15

    def __post_init__(self) -> None:
        """Refuse a dial outside 0 to 1 (and NaN)."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise ValueError(f"{field.name} must be a number from 0 to 1, not {value!r}")
            if not 0 <= value <= 1:
                raise ValueError(f"{field.name} must lie in 0 to 1, not {value!r}")

    @classmethod
    def none(cls) -> "Nuisances":
        """Return all dials at 0: every image of a class shows the same pose and place."""
        return cls(**{field.name: 0.0 for field in fields(cls)})


def _coat(palette: tuple[str, ...], draw: Draws, dial: PerImage) -> np.ndarray:
    """Return the usual colour of the class or another one of its palette, shape (3, n, 1, 1)."""
    other, which, shade, tint = draw(), draw(), draw(), draw()
    choice = np.where(other < dial, (which * len(palette)).astype(np.int64), 0)
    coat = np.concatenate([rgb(code) for code in palette], axis=1)[:, choice[:, 0, 0]]
    coat = coat * (1 + dial * (0.5 * shade - 0.25))
    return np.minimum(mix(coat, rgb("#c8a878"), dial * 0.3 * tint), 1)


def _paint(
    pixels: np.ndarray,
    members: np.ndarray,
    height: np.ndarray,
    brush: Callable[[Canvas, np.ndarray], None],
) -> None:
    """Have ``brush(canvas, which)`` paint some images, a chunk of them at once.

    Those with like values of ``height`` come together: their shapes lie in the same few rows.
    """
    members = members[np.argsort(height[members], kind="stable")]
    for start in range(0, len(members), _CHUNK):
        which = members[start : start + _CHUNK]
        canvas = Canvas(pixels[:, which])
        brush(canvas, which)
        pixels[:, which] = canvas.pixels


def _paint_object(canvas: Canvas, label: int, draws: dict[str, Draws], dials: Nuisances) -> None:
    pose, position, scale, colour = (
        np.float32(dial) for dial in (dials.pose, dials.position, dials.scale, dials.colour)
    )
    draw_object, palette, _ = CAST[label]
    draw = draws["frame"]
    facing = np.where(draw() < 0.5 * pose, -1, 1).astype(np.float32)
    tilt = pose * 0.16 * (draw() - 0.5)
    # The sum of two uniform numbers: near the middle more often than far from it.
    x, y = (0.5 * position * (draw() + draw() - 1) for _ in range(2))
    size = 0.85 + scale * 0.5 * (draw() - 0.5)
    canvas.place(x, y, size, facing, tilt)
    draw_object(canvas, draws["object"], _coat(palette, draws["coat"], colour))


def _shed_light(canvas: Canvas, draw: Draws, light: np.float32) -> None:
    gain, contrast = 1 + light * (0.9 * draw() - 0.5), 1 - 0.2 * light * draw()
    slope, tint = 0.6 * light * (draw() - 0.5), 0.4 * light * (draw() - 0.5)
    pixels = canvas.pixels
    pixels[0] *= 1 + tint
    pixels[2] *= 1 - tint
    pixels *= gain * (1 + slope * canvas.page_x)
    pixels -= 0.5
    pixels *= contrast
    pixels += 0.5


def _as_bytes(pixels: np.ndarray, grain: np.random.Generator, noise: float) -> np.ndarray:
    """Add the grain to pixels (3, n, 32, 32); return images (n, 32, 32, 3)."""
    shape = (*pixels.shape[1:], 3)
    images = np.float32(0.4 * noise) * (grain.random(shape, np.float32) - np.float32(0.5))
    images += pixels.transpose(1, 2, 3, 0)
    np.minimum(np.maximum(images, 0, out=images), 1, out=images)
    images *= 255
    images += np.float32(0.5)
    return images.astype(np.uint8)


def _draw_block(
    labels: np.ndarray, table: np.ndarray, grain: np.random.Generator, dials: Nuisances
) -> np.ndarray:
    """Draw the images of one row of ``table`` each, and add the grain."""
    ends = np.cumsum(list(_DRAWS.values()))[:-1]
    parts = dict(zip(_DRAWS, np.split(table, ends, axis=1), strict=True))
    pixels = np.zeros((3, len(labels), SIZE, SIZE), dtype=np.float32)
    anyhow = np.zeros(len(labels))  # no height that matters

    usual = np.array([place for _, _, place in CAST])[labels]
    elsewhere, where = parts["place"].T
    anywhere = (where * len(BACKGROUNDS)).astype(np.int64)
    places = np.where(elsewhere < np.float32(dials.background), anywhere, usual)
    for place, background in enumerate(BACKGROUNDS):

        def paint_background(canvas: Canvas, which: np.ndarray, paint: Any = background) -> None:
            paint(canvas, Draws(parts["background"][which]))

        _paint(pixels, np.flatnonzero(places == place), anyhow, paint_background)

    def let_balloons_fly(flight: np.ndarray, chance: np.float32) -> None:
        present = np.flatnonzero(flight[:, 0] < chance)
        _paint(
            pixels, present, flight[:, _BALLOON_Y],
            lambda canvas, which: balloon(canvas, Draws(flight[which, 1:])),
        )  # fmt: skip

    behind, in_front = np.split(parts["balloons"], 2, axis=1)
    let_balloons_fly(behind, np.float32(dials.clutter))
    height = parts["frame"][:, _FRAME_Y].sum(axis=1)
    for label in range(len(CAST)):

        def paint_object(canvas: Canvas, which: np.ndarray, label: int = label) -> None:
            draws = {name: Draws(part[which]) for name, part in parts.items()}
            _paint_object(canvas, label, draws, dials)

        _paint(pixels, np.flatnonzero(labels == label), height, paint_object)
    let_balloons_fly(in_front, 0.5 * np.float32(dials.clutter))

    images = np.empty((len(labels), SIZE, SIZE, 3), dtype=np.uint8)
    for start in range(0, len(labels), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        canvas = Canvas(pixels[:, chunk])
        _shed_light(canvas, Draws(parts["light"][chunk]), np.float32(dials.lighting))
        images[chunk] = _as_bytes(canvas.pixels, grain, dials.noise)
    return images


def draw_scenes(
    labels: np.ndarray, *, rng: np.random.Generator, nuisances: Nuisances | None = None
) -> np.ndarray:
    """Draw one image for every label.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Labels 0 to 9, see ``CLASS_NAMES``.
    rng : Generator
        Decides everything that varies.
    nuisances : Nuisances, optional
        How much varies; the default dials if not given.

    Returns
    -------
    ndarray of uint8, shape (N, 32, 32, 3)
        The images.  The first n of them are the same for any N with the same first n
        labels and an ``rng`` in the same state.

    Raises
    ------
    TypeError
        If ``labels`` holds no numbers, ``rng`` is no Generator or ``nuisances`` no Nuisances.
    ValueError
        If ``labels`` is not a row of integers from 0 to 9.

    Examples
    --------
    >>> frog = draw_scenes([CLASS_NAMES.index("frog")], rng=np.random.default_rng(0))
    >>> frog.shape, frog.dtype
    ((1, 32, 32, 3), dtype('uint8'))
    """
    dials = Nuisances() if nuisances is None else nuisances
    if not isinstance(dials, Nuisances):
        raise TypeError(f"nuisances must be Nuisances(...), got {type(dials).__name__}")
    check_generator("draw_scenes", rng)
    labels = check_host_numbers("labels", labels)
    if labels.ndim != 1 or not (np.issubdtype(labels.dtype, np.integer) or labels.size == 0):
        raise ValueError(f"labels must be a row of integers, not {labels.dtype} {labels.shape}")
    if labels.size and not (labels.min() >= 0 and labels.max() < len(CAST)):
        raise ValueError(f"labels must lie in 0 to 9, not {labels.min()} to {labels.max()}")

    labels = labels.astype(np.int64)
    grain = np.random.default_rng(rng.integers(2**63 - 1))
    images = np.empty((len(labels), SIZE, SIZE, 3), dtype=np.uint8)
    for start in range(0, len(labels), _BLOCK):
        block = labels[start : start + _BLOCK]
        table = rng.random((len(block), sum(_DRAWS.values())), dtype=np.float32)
        images[start : start + _BLOCK] = _draw_block(block, table, grain, dials)
    return images


def _labels(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return shuffled labels: every ten in a row are the ten classes in random order."""
    tens = -(-count // len(CLASS_NAMES))
    order = rng.random((tens, len(CLASS_NAMES))).argsort(axis=1, kind="stable")
    return order.ravel()[:count].astype(np.int64)


def load_scenes(
    num_train: int = 5000,
    num_test: int = 1000,
    seed: int = 0,
    nuisances: Nuisances | None = None,
) -> Dataset:
    """Draw the *scenes* data set: the ten classes of CIFAR-10 as small paintings.

    Parameters
    ----------
    num_train, num_test : int
        How many images of each part, 1 or more.
    seed : int
        0 or more.  The same seed gives the same images on every machine.
    nuisances : Nuisances, optional
        How much varies within a class; the default dials if not given.

    Returns
    -------
    Dataset
        Labels are shuffled and balanced: each run of ten images, counted from the first,
        holds every class once.  Training and test images come from independent streams;
        the first n images of a part are the same whatever its length and the other's.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> data = load_scenes(num_train=100, num_test=50)
    >>> np.bincount(data.y_train).tolist()
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10]
    """
    for name, value, least in (
        ("num_train", num_train, 1),
        ("num_test", num_test, 1),
        ("seed", seed, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be an integer, {least} or more, not {value!r}")
    parts = []
    for stream, count in enumerate((num_train, num_test)):
        y = _labels(count, np.random.default_rng([seed, stream, 0]))
        rng = np.random.default_rng([seed, stream, 1])
        parts.append((draw_scenes(y, rng=rng, nuisances=nuisances), y))
    (X_train, y_train), (X_test, y_test) = parts
    return Dataset(X_train, y_train, X_test, y_test)
