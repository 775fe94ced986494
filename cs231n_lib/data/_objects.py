"""What the scenes show: ten things, each drawn from a handful of shapes.

Every function draws its object facing right in the frame -1 to 1, standing (or floating)
on y = 0.65 or so.  ``coat`` is the object's main colour; ``draw()`` gives one uniform
number an image for whatever varies within the class: a stride, a raised head, open eyes.
"""

import numpy as np

from cs231n_lib.data._canvas import Canvas, Draws, intersection, mix, rgb, union

BLACK, WHITE, PINK = rgb("#1c1a1c"), rgb("#fbfaf5"), rgb("#f08a96")
GLASS, STEEL, TYRE = rgb("#bfe3f2"), rgb("#9aa3ad"), rgb("#232327")


def _shadow(canvas: Canvas, half_width: float, y: float = 0.66) -> None:
    canvas.fill(canvas.ellipse(0.0, y, half_width, 0.09), BLACK, 0.35)


def _wheels(canvas: Canvas, *centres: float, radius: float) -> None:
    y = 0.65 - radius
    canvas.fill(union(*(canvas.ellipse(x, y, radius, radius) for x in centres)), TYRE)
    hub = 0.5 * radius
    canvas.fill(union(*(canvas.ellipse(x, y, hub, hub) for x in centres)), rgb("#c9cdd2"))


def _eye(canvas: Canvas, x: float, y: float, r: float = 0.055) -> None:
    canvas.fill(canvas.ellipse(x, y, r, r), BLACK)


def _legs(canvas: Canvas, feet: list, hip: float, r: float, coat: np.ndarray) -> None:
    """Draw straight legs from ``(x of the hip, x of the foot)`` pairs."""
    for upper, lower in feet:
        canvas.fill(canvas.capsule(upper, hip, lower, 0.6, r * 1.25, r * 0.8), coat)


