"""How a file lets its cells be seen: styles, widths and heights, what is hidden, and rules that change it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element

from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_number
from rnnsheet.workbook.colors import BLACK, WHITE, Color, Palette, is_seen
from rnnsheet.workbook.number_format import BUILT_IN
from rnnsheet.workbook.tags import local, natural, number, once, only, space_of, truth, within

LEAST_HEIGHT, LEAST_WIDTH, LEAST_SIZE = 5.0, 1.0, 4.0
"""Of a row in points, a column in characters, a letter in points: of less, nothing can be read."""
MOST_INDENT = 15
"""A cell's text that begins further to the right stands in others."""
MOST_AREAS, MOST_CHANGES = 5_000, 50
"""The areas of conditional formats on a sheet, and how many different looks they may give."""
_FIRST_OWN = 82
"""Formats before it are those that some program, or one in some language, knows by their number."""
_SYMBOLS = re.compile("symbol|dings|marlett|outlook|mt extra|specialty|barcode", re.IGNORECASE)
_CHARSET_OF_SYMBOLS = 2
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")

Entry = TypeVar("Entry")
Corners = tuple[int, int, int, int]
"""First column and row, last column and row."""


class Row(NamedTuple):
    """What a row's element says of how it looks, as it stands there; many rows have the same."""

    hidden: str | None
    height: str | None
    level: str | None
    """How deep it is in an outline."""
    collapsed: str | None
    """Whether the rows of the outline above or below it are folded."""
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
    """A conditional format."""

    areas: tuple[Corners, ...]
    look: Look
    has_format: bool
    hides: bool
    """It shows bars or icons instead of numbers."""
    condition: str = ""
    """The formula by which it holds, without blanks, in capitals; "" where it holds by anything else."""


@dataclass(frozen=True)
class View:
    """How a sheet is seen."""

    hidden: bool = False
    formulas: bool = False
    """Formulas are shown instead of what they give."""
    no_zeros: bool = False
    low: bool = False
    """Rows that say no height of their own cannot be read."""
    first_row: int = 1
    """Those above it stay out of sight: the sheet is frozen below."""
    columns: tuple[tuple[int, int], ...] = ()
    """The first and last of those that are hidden or too narrow."""
    rules: tuple[Rule, ...] = ()


