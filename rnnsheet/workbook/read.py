"""An .xlsx file into its cells: formulas, the values stored beside them, constants, defined names."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rnnsheet.errors import WorkbookError
from rnnsheet.sheet.formula import Formula, column_letters, column_number
from rnnsheet.sheet.grid import LAST_COLUMN, LAST_ROW, key
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook import outside
from rnnsheet.workbook.package import MOST_TAGS_AT_ONCE, WORKBOOK, Package, check_is_worksheet, readable
from rnnsheet.workbook.texts import unescaped

_SHARED_TEXTS = "xl/sharedStrings.xml"
_RULES = ("formula", "formula1", "formula2", "f")
"""Elements with formulas outside of cells."""
LONGEST_FORMULA = 8192
"""As in Excel."""
MOST_FORMULAS = 64 << 20
"""All formulas of a sheet that refer to that of another cell, in letters."""
MOST_IN_AREAS = 1_000_000
"""The cells in merged areas, or in the area of an array formula."""
MOST_NAMES = 100_000
"""LibreOffice takes the square of their number."""
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_PIECE = 16 << 10


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
    rules: list[str] = field(default_factory=list)
    """Formulas of conditional formats and the like."""


@dataclass(frozen=True)
class Contents:
    """A workbook as its file has it."""

    path: Path
    sheets: Mapping[str, Grid]
    names: Mapping[str, str]
    """The defined names and what they point at; those of one sheet alone begin with its name and !."""

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

    def check_formulas(self) -> None:
        """Raises WorkbookError where a formula, or a name, could reach outside the workbook."""
        for place, found in self._reaching():
            raise WorkbookError("reaches_out", place=f"{self.path}: {place}", got=found)

    def _reaching(self) -> Iterator[tuple[str, str]]:
        """The places of formulas that could reach outside, and what lets them."""
        yield from outside.reaching(self.names)
        for sheet, grid in self.sheets.items():
            yield from ((sheet, found) for _, found in outside.reaching(dict(enumerate(grid.rules))))
            yield from ((f"{sheet}!{_a1(cell)}", found) for cell, found in outside.reaching(grid.formulas))

    def check_unmerged(self, area: Area) -> None:
        """Raises WorkbookError where merged cells reach into an area."""
        for left, top, right, bottom in self.grid(area.sheet).merged:
            beside = right < area.col or left >= area.col + area.cols
            if not (beside or bottom < area.row or top >= area.row + area.rows):
                merged = Area(area.sheet, top, left, bottom - top + 1, right - left + 1)
                raise WorkbookError("merged", place=f"{self.path}: {area.sheet}!{merged.a1}")


def _a1(cell: int) -> str:
    row, col = divmod(cell, LAST_COLUMN)
    return f"{column_letters(col + 1)}{row}"


def read(package: Package) -> Contents:
    """The contents of a workbook. Raises WorkbookError where it is damaged or none."""
    with readable(package.path):
        root = package.tree(WORKBOOK)
        space = root.tag.removesuffix("workbook")
        links = package.links(WORKBOOK)
        texts = _shared_texts(package, links, space)
        parts = _sheets(root, space, links)
        sheets: dict[str, Grid] = {}
        for name, (kind, part) in parts.items():
            if kind == "worksheet":
                check_is_worksheet(part)
                with _within(name):
                    sheets[name] = _grid(package, part, space, texts)
        outside.check_other_parts(package)
        if any(each.get("fullPrecision") in ("0", "false") for each in root.iter(f"{space}calcPr")):
            raise package.refused("displayed_precision")
        names = _alone(root, space, "definedNames", "definedName")
        if len(names) > MOST_NAMES:
            raise package.refused("too_many_names", most=MOST_NAMES)
        return Contents(package.path, sheets, _targets(names, list(parts)))


def _sheets(
    root: ElementTree.Element, space: str, links: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Per sheet, in order, what kind it is and the part that it stands in.

    Raises ValueError where two have one name, or stand in one part, which would be read again for each.
    """
    sheets: dict[str, tuple[str, str]] = {}
    for sheet in _alone(root, space, "sheets", "sheet"):
        (link,) = (value for name, value in sheet.items() if name.endswith("}id"))
        if (name := unescaped(sheet.get("name", ""))) in sheets:
            raise ValueError(f"sheet {name!r}")
        sheets[name] = links[link]
    taken = Counter(part.lower() for _, part in sheets.values())
    if twice := next((part for part, count in taken.items() if count > 1), None):
        raise ValueError(f"{WORKBOOK}: {twice}")
    return sheets


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
    counts = Counter(each.tag.rpartition("}")[2] for each in root.iter())
    if counts[group] > 1 or counts[tag] > len(found):
        raise ValueError(f"{WORKBOOK}: {group}")
    return found


