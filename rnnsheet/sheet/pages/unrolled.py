"""The worksheet of the whole network: weights on the left, time to the right, the derivation downwards."""

from collections.abc import Mapping

from rnnsheet.equations.expr import Leaf, Previous
from rnnsheet.equations.recurrence import STEP, Equation, Recurrence
from rnnsheet.equations.rules import symbol, symbols
from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.plan import Area, Block, Chart

NAME = "Unrolled"
ANSWERS = ("predicted", "confidence", "target", "right")
_STEP, _LETTER, _WEIGHTS = 4, 5, 2
_CAPTION_LINES = 3


def place(
    lesson: Lesson, network: Recurrence, inputs: Mapping[str, Block], labels: Labels
) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name."""
    return _Unrolled(lesson, network, inputs, labels).place()


class _Unrolled:
    def __init__(self, lesson: Lesson, network: Recurrence, inputs: Mapping[str, Block], labels: Labels):
        self.page, self.network, self.inputs, self.steps = Page(NAME, labels), network, inputs, lesson.steps
        self.bands = [network.equations["x"], *network.of("cell", "output")]
        widest = max(sum(weight.cols.size for weight in band.weights) for band in self.bands)
        self.label = _WEIGHTS + widest
        self.first = self.label + 2
        self.rows = self._rows()
        self.scope = self._scope()

    def place(self) -> tuple[Page, dict[str, Block]]:
        labels, page = self.page.labels, self.page
        page.title(labels("unrolled.title"), labels("unrolled.about"))
        blocks = {"t": self._header()}
        for equation in [self.network.equations["letter"], *self.bands]:
            blocks[equation.name] = self._equation(equation)
        for name in ANSWERS:
            page.text(self.rows[name], 1, labels(f"meaning.{name}"), "caption")
            blocks[name] = self._equation(self.network.equations[name])
        self._chart(blocks)
        page.sheet.widths = {1: 34, self.label: 5}
        page.sheet.frozen = (_LETTER, 1)
        page.sheet.zoom = 85
        return page, blocks

    def _rows(self) -> dict[str, int]:
        """The first row of every equation; a band has a line above it and room for its caption."""
        rows, row = {"letter": _LETTER}, _LETTER + 1
        for band in self.bands:
            rows[band.name] = row + 1
            row += 1 + max(band.value.rows.size, _CAPTION_LINES)
        return rows | {name: row + 1 + line for line, name in enumerate(ANSWERS)}

    def _scope(self) -> dict[Leaf, Area]:
        """Where each leaf stands at the first time step: here, or its input's own place."""
        scope: dict[Leaf, Area] = {STEP: self.page.area(_STEP, self.first)}
        for name, parameter in self.network.parameters.items():
            scope[parameter] = self.inputs[name].area
        for name, row in self.rows.items():
            value = self.network.equations[name].value
            scope[value] = self.page.area(row, self.first, value.rows.size)
            scope[Previous(name, value.rows)] = scope[value].column(-1)
        return scope

    def _header(self) -> Block:
        self.page.text(_STEP, 1, self.page.labels("meaning.t"), "caption")
        self.page.text(_LETTER, 1, self.page.labels("meaning.letter"), "caption")
        self.page.text(_STEP, self.first - 1, self.page.labels("unrolled.before"), "small")
        return self.page.constants("t", _STEP, self.first, [list(range(1, self.steps + 1))], "label")

    def _equation(self, equation: Equation) -> Block:
        """The equation's block over all time steps, with what stands to the left of it."""
        row = self.rows[equation.name]
        if equation in self.bands:
            self._caption(equation, row)
            self._weights(equation, row)
            labels = self.page.row_labels(equation.value.rows, row, self.label, self.inputs["vocabulary"])
            if equation.value.rows.name == "letters":
                self.scope[self.network.parameters["vocabulary"]] = labels
            if initial := self.network.states.get(equation.name):
                self.page.link(self.inputs[initial.name], row, self.first - 1)
        block = self.page.equation(equation, row, self.first, self.steps, 1, self.scope)
        self.page.mark(block)
        return block

    def _caption(self, equation: Equation, row: int) -> None:
        labels = self.page.labels
        shape = labels("unrolled.shape", rows=equation.value.rows.size, steps=self.steps)
        self.page.sheet.heights[row - 1] = 14 if equation.weights else 6
        self.page.text(row, 1, f"{symbol(equation.value)} = {symbols(equation.expr)}", "symbol")
        self.page.text(row + 1, 1, labels.get(f"meaning.{equation.name}"), "small")
        self.page.text(row + 2, 1, shape, "small")

    def _weights(self, equation: Equation, row: int) -> None:
        col = _WEIGHTS
        for weight in equation.weights:
            self.page.text(row - 1, col, weight.name, "symbol")
            self.scope[weight] = self.page.link(self.inputs[weight.name], row, col, style="weight").area
            col += weight.cols.size

    def _chart(self, blocks: Mapping[str, Block]) -> None:
        labels, p = self.page.labels, blocks["p"].area
        self.page.sheet.charts.append(
            Chart(
                title=labels("unrolled.chart"),
                series=p,
                titles=self.page.area(p.row, self.label, p.rows),
                categories=blocks["letter"].area,
                x_title=labels("unrolled.chart_x"),
                y_title=labels("unrolled.chart_y"),
                row=_STEP,
                col=self.first + self.steps + 1,
            )
        )
