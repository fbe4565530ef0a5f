"""A plan and its values into an .xlsx file: openpyxl's skeleton, our own stream of cells."""

import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl.writer.excel import ExcelWriter

from rnnsheet.files import write_whole
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Area, Block, Fill, Plan, Sheet, Text
from rnnsheet.workbook.skeleton import row_heights, skeleton
from rnnsheet.workbook.style import LOOKS, Edges, Styles

Expected = Callable[[Block], Sequence[Sequence[Any]]]
"""The value of each cell of a block, row by row."""

_SHEET_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')
_CHUNK = 1 << 16
_LEVEL = 5
"""Of zlib: a third faster than its usual 6, and a workbook grows by 2 %."""


def write(plan: Plan, expected: Expected, path: Path) -> None:
    """Writes the workbook, whole or not at all.

    Every formula carries what is expected of its cell as its cached value; every float is written so
    that it reads back bit for bit. Raises OutputError where the file cannot be written.
    """
    write_whole(path, lambda file: _write(plan, expected, file))


def _write(plan: Plan, expected: Expected, file: BinaryIO) -> None:
    book = skeleton(plan)
    styles = Styles(book.worksheets[0])
    bodies = [_SheetCells(sheet, expected, styles) for sheet in plan.sheets]
    saved = BytesIO()
    # Not Workbook.save: it would compress what is read again at once.
    ExcelWriter(book, zipfile.ZipFile(saved, "w")).save()
    with (
        zipfile.ZipFile(saved) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as target,
    ):
        for item in source.infolist():
            content = source.read(item)
            number = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", item.filename)
            with target.open(item.filename, "w", force_zip64=True) as part:
                if number:
                    _stream(content, bodies[int(number[1]) - 1], part)
                else:
                    part.write(content)


def _stream(skeleton_part: bytes, body: "_SheetCells", part: Any) -> None:
    """Writes a worksheet's part with the body's rows in the place of the skeleton's."""
    dimension = f'<dimension ref="{body.dimension}"/>'.encode()
    before, after = _SHEET_DATA.split(_DIMENSION.sub(dimension, skeleton_part), maxsplit=1)
    part.write(before + b"<sheetData>")
    waiting, size = [], 0
    for row in body.rows():
        waiting.append(row)
        size += len(row)
        if size > _CHUNK:
            part.write("".join(waiting).encode())
            waiting, size = [], 0
    part.write("".join(waiting).encode() + b"</sheetData>" + after)


_VALUE = "\x00"
"""Where a value goes in a template; XML has no such sign."""
_ROWS = 0xE000
"""Where the signs begin that stand for rows in a template."""


class _SheetCells:
    """The rows of one sheet as XML. Made before the skeleton is saved, so that it knows all styles.

    Rows of one kind differ by their number and their values alone, so each kind is compiled once,
    into a template.
    """

    def __init__(self, sheet: Sheet, expected: Expected, styles: Styles):
        self._heights = row_heights(sheet)
        self._pieces: dict[int, list[tuple[int, _Cells, int]]] = defaultdict(list)
        for text in sheet.texts:
            self._pieces[text.row].append((text.col, _text_cells(text, styles), 0))
        for block in sheet.blocks:
            cells = _block_cells(block, expected, styles)
            for down in range(block.area.rows):
                self._pieces[block.area.row + down].append((block.area.col, cells, down))
        self._templates: dict[tuple[object, ...], _Template] = {}

    @property
    def dimension(self) -> str:
        """The range of all cells."""
        if not self._pieces:
            return "A1"
        last = max(col + piece.width - 1 for row in self._pieces.values() for col, piece, _ in row)
        return f"A1:{column_letters(last)}{max(self._pieces)}"

    def rows(self) -> Iterator[str]:
        """Each row's XML, from the top."""
        for row in sorted(self._pieces.keys() | self._heights.keys()):
            height = f' ht="{self._heights[row]}" customHeight="1"' if row in self._heights else ""
            pieces = sorted(self._pieces[row], key=lambda piece: piece[0])
            kinds = tuple([piece.kind(down) for _, piece, down in pieces])
            if kinds not in self._templates:
                self._templates[kinds] = _Template([piece.cells(down) for _, piece, down in pieces])
            values = [value for _, piece, down in pieces for value in piece.shown(down)]
            yield f'<row r="{row}"{height}>{self._templates[kinds].filled(row, values)}</row>'


