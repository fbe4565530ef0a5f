"""How a sheet is printed: the paper, what of it, how small, where a page ends, and what each page repeats."""

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Literal, NamedTuple

from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from rnnsheet.labels import Labels
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.page_builder import width_of
from rnnsheet.sheet.plan import CHART_WIDTH, Plan, Sheet, Text

LINE = 15.0
"""The height of a line of text, in points."""
_MARGIN, _HEAD, _EDGE = 0.4, 0.5, 0.25
"""Left and right, above and below, and where what stands above and below each page begins, in inches."""
_INCH, _PIXEL = 72.0, 72 / 96
_LEGIBLE, _COMFORTABLE = 0.51, 0.85
"""No sheet is printed smaller; it takes more pages instead. None is larger, so that it takes less of them."""
_MOST_NAMED = 4
"""Parts of a sheet that are not printed: a footer has room for so many."""
_MORE = 1.01
"""Programs round: a little more room than a sheet takes, or its last column would have a page of its own."""
_POINTS_PER_CHARACTER = 5.7
"""The width of a character of a column; a little more than Calibri's, and those of its size, take."""


class Paper(NamedTuple):
    """A size of paper: its number in the file, and its sides, in points."""

    number: str
    short: float
    long: float


PAPERS = {
    "a4": Paper(Worksheet.PAPERSIZE_A4, 595, 842),
    "letter": Paper(Worksheet.PAPERSIZE_LETTER, 612, 792),
}


def row_heights(sheet: Sheet) -> dict[int, float]:
    """The height of every row that is not of the default height, in points."""
    heights = dict(sheet.heights)
    for text in sheet.texts:
        if text.style == "title":
            heights[text.row] = 26
        elif text.style == "about":
            heights[text.row] = max(heights.get(text.row, LINE), LINE * _lines_needed(sheet, text) + 3)
    return heights


def _lines_needed(sheet: Sheet, text: Text) -> int:
    """How many lines a wrapped text needs at most."""
    width = sum(sheet.widths.get(col, sheet.width) for col in range(text.col, text.col + text.span))
    wide = width_of(text.text) - len(text.text)
    # Those that count twice fill their room; others take less than a digit.
    return math.ceil((1.08 * 2 * wide + 0.96 * (len(text.text) - wide)) / width)


def last_column(sheet: Sheet, rows: range | None = None) -> int:
    """The last column that anything takes, in all rows or, without links, some."""
    shown = [text for text in sheet.texts if rows is None or (text.row in rows and not text.link)]
    texts = [text.col + text.span - 1 for text in shown]
    blocks = [block.area for block in sheet.blocks if rows is None or block.area.row in rows]
    return max(texts + [area.col + area.cols - 1 for area in blocks], default=1)


def set_up(worksheet: Worksheet, sheet: Sheet, plan: Plan, texts: Labels) -> None:
    """What stays in sight is repeated on each page; a sheet lies on the paper if it takes no more pages so.

    A scale of our own: Excel forgets page breaks where it fits a sheet to the page.
    """
    page, paper = worksheet.page_setup, PAPERS[plan.paper]
    page.paperSize = paper.number
    worksheet.page_margins.left = worksheet.page_margins.right = _MARGIN
    worksheet.page_margins.top = worksheet.page_margins.bottom = _HEAD
    worksheet.page_margins.header = worksheet.page_margins.footer = _EDGE
    header, footer = worksheet.oddHeader, worksheet.oddFooter
    header.left.text, header.right.text = _literal(plan.title), "&A"  # type: ignore[union-attr]
    footer.left.text, footer.right.text = "rnnsheet", texts("style.footer")  # type: ignore[union-attr]
    printed = _Printed(sheet)
    footer.center.text = _not_printed(printed, texts)  # type: ignore[union-attr]
    worksheet.print_title_rows = f"{printed.repeated[0]}:{printed.repeated[-1]}"
    if beside := _beside(sheet):
        worksheet.print_title_cols = f"A:{column_letters(beside)}"
    worksheet.print_area = ",".join(printed.areas)
    laid = printed.on(paper)
    page.orientation = laid.orientation
    page.scale = int(100 * laid.scale)
    for row in laid.ends:
        worksheet.row_breaks.append(Break(row))


def pages(sheet: Sheet, paper: str) -> int:
    """How many pages a sheet takes on one of `PAPERS`."""
    return _Printed(sheet).on(PAPERS[paper]).pages


def _literal(text: str) -> str:
    """A text as a header takes it: `&` begins a code there."""
    return text.replace("&", "&&")


_Orientation = Literal["landscape", "portrait"]


class _Laid(NamedTuple):
    """How a sheet lies on paper."""

    pages: int
    scale: float
    ends: list[int]
    """The rows after which a page ends."""
    orientation: _Orientation


