"""The worksheet of a training: one row is one epoch, and each reads the row above."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from rnnsheet.equations.backward import limited
from rnnsheet.equations.expr import Component, Expr, Leaf, Next, Operation, Parameter, Previous, Value
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.equations.rules import RULES, formula
from rnnsheet.sheet.context import Context
from rnnsheet.sheet.formula import Formula, column_letters
from rnnsheet.sheet.page import STYLES, Page
from rnnsheet.sheet.plan import LAST_COLUMN, Area, Block, Chart, Fill, Highlight, Series

NAME = "Training"
LONGEST = 8_192
"""The longest formula that Excel takes."""
_SETTING = 2
_RATE, _CLIP, _HOW, _CHART = 4, 5, 6, 8
_HEAD = 28
"""The rows of the names, of the units and of the time steps; the epochs follow."""
_EPOCH, _LOSS, _SAID = 1, 2, 3


def place(context: Context) -> tuple[Page, dict[str, Block]] | None:
    """The sheet, and its settings and losses by name; None where a worksheet has no room for it."""
    labels, given = context.labels, context.lesson.settings
    page = Page(NAME, labels)
    training = _Training(page, context)
    if training.width > LAST_COLUMN:
        return None
    page.text(1, 1, labels("training.title"), "title")
    page.text(2, 1, labels("training.about"), "about", _WIDE)
    page.sheet.frozen = (0, _LOSS)
    page.sheet.zoom = 85
    page.sheet.printed = max(training.areas["scale"].col, _WIDE)
    page.sheet.sections = [1]
    settings = {}
    for row, name, value in ((_RATE, "rate", given.rate), (_CLIP, "clip", given.clip)):
        settings[name], training.used[name] = page.positive(row, _SETTING, name, value, context.messages)
    page.text(_HOW, 1, labels("training.fill_down"), "about", _WIDE)
    blocks = training.place()
    if training.longest >= LONGEST:
        return None
    _chart(page, blocks["epoch"].area, blocks["loss"].area)
    return page, {**settings, "loss_epoch": blocks["loss"]}


_WIDE = 16
"""How many columns the instructions are wide: those of the letters are narrow."""


class _Training:
    """Lays out the columns: the answers first, then weights, gradients, and every value over time.

    A value has a column for each time step of its first unit, then of its second, so that formulas
    fill to the right over time as well as down over the epochs.
    """

    def __init__(self, page: Page, context: Context):
        self.page, self.network = page, context.network
        self.given = {**context.inputs, **context.over_time}
        self.steps, self.epochs = context.lesson.steps, context.lesson.settings.epochs
        self.row = _HEAD + 3
        self.equations = _kept(self.network)
        self.used: dict[str, Block] = {}
        self.longest = 0
        self.areas: dict[str, Area] = {}
        """Per name, the cells of epoch 0."""
        self.width = 0
        self._reserve("epoch", 1)
        self._reserve("loss", 1)
        self._reserve("predicted", self.steps)
        self._reserve("norm", 1)
        self._reserve("scale", 1)
        for prefix in ("", "d"):
            for name, gradient in self.network.gradients.items():
                parameter = gradient.parameter
                self._reserve(prefix + name, parameter.rows.size * parameter.cols.size)
        for equation in self.equations:
            if equation.name != "predicted":
                self._reserve(equation.name, equation.value.rows.size * self.steps)

    def _reserve(self, name: str, cols: int) -> None:
        self.areas[name] = self.page.area(self.row, self.width + 1, 1, cols)
        self.width += cols

    def place(self) -> dict[str, Block]:
        """Every block, by name."""
        blocks = {
            "epoch": self._epochs(),
            "loss": self._one("loss", self._range("loss_t"), "SUM({})", "result"),
        }
        slopes = [self.areas[f"d{name}"] for name in self.network.gradients]
        every = f"{_cell(slopes[0], 0)}:{_cell(slopes[-1], slopes[-1].cols - 1)}"
        self._one("norm", every, "SQRT(SUMPRODUCT({0},{0}))", "gradient")
        clip = self.used["clip"].area.fixed
        self._one("scale", _cell(self.areas["norm"], 0), f"IF({{0}}>{clip},{clip}/{{0}},1)", "gradient")
        for name, gradient in self.network.gradients.items():
            self._weight(gradient.parameter)
            fills = [
                self._fill(self._summed(gradient.expr, row, col), row * gradient.parameter.cols.size + col)
                for row in range(gradient.parameter.rows.size)
                for col in range(gradient.parameter.cols.size)
            ]
            self._block(f"d{name}", fills, "gradient")
            self._numbered(f"d{name}", gradient.parameter)
        for equation in self.equations:
            self._over_time(equation)
        self.page.sheet.widths |= {_EPOCH: 16, _LOSS: 12}
        self.page.sheet.widths |= {_SAID + step: 4.5 for step in range(self.steps)}
        return blocks

    def _epochs(self) -> Block:
        first = self.areas["epoch"]
        self.page.text(_HEAD + 2, _EPOCH, self.page.labels("training.epoch"), "caption")
        self.page.constants("epoch", self.row, _EPOCH, [[0]], "label")
        area = replace(first, row=self.row + 1, rows=self.epochs)
        values = [[epoch + 1] for epoch in range(self.epochs)]
        self.page.formula("epoch", area, f"{_cell(first, 0)}+1", "label", values=values)
        return Block("epoch", replace(first, rows=self.epochs + 1), "label", "whole")

    def _one(self, name: str, of: str, text: str, style: str) -> Block:
        self.page.text(_HEAD + 2, self.areas[name].col, self.page.labels(f"training.{name}"), "caption")
        return self._block(name, [self._fill(text.format(of), 0)], style)

    def _weight(self, parameter: Parameter) -> None:
        """At epoch 0 the input, then the epoch above less rate · scale · gradient."""
        area, source, rows = self.areas[parameter.name], self.given[parameter.name].area, parameter.rows.size
        fills = []
        for row in range(rows):
            start = f"{source.sheet}!{column_letters(source.col)}${source.row + row}"
            fills.append(Fill(Formula(_bounded(start)), 0, row * source.cols, 1, source.cols))
        slope, rate = _cell(self.areas[f"d{parameter.name}"], 0), self.used["rate"].area.fixed
        scale = f"${_cell(self.areas['scale'], 0)}"
        next_one = _bounded(f"{_cell(area, 0)}-{rate}*{scale}*{slope}")
        fills.append(Fill(Formula(next_one), 1, 0, self.epochs, area.cols))
        self._block(parameter.name, fills, "weight")
        self._numbered(parameter.name, parameter)

    def _numbered(self, name: str, parameter: Parameter) -> None:
        """The heads of a weight's columns: its name, and row and column of each."""
        area = self.areas[name]
        self.page.text(_HEAD, area.col, name, "symbol")
        for index in range(area.cols):
            row, col = divmod(index, parameter.cols.size)
            self.page.text(_HEAD + 2, area.col + index, f"[{row + 1},{col + 1}]", "label")

    def _over_time(self, equation: Equation) -> None:
        """A value's block; of its first and last time step the formula may differ."""
        name, steps = equation.name, self.steps
        kinds = {type(leaf) for leaf in _leaves(equation.expr)}
        first, last = Previous in kinds and steps > 1, Next in kinds and steps > 1
        ends = sorted({0, steps, *([1] if first else []), *([steps - 1] if last else [])})
        fills = []
        for unit in range(equation.value.rows.size):
            for start, end in pairwise(ends):
                text = formula(equation.expr, partial(_Strip, self, unit, start))
                fills.append(self._fill(text, unit * steps + start, end - start))
        block = self._block(name, fills, STYLES[equation.part])
        self._head(equation, block)

    def _head(self, equation: Equation, block: Block) -> None:
        area, name = block.area, equation.name
        self.page.text(_HEAD, area.col, self.page.labels.get(f"training.{name}") or name, "symbol")
        if name == "predicted":
            self.page.link(self.given["target"], _HEAD + 2, area.col, style="label")
            right = self.page.area(_HEAD + 2, area.col, 1, area.cols)
            self.page.sheet.highlights.append(Highlight(area, "target", right))
            return
        times = list(range(1, self.steps + 1)) * equation.value.rows.size
        self.page.constants("t", _HEAD + 2, area.col, [times], "label")
        for unit in range(equation.value.rows.size if equation.value.rows.name != "one" else 0):
            text = self.page.labels(f"training.{equation.value.rows.name}", number=unit + 1)
            self.page.text(_HEAD + 1, area.col + unit * self.steps, text, "small")

    def _fill(self, text: str, right: int, cols: int = 1) -> Fill:
        return Fill(Formula(text), 0, right, self.epochs + 1, cols)

    def _block(self, name: str, fills: list[Fill], style: str) -> Block:
        self.longest = max(self.longest, *(len(fill.formula.text) for fill in fills))
        area = replace(self.areas[name], rows=self.epochs + 1)
        return self.page.formulas(name, area, tuple(fills), style, trace=f"training.{name}")

    def _range(self, name: str) -> str:
        area = self.areas[name]
        return f"{_cell(area, 0)}:{_cell(area, area.cols - 1)}" if area.cols > 1 else _cell(area, 0)

    def _summed(self, expr: Expr, row: int, col: int) -> str:
        """One number of a gradient: the sum over all time steps."""
        if not isinstance(expr, Operation):
            return f"SUM({_Strip(self, row, 0, expr).over_time})"
        if expr.rule == "add":
            return "+".join(self._summed(operand, row, col) for operand in expr.operands)
        vectors = expr.operands
        if expr.rule == "outer":
            return self._product(vectors, row, col)
        units = range(vectors[0].rows.size)
        if expr.rule == "dot":
            return "+".join(self._product(vectors, unit, unit) for unit in units)
        if expr.rule == "total":
            return "+".join(self._summed(vectors[0], unit, col) for unit in units)
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

    its: _Training
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
            return f"${_cell(area, index)}"
        shift = {Previous: -1, Next: 1}.get(type(leaf), 0)
        return _cell(area, unit * steps + self.start + shift)


def _kept(network: Recurrence) -> list[Equation]:
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


def _bounded(text: str) -> str:
    return f"MAX(-1E+100,MIN(1E+100,{text}))"


def _cell(area: Area, right: int) -> str:
    """A cell of the first epoch's row, which moves down with the epochs."""
    return f"{column_letters(area.col + right)}{area.row}"


def _chart(page: Page, epochs: Area, losses: Area) -> None:
    labels = page.labels
    series = Series(losses, labels("training.loss"))
    titles = {"x_title": labels("training.epoch"), "y_title": labels("training.loss")}
    page.sheet.charts.append(
        Chart("line", labels("training.chart"), (series,), epochs, **titles, row=_CHART, col=1)
    )