class Styles:
    """The looks of a workbook, by the numbers of its styles."""

    def __init__(self, root: Element | None, theme: Element | None):
        """Raises ValueError, IndexError or KeyError where a style is of nothing."""
        self._palette = Palette(root, theme)
        named = {
            "minor": only(theme, "themeElements", "fontScheme", "minorFont", "latin"),
            "major": only(theme, "themeElements", "fontScheme", "majorFont", "latin"),
        }
        self._theme_fonts = {name: each.get("typeface") for name, each in named.items() if each is not None}
        groups = {} if root is None else _groups(root)
        self._formats = _formats(groups.get("numFmts", ()))
        fonts = [self.font(each) for each in groups.get("fonts", ())]
        fills = [self._grounds(each) for each in groups.get("fills", ())]
        self._looks = [self._look(each, fonts, fills) for each in groups.get("cellXfs", ())]
        self._changes = groups.get("dxfs", ())

    def look(self, number: str | None) -> Look:
        """That of a style. Raises ValueError where there is none of that number."""
        # Without any styles there is nothing but digits.
        return _at(self._looks or [Look(BUILT_IN[0], Font(BLACK), (WHITE,))], number, "s")

    def font(self, element: Element) -> Font:
        """A font. Raises ValueError for a size that is no number."""
        parts = once(element)
        values = {name: each.get("val") for name, each in parts.items()}
        # Programs take the theme's font, or the one that is named beside it.
        names = (values.get("name"), values.get("rFont"), self._theme_fonts.get(values.get("scheme") or ""))
        return Font(
            self._palette.color(parts["color"], BLACK) if "color" in parts else None,
            number(values.get("sz"), 11.0),
            any(map(_SYMBOLS.search, filter(None, names)))
            or natural(values.get("charset")) == _CHARSET_OF_SYMBOLS,
        )

    def view(self, root: Element, space: str, state: str) -> View:
        """How a worksheet is seen, of its part without its rows. Raises ValueError for what is no number."""
        found: dict[str, list[Element]] = {}
        # Wherever they stand: programs could take alternatives that we do not know.
        for each in root.iter():
            found.setdefault(local(each), []).append(each)
        views, formats = found.get("sheetView", []), found.get("sheetFormatPr", [])
        height = min((number(each.get("defaultRowHeight"), 15.0) for each in formats), default=15.0)
        narrow = any(number(each.get("defaultColWidth"), LEAST_WIDTH) < LEAST_WIDTH for each in formats)
        columns = found.get("col", [])
        own = [each for each in columns if space_of(each) == space]
        left, top = _first_in_sight(views)
        return View(
            hidden=state != "visible",
            formulas=any(truth(each.get("showFormulas")) for each in views),
            no_zeros=not all(truth(each.get("showZeros"), True) for each in views),
            low=height < LEAST_HEIGHT,
            first_row=top,
            columns=(
                (1, left - 1),
                *_unseen_columns(columns),
                *_folded_columns(own, without=narrow),
            ),
            rules=tuple(self._rules(found.get("conditionalFormatting", []))),
        )

    def _look(self, element: Element, fonts: Sequence[Font], fills: Sequence[tuple[Color, ...]]) -> Look:
        font = _at(fonts or [Font()], element.get("fontId"), "fontId")
        grounds = _at(fills or [()], element.get("fillId"), "fillId")
        code = natural(element.get("numFmtId"))
        return Look(
            self._formats.get(code, BUILT_IN.get(code)),
            replace(font, color=BLACK) if font.color is None else font,
            grounds or (WHITE,),
            _misplaces(once(element).get("alignment")),
        )

    def _grounds(self, fill: Element, changes: bool = False) -> tuple[Color, ...]:
        """The colours that a fill may show, none for no fill; what `changes` one has them the other way."""
        if len(fill) > 1:
            raise ValueError(f"fill: {', '.join(map(local, fill))}")
        pattern = once(fill).get("patternFill")
        if pattern is None:
            colors = [each for each in fill.iter() if local(each) == "color"]
            return tuple(self._palette.color(each, WHITE) for each in colors)
        parts = once(pattern)
        front, back = parts.get("fgColor"), parts.get("bgColor")
        kind = pattern.get("patternType") or ("solid" if changes and parts else "none")
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
        if len(parts) > 1:
            raise ValueError("cfRule: dxf, dxfId")
        for name, part in once(parts[0]).items() if parts else ():
            if name == "font":
                font = self.font(part)
            elif name == "fill":
                grounds += self._grounds(part, changes=True)
            elif name == "numFmt":
                has_format, (code,) = True, _formats([part]).values()
            elif name == "alignment":
                misplaced = _misplaces(part)
        drawn = [each for each in element.iter() if local(each) in ("colorScale", "dataBar", "iconSet")]
        for each in (color for scale in drawn for color in scale if local(color) in _BEHIND):
            grounds.append(self._palette.color(each, WHITE))
        hides = not all(truth(each.get("showValue"), True) for each in drawn)
        formulas = [each.text or "" for each in element.iter() if local(each) == "formula"]
        alone = element.get("type") == "expression" and len(formulas) == 1
        condition = "".join(formulas[0].split()).upper() if alone else ""
        return Rule(areas, Look(code, font, tuple(grounds), misplaced), has_format, hides, condition)


_GROUPS: Mapping[str, str] = {
    "numFmts": "numFmt",
    "fonts": "font",
    "fills": "fill",
    "cellXfs": "xf",
    "dxfs": "dxf",
}
"""What is read of the styles: each group and what it is of."""
_BEHIND = ("color", "fillColor", "negativeFillColor")
"""What a scale or a bar draws behind a number."""


def is_readable(font: Font, grounds: Sequence[Color]) -> bool:
    """Whether letters can be seen and read on what may be behind them."""
    return font.size >= LEAST_SIZE and not font.symbols and is_seen(font.color or BLACK, grounds)


def is_low(row: Row, view: View) -> bool:
    """Whether a row is hidden, or too low to be read. Raises ValueError where its height is no number."""
    if truth(row.hidden):
        return True
    return view.low if row.height is None else number(row.height) < LEAST_HEIGHT


