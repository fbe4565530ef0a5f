"""The picture as SVG: lines and frames, each with the cell whose number it shows; the script fills them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnnsheet.webpage.book import Book
from rnnsheet.webpage.elements import element, number
from rnnsheet.webpage.graph import LISTED, TALL, Described, Edge, Graph, Node

_MOST_LINES = 700
"""With more weights than these each arrow is one line."""
_LARGEST = 1.25
"""No larger than by this is the picture shown."""
_LISTED = 3
"""So many of the greatest values are listed."""

Place = list[int]


def svg(graph: Graph, made: Book, weights: Mapping[str, Place], letters: Sequence[Described]) -> str:
    """The picture of a graph; `weights` are where these stand, `letters` the equations of what is read."""
    drawing = _Drawing(graph, made, weights)
    parts = [*map(drawing.edge, graph.edges), *map(drawing.node, graph.nodes.values())]
    for letter in letters:
        parts += drawing.letters(letter)
    size = f"0 0 {number(graph.width)} {number(graph.height)}"
    return element(
        "svg", "".join(parts), id="picture", viewBox=size, role="img", width=graph.width * _LARGEST
    )


class _Drawing:
    def __init__(self, graph: Graph, made: Book, weights: Mapping[str, Place]):
        self._graph, self._made, self._weights = graph, made, weights
        self._one_each = sum(map(self._weights_of, graph.edges)) > _MOST_LINES

    def _weights_of(self, edge: Edge) -> int:
        return edge.start.rows * edge.end.rows if edge.weight in self._weights else 1

    def edge(self, edge: Edge) -> str:
        """Its weights as lines, or one line where they are too many."""
        return element("g", "".join(self._lines(edge)), data_to=edge.end.key, data_weight=edge.weight)

    def _lines(self, edge: Edge) -> Iterator[str]:
        start, end = edge.start, edge.end
        at = self._weights.get(edge.weight)
        if not at or self._one_each or not start.size or not end.size:
            yield element("path", d=_path(edge, start.x + start.wide / 2, end.x + end.wide / 2))
            return
        one = at[3] * at[4] == 1
        for i in range(end.rows if one else min(end.rows, at[3])):
            for j in [i] if one else range(min(start.rows, at[4])):
                cell = self._made.cell(at) if one else self._made.cell(at, i, j)
                path = _path(edge, start.x + (j + 0.5) * start.size, end.x + (i + 0.5) * end.size)
                yield element("path", d=path, data_cell=cell)

    def node(self, node: Node) -> str:
        """Its frame, its units and the numbers in them, its name and what its rows are called."""
        drawn, x, y = node.of["drawn"], node.x, node.y
        around = {"x": x - 3, "y": y - 3, "width": node.wide + 6, "height": TALL + 6}
        frame: dict[str, Any] = {"kind": "frame", **around, "rx": 12 if drawn == "gate" else 5}
        if drawn == "said":
            word = element("text", x=x + node.wide / 2, y=y + 21)
            parts = [element("rect", **frame, data_cell=self._cell(node.of, node.t)), word]
        else:
            filled = self._units(node) if node.size else self._list(node)
            parts = [element("rect", **frame), *filled, *self._names(node)]
        kind = drawn if node.size or drawn == "said" else f"{drawn} list"
        return element("g", "".join(parts), data_node=node.key, kind=f"node {kind}")

    def _units(self, node: Node) -> Iterator[str]:
        size, rx = node.size, min(3, node.size / 5)
        for k in range(node.rows):
            left = node.x + k * size + size / 30
            place: dict[str, Any] = {"x": left, "y": node.y, "width": size * 0.93, "height": TALL, "rx": rx}
            yield element("rect", kind="unit", **place, data_cell=self._cell(node.of, node.t, k))
        if size >= TALL:
            for k in range(node.rows):
                yield element("text", x=node.x + (k + 0.5) * size, y=node.y + 19)

    def _list(self, node: Node) -> Iterator[str]:
        high = TALL / _LISTED
        for k in range(_LISTED):
            place: dict[str, Any] = {"x": node.x, "y": node.y + k * high, "width": LISTED, "height": high - 1}
            yield element("rect", kind="unit", **place, data_cell=self._cell(node.of, node.t))
        for k in range(_LISTED):
            yield element("text", kind="small", x=node.x + 3, y=node.y + k * high + 8)

    def _names(self, node: Node) -> Iterator[str]:
        drawn, x, y, symbol = node.of["drawn"], node.x, node.y, node.of["symbol"]
        name = symbol if node.t >= 0 else f"{symbol.replace('ₜ', '')}₀"
        labelled = node.size >= 20 and drawn in ("read", "shares")
        if drawn != "gate" and len(name) < 4 and node.t >= 0:
            yield element("text", html.escape(name), kind="name end", x=x - 9, y=y + 20)
        else:
            over = 21 if labelled and drawn == "shares" else 8
            yield element("text", html.escape(name), kind="name", x=x, y=y - over)
        if labelled:
            above = y - 8 if drawn == "shares" else y + TALL + 13
            for i, label in enumerate(node.of["rows"]):
                middle = x + (i + 0.5) * node.size
                yield element("text", html.escape(label[:3]), kind="label", x=middle, y=above)

    def letters(self, letter: Described) -> Iterator[str]:
        """What is read at each time step, below the lowest node there."""
        lowest: dict[int, Node] = {}
        for node in self._graph.nodes.values():
            if node.t >= 0 and node.of["sequence"] == letter["sequence"]:
                lowest[node.t] = max(lowest.get(node.t, node), node, key=lambda each: each.y)
        for t, node in lowest.items():
            given: dict[str, Any] = {"data_node": f"{letter['name']} {t}", "data_cell": self._cell(letter, t)}
            yield element("text", kind="letter", x=node.x + node.wide / 2, y=node.y + TALL + 34, **given)

    def _cell(self, equation: Described, t: int, row: int = 0) -> int:
        """The cell of a row; before the first time step, that of its first state."""
        if t >= 0:
            return self._made.cell(equation["at"], row, t)
        before: Place = equation["before"]
        return self._made.cell(before, row if before[3] > 1 else 0)


def _path(edge: Edge, x1: float, x2: float) -> str:
    start, end = edge.start, edge.end
    up, beside = start.y > end.y, start.y == end.y
    y1 = start.y if up else start.y + TALL
    y2 = end.y + TALL if up or beside else end.y
    bend = 26 + min(12, abs(x2 - x1) / 20) if beside else (y2 - y1) / 2
    points = x1, y1, x1, y1 + bend, x2, y2 + (bend if beside else -bend), x2, y2
    return "M{} {}C{} {} {} {} {} {}".format(*map(number, points))
