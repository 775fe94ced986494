"""The places where the scenes are set: sky, street, meadow, forest, room, pond and sea."""

import numpy as np

from cs231n_lib.data._canvas import Canvas, Draws, PerImage, mix, rgb, union

WHITE = rgb("#ffffff")


def _wash(canvas: Canvas, top: np.ndarray, bottom: np.ndarray) -> None:
    canvas.pixels[...] = mix(top, bottom, (canvas.page_y + 1) / 2)


def _ground(canvas: Canvas, horizon: PerImage, near: np.ndarray, far: np.ndarray) -> None:
    depth = np.minimum(np.maximum((canvas.page_y - horizon) / (1 - horizon), 0), 1)
    canvas.fill(canvas.below(horizon), mix(far, near, depth))


def _cloud(canvas: Canvas, x: PerImage, y: PerImage, size: PerImage, opacity: PerImage) -> None:
    puffs = [(-0.28, 0.04, 0.22, 0.13), (0.0, -0.05, 0.26, 0.2), (0.28, 0.05, 0.24, 0.12)]
    shape = union(
        *(canvas.ellipse(x + size * a, y + size * b, size * c, size * d) for a, b, c, d in puffs)
    )
    canvas.fill(shape, WHITE, opacity)


def _heaven(canvas: Canvas, draw: Draws) -> None:
    """Wash a sky of any hour: noon, overcast or dusk."""
    hour, grey = draw(), draw()
    top = mix(rgb("#3f8fe0"), rgb("#7f7fc4"), hour * hour)
    bottom = mix(rgb("#c4e6fa"), rgb("#ffcfa0"), hour * hour)
    grey = 0.5 * grey * grey
    _wash(canvas, mix(top, rgb("#a9b4bd"), grey), mix(bottom, rgb("#dde2e4"), grey))


def sky(canvas: Canvas, draw: Draws) -> None:
    """Paint the air high up, with clouds."""
    _heaven(canvas, draw)
    for _ in range(3):
        _cloud(canvas, 2.2 * draw() - 1.1, 2 * draw() - 1, 0.7 + 0.7 * draw(), 0.4 + 0.5 * draw())


def street(canvas: Canvas, draw: Draws) -> None:
    """Paint houses, a pavement and a road with its dashed line."""
    _heaven(canvas, draw)
    horizon = 0.1 + 0.25 * draw()
    for x in (-0.8, -0.1, 0.6):
        wall = mix(rgb("#c98a6b"), rgb("#b9b4a2"), draw())
        height, middle = 0.35 + 0.5 * draw(), x + 0.3 * draw()
        top = horizon - height
        canvas.fill(canvas.box(middle, horizon - height / 2, 0.3, height / 2), wall)
        for column in (-0.12, 0.12):
            canvas.fill(canvas.box(middle + column, top + 0.16, 0.06, 0.07), rgb("#5d6f80"))
    _ground(canvas, horizon, rgb("#6d6f74"), rgb("#8a8c90"))
    canvas.fill(canvas.box(0.0, horizon + 0.03, 2.0, 0.04), rgb("#b9b7b0"))
    shift = draw()
    for x in (-1.2, -0.4, 0.4, 1.2):
        canvas.fill(canvas.box(x + 0.8 * shift - 0.4, 0.86, 0.2, 0.035), rgb("#e9e4c8"))


def meadow(canvas: Canvas, draw: Draws) -> None:
    """Paint rolling hills, grass and some flowers."""
    _heaven(canvas, draw)
    horizon, dry = -0.15 + 0.4 * draw(), draw()
    far = mix(rgb("#7fa86f"), rgb("#b0a860"), dry)
    canvas.fill(canvas.ellipse(2.4 * draw() - 1.2, horizon + 0.3, 1.2, 0.45 + 0.2 * draw()), far)
    _ground(
        canvas,
        horizon,
        mix(rgb("#4f9a3c"), rgb("#98902f"), dry),
        mix(rgb("#8cc45e"), rgb("#c9bd62"), dry),
    )
    flower = mix(rgb("#ffe45c"), rgb("#ff9fc4"), draw())
    for _ in range(3):
        canvas.fill(canvas.ellipse(2 * draw() - 1, 0.6 + 0.4 * draw(), 0.05, 0.05), flower)


