"""Which cells of a plan a file shows otherwise than they are: hidden, unreadable, or as another value."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from rnnsheet.sheet.bounds import key
from rnnsheet.sheet.plan import Area, Block, Sheet
from rnnsheet.workbook.looks import Corners, Font, Look, Rule, View, folded, is_low, is_readable, outline
from rnnsheet.workbook.number_format import FORMATS, NOTHING, alike, says, shown
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import Grid

_FORMAT = "format"
CAUSES = ("sheet", "formulas", "zeros", "row", "column", _FORMAT, "letters", "place", "text", "rule")
"""Its sheet is hidden or shows formulas, or no zeros; its row or column is hidden
or too small; its number format; letters that cannot be read; where they stand; letters of the text's own; a
rule of conditional formatting."""


class Otherwise(NamedTuple):
    """By what a cell is shown otherwise, and the texts that it should show, and does."""

    cause: str
    expected: str
    got: str


class Seen:
    """How the cells of one sheet are seen."""

    def __init__(self, contents: Contents, sheet: Sheet):
        self._grid: Grid = contents.grid(sheet.name)
        self._styles = contents.styles
        self._view: View = self._grid.view
        self._starts = [first for first, _ in self._grid.rows]
        self._folded = frozenset(folded([outline(row) for _, row in self._grid.rows]))
        planned = {each.hidden_where: each.area for each in sheet.highlights if each.hidden_where}
        self._rules = [
            rule for rule in self._view.rules if _may_harm(rule) and not _is_planned(rule, planned)
        ]
        self._causes_of_style = cache(self._cause_of_style)

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
    ) -> Mapping[int, Otherwise]:
        """What is shown of those cells, and of zeros on a sheet that has none, by the values of all cells."""
        found = {
            index: cause
            for index, cause in causes.items()
            if cause != _FORMAT or not self._shows_all(block, index, values[index])
        }
        if self._view.no_zeros:
            zeros = (index for index, value in enumerate(values) if _is_zero(value))
            found = dict.fromkeys(zeros, "zeros") | found
        return {index: self._told(block, index, found[index], values[index]) for index in sorted(found)}

    def _shows_all(self, block: Block, index: int, value: Any) -> bool:
        """Whether another format shows a value to its last digit, as where 1% was typed for 0.01."""
        codes = [look.format for look in self._looks_at(_corners_of(block, index))]
        text = shown(value, codes[0]) if codes and codes[0] and value is not None else None
        return text is not None and says(text, value)

    def _causes(self, block: Block) -> Iterator[tuple[int, str]]:
        """The cells that are shown otherwise, and by what."""
        area, view = block.area, self._view
        if view.hidden or view.formulas:
            cause = "sheet" if view.hidden else "formulas"
            yield from ((index, cause) for index in range(area.rows * area.cols))
        for first, last in view.columns:
            for right in range(max(0, first - area.col), min(area.cols, last - area.col + 1)):
                yield from ((down * area.cols + right, "column") for down in range(area.rows))
        above = range(area.row, min(view.first_row, area.row + area.rows))
        yield from _places(block, above, range(area.col, area.col + area.cols), "row")
        whole = (area.col, area.row, area.col + area.cols - 1, area.row + area.rows - 1)
        for rows, by_style, low in self._looks(whole):
            if low:
                yield from _places(block, rows, range(area.col, whole[2] + 1), "row")
            for style, cols in by_style.items():
                if cause := self._causes_of_style(style, block.format):
                    yield from _places(block, rows, cols, cause)
        yield from self._causes_of_rules(block, whole)
        if self._grid.fonts:
            yield from self._causes_of_texts(block)

    def _looks(self, corners: Corners) -> Iterator[tuple[range, Mapping[str | None, list[int]], bool]]:
        """Rows of an area that look alike, the columns by their styles, and whether they are too low."""
        left, top, right, bottom = corners
        place = max(0, bisect_right(self._starts, top) - 1)
        while place < len(self._starts) and self._starts[place] <= bottom:
            first, row = self._grid.rows[place]
            low = place in self._folded or is_low(row, self._view)
            place += 1
            end = self._starts[place] if place < len(self._starts) else bottom + 1
            by_style = defaultdict[str | None, list[int]](list)
            own = slice(bisect_left(row.cols, left), bisect_right(row.cols, right))
            for col, style in zip(row.cols[own], row.styles[own], strict=True):
                by_style[style].append(col)
            yield range(max(first, top), min(end, bottom + 1)), by_style, low

    def _cause_of_style(self, style: str | None, form: str) -> str:
        """What of a style shows a value otherwise than a format of the plan's; "" for nothing."""
        look = self._styles.look(style)
        if not is_readable(look.font, look.grounds):
            return "letters"
        if look.misplaced:
            return "place"
        return "" if look.format and alike(look.format, FORMATS[form]) else _FORMAT

    def _causes_of_rules(self, block: Block, whole: Corners) -> Iterator[tuple[int, str]]:
        met = {
            (rule.look, rule.hides, each): rule
            for rule in self._rules
            for area in rule.areas
            if (each := _common(area, whole))
        }
        rules = list({rule.look: rule for rule in met.values()}.values())
        for (_, _, corners), rule in met.items():
            for rows, by_style, _ in self._looks(corners):
                for style, cols in by_style.items():
                    if _shows_otherwise(rule, self._styles.look(style), rules, block.format):
                        yield from _places(block, rows, cols, "rule")

    def _causes_of_texts(self, block: Block) -> Iterator[tuple[int, str]]:
        for index, cell in enumerate(block.area.cells()):
            if fonts := self._grid.fonts.get(cell):
                looks = self._looks_at(_corners_of(block, index))
                if not all(is_readable(font, look.grounds) for font in fonts for look in looks):
                    yield index, "text"

    def _looks_at(self, corners: Corners) -> list[Look]:
        """The looks of an area's cells."""
        return [self._styles.look(style) for _, by_style, _ in self._looks(corners) for style in by_style]

    def _told(self, block: Block, index: int, cause: str, value: Any) -> Otherwise:
        corners, got = _corners_of(block, index), ""
        if cause == "formulas":
            formula = self._grid.formulas.get(key(corners[1], corners[0]))
            got = _text(value, FORMATS[block.format]) if formula is None else f"={formula}"
        elif cause == _FORMAT:
            code = self._looks_at(corners)[0].format
            got = "" if code is None else _text(value, code)
        return Otherwise(cause, _text(value, FORMATS[block.format]), got)


def _text(value: Any, code: str) -> str:
    """What a cell shows, or the format itself where that is not known."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).upper()
    text = shown(value, code)
    return code if text is None else text


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


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
    )


def _common(one: Corners, other: Corners) -> Corners | None:
    """What two areas have in common, by their corners."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left <= right and top <= bottom else None


def _places(block: Block, rows: range, cols: Sequence[int], cause: str) -> Iterator[tuple[int, str]]:
    """The places in a block of some of its rows and columns."""
    area = block.area
    for row in rows:
        yield from (((row - area.row) * area.cols + col - area.col, cause) for col in cols)


def _corners_of(block: Block, index: int) -> Corners:
    down, right = divmod(index, block.area.cols)
    row, col = block.area.row + down, block.area.col + right
    return col, row, col, row