class _Printed:
    """What is printed of a sheet, of which some rows are repeated on every page."""

    def __init__(self, sheet: Sheet):
        self._sheet = sheet
        rows = sheet.frozen[0]
        self.repeated = range(sheet.head, rows + 1) if rows >= sheet.head else range(1, 2)
        self._heights = _heights(sheet)
        self._parts = sheet.printed_rows or ((1, len(self._heights)),)
        self._last = sheet.printed or max(_last_printed(sheet, range(1, end + 1)) for _, end in self._parts)
        self.areas = [f"A{top}:{column_letters(self._last)}{end}" for top, end in self._parts]
        self._width = sum(_width(sheet, col) for col in range(1, self._last + 1))
        self._labels = sum(_width(sheet, col) for col in range(1, _beside(sheet) + 1))
        self._heads = sum(self._heights[row - 1] for row in self.repeated if row <= len(self._heights))
        self._starts = _starts(sheet)

    @property
    def rows_left_out(self) -> list[range]:
        """The used rows that are not printed, between what is and below it."""
        ends = [*(top for top, _ in self._parts[1:]), len(self._heights) + 1]
        rests = (range(last + 1, top) for (_, last), top in zip(self._parts, ends, strict=True))
        return [rows for rows in rests if rows]

    @property
    def columns_left_out(self) -> range:
        """The columns right of what is printed, of which the printed rows take any."""
        used = (last_column(self._sheet, range(top, end + 1)) for top, end in self._parts)
        return range(self._last + 1, max(used) + 1)

    def on(self, paper: Paper) -> _Laid:
        """On a paper: lying, if it takes no more pages so."""
        lying = self._laid(paper.long, paper.short, "landscape")
        standing = self._laid(paper.short, paper.long, "portrait")
        return lying if lying.pages <= standing.pages else standing

    def _laid(self, across: float, down: float, orientation: _Orientation) -> _Laid:
        """On paper of these sides: as few pages as can be, then as large as can be."""
        across, down = across - 2 * _MARGIN * _INCH, down - 2 * _HEAD * _INCH
        rest = _LEGIBLE * self._width - across
        wide = 1 + max(0, math.ceil(rest / (across - _LEGIBLE * self._labels)))
        most = min(_COMFORTABLE, wide * across / (self._width + (wide - 1) * self._labels))
        scales = [most, *(each for each in (0.8, 0.75, 0.7, 0.65, 0.6, 0.55, _LEGIBLE) if each < most)]
        tried = []
        for scale in scales:
            ends, pages = self._page_ends(down / scale - self._heads)
            tried.append(_Laid(wide * pages, scale, ends, orientation))
        return min(tried, key=lambda laid: laid.pages)

    def _page_ends(self, room: float) -> tuple[list[int], int]:
        """The rows after which a page ends, so that a section stands on one page if it can; and the pages."""
        ends, pages = list[int](), 0
        for top, last in self._parts:
            # What is repeated on other pages is part of the first.
            used, pages = -self._heads if top == 1 else 0.0, pages + 1
            starts = [top, *(row for row in self._starts if top < row <= last)]
            for start, end in pairwise([*starts, last + 1]):
                height = sum(self._heights[start - 1 : end - 1])
                if start > top and used + height > room:
                    ends.append(start - 1)
                    used, pages = 0.0, pages + 1
                used += height
                while used > room:
                    used, pages = used - room, pages + 1
        return ends, pages


def _not_printed(printed: _Printed, texts: Labels) -> str | None:
    """What the footer says of rows and columns that are in the file alone: on paper nothing else tells it."""
    rows = printed.rows_left_out
    named = [texts("style.rows", first=each.start, last=each[-1]) for each in rows[:_MOST_NAMED]]
    if len(rows) > _MOST_NAMED:
        named.append(texts("style.and_more"))
    if cols := printed.columns_left_out:
        first, last = column_letters(cols.start), column_letters(cols[-1])
        named.append(texts("style.columns", first=first, last=last))
    return texts("style.not_printed", what=texts("steps.and").join(named)) if named else None


def _beside(sheet: Sheet) -> int:
    """How many columns each page repeats."""
    return max(sheet.frozen[1], sheet.labels)


def _width(sheet: Sheet, col: int) -> float:
    """Of a column, in points: what lies beside its characters counts where it is narrow."""
    width = sheet.widths.get(col, sheet.width)
    return max(_POINTS_PER_CHARACTER * width, _MORE * (7 * width + 5) * 72 / 96)


def _heights(sheet: Sheet) -> list[float]:
    """Of each used row, in points; charts are part of a sheet."""
    heights = row_heights(sheet)
    ends = [text.row for text in sheet.texts] + [b.area.row + b.area.rows - 1 for b in sheet.blocks]
    last = max(ends + [rows[-1] for rows in _drawn(sheet)])
    return [heights.get(row, LINE) for row in range(1, last + 1)]


def _drawn(sheet: Sheet) -> list[range]:
    """The rows that each chart and each diagram takes."""
    charts = [range(chart.row, chart.row + math.ceil(chart.height * _PIXEL / LINE)) for chart in sheet.charts]
    return charts + [range(each.row, each.row + each.rows) for each in sheet.drawings]


def _starts(sheet: Sheet) -> list[int]:
    """The rows before which a page may end: where a section begins, but not after headings alone."""
    inside = {row for drawn in _drawn(sheet) for row in drawn[1:]}
    headings = {text.row for text in sheet.texts if text.style == "heading"}
    shown = sorted([block.area.row for block in sheet.blocks] + [drawn[0] for drawn in _drawn(sheet)])
    starts = list[int]()
    for row in sorted(set(sheet.sections) - inside):
        under_heading = bool(starts) and starts[-1] in headings
        if not under_heading or bisect_left(shown, starts[-1]) < bisect_left(shown, row):
            starts.append(row)
    return starts


def _last_printed(sheet: Sheet, rows: range) -> int:
    """The last column of what is printed of some rows, with charts and diagrams."""
    last = last_column(sheet, rows)
    charts = [(chart.row, chart.col, CHART_WIDTH) for chart in sheet.charts]
    for row, col, width in [*charts, *((each.row, each.col, each.width) for each in sheet.drawings)]:
        if row in rows:
            room = width * _PIXEL
            while room > 0:
                room -= _width(sheet, col)
                col += 1
            last = max(last, col - 1)
    return last
