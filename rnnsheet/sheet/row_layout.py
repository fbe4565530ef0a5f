"""Equations laid out in one row: a column for each time step of the first unit, then of the second."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from rnnsheet.equations.backward import limited
from rnnsheet.equations.expr import (
    AllSteps,
    At,
    Expr,
    Leaf,
    Next,
    Operation,
    Parameter,
    Part,
    Previous,
    Value,
    leaves,
)
from rnnsheet.equations.recurrence import Equation, Recurrence, Share
from rnnsheet.equations.rules import RULES, formula, stretches
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.page_builder import number_or_zero
from rnnsheet.sheet.plan import Area, Block, quoted


@dataclass
class RowLayout:
    """Where the numbers of a row stand, and the formulas of one number from those of others."""

    network: Recurrence
    given: Mapping[str, Block]
    """What stands on other sheets: inputs, and values over time."""
    areas: dict[str, Area] = field(default_factory=dict)
    """Per name, its cells in the first row: unit by unit, or row by row of a weight."""

    def formula(self, equation: Equation, unit: int, start: int) -> str:
        """An equation's formula for one unit at the time step `start`, from 0; it fills to the right."""
        first, expr = next(part for part in reversed(stretches(equation.expr)) if part[0] <= unit)
        return formula(expr, partial(_Cell, self, unit - first, start))

    def kinds_of_step(self, equation: Equation) -> list[int]:
        """Where, from 0, the formula changes over the time steps; the last is their number."""
        kinds = {type(leaf.vector if isinstance(leaf, Part) else leaf) for leaf in leaves(equation.expr)}
        steps = self.network.sequences[equation.sequence]
        first = [1] if Previous in kinds else []
        last = [steps - 1] if Next in kinds else []
        return sorted({0, steps, *first, *last})

    def summed(self, shares: tuple[Share, ...], row: int, col: int) -> str:
        """One number of a gradient: the sum over all time steps."""
        return "+".join(self._summed(share.expr, share.sequence, row, col) for share in shares)

    def _summed(self, expr: Expr, sequence: str, row: int, col: int) -> str:
        steps = self.network.sequences[sequence]
        if not isinstance(expr, Operation):
            one = _Cell(self, row, 0, expr)
            return f"SUM({one.steps(0, steps)})" if steps > 1 else one.here
        if expr.rule == "add":
            return "+".join(self._summed(operand, sequence, row, col) for operand in expr.operands)
        vectors = expr.operands
        if expr.rule == "outer":
            return self._product(vectors, steps, row, col)
        if expr.rule == "mul":
            return self._product(vectors, steps, row, row)
        units = range(vectors[0].rows.size)
        if expr.rule == "dot":
            return "+".join(self._product(vectors, steps, unit, unit) for unit in units)
        if expr.rule == "total":
            return "+".join(self._summed(vectors[0], sequence, unit, col) for unit in units)
        raise ValueError(f"{expr.rule} has no sum over time")

    def _product(self, vectors: tuple[Expr, ...], steps: int, row: int, col: int) -> str:
        """The sum over time of one row of a vector times one of another."""
        left, right = vectors
        assert not isinstance(left, Operation) and not isinstance(right, Operation)  # noqa: S101
        a, b = _Cell(self, row, 0, left), _Cell(self, col, 0, right)
        if steps == 1:
            return f"{a.here}*{b.here}"
        if isinstance(right, Previous):
            shifted = replace(b, leaf=Value(right.name, right.rows))
            return f"{a.here}*{b.here}+{_sum_of_products(a.steps(1, steps), shifted.steps(0, steps - 1))}"
        if isinstance(right, Next):
            shifted = replace(b, leaf=Value(right.name, right.rows))
            ends = replace(a, start=steps - 1).here, replace(b, start=steps - 1).here
            return f"{_sum_of_products(a.steps(0, steps - 1), shifted.steps(1, steps))}+{ends[0]}*{ends[1]}"
        return _sum_of_products(a.steps(0, steps), b.steps(0, steps))


def _sum_of_products(left: str, right: str) -> str:
    return f"SUMPRODUCT({left},{right})"


