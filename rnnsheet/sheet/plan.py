"""The plan of a workbook: blocks in places. Data only; the writer writes it, the check expects it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rnnsheet.sheet.bounds import LAST_COLUMN, key
from rnnsheet.sheet.drawing import Diagram, Flow
from rnnsheet.sheet.formula import Formula, column_letters

if TYPE_CHECKING:
    from rnnsheet.trace import Trace

LAYOUT = 21
"""The number of this arrangement of blocks; it grows whenever a block moves, so that `check` can tell."""


PAPERS = ("a4", "letter")


NUMBERS = {0: "general"} | {digits: f"number{digits}" for digits in range(1, 6)} | {6: "number"}
"""By how many digits it shows, the format of a number; until a plan is whole it is that with the most.

0 stands for as many as a number needs: whole numbers are shown whole."""


def quoted(sheet: str) -> str:
    """A sheet's name as a reference wants it: Excel needs the quotes less often, others need them."""
    return sheet if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", sheet) else f"'{sheet}'"


@dataclass(frozen=True)
class Area:
    """A rectangle of cells on a sheet; rows and columns count from 1."""

    sheet: str
    row: int
    col: int
    rows: int = 1
    cols: int = 1

    @property
    def a1(self) -> str:
        """`H23:K25`, or `H23` for one cell."""
        return self._text("")

    @property
    def absolute(self) -> str:
        """`Unrolled!$H$23:$K$25`, as defined names and charts want it."""
        return f"{quoted(self.sheet)}!{self._text('$')}"

    @property
    def fixed(self) -> str:
        """`$H$23:$K$25`, which stays when a formula fills."""
        return self._text("$")

    def part(self, down: int = 0, right: int = 0, rows: int = 1, cols: int = 1) -> Area:
        """A smaller area, measured from this one's first cell."""
        return Area(self.sheet, self.row + down, self.col + right, rows, cols)

    def column(self, right: int) -> Area:
        """One whole column; -1 is the one left of the area."""
        return self.part(0, right, self.rows, 1)

    def cells(self) -> Sequence[int]:
        """The `grid.key` of each cell, row by row."""
        rows = range(key(self.row, self.col), key(self.row + self.rows, self.col), LAST_COLUMN)
        if self.cols == 1:
            return rows
        return [cell for first in rows for cell in range(first, first + self.cols)]

    def _text(self, fixed: str) -> str:
        first = f"{fixed}{column_letters(self.col)}{fixed}{self.row}"
        if self.rows == self.cols == 1:
            return first
        last = f"{fixed}{column_letters(self.col + self.cols - 1)}{fixed}{self.row + self.rows - 1}"
        return f"{first}:{last}"


@dataclass(frozen=True)
class Fill:
    """A formula filled over a part of a block: `rows` × `cols` cells from (down, right)."""

    formula: Formula
    down: int
    right: int
    rows: int
    cols: int


@dataclass(frozen=True)
class Block:
    """A rectangle of cells that belong together.

    A block with `fills` holds formulas, one without holds constants; those with an `entry`
    ("number", "letter", "label", "word", "positive", "weight", "slider", "step", "reveal", "token",
    "answer", "text") may be edited. Its values are either `values`, known to the plan, or those of the
    trace's array `trace`: its columns from `time` on, or of an array over epochs all columns of each epoch,
    unit by unit.
    """

    name: str
    area: Area
    style: str
    format: str
    fills: tuple[Fill, ...] = ()
    values: Sequence[Sequence[Any]] | None = None
    trace: str = ""
    time: int = 1
    transposed: bool = False
    """The rows are the columns of the trace's array."""
    epoch: int = 0
    """The row of the trace's array that is the first; another than 0 where it is over epochs."""
    entry: str = ""
    choices: Area | None = None
    """Where the entries stand that may be chosen."""
    words: bool = False
    """The values are sentences of the label file, which a later version may put better."""

    @property
    def kind(self) -> str:
        """ "input", "formula" or "constant"."""
        return "input" if self.entry else "formula" if self.fills else "constant"

    def expected(self, trace: Trace) -> Sequence[Sequence[Any]]:
        """The value of each cell, row by row."""
        if self.values is not None:
            return self.values
        array, first = trace[self.trace], self.time - 1
        if self.transposed:
            array = array.T
        flat = array.reshape(len(array), -1)[:, first : first + self.area.cols]
        rows: Sequence[Sequence[Any]] = flat[self.epoch : self.epoch + self.area.rows].tolist()
        return rows

    def formulas(self) -> list[list[str]]:
        """The formula of each cell, row by row, without `=`."""
        texts = [[""] * self.area.cols for _ in range(self.area.rows)]
        for fill in self.fills:
            own = fill.formula.rows(0, fill.rows, fill.cols)
            for down, first in enumerate(range(0, len(own), fill.cols), fill.down):
                texts[down][fill.right : fill.right + fill.cols] = own[first : first + fill.cols]
        return texts


@dataclass(frozen=True)
class Text:
    """A text for people; `span` cells wide where it wraps inside them.

    `link` and `at` are the sheet and the cell that it leads to.
    """

    row: int
    col: int
    text: str
    style: str
    span: int = 1
    link: str = ""
    at: str = "A1"


@dataclass(frozen=True)
class Series:
    """A row or a column of numbers in a chart, and its name: a cell that holds it, or a text."""

    values: Area
    title: Area | str


