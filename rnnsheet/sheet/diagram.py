"""The diagram of a recurrent cell, laid out from its equations, and the flows of its states over time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rnnsheet.equations.expr import At, Expr, Leaf, Next, Operation, Parameter, Part, Previous, Value, leaves
from rnnsheet.equations.notation import symbol, symbols
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.equations.rules import RULES
from rnnsheet.labels import Labels
from rnnsheet.sheet.captions import short
from rnnsheet.sheet.drawing import Arrow, Box, Diagram, Flow
from rnnsheet.sheet.page_builder import STYLES
from rnnsheet.sheet.plan import Block

_LETTER, _LINE, _MARGIN = 6, 17, 14
"""The pixels of a letter, of a line of text, and of what is left free around a box' text."""
_GAP, _LANE = 12, 8
"""Pixels between boxes that stand below each other, and of a line that passes between them."""
_BETWEEN = 46
"""Pixels between the columns, for the arrows."""
_LONGEST = 34
"""So many letters of an equation have room in a box; of a longer one stands its outermost operation."""


def diagrams(network: Recurrence, labels: Labels, row: int, col: int) -> Iterator[Diagram]:
    """A diagram of each kind of recurrent cell in a network, below each other from a cell on."""
    known: set[str] = set()
    for state in _states(network):
        layer = network.equations[state].layer
        equations = [each for each in network.of("cell") if each.layer == layer]
        kind = " ".join(f"{each.base} {_shape(each.expr)}" for each in equations)
        if kind not in known:
            known.add(kind)
            drawn = _Cell(network, equations).diagram(labels, row, col)
            yield drawn
            row += drawn.rows + 2


def _states(network: Recurrence) -> list[str]:
    """The states of recurrent cells; what is said and read again is another one."""
    return [name for name in network.states if network.equations[name].part == "cell"]


def _shape(expr: Expr) -> str:
    """The operations of an expression, without names of layers."""
    return f"{expr.rule}({' '.join(map(_shape, expr.operands))})" if isinstance(expr, Operation) else "."


@dataclass
class _Node:
    """What stands in a column of the diagram: a box, or without a text a line that passes through."""

    name: str = ""
    text: str = ""
    style: str = ""
    from_before: bool = False
    """It comes from the time step that was computed before."""
    sources: list["_Node"] = field(default_factory=list)
    x: int = 0
    y: int = 0
    width: int = 0

    @property
    def height(self) -> int:
        lines = bool(self.name) + bool(self.text)
        return _LINE * lines + _MARGIN if lines else _LANE

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