@dataclass(frozen=True)
class _Cell:
    """How a cell of one unit at the time step `start` (from 0) refers to a leaf (rules.Place)."""

    its: RowLayout
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
        if isinstance(self.leaf, AllSteps):
            first, last = (replace(self, start=step).here for step in (0, self.leaf.steps - 1))
        else:
            first, *_, last = [*self.row_cells, self.row_cells[-1]]
        return f"{first}:{last.split('!')[-1]}"

    @property
    def column_cells(self) -> list[str]:
        return [self._cell(unit, 0) for unit in range(self.leaf.rows.size)]

    @property
    def row_cells(self) -> list[str]:
        assert isinstance(self.leaf, Parameter)  # noqa: S101
        return [self._cell(self.unit, col) for col in range(self.leaf.cols.size)]

    def steps(self, start: int, end: int) -> str:
        """The time steps from `start` to before `end`."""
        first, last = (replace(self, start=step).here for step in (start, end - 1))
        return first if first == last else f"{first}:{last.split('!')[-1]}"

    @property
    def _elsewhere(self) -> Area | None:
        """Where the leaf stands, if that is on another sheet."""
        name = self.leaf.name
        return None if name in self.its.areas or name not in self.its.given else self.its.given[name].area

    def _cell(self, unit: int, col: int) -> str:
        leaf, network = self.leaf, self.its.network
        if isinstance(leaf, Part):
            return replace(self, leaf=leaf.vector)._cell(leaf.start + unit, col)
        shift = {Previous: -1, Next: 1}.get(type(leaf), 0)
        if shift and not 0 <= self.start + shift < network.steps(leaf.name):
            beyond = network.beyond(leaf.name)
            return replace(self, leaf=beyond)._cell(unit, col) if beyond else "0"
        at = leaf.step - 1 if isinstance(leaf, At) else self.start + shift
        if area := self._elsewhere:
            fixed = "$" if isinstance(leaf, Parameter | At) else ""
            right = col if isinstance(leaf, Parameter) else at
            text = f"{quoted(area.sheet)}!{fixed}{column_letters(area.col + right)}${area.row + unit}"
            return number_or_zero(text) if self.its.given[self.leaf.name].entry == "number" else text
        area = self.its.areas[leaf.name]
        if isinstance(leaf, Parameter):
            index = col * leaf.rows.size + unit if leaf.transposed else unit * leaf.cols.size + col
            return f"${cell(area, index)}"
        fixed = "$" if isinstance(leaf, At) else ""
        return fixed + cell(area, unit * network.steps(leaf.name) + at)


def equations_with_columns(network: Recurrence) -> list[Equation]:
    """The equations with columns of their own; a value that is used once is part of what uses it."""
    # What is asked does not depend on weights, and nothing is computed of q.
    losses = [each for each in network.of("loss") if each.base not in ("goal", "asked", "q")]
    said = [*network.of("read", sequence="answer"), *network.of("cell", "output", "answer")]
    chosen = [*(each for each in said if each.base != "target"), *losses, *network.of("gradient")]
    equations = {equation.name: limited(network, equation) for equation in chosen}
    used = [use for equation in equations.values() for use in _used(equation.expr)]
    uses = Counter(name for name, _ in used)
    once = {name for name in equations if uses[name] == 1} - _standing(network, equations)
    once -= {name for name, elsewhere in used if elsewhere}
    rest = [equation for equation in equations.values() if equation.name not in once]
    return [replace(equation, expr=_inlined(equation.expr, equations, once)) for equation in rest]


def _standing(network: Recurrence, equations: Mapping[str, Equation]) -> set[str]:
    """What has columns of its own however often it is used: states, what is summed or handed over."""
    names = {name for state in network.states for name in (state, f"d{state}")}
    # What is put together row by row has no formula to be part of.
    names |= {n for each in equations.values() if each.base == "both" for n in (each.name, f"d{each.name}")}
    beyond = [*network.states.values(), *network.final_state_grad.values()]
    names |= {leaf.name for leaf in beyond if isinstance(leaf, At)}
    return names.union(*(gradient.values for gradient in network.gradients.values()))


def _used(expr: Expr, whole: bool = False) -> Iterator[tuple[str, bool]]:
    """The values that an expression uses, and of each whether it reads other rows or time steps of it."""
    if isinstance(expr, Operation):
        for index, operand in enumerate(expr.operands):
            yield from _used(operand, index in RULES[expr.rule].whole)
    elif not isinstance(expr, Parameter):
        yield expr.name, whole or not isinstance(expr, Value)


def _inlined(expr: Expr, equations: Mapping[str, Equation], once: set[str]) -> Expr:
    if isinstance(expr, Operation):
        return replace(expr, operands=tuple(_inlined(each, equations, once) for each in expr.operands))
    if isinstance(expr, Value) and expr.name in once:
        return _inlined(equations[expr.name].expr, equations, once)
    return expr


def cell(area: Area, right: int) -> str:
    """A cell of the first row, which moves down where the row is filled down."""
    return f"{column_letters(area.col + right)}{area.row}"
