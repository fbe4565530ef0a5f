"""An .xlsx file into its cells: formulas, the values stored beside them, constants, defined names."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

from rnnsheet.errors import WorkbookError
from rnnsheet.sheet.formula import Formula, column_letters, column_number
from rnnsheet.sheet.grid import LAST_COLUMN, LAST_ROW, a1, key
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook import outside
from rnnsheet.workbook.looks import Font, Row, Styles, View, is_low
from rnnsheet.workbook.package import Package, readable
from rnnsheet.workbook.settings import unusual
from rnnsheet.workbook.tags import local
from rnnsheet.workbook.texts import unescaped

_SPACES = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
"""Of Transitional and of Strict Open XML, which differ in nothing else that is read here."""
LONGEST_FORMULA = 8192
"""As in Excel."""
MOST_FORMULAS = 64 << 20
"""All formulas that refer to that of another cell, in letters."""
MOST_IN_AREAS = 1_000_000
"""The cells in merged areas."""
MOST_FILLED = 200_000
"""The cells in the areas of array formulas and what-if tables."""
MOST_NAMES = 100_000
"""LibreOffice takes the square of their number."""
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ERROR = re.compile(r"#[A-Z0-9/_]+[!?]?|Err:[0-9]+")
_SHEET_NAME = re.compile(r"(?!')[^\[\]:*?/\\\x00-\x1f]{1,31}(?<!')")
"""As Excel wants it."""


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
    view: View = field(default_factory=View)


@dataclass(frozen=True)
class Contents:
    """A workbook as its file has it."""

    path: Path
    sheets: Mapping[str, Grid]
    names: Mapping[str, str]
    """The defined names and what they point at; those of one sheet alone begin with its name and !."""
    settings: tuple[str, ...] = ()
    """Those that are not as usual, of `settings.unusual`: engines are not told of them."""
    styles: Styles = field(default_factory=lambda: Styles(None, None))

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet. Raises WorkbookError where there is none of that name."""
        if sheet not in self.sheets:
            raise WorkbookError("missing_sheet", place=str(self.path), sheet=sheet)
        return self.sheets[sheet]

    def formula(self, sheet: str, row: int, col: int) -> str | None:
        """The cell's formula without `=`; None where it holds none."""
        return self.grid(sheet).formulas.get(key(row, col))

    def value(self, sheet: str, row: int, col: int) -> Any:
        """The cell's constant, or the value stored beside its formula; None where there is none."""
        return self.grid(sheet).values.get(key(row, col))

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return sum(len(grid.formulas.keys() | grid.values.keys()) for grid in self.sheets.values())

    def check_formulas(self) -> None:
        """Raises WorkbookError where a formula, or a name, could reach outside the workbook."""
        for place, found in self._reaching():
            raise WorkbookError("reaches_out", place=f"{self.path}: {place}", got=found)

    def _reaching(self) -> Iterator[tuple[str, str]]:
        """The places of formulas that could reach outside, and what lets them."""
        yield from outside.reaching(self.names)
        for sheet, grid in self.sheets.items():
            yield from ((f"{sheet}!{a1(cell)}", found) for cell, found in outside.reaching(grid.formulas))

    def check_unmerged(self, area: Area) -> None:
        """Raises WorkbookError where merged cells reach into an area."""
        for left, top, right, bottom in self.grid(area.sheet).merged:
            beside = right < area.col or left >= area.col + area.cols
            if not (beside or bottom < area.row or top >= area.row + area.rows):
                merged = Area(area.sheet, top, left, bottom - top + 1, right - left + 1)
                raise WorkbookError("merged", place=f"{self.path}: {area.sheet}!{merged.a1}")


def read(package: Package, letters: Letters = unescaped) -> Contents:
    """The contents of a workbook. Raises WorkbookError where it is damaged or none."""
    with readable(package.path):
        workbook = package.workbook
        root, links = package.tree(workbook), package.links(workbook)
        space = root.tag.removesuffix("workbook")
        if space not in _SPACES:
            raise ValueError(root.tag)
        filled = _Filled()
        styles = Styles(*(_only(package, links, kind) for kind in ("styles", "theme")))
        texts = _shared_texts(package, links, space, styles, letters)
        parts = _sheets(root, space, links)
        sheets: dict[str, Grid] = {}
        for name, (kind, part, state) in parts.items():
            if kind == "worksheet":
                with _within(name):
                    reader = _SheetReader(space, texts, filled, styles, letters)
                    sheets[name] = _grid(package, part, space, reader, state)
        settings = unusual(root, space)
        if "displayed_precision" in settings:
            raise package.refused("displayed_precision")
        names = _alone(root, space, "definedNames", "definedName")
        if len(names) > MOST_NAMES:
            raise package.refused("too_many_names", most=MOST_NAMES)
        return Contents(package.path, sheets, _targets(names, list(parts)), settings, styles)