class _Template:
    """The XML of a row, with signs for row numbers and for values."""

    def __init__(self, cells: list[Callable[[Callable[[int], str]], str]]):
        self._signs: dict[int, str] = {}
        """Per distance from the row, the sign that stands for the row so far below it."""
        self._text = "".join(text(self._sign) for text in cells)

    def _sign(self, distance: int) -> str:
        return self._signs.setdefault(distance, chr(_ROWS + len(self._signs)))

    def filled(self, row: int, values: list[str]) -> str:
        """The XML of one row of the sheet."""
        text = self._text
        for distance, sign in self._signs.items():
            text = text.replace(sign, str(row + distance))
        pieces = text.split(_VALUE)
        filled = [""] * (2 * len(pieces) - 1)
        filled[::2], filled[1::2] = pieces, values
        return "".join(filled)


class _Cells:
    """Adjacent cells of some rows: of each row its kind, its values, and the template of its kind.

    `numbers` gives the style's number from the edges of the area at which a cell stands.
    """

    def __init__(
        self,
        area: Area,
        values: Sequence[Sequence[Any]],
        fills: tuple[Fill, ...],
        numbers: Callable[[Edges], int],
    ):
        self._area, self._values, self._fills = area, values, fills
        self.width = area.cols
        self._columns = [column_letters(col) for col in range(area.col, area.col + area.cols)]
        self._styles = {
            ends: [numbers((col == 0, col == area.cols - 1, *ends)) for col in range(area.cols)]
            for ends in {self._ends(down) for down in range(area.rows)}
        }
        self._texts = {down for down, row in enumerate(values) if str in map(type, row)}
        self._kinds = self._row_kinds()

    def _ends(self, down: int) -> tuple[bool, bool]:
        return down == 0, down == self._area.rows - 1

    def _row_kinds(self) -> list[tuple[object, ...]]:
        """Per row what rows with the same template have in common: borders, formulas, where texts stand."""
        rows = self._area.rows
        breaks = {1, rows - 1}.union(*({fill.down, fill.down + fill.rows} for fill in self._fills))
        kinds: list[tuple[object, ...]] = []
        part = 0
        for down, row in enumerate(self._values):
            part += down in breaks
            texts = [isinstance(value, str) for value in row] if down in self._texts else ()
            kinds.append((id(self), part, *texts))
        return kinds

    def kind(self, down: int) -> tuple[object, ...]:
        """What rows that have the same template have in common."""
        return self._kinds[down]

    def shown(self, down: int) -> list[str]:
        """The values of a row as XML wants them, floats bit for bit."""
        row = self._values[down]
        if down in self._texts:
            return [escape(value) if isinstance(value, str) else repr(value) for value in row]
        return [repr(value) for value in row]

    def cells(self, down: int) -> Callable[[Callable[[int], str]], str]:
        """The XML of a row's kind, made with a function that gives the sign of a row at a distance."""
        return partial(self._cells, down)

    def _cells(self, down: int, sign: Callable[[int], str]) -> str:
        formulas = [""] * self.width
        for fill in self._fills:
            if fill.down <= down < fill.down + fill.rows:
                first = self._area.row + fill.down
                texts = fill.formula.cells(fill.cols, lambda row, first=first: sign(row - first))  # type: ignore[misc]
                formulas[fill.right : fill.right + fill.cols] = texts
        cells = zip(self._columns, self._styles[self._ends(down)], formulas, self._values[down], strict=True)
        return "".join(
            _cell(f'r="{col}{sign(0)}" s="{style}"', formula, isinstance(value, str))
            for col, style, formula, value in cells
        )


def _text_cells(text: Text, styles: Styles) -> _Cells:
    form = "letter" if LOOKS[text.style].frame else "general"
    area = Area("", text.row, text.col)
    # Only the first cell of a text that spans several holds it.
    return _Cells(area, [[text.text]], (), lambda _: styles.number(text.style, form))


def _block_cells(block: Block, expected: Expected, styles: Styles) -> _Cells:
    numbers = partial(styles.number, block.style, block.format)
    return _Cells(block.area, expected(block), block.fills, numbers)


def _cell(attributes: str, formula: str, is_text: bool) -> str:
    """A cell's XML, with a place for its value."""
    if formula:
        kind = ' t="str"' if is_text else ""
        return f"<c {attributes}{kind}><f>{escape(formula)}</f><v>{_VALUE}</v></c>"
    if is_text:
        return f'<c {attributes} t="inlineStr"><is><t xml:space="preserve">{_VALUE}</t></is></c>'
    return f"<c {attributes}><v>{_VALUE}</v></c>"


def escape(text: str) -> str:
    """The text as XML wants it between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
