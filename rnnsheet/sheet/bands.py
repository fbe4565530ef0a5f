"""Blocks over time on one worksheet: captions and weights on the left, time steps to the right."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.expr import Leaf, Next, Parameter, Previous
from rnnsheet.equations.recurrence import STEP, Equation
from rnnsheet.equations.rules import symbol, symbols
from rnnsheet.labels import Labels
from rnnsheet.sheet.context import WEIGHTS, Context
from rnnsheet.sheet.page import SPAN, Page
from rnnsheet.sheet.plan import Area, Block

CAPTION_WIDTH, LABEL_WIDTH = 34, 5

Weight = Callable[[Page, Parameter, int, int], Block]
"""Puts a weight beside its equation, at a row and a column."""


class Bands:
    """Writes one band below the other: first their places, then their formulas, which refer to any."""

    def __init__(self, page: Page, context: Context, row: int, run: str = ""):
        self.page, self.network, self.where, self.row = page, context.network, context.where, row
        self.given: Mapping[str, Block] = context.inputs
        """The blocks of the parameters."""
        self.run = run
        """What the names of the trace's arrays begin with."""
        self.form = ""
        """The format of the numbers; "" for the usual one."""
        self.weight: Weight = self._linked
        self.blocks: dict[str, Block] = {}
        self.scope: dict[Leaf, Area] = {
            parameter: self.given[name].area for name, parameter in self.network.parameters.items()
        }
        page.sheet.widths |= {1: CAPTION_WIDTH, self.where.label: LABEL_WIDTH}

    def heading(self, text: str, about: str = "") -> None:
        """A line across the page, and a paragraph under it."""
        self.page.sheet.sections.append(self.row)
        self.page.text(self.row, 1, text, "heading", SPAN)
        self.page.text(self.row + 1, 1, about, "about", SPAN)
        self.row += 3 if about else 2

    def time(self) -> None:
        """The line of time steps."""
        labels = self.page.labels
        self.page.text(self.row, 1, labels("meaning.t"), "caption")
        self.page.text(self.row, self.where.first - 1, labels("unrolled.before"), "small")
        steps = [list(range(1, self.where.steps + 1))]
        self.blocks["t"] = self.page.constants("t", self.row, self.where.first, steps, "label")
        self.scope[STEP] = self.blocks["t"].area.column(0)
        self.row += 1

    def lines(self, equations: Iterable[Equation]) -> None:
        """Equations of one row, each with a caption, without space between."""
        for equation in equations:
            self.reserve(equation, self.row)
            self.page.text(self.row, 1, self.page.labels(f"meaning.{equation.name}"), "caption")
            self._write(equation)
            self.row += 1

    def line_of(self, source: Block, style: str = "label") -> None:
        """A line that shows one of another sheet."""
        self.page.text(self.row, 1, self.page.labels(f"meaning.{source.name}"), "caption")
        self.reserve(self.network.equations[source.name], self.row)
        self.blocks[source.name] = self.page.link(source, self.row, self.where.first, style=style)
        self.row += 1

    def bands(self, equations: Sequence[Equation], only: int = 0) -> None:
        """Equations with their weights and labels beside them; over all time steps, or at `only` one."""
        row = self.row
        for equation in equations:
            self.reserve(equation, row + 1)
            row += 1 + max(equation.value.rows.size, _CAPTION_LINES)
        for equation in equations:
            self._beside(equation)
            self._write(equation, only)
        self.row = row

    def band_of(self, source: Block) -> None:
        """A band that shows the block of another sheet, with the state before its first time step."""
        equation = self.network.equations[source.name]
        self.reserve(equation, self.row + 1)
        self._beside(equation, shown=True)
        self.blocks[equation.name] = self.page.link(source, self.row + 1, self.where.first)
        self.page.mark(self.blocks[equation.name])
        self.row += 1 + max(equation.value.rows.size, _CAPTION_LINES)

    def total(self, name: str, over: str) -> Block:
        """A line with the sum of a line over all time steps."""
        self.page.text(self.row, 1, self.page.labels(f"meaning.{name}"), "caption")
        line = self.blocks[over].area
        area = self.page.area(self.row, self.where.first)
        block = self.page.formula(
            name, area, f"SUM({line.a1})", "result", trace=self.run + name, form="number"
        )
        self.row += 1
        return block

    def reserve(self, equation: Equation, row: int) -> None:
        """Fixes where an equation's block will stand, so that others may refer to it."""
        value = equation.value
        area = self.page.area(row, self.where.first, value.rows.size)
        self.scope[value] = area
        self.scope[Previous(value.name, value.rows)] = area.column(-1)
        self.scope[Next(value.name, value.rows)] = area.column(1)

    def _linked(self, page: Page, parameter: Parameter, row: int, col: int) -> Block:
        """A weight that is a link to the one given."""
        source = self.given[parameter.name]
        if parameter.transposed:
            return page.link_transposed(source, row, col, "weight")
        return page.link(source, row, col, style="weight")

    def _beside(self, equation: Equation, shown: bool = False) -> None:
        """What stands left and right of an equation's block; no weights where it is only `shown`."""
        row, rows = self.scope[equation.value].row, equation.value.rows
        weights = () if shown else equation.weights
        self.page.sheet.heights[row - 1] = 14 if weights else 6
        for line, text in enumerate(captions(equation, self.page.labels, self.where.steps)):
            style = "small" if line else "symbol"
            self.page.text(row + line, 1, symbol(equation.value) if shown and not line else text, style)
        col = WEIGHTS
        for weight in weights:
            self.page.text(row - 1, col, symbol(weight), "symbol")
            self.scope[weight] = self.weight(self.page, weight, row, col).area
            col += weight.cols.size
        labels = self.page.row_labels(rows, row, self.where.label, self.given["vocabulary"])
        if rows.name == "letters":
            self.scope[self.network.parameters["vocabulary"]] = labels
        if initial := self.network.states.get(equation.name):
            self.page.link(self.given[initial.name], row, self.where.first - 1)
        if equation.name.endswith("_back"):
            self.page.constants("after", row, self.where.after, [[0.0]] * rows.size, "link")

    def _write(self, equation: Equation, only: int = 0) -> None:
        area, scope = self.scope[equation.value], self.scope
        if only:
            scope = {
                leaf: place if isinstance(leaf, Parameter) else place.column(only - 1)
                for leaf, place in scope.items()
            }
        block = self.page.equation(
            equation,
            area.row,
            scope[equation.value].col,
            1 if only else self.where.steps,
            only or 1,
            scope,
            self.run,
            self.form,
        )
        self.blocks[equation.name] = block
        self.page.mark(block)


_CAPTION_LINES = 3


def captions(equation: Equation, labels: Labels, steps: int) -> list[str]:
    """Symbols; of a gradient the term of the chain rule that it is; meaning or shape."""
    lines = [f"{symbol(equation.value)} = {symbols(equation.expr)}"]
    if equation.part == "gradient":
        return [*lines, chain_rule(equation), gradient_meaning(equation, labels)]
    shape = labels("unrolled.shape", rows=equation.value.rows.size, steps=steps)
    return [*lines, labels.get(f"meaning.{equation.name}"), shape]


def gradient_meaning(equation: Equation, labels: Labels) -> str:
    """What a gradient's equation says, in words."""
    of, name = equation.chain[0]
    kind = {"": "given", "now": "whole", "back": "whole"}.get(of, "pulled")
    for part in ("now", "back"):
        kind = part if equation.name.endswith(f"_{part}") else kind
    return labels(f"gradient.{kind}", name=name)
