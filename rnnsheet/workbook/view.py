"""How much of a sheet a file lets be seen: what is hidden or folded, widths, heights, what stays in sight."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf
from typing import NamedTuple
from xml.etree.ElementTree import Element

from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.workbook.looks import MOST_AREAS, Font, Look, Rule, Styles, corners_of
from rnnsheet.workbook.tags import local, natural, number, space_of, truth

LEAST_HEIGHT, LEAST_WIDTH, LEAST_ZOOM = 5.0, 1.0, 40.0
"""Of rows in points where programs may make them higher, of a column in characters, of a sheet in per cent:
of less, nothing can be read."""
USUAL_HEIGHT = 15.0
"""In points, of rows of which nothing is said."""
_USUAL_COLUMN, _PADDING = 8, 5 / 7
"""In characters, of a column that does not say; and what of a column stays free. Source: ECMA-376, part 1,
18.3.1.13, for the digits of Calibri 11, which are 7 pixels wide."""


class Row(NamedTuple):
    """What a row's element says of how it looks, as it stands there; many rows have the same."""

    hidden: str | None
    height: str | None
    level: str | None
    """How deep it is in an outline."""
    collapsed: str | None
    """Whether the rows of the outline above or below it are folded."""
    style: str | None
    """That of its cells, for some programs, which have none of their own."""
    cols: tuple[int, ...]
    styles: tuple[str | None, ...]
    """Of each cell the number of its style."""


class Table(NamedTuple):
    """What a table, or one of pivots, covers, or a filter of it."""

    area: str
    filters_rows: bool


@dataclass(frozen=True)
class View:
    """How a sheet is seen."""

    hidden: bool = False
    """Or so small that nothing can be read."""
    formulas: bool = False
    """Formulas are shown instead of what they give."""
    no_zeros: bool = False
    height: float = inf
    """In points, of rows that say none; infinite where programs make them as high as their letters."""
    usual_width: float = _USUAL_COLUMN + _PADDING
    """In characters, of columns of which nothing is said."""
    widths: tuple[tuple[int, int, float], ...] = ()
    """First and last of columns, and how wide they are: 0 for hidden ones."""
    styles: tuple[tuple[int, int, str], ...] = ()
    """First and last of columns, and the style, for some programs, of their cells that have none."""
    first: tuple[int, int] = (1, 1)
    """The column and the row before which nothing can be scrolled to."""
    frozen: tuple[int, int] = (0, 0)
    """How many columns and rows, from that one on, stay where they are."""
    rules: tuple[Rule, ...] = ()
    filtered: tuple[tuple[int, int], ...] = ()
    """First and last of rows that a filter hides some of, as the program finds."""

    def style(self, col: int) -> str | None:
        """That which a column gives to its cells."""
        return next((style for first, last, style in self.styles if first <= col <= last), None)

    def width(self, col: int) -> float:
        """In characters, of a column; where several things are said of it, the least."""
        found = [width for first, last, width in self.widths if first <= col <= last]
        return min(found, default=self.usual_width) if col >= self.first[0] else 0.0


def view_of(root: Element, space: str, state: str, styles: Styles, tables: Sequence[Table]) -> View:
    """How a worksheet is seen, of its part without its rows; `tables` is what those on it cover.

    Raises ValueError for what is no number, or too much of it.
    """
    found: dict[str, list[Element]] = {}
    # Wherever they stand: programs could take alternatives that we do not know.
    for each in root.iter():
        found.setdefault(local(each), []).append(each)
    views, formats, columns = (found.get(name, []) for name in ("sheetView", "sheetFormatPr", "col"))
    if len(columns) > LAST_COLUMN:
        raise ValueError(f"cols: {len(columns):,} > {LAST_COLUMN:,}")
    if len(tables) > MOST_AREAS:
        raise ValueError(f"tables: {len(tables):,} > {MOST_AREAS:,}")
    filters = {each.get("ref", "") for each in found.get("autoFilter", ()) if len(each)}
    filters.update(area for area, filters_rows in tables if filters_rows)
    if len(filters) > LAST_COLUMN:
        raise ValueError(f"autoFilter: {len(filters):,} > {LAST_COLUMN:,}")
    usual_width = min(map(_usual_width, formats), default=View.usual_width)
    own = [each for each in columns if space_of(each) == space]
    return View(
        hidden=state != "visible" or any(number(each.get("zoomScale"), 100) < LEAST_ZOOM for each in views),
        formulas=any(truth(each.get("showFormulas")) for each in views),
        no_zeros=not all(truth(each.get("showZeros"), True) for each in views),
        height=min(map(_height, formats), default=inf),
        usual_width=usual_width,
        widths=(*((*_span(each), _width(each, usual_width)) for each in columns), *_folded_columns(own)),
        styles=tuple(_styles(columns)),
        **_panes(views),
        rules=(*styles.rules(found.get("conditionalFormatting", [])), *(_table(area) for area, _ in tables)),
        filtered=tuple(_filtered(filters)),
    )


