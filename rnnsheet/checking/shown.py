"""Which cells of a plan a file shows otherwise than they are: hidden, unreadable, or as another value."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnsheet.checking.room import Room, width_of
from rnnsheet.plain import is_number
from rnnsheet.sheet.bounds import key
from rnnsheet.sheet.plan import Area, Block, Sheet
from rnnsheet.workbook.looks import Corners, Font, Look, Rule, is_readable
from rnnsheet.workbook.number_format import FITTING, FORMATS, NOTHING, alike, is_plain, says, shown
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.style import LOOKS
from rnnsheet.workbook.view import LEAST_WIDTH, View, folded, height_of, outline
from rnnsheet.workbook.worksheet import Grid

_FORMAT = "format"
CAUSES = (
    "sheet",
    "formulas",
    "zeros",
    "row",
    "column",
    _FORMAT,
    "letters",
    "place",
    "text",
    "rule",
    "richer",
)
"""Its sheet is hidden or too small, or shows formulas, or no zeros; its row or column is hidden or too small
for its letters; its number format; letters that cannot be read; where they stand; letters of the text's own;
a rule of conditional formatting; what the cell holds besides its value."""
_LINE = 1.2
"""How high a line of text is, by the size of its letters."""
_FITTING = {form: tuple(map(float, bounds)) for form, bounds in FITTING.items()}


class ShownOtherwise(NamedTuple):
    """By what a cell is shown otherwise, and the texts that it should show, and does."""

    cause: str
    expected: str
    got: str


class ShownCells:
    """How the cells of one sheet are seen."""

    def __init__(self, contents: Contents, sheet: Sheet):
        self._grid: Grid = contents.grid(sheet.name)
        self._styles = contents.styles
        self._view: View = self._grid.view
        self._room = Room(sheet, self._grid, self._styles)
        self._hidden = self._view.hidden or not self._room.scrolls
        self._starts = [first for first, _ in self._grid.rows]
        self._folded = frozenset(folded([outline(row) for _, row in self._grid.rows]))
        planned = {each.hidden_where: each.area for each in sheet.highlights if each.hidden_where}
        self._rules = [
            rule for rule in self._view.rules if _may_harm(rule) and not _is_planned(rule, planned)
        ]
        powers = (rule for rule in self._view.rules if rule.has_format and _is_power(rule.look))
        self._powers = [area for rule in powers for area in rule.areas]
        self._causes_of_style = cache(self._cause_of_style)
        self._column_style = cache(self._view.style)
        self._tight: dict[Area, list[int]] = {}
        """The places in a block that have less room than the plan gives them."""

    def causes(self, block: Block) -> Mapping[int, str]:
        """What shows cells of a block otherwise, whatever their values are, by their places in it."""
        causes: dict[int, str] = {}
        for index, cause in self._causes(block):
            # A format may show all of a value; then it is another cause that counts.
            if causes.get(index, _FORMAT) == _FORMAT:
                causes[index] = cause
        return causes

    def otherwise(
        self, block: Block, causes: Mapping[int, str], values: Sequence[Any]
    ) -> Mapping[int, ShownOtherwise]:
        """What is shown of those cells, and of zeros on a sheet that has none, by the values of all cells."""
        found = {
            index: cause
            for index, cause in causes.items()
            if cause != _FORMAT or not self._shows_all(block, index, values[index])
        }
        if doubtful := self._doubtful(block, causes, values) - found.keys():
            powers = _covered(block, self._powers)
            for index in doubtful:
                if cause := self._cause_of_room(block, index, values[index], bool(powers[index])):
                    found[index] = cause
        if self._view.no_zeros:
            zeros = (index for index, value in enumerate(values) if _is_zero(value))
            found = dict.fromkeys(zeros, "zeros") | found
        return {index: self._told(block, index, found[index], values[index]) for index in sorted(found)}

    def _shows_all(self, block: Block, index: int, value: Any) -> bool:
        """Whether another format shows a value to its last digit, as where 1% was typed for 0.01."""
        codes = [look.format for look in self._looks_at(_corners_of(block, index))]
        if not codes or not codes[0] or value is None or not is_plain(codes[0]):
            return False
        text = shown(value, codes[0])
        return text is not None and says(text, value)

    def _doubtful(self, block: Block, causes: Mapping[int, str], values: Sequence[Any]) -> set[int]:
        """The cells that may not have room for what they show."""
        doubtful = {*self._tight.get(block.area, ()), *causes}
        if bounds := _FITTING.get(block.format):
            low, high = bounds
            doubtful.update(
                index for index, value in enumerate(values) if is_number(value) and not low <= value <= high
            )
        return doubtful

    def _cause_of_room(self, block: Block, index: int, value: Any, is_power: bool) -> str:
        """By what a cell has no room for what it shows, perhaps as a power of ten; "" where it has."""
        corners = _corners_of(block, index)
        col, row, _, _ = corners
        looks = ((each, height) for _, by_style, height in self._looks(corners) for each in by_style)
        style, height = next(looks, (None, inf))
        look = self._styles.look(style)
        text = None if value is None or not look.format else shown(value, look.format)
        if not look.format or isinstance(value, bool) or text is None:
            return ""
        size = max(font.size for font in (look.font, *self._grid.fonts.get(key(row, col), ())))
        # A text goes on over empty cells, General shows as many digits as there is room for.
        fits = is_power or isinstance(value, str) or alike(look.format, FORMATS["general"])
        # LibreOffice wraps what has lines of its own: our list of a vocabulary, which nobody reads as one.
        wrapped = look.wraps and not LOOKS[block.style].wrap and isinstance(value, str) and "\n" not in value
        fits = fits and not wrapped
        if fits and size == look.font.size and self._room.is_ample(block.style, style, col):
            return ""
        needed = min([width_of(text), *([width_of(_text(value, FORMATS["powers"]))] if is_power else [])])
        room = self._room.of(style, col, size)
        if needed <= room * (max(1, height / (_LINE * size)) if wrapped else 1):
            return ""
        if wrapped:
            return "row"
        if size > LOOKS[block.style].size:
            return "letters"
        return "place" if look.indent > LOOKS[block.style].indent else "column"

    def _causes(self, block: Block) -> Iterator[tuple[int, str]]:
        """The cells that are shown otherwise, and by what."""
        area, view = block.area, self._view
        if self._hidden or view.formulas:
            cause = "sheet" if self._hidden else "formulas"
            yield from ((index, cause) for index in range(area.rows * area.cols))
        columns = range(area.col, area.col + area.cols)
        hidden = [col for col in columns if self._room.width(col) < LEAST_WIDTH]
        yield from _places(block, range(area.row, area.row + area.rows), hidden, "column")
        above = range(area.row, min(view.first[1], area.row + area.rows))
        yield from _places(block, above, columns, "row")
        for first, last in view.filtered:
            rows = range(max(first, area.row), min(last + 1, area.row + area.rows))
            yield from _places(block, rows, columns, "row")
        whole = (area.col, area.row, area.col + area.cols - 1, area.row + area.rows - 1)
        tight = self._tight[area] = []
        for rows, by_style, height in self._looks(whole):
            for style, cols in by_style.items():
                if self._styles.look(style).font.size > height:
                    yield from _places(block, rows, cols, "row")
                if cause := self._causes_of_style(style, block.format):
                    yield from _places(block, rows, cols, cause)
                wraps = self._styles.look(style).wraps and not LOOKS[block.style].wrap
                narrow = [col for col in cols if wraps or not self._room.is_ample(block.style, style, col)]
                tight.extend(index for index, _ in _places(block, rows, narrow, ""))
        yield from self._causes_of_rules(block, whole)
        if self._grid.fonts:
            yield from self._causes_of_texts(block)
        if self._grid.richer:
            cells = enumerate(area.cells())
            yield from ((index, "richer") for index, cell in cells if cell in self._grid.richer)

    def _looks(self, corners: Corners) -> Iterator[tuple[range, Mapping[str | None, list[int]], float]]:
        """Rows of an area that look alike, the columns by their styles, and how high each row is."""
        left, top, right, bottom = corners
        place = max(0, bisect_right(self._starts, top) - 1)
        while place < len(self._starts) and self._starts[place] <= bottom:
            first, row = self._grid.rows[place]
            height = 0.0 if place in self._folded else height_of(row, self._view)
            place += 1
            end = self._starts[place] if place < len(self._starts) else bottom + 1
            by_style = defaultdict[str | None, list[int]](list)
            own = slice(bisect_left(row.cols, left), bisect_right(row.cols, right))
            for col, style in zip(row.cols[own], row.styles[own], strict=True):
                # Of a cell without a style programs take the first, that of its row, or that of its column.
                for each in (style,) if style else dict.fromkeys((None, row.style, self._column_style(col))):
                    by_style[each].append(col)
            yield range(max(first, top), min(end, bottom + 1)), by_style, height

    def _cause_of_style(self, style: str | None, form: str) -> str:
        """What of a style shows a value otherwise than a format of the plan's; "" for nothing."""
        look = self._styles.look(style)
        if not is_readable(look.font, look.grounds):
            return "letters"
        if look.misplaced:
            return "place"
        return "" if look.format and alike(look.format, FORMATS[form]) else _FORMAT

    def _causes_of_rules(self, block: Block, whole: Corners) -> Iterator[tuple[int, str]]:
        met: dict[tuple[Look, bool, bool], tuple[Rule, list[Corners]]] = {}
        for rule in self._rules:
            if areas := [each for area in rule.areas if (each := _common(area, whole))]:
                met.setdefault((rule.look, rule.hides, rule.has_format), (rule, []))[1].extend(areas)
        if not met:
            return
        rules = [rule for rule, _ in met.values()]

        @cache
        def harmed(style: str | None) -> NDArray[np.bool_]:
            """The cells that would be shown otherwise, if they were of a style."""
            look, form = self._styles.look(style), block.format
            harmful = (areas for rule, areas in met.values() if _shows_otherwise(rule, look, rules, form))
            return _covered(block, chain.from_iterable(harmful))

        for rows, by_style, _ in self._looks(whole):
            for style, cols in by_style.items():
                places = _places(block, rows, cols, "rule")
                yield from (place for place in places if harmed(style)[place[0]])

    def _causes_of_texts(self, block: Block) -> Iterator[tuple[int, str]]:
        for index, cell in enumerate(block.area.cells()):
            if fonts := self._grid.fonts.get(cell):
                looks = self._looks_at(_corners_of(block, index))
                if not all(is_readable(font, look.grounds) for font in fonts for look in looks):
                    yield index, "text"

    def _looks_at(self, corners: Corners) -> list[Look]:
        """The looks of an area's cells."""
        return [self._styles.look(style) for _, by_style, _ in self._looks(corners) for style in by_style]

    def _told(self, block: Block, index: int, cause: str, value: Any) -> ShownOtherwise:
        corners, got = _corners_of(block, index), ""
        if cause == "formulas":
            formula = self._grid.formulas.get(key(corners[1], corners[0]))
            got = _text(value, FORMATS[block.format]) if formula is None else f"={formula}"
        elif cause == _FORMAT:
            code = self._looks_at(corners)[0].format
            got = "" if code is None else _text(value, code)
        return ShownOtherwise(cause, _text(value, FORMATS[block.format]), got)


