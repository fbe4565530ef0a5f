"""Puts blocks and texts on one worksheet, and compiles an equation to the block's formula."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Equation
from rnnsheet.equations.rules import formula, stretches
from rnnsheet.experiments import LIMIT
from rnnsheet.labels import Labels
from rnnsheet.network import Axis
from rnnsheet.sheet.formula import Formula, column_letters
from rnnsheet.sheet.plan import Area, Block, Fill, Highlight, Sheet, Text, quoted
from rnnsheet.sheet.references import Scope, reference

Values = Sequence[Sequence[Any]]

STATE_ROW = 3
SPAN = 12
"""How many columns of the usual width a paragraph is wide."""

NUMBER, WHOLE, LETTER, TEXT, MARK, GENERAL = "number", "whole", "letter", "text", "mark", "general"
PRECISE = "precise"
FAULT = "fault"
_NAMES = {
    LETTER: (
        "word second word_clean second_clean wanted wanted_second wanted_used wanted_second_used "
        "wanted_clean vocabulary labels start letter target predicted status state chosen weight "
        "blocks piece token says top_says forms key"
    ),
    TEXT: "so_far",
    WHOLE: (
        "speaks usable x bag goal t unit count rank epoch steps_back k said step reveal number "
        "mask place code capital size form_numbers asked same same_second"
    ),
    GENERAL: "rate clip update_rate flow_clip width witness picture pixels x_picture",
    "powers": "difference",
    MARK: "right known",
    FAULT: "fault wrong",
}
FORMATS = {name: form for form, names in _NAMES.items() for name in names.split()}
"""The number format of a block by its name without that of a layer; any other is NUMBER."""

CHOICES = {"letters": "vocabulary", "labels": "labels"}
"""Per axis the input block that has the names of its rows."""

STYLES = {
    "read": "given",
    "cell": "hidden",
    "output": "output",
    "answer": "result",
    "mark": "result",
    "loss": "loss",
    "gradient": "gradient",
}
"""The style of an equation's block by its part of the network."""

HIGHLIGHTS = {
    "x": "one_hot",
    "x_picture": "one_hot",
    "bag": "one_hot",
    "goal": "one_hot",
    "p": "share",
    "right": "mark",
}


_HEAD_HEIGHT, _HEAD_GAP = 20, 3
"""Of the row above a block: its height, and the letters between what stands beside each other there."""


