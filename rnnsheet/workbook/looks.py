"""How a file lets its cells look: styles, and rules that change them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from xml.etree.ElementTree import Element

from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_number
from rnnsheet.workbook.colors import BLACK, WHITE, Color, Palette, is_seen
from rnnsheet.workbook.number_format import BUILT_IN
from rnnsheet.workbook.tags import at_path, by_name, local, natural, number, truth, within

LEAST_SIZE, USUAL_SIZE = 4.0, 11.0
"""Of letters, in points: smaller ones cannot be read; those of a file that does not say."""
MOST_AREAS, MOST_CHANGES = 5_000, 50
"""The areas of conditional formats on a sheet, and how many different looks they may give."""
_FIRST_OWN = 82
"""Formats before it are those that some program, or one in some language, knows by their number."""
_SYMBOLS = re.compile("symbol|dings|dingbat|emoji|marlett|outlook|mt extra|specialty|barcode", re.IGNORECASE)
_CHARSET_OF_SYMBOLS = 2
_MOVING = ("fill", "centerContinuous")
"""The alignments that repeat a text, or move it over other cells."""
_FROM_THE_RIGHT = 2
"""The order of reading in which a minus sign comes behind its number."""
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")

Entry = TypeVar("Entry")
Corners = tuple[int, int, int, int]
"""First column and row, last column and row."""


@dataclass(frozen=True)
class Font:
    """The letters of a cell; a rule's may leave the colour to the cell."""

    color: Color | None = None
    size: float = USUAL_SIZE
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
    """Its text is repeated, turned or moved out of the cell."""
    indent: int = 0
    """How many times three blanks its text is moved to the middle."""
    wraps: bool = False
    """Its text goes on in further lines of the cell, not over other cells."""


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


class Styles:
    """The looks of a workbook, by the numbers of its styles."""

    def __init__(self, root: Element | None, theme: Element | None):
        """Raises ValueError, IndexError or KeyError where a style is of nothing."""
        self._palette = Palette(root, theme)
        named = {
            "minor": at_path(theme, "themeElements", "fontScheme", "minorFont", "latin"),
            "major": at_path(theme, "themeElements", "fontScheme", "majorFont", "latin"),
        }
        self._theme_fonts = {name: each.get("typeface") for name, each in named.items() if each is not None}
        groups = {} if root is None else _groups(root)
        self._formats = _formats(groups.get("numFmts", ()))
        fonts = [self.font(each) for each in groups.get("fonts", ())]
        fills = [self._grounds(each) for each in groups.get("fills", ())]
        self._named = groups.get("cellStyleXfs", ())
        self._looks = [self._look(each, fonts, fills) for each in groups.get("cellXfs", ())]
        # Programs measure columns by the first font, or by that of the first style that has a name.
        usual = [_at(fonts, each.get("fontId"), "fontId") for each in self._named[:1]] + fonts[:1]
        self.size = min((font.size for font in usual), default=USUAL_SIZE)
        """That of the letters of which a column has as many as its width says."""
        self._changes = groups.get("dxfs", ())

    def look(self, number: str | None) -> Look:
        """That of a style. Raises ValueError where there is none of that number."""
        # Without any styles there is nothing but digits.
        return _at(self._looks or [Look(BUILT_IN[0], Font(BLACK), (WHITE,))], number, "s")

    def font(self, element: Element) -> Font:
        """A font. Raises ValueError for a size that is no number."""
        parts = by_name(element)
        values = {name: each.get("val") for name, each in parts.items()}
        # Programs take the theme's font, or the one that is named beside it.
        names = (values.get("name"), values.get("rFont"), self._theme_fonts.get(values.get("scheme") or ""))
        return Font(
            self._palette.color(parts["color"], BLACK) if "color" in parts else None,
            number(values.get("sz"), USUAL_SIZE),
            any(map(_SYMBOLS.search, filter(None, names)))
            or natural(values.get("charset")) == _CHARSET_OF_SYMBOLS,
        )

    def _look(self, element: Element, fonts: Sequence[Font], fills: Sequence[tuple[Color, ...]]) -> Look:
        place = natural(element.get("xfId"))
        named = self._named[place] if place < len(self._named) else None
        font = _at(fonts or [Font()], _own(element, named, "fontId"), "fontId")
        grounds = _at(fills or [()], _own(element, named, "fillId"), "fillId")
        code = natural(_own(element, named, "numFmtId"))
        alignment = by_name(element).get("alignment")
        if alignment is None and named is not None:
            # As Gnumeric has it.
            alignment = by_name(named).get("alignment")
        return Look(
            self._formats.get(code, BUILT_IN.get(code)),
            replace(font, color=BLACK) if font.color is None else font,
            grounds or (WHITE,),
            _misplaces(alignment),
            0 if alignment is None else natural(alignment.get("indent")),
            alignment is not None and truth(alignment.get("wrapText")),
        )

    def _grounds(self, fill: Element, changes: bool = False) -> tuple[Color, ...]:
        """The colours that a fill may show, none for no fill; what `changes` one has them the other way."""
        if len(fill) > 1:
            raise ValueError(f"fill: {', '.join(map(local, fill))}")
        pattern = by_name(fill).get("patternFill")
        if pattern is None:
            colors = [each for each in fill.iter() if local(each) == "color"]
            return tuple(self._palette.color(each, WHITE) for each in colors)
        parts = by_name(pattern)
        front, back = parts.get("fgColor"), parts.get("bgColor")
        kind = pattern.get("patternType") or ("solid" if changes and parts else "none")
        if kind == "none":
            return ()
        if kind == "solid":
            only = (back if back is not None else front) if changes else front
            return (self._palette.color(only, BLACK),)
        return self._palette.color(front, BLACK), self._palette.color(back, WHITE)

    def rules(self, elements: Sequence[Element]) -> Iterator[Rule]:
        """The rules of conditional formats. Raises ValueError for too many, or what is of nothing."""
        count, changes = 0, set[Look]()
        for element in elements:
            below = [each.text or "" for each in element.iter() if local(each) == "sqref"]
            areas = tuple(corners_of(text) for text in " ".join([element.get("sqref", ""), *below]).split())
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
        for name, part in by_name(parts[0]).items() if parts else ():
            if name == "font":
                font = self.font(part)
            elif name == "fill":
                grounds += self._grounds(part, changes=True)
            elif name == "numFmt":
                has_format, (code,) = True, _formats([part]).values()
            elif name == "alignment":
                misplaced = _misplaces(part) or natural(part.get("indent")) > 0
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
    "cellStyleXfs": "xf",
    "cellXfs": "xf",
    "dxfs": "dxf",
}
"""What is read of the styles: each group and what it is of."""
_BEHIND = ("color", "fillColor", "negativeFillColor")
"""What a scale or a bar draws behind a number."""


