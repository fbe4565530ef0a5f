"""The worksheet of a training: one row is one epoch, and each reads the row above."""

from dataclasses import replace
from itertools import pairwise

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.notation import symbol
from rnnsheet.equations.recurrence import Equation
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.sheet.captions import of_layer
from rnnsheet.sheet.formula import Formula, column_letters
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import FORMATS, PRECISE, STYLES, Page, number_or_zero, number_width, width_of
from rnnsheet.sheet.plan import CHART_WIDTH, NUMBERS, Area, Block, Chart, Fill, Highlight, Series, quoted
from rnnsheet.sheet.row_layout import RowLayout, cell, equations_with_columns

KEY = "training"
LONGEST = 8_192
"""The longest formula that Excel takes."""
_HEAD = 4
"""The rows of the names, of the units and of the time steps, which stay in sight."""
_ABOUT, _RATE, _CLIP, _HOW, _LAST_EPOCHS, _FIRST = 7, 8, 10, 12, 13, 18
"""The rows of what is said, of the settings, of the head of the last epochs, and of epoch 0."""
_PARAGRAPH, _CHART_HEIGHT = 51.0, 232
"""The least of what is said, in points, so that the chart beside it, in pixels, ends above last epochs."""
_RIGHT = 4
"""So many columns have room for what may be wrong with the settings; then the chart begins, or before."""
_CAPTIONS, _SETTING = 150, 8
"""The pixels of the captions of settings; the letters of the least column that has room for one."""
_PRINTED, _SHOWN_AGAIN = 15, 3
"""So many of the first epochs are printed, and above them so many of the last."""
_EPOCH, _LOSS = 1, 2
_WIDTH = 11.7


def place(context: Context) -> tuple[Page, dict[str, Block]] | None:
    """The sheet, and its settings and losses by name; None where a worksheet has no room for it."""
    labels, given = context.labels, context.lesson.settings
    page = Page.of(KEY, labels)
    training = _Training(page, context)
    if training.width > LAST_COLUMN:
        return None
    page.text(1, 1, labels("training.title"), "title")
    page.back(2, 1)
    page.sheet.frozen, page.sheet.head, page.sheet.width = (_HEAD + 2, _LOSS), _HEAD, _WIDTH
    setting = _column_of_settings(page, training.areas["norm"].col)
    chart = min(setting + _RIGHT + 1, page.sheet.column_for(CHART_WIDTH, setting + 2))
    for row, name in ((_ABOUT, "about"), (_HOW, "fill_down")):
        page.text(row, 1, labels(f"training.{name}"), "about", chart - 1)
        page.sheet.heights[row] = _PARAGRAPH
    settings = {}
    for row, name, value in ((_RATE, "rate", given.rate), (_CLIP, "clip", given.clip)):
        settings[name], training.used[name] = page.positive(row, setting, name, value, context.messages)
    blocks = training.place()
    if training.longest >= LONGEST:
        return None
    _chart(page, blocks["epoch"].area, blocks["loss"].area, chart)
    # As far as the chart, which is as wide as some seven columns.
    page.sheet.printed = chart + 7
    epochs = blocks["epoch"].area
    last = epochs.row + epochs.rows - 1
    page.sheet.printed_rows = ((1, min(last, epochs.row + _PRINTED - 1)),)
    return page, {**settings, "loss_epoch": blocks["loss"]}


def _column_of_settings(page: Page, norm: int) -> int:
    """The first column that is wide enough, right of the captions; at last that of the norm."""
    wide = (col for col in range(_LOSS + 1, norm) if page.sheet.widths.get(col, page.sheet.width) > _SETTING)
    return next((col for col in wide if page.sheet.left_of(col) >= _CAPTIONS), norm)