class _Cell:
    """One cell: what is read stands left, each value right of all that it is computed of."""

    def __init__(self, network: Recurrence, equations: list[Equation]):
        self.network, self.equation = network, equations[0]
        """Any of the cell's equations: of its layer."""
        self.columns: list[list[_Node]] = [[]]
        self.nodes: dict[str, _Node] = {}
        self.depth: dict[str, int] = {}
        merged = dict(_merged(network, equations))
        for equation in equations:
            if equation.name not in merged:
                self._add(equation, merged)
        states = [each.name for each in equations if each.name in network.states]
        for state in states:
            self._put(
                _Node(f"{self._symbol(state)} ⇢", style="hidden", sources=[self.nodes[state]]),
                len(self.columns) if state == states[0] else len(self.columns) - 1,
                f"{state} next",
            )
        self._lanes()

    def _add(self, equation: Equation, merged: Mapping[str, Equation]) -> None:
        expr, outermost = equation.expr, "…"
        if isinstance(expr, Operation) and len(expr.operands) == 1:
            outermost = RULES[expr.rule].symbol.format("…")
            operand = expr.operands[0]
            if isinstance(operand, Value) and operand.name in merged:
                expr = replace(expr, operands=(merged[operand.name].expr,))
        text = self._short(symbols(expr))
        text = text if len(text) <= _LONGEST else outermost
        sources = {name: self._source(leaf) for leaf in leaves(expr) if (name := _key(leaf))}
        depth = 1 + max((self.depth[name] for name in sources), default=0)
        node = _Node(self._symbol(equation.name), text, STYLES[equation.part], sources=list(sources.values()))
        self._put(node, depth, equation.name)

    def _symbol(self, name: str) -> str:
        return self._short(symbol(self.network.equations[name].value))

    def _short(self, text: str) -> str:
        """The names of the cell, which other layers of its kind share; `diagram` tells the layer's own."""
        return short(text, self.equation)

    def _source(self, leaf: Leaf) -> _Node:
        """The node of what an equation reads; of what comes from elsewhere it is made where it is new."""
        key = _key(leaf)
        if key not in self.nodes:
            from_before = isinstance(leaf, Previous | Next)
            style = "hidden" if from_before else "given"
            vector = leaf.vector if isinstance(leaf, Part) else leaf
            self._put(_Node(self._short(symbol(vector)), style=style, from_before=from_before), 0, key)
        return self.nodes[key]

    def _put(self, node: _Node, depth: int, key: str) -> None:
        while len(self.columns) <= depth:
            self.columns.append([])
        self.columns[depth].append(node)
        self.nodes[key], self.depth[key] = node, depth

    def _lanes(self) -> None:
        """Where an arrow passes columns, a place in each of them."""
        place = {id(node): at for at, column in enumerate(self.columns) for node in column}
        lanes: dict[tuple[int, int], _Node] = {}
        for at, column in enumerate(list(map(list, self.columns))):
            for node in column:
                for number, source in enumerate(node.sources):
                    for between in range(place[id(source)] + 1, at):
                        key = (id(source), between)
                        if key not in lanes:
                            before = lanes.get((id(source), between - 1), source)
                            lanes[key] = _Node(from_before=source.from_before, sources=[before])
                            self.columns[between].append(lanes[key])
                    node.sources[number] = lanes.get((id(source), at - 1), source)

    def diagram(self, labels: Labels, row: int, col: int) -> Diagram:
        """The boxes in their places, and the arrows between them."""
        height = max(map(_tall, self.columns))
        x = 0
        for column in self.columns:
            if any(node.sources for node in column):
                column.sort(key=lambda node: sum(s.middle for s in node.sources) / len(node.sources))
            letters = max(max(len(node.name), len(node.text)) for node in column)
            y = (height - _tall(column)) // 2
            for node in column:
                node.x, node.y, node.width = x, y, letters * _LETTER + _MARGIN
                y += node.height + _GAP
            x += letters * _LETTER + _MARGIN + _BETWEEN
        every = [node for column in self.columns for node in column]
        last = self.columns[-1]
        boxes = tuple(
            Box(n.name, n.text, n.style, n.x, n.y, n.width, n.height, n.from_before or n in last)
            for n in every
            if n.name
        )
        arrows = [arrow for node in every for arrow in _into(node, node in last)]
        states = [
            symbol(self.network.equations[name].value) for name in self.nodes if name in self.network.states
        ]
        told = labels("diagram.told", cell=", ".join(states))
        equations = "; ".join(f"{node.name} = {node.text}" for node in every if node.text)
        return Diagram(row, col, x - _BETWEEN, height, boxes, tuple(arrows), f"{told} {equations}")


def _tall(column: list[_Node]) -> int:
    return sum(node.height for node in column) + _GAP * (len(column) - 1)


def _into(node: _Node, goes_on: bool) -> Iterator[Arrow]:
    """The arrows into a node from the column left of it; through a lane the line goes on."""
    for source in node.sources:
        dashed = source.from_before or goes_on
        yield Arrow(source.x + source.width, source.middle, node.x, node.middle, dashed, head=bool(node.name))
    if not node.name:
        yield Arrow(node.x, node.middle, node.x + node.width, node.middle, node.from_before, head=False)


def _merged(network: Recurrence, equations: list[Equation]) -> Iterator[tuple[str, Equation]]:
    """The weighted sums that a function of one value alone uses: they stand in its box."""
    for equation in equations:
        users = [
            each
            for each in network.equations.values()
            if equation.name in each.values and each.part not in ("gradient",)
        ]
        if len(users) == 1 and equation.weights and users[0] in equations:
            expr = users[0].expr
            if isinstance(expr, Operation) and expr.operands == (equation.value,):
                yield equation.name, equation


def _key(leaf: Leaf) -> str:
    """By what a leaf's node is known; "" of what has none, such as weights."""
    if isinstance(leaf, Parameter):
        return ""
    if isinstance(leaf, Previous | Next):
        return f"{leaf.name} before"
    return f"{leaf.name} {leaf.step}" if isinstance(leaf, At) else leaf.name


def flows(network: Recurrence, blocks: Mapping[str, Block], labels: Labels) -> Iterator[Flow]:
    """Where the states of each time step enter the next, by the blocks of the values over time."""
    for state in _states(network):
        own = blocks[state].area
        readers = [
            blocks[each.name].area
            for each in network.of("cell")
            if any(isinstance(leaf, Previous | Next) and leaf.name == state for leaf in leaves(each.expr))
        ]
        into = tuple(area.row + area.rows / 2 for area in readers)
        steps = range(own.cols) if state not in network.reverse else range(own.cols - 1, -1, -1)
        for step, after in pairwise(steps):
            told = labels(
                "diagram.flow", state=symbol(network.equations[state].value), step=step + 1, after=after + 1
            )
            yield Flow(own.row + own.rows / 2, own.col + step, into, own.col + after, told)