def is_readable(font: Font, grounds: Sequence[Color]) -> bool:
    """Whether letters can be seen and read on what may be behind them."""
    return font.size >= LEAST_SIZE and not font.symbols and is_seen(font.color or BLACK, grounds)


def _at(entries: Sequence[Entry], text: str | None, what: str) -> Entry:
    """The entry of a number that stands in a file. Raises ValueError where there is none."""
    place = natural(text)
    if place >= len(entries):
        raise ValueError(f"{what}={text!r}")
    return entries[place]


def _own(style: Element, named: Element | None, name: str) -> str | None:
    """What a style says of itself. Raises ValueError where it says nothing, and programs could take either.

    Some take that of the style with a name to which it belongs, others the first.
    """
    own = style.get(name)
    if own is None and named is not None and natural(named.get(name)) != 0:
        raise ValueError(f"xf: {name}")
    return own


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
    count, groups = Counter(map(local, within(root))), by_name(root)
    for name, entry in _GROUPS.items():
        if count[name] > (name in groups) or {local(each) for each in groups.get(name, ())} - {entry}:
            raise ValueError(f"styles: {name}")
    return {name: list(groups[name]) for name in _GROUPS if name in groups}


def _misplaces(alignment: Element | None) -> bool:
    return alignment is not None and (
        alignment.get("horizontal") in _MOVING
        or natural(alignment.get("textRotation")) != 0
        or natural(alignment.get("readingOrder")) == _FROM_THE_RIGHT
    )


def corners_of(text: str) -> Corners:
    """The corners of a range; all cells where it is none."""
    found = _RANGE.fullmatch(text)
    if not found:
        return 1, 1, LAST_COLUMN, LAST_ROW
    left, top, right, bottom = found.groups()
    columns = sorted((column_number(left), column_number(right or left)))
    rows = sorted((int(top), int(bottom or top)))
    return columns[0], rows[0], columns[1], rows[1]