class _Training:
    """Lays out the columns: the answers first, then weights, gradients, and every value over time.

    A value has a column for each time step of its first unit, then of its second, so that formulas
    fill to the right over time as well as down over the epochs.
    """

    def __init__(self, page: Page, context: Context):
        self.page, self.network = page, context.network
        self.given = {**context.inputs, **context.over_time}
        self.epochs, self.digits = context.lesson.epochs, context.digits
        self.says = [each for each in self.network.of("answer") if each.base == "predicted"]
        self.row = _FIRST
        self.equations = equations_with_columns(self.network)
        self.used: dict[str, Block] = {}
        self.longest = 0
        self.layout = RowLayout(context.network, self.given)
        self.areas = self.layout.areas
        self.width = 0
        self._reserve("epoch", 1)
        self._reserve("loss", 1)
        for equation in self.says:
            self._reserve(equation.name, self.network.sequences[equation.sequence])
        self._widths()
        self._reserve("norm", 1)
        self._reserve("scale", 1)
        for prefix in ("", "d"):
            for name, gradient in self.network.gradients.items():
                parameter = gradient.parameter
                self._reserve(prefix + name, parameter.rows.size * parameter.cols.size)
        for equation in self.equations:
            if equation.base != "predicted":
                self._reserve(
                    equation.name, equation.value.rows.size * self.network.sequences[equation.sequence]
                )

    def _reserve(self, name: str, cols: int) -> None:
        self.areas[name] = self.page.area(self.row, self.width + 1, 1, cols)
        self.width += cols

    def place(self) -> dict[str, Block]:
        """Every block, by name."""
        blocks = {"epoch": self._epochs(), "loss": self._one("loss", self._losses(), "{}", "result", PRECISE)}
        slopes = [self.areas[f"d{name}"] for name in self.network.gradients]
        every = f"{cell(slopes[0], 0)}:{cell(slopes[-1], slopes[-1].cols - 1)}"
        self._one("norm", every, "SQRT(SUMPRODUCT({0},{0}))", "gradient")
        clip = self.used["clip"].area.fixed
        self._one("scale", cell(self.areas["norm"], 0), f"IF({{0}}>{clip},{clip}/{{0}},1)", "gradient")
        for name, gradient in self.network.gradients.items():
            self._weight(gradient.parameter)
            fills = [
                self._fill(
                    self.layout.summed(gradient.shares, row, col), row * gradient.parameter.cols.size + col
                )
                for row in range(gradient.parameter.rows.size)
                for col in range(gradient.parameter.cols.size)
            ]
            self._block(f"d{name}", fills, "gradient")
            self._numbered(f"d{name}", gradient.parameter)
        for equation in self.equations:
            self._over_time(equation)
        self._last_epochs(blocks["loss"])
        return blocks

    def _last_epochs(self, losses: Block) -> None:
        """The last epochs again, above the first and under the same heads, so that a page has both."""
        count, labels = min(_SHOWN_AGAIN, self.epochs), self.page.labels
        self.page.text(_LAST_EPOCHS, 1, labels("training.last_epochs"), "caption")
        self.page.text(_FIRST - 1, 1, labels("training.first_epochs"), "caption")
        row, first = _LAST_EPOCHS + 1, self.epochs + 1 - count
        fill = Fill(Formula(cell(replace(losses.area, row=self.row + first), -1)), 0, 0, count, 1)
        values = [[first + down] for down in range(count)]
        self.page.formulas("epoch", self.page.area(row, _EPOCH, count), (fill,), "label", values=values)
        _last_of(self.page, losses, self.page.area(row, _LOSS, count), "result")
        said = {equation.name for equation in self.says}
        for block in [block for block in self.page.sheet.blocks if block.name in said]:
            area = replace(block.area, row=row, rows=count)
            _last_of(self.page, block, area, block.style)
            self.page.sheet.highlights.append(Highlight(area, "target", self._right(area)))

    def _right(self, said: Area) -> Area:
        """Where the right answers stand, above what is said."""
        return self.page.area(_HEAD + 2, said.col, 1, said.cols)

    def _widths(self) -> None:
        """Of the columns before the norm: what is said has room, and its head."""
        self.page.sheet.widths |= {_EPOCH: 8, _LOSS: number_width(6)}
        letters = self.network.split == "letters" and "answer" not in self.network.sequences
        for equation in self.says:
            area = self.areas[equation.name]
            head = (width_of(self._told(equation)) + 1) / area.cols
            wide = max(4.5 if letters else 10, head)
            self.page.sheet.widths |= dict.fromkeys(range(area.col, area.col + area.cols), wide)

    def _epochs(self) -> Block:
        first = self.areas["epoch"]
        self.page.text(_HEAD + 2, _EPOCH, self.page.labels("training.epoch"), "caption")
        self.page.constants("epoch", self.row, _EPOCH, [[0]], "label")
        area = replace(first, row=self.row + 1, rows=self.epochs)
        values = [[epoch + 1] for epoch in range(self.epochs)]
        self.page.formula("epoch", area, f"{cell(first, 0)}+1", "label", values=values)
        return Block("epoch", replace(first, rows=self.epochs + 1), "label", "whole")

    def _one(self, name: str, of: str, text: str, style: str, form: str = "") -> Block:
        self.page.text(_HEAD + 2, self.areas[name].col, self.page.labels(f"training.{name}"), "caption")
        return self._block(name, [self._fill(text.format(of), 0)], style, form)

    def _weight(self, parameter: Parameter) -> None:
        """At epoch 0 the input, then the epoch above less rate · scale · gradient."""
        area, source, rows = self.areas[parameter.name], self.given[parameter.name].area, parameter.rows.size
        fills = []
        for row in range(rows):
            start = number_or_zero(f"{quoted(source.sheet)}!{column_letters(source.col)}${source.row + row}")
            fills.append(Fill(Formula(_bounded(start)), 0, row * source.cols, 1, source.cols))
        slope, rate = cell(self.areas[f"d{parameter.name}"], 0), self.used["rate"].area.fixed
        scale = f"${cell(self.areas['scale'], 0)}"
        next_one = _bounded(f"{cell(area, 0)}-{rate}*{scale}*{slope}")
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
        steps = self.network.sequences[equation.sequence]
        fills = [
            self._fill(self.layout.formula(equation, unit, start), unit * steps + start, end - start)
            for unit in range(equation.value.rows.size)
            for start, end in pairwise(self.layout.kinds_of_step(equation))
        ]
        style = STYLES["answer" if equation.base == "letter" else equation.part]
        block = self._block(equation.name, fills, style, FORMATS.get(equation.base, ""))
        self._head(equation, block)

    def _head(self, equation: Equation, block: Block) -> None:
        area, rows, steps = block.area, equation.value.rows, self.network.sequences[equation.sequence]
        self.page.text(_HEAD, area.col, self._told(equation), "symbol")
        if equation.base == "predicted":
            self.page.link(self.given[equation.beside("target")], _HEAD + 2, area.col, style="label")
            self.page.sheet.highlights.append(Highlight(area, "target", self._right(area)))
            return
        times = list(range(1, steps + 1)) * rows.size
        self.page.constants("t", _HEAD + 2, area.col, [times], "label")
        for unit in range(rows.size if rows.name != "one" else 0):
            text = self.page.labels(f"training.{rows.name}", number=unit + 1)
            self.page.text(_HEAD + 1, area.col + unit * steps, text, "small")

    def _told(self, equation: Equation) -> str:
        told = self.page.labels.get(f"training.{equation.base}")
        return told + of_layer(equation, self.page.labels) if told else symbol(equation.value)

    def _fill(self, text: str, right: int, cols: int = 1) -> Fill:
        return Fill(Formula(text), 0, right, self.epochs + 1, cols)

    def _block(self, name: str, fills: list[Fill], style: str, form: str = "") -> Block:
        self.longest = max(self.longest, *(len(fill.formula.text) for fill in fills))
        area = replace(self.areas[name], rows=self.epochs + 1)
        # What has been learned is no whole number: all its digits would fill the columns.
        form = form or ("" if self.digits else NUMBERS[4])
        return self.page.formulas(name, area, tuple(fills), style, trace=f"training.{name}", form=form)

    def _losses(self) -> str:
        """The sum of the losses of all time steps and outputs; "" where nothing is asked."""
        loss = self.network.of("loss")
        areas = [self.areas[each.name] for each in loss if each.base == "loss_t"]
        asked = [f"SUM({self.given[each.name].area.absolute})" for each in loss if each.base == "asked"]
        ends = ({cell(area, 0): None, cell(area, area.cols - 1): None} for area in areas)
        sums = (f"SUM({':'.join(both)})" for both in ends)
        return f'IF({"+".join(asked)}=0,"",{"+".join(sums)})'


def _bounded(text: str) -> str:
    return f"MAX(-1E+100,MIN(1E+100,{text}))"


def _last_of(page: Page, block: Block, area: Area, style: str) -> None:
    """Shows elsewhere what a block has at the last epochs: as many as the area has rows."""
    first = block.area.rows - area.rows
    fill = Fill(Formula(page.reference(block.area.part(first))), 0, 0, area.rows, area.cols)
    page.formulas(block.name, area, (fill,), style, trace=block.trace, form=block.format, epoch=first)


def _chart(page: Page, epochs: Area, losses: Area, col: int) -> None:
    title, x, y = map(page.labels, ("training.chart", "training.epoch", "training.loss"))
    chart = Chart("line", title, (Series(losses, y),), epochs, x, y, _ABOUT, col, _CHART_HEIGHT)
    page.sheet.charts.append(chart)