def height_of(row: Row, view: View) -> float:
    """In points, of a row; 0 for a hidden one. Raises ValueError where it is no number."""
    if truth(row.hidden):
        return 0.0
    return view.height if row.height is None else number(row.height)


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


def _table(area: str) -> Rule:
    """A table, or one of pivots: its style, which programs have their own of, may change any cell of it."""
    return Rule((corners_of(area),), Look(None, Font(), ()), False, hides=True)


def _filtered(areas: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The rows that are filtered, below those of the buttons; none twice."""
    end = 0
    for _, top, _, bottom in sorted(map(corners_of, areas), key=lambda corners: corners[1]):
        if bottom > end:
            yield max(top, end) + 1, bottom
            end = bottom


def _height(form: Element) -> float:
    height = number(form.get("defaultRowHeight"), USUAL_HEIGHT)
    if truth(form.get("zeroHeight")):
        return 0.0
    return height if truth(form.get("customHeight")) or height < LEAST_HEIGHT else inf


def _usual_width(form: Element) -> float:
    base = natural(form.get("baseColWidth"), _USUAL_COLUMN) + _PADDING
    return number(form.get("defaultColWidth"), base)


def _width(column: Element, usual: float) -> float:
    return 0.0 if truth(column.get("hidden")) else number(column.get("width"), usual)


def _panes(views: Sequence[Element]) -> dict[str, tuple[int, int]]:
    """The `first` and the `frozen` of a view."""
    frozen = [
        (corners_of(view.get("topLeftCell", "A1")), pane)
        for view in views
        for pane in view
        if local(pane) == "pane" and pane.get("state", "").startswith("frozen")
    ]
    corners = [(left, top) for (left, top, _, _), _ in frozen] or [(1, 1)]
    splits = [(_split(pane, "xSplit"), _split(pane, "ySplit")) for _, pane in frozen] or [(0, 0)]
    return {"first": _greatest(corners), "frozen": _greatest(splits)}


def _greatest(places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max(col for col, _ in places), max(row for _, row in places)


def _split(pane: Element, name: str) -> int:
    return int(number(pane.get(name)))


def _folded_columns(elements: Sequence[Element]) -> Iterator[tuple[int, int, float]]:
    lines: list[tuple[bool, bool]] = []
    spans: list[tuple[int, int]] = []
    end = 0
    for each in sorted(elements, key=_span):
        first, last = _span(each)
        if first > end + 1:
            lines.append((False, False))
            spans.append((end + 1, first - 1))
        lines.append((natural(each.get("outlineLevel")) > 0, truth(each.get("collapsed"))))
        spans.append((first, last))
        end = last
    yield from ((*spans[place], 0.0) for place in folded(lines))


def _styles(columns: Iterable[Element]) -> Iterator[tuple[int, int, str]]:
    """The `styles` of a view. Raises ValueError where programs could take one or another."""
    end, before = 0, ""
    for first, last, style in sorted((*_span(each), each.get("style") or "0") for each in columns):
        if first <= end and style != before:
            raise ValueError(f"cols: {first}: twice")
        yield first, last, style
        end, before = max(end, last), style


def _span(column: Element) -> tuple[int, int]:
    return natural(column.get("min"), 1), natural(column.get("max"), LAST_COLUMN)