def outline(row: Row) -> tuple[bool, bool]:
    """Whether a row is in an outline, and whether the outline beside it is folded."""
    return natural(row.level) > 0, truth(row.collapsed)


def folded(lines: Sequence[tuple[bool, bool]]) -> Iterator[int]:
    """The places of rows or columns, each with its `outline`, that LibreOffice hides and Excel does not.

    Where the line before or behind an outline says that it is folded, nothing in it needs to say so.
    """
    place = 0
    for is_in, group in groupby(lines, key=lambda line: line[0]):
        end = place + len(list(group))
        if is_in and any(collapsed for _, collapsed in lines[max(0, place - 1) : end + 1]):
            yield from range(place, end)
        place = end


def _at(entries: Sequence[Entry], text: str | None, what: str) -> Entry:
    """The entry of a number that stands in a file. Raises ValueError where there is none."""
    place = natural(text)
    if place >= len(entries):
        raise ValueError(f"{what}={text!r}")
    return entries[place]


def _formats(elements: Sequence[Element]) -> Mapping[int, str | None]:
    """Each format by its number; None where programs could know the number as that of another one."""
    formats: dict[int, str | None] = {}
    for each in elements:
        place, code = natural(each.get("numFmtId")), each.get("formatCode", "")
        known = formats.get(place, BUILT_IN.get(place, code if place >= _FIRST_OWN else None))
        formats[place] = code if known == code else None
    return formats


def _groups(root: Element) -> Mapping[str, Sequence[Element]]:
    """The entries of each of `_GROUPS`. Raises ValueError where programs could find others, or count more."""
    count, groups = Counter(map(local, within(root))), once(root)
    for name, entry in _GROUPS.items():
        if count[name] > (name in groups) or {local(each) for each in groups.get(name, ())} - {entry}:
            raise ValueError(f"styles: {name}")
    return {name: list(groups[name]) for name in _GROUPS if name in groups}


def _misplaces(alignment: Element | None) -> bool:
    return alignment is not None and (
        alignment.get("horizontal") == "fill"
        or natural(alignment.get("textRotation")) != 0
        or natural(alignment.get("indent")) > MOST_INDENT
    )


def _first_in_sight(views: Sequence[Element]) -> tuple[int, int]:
    """The first column and row that can be scrolled to."""
    frozen = [
        _corners(view.get("topLeftCell", ""))
        for view in views
        if any(local(each) == "pane" and each.get("state", "").startswith("frozen") for each in view)
    ]
    return max((left for left, *_ in frozen), default=1), max((top for _, top, *_ in frozen), default=1)


def _unseen_columns(elements: Sequence[Element]) -> Iterator[tuple[int, int]]:
    for each in elements:
        if truth(each.get("hidden")) or number(each.get("width"), LEAST_WIDTH) < LEAST_WIDTH:
            yield _span(each)


def _folded_columns(elements: Sequence[Element], without: bool) -> Iterator[tuple[int, int]]:
    """Those that are folded, and `without` the others those of which nothing is said."""
    lines: list[tuple[bool, bool]] = []
    spans: list[tuple[int, int]] = []
    end = 0
    for each in sorted(elements, key=_span):
        first, last = _span(each)
        if first > end + 1:
            lines.append((False, False))
            spans.append((end + 1, first - 1))
            if without:
                yield spans[-1]
        lines.append((natural(each.get("outlineLevel")) > 0, truth(each.get("collapsed"))))
        spans.append((first, last))
        end = last
    if without:
        yield end + 1, LAST_COLUMN
    yield from (spans[place] for place in folded(lines))


def _span(column: Element) -> tuple[int, int]:
    return natural(column.get("min"), 1), natural(column.get("max"), LAST_COLUMN)


def _corners(text: str) -> Corners:
    """The corners of a range; all cells where it is none."""
    found = _RANGE.fullmatch(text)
    if not found:
        return 1, 1, LAST_COLUMN, LAST_ROW
    left, top, right, bottom = found.groups()
    columns = sorted((column_number(left), column_number(right or left)))
    rows = sorted((int(top), int(bottom or top)))
    return columns[0], rows[0], columns[1], rows[1]
