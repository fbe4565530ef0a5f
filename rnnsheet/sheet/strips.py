"""Equations laid out in one row: a column for each time step of the first unit, then of the second."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from rnnsheet.equations.backward import limited
from rnnsheet.equations.expr import Component, Expr, Leaf, Next, Operation, Parameter, Previous, Value
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.equations.rules import RULES, formula
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Area, Block


@dataclass
class Strips:
    """Where the numbers of a row stand, and the formulas of one number from those of others."""

    network: Recurrence
    given: Mapping[str, Block]
    """What stands on other sheets: inputs, and values over time."""
    steps: int
    areas: dict[str, Area] = field(default_factory=dict)
    """Per name, its cells in the first row: unit by unit, or row by row of a weight."""

    def formula(self, equation: Equation, unit: int, start: int) -> str:
        """An equation's formula for one unit at the time step `start`, from 0; it fills to the right."""
        return formula(equation.expr, partial(_Strip, self, unit, start))

    def kinds_of_step(self, equation: Equation) -> list[int]:
        """Where, from 0, the formula changes over the time steps; the last is their number."""
        kinds = {type(leaf) for leaf in _leaves(equation.expr)}
        first = [1] if Previous in kinds else []
        last = [self.steps - 1] if Next in kinds else []
        return sorted({0, self.steps, *first, *last})

    def summed(self, expr: Expr, row: int, col: int) -> str:
        """One number of a gradient: the sum over all time steps."""
        if not isinstance(expr, Operation):
            return f"SUM({_Strip(self, row, 0, expr).over_time})"
        if expr.rule == "add":
            return "+".join(self.summed(operand, row, col) for operand in expr.operands)
        vectors = expr.operands
        if expr.rule == "outer":
            return self._product(vectors, row, col)
        units = range(vectors[0].rows.size)
        if expr.rule == "dot":
            return "+".join(self._product(vectors, unit, unit) for unit in units)
        if expr.rule == "total":
            return "+".join(self.summed(vectors[0], unit, col) for unit in units)
        raise ValueError(f"{expr.rule} has no sum over time")

    def _product(self, vectors: tuple[Expr, ...], row: int, col: int) -> str:
        """The sum over time of one row of a vector times one of another."""
        left, right = vectors
        assert not isinstance(left, Operation) and not isinstance(right, Operation)  # noqa: S101
        if not isinstance(right, Previous):
            strips = _Strip(self, row, 0, left).over_time, _Strip(self, col, 0, right).over_time
            return f"SUMPRODUCT({strips[0]},{strips[1]})"
        first = f"{_Strip(self, row, 0, left).here}*{_Strip(self, col, 0, right).here}"
        if self.steps == 1:
            return first
        before = Value(right.name, right.rows)
        rest = _Strip(self, row, 0, left).until_end, _Strip(self, col, 0, before).until_last
        return f"{first}+SUMPRODUCT({rest[0]},{rest[1]})"


