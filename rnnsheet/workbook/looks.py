"""How a file lets its cells be seen: styles, widths and heights, what is hidden, and rules that change it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element

from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_number
from rnnsheet.workbook.colors import BLACK, WHITE, Color, Palette, is_seen
from rnnsheet.workbook.number_format import BUILT_IN
from rnnsheet.workbook.tags import local

LEAST_HEIGHT, LEAST_WIDTH, LEAST_SIZE = 5.0, 1.0, 4.0
"""Of a row in points, a column in characters, a letter in points: of less, nothing can be read."""
MOST_INDENT = 15
"""A cell's text that begins further to the right stands in others."""
MOST_AREAS, MOST_CHANGES = 5_000, 50
"""The areas of conditional formats on a sheet, and how many different looks they may give."""
_SYMBOLS = re.compile("symbol|dings|marlett|webdings", re.IGNORECASE)
_CHARSET_OF_SYMBOLS = "2"
_TRUE = ("1", "true", "on")
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")

Entry = TypeVar("Entry")
Corners = tuple[int, int, int, int]
"""First column and row, last column and row."""


class Row(NamedTuple):
    """What a row's element says of how it looks, as it stands there; many rows have the same."""

    hidden: str | None
    height: str | None
    cols: tuple[int, ...]
    styles: tuple[str | None, ...]
    """Of each cell the number of its style."""


@dataclass(frozen=True)
class Font:
    """The letters of a cell; a rule's may leave the colour to the cell."""

    color: Color | None = None
    size: float = 11.0
    symbols: bool = False
    """They are pictures."""


@dataclass(frozen=True)
class Look:
    """What a style makes of a cell, or a rule changes in it."""

    format: str | None
    """The number format; None for one that programs name by its number, other than `BUILT_IN`."""
    font: Font
    grounds: tuple[Color, ...]
    """The colours that may be behind its letters."""
    misplaced: bool = False
    """Its text is repeated, turned or pushed out of the cell."""


@dataclass(frozen=True)
class Rule:
    """A conditional format, whatever its condition is."""

    areas: tuple[Corners, ...]
    look: Look
    has_format: bool
    hides: bool
    """It shows bars or icons instead of numbers."""


@dataclass(frozen=True)
class View:
    """How a sheet is seen."""

    hidden: bool = False
    formulas: bool = False
    """Formulas are shown instead of what they give."""
    no_zeros: bool = False
    low: bool = False
    """Rows that say no height of their own cannot be read."""
    columns: tuple[tuple[int, int], ...] = ()
    """The first and last of those that are hidden or too narrow."""
    rules: tuple[Rule, ...] = ()


