"""A shape knows all rows that it touches: painted there alone, it is painted as a whole."""

import numpy as np
import pytest

from cs231n_lib.data._canvas import SIZE, Canvas, intersection, union

#: How shapes are made of six numbers of each image, from 0 to 1.
SHAPES = {
    "ellipse": lambda c, a: c.ellipse(2 * a[0] - 1, 2 * a[1] - 1, 0.03 + a[2], 0.03 + a[3]),
    "thin ellipse": lambda c, a: c.ellipse(a[0], a[1], 0.02, 0.1 + a[3]),
    "flat ellipse": lambda c, a: c.ellipse(a[0], a[1], 0.1 + a[2], 0.02),
    "capsule": lambda c, a: c.capsule(
        2 * a[0] - 1, 2 * a[1] - 1, 2 * a[2] - 1, 2 * a[3] - 1, 0.02 + 0.2 * a[4], 0.2 * a[5]
    ),
    "box": lambda c, a: c.box(2 * a[0] - 1, 2 * a[1] - 1, 0.3 * a[2], 0.02 + 0.3 * a[3], 0.02),
    "polygon": lambda c, a: c.polygon([(-0.1, -0.7), (0.1, -0.6), (0.02, 0.2)]),
    "below": lambda c, a: c.below(2 * a[0] - 1),
    "union": lambda c, a: union(c.ellipse(0.0, a[1] - 1, 0.1, 0.1), c.box(0.0, a[0], 0.1, 0.1)),
    "intersection": lambda c, a: intersection(c.ellipse(0.0, a[1] - 1, 0.5, 0.5), c.below(-0.2)),
}


@pytest.mark.parametrize("placed", [False, True], ids=["on the page", "in a frame"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_covers_nothing_outside_its_rows(name, placed):
    rng = np.random.default_rng(7)
    fewer = False
    for _ in range(300):
        table = rng.random((11, 1, 1, 1), dtype=np.float32)
        canvas = Canvas(np.zeros((3, 1, SIZE, SIZE), dtype=np.float32))
        if placed:
            facing = np.where(table[9] < 0.5, -1, 1).astype(np.float32)
            canvas.place(table[6] - 0.5, table[7] - 0.5, 0.5 + table[8], facing, table[10] - 0.5)
        shape = SHAPES[name](canvas, table)
        fewer |= shape.last - shape.first < SIZE
        whole = shape.distance(slice(0, SIZE))
        covers = np.broadcast_to(0.5 - whole * canvas.unit > 0, (1, SIZE, SIZE)).any(axis=(0, 2))
        assert not covers[: shape.first].any()
        assert not covers[max(shape.last, 0) :].any()
        if shape.first < shape.last:
            rows = slice(shape.first, shape.last)
            np.testing.assert_array_equal(shape.distance(rows), whole[..., rows, :])
    assert fewer  # else nothing is tested


def test_a_shape_beside_the_page_paints_nothing():
    canvas = Canvas(np.ones((3, 1, SIZE, SIZE), dtype=np.float32))
    canvas.fill(canvas.box(0.0, 3.0, 0.1, 0.1), np.zeros((3, 1, 1, 1), dtype=np.float32))
    assert (canvas.pixels == 1).all()