def airplane(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw an airliner from the side."""
    stripe = mix(rgb("#d8343c"), rgb("#2456b8"), draw())
    far = mix(coat, STEEL, 0.45)
    canvas.fill(canvas.polygon([(0.06, -0.05), (-0.2, -0.42), (-0.06, -0.42), (0.3, -0.05)]), far)
    canvas.fill(canvas.polygon([(-0.55, -0.1), (-0.84, -0.5), (-0.62, -0.5), (-0.3, -0.1)]), stripe)
    canvas.fill(canvas.capsule(-0.74, -0.06, 0.62, 0.02, 0.08, 0.17), coat)
    canvas.fill(canvas.capsule(-0.72, 0.03, 0.6, 0.1, 0.03, 0.045), stripe)
    canvas.fill(canvas.polygon([(0.56, -0.09), (0.72, -0.01), (0.56, 0.01)]), GLASS * 0.6)
    for x in (-0.3, -0.12, 0.06, 0.24, 0.42):
        canvas.fill(canvas.ellipse(x, -0.03, 0.045, 0.045), rgb("#31506e"))
    canvas.fill(canvas.capsule(0.16, 0.22, 0.3, 0.22, 0.08), rgb("#5b6673"))
    canvas.fill(
        canvas.polygon([(-0.02, 0.1), (0.26, 0.1), (-0.26, 0.52), (-0.44, 0.52)]), far * 0.85
    )
    canvas.fill(canvas.polygon([(-0.66, -0.06), (-0.48, -0.04), (-0.76, 0.16), (-0.86, 0.16)]), far)


def automobile(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a small saloon."""
    _shadow(canvas, 0.8)
    roof = -0.3 + 0.12 * draw()
    cabin = union(
        canvas.polygon([(-0.3, -0.24), (0.2, -0.24), (0.48, 0.14), (-0.6, 0.14)]),
        canvas.box(-0.05, roof + 0.2, 0.28, 0.2, 0.1),
    )
    canvas.fill(cabin, coat)
    canvas.fill(canvas.polygon([(-0.28, -0.15), (-0.09, -0.15), (-0.09, 0.1), (-0.46, 0.1)]), GLASS)
    canvas.fill(canvas.polygon([(-0.02, -0.15), (0.17, -0.15), (0.36, 0.1), (-0.02, 0.1)]), GLASS)
    body = union(canvas.box(0.0, 0.27, 0.84, 0.19, 0.12), canvas.box(0.05, 0.36, 0.86, 0.1, 0.05))
    canvas.fill(body, coat)
    canvas.fill(canvas.box(0.0, 0.44, 0.84, 0.03), coat * 0.6)
    canvas.fill(canvas.ellipse(0.78, 0.24, 0.07, 0.07), rgb("#fff3b0"))
    canvas.fill(canvas.box(-0.8, 0.24, 0.04, 0.06), rgb("#ff5040"))
    _wheels(canvas, -0.46, 0.46, radius=0.21)


def bird(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a songbird on a twig."""
    canvas.fill(canvas.capsule(-1.0, 0.68, 1.0, 0.6, 0.05), rgb("#6a4a2c"))
    for x in (-0.08, 0.1):
        canvas.fill(canvas.capsule(x, 0.4, x + 0.03, 0.62, 0.03), rgb("#c9762c"))
    canvas.fill(canvas.capsule(-0.4, 0.2, -0.86, 0.42 - 0.3 * draw(), 0.13, 0.07), coat * 0.6)
    canvas.fill(canvas.polygon([(0.58, -0.34), (0.86, -0.2), (0.56, -0.14)]), rgb("#f6a623"))
    body = union(canvas.ellipse(-0.04, 0.14, 0.46, 0.34), canvas.ellipse(0.38, -0.24, 0.27, 0.26))
    canvas.fill(body, coat)
    canvas.fill(canvas.ellipse(0.16, 0.24, 0.28, 0.22), mix(coat, WHITE, 0.75))
    wing = union(
        canvas.ellipse(-0.14, 0.06, 0.3, 0.2), canvas.capsule(-0.2, 0.1, -0.5, 0.26, 0.12, 0.05)
    )
    canvas.fill(wing, coat * 0.68)
    canvas.fill(canvas.ellipse(0.46, -0.28, 0.09, 0.09), WHITE)
    _eye(canvas, 0.48, -0.28)


def cat(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a cat that sits and looks at you."""
    _shadow(canvas, 0.56)
    dark, light = coat * 0.62, mix(coat, WHITE, 0.7)
    swing = 0.3 * draw()
    tail = union(
        canvas.capsule(-0.24, 0.56, -0.6, 0.46, 0.08),
        canvas.capsule(-0.6, 0.46, -0.7, 0.14 - swing, 0.08, 0.07),
    )
    canvas.fill(tail, dark)
    canvas.fill(
        union(canvas.ellipse(0.0, 0.4, 0.36, 0.28), canvas.ellipse(0.0, 0.2, 0.26, 0.3)), coat
    )
    canvas.fill(canvas.ellipse(0.0, 0.3, 0.15, 0.24), light)
    for x in (-0.13, 0.13):
        canvas.fill(canvas.ellipse(x, 0.6, 0.12, 0.07), light)
    ears = union(
        canvas.polygon([(-0.4, -0.72), (-0.08, -0.46), (-0.38, -0.24)]),
        canvas.polygon([(0.4, -0.72), (0.38, -0.24), (0.08, -0.46)]),
    )
    canvas.fill(union(ears, canvas.ellipse(0.0, -0.24, 0.42, 0.33)), coat)
    canvas.fill(canvas.polygon([(-0.35, -0.58), (-0.2, -0.44), (-0.33, -0.36)]), PINK)
    canvas.fill(canvas.polygon([(0.35, -0.58), (0.33, -0.36), (0.2, -0.44)]), PINK)
    for x in (-0.12, 0.0, 0.12):
        canvas.fill(canvas.capsule(x, -0.52, x * 0.8, -0.42, 0.028), dark)
    canvas.fill(canvas.ellipse(0.0, -0.1, 0.2, 0.13), light)
    iris = mix(rgb("#8fd14f"), rgb("#f2c53d"), draw())
    for x in (-0.19, 0.19):
        canvas.fill(canvas.ellipse(x, -0.26, 0.11, 0.1), iris)
        canvas.fill(canvas.ellipse(x, -0.26, 0.04, 0.1), BLACK)
    canvas.fill(canvas.ellipse(0.0, -0.14, 0.055, 0.04), rgb("#e0566c"))


def deer(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a stag with a white tail."""
    _shadow(canvas, 0.6)
    step, horn = 0.12 * draw(), rgb("#e2cfa4")
    _legs(canvas, [(-0.26, -0.2 - step), (0.2, 0.28 - step)], 0.2, 0.045, coat * 0.7)
    _legs(canvas, [(-0.34, -0.4 + step), (0.26, 0.22 + step)], 0.2, 0.05, coat)
    canvas.fill(canvas.ellipse(-0.46, 0.02, 0.1, 0.13), WHITE)
    body = union(
        canvas.ellipse(-0.06, 0.14, 0.4, 0.19),
        canvas.ellipse(-0.3, 0.1, 0.17, 0.19),
        canvas.capsule(0.26, 0.1, 0.42, -0.34, 0.14, 0.09),
        canvas.capsule(0.44, -0.4, 0.64, -0.3, 0.11, 0.06),
    )
    canvas.fill(body, coat)
    canvas.fill(canvas.ellipse(-0.04, 0.27, 0.28, 0.06), WHITE, 0.8)
    for x, y in ((-0.3, 0.04), (-0.14, 0.02), (0.02, 0.06), (-0.22, 0.15), (-0.05, 0.16)):
        canvas.fill(canvas.ellipse(x, y, 0.04, 0.04), WHITE, 0.8)
    canvas.fill(canvas.capsule(0.36, -0.44, 0.24, -0.52, 0.06, 0.03), coat * 0.8)
    for lean in (-0.16, 0.14):
        tip = 0.44 + lean
        antler = union(
            canvas.capsule(0.42, -0.48, tip, -0.72, 0.032),
            canvas.capsule(tip, -0.72, tip - 0.02, -0.92, 0.03),
            canvas.capsule(tip, -0.7, tip + 1.1 * lean, -0.84, 0.03),
        )
        canvas.fill(antler, horn)
    canvas.fill(canvas.ellipse(0.68, -0.29, 0.05, 0.045), BLACK)
    _eye(canvas, 0.5, -0.42, 0.045)


def dog(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a floppy-eared dog with its tail up and its tongue out."""
    _shadow(canvas, 0.64)
    step, wag = 0.1 * draw(), 0.24 * draw()
    dark, light = coat * 0.55, mix(coat, WHITE, 0.72)
    canvas.fill(canvas.capsule(-0.48, 0.08, -0.84 + wag, -0.3, 0.075, 0.05), coat)
    _legs(canvas, [(-0.28, -0.24 - step), (0.14, 0.2 - step)], 0.3, 0.085, coat * 0.7)
    _legs(canvas, [(-0.42, -0.44 + step), (0.24, 0.24 + step)], 0.3, 0.09, coat)
    body = union(
        canvas.capsule(-0.36, 0.2, 0.2, 0.18, 0.19, 0.22), canvas.capsule(0.2, 0.1, 0.34, -0.1, 0.2)
    )
    canvas.fill(body, coat)
    canvas.fill(canvas.ellipse(-0.22, 0.1, 0.17, 0.12), dark, 0.85)
    canvas.fill(canvas.capsule(0.12, 0.02, 0.48, 0.12, 0.055), rgb("#d5303a"))
    canvas.fill(canvas.ellipse(0.36, -0.3, 0.31, 0.29), coat)
    canvas.fill(canvas.capsule(0.68, -0.02, 0.7, 0.1, 0.065), PINK)
    canvas.fill(canvas.capsule(0.5, -0.16, 0.74, -0.14, 0.16, 0.11), light)
    canvas.fill(canvas.ellipse(0.84, -0.2, 0.09, 0.075), BLACK)
    canvas.fill(canvas.capsule(0.2, -0.46, 0.1, -0.06, 0.12, 0.13), dark)
    canvas.fill(canvas.ellipse(0.5, -0.36, 0.09, 0.09), WHITE)
    _eye(canvas, 0.52, -0.36, 0.06)


def frog(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a frog on a lily pad, all eyes and mouth."""
    canvas.fill(canvas.ellipse(0.0, 0.6, 0.9, 0.2), rgb("#3f8f4a"))
    canvas.fill(canvas.ellipse(0.0, 0.57, 0.84, 0.16), rgb("#62b25a"))
    haunch = union(canvas.ellipse(-0.52, 0.32, 0.24, 0.26), canvas.ellipse(0.52, 0.32, 0.24, 0.26))
    canvas.fill(haunch, coat * 0.75)
    for side in (-1, 1):
        canvas.fill(canvas.capsule(side * 0.56, 0.56, side * 0.76, 0.58, 0.07, 0.05), coat * 0.85)
    body = union(canvas.ellipse(0.0, 0.22, 0.46, 0.38), canvas.ellipse(0.0, -0.04, 0.54, 0.3))
    eyes = union(canvas.ellipse(-0.32, -0.32, 0.19, 0.2), canvas.ellipse(0.32, -0.32, 0.19, 0.2))
    canvas.fill(union(body, eyes), coat)
    canvas.fill(canvas.ellipse(0.0, 0.32, 0.32, 0.25), mix(coat, rgb("#fff6c0"), 0.7))
    look = 0.06 * draw() - 0.03
    for x in (-0.32, 0.32):
        canvas.fill(canvas.ellipse(x, -0.36, 0.13, 0.13), WHITE)
        canvas.fill(canvas.ellipse(x + look, -0.36, 0.07, 0.08), BLACK)
    smile = union(
        canvas.capsule(-0.34, 0.0, 0.0, 0.08, 0.035), canvas.capsule(0.0, 0.08, 0.34, 0.0, 0.035)
    )
    canvas.fill(smile, coat * 0.3)
    for side in (-1, 1):
        canvas.fill(canvas.capsule(side * 0.22, 0.4, side * 0.26, 0.6, 0.07, 0.09), coat * 0.9)


def horse(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a horse at a walk."""
    _shadow(canvas, 0.66)
    step, nod, mane = 0.2 * draw(), 0.12 * draw(), mix(coat * 0.35, BLACK, 0.4)
    _legs(canvas, [(-0.28, -0.18 - step), (0.2, 0.34 - step)], 0.2, 0.065, coat * 0.7)
    _legs(canvas, [(-0.4, -0.48 + step), (0.28, 0.2 + step)], 0.2, 0.07, coat)
    canvas.fill(canvas.capsule(-0.54, -0.02, -0.74, 0.4, 0.07, 0.1), mane)
    canvas.fill(canvas.capsule(0.16, -0.14, 0.4, -0.6 + nod, 0.1, 0.08), mane)
    top = -0.54 + nod
    body = union(
        canvas.ellipse(-0.06, 0.06, 0.46, 0.22),
        canvas.ellipse(-0.36, 0.02, 0.22, 0.23),
        canvas.capsule(0.26, 0.02, 0.5, top, 0.21, 0.14),
        canvas.capsule(0.52, top, 0.8, top + 0.22, 0.135, 0.1),
        canvas.capsule(0.46, top - 0.1, 0.44, top - 0.23, 0.05, 0.02),
    )
    canvas.fill(body, coat)
    canvas.fill(canvas.ellipse(0.83, top + 0.24, 0.085, 0.075), coat * 0.55)
    canvas.fill(canvas.ellipse(0.57, top - 0.02, 0.045, 0.045), BLACK)


def ship(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a steamer with a smoking funnel."""
    smoke, band = draw(), mix(rgb("#e03c31"), rgb("#f2b632"), draw())
    puffs = union(
        canvas.ellipse(-0.2, -0.7, 0.13, 0.1), canvas.ellipse(-0.4, -0.8 - 0.1 * smoke, 0.2, 0.13)
    )
    canvas.fill(puffs, rgb("#e4e4e6"), 0.4 + 0.5 * smoke)
    canvas.fill(canvas.box(-0.12, -0.36, 0.11, 0.26), band)
    canvas.fill(canvas.box(-0.12, -0.56, 0.11, 0.07), BLACK)
    canvas.fill(canvas.capsule(0.44, 0.1, 0.44, -0.5, 0.025), rgb("#5a4636"))
    canvas.fill(canvas.polygon([(0.44, -0.52), (0.7, -0.42), (0.44, -0.32)]), band)
    canvas.fill(
        union(canvas.box(-0.1, 0.06, 0.46, 0.14), canvas.box(-0.06, -0.14, 0.3, 0.12)), WHITE
    )
    for x in (-0.4, -0.2, 0.0, 0.2):
        canvas.fill(canvas.ellipse(x, 0.06, 0.055, 0.055), rgb("#31506e"))
    hull = canvas.polygon([(-0.84, 0.16), (0.94, 0.1), (0.62, 0.6), (-0.66, 0.6)])
    canvas.fill(hull, coat)
    canvas.fill(intersection(hull, canvas.below(0.5)), rgb("#b3402f"))
    canvas.fill(canvas.box(0.02, 0.2, 0.78, 0.03), WHITE, 0.85)
    for x in (-0.66, -0.22, 0.22, 0.66):
        canvas.fill(canvas.ellipse(x, 0.64, 0.26, 0.08), rgb("#e6f4fb"), 0.75)


def truck(canvas: Canvas, draw: Draws, coat: np.ndarray) -> None:
    """Draw a lorry with a tall box behind its cab."""
    _shadow(canvas, 0.92)
    cargo = mix(WHITE, rgb("#d9c7a0"), draw())
    canvas.fill(canvas.box(0.0, 0.38, 0.86, 0.08), rgb("#3c3f45"))
    canvas.fill(canvas.box(-0.26, -0.14, 0.62, 0.46, 0.04), cargo)
    canvas.fill(canvas.box(-0.26, -0.1, 0.62, 0.08), coat, 0.9)
    for x in (-0.66, -0.26, 0.14):
        canvas.fill(canvas.box(x, -0.14, 0.012, 0.44), cargo * 0.7)
    cab = union(canvas.box(0.64, 0.12, 0.24, 0.3, 0.1), canvas.box(0.68, 0.26, 0.25, 0.16, 0.05))
    canvas.fill(cab, coat)
    canvas.fill(canvas.box(0.72, 0.0, 0.14, 0.12, 0.04), GLASS)
    canvas.fill(canvas.ellipse(0.88, 0.3, 0.05, 0.05), rgb("#fff3b0"))
    _wheels(canvas, -0.62, -0.24, 0.62, radius=0.19)


def balloon(canvas: Canvas, draw: Draws) -> None:
    """Let a balloon of any colour fly anywhere."""
    x, y, r = 2 * draw() - 1, 1.8 * draw() - 1, 0.14 + 0.12 * draw()
    colour = np.stack([0.15 + 0.85 * draw() for _ in range(3)])
    canvas.fill(canvas.capsule(x, y, x + 0.1, y + 2.6 * r, 0.015), rgb("#f4f0e4"))
    canvas.fill(canvas.ellipse(x, y, r, 1.15 * r), colour)
    canvas.fill(canvas.ellipse(x - 0.35 * r, y - 0.4 * r, 0.3 * r, 0.3 * r), WHITE, 0.7)


#: For every label: the object, its colours (the usual one first), and the number of the
#: background it is usually met on.
CAST = (
    (airplane, ("#f2f4f7", "#c3ccd6", "#f5d76e", "#8fb8de"), 0),
    (automobile, ("#de2a14", "#3d424a", "#f0c132", "#e9e9ea", "#2f8f5b"), 1),
    (bird, ("#3f7fd6", "#e2a92b", "#c9413a", "#7a5a3c", "#5c6b75"), 0),
    (cat, ("#e08a3c", "#8b8d92", "#4a4346", "#e9dfcf"), 4),
    (deer, ("#b0763f", "#8f6238", "#c79a63"), 3),
    (dog, ("#c89a5f", "#8a5a33", "#efe6d6", "#5a5350"), 2),
    (frog, ("#5cab3c", "#8bbf3a", "#3f8a58", "#a79a3f"), 5),
    (horse, ("#8a4b24", "#5b3520", "#d9cdb8", "#3b302d", "#b5793f"), 2),
    (ship, ("#2457a6", "#27313f", "#e8e8e8", "#8d2f2c"), 6),
    (truck, ("#2a6fc0", "#d98b1f", "#c23a34", "#4f9a5e"), 1),
)