def _sheets(
    root: ElementTree.Element, space: str, links: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str, str]]:
    """Per sheet, in order, what kind it is, the part that it stands in, and whether it is visible.

    Raises ValueError where two have one name, or stand in one part, which would be read again for each.
    """
    sheets: dict[str, tuple[str, str, str]] = {}
    taken: set[str] = set()
    for sheet in _alone(root, space, "sheets", "sheet"):
        (link,) = (value for name, value in sheet.items() if name.endswith("}id"))
        name, (kind, part) = unescaped(sheet.get("name", "")), links[link]
        for own in (f"sheet {_alike(name)!r}", part.lower()):
            if own in taken:
                raise ValueError(f"{own}: twice")
            taken.add(own)
        if not _SHEET_NAME.fullmatch(name):
            raise ValueError(f"sheet {name!r}")
        sheets[name] = kind, part, sheet.get("state", "visible")
    return sheets


def _alike(name: str) -> str:
    """What is the same for all names that some program takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


@contextmanager
def _within(sheet: str) -> Iterator[None]:
    """Says in which sheet something is damaged."""
    try:
        yield
    except (ValueError, KeyError) as error:
        raise ValueError(f"{sheet}: {error}") from error


def _alone(root: ElementTree.Element, space: str, group: str, tag: str) -> list[ElementTree.Element]:
    """The elements of a group. Raises ValueError where programs could find others, or elsewhere."""
    found = root.findall(f"{space}{group}/{space}{tag}")
    counts = Counter(map(local, root.iter()))
    if counts[group] > 1 or counts[tag] > len(found):
        raise ValueError(group)
    return found


def _targets(elements: Iterable[ElementTree.Element], sheets: Sequence[str]) -> dict[str, str]:
    """What each defined name points at. Raises ValueError where a name is there twice, or of no sheet."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in elements:
        own = name.get("localSheetId")
        if own and not (own.isascii() and own.isdecimal() and int(own) < len(sheets)):
            raise ValueError(f"localSheetId {own}")
        plain = unescaped(name.get("name", ""))
        key = (f"{sheets[int(own)]}!" if own else "") + plain
        if _alike(key) in taken or len(name) or "!" in plain:
            raise ValueError(key)
        taken.add(_alike(key))
        names[key] = name.text or ""
    return names


def _parts(links: Mapping[str, tuple[str, str]], wanted: str) -> list[str]:
    """The part of a kind, if there is one. Raises ValueError where there are more."""
    parts = [part for kind, part in links.values() if kind == wanted]
    if len(parts) > 1:
        raise ValueError(", ".join(parts))
    return parts


def _only(package: Package, links: Mapping[str, tuple[str, str]], kind: str) -> ElementTree.Element | None:
    return next((package.tree(part) for part in _parts(links, kind)), None)


def _shared_texts(
    package: Package, links: Mapping[str, tuple[str, str]], space: str, styles: Styles, letters: Letters
) -> list[str]:
    parts = _parts(links, "sharedStrings")
    return [text for part in parts for text in _texts_of(package, part, space, styles, letters)]


def _texts_of(package: Package, part: str, space: str, styles: Styles, letters: Letters) -> Iterator[str]:
    """The texts of a table, one after the other. Raises ValueError for what does not belong there."""
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    depth = tags = count = 0
    table: ElementTree.Element | None = None
    for piece in package.pieces(part):
        tags += piece.count(b"<")
        package.check_kept(tags)
        parser.feed(piece)
        # Of starts and ends, each has an element.
        found = cast(Iterator[tuple[str, ElementTree.Element]], parser.read_events())
        for event, element in found:
            depth += 1 if event == "start" else -1
            if table is None:
                table = element
            elif event == "end" and depth == 1:
                if element.tag == f"{space}si":
                    count += 1
                    package.check_kept(count)
                    yield _text(element, space, styles, letters)
                elif element.tag != f"{space}extLst":
                    raise ValueError(f"{part}: {element.tag}")
                table.clear()
                tags = 0
    parser.close()


def _text(element: ElementTree.Element, space: str, styles: Styles, letters: Letters) -> str:
    """A text with or without formats; how it is pronounced is left out.

    Raises ValueError where it is there twice: programs take the first, the last or both.
    """
    plain, runs = element.findall(f"{space}t"), element.findall(f"{space}r/{space}t")
    if len(plain) > 1 or (plain and runs):
        raise ValueError(f"<t>: {plain[0].text}")
    text = letters("".join(part.text or "" for part in (*plain, *runs)))
    fonts = element.findall(f"{space}r/{space}rPr") if runs else []
    if fonts:
        text = _FormattedText(text)
        text.fonts = tuple(map(styles.font, fonts))
    return text