def _text(value: Any, code: str) -> str:
    """What a cell shows, or the format itself where that is not known."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).upper()
    text = shown(value, code)
    return code if text is None else text


def _is_zero(value: Any) -> bool:
    return is_number(value) and value == 0


def _may_harm(rule: Rule) -> bool:
    """Whether a rule could show a cell otherwise; a power of ten is the same number."""
    look = rule.look
    plain = not rule.has_format or _is_power(look)
    return rule.hides or look.misplaced or not plain or look.font != Font() or bool(look.grounds)


def _is_planned(rule: Rule, planned: Mapping[str, Area]) -> bool:
    """Whether a rule hides what the plan lets someone hide, by a cell for that, and nothing else."""
    area, look = planned.get(rule.condition), rule.look
    if area is None or rule.hides or look.misplaced or not (rule.has_format and look.format == NOTHING):
        return False
    own = (area.col, area.row, area.col + area.cols - 1, area.row + area.rows - 1)
    return all(_common(each, own) == each for each in rule.areas)


def _is_power(look: Look) -> bool:
    return look.format is not None and alike(look.format, FORMATS["powers"])


def _shows_otherwise(rule: Rule, look: Look, others: Sequence[Rule], form: str) -> bool:
    """Whether a cell may be shown otherwise where a rule holds, with or without the others."""
    changed = rule.look
    if rule.hides or changed.misplaced:
        return True
    same = changed.format is not None and alike(changed.format, FORMATS[form])
    if rule.has_format and not (same or _is_power(changed)):
        return True
    fonts = [look.font, *(other.look.font for other in others if other.look.font.color)]
    grounds = [look.grounds, *(other.look.grounds for other in others if other.look.grounds)]
    return not (
        all(is_readable(font, changed.grounds) for font in fonts)
        and (changed.font.color is None or all(is_readable(changed.font, ground) for ground in grounds))
        and is_readable(changed.font, ())
        and changed.font.size <= max(look.font.size, Font.size)
    )


def _common(one: Corners, other: Corners) -> Corners | None:
    """What two areas have in common, by their corners."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left <= right and top <= bottom else None


def _covered(block: Block, areas: Iterable[Corners]) -> NDArray[np.bool_]:
    """Which cells of a block are in one of the areas, by their places in it."""
    area = block.area
    cells = np.zeros((area.rows, area.cols), np.bool_)
    for left, top, right, bottom in set(areas):
        rows = slice(max(0, top - area.row), max(0, bottom + 1 - area.row))
        cells[rows, max(0, left - area.col) : max(0, right + 1 - area.col)] = True
    return cells.ravel()


def _places(block: Block, rows: range, cols: Sequence[int], cause: str) -> Iterator[tuple[int, str]]:
    """The places in a block of some of its rows and columns."""
    area = block.area
    for row in rows:
        yield from (((row - area.row) * area.cols + col - area.col, cause) for col in cols)


def _corners_of(block: Block, index: int) -> Corners:
    down, right = divmod(index, block.area.cols)
    row, col = block.area.row + down, block.area.col + right
    return col, row, col, row
