"""A worksheet's part into its cells, row by row: formulas, the values stored beside them, constants."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any
from xml.etree import ElementTree

from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW, key
from rnnsheet.sheet.formula import Formula, column_letters, column_number
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook.further import further
from rnnsheet.workbook.looks import Font, Styles
from rnnsheet.workbook.package import Package, weight
from rnnsheet.workbook.tags import by_name, local, natural, truth
from rnnsheet.workbook.view import Row, Table, View, height_of, outline, view_of

LONGEST_FORMULA = 8192
"""As in Excel."""
MOST_LETTERS, LETTERS_EACH = 16 << 20, 512
"""All formulas together: so many letters, and so many more for each; ours have 160 at most on average."""
MOST_IN_AREAS = 1_000_000
"""The cells in merged areas."""
MOST_FILLED = 200_000
"""The cells in the areas of array formulas and what-if tables."""
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ERROR = re.compile(r"#[A-Z0-9/_]+[!?]?|Err:[0-9]+")


class _FormattedText(str):
    """A text parts of which have letters of their own."""

    fonts: tuple[Font, ...]


Letters = Callable[[str], str]
"""What a text of the file says, in which letters may be escaped."""


class CellError(str):
    """The error that a cell shows, such as #DIV/0!."""


@dataclass(frozen=True)
class Grid:
    """The cells of one worksheet by their `grid.key`s; empty ones are left out."""

    formulas: dict[int, str] = field(default_factory=dict)
    """Without `=`."""
    values: dict[int, Any] = field(default_factory=dict)
    """float, str, bool or CellError: of a formula, the one stored beside it."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column and row, last column and row of merged cells."""
    arrays: set[int] = field(default_factory=set)
    """The cells with an array formula that fills no other cell."""
    filled: set[int] = field(default_factory=set)
    """The cells that an array formula fills together, or a what-if table; engines differ in what they find.

    Their formula is in braces, as programs show it: `{TABLE(B1,)}`.
    """
    rows: list[tuple[int, Row]] = field(default_factory=list)
    """The first row of those that look alike, and how; they end where the next begin."""
    fonts: dict[int, tuple[Font, ...]] = field(default_factory=dict)
    """Those of texts that have letters of their own in parts."""
    richer: set[int] = field(default_factory=set)
    """The cells that show more than their value, or something else: a picture, a record, a pronunciation."""
    further: tuple[str, ...] = ()
    """What else the part holds that is not looked at, of `further.further`."""
    view: View = field(default_factory=View)


def text_of(element: ElementTree.Element, space: str, styles: Styles, letters: Letters) -> str:
    """A text with or without formats; how it is pronounced is left out.

    Raises ValueError where it is there twice, or something is in it: programs take this or that of it.
    """
    plain, runs = element.findall(f"{space}t"), element.findall(f"{space}r")
    inside = [each for run in runs for each in by_name(run).values()]
    texts = [*plain, *(each for each in inside if each.tag == f"{space}t")]
    fonts = [each for each in inside if each.tag == f"{space}rPr"]
    aside = element.findall(f"{space}rPh") + element.findall(f"{space}phoneticPr")
    odd = len(element) > len(plain + runs + aside) or len(inside) > len(texts + fonts) - len(plain)
    if odd or len(plain) > 1 or (plain and runs) or any(map(len, texts)):
        raise ValueError(f"<t>: {''.join(part.text or '' for part in texts)}")
    text = letters("".join(part.text or "" for part in texts))
    if fonts:
        text = _FormattedText(text)
        text.fonts = tuple(map(styles.font, fonts))
    return text


