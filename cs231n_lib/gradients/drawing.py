"""Draw a computational graph from left to right: values above the wires, gradients below.

Plain SVG, without another program: gates are circles, inputs are named, and every wire carries
the number that flows along it and, below, the gradient that flows back.
"""

from __future__ import annotations

import itertools
from html import escape
from pathlib import Path
from typing import Any

from cs231n_lib._arguments import check_text, check_whole
from cs231n_lib.gradients.graph import Value, topological_order

__all__ = ["Drawing", "draw"]

# Mid tones: legible on white and on black alike.
NEUTRAL, GREEN, RED = "#7a7f87", "#22944a", "#e0483e"
COLUMN, ROW, MARGIN, FONT = 112, 58, 44, 13  # pixels
NUMBERS = 31  # from the edge of a gate to the middle of the numbers beside it
LEGIBLE = 11 / FONT  # a narrow page makes a drawing smaller, down to letters of 11 pixels
MAX_NODES = 150


class Drawing:
    """An SVG picture that a notebook shows by itself.

    Attributes
    ----------
    svg : str
        The picture, complete with a title and a description for readers who cannot see it.
    """

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def __repr__(self) -> str:
        """Name the kind alone: an address in memory would make each run's output differ."""
        return "<Drawing>"

    def _repr_html_(self) -> str:
        # In the page itself, and not as an image: the text can be selected and read aloud.
        return f'<div style="overflow-x:auto">{self.svg}</div>'

    def save(self, path: str | Path) -> None:
        """Write the picture to an SVG file."""
        Path(path).write_text(self.svg, encoding="utf-8")


def draw(root: Value, *, digits: int = 2, title: str = "Computational graph") -> Drawing:
    """Draw everything that a :class:`~cs231n_lib.gradients.graph.Value` was made from.

    Parameters
    ----------
    root : Value
        The result. Call ``root.backward()`` first to see gradients other than 0.
    digits : int
        Decimals of the numbers.
    title : str
        What the picture is called for readers who cannot see it; a description of the graph,
        gate by gate, is added.

    Returns
    -------
    Drawing
        Shown by a notebook; its text is in ``svg``.

    Raises
    ------
    TypeError
        If `root` is no Value, `digits` no whole number or `title` no string.
    ValueError
        If `digits` is negative, or the graph has more than 150 numbers: nobody could read it.

    Notes
    -----
    Source: lecture section "Backpropagation", whose drawings have values above the wires (here
    in green) and gradients below (in red).

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
    >>> product = x * y
    >>> product.backward()
    >>> "x = 2.00, gradient 3.00" in draw(product).svg
    True
    """
    if not isinstance(root, Value):
        raise TypeError(f"root must be a Value, got {type(root).__name__}")
    check_whole("digits", digits, 0)
    check_text("title", title)
    order = topological_order(root)
    if len(order) > MAX_NODES:
        raise ValueError(
            f"the graph has {len(order)} numbers; a drawing is legible up to {MAX_NODES}"
        )
    columns = _columns(order)
    rows = _rows(root, order, columns)
    left = 2 + max(_half(v) for v in order if columns[v] == 0)
    place = {v: (left + COLUMN * columns[v], MARGIN + ROW * rows[v, v]) for v in order}
    width = place[root][0] + _half(root) + 2 * NUMBERS
    height = MARGIN * 2 + ROW * max(rows.values())
    wires = [_wire([(place[root][0] + _half(root), place[root][1]), (width, place[root][1])])]
    for v in order:
        for source in dict.fromkeys(v.inputs):
            x, y = place[source]
            route = [(x + _half(source), y)]
            for column in range(columns[source] + 1, columns[v]):
                route.append((left + COLUMN * column, MARGIN + ROW * rows[source, column]))
            wires.append(_wire([*route, (place[v][0] - _half(v), place[v][1])]))
    nodes = [_node(v, *place[v], digits) for v in order]
    described = _describe(order, digits)
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" '
        f'style="max-width:100%;height:auto;min-width:{LEGIBLE * width:.0f}px" '
        f'role="img" aria-label="{escape(title)}. '
        f'{escape(described)}" font-family="sans-serif" font-size="{FONT}" text-anchor="middle">'
        f"<title>{escape(title)}</title><desc>{escape(described)}</desc>"
        f'<g fill="none" stroke="{NEUTRAL}" stroke-width="1.5">{"".join(wires)}</g>'
        f"{''.join(nodes)}</svg>"
    )


