"""A plan and its values into an .xlsx file: openpyxl's skeleton, our own stream of cells."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from types import NoneType
from typing import Any, BinaryIO

from rnnsheet.files import write_whole
from rnnsheet.progress import Advance, unheard
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Area, Block, Plan, Sheet, Text
from rnnsheet.workbook.highlights import conditional_formats
from rnnsheet.workbook.parts import SHARED_TEXTS, parts, with_points
from rnnsheet.workbook.printing import row_heights
from rnnsheet.workbook.skeleton import skeleton
from rnnsheet.workbook.style import LOOKS, Styles
from rnnsheet.workbook.texts import SharedText, SharedTexts, escaped, markup
from rnnsheet.workbook.zipped import Zipped

Expected = Callable[[Block], Sequence[Sequence[Any]]]
"""The value of each cell of a block, row by row; None where nothing is stored."""

_WORKSHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_CHART = re.compile(r"xl/charts/chart\d+\.xml")
_SHEET_DATA = re.compile(r"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_AFTER_FORMATS = re.compile("(?=<dataValidations|<hyperlinks|<printOptions|<pageMargins)")
"""Where the first stands of what comes after conditional formats. Source: ECMA-376, part 1, 18.3.1.99."""
_DIMENSION = re.compile(r'<dimension ref="[^"]*"\s*/>')
_STRIDE = 1000
"""After how many rows of a kind it is told that they are written."""


def write(plan: Plan, expected: Expected, path: Path, advance: Advance = unheard) -> None:
    """Writes the workbook, whole or not at all; the same workbook is the same bytes.

    Every formula carries what is expected of its cell as its cached value; every float is written so
    that it reads back bit for bit. `advance` is told how many cells are written. Raises OutputError
    where the file cannot be written.
    """
    write_whole(path, lambda file: _write(plan, expected, file, advance))


def _write(plan: Plan, expected: Expected, file: BinaryIO, advance: Advance) -> None:
    book, shared = skeleton(plan), SharedTexts()
    styles = Styles()
    bodies = {sheet.name: _SheetCells(sheet, expected, styles, shared) for sheet in plan.sheets}
    in_order = list(bodies.values())
    drawn = {area.absolute: area for sheet in plan.sheets for area in sheet.drawn()}

    def shown(reference: str) -> Sequence[Any]:
        return bodies[drawn[reference].sheet].shown(drawn[reference])

    with Zipped(file) as archive:
        for name, xml in parts(book, plan.sheets, styles):
            if number := _WORKSHEET.fullmatch(name):
                archive.put(name, partial(_worksheet, xml, in_order[int(number[1]) - 1], advance))
            elif _CHART.fullmatch(name):
                archive.put(name, partial(with_points, xml, shown))
            else:
                archive.put(name, partial(iter, [xml]))
        archive.put(SHARED_TEXTS, shared.part)


def _worksheet(skeleton_part: str, body: "_SheetCells", advance: Advance) -> Iterator[str]:
    """A worksheet's part, with the body's rows in the place of the skeleton's, and conditional formats."""
    dimension = f'<dimension ref="{body.dimension}"/>'
    before, after = _SHEET_DATA.split(_DIMENSION.sub(dimension, skeleton_part), maxsplit=1)
    yield f"{before}<sheetData>"
    yield from body.rows(advance)
    protection, rest = _AFTER_FORMATS.split(after, maxsplit=1)
    yield f"</sheetData>{protection}{body.formats}{rest}"


