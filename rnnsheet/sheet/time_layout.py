"""Blocks over time on one worksheet: captions and weights on the left, time steps to the right."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.expr import At, Leaf, Next, Parameter, Previous, unit_numbers
from rnnsheet.equations.notation import symbol, symbols
from rnnsheet.equations.recurrence import STEP, Equation
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import meaning
from rnnsheet.sheet.layout_context import WEIGHTS, Frame
from rnnsheet.sheet.page_builder import CHOICES, SPAN, Page, width_of
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.references import located

CAPTION_WIDTH, WIDEST_CAPTION, LABEL_WIDTH = 34, 90, 5

Weight = Callable[[Page, Parameter, int, int], Block]
"""Puts a weight beside its equation, at a row and a column."""


class Bands:
    """Writes one band below the other: first their places, then their formulas, which refer to any."""

    def __init__(self, page: Page, frame: Frame, row: int, run: str = ""):
        self.page, self.network, self.where, self.row = page, frame.network, frame.where, row
        self.given: Mapping[str, Block] = frame.inputs
        """The blocks of the parameters."""
        self.run = run
        """What the names of the trace's arrays begin with."""
        self.form = ""
        """The format of the numbers; "" for the usual one."""
        self.weight: Weight = self._linked
        self.blocks: dict[str, Block] = {}
        self.headed: set[tuple[int, int]] = set()
        """The cells above columns beside the time steps that say what these are."""
        self.scope: dict[Leaf, Area] = {
            parameter: self.given[name].area for name, parameter in self.network.parameters.items()
        }
        page.sheet.widths |= {1: CAPTION_WIDTH, self.where.label: LABEL_WIDTH}
        if any(axis in ("labels", "letters") and self._long(axis) for axis in CHOICES):
            page.sheet.widths[self.where.label] = 2 * LABEL_WIDTH

    def _long(self, axis: str) -> bool:
        """Whether the labels of an axis are words."""
        block = self.given.get(CHOICES[axis])
        return bool(block and block.values and any(len(row[0]) > 1 for row in block.values))

    def heading(self, text: str, about: str = "") -> None:
        """A line across the page, and a paragraph under it."""
        self.page.sheet.sections.append(self.row)
        self.page.text(self.row, 1, text, "heading", SPAN)
        self.page.text(self.row + 1, 1, about, "about", SPAN)
        self.row += 3 if about else 2

    def sequence(self, sequence: str) -> None:
        """The beginning of a sequence: what it is, where there are several, and its time steps."""
        if len(self.network.sequences) > 1:
            self.page.sheet.sections.append(self.row)
            self.page.text(self.row, 1, self.page.labels(f"sequence.{sequence}"), "heading", SPAN)
            self.row += 1
        if sequence != STATIC:
            self.time(sequence)

    def time(self, sequence: str = "word") -> None:
        """The row of time steps."""
        self.page.text(self.row, 1, self.page.labels("meaning.t"), "caption")
        steps = [list(range(1, self.network.sequences[sequence] + 1))]
        block = self.page.constants("t", self.row, self.where.first, steps, "label")
        self.blocks[on_sequence("t", sequence)] = block
        self.scope[STEP] = block.area.column(0)
        self.row += 1

    def write(self, equations: Sequence[Equation], only: int = 0) -> None:
        """Equations over all time steps, or at `only` one: texts as lines, numbers as bands.

        Bands have their weights and labels beside them.
        """
        self.place(equations)
        self.fill(equations, only)

    def place(self, equations: Sequence[Equation]) -> None:
        """Fixes where equations will stand, from the next free row on."""
        row, after_band = self.row, False
        for equation in equations:
            is_line = _is_line(equation)
            # A line has room above it, if a band has none.
            row += is_line and after_band
            self.reserve(equation, row if is_line else row + 1)
            row += 1 if is_line else 1 + max(equation.value.rows.size, _CAPTION_LINES)
            after_band = not is_line
        self.row = row

    def fill(self, equations: Sequence[Equation], only: int = 0) -> None:
        """Writes equations that have their places."""
        for equation in equations:
            if _is_line(equation):
                self._caption(equation)
                self._boundary(equation)
            else:
                self._beside(equation)
            self._write(equation, only)

    def line_of(self, source: Block, style: str = "label") -> None:
        """A line that shows one of another sheet."""
        equation = self.network.equations[source.name]
        self.reserve(equation, self.row)
        self._caption(equation)
        self.blocks[source.name] = self.page.link(source, self.row, self.where.first, style=style)
        self.row += 1

    def band_of(self, source: Block) -> None:
        """A band that shows the block of another sheet, with the state before its first time step."""
        equation = self.network.equations[source.name]
        self.reserve(equation, self.row + 1)
        self._beside(equation, shown=True)
        self.blocks[equation.name] = self.page.link(source, self.row + 1, self.where.first)
        self.page.mark(self.blocks[equation.name], equation.base)
        self.row += 1 + max(equation.value.rows.size, _CAPTION_LINES)

    def show(self, source: Block) -> None:
        """`line_of` or `band_of`, whichever the equation wants."""
        if _is_line(self.network.equations[source.name]):
            self.line_of(source)
        else:
            self.band_of(source)

    def loss(self, lines: Iterable[str]) -> Block:
        """A line with the sum of all losses of some sequences; "" where nothing is asked."""
        self.page.text(self.row, 1, self.page.labels("meaning.loss"), "caption")
        of = [each for each in self.network.of("loss") if each.sequence in lines]
        asked, lost = (
            "+".join(f"SUM({self.blocks[each.name].area.a1})" for each in of if each.base == base)
            for base in ("asked", "loss_t")
        )
        area, text = self.page.area(self.row, self.where.first), f'IF({asked}=0,"",{lost})'
        block = self.page.formula("loss", area, text, "result", trace=f"{self.run}loss", form="number")
        self.row += 1
        return block

    def reserve(self, equation: Equation, row: int) -> None:
        """Fixes where an equation's block will stand, so that others may refer to it."""
        value = equation.value
        area = self.page.area(row, self.where.first, value.rows.size)
        self.scope[value] = area
        self.scope[Previous(value.name, value.rows)] = area.column(-1)
        self.scope[Next(value.name, value.rows)] = area.column(1)

    def around(self, equation: Equation) -> str:
        """What an equation's formula stands in."""
        return "{}"

    def _linked(self, page: Page, parameter: Parameter, row: int, col: int) -> Block:
        """A weight that is a link to the one given."""
        source = self.given[parameter.name]
        if parameter.transposed:
            return page.link_transposed(source, row, col, "weight")
        return page.link(source, row, col, style="weight")

    def _caption(self, equation: Equation) -> None:
        text = meaning(equation, self.network, self.page.labels)
        name = "" if equation.name == equation.base else f" ({symbol(equation.value)})"
        self.page.text(self.scope[equation.value].row, 1, text + name, "caption")

    def _beside(self, equation: Equation, shown: bool = False) -> None:
        """What stands left and right of an equation's block; no weights where it is only `shown`."""
        self._describe(equation, shown)
        row, rows = self.scope[equation.value].row, equation.value.rows
        labels = self.page.row_labels(rows, row, self.where.label, self.given)
        self.scope[unit_numbers(rows)] = labels
        if rows.name in CHOICES and CHOICES[rows.name] in self.network.parameters:
            self.scope[self.network.parameters[CHOICES[rows.name]]] = labels
        self._boundary(equation)

    def _describe(self, equation: Equation, shown: bool) -> None:
        """What a block is, and its weights."""
        row = self.scope[equation.value].row
        weights = () if shown else equation.weights
        self.page.sheet.heights[row - 1] = 14 if weights else 6
        captions = self._captions(equation)
        if weights:
            # Else the weights beside it would cut off a long one.
            longest = min(max(map(width_of, captions)) + 1, WIDEST_CAPTION)
            self.page.sheet.widths[1] = max(self.page.sheet.widths[1], longest)
        for line, text in enumerate(captions):
            style = "small" if line else "symbol"
            self.page.text(row + line, 1, symbol(equation.value) if shown and not line else text, style)
        col = WEIGHTS
        for weight in weights:
            self.page.text(row - 1, col, symbol(weight), "symbol")
            self.scope[weight] = self.weight(self.page, weight, row, col).area
            col += weight.cols.size

    def _captions(self, equation: Equation) -> list[str]:
        """Symbols; of a gradient the term of the chain rule that it is; meaning or shape."""
        labels = self.page.labels
        lines = [f"{symbol(equation.value)} = {symbols(equation.expr)}"]
        told = meaning(equation, self.network, labels)
        if equation.part == "gradient":
            return [*lines, chain_rule(equation), told]
        steps = self.network.sequences[equation.sequence]
        kind = "shape_once" if equation.sequence == STATIC else "shape"
        return [*lines, told, labels(f"unrolled.{kind}", rows=equation.value.rows.size, steps=steps)]

    def _boundary(self, equation: Equation) -> None:
        """Beyond the first time step of a state, or the last of what is handed back, what stands there."""
        name, rows = equation.name, equation.value.rows
        is_back = name in {f"d{state}_back" for state in self.network.states}
        if not is_back and name not in self.network.states:
            return
        behind = self.where.first + self.network.sequences[equation.sequence]
        row, col = self.scope[equation.value].row, self.where.first - 1
        if self.network.runs_back(name):
            col = behind
        if equation.sequence != STATIC:
            said = "backward.after" if is_back else "unrolled.before"
            self._head(self.blocks[on_sequence("t", equation.sequence)].area.row, col, said)
        beyond = self.network.beyond(name)
        if isinstance(beyond, At):
            text = self.page.reference(located(self.scope, beyond))
            area = self.page.area(row, col, rows.size)
            trace = self.run + beyond.name
            self.page.formula(
                beyond.name, area, text, "link", trace=trace, time=beyond.step, form=self.form or "number"
            )
        elif beyond is not None:
            self.page.link(self.given[beyond.name], row, col)
        else:
            self.page.constants("after", row, col, [[0.0]] * rows.size, "link")

    def _head(self, row: int, col: int, said: str) -> None:
        """Says, once, above a column what it is."""
        if (row, col) not in self.headed:
            self.headed.add((row, col))
            self.page.text(row, col, self.page.labels(said), "small")

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
            1 if only else self.network.sequences[equation.sequence],
            only or 1,
            scope,
            self.run,
            self.form,
            self.around(equation),
        )
        self.blocks[equation.name] = block
        self.page.mark(block, equation.base)


_CAPTION_LINES = 3
_LINES = (
    *("letter", "target", "confidence", "predicted", "right", "asked"),
    *("k", "said", "says", "greatest"),
)
"""What stands in a line of its own, as texts do, not in a band."""


def _is_line(equation: Equation) -> bool:
    return equation.base in _LINES