def forest(canvas: Canvas, draw: Draws) -> None:
    """Paint trunks under dark leaves."""
    autumn = draw() * draw()
    leaf = mix(rgb("#33703c"), rgb("#b06d2c"), autumn)
    _wash(canvas, leaf, mix(rgb("#93bb80"), rgb("#e2bc78"), autumn))
    for x in (-0.85, -0.2, 0.45, 0.95):
        trunk = x + 0.3 * draw() - 0.15
        canvas.fill(canvas.capsule(trunk, -1.0, trunk, 0.6, 0.05 + 0.05 * draw()), rgb("#4b3727"))
    for x in (-0.7, 0.0, 0.7):
        crown = canvas.ellipse(x + 0.4 * draw() - 0.2, -1.0 + 0.2 * draw(), 0.5, 0.35)
        canvas.fill(crown, leaf * 0.8)
    _ground(canvas, 0.25 + 0.2 * draw(), mix(rgb("#6b5a34"), leaf, 0.3), leaf)


def room(canvas: Canvas, draw: Draws) -> None:
    """Paint a papered wall, a window or a picture, and a wooden floor."""
    tone, warm = draw(), draw()
    wall = mix(mix(rgb("#e8d9b8"), rgb("#b9c9cf"), tone), rgb("#d59a8c"), warm * warm)
    _wash(canvas, wall, wall * 0.9)
    x, y = 1.4 * draw() - 0.7, -0.55 + 0.2 * draw()
    canvas.fill(canvas.box(x, y, 0.3, 0.26), WHITE)
    canvas.fill(canvas.box(x, y, 0.24, 0.2), mix(rgb("#9fd0ee"), rgb("#3a4a6b"), draw()))
    canvas.fill(canvas.box(x, y, 0.03, 0.24), WHITE)
    floor = mix(rgb("#a9743f"), rgb("#7d6a5c"), draw())
    horizon = 0.2 + 0.25 * draw()
    _ground(canvas, horizon, floor, floor * 0.85)
    canvas.fill(canvas.box(0.0, horizon, 2.0, 0.04), WHITE)


def pond(canvas: Canvas, draw: Draws) -> None:
    """Paint still water with reeds and lily pads."""
    murky = draw()
    _wash(
        canvas,
        mix(rgb("#3d7f86"), rgb("#55703c"), murky),
        mix(rgb("#6fb3a8"), rgb("#8a9a52"), murky),
    )
    for x in (-0.9, -0.7, 0.75, 0.92):
        reed = x + 0.1 * draw()
        canvas.fill(canvas.capsule(reed, 0.1, reed, -0.9 + 0.4 * draw(), 0.03), rgb("#3f6a2b"))
    for _ in range(3):
        pad = canvas.ellipse(2 * draw() - 1, 1.2 * draw() - 0.2, 0.3, 0.12)
        canvas.fill(pad, mix(rgb("#5fae4a"), rgb("#3c8a55"), draw()))


def sea(canvas: Canvas, draw: Draws) -> None:
    """Paint open water with white crests under a wide sky."""
    _heaven(canvas, draw)
    _cloud(canvas, 2 * draw() - 1, -0.7 + 0.3 * draw(), 0.6 + 0.5 * draw(), 0.6)
    horizon, deep = -0.1 + 0.3 * draw(), draw()
    _ground(
        canvas,
        horizon,
        mix(rgb("#1f5fa8"), rgb("#1d6f78"), deep),
        mix(rgb("#5aa0d8"), rgb("#6fb4b4"), deep),
    )
    for _ in range(4):
        y = horizon + 0.1 + (0.9 - horizon) * draw()
        canvas.fill(canvas.box(2 * draw() - 1, y, 0.16, 0.02), WHITE, 0.55)


BACKGROUNDS = (sky, street, meadow, forest, room, pond, sea)