class _SheetCells:
    """The rows of one sheet as XML. Made before the skeleton is saved, so that it knows all styles."""

    def __init__(self, sheet: Sheet, expected: Expected, styles: Styles, shared: SharedTexts):
        self._heights = row_heights(sheet)
        self.formats = conditional_formats(sheet, styles)
        self._blocks = [_BlockCells(block, expected(block), styles, shared) for block in sheet.blocks]
        texts = (_TextCell(text, styles, shared) for text in sheet.texts)
        self._pieces: list[_TextCell | _BlockCells] = [*texts, *self._blocks]

    def shown(self, area: Area) -> Sequence[Any]:
        """The value of each cell of an area, row by row; "" where there is none."""
        values: list[Any] = [""] * (area.rows * area.cols)
        for block in self._blocks:
            block.show(area, values)
        return values

    @property
    def dimension(self) -> str:
        """The range of all cells."""
        if not self._pieces:
            return "A1"
        last = max(piece.area.col + piece.area.cols - 1 for piece in self._pieces)
        return f"A1:{column_letters(last)}{max(piece.end for piece in self._pieces) - 1}"

    def rows(self, advance: Advance) -> Iterator[str]:
        """Each row's XML, from the top."""
        beginning: defaultdict[int, list[_TextCell | _BlockCells]] = defaultdict(list)
        for piece in self._pieces:
            beginning[piece.area.row].append(piece)
        ends = {row for piece in self._pieces for row in piece.breaks}
        ends |= {row + side for row in self._heights for side in (0, 1)}
        pieces: list[_TextCell | _BlockCells] = []
        for first, end in pairwise(sorted(ends)):
            pieces = [piece for piece in pieces if piece.end > first] + beginning[first]
            pieces.sort(key=lambda piece: piece.area.col)
            if pieces or first in self._heights:
                cells = sum(piece.area.cols for piece in pieces)
                for start in range(first, end, _STRIDE):
                    rows = range(start, min(start + _STRIDE, end))
                    yield from self._alike(rows, pieces)
                    advance(len(rows) * cells)

    def _alike(self, rows: range, pieces: list["_TextCell | _BlockCells"]) -> Iterator[str]:
        """Rows that differ by their numbers and values alone: a template is made once and filled for each."""
        first, signs = rows[0], dict[int, str]()

        def sign(distance: int) -> str:
            """What stands in the template for the number of the row so far below."""
            if len(rows) == 1:
                return str(first + distance)
            # XML has no such letter.
            return signs.setdefault(distance, f"\x00{distance}\x00")

        height = f' ht="{self._heights[first]}" customHeight="1"' if first in self._heights else ""
        cells = "".join(piece.template(first, sign) for piece in pieces)
        template = f'<row r="{sign(0)}"{height}>{cells}</row>'
        values = zip(*(piece.values(rows) for piece in pieces), strict=True) if pieces else [()]
        # Most are the number of the row itself; to join is faster than to replace.
        own = template.split(signs.pop(0, "\x00"))
        for row, filled in zip(rows, values, strict=True):
            text = str(row).join(own)
            for distance, mark in signs.items():
                text = text.replace(mark, str(row + distance))
            yield text % tuple(chain.from_iterable(filled))


class _TextCell:
    """The cell of a text; of one that spans several only the first holds it."""

    def __init__(self, text: Text, styles: Styles, shared: SharedTexts):
        self.area, self.end = Area("", text.row, text.col), text.row + 1
        self.breaks = {text.row, self.end}
        number = styles.number(text.style, "letter" if LOOKS[text.style].frame else "general")
        attributes = f'r="{column_letters(text.col)}{text.row}" s="{number}" t="s"'
        self._xml = f"<c {attributes}><v>{shared.number(text.text):d}</v></c>"

    def template(self, row: int, sign: Callable[[int], str]) -> str:
        """Its XML, which has no place for a value."""
        return self._xml

    def values(self, rows: range) -> Sequence[Sequence[Any]]:
        """None in its one row."""
        return [()]


