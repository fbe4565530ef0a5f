"""A plan and a trace into an .xlsx file: openpyxl's skeleton, our own stream of cells."""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl.writer.excel import ExcelWriter

from rnnsheet.files import write_whole
from rnnsheet.lesson import Trace
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Block, Fill, Plan, Sheet, Text
from rnnsheet.workbook.skeleton import row_heights, skeleton
from rnnsheet.workbook.style import LOOKS, Styles

_SHEET_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')
_CHUNK = 1 << 16


def write(plan: Plan, trace: Trace, path: Path) -> None:
    """Writes the workbook, whole or not at all.

    Every formula carries the trace's number as its cached value; every float is written so
    that it reads back bit for bit. Raises OutputError where the file cannot be written.
    """
    write_whole(path, lambda file: _write(plan, trace, file))


def _write(plan: Plan, trace: Trace, file: BinaryIO) -> None:
    book = skeleton(plan)
    styles = Styles(book.worksheets[0])
    bodies = [_SheetCells(sheet, trace, styles) for sheet in plan.sheets]
    saved = BytesIO()
    # Not Workbook.save: it would compress what is read again at once.
    ExcelWriter(book, zipfile.ZipFile(saved, "w")).save()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
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


class _SheetCells:
    """The rows of one sheet as XML. Made before the skeleton is saved, so that it knows all styles."""

    def __init__(self, sheet: Sheet, trace: Trace, styles: Styles):
        self._heights = row_heights(sheet)
        self._pieces: dict[int, list[tuple[int, Any, int]]] = defaultdict(list)
        for text in sheet.texts:
            self._pieces[text.row].append((text.col, _TextCell(text, styles), 0))
        for block in sheet.blocks:
            cells = _BlockCells(block, trace, styles)
            for down in range(block.area.rows):
                self._pieces[block.area.row + down].append((block.area.col, cells, down))

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
            cells = "".join(
                piece.row(row, down)
                for _, piece, down in sorted(self._pieces[row], key=lambda piece: piece[0])
            )
            yield f'<row r="{row}"{height}>{cells}</row>'


class _TextCell:
    def __init__(self, text: Text, styles: Styles):
        self.width = text.span
        self._style = styles.number(text.style, "letter" if LOOKS[text.style].frame else "general")
        self._text = text

    def row(self, row: int, down: int) -> str:
        return _text_cell(column_letters(self._text.col), row, self._style, self._text.text)


_VALUE, _TYPE = "\x00", "\x01"
"""Where a template's values and the types of its cells go; XML has no such signs."""
_ROWS = 0xE000
"""Where the signs begin that stand for rows in a template."""


class _BlockCells:
    """A block's cells as XML, each row filled into a template that is compiled once."""

    def __init__(self, block: Block, trace: Trace, styles: Styles):
        self._block, self._values = block, block.expected(trace)
        area = block.area
        self.width = area.cols
        self._columns = [column_letters(col) for col in range(area.col, area.col + area.cols)]
        ends = {(down == 0, down == area.rows - 1) for down in range(area.rows)}
        self._styles = {end: self._row_styles(styles, *end) for end in ends}
        self._templates: dict[tuple[object, ...], _Template] = {}

    def _row_styles(self, styles: Styles, top: bool, bottom: bool) -> list[int]:
        last = self.width - 1
        kinds = [(col == 0, col == last) for col in range(self.width)]
        return [styles.number(self._block.style, self._block.format, (*kind, top, bottom)) for kind in kinds]

    def row(self, row: int, down: int) -> str:
        """The XML of the block's cells in one row."""
        values = self._values[down]
        end = (down == 0, down == self._block.area.rows - 1)
        if not self._block.fills and isinstance(values[0], str):
            cells = zip(self._columns, self._styles[end], values, strict=True)
            return "".join(_text_cell(col, row, style, value) for col, style, value in cells)
        fills = tuple(fill for fill in self._block.fills if fill.down <= down < fill.down + fill.rows)
        letters = str in map(type, values)
        # Rows of one kind differ by their number alone.
        key = (end, letters, *map(id, fills))
        if key not in self._templates:
            self._templates[key] = self._template(self._styles[end], fills, letters)
        return self._templates[key].row(row, values)

    def _template(self, styles: list[int], fills: tuple[Fill, ...], letters: bool) -> "_Template":
        offsets: dict[int, str] = {}
        formulas = [""] * self.width
        for fill in fills:
            first = self._block.area.row + fill.down

            def mark(number: int, first: int = first) -> str:
                return offsets.setdefault(number - first, chr(_ROWS + len(offsets)))

            texts = fill.formula.cells(fill.cols, mark)
            formulas[fill.right : fill.right + fill.cols] = [f"<f>{escape(text)}</f>" for text in texts]
        here, kind = offsets.setdefault(0, chr(_ROWS + len(offsets))), _TYPE if letters else ""
        cells = zip(self._columns, styles, formulas, strict=True)
        text = "".join(
            f'<c r="{col}{here}" s="{style}"{kind}>{formula}<v>{_VALUE}</v></c>'
            for col, style, formula in cells
        )
        return _Template(text, [(sign, offset) for offset, sign in offsets.items()])


class _Template:
    """The XML of a row of cells, with signs for row numbers and places for values."""

    def __init__(self, text: str, rows: list[tuple[str, int]]):
        self._text, self._rows = text, rows

    def row(self, row: int, values: Sequence[Any]) -> str:
        """The XML of one row of the sheet, with the values."""
        text = self._text
        for sign, offset in self._rows:
            text = text.replace(sign, str(row + offset))
        if _TYPE in text:
            text = _typed(text, values)
            shown = [escape(value) if isinstance(value, str) else repr(value) for value in values]
        else:
            shown = list(map(repr, values))
        pieces = text.split(_VALUE)
        filled = [""] * (2 * len(pieces) - 1)
        filled[::2], filled[1::2] = pieces, shown
        return "".join(filled)


def _typed(text: str, values: Sequence[Any]) -> str:
    """The template's text with the type of each cell that holds a text."""
    pieces = text.split(_TYPE)
    kinds = [' t="str"' if isinstance(value, str) else "" for value in values]
    return "".join(map("".join, zip(pieces, [*kinds, ""], strict=True)))


def escape(text: str) -> str:
    """The text as XML wants it between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text_cell(col: str, row: int, style: int, text: str) -> str:
    return (
        f'<c r="{col}{row}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
    )