def _columns(order: list[Value]) -> dict[Value, int]:
    """Put a gate to the right of all its inputs, and an input just before its first gate."""
    columns: dict[Value, int] = {}
    for v in order:
        columns[v] = 1 + max((columns[source] for source in v.inputs), default=-1)
    for v in order:
        consumers = [columns[u] for u in order if v in u.inputs]
        if not v.inputs and consumers:
            columns[v] = min(consumers) - 1
    return columns


def _rows(
    root: Value, order: list[Value], columns: dict[Value, int]
) -> dict[tuple[Value, Any], float]:
    """Choose the height of every number, and of every wire where it passes a column.

    The entry ``(v, v)`` is the row of v itself, ``(v, column)`` that of its wire there. Column by
    column, each is put at the mean height of where it comes from, or below what is there already.
    """
    lines: dict[Value, int] = {}
    stack = [root]
    while stack:  # inputs get lines in the order in which the formula names them
        v = stack.pop()
        if not v.inputs:
            lines.setdefault(v, len(lines))
        stack.extend(source for source in reversed(v.inputs) if source not in lines)
    ends = {v: max((columns[u] for u in order if v in u.inputs), default=0) for v in order}
    rows: dict[tuple[Value, Any], float] = {}
    for column in range(columns[root] + 1):

        def arrival(source: Value, column: int = column) -> float:
            return rows[source, source if columns[source] == column - 1 else column - 1]

        wanted: list[tuple[float, tuple[Value, Any]]] = []
        for v in order:
            if columns[v] == column and v.inputs:
                wanted.append((sum(map(arrival, v.inputs)) / len(v.inputs), (v, v)))
            elif columns[v] == column:
                wanted.append((float(lines[v]), (v, v)))
            elif columns[v] < column < ends[v]:
                wanted.append((arrival(v), (v, column)))
        free = 0.0
        for row, key in sorted(wanted, key=lambda item: item[0]):
            rows[key] = max(row, free)
            free = rows[key] + 1
    return rows


def _wire(points: list[tuple[float, float]]) -> str:
    """Draw a wire through points: level at first, where the numbers stand, then bending."""
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        bend = min(x0 + 60, x1)
        middle = (bend + x1) / 2
        path += f"H{bend:g}C{middle:g} {y0:g} {middle:g} {y1:g} {x1:g} {y1:g}"
    return f'<path d="{path}"/>'


def _text(v: Value) -> str:
    op = v.op if v.op.startswith("**") else v.op.replace("*", "\u00d7")
    return op or v.label


def _half(v: Value) -> float:
    """Return half the width of a gate or name."""
    return max(15.0, 4.2 * len(_text(v)) + 7) if _text(v) else 0.0


def _node(v: Value, x: float, y: float, digits: int) -> str:
    """Draw a gate or a name, and the two numbers of the wire that leaves it."""
    half = _half(v)
    gate = (
        f'<rect x="{x - half:g}" y="{y - 15:g}" width="{2 * half:g}" height="30" rx="15" '
        f'fill="none" stroke="{NEUTRAL}" stroke-width="1.5"/>'
    )
    numbers = x + half + NUMBERS
    return (
        (gate if v.inputs else "")
        + f'<text x="{x:g}" y="{y + 4.5:g}" fill="{NEUTRAL}">{escape(_text(v))}</text>'
        + f'<text x="{numbers:g}" y="{y - 6:g}" fill="{GREEN}">{v.data:.{digits}f}</text>'
        + f'<text x="{numbers:g}" y="{y + 16:g}" fill="{RED}">{v.grad:.{digits}f}</text>'
    )


def _describe(order: list[Value], digits: int) -> str:
    """Put the graph in words, a line for each number."""
    names: dict[Value, str] = {}
    lines = []
    for v in order:
        made = f" = {v.op} of {' and '.join(names[source] for source in v.inputs)}"
        names[v] = v.label or f"n{len(names) + 1}"
        lines.append(
            f"{names[v]}{made if v.inputs else ''} = {v.data:.{digits}f}, "
            f"gradient {v.grad:.{digits}f}"
        )
    return "; ".join(lines) + "."