SCREEN = 1130
"""So many pixels of a sheet a window of 1,280 shows, beside what programs put around it: LibreOffice most."""
CHART_WIDTH, CHART_HEIGHT = 435, 312
"""Of a chart, in pixels."""
MOST_SERIES = 8
"""Of a chart: more are not told apart."""


@dataclass(frozen=True)
class Chart:
    """A chart: "shares" are columns from 0 to 1, "counts" of whole numbers; "line" and "powers" are lines.

    "powers" are over powers of ten.
    """

    kind: str
    title: str
    series: tuple[Series, ...]
    categories: Area
    x_title: str
    y_title: str
    row: int
    col: int
    height: int = CHART_HEIGHT

    @property
    def told(self) -> str:
        """What it shows, for those who do not see it."""
        names = [series.title for series in self.series if isinstance(series.title, str)]
        axes = f"{self.title}: {self.y_title} × {self.x_title}"
        return f"{axes} ({', '.join(names)})" if len(names) > 1 else axes


@dataclass(frozen=True)
class Highlight:
    """A colouring that follows the numbers, of a kind that `workbook.highlights` knows.

    "one_hot" and "share" shade 0 to 1, "ink" so what may be edited, "mark" tells 1 from 0,
    "factor" less from more than 1, "bar" is a bar in the cell, "target" marks letters that are those of
    `other`, one row, "chosen" the row that `other` has the number of, from 0, "fine" a text that is that of
    `other`, and "note" one that begins with it. "beyond" shows nothing where `number` is more than `other`.
    """

    area: Area
    kind: str
    other: Area | None = None
    number: int = 0

    @property
    def hidden_where(self) -> str:
        """Where the cells of "beyond" show nothing: a formula; "" of any other kind."""
        if self.kind != "beyond" or self.other is None:
            return ""
        return f"AND(ISNUMBER({self.other.fixed}),{self.number}>{self.other.fixed})"


@dataclass
class Sheet:
    """One worksheet."""

    name: str
    blocks: list[Block] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    drawings: list[Diagram] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    """By row and column, what the note at a cell says."""
    highlights: list[Highlight] = field(default_factory=list)
    width: float = 11.7
    """Of a column, in characters."""
    widths: dict[int, float] = field(default_factory=dict)
    """Of the columns that have another one."""
    heights: dict[int, float] = field(default_factory=dict)
    """In points, of the rows that are not of the default height; a paragraph takes more where it needs it."""
    frozen: tuple[int, int] = (0, 0)
    """How many rows and columns stay in sight."""
    sections: list[int] = field(default_factory=list)
    """The rows at which a section begins; in print a page ends only between sections."""
    printed: int = 0
    """How many columns are printed; 0 for all."""
    printed_rows: tuple[tuple[int, int], ...] = ()
    """The first and the last row of each part that is printed; without any, all rows."""
    labels: int = 0
    """How many columns each printed page repeats, if more than stay in sight."""
    head: int = 1
    """The first row of what each printed page repeats, up to the last that stays in sight."""
    cursor: str = ""
    """The cell that is chosen at first; "" for the usual one."""
    part: str = ""
    """The style of what stands on it most, which gives its tab a colour; "" for none."""
    zoom: int = 100
    hidden: bool = False

    def left_of(self, col: int) -> int:
        """How far a column is from the left edge, in pixels."""
        usual = _pixels(self.width)
        others = (_pixels(width) - usual for before, width in self.widths.items() if before < col)
        return (col - 1) * usual + sum(others)

    def column_for(self, width: int, col: int) -> int:
        """The last column from `col` on at which so many pixels are seen on a small screen."""
        while self.left_of(col + 1) + width <= SCREEN:
            col += 1
        return col

    def keep_paragraphs_in_sight(self) -> None:
        """Narrows texts of several columns to those that a small screen shows."""
        end = self.column_for(0, 1)
        self.texts = [
            each if each.span == 1 else replace(each, span=min(each.span, max(1, end - each.col)))
            for each in self.texts
        ]

    def drawn(self) -> Iterator[Area]:
        """Every area that its charts refer to."""
        for chart in self.charts:
            yield chart.categories
            for series in chart.series:
                yield series.values
                if isinstance(series.title, Area):
                    yield series.title


def _pixels(width: float) -> int:
    """Of a column of so many characters."""
    return int(width * 7 + 5)


@dataclass(frozen=True)
class Plan:
    """A whole workbook, ready to be written or checked."""

    sheets: tuple[Sheet, ...]
    names: Mapping[str, Area]
    """The workbook-level defined names."""
    language: str
    title: str = ""
    paper: str = "a4"
    """The paper that it is printed on, one of `PAPERS`."""
    locked: bool = False
    """Whether no sheet may be renamed, moved, added or taken away."""

    def with_digits(self, digits: int) -> Plan:
        """The plan whose numbers show so many digits."""
        formats = {NUMBERS[6]: NUMBERS[digits]} | ({} if digits else {"narrow": NUMBERS[digits]})
        for sheet in self.sheets:
            sheet.blocks = [
                replace(block, format=formats[block.format]) if block.format in formats else block
                for block in sheet.blocks
            ]
        return self

    @property
    def cells(self) -> int:
        """How many cells are written."""
        texts = sum(len(sheet.texts) for sheet in self.sheets)
        return texts + sum(block.area.rows * block.area.cols for block in self.blocks())

    def blocks(self) -> Iterator[Block]:
        """Every block of every sheet."""
        for sheet in self.sheets:
            yield from sheet.blocks