def grid_of(package: Package, part: str, space: str, reader: "SheetReader", state: str) -> Grid:
    """The cells of a part, which `reader` takes row by row. Raises ValueError where it is damaged."""
    builder = ElementTree.TreeBuilder()
    # The part becomes the child of an element of ours, so that what is there can be seen before it ends.
    above = builder.start("part", {})
    parser = ElementTree.XMLParser(target=builder)
    cells, tags = None, 0
    for piece in package.pieces(part):
        parser.feed(piece)
        tags += weight(piece)
        if cells is None:
            cells = above.find(f"{space}worksheet/{space}sheetData")
        if cells is not None and (ended := cells[:-1]):
            reader.rows(ended)
            del cells[:-1]
            tags = weight(piece)
        package.check_kept(tags)
    builder.end("part")
    parser.close()
    # Programs would read the cells of another one too, also in another namespace or in none.
    if cells is None or sum(local(each) == "sheetData" for each in above.iter()) > 1:
        raise ValueError(f"{part}: sheetData")
    reader.rows(cells)
    cells.clear()
    # Wherever they stand: programs could take alternatives that we do not know.
    merged = (each for each in above.iter() if local(each) == "mergeCell")
    reader.grid.merged.extend(corners(each.get("ref", "")) for each in merged)
    size = sum((right - left + 1) * (bottom - top + 1) for left, top, right, bottom in reader.grid.merged)
    if size > MOST_IN_AREAS:
        raise ValueError(f"mergeCell: {size:,} > {MOST_IN_AREAS:,}")
    reader.fill_areas()
    links = package.links(part)
    view = view_of(above, space, state, reader.styles, _tables(package, links))
    reader.check_rows(view)
    return replace(reader.grid, view=view, further=further(above[0], links))


def _tables(package: Package, links: Mapping[str, tuple[str, str]]) -> list[Table]:
    """What tables and tables of pivots on a worksheet cover, and their filters."""
    linked = [target for kind, target in links.values() if kind in ("table", "pivotTable")]
    named = (each for target in linked for each in package.tree(target).iter() if each.get("ref"))
    return [Table(each.get("ref", ""), local(each) == "autoFilter" and len(each) > 0) for each in named]


def corners(text: str) -> tuple[int, int, int, int]:
    """First column and row, last column and row of `H23:K25` or `H23`.

    Raises ValueError for another text, such as `K25:H23`, which programs read as this or as nothing.
    """
    first, _, last = text.partition(":")
    left, top = _place(first)
    right, bottom = _place(last or first)
    if right < left or bottom < top:
        raise ValueError(f"{text!r} is no range")
    return left, top, right, bottom


def _place(text: str) -> tuple[int, int]:
    found = _CELL.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no cell")
    return column_number(found[1]), int(found[2])


class Filled:
    """How much small elements of a workbook have filled, all sheets together."""

    def __init__(self) -> None:
        self._letters = self._cells = 0

    def formula(self, letters: int) -> None:
        """Raises ValueError where the formulas are too long together, one of so many letters among them."""
        self._letters += letters - LETTERS_EACH
        if self._letters > MOST_LETTERS:
            raise ValueError(f"<f>: > {MOST_LETTERS:,}")

    def cells(self, area: Area, what: str) -> None:
        """Raises ValueError where the areas of array formulas and tables would take too many cells."""
        self._cells += area.rows * area.cols
        if self._cells > MOST_FILLED:
            raise ValueError(f"{what}: {self._cells:,} > {MOST_FILLED:,}")


class _Shared:
    """A formula that other cells refer to, and the area that they stand in."""

    def __init__(self, row: int, col: int, text: str, area: str):
        self._row, self._col, self.formula = row, col, Formula(text)
        self._area = corners(area)
        self._moved: dict[int, Formula] = {}
        """Per number of columns to the right, what stands in the first row."""

    def at(self, row: int, col: int) -> str:
        """What it is in another cell. Raises ValueError for a cell outside of the area."""
        left, top, right, bottom = self._area
        if not (left <= col <= right and top <= row <= bottom):
            raise ValueError("shared: outside of its area")
        if (to_right := col - self._col) not in self._moved:
            self._moved[to_right] = Formula(self.formula.moved(0, to_right))
        return self._moved[to_right].rows(row - self._row, 1, 1)[0]