def width_of(text: str) -> int:
    """How many columns of a plain letter a text is wide: wide letters count twice."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def number_width(digits: int) -> float:
    """The width of a column of numbers with so many digits, or of powers of ten."""
    return max(9.0, digits + 5.0)


def weight_name(name: str, row: int, col: int) -> str:
    """What one number of a weight is called, by its row and column from 0: `Wxh[1,2]`."""
    return f"{name}[{row + 1},{col + 1}]"


def number_or_zero(cell: str) -> str:
    """What is used of a cell in which someone may type anything: no text and no error goes further."""
    return f"IF(ISNUMBER({cell}),{cell},0)"


def text_or_nothing(cell: str) -> str:
    """The same of a text: "" where there is none."""
    return f'IFERROR({cell}&"","")'


class Page:
    """A worksheet being laid out."""

    def __init__(self, name: str, labels: Labels):
        self.sheet = Sheet(name)
        self.labels = labels
        self.span = SPAN
        """How many columns a paragraph is wide."""
        self.key = ""
        """By which the labels know the sheet."""

    @classmethod
    def of(cls, key: str, labels: Labels) -> Self:
        """The worksheet whose name the labels have."""
        page = cls(labels.sheets[key], labels)
        page.key = key
        return page

    def text(
        self,
        row: int,
        col: int,
        text: str,
        style: str = "plain",
        span: int = 1,
        link: str = "",
        at: str = "A1",
    ) -> None:
        """Puts a text, if there is one; `link` and `at` are the sheet and the cell that it leads to."""
        if text:
            self.sheet.texts.append(Text(row, col, text, style, span, link, at))

    def jump(self, row: int, col: int, text: str, to: int) -> None:
        """A link to a row of this sheet."""
        self.text(row, col, text, "link_text", link=self.sheet.name, at=f"A{to}")

    def head(self, row: int, symbolic: str, told: str, at: int = 0) -> None:
        """A row above a block: what it is in symbols, then in words; between them a link to a row `at`."""
        self.sheet.heights[row] = _HEAD_HEIGHT
        self.text(row, 1, symbolic, "symbol")
        col = self._behind(1, symbolic)
        if at:
            where = self.labels("foot.at", row=at)
            self.jump(row, col, where, at)
            col = self._behind(col, where)
        self.text(row, col, told, "small")

    def _behind(self, col: int, text: str) -> int:
        """The first column that a text which begins in `col` leaves free."""
        room = float(width_of(text) + _HEAD_GAP)
        while room > 0:
            room -= self.sheet.widths.get(col, self.sheet.width)
            col += 1
        return col

    def title(self, title: str, about: str) -> None:
        """The sheet's first two rows: its title, and what it is in a paragraph."""
        self.text(1, 1, title, "title")
        self.text(2, 1, about, "about", self.span)

    def back(self, row: int = 1, col: int = SPAN + 1, to: str = "overview") -> None:
        """The way back to the first sheet."""
        first = self.labels.sheets[to]
        self.text(row, col, self.labels("style.back", sheet=first), "link_text", link=first)

    def state(self, text: str, values: Values | None, messages: Mapping[str, Area]) -> Block:
        """The third row: what is wrong with what was typed, wherever that is, or that nothing is."""
        area = self.area(STATE_ROW, 1)
        self.sheet.highlights += [Highlight(area, key, messages[key]) for key in ("fine", "note")]
        return self.formula("state", area, text, "state", values=values, words=True)

    def legend(self, row: int, styles: Sequence[str]) -> int:
        """What the colours mean; the next free row."""
        self.text(row, 1, self.labels("overview.legend"), "heading", self.span)
        for line, style in enumerate(styles, start=row + 1):
            self.text(line, 1, self.labels(f"legend.{style}_sample"), style)
            self.text(line, 2, self.labels(f"legend.{style}"), "beside")
        return row + len(styles) + 2

    def area(self, row: int, col: int, rows: int = 1, cols: int = 1) -> Area:
        """An area of this sheet."""
        return Area(self.sheet.name, row, col, rows, cols)

    def constants(
        self,
        name: str,
        row: int,
        col: int,
        values: Values,
        style: str,
        entry: str = "",
        choices: Area | None = None,
        form: str = "",
    ) -> Block:
        """A block of numbers or letters; to be edited where it has an `entry`."""
        area = self.area(row, col, len(values), len(values[0]))
        form = form or FORMATS.get(name, NUMBER)
        return self._add(Block(name, area, style, form, values=values, entry=entry, choices=choices))

    def units(self, row: int, col: int, count: int, across: bool = False) -> None:
        """The numbers of the hidden units, downwards or across."""
        numbers = list(range(1, count + 1))
        self.constants("unit", row, col, [numbers] if across else [[number] for number in numbers], "label")

    def row_labels(self, axis: Axis, row: int, col: int, given: Mapping[str, Block]) -> Area:
        """The label of each row of a block: letters or labels as they stand in the inputs, or numbers."""
        if axis.name in CHOICES:
            self.link(given[CHOICES[axis.name]], row, col, style="label")
        elif axis.name != "one":
            self.units(row, col, axis.size)
        return self.area(row, col, axis.size)

    def column_labels(
        self, axis: Axis, row: int, col: int, given: Mapping[str, Block], style: str = "label"
    ) -> None:
        """The label of each column of a weight matrix."""
        if axis.name in CHOICES:
            self.link_transposed(given[CHOICES[axis.name]], row, col, style)
        elif axis.name != "one":
            self.units(row, col, axis.size, across=True)

    def described(self, parameter: Parameter, meaning: str, words: bool) -> str:
        """A parameter's shape, axes and meaning in one line."""
        names = [axis.name for axis in (parameter.rows, parameter.cols)]
        axes = [self.labels(f"axis.{name}{'_words' * (words and name == 'letters')}") for name in names]
        shape = f"{parameter.rows.size}×{parameter.cols.size}"
        kind = "number" if shape == "1×1" else "matrix"
        return self.labels(f"shape.{kind}", shape=shape, rows=axes[0], cols=axes[1], meaning=meaning)

    def mark(self, block: Block, base: str) -> None:
        """Lets the block's colours follow its numbers, where they are shares or marks."""
        if kind := HIGHLIGHTS.get(base):
            self.sheet.highlights.append(Highlight(block.area, kind))

    def link(
        self,
        source: Block,
        row: int,
        col: int,
        right: int = 0,
        cols: int = 0,
        style: str = "link",
        around: str = "{}",
        trace: str = "",
        form: str = "",
    ) -> Block:
        """A block that shows `cols` columns of another from its column `right` on; all, if 0.

        `around` is what its formula stands in, `trace` what it then shows.
        """
        cols = cols or source.area.cols - right
        target = source.area.part(0, right, source.area.rows, cols)
        values = source.values and [line[right : right + cols] for line in source.values]
        return self.formula(
            source.name,
            self.area(row, col, target.rows, cols),
            around.format(self.taken(source, target)),
            style,
            values=values,
            trace=trace or source.trace,
            time=source.time + right,
            form=form or source.format,
        )

    def taken(self, source: Block, area: Area) -> str:
        """A reference to a part of a block; 0 or "" where someone typed what is no number or no text."""
        text = self.reference(area)
        used = {"number": number_or_zero, "answer": text_or_nothing}
        return used[source.entry](text) if source.entry in used else text

    def link_transposed(
        self,
        source: Block,
        row: int,
        col: int,
        style: str = "link",
        around: str = "{}",
        trace: str = "",
        form: str = "",
    ) -> Block:
        """A block whose rows are the columns of another; `around` and `trace` as in `link`."""
        area = self.area(row, col, source.area.cols, source.area.rows)
        fills = tuple(
            Fill(Formula(around.format(self.taken(source, source.area.part(down, right)))), right, down, 1, 1)
            for down in range(source.area.rows)
            for right in range(source.area.cols)
        )
        values = source.values and [list(column) for column in zip(*source.values, strict=True)]
        return self.formulas(
            source.name,
            area,
            fills,
            style,
            values=values,
            trace=trace or source.trace,
            time=source.time,
            form=form or source.format,
            transposed=bool(source.trace),
        )

    def equation(
        self,
        equation: Equation,
        row: int,
        col: int,
        cols: int,
        time: int,
        scope: Scope,
        run: str = "",
        form: str = "",
        around: str = "{}",
    ) -> Block:
        """The block of an equation over `cols` time steps, the first of them `time`.

        Its values are those of the trace's arrays that begin with `run`; `around` is what its formula stands
        in.
        """
        rows = equation.value.rows.size
        area = self.area(row, col, rows, cols)
        parts = stretches(equation.expr)
        ends = [*(start for start, _ in parts[1:]), rows]
        fills = []
        for (start, expr), end in zip(parts, ends, strict=True):
            part = area.part(start, 0, end - start, cols)
            text = around.format(formula(expr, partial(reference, scope, part)))
            fills.append(Fill(Formula(text), start, 0, part.rows, cols))
        return self.formulas(
            equation.name,
            area,
            tuple(fills),
            STYLES[equation.part],
            trace=run + equation.name,
            time=time,
            form=form or FORMATS.get(equation.base, NUMBER),
        )

    def formula(self, name: str, area: Area, text: str, style: str, **more: Any) -> Block:
        """A block of one formula that fills; `more` as in `formulas`."""
        return self.formulas(name, area, (Fill(Formula(text), 0, 0, area.rows, area.cols),), style, **more)

    def formulas(
        self,
        name: str,
        area: Area,
        fills: tuple[Fill, ...],
        style: str,
        *,
        values: Values | None = None,
        trace: str = "",
        time: int = 1,
        form: str = "",
        words: bool = False,
        transposed: bool = False,
        epoch: int = 0,
    ) -> Block:
        """A block of formulas, each filled over its part, with its values or the trace that has them."""
        form = form or FORMATS.get(name, NUMBER)
        return self._add(
            Block(name, area, style, form, fills, values, trace, time, transposed, epoch, words=words)
        )

    def positive(
        self, row: int, col: int, name: str, value: float, messages: Mapping[str, Area]
    ) -> tuple[Block, Block]:
        """A number above 0 to be edited, and below it the one that is used: 0 while it is none."""
        self.text(row, 1, self.labels(f"setting.{name}"), "caption")
        entry = self.constants(name, row, col, [[value]], "input", "positive")
        cell, message = entry.area.a1, messages["positive"].absolute
        text = f"IF(ISNUMBER({cell}),IF({cell}>0,MIN({cell},{LIMIT:G}),0),0)"
        used = self.used(name, row + 1, col, text, value)
        large = f'IF({cell}>{LIMIT:G},{messages["too_large"].absolute},"")'
        status = f"IF({used.area.a1}>0,{large},{message})"
        self.formula("status", self.area(row, col + 1), status, "status", values=[[""]], words=True)
        return entry, used

    def used(self, name: str, row: int, col: int, text: str, value: float) -> Block:
        """What is used of a setting."""
        self.text(row, 1, self.labels("setting.used"), "caption")
        return self.formula(name, self.area(row, col), text, "label", values=[[value]])

    def _add(self, block: Block) -> Block:
        self.sheet.blocks.append(block)
        return block

    def reference(self, area: Area) -> str:
        """A reference to the area's first cell that moves when it fills."""
        sheet = "" if area.sheet == self.sheet.name else f"{quoted(area.sheet)}!"
        return f"{sheet}{column_letters(area.col)}{area.row}"
