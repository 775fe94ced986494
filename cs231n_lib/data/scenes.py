"""The embedded data set: ten CIFAR-10 classes drawn from a seed, with nuisances to dial."""

from dataclasses import dataclass, fields

import numpy as np

from cs231n_lib.data.backgrounds import BACKGROUNDS
from cs231n_lib.data.dataset import CLASS_NAMES, Dataset
from cs231n_lib.data.drawing import SIZE, Canvas, Draw, PerImage, mix, rgb
from cs231n_lib.data.objects import CAST

_DRAWS = 48  # uniform numbers an image may use
_CHUNK = 64  # images drawn at once: few enough to stay in a processor's cache


@dataclass(frozen=True)
class Nuisances:
    """What varies in a scene without changing its class, each dial from 0 (never) to 1 (fully).

    Attributes
    ----------
    pose : float
        How often the object faces left instead of right (never at 0, half of the time at
        1), and how much it is tilted.
    position : float
        How far the object strays from the middle: up to a quarter of the image at 1.
    scale : float
        How much its size varies: by half at 1.
    colour : float
        How often the object has another colour than its class usually has, and how far
        its shade strays.
    background : float
        How often the background is drawn at random instead of the one where the class is
        usually met.  At 0 the background gives the class away; at 1 it says nothing.
    lighting : float
        How much brightness, contrast and tint vary, and the side the light comes from.
    clutter : float
        How often something stands in front: a post, a ball, leaves.
    noise : float
        Amplitude of the grain added to every pixel: up to 0.2 of the full range at 1.

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
    position: float = 0.6
    scale: float = 0.5
    colour: float = 0.5
    background: float = 0.4
    lighting: float = 0.6
    clutter: float = 0.3
    noise: float = 0.3

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


class _Draws:
    """Hands out the columns of a table of uniform numbers, one after the other."""

    def __init__(self, table: np.ndarray) -> None:
        self.table, self.used = table, 0

    def __call__(self) -> np.ndarray:
        self.used += 1
        return self.table[:, self.used - 1, None, None]


def _coat(palette: tuple[str, ...], draw: Draw, dial: PerImage) -> np.ndarray:
    """Return the usual colour of the class or another one of its palette, shape (3, n, 1, 1)."""
    other, which, shade, tint = draw(), draw(), draw(), draw()
    colours = np.concatenate([rgb(code) for code in palette], axis=1)
    choice = np.where(other < dial, (which * len(palette)).astype(np.int64), 0)
    coat = colours[:, choice[:, 0, 0]]
    coat = coat * (1 + dial * (0.5 * shade - 0.25))
    return np.minimum(mix(coat, rgb("#c8a878"), dial * 0.3 * tint), 1)


def _paint(label: int, background: int, table: np.ndarray, dials: Nuisances) -> np.ndarray:
    """Draw one class on one background, once for every row of ``table``."""
    pose, position, scale, light = (
        np.float32(dial) for dial in (dials.pose, dials.position, dials.scale, dials.lighting)
    )
    draw = _Draws(table)
    facing = np.where(draw() < 0.5 * pose, -1, 1).astype(np.float32)
    tilt = pose * 0.16 * (draw() - 0.5)
    x, y = position * (draw() - 0.5), position * (draw() - 0.5)
    size = 0.85 + scale * 0.5 * (draw() - 0.5)
    draw_object, palette, _ = CAST[label]
    coat = _coat(palette, draw, np.float32(dials.colour))
    gain, contrast = 1 + light * 0.7 * (draw() - 0.5), 1 - light * 0.4 * draw()
    slope, tint = light * 0.5 * (draw() - 0.5), light * 0.3 * (draw() - 0.5)

    canvas = Canvas(len(table))
    BACKGROUNDS[background](canvas, draw)
    draw = _Draws(table[:, 34:])
    canvas.place(x, y, size, facing, tilt)
    draw_object(canvas, draw, coat)

    pixels = canvas.pixels
    pixels[0] *= 1 + tint
    pixels[2] *= 1 - tint
    pixels *= gain * (1 + slope * canvas.page_x)
    return (pixels - 0.5) * contrast + 0.5


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
    ValueError
        If ``labels`` is not a row of integers from 0 to 9.

    Examples
    --------
    >>> frog = draw_scenes([CLASS_NAMES.index("frog")], rng=np.random.default_rng(0))
    >>> frog.shape, frog.dtype
    ((1, 32, 32, 3), dtype('uint8'))
    """
    dials = Nuisances() if nuisances is None else nuisances
    labels = np.asarray(labels)
    if labels.ndim != 1 or not (np.issubdtype(labels.dtype, np.integer) or labels.size == 0):
        raise ValueError(f"labels must be a row of integers, not {labels.dtype} {labels.shape}")
    if labels.size and not (labels.min() >= 0 and labels.max() < len(CAST)):
        raise ValueError(f"labels must lie in 0 to 9, not {labels.min()} to {labels.max()}")

    grain = np.random.default_rng(rng.integers(2**63 - 1))
    table = rng.random((len(labels), _DRAWS), dtype=np.float32)
    usual = np.array([number for _, _, number in CAST])[labels.astype(np.int64)]
    anywhere = (table[:, 1] * len(BACKGROUNDS)).astype(np.int64)
    places = np.where(table[:, 0] < np.float32(dials.background), anywhere, usual)

    images = np.empty((len(labels), SIZE, SIZE, 3), dtype=np.float32)
    for label in range(len(CAST)):
        for place in range(len(BACKGROUNDS)):
            (members,) = np.nonzero((labels == label) & (places == place))
            for start in range(0, len(members), _CHUNK):
                chunk = members[start : start + _CHUNK]
                drawn = _paint(label, place, table[chunk, 2:], dials)
                images[chunk] = drawn.transpose(1, 2, 3, 0)
    out = np.empty(images.shape, dtype=np.uint8)
    amplitude = np.float32(0.4 * dials.noise)
    for start in range(0, len(labels), _CHUNK):
        part = images[start : start + _CHUNK]
        part = part + amplitude * (grain.random(part.shape, dtype=np.float32) - np.float32(0.5))
        out[start : start + _CHUNK] = np.minimum(np.maximum(part, 0), 1) * 255 + np.float32(0.5)
    return out


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
