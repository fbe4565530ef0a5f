"""A plan and its values into an .xlsx file: openpyxl's skeleton, our own stream of cells."""

import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, Any, BinaryIO

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from rnnsheet.files import write_whole
from rnnsheet.progress import Advance, unheard
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Area, Block, Fill, Plan, Sheet, Text
from rnnsheet.workbook.skeleton import row_heights, skeleton
from rnnsheet.workbook.style import LOOKS, Edges, Styles, fonts_in_order

Expected = Callable[[Block], Sequence[Sequence[Any]]]
"""The value of each cell of a block, row by row."""

_SHEET_DATA = re.compile(r"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(r'<dimension ref="[^"]*"\s*/>')
_CHUNK = 1 << 18
"""How many letters are compressed at once, while the next are made."""
_STRIDE = 1000
"""After how many rows of a kind it is told that they are written."""
_LEVEL = 5
"""Of zlib: a third faster than its usual 6, and a workbook grows by 2 %."""


def write(plan: Plan, expected: Expected, path: Path, advance: Advance = unheard) -> None:
    """Writes the workbook, whole or not at all.

    Every formula carries what is expected of its cell as its cached value; every float is written so
    that it reads back bit for bit. `advance` is told how many cells are written. Raises OutputError
    where the file cannot be written.
    """
    write_whole(path, lambda file: _write(plan, expected, file, advance))


def _write(plan: Plan, expected: Expected, file: BinaryIO, advance: Advance) -> None:
    book = skeleton(plan)
    styles = Styles(book.worksheets[0])
    bodies = [_SheetCells(sheet, expected, styles) for sheet in plan.sheets]
    saved = BytesIO()
    # Not Workbook.save: it would compress what is read again at once.
    _InMemory(book, zipfile.ZipFile(saved, "w")).save()
    with (
        zipfile.ZipFile(saved) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as target,
    ):
        for item in source.infolist():
            content = source.read(item)
            number = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", item.filename)
            with target.open(item.filename, "w", force_zip64=True) as part:
                if number:
                    body = bodies[int(number[1]) - 1]
                    _compress(_worksheet(content.decode(), body, advance), part)
                else:
                    part.write(fonts_in_order(content) if item.filename == "xl/styles.xml" else content)


class _InMemory(ExcelWriter):
    """openpyxl's writer, without the temporary files that it leaves where it fails or is killed."""

    def write_worksheet(self, ws: Any) -> None:
        """As the original does it, but for where the part stands in between."""
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts = ws._charts
        writer = WorksheetWriter(ws, BytesIO())
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]
        self._archive.writestr(ws.path[1:], writer.read())  # type: ignore[attr-defined]
        self.manifest.append(ws)


def _worksheet(skeleton_part: str, body: "_SheetCells", advance: Advance) -> Iterator[str]:
    """A worksheet's part, with the body's rows in the place of the skeleton's."""
    dimension = f'<dimension ref="{body.dimension}"/>'
    before, after = _SHEET_DATA.split(_DIMENSION.sub(dimension, skeleton_part), maxsplit=1)
    yield f"{before}<sheetData>"
    yield from body.rows(advance)
    yield f"</sheetData>{after}"


def _compress(texts: Iterable[str], part: IO[bytes]) -> None:
    """Writes the texts in chunks: one is compressed in the background while the next is made."""
    with ThreadPoolExecutor(1) as background:
        written = background.submit(part.write, b"")
        for chunk in _chunks(texts):
            written.result()
            written = background.submit(part.write, chunk)
        written.result()


def _chunks(texts: Iterable[str]) -> Iterator[bytes]:
    waiting, size = [], 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size > _CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


class _SheetCells:
    """The rows of one sheet as XML. Made before the skeleton is saved, so that it knows all styles."""

    def __init__(self, sheet: Sheet, expected: Expected, styles: Styles):
        self._heights = row_heights(sheet)
        self._pieces = [_text_cells(text, styles) for text in sheet.texts]
        self._pieces += [_block_cells(block, expected, styles) for block in sheet.blocks]

    @property
    def dimension(self) -> str:
        """The range of all cells."""
        if not self._pieces:
            return "A1"
        last = max(piece.area.col + piece.area.cols - 1 for piece in self._pieces)
        return f"A1:{column_letters(last)}{max(piece.end for piece in self._pieces) - 1}"

    def rows(self, advance: Advance) -> Iterator[str]:
        """Each row's XML, from the top."""
        beginning: defaultdict[int, list[_Cells]] = defaultdict(list)
        for piece in self._pieces:
            beginning[piece.area.row].append(piece)
        ends = {row for piece in self._pieces for row in piece.breaks}
        ends |= {row + side for row in self._heights for side in (0, 1)}
        pieces: list[_Cells] = []
        for first, end in pairwise(sorted(ends)):
            pieces = [piece for piece in pieces if piece.end > first] + beginning[first]
            pieces.sort(key=lambda piece: piece.area.col)
            if pieces or first in self._heights:
                cells = sum(piece.area.cols for piece in pieces)
                for start in range(first, end, _STRIDE):
                    rows = range(start, min(start + _STRIDE, end))
                    yield from self._alike(rows, pieces)
                    advance(len(rows) * cells)

    def _alike(self, rows: range, pieces: list["_Cells"]) -> Iterator[str]:
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
        for row, parts in zip(rows, values, strict=True):
            text = template
            for distance, mark in signs.items():
                text = text.replace(mark, str(row + distance))
            yield text % tuple(chain.from_iterable(parts))


class _Cells:
    """The cells of an area: the template of a row of them, and the values that go into it.

    `numbers` gives the style's number from the edges of the area at which a cell stands.
    """

    def __init__(
        self,
        area: Area,
        values: Sequence[Sequence[Any]],
        fills: tuple[Fill, ...],
        numbers: Callable[[Edges], int],
    ):
        self.area, self._fills = area, fills
        self.end = area.row + area.rows
        self._columns = [column_letters(col) for col in range(area.col, area.col + area.cols)]
        self._styles = {
            ends: [numbers((col == 0, col == area.cols - 1, *ends)) for col in range(area.cols)]
            for ends in {self._ends(down) for down in range(area.rows)}
        }
        self._values = [_escaped(row) if str in map(type, row) else row for row in values]

    @property
    def breaks(self) -> set[int]:
        """Where, row by row, borders or formulas change, or what is a text and what a number; and the end."""
        downs = {0, 1, self.area.rows - 1, self.area.rows}
        downs.update(*({fill.down, fill.down + fill.rows} for fill in self._fills))
        types = pairwise(list(map(type, row)) for row in self._values)
        downs.update(down for down, (above, row) in enumerate(types, start=1) if above != row)
        return {self.area.row + down for down in downs}

    def values(self, rows: range) -> Sequence[Sequence[Any]]:
        """The values of some rows, as the template takes them."""
        return self._values[rows.start - self.area.row : rows.stop - self.area.row]

    def template(self, row: int, sign: Callable[[int], str]) -> str:
        """The XML of a row's cells, with a place for each value, and a sign for each row by its distance."""
        down = row - self.area.row
        formulas = [""] * self.area.cols
        for fill in self._fills:
            if fill.down <= down < fill.down + fill.rows:
                first = self.area.row + fill.down
                texts = fill.formula.cells(fill.cols, lambda row, first=first: sign(row - first))  # type: ignore[misc]
                formulas[fill.right : fill.right + fill.cols] = texts
        cells = zip(self._columns, self._styles[self._ends(down)], formulas, self._values[down], strict=True)
        return "".join(
            _cell(f'r="{column}{sign(0)}" s="{style}"', formula, isinstance(value, str))
            for column, style, formula, value in cells
        )

    def _ends(self, down: int) -> tuple[bool, bool]:
        return down == 0, down == self.area.rows - 1


def _text_cells(text: Text, styles: Styles) -> _Cells:
    form = "letter" if LOOKS[text.style].frame else "general"
    number = styles.number(text.style, form)
    # Only the first cell of a text that spans several holds it.
    return _Cells(Area("", text.row, text.col), [[text.text]], (), lambda _: number)


def _block_cells(block: Block, expected: Expected, styles: Styles) -> _Cells:
    numbers = partial(styles.number, block.style, block.format)
    return _Cells(block.area, expected(block), block.fills, numbers)


def _cell(attributes: str, formula: str, is_text: bool) -> str:
    """A cell's XML, with a place for its value: `repr` writes a float so that it reads back bit for bit."""
    if formula:
        kind, place = (' t="str"', "%s") if is_text else ("", "%r")
        return f"<c {attributes}{kind}><f>{escape(formula).replace('%', '%%')}</f><v>{place}</v></c>"
    if is_text:
        return f'<c {attributes} t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'
    return f"<c {attributes}><v>%r</v></c>"


def _escaped(row: Sequence[Any]) -> list[Any]:
    return [escape(value) if isinstance(value, str) else value for value in row]


def escape(text: str) -> str:
    """The text as XML wants it between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