def _grid(package: Package, part: str, space: str, reader: "_SheetReader", state: str) -> Grid:
    builder = ElementTree.TreeBuilder()
    # The part becomes the child of an element of ours, so that what is there can be seen before it ends.
    above = builder.start("part", {})
    parser = ElementTree.XMLParser(target=builder)
    cells, tags = None, 0
    for piece in package.pieces(part):
        parser.feed(piece)
        tags += piece.count(b"<")
        if cells is None:
            cells = above.find(f"{space}worksheet/{space}sheetData")
        if cells is not None and (ended := cells[:-1]):
            reader.rows(ended)
            del cells[:-1]
            tags = piece.count(b"<")
        package.check_kept(tags)
    builder.end("part")
    parser.close()
    # Programs would read the cells of another one too, also in another namespace.
    if cells is None or sum(each.tag.endswith("}sheetData") for each in above.iter()) > 1:
        raise ValueError(f"{part}: sheetData")
    reader.rows(cells)
    cells.clear()
    merged = above.iterfind(f"{space}worksheet/{space}mergeCells/{space}mergeCell")
    reader.grid.merged.extend(corners(each.get("ref", "")) for each in merged)
    size = sum((right - left + 1) * (bottom - top + 1) for left, top, right, bottom in reader.grid.merged)
    if size > MOST_IN_AREAS:
        raise ValueError(f"mergeCell: {size:,} > {MOST_IN_AREAS:,}")
    reader.fill_areas()
    view = reader.styles.view(above, state)
    reader.check_rows(view)
    return replace(reader.grid, view=view)


def corners(text: str) -> tuple[int, int, int, int]:
    """First column and row, last column and row of `H23:K25` or `H23`. Raises ValueError for another text."""
    first, _, last = text.partition(":")
    left, top = _place(first)
    right, bottom = _place(last or first)
    return left, top, right, bottom


def _place(text: str) -> tuple[int, int]:
    found = _CELL.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no cell")
    return column_number(found[1]), int(found[2])


class _Filled:
    """How much small elements of a workbook have filled, all sheets together."""

    def __init__(self) -> None:
        self._letters = self._cells = 0

    def letters(self, count: int) -> None:
        """Raises ValueError where formulas that refer to another cell's would become too many letters."""
        self._letters += count
        if self._letters > MOST_FORMULAS:
            raise ValueError(f"shared: {self._letters:,} > {MOST_FORMULAS:,}")

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


class _SheetReader:
    """Takes one row after the other into a grid."""

    def __init__(self, space: str, texts: Sequence[str], filled: _Filled, styles: Styles, letters: Letters):
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
        """Raises ValueError where a row's height is no number, or a style none of the workbook's."""
        for look in self._looks:
            is_low(look, view)
            for number in set(look.styles):
                self.styles.look(number)

    def _row(self, element: ElementTree.Element) -> None:
        row = _natural(element.get("r") or str(self._last_row + 1))
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
                if inline is not None or (value is not None and value.text):
                    values[before + col] = stored = self._stored(cell.get("t"), value, inline)
                    if type(stored) is _FormattedText:
                        self.grid.fonts[before + col], values[before + col] = stored.fonts, str(stored)
            except ValueError as error:
                raise ValueError(f"{column_letters(col)}{row}: {error}") from None
        styles = tuple([cell.get("s") for cell in element])
        look = Row(element.get("hidden"), element.get("ht"), tuple(cols), styles)
        rows = self.grid.rows
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
            return _text(inline, self._space, self.styles, self._letters)
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
            if not text.isdecimal() or int(text) >= len(self._texts):
                raise ValueError(f"{text} is no number of a text")
            return self._texts[int(text)]
        if kind == "b":
            if text not in _TRUTHS:
                raise ValueError(f"{text} is neither true nor false")
            return _TRUTHS[text]
        if kind == "e" and _ERROR.fullmatch(text):
            return CellError(text)
        if kind != "d":
            raise ValueError(f"t={kind!r}, <v>")
        return text

    def _text_of(self, formula: ElementTree.Element, row: int, col: int) -> str:
        """A cell's formula, also where it refers to that of another cell, as Excel saves a block of them."""
        # As Gnumeric saves functions that it calls by a name of its own.
        text, kind = (formula.text or "").replace("_xlfngnumeric.", "_xlfn."), formula.get("t")
        if len(formula) or len(text) > LONGEST_FORMULA:
            raise ValueError(f"{kind or 'normal'}, {len(text)}")
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
        index = _natural(formula.get("si", ""))
        if index not in self._shared:
            if not text:
                raise ValueError(f"shared: {index}")
            self._shared[index] = _Shared(row, col, text, formula.get("ref", ""))
            return text
        shared = self._shared[index]
        self._filled.letters(len(shared.formula.text))
        found = shared.at(row, col)
        if text and text != found:
            raise ValueError(f"shared: {text}; {found}")
        return found


_TRUTHS = {"0": False, "1": True, "false": False, "true": True}


def _natural(text: str) -> int:
    """A number as all programs write it. Raises ValueError for 01, +1, 1_0 and digits of other scripts."""
    if not (text.isascii() and text.isdecimal()) or text != str(int(text)):
        raise ValueError(f"{text!r} is no number")
    return int(text)