def _targets(elements: Iterable[ElementTree.Element], sheets: Sequence[str]) -> dict[str, str]:
    """What each defined name points at. Raises ValueError where a name is there twice, or of no sheet."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in elements:
        own = name.get("localSheetId")
        if own and not (own.isdecimal() and int(own) < len(sheets)):
            raise ValueError(f"{WORKBOOK}: localSheetId {own}")
        key = (f"{sheets[int(own)]}!" if own else "") + unescaped(name.get("name", ""))
        if key.lower() in taken or len(name):
            raise ValueError(f"{WORKBOOK}: {key}")
        taken.add(key.lower())
        names[key] = name.text or ""
    return names


def _shared_texts(package: Package, links: Mapping[str, tuple[str, str]], space: str) -> list[str]:
    parts = [part for kind, part in links.values() if kind == "sharedStrings"]
    if not parts:
        return []
    if parts != [_SHARED_TEXTS]:
        raise ValueError(", ".join(parts))
    texts, tags = [], 0
    with package.open(_SHARED_TEXTS) as stream:
        elements = ElementTree.iterparse(stream, ("start", "end"))
        _, table = next(elements)
        for event, element in elements:
            tags += 1
            if tags > MOST_TAGS_AT_ONCE:
                raise package.refused("too_many_cells", most=MOST_TAGS_AT_ONCE // 6)
            if event == "end" and element.tag == f"{space}si":
                texts.append(_text(element, space))
                table.clear()
                tags = 0
    return texts


def _text(element: ElementTree.Element, space: str) -> str:
    """A text with or without formats; how it is pronounced is left out."""
    plain, runs = element.findall(f"{space}t"), element.findall(f"{space}r/{space}t")
    return unescaped("".join(part.text or "" for part in (*plain, *runs)))


def _grid(package: Package, part: str, space: str, texts: Sequence[str]) -> Grid:
    reader, builder = _SheetReader(space, texts), ElementTree.TreeBuilder()
    # The part becomes the child of an element of ours, so that what is there can be seen before it ends.
    above = builder.start("part", {})
    parser = ElementTree.XMLParser(target=builder)
    cells, tags = None, 0
    with package.open(part) as stream:
        # In small pieces, so that elements are freed while they are still in the processor's cache.
        while piece := stream.read(_PIECE):
            parser.feed(piece)
            tags += piece.count(b"<")
            if cells is None:
                cells = above.find(f"{space}worksheet/{space}sheetData")
            if cells is not None and (ended := cells[:-1]):
                reader.rows(ended)
                del cells[:-1]
                tags = piece.count(b"<")
            if tags > MOST_TAGS_AT_ONCE:
                raise package.refused("too_many_cells", most=MOST_TAGS_AT_ONCE // 6)
    builder.end("part")
    parser.close()
    # Programs would read the cells of another one too, also in another namespace.
    if cells is None or sum(each.tag.endswith("}sheetData") for each in above.iter()) > 1:
        raise ValueError(f"{part}: sheetData")
    reader.rows(cells)
    cells.clear()
    merged = above.iterfind(f"{space}worksheet/{space}mergeCells/{space}mergeCell")
    reader.grid.merged.extend(corners(each.get("ref", "")) for each in merged)
    _check_sizes(reader.grid.merged, "mergeCell")
    reader.grid.rules.extend(
        each.text or "" for each in above.iter() if each.tag.rpartition("}")[2] in _RULES
    )
    return reader.grid


def _check_sizes(areas: Iterable[tuple[int, int, int, int]], what: str) -> None:
    """Raises ValueError where areas take more cells than a spreadsheet engine goes through in a moment."""
    size = sum((right - left + 1) * (bottom - top + 1) for left, top, right, bottom in areas)
    if size > MOST_IN_AREAS:
        raise ValueError(f"{what}: {size:,} > {MOST_IN_AREAS:,}")


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


class _SheetReader:
    """Takes one row after the other into a grid."""

    def __init__(self, space: str, texts: Sequence[str]):
        self.grid = Grid()
        self._formula, self._value, self._inline = f"{space}f", f"{space}v", f"{space}is"
        self._row_tag, self._cell_tag = f"{space}row", f"{space}c"
        self._space, self._texts = space, texts
        self._shared: dict[str, tuple[int, int, Formula]] = {}
        self._moved: dict[tuple[str, int], Formula] = {}
        """Of a shared formula, per number of columns to the right, what stands in the first row."""
        self._columns: dict[str, int] = {}
        self._last_row, self._filled = 0, 0

    def rows(self, elements: Iterable[ElementTree.Element]) -> None:
        """The cells of rows. Raises ValueError or KeyError for what no program writes.

        Programs differ in what they make of rows or cells that come twice, or of an element that does not
        belong there: an engine could see a formula in it.
        """
        for element in elements:
            if element.tag != self._row_tag:
                raise ValueError(element.tag)
            self._row(element)

    def _row(self, element: ElementTree.Element) -> None:
        number = element.get("r")
        row = int(number) if number else self._last_row + 1
        if not self._last_row < row <= LAST_ROW:
            raise ValueError(f"row {row}")
        self._last_row, digits = row, str(row)
        formulas, values = self.grid.formulas, self.grid.values
        before, col = key(row, 1) - 1, 0
        for cell in element:
            if cell.tag != self._cell_tag:
                raise ValueError(cell.tag)
            reference, left = cell.get("r"), col
            col = self._column(reference, digits) if reference else col + 1
            if col <= left:
                raise ValueError(f"{reference}")
            found = None
            for child in cell:
                tag = child.tag
                if tag == self._value and found is None:
                    found = child.text
                elif tag == self._formula and before + col not in formulas:
                    formulas[before + col] = self._text_of(child, row, col)
                elif tag == self._inline:
                    found = _text(child, self._space)
                else:
                    raise ValueError(f"{reference}: {tag}")
            if found is not None:
                try:
                    values[before + col] = self._converted(cell.get("t", "n"), found)
                except ValueError as error:
                    raise ValueError(f"{column_letters(col)}{row}: {error}") from None

    def _column(self, reference: str, row: str) -> int:
        letters = reference.removesuffix(row)
        if letters not in self._columns:
            number = column_number(letters)
            if not (letters.isalpha() and letters.isupper() and 1 <= number <= LAST_COLUMN):
                raise ValueError(f"{reference!r} is no cell")
            self._columns[letters] = number
        return self._columns[letters]

    def _converted(self, kind: str, text: str) -> Any:
        if kind == "n":
            number = float(text)
            # Python takes 1_0 and digits of other scripts.
            if not isfinite(number) or "_" in text or not text.isascii():
                raise ValueError(f"{text} is no number")
            return number
        if kind == "s":
            if not text.isdecimal() or int(text) >= len(self._texts):
                raise ValueError(f"{text} is no number of a text")
            return self._texts[int(text)]
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "inlineStr":
            return text
        return CellError(text) if kind == "e" else unescaped(text)

    def _text_of(self, formula: ElementTree.Element, row: int, col: int) -> str:
        """A cell's formula, also where it refers to that of another cell, as Excel saves a block of them."""
        text, kind = formula.text or "", formula.get("t", "normal")
        if len(formula) or len(text) > LONGEST_FORMULA or kind not in ("normal", "array", "shared"):
            raise ValueError(f"{column_letters(col)}{row}: {kind}, {len(text)}")
        if kind == "array":
            _check_sizes([corners(formula.get("ref", "A1"))], f"{column_letters(col)}{row}: array")
        if kind != "shared":
            return text
        index = formula.get("si", "")
        if text:
            self._shared[index] = row, col, Formula(text)
            return text
        first_row, first_col, shared = self._shared[index]
        self._filled += len(shared.text)
        if self._filled > MOST_FORMULAS:
            raise ValueError(f"row {row}: {self._filled}")
        right = index, col - first_col
        if right not in self._moved:
            self._moved[right] = Formula(shared.moved(0, col - first_col))
        return self._moved[right].rows(row - first_row, 1, 1)[0]