class SheetReader:
    """Takes one row after the other into a grid."""

    def __init__(self, space: str, texts: Sequence[str], filled: Filled, styles: Styles, letters: Letters):
        self._letters = letters
        self.grid, self.styles = Grid(), styles
        self._looks: dict[Row, Row] = {}
        self._formula, self._value, self._inline = f"{space}f", f"{space}v", f"{space}is"
        self._row_tag, self._cell_tag = f"{space}row", f"{space}c"
        self._space, self._texts, self._filled = space, texts, filled
        self._shared: dict[int, _Shared] = {}
        self._areas: list[tuple[Area, str]] = []
        """Those that array formulas and what-if tables fill, with their formula."""
        self._columns: dict[str, int] = {}
        self._last_row = 0

    def rows(self, elements: Iterable[ElementTree.Element]) -> None:
        """The cells of rows. Raises ValueError or KeyError for what no program writes.

        Programs differ in what they make of rows or cells that come twice, or of an element that does not
        belong there: one could see a formula in it.
        """
        for element in elements:
            if element.tag != self._row_tag:
                raise ValueError(element.tag)
            self._row(element)

    def fill_areas(self) -> None:
        """Gives the cells that array formulas and tables fill their formula, after the last row."""
        for area, text in self._areas:
            cells = area.cells()
            if not self.grid.filled.isdisjoint(cells):
                raise ValueError(f"{area.a1}: filled twice")
            self.grid.filled.update(cells)
            self.grid.formulas.update(dict.fromkeys(cells, f"{{{text}}}"))

    def check_rows(self, view: View) -> None:
        """Raises ValueError where what a row says is no number, or a style none of the workbook's."""
        for look in self._looks:
            height_of(look, view)
            outline(look)
            for number in {look.style, *look.styles}:
                self.styles.look(number)
        for _, _, number in view.styles:
            self.styles.look(number)

    def _row(self, element: ElementTree.Element) -> None:
        row = natural(element.get("r") or str(self._last_row + 1))
        if not self._last_row < row <= LAST_ROW:
            raise ValueError(f"row {row}")
        self._last_row, digits = row, str(row)
        formulas, values = self.grid.formulas, self.grid.values
        before, col = key(row, 1) - 1, 0
        value_tag, formula_tag, columns = self._value, self._formula, self._columns
        cols: list[int] = []
        for cell in element:
            if cell.tag != self._cell_tag:
                raise ValueError(cell.tag)
            reference, left = cell.get("r"), col
            if reference:
                letters = reference.removesuffix(digits)
                col = columns.get(letters) or self._column(letters)
            else:
                col += 1
            if col <= left:
                raise ValueError(f"{reference}")
            cols.append(col)
            if cell.get("vm") or cell.get("ph"):
                self.grid.richer.add(before + col)
            value = formula = inline = None
            for child in cell:
                tag = child.tag
                if tag == value_tag and value is None:
                    value = child
                elif tag == formula_tag and formula is None:
                    formula = child
                elif tag == self._inline and inline is None:
                    inline = child
                else:
                    raise ValueError(f"{reference}: {tag}")
            try:
                if formula is not None:
                    formulas[before + col] = self._text_of(formula, row, col)
                if inline is not None or (value is not None and (value.text or cell.get("t") == "str")):
                    values[before + col] = stored = self._stored(cell.get("t"), value, inline)
                    if type(stored) is _FormattedText:
                        self.grid.fonts[before + col], values[before + col] = stored.fonts, str(stored)
            except ValueError as error:
                raise ValueError(f"{column_letters(col)}{row}: {error}") from None
        self._look_of(element, row, cols)

    def _look_of(self, element: ElementTree.Element, row: int, cols: Sequence[int]) -> None:
        """Keeps how a row looks, where it is not as the one before."""
        said, styles = element.get, tuple([cell.get("s") for cell in element])
        kept = (said("hidden"), said("ht"), said("outlineLevel"), said("collapsed"), said("s"))
        look, rows = Row(*kept, tuple(cols), styles), self.grid.rows
        if not rows or rows[-1][1] != look:
            rows.append((row, self._looks.setdefault(look, look)))

    def _column(self, letters: str) -> int:
        number = column_number(letters)
        if not (letters.isascii() and letters.isalpha() and letters.isupper() and number <= LAST_COLUMN):
            raise ValueError(f"{letters!r} is no cell")
        self._columns[letters] = number
        return number

    def _stored(
        self, kind: str | None, value: ElementTree.Element | None, inline: ElementTree.Element | None
    ) -> Any:
        """The value of a cell. Raises ValueError where programs take one or the other for it."""
        if inline is not None or value is None:
            if kind != "inlineStr" or value is not None or inline is None:
                raise ValueError(f"t={kind!r}, <is>")
            return text_of(inline, self._space, self.styles, self._letters)
        text = value.text or ""
        if len(value):
            raise ValueError("<v>")
        if kind is None or kind == "n":
            number = float(text)
            # Python takes 1_0 and digits of other scripts.
            if not isfinite(number) or "_" in text or not text.isascii():
                raise ValueError(f"{text} is no number")
            return number
        if kind == "str":
            return self._letters(text)
        if kind == "s":
            if not (text.isascii() and text.isdecimal()) or int(text) >= len(self._texts):
                raise ValueError(f"{text} is no number of a text")
            return self._texts[int(text)]
        if kind == "b":
            return truth(text)
        if kind == "e" and _ERROR.fullmatch(text):
            return CellError(text)
        # Also "d": few programs read dates in letters, and Excel writes them in its strict files alone.
        raise ValueError(f"t={kind!r}, <v>{text}")

    def _text_of(self, formula: ElementTree.Element, row: int, col: int) -> str:
        """A cell's formula, also where it refers to that of another cell, as Excel saves a block of them."""
        # As Gnumeric saves functions that it calls by a name of its own.
        text, kind = (formula.text or "").replace("_xlfngnumeric.", "_xlfn."), formula.get("t")
        if len(formula) or len(text) > LONGEST_FORMULA:
            raise ValueError(f"{kind or 'normal'}, {len(text)}")
        self._filled.formula(len(text))
        if kind is None or kind == "normal":
            return text
        if kind == "shared":
            return self._text_of_shared(formula, text, row, col)
        if kind not in ("array", "dataTable"):
            raise ValueError(f"{kind}")
        cell = f"{column_letters(col)}{row}"
        left, top, right, bottom = corners(formula.get("ref", cell))
        area = Area("", top, left, bottom - top + 1, right - left + 1)
        if area.rows < 1 or area.cols < 1 or (left, top) != (col, row):
            raise ValueError(f"{kind}: {area.a1}")
        self._filled.cells(area, kind)
        if kind == "array" and area.rows == area.cols == 1:
            self.grid.arrays.add(key(row, col))
            return text
        if kind == "dataTable":
            text = f"TABLE({formula.get('r1', '')},{formula.get('r2', '')})"
        self._areas.append((area, text))
        return text

    def _text_of_shared(self, formula: ElementTree.Element, text: str, row: int, col: int) -> str:
        """The formula of a cell that shares it with others; some programs write it out in each of them."""
        index = natural(formula.get("si", ""))
        if index not in self._shared:
            if not text:
                raise ValueError(f"shared: {index}")
            self._shared[index] = _Shared(row, col, text, formula.get("ref", ""))
            return text
        shared = self._shared[index]
        if not text:
            self._filled.formula(len(shared.formula.text))
        found = shared.at(row, col)
        if text and text != found:
            raise ValueError(f"shared: {text}; {found}")
        return found