class _BlockCells:
    """The cells of a block: the template of a row of them, and the values that go into it."""

    def __init__(self, block: Block, values: Sequence[Sequence[Any]], styles: Styles, shared: SharedTexts):
        area = block.area
        self.area, self._fills, self._shown = area, block.fills, values
        self.end = area.row + area.rows
        numbers = partial(styles.number, block.style, block.format)
        self._columns = [column_letters(col) for col in range(area.col, area.col + area.cols)]
        sides = [(col == 0, col == area.cols - 1) for col in range(area.cols)]
        self._styles = dict[tuple[bool, bool], list[int]]()
        for ends in {self._ends(down) for down in (0, area.rows // 2, area.rows - 1)}:
            own = {side: numbers((*side, *ends)) for side in dict.fromkeys(sides)}
            self._styles[ends] = [own[side] for side in sides]
        # The result of a formula stands beside it, and in no table.
        as_written = escaped if block.fills else shared.number
        kinds = [tuple(map(type, row)) for row in values]
        pairs = zip(values, kinds, strict=True)
        self._values = [_written(row, as_written) if str in kind else row for row, kind in pairs]
        self._changes = [down for down, (above, kind) in enumerate(pairwise(kinds), start=1) if above != kind]
        """Where, row by row, it changes what is a text and what a number."""

    @property
    def breaks(self) -> set[int]:
        """Where, row by row, borders or formulas change, or what is a text and what a number; and the end."""
        downs = {0, 1, self.area.rows - 1, self.area.rows}
        downs.update(*({fill.down, fill.down + fill.rows} for fill in self._fills))
        downs.update(self._changes)
        return {self.area.row + down for down in downs}

    def show(self, area: Area, values: list[Any]) -> None:
        """Puts the values of those cells that lie in an area, as people read them, into those of the area."""
        own = self.area
        left, right = max(own.col, area.col), min(own.col + own.cols, area.col + area.cols)
        if left >= right:
            return
        for row in range(max(own.row, area.row), min(own.row + own.rows, area.row + area.rows)):
            first = (row - area.row) * area.cols - area.col
            found = self._shown[row - own.row][left - own.col : right - own.col]
            values[first + left : first + left + len(found)] = found

    def values(self, rows: range) -> Sequence[Sequence[Any]]:
        """The values of some rows, as the template takes them."""
        return self._values[rows.start - self.area.row : rows.stop - self.area.row]

    def template(self, row: int, sign: Callable[[int], str]) -> str:
        """The XML of a row's cells, with a place for each value, and a sign for each row by its distance."""
        down = row - self.area.row
        formulas = [""] * self.area.cols
        for fill in self._fills:
            if fill.rows == fill.cols == 1 and fill.down == down:
                formulas[fill.right] = fill.formula.text
            elif fill.down <= down < fill.down + fill.rows:
                first = self.area.row + fill.down
                texts = fill.formula.cells(fill.cols, lambda row, first=first: sign(row - first))  # type: ignore[misc]
                formulas[fill.right : fill.right + fill.cols] = texts
        cells = zip(self._columns, self._styles[self._ends(down)], formulas, self._values[down], strict=True)
        return "".join(
            _cell(f'r="{column}{sign(0)}" s="{style}"', formula, type(value))
            for column, style, formula, value in cells
        )

    def _ends(self, down: int) -> tuple[bool, bool]:
        return down == 0, down == self.area.rows - 1


def _cell(attributes: str, formula: str, kind: type) -> str:
    """A cell's XML, with a place for its value: `repr` writes a float so that it reads back bit for bit.

    None is no value; its place takes nothing.
    """
    if kind is NoneType:
        own = f"<f>{markup(formula).replace('%', '%%')}</f>" if formula else ""
        return f"<c {attributes}>{own}%.0s</c>"
    if formula:
        of, place = (' t="str"', "%s") if kind is str else ("", "%r")
        return f"<c {attributes}{of}><f>{markup(formula).replace('%', '%%')}</f><v>{place}</v></c>"
    of = ' t="s"' if kind is SharedText else ""
    return f"<c {attributes}{of}><v>%r</v></c>"


def _written(row: Sequence[Any], as_written: Callable[[str], Any]) -> list[Any]:
    return [as_written(value) if isinstance(value, str) else value for value in row]