class Styles:
    """The looks of a workbook, by the numbers of its styles."""

    def __init__(self, root: Element | None, theme: Element | None):
        """Raises ValueError, IndexError or KeyError where a style is of nothing."""
        self._palette = Palette(root, theme)
        groups: dict[str, list[Element]] = {}
        for each in () if root is None else root.iter():
            # Programs could take the one or the other.
            if local(each) in _GROUPS and groups.setdefault(local(each), list(each)) != list(each):
                raise ValueError(f"styles: {local(each)} twice")
        # Extensions have one of their own.
        changes = [] if root is None else [each for each in root if local(each) == "dxfs"]
        self._formats = _formats(groups.get("numFmts", ()))
        fonts = [self.font(each) for each in groups.get("fonts", ())]
        fills = [self._grounds(each) for each in groups.get("fills", ())]
        self._looks = [self._look(each, fonts, fills) for each in groups.get("cellXfs", ())]
        self._changes = [each for group in changes for each in group]

    def look(self, number: str | None) -> Look:
        """That of a style. Raises ValueError where there is none of that number."""
        # Without any styles there is nothing but digits.
        return _at(self._looks or [Look(BUILT_IN[0], Font(BLACK), (WHITE,))], number, "s")

    def font(self, element: Element) -> Font:
        """A font. Raises ValueError for a size that is no number."""
        parts = {local(each): each for each in element}
        size = parts.get("sz")
        charset = parts.get("charset")
        name = next((parts[each].get("val", "") for each in ("name", "rFont") if each in parts), "")
        return Font(
            self._palette.color(parts["color"], BLACK) if "color" in parts else None,
            11.0 if size is None else float(size.get("val") or 11),
            bool(_SYMBOLS.search(name))
            or (charset is not None and charset.get("val") == _CHARSET_OF_SYMBOLS),
        )

    def view(self, root: Element, state: str) -> View:
        """How a worksheet is seen, of its part without its rows. Raises ValueError for what is no number."""
        found: dict[str, list[Element]] = {}
        # Wherever they stand: programs could take alternatives that we do not know.
        for each in root.iter():
            found.setdefault(local(each), []).append(each)
        views, formats = found.get("sheetView", []), found.get("sheetFormatPr", [])
        height = min((float(each.get("defaultRowHeight") or 15) for each in formats), default=15.0)
        return View(
            hidden=state != "visible",
            formulas=any(each.get("showFormulas") in _TRUE for each in views),
            no_zeros=any(each.get("showZeros", "1") not in _TRUE for each in views),
            low=height < LEAST_HEIGHT,
            columns=tuple(_unseen_columns(found.get("col", []))),
            rules=tuple(self._rules(found.get("conditionalFormatting", []))),
        )

    def _look(self, element: Element, fonts: Sequence[Font], fills: Sequence[tuple[Color, ...]]) -> Look:
        font = _at(fonts or [Font()], element.get("fontId"), "fontId")
        grounds = _at(fills or [()], element.get("fillId"), "fillId")
        number = int(element.get("numFmtId") or 0)
        return Look(
            self._formats.get(number, BUILT_IN.get(number)),
            replace(font, color=BLACK) if font.color is None else font,
            grounds or (WHITE,),
            any(_misplaces(each) for each in element if local(each) == "alignment"),
        )

    def _grounds(self, fill: Element, changes: bool = False) -> tuple[Color, ...]:
        """The colours that a fill may show, none for no fill; what `changes` one has them the other way."""
        kinds = [each for each in fill if local(each) == "patternFill"]
        if not kinds:
            colors = [each for each in fill.iter() if local(each) == "color"]
            return tuple(self._palette.color(each, WHITE) for each in colors)
        parts = {local(each): each for each in kinds[0]}
        front, back = parts.get("fgColor"), parts.get("bgColor")
        kind = kinds[0].get("patternType") or ("solid" if changes and parts else "none")
        if kind == "none":
            return ()
        if kind == "solid":
            only = (back if back is not None else front) if changes else front
            return (self._palette.color(only, BLACK),)
        return self._palette.color(front, BLACK), self._palette.color(back, WHITE)

    def _rules(self, elements: Sequence[Element]) -> Iterator[Rule]:
        count, changes = 0, set[Look]()
        for element in elements:
            below = [each.text or "" for each in element.iter() if local(each) == "sqref"]
            areas = tuple(_corners(text) for text in " ".join([element.get("sqref", ""), *below]).split())
            for rule in (self._rule(each, areas) for each in element.iter() if local(each) == "cfRule"):
                count += len(areas)
                changes.add(rule.look)
                if count > MOST_AREAS or len(changes) > MOST_CHANGES:
                    raise ValueError(f"conditionalFormatting: > {MOST_AREAS:,}, {MOST_CHANGES}")
                yield rule

    def _rule(self, element: Element, areas: tuple[Corners, ...]) -> Rule:
        parts = [each for each in element.iter() if local(each) == "dxf"]
        if number := element.get("dxfId"):
            parts.append(_at(self._changes, number, "dxfId"))
        font, grounds, has_format, misplaced = Font(), list[Color](), False, False
        code: str | None = None
        for part in (each for dxf in parts for each in dxf):
            if local(part) == "font":
                font = self.font(part)
            elif local(part) == "fill":
                grounds += self._grounds(part, changes=True)
            elif local(part) == "numFmt":
                has_format, code = True, part.get("formatCode")
            elif local(part) == "alignment":
                misplaced = misplaced or _misplaces(part)
        drawn = [each for each in element.iter() if local(each) in ("colorScale", "dataBar", "iconSet")]
        for each in (color for scale in drawn for color in scale if local(color) in _BEHIND):
            grounds.append(self._palette.color(each, WHITE))
        hides = any(each.get("showValue", "1") not in _TRUE for each in drawn)
        return Rule(areas, Look(code, font, tuple(grounds), misplaced), has_format, hides)


_GROUPS = ("numFmts", "fonts", "fills", "cellXfs")
_BEHIND = ("color", "fillColor", "negativeFillColor")
"""What a scale or a bar draws behind a number."""


def is_readable(font: Font, grounds: Sequence[Color]) -> bool:
    """Whether letters can be seen and read on what may be behind them."""
    return font.size >= LEAST_SIZE and not font.symbols and is_seen(font.color or BLACK, grounds)


def is_low(row: Row, view: View) -> bool:
    """Whether a row is hidden, or too low to be read. Raises ValueError where its height is no number."""
    if row.hidden in _TRUE:
        return True
    return view.low if row.height is None else not float(row.height) >= LEAST_HEIGHT


def _at(entries: Sequence[Entry], number: str | None, what: str) -> Entry:
    """The entry of a number that stands in a file. Raises ValueError where there is none."""
    place = int(number or 0)
    if not 0 <= place < len(entries):
        raise ValueError(f"{what}={number!r}")
    return entries[place]


def _formats(elements: Sequence[Element]) -> Mapping[int, str | None]:
    """Each format by its number; None where programs could know the number as that of another one."""
    formats: dict[int, str | None] = {}
    for each in elements:
        number, code = int(each.get("numFmtId") or 0), each.get("formatCode", "")
        known = formats.get(number, BUILT_IN.get(number, code))
        formats[number] = code if known == code else None
    return formats


def _misplaces(alignment: Element) -> bool:
    return (
        alignment.get("horizontal") == "fill"
        or int(alignment.get("textRotation") or 0) != 0
        or int(alignment.get("indent") or 0) > MOST_INDENT
    )


def _unseen_columns(elements: Sequence[Element]) -> Iterator[tuple[int, int]]:
    for each in elements:
        width = each.get("width")
        if each.get("hidden") in _TRUE or (width is not None and not float(width) >= LEAST_WIDTH):
            yield int(each.get("min") or 1), int(each.get("max") or LAST_COLUMN)


def _corners(text: str) -> Corners:
    """The corners of a range; all cells where it is none."""
    found = _RANGE.fullmatch(text)
    if not found:
        return 1, 1, LAST_COLUMN, LAST_ROW
    left, top, right, bottom = found.groups()
    return column_number(left), int(top), column_number(right or left), int(bottom or top)