@dataclass(frozen=True)
class _Strip:
    """How a cell of one unit at the time step `start` (from 0) refers to a leaf (rules.Place)."""

    its: Strips
    unit: int
    start: int
    leaf: Leaf

    @property
    def here(self) -> str:
        return self._cell(self.unit if self.leaf.rows.size > 1 else 0, 0)

    @property
    def column(self) -> str:
        if not self.is_range:
            return ",".join(self.column_cells)
        cells = self.column_cells
        return f"{cells[0]}:{cells[-1].split('!')[1]}" if len(cells) > 1 else cells[0]

    @property
    def is_range(self) -> bool:
        return self._elsewhere is not None or self.leaf.rows.size == 1

    @property
    def row(self) -> str:
        cells = self.row_cells
        return f"{cells[0]}:{cells[-1]}"

    @property
    def column_cells(self) -> list[str]:
        return [self._cell(unit, 0) for unit in range(self.leaf.rows.size)]

    @property
    def row_cells(self) -> list[str]:
        assert isinstance(self.leaf, Parameter)  # noqa: S101
        return [self._cell(self.unit, col) for col in range(self.leaf.cols.size)]

    @property
    def over_time(self) -> str:
        """All time steps."""
        return self._steps(0, self.its.steps)

    @property
    def until_end(self) -> str:
        """All time steps but the first."""
        return self._steps(1, self.its.steps)

    @property
    def until_last(self) -> str:
        """All time steps but the last."""
        return self._steps(0, self.its.steps - 1)

    def _steps(self, start: int, end: int) -> str:
        first, last = (
            replace(self, start=step)._cell(self.unit if self.leaf.rows.size > 1 else 0, 0)
            for step in (start, end - 1)
        )
        return first if first == last else f"{first}:{last.split('!')[-1]}"

    @property
    def _elsewhere(self) -> Area | None:
        """Where the leaf stands, if that is on another sheet."""
        name = self.leaf.name
        return None if name in self.its.areas or name not in self.its.given else self.its.given[name].area

    def _cell(self, unit: int, col: int) -> str:
        leaf, steps = self.leaf, self.its.steps
        if isinstance(leaf, Previous) and self.start == 0:
            initial = self.its.given[self.its.network.states[leaf.name].name].area.part(unit)
            return f"{initial.sheet}!{initial.fixed}"
        if isinstance(leaf, Next) and self.start == steps - 1:
            return "0"
        if area := self._elsewhere:
            fixed = "$" if isinstance(leaf, Parameter) else ""
            right = 0 if isinstance(leaf, Parameter) else self.start
            return f"{area.sheet}!{fixed}{column_letters(area.col + right)}${area.row + unit}"
        area = self.its.areas[leaf.name]
        if isinstance(leaf, Parameter):
            index = col * leaf.rows.size + unit if leaf.transposed else unit * leaf.cols.size + col
            return f"${cell(area, index)}"
        shift = {Previous: -1, Next: 1}.get(type(leaf), 0)
        return cell(area, unit * steps + self.start + shift)


def kept(network: Recurrence) -> list[Equation]:
    """The equations with columns of their own; a value that is used once is part of what uses it."""
    losses = [equation for equation in network.of("loss") if equation.name != "goal"]
    chosen = [*network.of("cell", "output"), *network.of("answer"), *losses, *network.of("gradient")]
    equations = {equation.name: limited(network, equation) for equation in chosen}
    uses = Counter(name for equation in equations.values() for name in _used(equation.expr))
    for gradient in network.gradients.values():
        uses.update(2 * list(gradient.values))
    states = {name for state in network.states for name in (state, f"d{state}")}
    once = {name for name in equations if uses[name] == 1 and name not in states}
    kept = []
    for equation in equations.values():
        if equation.name not in once:
            kept.append(replace(equation, expr=_inlined(equation.expr, equations, once)))
    return kept


def _used(expr: Expr) -> list[str]:
    """The values that an expression uses, twice those of which it reads other rows or time steps."""
    if not isinstance(expr, Operation):
        return [] if isinstance(expr, Parameter) else [expr.name] * (1 if isinstance(expr, Value) else 2)
    whole = RULES[expr.rule].whole
    return [
        name
        for index, operand in enumerate(expr.operands)
        for name in _used(operand) * (2 if index in whole else 1)
    ]


def _inlined(expr: Expr, equations: Mapping[str, Equation], once: set[str]) -> Expr:
    if isinstance(expr, Operation):
        return replace(expr, operands=tuple(_inlined(each, equations, once) for each in expr.operands))
    if isinstance(expr, Value) and expr.name in once:
        return _inlined(equations[expr.name].expr, equations, once)
    return expr


def _leaves(expr: Expr) -> list[Leaf]:
    if isinstance(expr, Operation):
        return [leaf for operand in expr.operands for leaf in _leaves(operand)]
    return [expr.vector if isinstance(expr, Component) else expr]


def cell(area: Area, right: int) -> str:
    """A cell of the first row, which moves down where the row is filled down."""
    return f"{column_letters(area.col + right)}{area.row}"
